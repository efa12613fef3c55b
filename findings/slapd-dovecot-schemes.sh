#!/usr/bin/env bash
# Dovecot 2.3.19 verifies the old digests of OpenLDAP's passwords, and none of its newer ones: {PBKDF2} is the name of two forms, {ARGON2} of none.
#
# Seen: `doveadm pw -t` with what `slappasswd` 2.5.13 writes (both Debian 12). {MD5}, {SMD5}, {SSHA}, {SSHA256}, {SHA512}, {SSHA512} and {CRYPT} verify. {PBKDF2-SHA1}, -SHA256, -SHA512,
# {ARGON2}, {SSHA384}, {APR1} and {BSDMD5} are an "Unknown scheme". {PBKDF2} is known to both and written otherwise: `10000$salt$key` in adapted base64 there, `$1$salt$5000$hex` here, and fails with
# "Invalid PBKDF2 passdb entry prefix". So a directory that was made safer locks its people out of a Dovecot that reads its userPassword, one by one, as they change
# their passwords. With {ARGON2I} for {ARGON2} the same Argon2 hash verifies; for PBKDF2 there is no other name.
# Guessed before: that Dovecot, which has more schemes than slapd, knows all of its but the salted SHA-384.
set -euo pipefail
for needed in apt-get dpkg-deb unshare; do
  command -v "$needed" >/dev/null || { echo "skipped: needs $needed"; exit 0; }
done
unshare --mount --map-root-user true 2>/dev/null || { echo "skipped: needs user namespaces"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debs/partial" "$work/tree"
apt-get install -y -qq --download-only --no-install-recommends -o Debug::NoLocking=1 \
  -o Dir::State::status=/dev/null -o Dir::Cache::archives="$work/debs" slapd=2.5.13+dfsg-5 slapd-contrib=2.5.13+dfsg-5 dovecot-core >/dev/null 2>&1
for deb in "$work"/debs/{slapd,dovecot,libldap,libodbc,libltdl,libsasl,libwrap,libargon,libsodium,libcrypt1,libssl,libexttextcat,liblua,libstemmer,libcap,libicu,libunwind,liblzma,libzstd,liblz4}*.deb; do
  [ ! -f "$deb" ] || dpkg-deb -x "$deb" "$work/tree"
done
basename "$work"/debs/dovecot-core*.deb
libraries=$(find "$work/tree" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
echo "auth_mechanisms = plain" >"$work/dovecot.conf"
modules="$work/tree/usr/lib/ldap"
made() {
  LD_LIBRARY_PATH=$libraries "$work/tree/usr/sbin/slappasswd" -o module-path="$modules" -o module-load="$2.so" -h "{$1}" -s Correct-Horse-9 2>/dev/null | tail -n 1
}
{
  for scheme in MD5 SMD5 SSHA CRYPT; do made "$scheme" pw-sha2; done
  for scheme in SHA512 SSHA256 SSHA512 SSHA384; do made "$scheme" pw-sha2; done
  for scheme in PBKDF2 PBKDF2-SHA1 PBKDF2-SHA256 PBKDF2-SHA512; do made "$scheme" pw-pbkdf2; done
  for scheme in APR1 BSDMD5; do made "$scheme" pw-apr1; done
  made ARGON2 argon2 | tee "$work/argon2"
  sed 's/^{ARGON2}/{ARGON2I}/' "$work/argon2"
} >"$work/hashes"
# doveadm asks for its configuration under the path that it was built with.
cat >"$work/verify" <<'V'
mount -t overlay overlay -o lowerdir="$1/tree/usr/bin:/usr/bin" /usr/bin
mount -t overlay overlay -o lowerdir="$1/tree/usr/lib:/usr/lib" /usr/lib
while read -r hash; do
  said=$(doveadm -c "$1/dovecot.conf" pw -t "$hash" -p Correct-Horse-9 2>&1 | tail -n 1) || true
  case $said in *"(verified)") said=verified ;; *) said=${said##*: } ;; esac
  scheme=${hash%%\}*}
  echo "${scheme#\{} $said"
done <"$1/hashes"
V
LD_LIBRARY_PATH=$libraries unshare --mount --map-root-user bash "$work/verify" "$work" | tee "$work/seen"
verified=$(sed -n 's/ verified$//p' "$work/seen" | sort | paste -sd' ')
unknown=$(sed -n 's/ Unknown scheme$//p' "$work/seen" | sort | paste -sd' ')
[ "$verified" = "ARGON2I CRYPT MD5 SHA512 SMD5 SSHA SSHA256 SSHA512" ]
[ "$unknown" = "APR1 ARGON2 BSDMD5 PBKDF2-SHA1 PBKDF2-SHA256 PBKDF2-SHA512 SSHA384" ]
grep -qx "PBKDF2 Invalid PBKDF2 passdb entry prefix" "$work/seen"
