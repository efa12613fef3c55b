#!/usr/bin/env bash
# firebase-tools 15.34.2: the CSV of auth:export is no valid CSV where a custom claim holds a quote, and its own auth:import cannot read it.
#
# Seen: the export doubles the quotes of the claims' JSON except those behind a backslash, so {"note":"say \"hi\""} is written as
# "{""note"":""say \"hi\""}"", whose first lone quote ends the cell for every CSV reader. csv-parse, which auth:import reads it with, stops at "Invalid Closing Quote";
# Python's csv and others take what they can: the claims change without an error, and with a comma behind the quote the row has one cell more, so that
# everything after it stands in another column. A claim that ends in a backslash has the same effect. The JSON of the same users is right.
# Found with the exporter's own code, answered by a server on this machine in the place of Google's.
# Guessed before: that the CSV loses whether somebody is disabled (it does not), and that names with commas and quotes survive (they do).
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null && command -v python3 >/dev/null || { echo "skipped: needs node, npm and python3"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts firebase-tools@15.34.2 >/dev/null

cat >look.js <<'J'
const assert = require("node:assert"), fs = require("node:fs"), http = require("node:http");
const claims = [{ role: "admin" }, { note: 'say "hi"' }, { note: '5", and more' }].map((one) => JSON.stringify(one));
const users = claims.map((customAttributes, at) => ({
  localId: `u${at}`, email: `u${at}@example.com`, emailVerified: true, displayName: 'Grace, "G"', disabled: at === 0,
  createdAt: "1700000000000", lastLoginAt: "1700000000000", customAttributes,
}));
const server = http.createServer((_, answer) => answer.setHeader("content-type", "application/json").end(JSON.stringify({ users })));
server.listen(0, "127.0.0.1", async () => {
  process.env.FIREBASE_TOKEN_URL = `http://127.0.0.1:${server.address().port}`;
  const { setAccessToken } = require("firebase-tools/lib/apiv2");
  const { serialExportUsers } = require("firebase-tools/lib/accountExporter");
  const { parse } = require(require.resolve("csv-parse", { paths: [require.resolve("firebase-tools/package.json")] }));
  setAccessToken("of nobody");
  const file = async (format) => {
    const writeStream = fs.createWriteStream(`users.${format}`);
    await serialExportUsers("demo", { format, writeStream, batchSize: 1000 });
    await new Promise((done) => writeStream.end(done));
    return fs.readFileSync(`users.${format}`, "utf8");
  };
  const csv = await file("csv");
  console.log(csv.split("\n").map((line) => line.slice(line.indexOf('"{'), line.indexOf("}") + 3)).join("\n").trim());
  const refused = await new Promise((done) => parse(csv, (error) => done(error)));
  console.log("csv-parse:", refused && refused.message);
  assert.strictEqual(refused && refused.code, "CSV_INVALID_CLOSING_QUOTE");
  const json = JSON.parse(`[${await file("json")}]`);
  assert.deepStrictEqual(json.map((user) => user.customAttributes), claims);
  server.close();
  process.exit(0);
});
J
node look.js
python3 - <<'P'
import csv, json
rows = list(csv.reader(open("users.csv", newline="")))
for row in rows:
    print("Python's csv:", len(row), "cells, claims:", row[27])
assert json.loads(rows[0][27]) == {"role": "admin"} and rows[0][26] == "true" and rows[0][5] == 'Grace, "G"'
assert rows[1][27] != json.dumps({"note": 'say "hi"'}, separators=(",", ":")) and len(rows[1]) == len(rows[0])
assert len(rows[2]) == len(rows[0]) + 1
P
