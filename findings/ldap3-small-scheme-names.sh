#!/usr/bin/env bash
# ldap3 2.9.1 writes the name of a scheme in small letters, which neither passlib 1.7.4 nor libpass 1.9.4 knows for one.
#
# Seen: `ldap3.utils.hashed.hashed` makes {ssha512}…, {ssha}…, {smd5}…, {sha}… (its constants are called SALTED_SHA512 and so on), with 8 bytes of salt.
# To `passlib.apps.ldap_context` none of them is a hash: `identify` gives None and `verify` raises UnknownHashError. With the name in capitals, the rest as it was,
# every one is identified and verifies. RFC 2307 leaves open whether letters count, and servers of LDAP do not mind: people whose password was set through ldap3
# sign in at the directory, and cannot where the directory's hashes were taken over by a program that asks passlib.
# Guessed before: capitals, as the RFC's examples have them.
set -euo pipefail
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || { echo "skipped: needs python3 and pip"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_ROOT_USER_ACTION=ignore
cd "$work"
python3 -m pip install -q --disable-pip-version-check --target ldap3 ldap3==2.9.1 pyasn1==0.6.1
python3 -m pip install -q --disable-pip-version-check --no-deps --target passlib passlib==1.7.4
python3 -m pip install -q --disable-pip-version-check --no-deps --target libpass libpass==1.9.4
for library in passlib libpass; do
  PYTHONPATH="$work/$library:$work/ldap3" python3 -W ignore - <<'P'
import passlib
from ldap3 import HASHED_MD5, HASHED_SALTED_MD5, HASHED_SALTED_SHA, HASHED_SALTED_SHA256, HASHED_SALTED_SHA512, HASHED_SHA
from ldap3.utils.hashed import hashed
from passlib.context import CryptContext
context = CryptContext(["ldap_salted_sha512", "ldap_salted_sha256", "ldap_salted_sha1", "ldap_salted_md5", "ldap_sha1", "ldap_md5"])
for kind in (HASHED_SALTED_SHA512, HASHED_SALTED_SHA256, HASHED_SALTED_SHA, HASHED_SALTED_MD5, HASHED_SHA, HASHED_MD5):
    text = hashed(kind, "Correct-Horse-9")
    name, rest = text[1:].split("}", 1)
    assert name == name.lower(), text
    try:
        context.verify("Correct-Horse-9", text)
        raise SystemExit(f"{text} verifies now")
    except ValueError as error:
        seen = type(error).__name__
    capital = "{" + name.upper() + "}" + rest
    assert context.identify(text) is None and seen == "UnknownHashError", (text, seen)
    assert context.verify("Correct-Horse-9", capital), capital
    print(f"{passlib.__version__}: {{{name}}} is {context.identify(text)} ({seen}), {{{name.upper()}}} is {context.identify(capital)} and verifies")
P
done
