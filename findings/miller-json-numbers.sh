#!/usr/bin/env bash
# Miller 6.6.0 (Debian 12) makes JSON numbers of password digests that look like one, and writes what JSON has no number for.
#
# Seen: `mlr --icsv --ojson cat` writes a CSV cell that reads as a number without quotes, as it stood. An MD5 digest of digits with one `e`
# (about one digest in a million; the well-known one of "240610708" here) is then a valid JSON number, which every parser reads as 0: the
# digest is gone without an error. An id 0x1F, a cell `.5` or `1.` stand bare too and end the parsing of the whole file. Cells with a
# leading plus or zero keep their quotes (a phone number, an id 007). `-S` (infer nothing)
# quotes them all; `-A` and `-O` do not, and with `-O` the id 007 stands bare too.
# Guessed before: that the phone numbers would lose their quotes and the digest keep them. It is the other way round.
set -euo pipefail
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "skipped: needs apt-get and dpkg-deb"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq miller=6.6.0-2+b3 2>/dev/null
dpkg-deb -x miller_*.deb .
mlr=./usr/bin/mlr
"$mlr" --version

cat >users.csv <<'C'
id,phone,password_md5
007,+4915112345678,0e462097431906509019562988736854
0x1F,+4915112345679,5f4dcc3b5aa765d61d8327deb882cf99
C
for flags in "" "-A" "-O"; do
  "$mlr" $flags --icsv --ojson cat users.csv >users.json
  grep -q '"password_md5": 0e462097431906509019562988736854$' users.json || { echo "flags '$flags': the digest is quoted now"; exit 1; }
  grep -q '"id": 0x1F,' users.json || { echo "flags '$flags': 0x1F is quoted now"; exit 1; }
  grep -q '"id": "\?007"\?,' users.json && grep -q '"phone": "+4915112345678"' users.json || { echo "flags '$flags': 007 or the phone number changed"; exit 1; }
done
"$mlr" -S --icsv --ojson cat users.csv | grep -q '"0e462097431906509019562988736854"' || { echo "-S does not quote it any more"; exit 1; }
"$mlr" --icsv --ojson head -n 1 users.csv | python3 -c 'import json, sys; row = json.load(sys.stdin)[0]; print("read back:", row); assert row["password_md5"] == 0'
"$mlr" --icsv --ojson cat users.csv | python3 -c 'import json, sys
try: json.load(sys.stdin)
except ValueError as error: print("the whole file:", error)
else: sys.exit("0x1F is read now")'
