#!/usr/bin/env bash
# Verdaccio's htpasswd file has a third field, for which Apache's own htpasswd, http-auth and passlib know nobody in it.
#
# Seen: verdaccio-htpasswd 13.1.6 writes `ada:$2a$…:autocreated 2026-11-28T17:14:11.988Z` for whoever signs up. `htpasswd -vb` of Apache 2.4.71 (Debian 12) says "password verification failed" to the right
# password, http-auth 4.2.1 (npm) says no, and passlib 1.7.4's HtpasswdFile raises at the first such line, so that nobody of the file signs in. Without the field all three
# verify the same hash. Apache's server and Verdaccio itself read the second field alone: the file works where it is, and fails where it is taken to.
# Guessed before: that a colon ends the hash for everybody, as none of these hashes can hold one.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null && command -v python3 >/dev/null || { echo "skipped: needs node, npm and python3"; exit 0; }
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "skipped: needs apt-get and dpkg-deb"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts verdaccio-htpasswd@13.1.6 http-auth@4.2.1 >/dev/null
python3 -m venv python
python/bin/pip --quiet --disable-pip-version-check install passlib==1.7.4 bcrypt==4.0.1
mkdir -p debs/partial tree
apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
  -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/debs" apache2-utils >/dev/null 2>&1
for deb in debs/{apache2-utils,libapr,libcrypt1,libssl}*.deb; do dpkg-deb -x "$deb" tree; done

cat >made.mjs <<'J'
import assert from "node:assert";
import plugin from "verdaccio-htpasswd";
const quiet = () => {};
const logger = { trace: quiet, debug: quiet, info: quiet, warn: console.log, error: console.log };
const config = { configPath: `${process.cwd()}/config.yaml`, config_path: `${process.cwd()}/config.yaml` };
const verdaccio = new (plugin.default ?? plugin)({ file: "./htpasswd", algorithm: "bcrypt", rounds: 5 }, { config, logger });
const call = (name, ...its) => new Promise((good, bad) => verdaccio[name](...its, (error, answer) => (error ? bad(error) : good(answer))));
await call("adduser", "ada", "Correct-Horse-9");
assert.deepEqual(await call("authenticate", "ada", "Correct-Horse-9"), ["ada"]);
process.exit(0);
J
node made.mjs
cat htpasswd
grep -qE '^ada:\$2[aby]\$05\$.{53}:autocreated [0-9TZ:.-]+$' htpasswd
cut -d: -f1,2 htpasswd >two-fields

cat >look.js <<'J'
const basic = (file) => require("http-auth").basic({ realm: "x", file: `${__dirname}/${file}` });
const look = (file) => new Promise((good) => basic(file).findUser({}, Buffer.from("ada:Correct-Horse-9").toString("base64"), (found) => good(found.pass)));
(async () => {
  const seen = [await look("htpasswd"), await look("two-fields")];
  console.log("http-auth:", seen);
  process.exit(seen.join() === "false,true" ? 0 : 1);
})();
J
node look.js
apache() { LD_LIBRARY_PATH=$(find "$work/tree" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:) tree/usr/bin/htpasswd -vb "$1" ada Correct-Horse-9 2>&1; }
! apache htpasswd
apache two-fields
python/bin/python -W ignore - <<'P'
from passlib.apache import HtpasswdFile
assert HtpasswdFile("two-fields").check_password("ada", "Correct-Horse-9")
try:
    HtpasswdFile("htpasswd")
except ValueError as error:
    print("passlib:", error)
    assert str(error) == "malformed htpasswd file (error reading line 1)"
else:
    raise SystemExit("passlib reads it")
P
