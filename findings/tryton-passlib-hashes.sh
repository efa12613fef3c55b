#!/usr/bin/env bash
# Tryton 8.2 verifies no hash that a Tryton 7.0 without Argon2 has written: these people cannot sign in after the upgrade, with an error of pwdlib's.
#
# Seen: trytond 7.0.30 installed as it is (passlib alone; Argon2 and bcrypt are extras) hashes with scrypt ($scrypt$ln=16,…), and accepts PBKDF2 too. trytond 8.2.1 has
# pwdlib in passlib's place, with Argon2 and, if it is installed, bcrypt: check_password of the hash raises UnknownHashError instead of False, and nothing
# converts the old ones, whose owners have to sign in (or be reset) before. From 7.0 with the extra Argon2 the hashes verify.
# Guessed before: that the older one writes Argon2 by itself, and that an unknown hash counts as a wrong password.
set -euo pipefail
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
install() { # NAME PACKAGE…
  python3 -m venv "$1" >/dev/null 2>&1 || { echo "skipped: needs python3's venv"; exit 0; }
  "$1/bin/pip" install -q --disable-pip-version-check "${@:2}"
}
install old trytond==7.0.30 passlib==1.7.4 'setuptools<81'
install extra trytond==7.0.30 passlib==1.7.4 argon2-cffi==25.1.0 'setuptools<81'
install new trytond==8.2.1 pwdlib==0.3.1 bcrypt==5.0.0
hash() { "$1/bin/python" -W ignore -c 'from trytond.res.user import User; print(User.hash_password("Correct-Horse-9"))'; }
hash old >hashes
hash extra >>hashes
new/bin/python -W ignore - <<'P'
from trytond.res.user import User
seen = []
for text in open("hashes").read().split():
    try:
        seen.append(User.check_password("Correct-Horse-9", text)[0])
    except Exception as error:
        seen.append(type(error).__name__)
    print(f"7.0.30 wrote {text[:30]}…, 8.2.1 says: {seen[-1]}")
assert seen == ["UnknownHashError", True], seen
P
grep -q '^\$scrypt\$ln=16,' hashes
