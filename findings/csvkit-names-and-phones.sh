#!/usr/bin/env bash
# csvkit 2.2.0 takes some people's names for nothing and the plus off their phone numbers, even where it only sorts.
#
# Seen: to csvsort, csvjoin, csvjson and in2csv a cell "Na", "None", "null", "n/a" or "." holds nothing, in whatever case, and this cell by cell: whoever is called Na or has the user
# name `none` loses it, everybody else keeps theirs. A column of numbers as +4915112345678 is one of numbers: csvsort writes it without the plus, csvjson as 4915112345678.0, and the
# ids 007 and 7 become one. --no-inference keeps ids and numbers and still empties the names, --blanks keeps the names alone: it takes both to have what was there. csvcut,
# csvgrep and csvstack leave all as it was. DuckDB 2.0.1, which guesses types too, keeps every one of these cells.
# Guessed before: that the ids lose their zeros and the phone numbers stay text for their plus; that a command which sorts leaves cells alone; and that --no-inference does.
set -euo pipefail
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip --quiet --disable-pip-version-check install csvkit==2.2.0 agate==1.14.2
cat >users.csv <<'C'
id,username,email,phone,password,name
007,ada,ada@example.com,+4915112345678,0e462097431906509019562988736854,Ada
7,none,bo@example.com,+4915112345679,5f4dcc3b5aa765d61d8327deb882cf99,Na
C
python/bin/csvsort -c email users.csv >sorted.csv
python/bin/csvsort --no-inference -c email users.csv >plain.csv
python/bin/csvsort --blanks -c email users.csv >blanks.csv
python/bin/csvsort --no-inference --blanks -c email users.csv >both.csv
python/bin/csvcut -c id,username,email,phone,password,name users.csv >cut.csv
python/bin/csvjson users.csv >users.json
cat sorted.csv users.json
python/bin/python - <<'P'
import csv, json
read = lambda path: list(csv.DictReader(open(path)))
before, after = read("users.csv"), read("sorted.csv")
assert read("both.csv") == before and read("cut.csv") == before
cells = lambda row: [row[name] for name in ("id", "username", "phone", "name")]
assert cells(after[0]) == ["7", "ada", "4915112345678", "Ada"], after
assert cells(after[1]) == ["7", "", "4915112345679", ""], after
assert cells(read("plain.csv")[1]) == ["7", "", "+4915112345679", ""]
assert cells(read("blanks.csv")[1]) == ["7", "none", "4915112345679", "Na"]
made = json.load(open("users.json"))
assert cells(made[1]) == [7.0, None, 4915112345679.0, None], made
assert '"phone": 4915112345678.0' in open("users.json").read()
assert [row["password"] for row in made] == [row["password"] for row in before]
P
