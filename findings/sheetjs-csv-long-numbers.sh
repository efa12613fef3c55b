#!/usr/bin/env bash
# SheetJS 0.18.5 (the newest xlsx on npm) writes CSV as a narrow cell would show it: numbers of 12 digits or more lose their last ones.
#
# Seen: a phone number that a workbook holds as a number comes out of `sheet_to_csv` as it stands up to 11 digits (US, +1…), and as
# 4.91511E+11 from 12 digits on (Germany, the United Kingdom, Bangladesh …): two users' numbers become the same text, and no option of the
# function brings the digits back but `rawNumbers: true`. `sheet_to_json` has them by default, and its text form (`raw: false`) loses them too.
# Guessed before: that the CSV would have all digits up to 15, as the cell has, since its width is not known to the library.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund xlsx@0.18.5 >/dev/null

cat >look.js <<'J'
const assert = require("node:assert");
const X = require("xlsx");
const phones = [14155550123, 491511234567, 491511234999, 8801712345678];
const made = X.utils.book_new();
X.utils.book_append_sheet(made, X.utils.aoa_to_sheet([["phone"], ...phones.map((phone) => [phone])]), "users");
const book = X.read(X.write(made, { type: "buffer", bookType: "xlsx" }));
const sheet = book.Sheets.users;
const lines = (options) => X.utils.sheet_to_csv(sheet, options).trim().split("\n").slice(1);
const json = (options) => X.utils.sheet_to_json(sheet, options).map((row) => row.phone);
console.log(X.version, lines(), json({ raw: false }), json());
assert.strictEqual(X.version, "0.18.5");
assert.deepStrictEqual(lines(), ["14155550123", "4.91511E+11", "4.91511E+11", "8.80171E+12"]);
assert.deepStrictEqual(json({ raw: false }), ["14155550123", "4.91511E+11", "4.91511E+11", "8.80171E+12"]);
assert.deepStrictEqual(lines({ rawNumbers: true }), phones.map(String));
assert.deepStrictEqual(json(), phones);
J
node look.js
