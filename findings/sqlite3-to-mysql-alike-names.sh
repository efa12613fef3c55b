#!/usr/bin/env bash
# sqlite3-to-mysql 2.6.1 says 100 % and "Done!" and leaves out whoever is called like somebody else but for accents or capitals.
#
# Seen: SQLite tells `jose` from `José` and `ada` from `Ada`; MariaDB's utf8mb4_general_ci (the tables that it makes have the server's collation) does not. Rows go over by INSERT
# IGNORE unless it is told otherwise, so where the user name is the primary key, 5 people go in and 3 come out: the bar ends at 5/5, the last line is "Done!", the exit code
# 0. Who comes out is who stands first in the order of the bytes, "Ada" and "jose". Where the name is a UNIQUE column beside a number, all 5 arrive and the index does not
# ("Ignoring duplicate entry when adding index"): a query for `ada` finds two people with two passwords from then on. --mysql-insert-method default stops at the first.
# Guessed before: an error at the second name, as the database gives one; and that the count at the end is of rows that are there.
set -euo pipefail
for needed in python3 sqlite3 mariadbd mariadb mariadb-install-db; do
  command -v "$needed" >/dev/null || { echo "skipped: needs $needed"; exit 0; }
done
work=$(mktemp -d)
trap '[ -z "${server:-}" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip --quiet --disable-pip-version-check install sqlite3-to-mysql==2.6.1
mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$work/data" --auth-root-authentication-method=normal >install.log 2>&1
mariadbd --no-defaults --user="$(id -un)" --datadir="$work/data" --socket="$work/socket" --skip-networking >server.log 2>&1 &
server=$!
sql() { mariadb --no-defaults --default-character-set=utf8mb4 -S "$work/socket" -u root -N -e "$1" "${@:2}"; }
for _ in $(seq 60); do sql "SELECT 1" >/dev/null 2>&1 && break; sleep 1; done
sql "SELECT version(); CREATE USER mover@localhost IDENTIFIED BY 'm'; GRANT ALL ON *.* TO mover@localhost"

people="('jose','a'),('José','b'),('Ada','c'),('ada','d'),('bob','e')"
sqlite3 key.db "CREATE TABLE users (username VARCHAR(50) PRIMARY KEY, password VARCHAR(100)); INSERT INTO users VALUES $people"
sqlite3 beside.db "CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(50) UNIQUE, password VARCHAR(100)); INSERT INTO users (username, password) VALUES $people"
move() { python/bin/sqlite3mysql -f "$1.db" -d "$1" -u mover --mysql-password m -k "$work/socket" "${@:2}" >"$1.log" 2>&1; }
move key
tr '\r' '\n' <key.log | tail -n 2
grep -q "5/5" key.log && grep -q "Done!" key.log
came=$(sql "SELECT GROUP_CONCAT(username ORDER BY username) FROM users" key)
echo "the name is the key: $came"
[ "$came" = Ada,bob,jose ]
move beside
grep -q "Ignoring duplicate entry when adding index" beside.log
came=$(sql "SELECT COUNT(*), SUM(username = 'ada'), (SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = 'beside' AND column_name = 'username') FROM users" beside)
echo "the name is unique: people, called ada, indexes of the name: $came"
[ "$came" = $'5\t2\t0' ]
sql "DROP DATABASE \`key\`"
! move key --mysql-insert-method default
grep -q "Duplicate entry" key.log && echo "told otherwise, it stops"
