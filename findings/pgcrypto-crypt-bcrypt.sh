#!/usr/bin/env bash
# PostgreSQL's pgcrypto answers DES to $2b$ and $2y$: who checks passwords in SQL tells everybody from PHP or Python that theirs is wrong.
#
# Seen: `crypt(password, hash)` of pgcrypto knows bcrypt as $2a$ and $2x$ alone. It takes every other setting that it does not know, $2b$ (Python, Node, OpenBSD),
# $2y$ (PHP) and $y$ (Linux), for the two letters of salt of a traditional DES hash, and returns 13 characters: `crypt(password, hash) = hash`, as its manual has
# it, is false without an error, as for a wrong password. With the letter changed to $2a$ the same hash verifies. The same in PostgreSQL 15.18 (Debian 12),
# where $5$ and $6$ become DES too; in 18 these are verified.
# PGlite 0.5.17 is PostgreSQL 18.7 as WebAssembly, with its pgcrypto.
# Guessed before: an error ("invalid salt"), as for a $2a$ that is cut off.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @electric-sql/pglite@0.5.17 bcryptjs@3.0.3 >/dev/null

cat >look.mjs <<'J'
import assert from "node:assert";
import bcrypt from "bcryptjs";
import { PGlite } from "@electric-sql/pglite";
import { pgcrypto } from "@electric-sql/pglite/contrib/pgcrypto";
const password = "Correct-Horse-9";
const made = bcrypt.hashSync(password, 5);
const db = await PGlite.create({ extensions: { pgcrypto } });
await db.exec("CREATE EXTENSION pgcrypto");
console.log((await db.query("SELECT version() AS it")).rows[0].it.slice(0, 48));
const crypt = async (setting) => (await db.query("SELECT crypt($1, $2) AS hash", [password, setting])).rows[0].hash;
const des = await crypt("$2");
const seen = {};
for (const letter of ["a", "b", "y"]) {
  const hash = made.replace(/^\$2.\$/, `$2${letter}$`);
  assert(bcrypt.compareSync(password, hash));
  const answer = await crypt(hash);
  seen[letter] = answer === hash ? "verified" : answer === des ? "DES" : answer;
  console.log(`${hash.slice(0, 12)}… gives ${answer}: ${seen[letter]}`);
}
assert.deepStrictEqual(seen, { a: "verified", b: "DES", y: "DES" });
assert.strictEqual((await crypt("$y$j75$saltsalt$")).length, 13);
assert((await crypt("$6$saltsalt$")).startsWith("$6$saltsalt$"));
await assert.rejects(crypt("$2a$05$cut"));
process.exit(0);
J
node look.mjs
