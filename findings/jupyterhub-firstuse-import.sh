#!/usr/bin/env bash
# JupyterHub's NativeAuthenticator 1.3.0 hashes the hashes that it imports from FirstUseAuthenticator: afterwards nobody's password is right.
#
# Seen: `import_from_firstuse` reads the bcrypt strings of FirstUseAuthenticator 1.1.0 and hands each to create_user as if it were the password, so that users_info holds
# bcrypt of a bcrypt. All users arrive, nothing is reported, and none can sign in; with `delete_firstuse_db_after_import` the old file is gone by then. An export of such a
# hub looks like any other: $2b$12$ in a column `password`. Only a known password shows that they verify nobody.
# Guessed before: that the strings are taken over as they are, since both keep bcrypt of the bare password; a look at its source raised the doubt.
set -euo pipefail
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv >/dev/null 2>&1 || { echo "skipped: needs python3's venv"; exit 0; }
venv/bin/pip install -q --disable-pip-version-check jupyterhub-nativeauthenticator==1.3.0 jupyterhub-firstuseauthenticator==1.1.0 jupyterhub==5.3.0 bcrypt==4.3.0
venv/bin/python -W ignore - <<'P'
import asyncio
import logging
import bcrypt
from firstuseauthenticator import FirstUseAuthenticator
from jupyterhub import orm
from nativeauthenticator import NativeAuthenticator
logging.disable()
password = "Correct-Horse-9"
db = orm.new_session_factory("sqlite:///hub.sqlite")()
old = FirstUseAuthenticator(db=db, dbm_path="passwords.dbm", create_users=True, allow_all=True)
signed_in = lambda word: asyncio.run(old.authenticate(None, {"username": "ada", "password": word}))
assert signed_in(password) == "ada" and signed_in(password) == "ada" and signed_in("another") is None
new = NativeAuthenticator(db=db, import_from_firstuse=True, firstuse_db_path="passwords.dbm")
ada = new.get_user("ada")
kept = ada.password.decode()
print("imported:", kept[:29] + "…", "the password verifies:", ada.is_valid_password(password))
assert kept.startswith("$2b$12$") and not bcrypt.checkpw(password.encode(), ada.password)
import dbm
with dbm.open("passwords.dbm") as file:
    before = file["ada"]
assert bcrypt.checkpw(password.encode(), before)
assert bcrypt.hashpw(before, ada.password) == ada.password, "it is something else than bcrypt of the bcrypt string"
print("it is bcrypt of FirstUseAuthenticator's bcrypt string, which verified it")
P
