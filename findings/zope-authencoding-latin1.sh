#!/usr/bin/env bash
# AuthEncoding 6.1 (the passwords of Zope and Plone) hashes some passwords in Latin-1 and others in UTF-8, by the letters that are in them and by the scheme.
#
# Seen: {SSHA}, {SHA} and {SHA256} of "Été-2024-x" are those of its Latin-1 bytes, of "Été-2024-€" and "пароль-2024" those of the UTF-8 bytes, as Latin-1 lacks
# some of their letters; {BCRYPT} is of UTF-8 always. Whoever verifies such {SHA} digests elsewhere (LDAP servers take UTF-8) locks out the people with é, ö
# and ñ in their passwords and nobody else, Cyrillic ones included.
# Guessed before: UTF-8 throughout, as Python 3 software has it, or Latin-1 throughout with an error for what it lacks.
set -euo pipefail
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv >/dev/null 2>&1 || { echo "skipped: needs python3's venv"; exit 0; }
venv/bin/pip install -q --disable-pip-version-check AuthEncoding==6.1 bcrypt==5.0.0
venv/bin/python -W ignore - <<'P'
import base64, hashlib
import bcrypt
from AuthEncoding import AuthEncoding as auth

def digest(password, scheme):
    """The encodings of the password by which the hash comes out."""
    text = auth.pw_encrypt(password, scheme)
    text = text.decode() if isinstance(text, bytes) else text
    body = text.split("}", 1)[1]
    assert auth.pw_validate(text, password)
    fits = []
    for encoding in ("utf-8", "latin-1"):
        try:
            message = password.encode(encoding)
        except UnicodeEncodeError:
            continue
        if scheme == "BCRYPT":
            right = bcrypt.checkpw(message, body.encode())
        elif scheme == "SHA256":
            right = hashlib.sha256(message).hexdigest() == body
        else:
            raw = base64.urlsafe_b64decode(body.replace("+", "-").replace("/", "_"))
            right = hashlib.sha1(message + raw[20:]).digest() == raw[:20]
        if right:
            fits.append(encoding)
    return fits

seen = {}
for password in ("Été-2024-x", "Été-2024-€", "пароль-2024"):
    for scheme in ("SSHA", "SHA", "SHA256", "BCRYPT"):
        seen[password, scheme] = digest(password, scheme)
        print(f"{{{scheme}}} of {password}: {', '.join(seen[password, scheme])}")
for (password, scheme), fits in seen.items():
    expected = "latin-1" if password == "Été-2024-x" and scheme != "BCRYPT" else "utf-8"
    assert fits == [expected], (password, scheme, fits)
P
