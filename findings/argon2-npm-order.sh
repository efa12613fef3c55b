#!/usr/bin/env bash
# npm's argon2 writes the parameters of its hashes in another order since 0.45.0: PHP, libsodium, argon2-cffi, passlib, pwdlib and Bun do not take them.
#
# Seen: argon2 0.44.0 writes $argon2id$v=19$m=…,t=…,p=…, as the reference implementation does, 0.45.1 $argon2id$v=19$m=…,p=…,t=…. The same hash, nothing but the two numbers
# exchanged. argon2 itself, @node-rs/argon2 2.2.1 and hash-wasm 4.13.0 read both. To the others the newer one is no hash, and each says so in its own way: argon2-cffi 25.1.0 raises
# VerificationError ("Decoding failed"), passlib 1.7.4 identifies it and raises ValueError, Bun 1.4.5 throws PASSWORD_INVALID_ENCODING, libsodium 0.8.4 (-wrappers-sumo), pwdlib 0.3.1
# and PHP 8.2 (Debian 12) answer false, as to a wrong password. In one table the order tells who set a password since the upgrade: it is they who cannot sign in after a move.
# Guessed before: one order in all versions, as the numbers carry their names; and that who reads the names takes them in any.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null && command -v python3 >/dev/null || { echo "skipped: needs node, npm and python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund older@npm:argon2@0.44.0 newer@npm:argon2@0.45.1 @node-rs/argon2@2.2.1 hash-wasm@4.13.0 libsodium-wrappers-sumo@0.8.4 >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @oven/bun-linux-x64@1.4.5 >/dev/null
python3 -m venv python
python/bin/pip --quiet --disable-pip-version-check install argon2-cffi==25.1.0 passlib==1.7.4 pwdlib==0.3.1

cat >look.js <<'J'
const assert = require("node:assert");
const { writeFileSync } = require("node:fs");
const password = "Correct-Horse-9";
(async () => {
  const sodium = require("libsodium-wrappers-sumo");
  await sodium.ready;
  const readers = {
    "argon2 0.44.0": (hash) => require("older").verify(hash, password),
    "argon2 0.45.1": (hash) => require("newer").verify(hash, password),
    "@node-rs/argon2": (hash) => require("@node-rs/argon2").verify(hash, password),
    "hash-wasm": (hash) => require("hash-wasm").argon2Verify({ password, hash }),
    "libsodium": (hash) => sodium.crypto_pwhash_str_verify(hash, password),
  };
  const hashes = {};
  for (const name of ["older", "newer"]) hashes[name] = await require(name).hash(password, { memoryCost: 1024 });
  assert.match(hashes.older, /^\$argon2id\$v=19\$m=1024,t=3,p=4\$/);
  assert.match(hashes.newer, /^\$argon2id\$v=19\$m=1024,p=4,t=3\$/);
  hashes.exchanged = hashes.newer.replace("p=4,t=3", "t=3,p=4");
  for (const [name, hash] of Object.entries(hashes)) {
    const seen = {};
    for (const [reader, verify] of Object.entries(readers)) seen[reader] = await verify(hash);
    console.log(hash.slice(0, 30), seen);
    assert.deepStrictEqual(Object.values(seen), [true, true, true, true, name !== "newer"]);
  }
  writeFileSync("hashes.json", JSON.stringify(hashes));
})();
J
node look.js
cat >look.ts <<'T'
const hashes = await Bun.file("hashes.json").json();
const verify = (hash) => Bun.password.verify("Correct-Horse-9", hash).catch((error) => error.code);
const seen = [await verify(hashes.older), await verify(hashes.newer), await verify(hashes.exchanged)];
console.log("Bun", Bun.version, seen);
if (seen.join() !== "true,PASSWORD_INVALID_ENCODING,true") process.exit(1);
T
node_modules/@oven/bun-linux-x64/bin/bun run look.ts
python/bin/python - <<'P'
import json
from argon2 import PasswordHasher
from passlib.hash import argon2
from pwdlib.hashers.argon2 import Argon2Hasher
hashes = json.load(open("hashes.json"))
password = "Correct-Horse-9"
readers = {
    "argon2-cffi": lambda it: PasswordHasher().verify(it, password),
    "passlib": lambda it: argon2.identify(it) and argon2.verify(password, it),
    "pwdlib": lambda it: Argon2Hasher().verify(password, it),
}
def answer(verify, hashed):
    try:
        return verify(hashed)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
for name, verify in readers.items():
    seen = [answer(verify, hashes[which]) for which in ("older", "newer", "exchanged")]
    print(name, seen)
    assert seen[0] is True and seen[2] is True and seen[1] is not True
assert answer(readers["argon2-cffi"], hashes["newer"]) == "VerificationError: Decoding failed"
assert answer(readers["pwdlib"], hashes["newer"]) is False
P
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "without PHP: needs apt-get and dpkg-deb"; exit 0; }
mkdir -p debs/partial tree
apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
  -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/debs" php8.2-cli >/dev/null 2>&1
for deb in debs/{php8.2,libargon,libsodium,libxml2,libpcre2,libedit,libicu,libssl,libcrypt1,libbsd,libmd}*.deb; do
  [ ! -f "$deb" ] || dpkg-deb -x "$deb" tree
done
for which in older newer exchanged; do
  LD_LIBRARY_PATH=$(find tree -name '*.so*' -printf "$work/%h\n" | sort -u | paste -sd:) tree/usr/bin/php8.2 -n -r \
    'echo password_verify("Correct-Horse-9", json_decode(file_get_contents("hashes.json"), true)[$argv[1]]) ? "true" : "false", " ";' "$which"
done | tee php
grep -qx "true false true " php && echo "PHP 8.2"
