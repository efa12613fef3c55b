#!/usr/bin/env bash
# OpenLDAP's `slappasswd -h {CRYPT}` (2.5.13, Debian 12) writes bigcrypt for passwords of more than 8 characters, and DES for shorter ones, under the same {CRYPT}.
#
# Seen: without `-c` it hands 31 random characters as the salt to crypt(3). That was traditional DES, which looks at the first two alone, as long as the libc had a crypt() of its
# own; libxcrypt, which Debian, Ubuntu and Fedora have now, takes so long a setting for bigcrypt, where the password has more than 8 characters: 24 instead of 13 characters, 35 from 17 characters
# on. So the length tells how long somebody's password is, in steps of 8. slapd on that machine verifies all of them by the same crypt(). Elsewhere the longer ones are no hash at all:
# passlib 1.7.4's `ldap_context` does not identify them, and knows bigcrypt only if it is named and without the {CRYPT}; PHP 8.2, whose crypt() is its own, answers with 13 characters,
# so that what it compares is never equal.
# Guessed before: DES of 13 characters whatever the password, since two letters of the salt are all that DES takes.
set -euo pipefail
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && command -v python3 >/dev/null || { echo "skipped: needs apt-get, dpkg-deb and python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs/partial" "$work/tree"
apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
  -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/debs" slapd=2.5.13+dfsg-5 php8.2-cli >/dev/null 2>&1
for deb in "$work"/debs/{slapd,libldap,libodbc,libltdl,libsasl,libwrap,libargon,libcrypt1,libssl,php8.2,libxml2,libpcre2,libedit,libicu,libbsd,libmd}*.deb; do
  [ ! -f "$deb" ] || dpkg-deb -x "$deb" "$work/tree"
done
python3 -m venv "$work/python"
"$work/python/bin/pip" --quiet --disable-pip-version-check install passlib==1.7.4
libraries=$(find "$work/tree" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
run() { LD_LIBRARY_PATH=$libraries "$@"; }
for password in Correct8 Correct-9 Correct-Horse-16 Correct-Horse-017; do
  made=$(run "$work/tree/usr/sbin/slappasswd" -h '{CRYPT}' -s "$password")
  php=$(run "$work/tree/usr/bin/php8.2" -n -r 'echo crypt($argv[1], $argv[2]) === $argv[2] ? "equal" : "other";' "$password" "${made#'{CRYPT}'}")
  echo "$password $made $php"
done >"$work/made"
"$work/python/bin/python" - "$work/made" <<'P'
import sys
from passlib.apps import ldap_context
from passlib.hash import bigcrypt, des_crypt
lengths = []
for line in open(sys.argv[1]):
    password, made, php = line.split()
    assert made.startswith("{CRYPT}")
    bare = made.removeprefix("{CRYPT}")
    kind = des_crypt if len(bare) == 13 else bigcrypt
    assert kind.verify(password, bare) and not kind.verify("x" + password[1:], bare)
    named = ldap_context.identify(made)
    print(f"{len(password)} characters: {made} is {kind.name} of {len(bare)}; ldap_context: {named}, PHP: {php}")
    assert (named, php) == (("ldap_des_crypt", "equal") if len(bare) == 13 else (None, "other"))
    lengths.append(len(bare))
assert lengths == [13, 24, 24, 35], lengths
P
