#!/usr/bin/env bash
# ExcelJS 4.4.0 writes another CSV than the sheet shows: linked addresses become mailto:…, names with one bold letter become JSON.
#
# Seen: Excel turns an address into a link as it is typed. `workbook.csv` writes such a cell's target and not its text, so that the column `email` holds "mailto:ada@example.com"
# (only where somebody typed; pasted ones stay as they are), and a cell with letters of two formats (pasted from a page, or a bold surname) as the
# library's own object in JSON, {"richText":[…]}. A time becomes the machine's local time with its offset: the day is another in Tokyo. The cells' `text` has all of them right.
# Guessed before: the link for the address, and the plain text for the name.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts exceljs@4.4.0 >/dev/null

cat >look.js <<'J'
const assert = require("node:assert");
const { Workbook } = require("exceljs");
(async () => {
  const made = new Workbook();
  const name = { richText: [{ text: "Ada " }, { font: { bold: true }, text: "Archer" }] };
  const joined = new Date("2024-01-02T23:30:00Z");
  made.addWorksheet("users").addRows([["email", "name", "joined"],
    [{ text: "ada@example.com", hyperlink: "mailto:ada@example.com" }, name, joined], ["bob@example.com", "Bob Baker", joined]]);
  const book = new Workbook();
  await book.xlsx.load(await made.xlsx.writeBuffer());
  const lines = (await book.csv.writeBuffer()).toString().split("\n");
  console.log(lines.join("\n"));
  assert.strictEqual(lines[1], `mailto:ada@example.com,"${JSON.stringify(name).replaceAll('"', '""')}",2024-01-03T08:30:00+09:00`);
  assert.strictEqual(lines[2], "bob@example.com,Bob Baker,2024-01-03T08:30:00+09:00");
  const row = book.worksheets[0].getRow(2);
  assert.deepStrictEqual([row.getCell(1).text, row.getCell(2).text], ["ada@example.com", "Ada Archer"]);
})().catch((error) => { console.error(error); process.exit(1); });
J
TZ=Asia/Tokyo node look.js
