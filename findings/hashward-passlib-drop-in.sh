#!/usr/bin/env bash
# hashward 0.1.0, "a drop-in replacement for passlib", says "wrong password" to hashes of passlib and Django that it recognises.
#
# Seen: `identify` names the scheme of Django's Argon2 and scrypt, of passlib's scrypt and of passlib's bcrypt-sha256, and `verify` answers False to the right
# password of each. Its scrypt is a text of its own ($s0$…, which its source calls passlib's; passlib writes $scrypt$ln=…). What it does not know at all
# ($P$, {SSHA}, apr1, DES …) is False as well, where passlib raises. So everybody with such a hash is locked out, and nothing is logged.
# PBKDF2, bcrypt, Argon2 in PHC form and the SHA-crypts verify.
# Guessed before: that it verifies whatever passlib does.
set -euo pipefail
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || { echo "skipped: needs python3 and pip"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv" >/dev/null 2>&1 || { echo "skipped: needs python3's venv"; exit 0; }
"$work/venv/bin/pip" install -q --disable-pip-version-check hashward==0.1.0 passlib==1.7.4 bcrypt==4.0.1 argon2-cffi==25.1.0 django==5.2.8
"$work/venv/bin/python" -W ignore - <<'P'
import django, hashward
from django.conf import settings
settings.configure(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("PBKDF2", "Argon2", "Scrypt")])
django.setup()
from django.contrib.auth.hashers import check_password, make_password
from passlib import hash as passlib
password = "Correct-Horse-9"
by_django = {name: make_password(password, hasher=name) for name in ("pbkdf2_sha256", "argon2", "scrypt")}
by_passlib = {scheme.name: scheme.hash(password) for scheme in (
    passlib.bcrypt.using(rounds=5), passlib.sha512_crypt.using(rounds=1000), passlib.scrypt.using(rounds=10),
    passlib.bcrypt_sha256.using(rounds=5), passlib.phpass.using(rounds=8), passlib.ldap_salted_sha1)}
assert all(check_password(password, text) for text in by_django.values())
assert all(getattr(passlib, name).verify(password, text) for name, text in by_passlib.items())
seen = {}
for maker, texts in (("django", by_django), ("passlib", by_passlib)):
    for name, text in texts.items():
        seen[f"{maker} {name}"] = (hashward.identify(text), hashward.verify(password, text))
        print(f"{maker} {name}: {text[:24]}… identified as {seen[f'{maker} {name}'][0]}, verifies: {seen[f'{maker} {name}'][1]}")
assert seen == {
    "django pbkdf2_sha256": ("django_pbkdf2_sha256", True),
    "django argon2": ("django_argon2", False),
    "django scrypt": ("django_scrypt", False),
    "passlib bcrypt": ("bcrypt", True),
    "passlib sha512_crypt": ("sha512_crypt", True),
    "passlib scrypt": ("scrypt", False),
    "passlib bcrypt_sha256": ("bcrypt_sha256", False),
    "passlib phpass": (None, False),
    "passlib ldap_salted_sha1": (None, False),
}, seen
P
