#!/usr/bin/env bash
# passlib 1.7.4 and libpass 1.9.4 call three kinds of hashes from npm theirs, and raise when they should verify them.
#
# Seen, with passlib's `identify` and `verify` and a right password: {SSHA} of npm's ssha 1.0.1 is "ldap_salted_sha1", and verifying raises ValueError "salt too
# large": passlib takes salts of 4 to 16 bytes, ssha makes 32 (and so does Roundup, with 36 to 51); servers of LDAP take any. PBKDF2 of @phc/pbkdf2 1.1.14
# ($pbkdf2-sha512$i=25000$…, as the PHC string format has it) is "pbkdf2_sha512" and raises ValueError, as passlib's own form has the number without a
# name. scrypt of AdonisJS (@adonisjs/hash 9.1.1: $scrypt$n=16384,…) is "scrypt" and raises AssertionError, as passlib expects ln=14.
# A CryptContext finds the scheme by `identify`: nobody gets "wrong password", the sign-in itself fails, and only of the users who came with such a hash.
# Guessed before: that {SSHA} verifies, and that the two others are refused as malformed hashes; not an AssertionError.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || { echo "skipped: needs python3 and pip"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_ROOT_USER_ACTION=ignore
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ssha@1.0.1 @phc/pbkdf2@1.1.14 @adonisjs/hash@9.1.1 >/dev/null
python3 -m pip install -q --disable-pip-version-check --no-deps --target passlib passlib==1.7.4
python3 -m pip install -q --disable-pip-version-check --no-deps --target libpass libpass==1.9.4

cat >make.mjs <<'J'
import ssha from "ssha";
import pbkdf2 from "@phc/pbkdf2";
import { Hash } from "@adonisjs/hash";
import { Scrypt } from "@adonisjs/hash/drivers/scrypt";
const password = "Correct-Horse-9";
const scrypt = new Hash(new Scrypt({}));
const hashes = [ssha.create(password), await pbkdf2.hash(password), await scrypt.make(password)];
const right = [ssha.verify(password, hashes[0]), await pbkdf2.verify(hashes[1], password), await scrypt.verify(hashes[2], password)];
if (right.includes(false)) throw new Error("not verified by the package that made it");
console.log(hashes.join("\n"));
J
node make.mjs >hashes
for library in passlib libpass; do
  PYTHONPATH="$work/$library" python3 -W ignore - <<'P'
import passlib
from passlib.context import CryptContext
context = CryptContext(schemes=["ldap_salted_sha1", "pbkdf2_sha512", "scrypt"])
seen = []
for text in open("hashes").read().split():
    try:
        answer = context.verify("Correct-Horse-9", text)
    except Exception as error:
        answer = type(error).__name__
        print(f"{passlib.__version__}: {text[:32]}… is {context.identify(text)}, verify: {error!r}")
    seen.append((context.identify(text), answer))
assert seen == [("ldap_salted_sha1", "ValueError"), ("pbkdf2_sha512", "ValueError"), ("scrypt", "AssertionError")], seen
P
done
