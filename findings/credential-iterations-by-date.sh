#!/usr/bin/env bash
# npm's credential 2.0.0 hashes by the calendar: somebody who signed up in late 2026 costs 11 million iterations of PBKDF2 at each sign-in.
#
# Seen: the iterations are 1000 times 2^(years since 2000 / 2), by the clock of the day on which the password is set, and stand in the hash: 181,019 in 2015 (the
# example of its README), 11 million in late 2026, double that two years on. `options.work` is a factor on top. One verification of today's takes several seconds
# of a core, so a system that takes such hashes over has to count with it, user by user: the newest are the dearest. What else the JSON does not say: the
# digest is SHA-1, and the salt is the text of its base64, not the bytes.
# Guessed before: a constant, some 180,000 as in that example.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts credential@2.0.0 >/dev/null

cat >look.js <<'J'
const assert = require("node:assert");
const { pbkdf2Sync } = require("node:crypto");
const credential = require("credential");
const at = (day) => credential().iterations(1, Date.parse(day));
const days = ["2015-01-01", "2020-01-01", "2026-11-28", "2028-11-28"];
console.log(Object.fromEntries(days.map((day) => [day, at(day)])));
assert(at("2015-01-01") > 180e3 && at("2015-01-01") < 182e3);
assert(at("2026-11-28") > 11.1e6 && at("2026-11-28") < 11.4e6);
assert(Math.abs(at("2028-11-28") / at("2026-11-28") - 2) < 0.01);
// A ten-thousandth of the work: the same form, quickly.
credential({ work: 0.0001 }).hash("Correct-Horse-9", (error, text) => {
  assert.ifError(error);
  const { hash, salt, keyLength, iterations } = JSON.parse(text);
  const key = (salt, digest) => pbkdf2Sync("Correct-Horse-9", salt, iterations, keyLength, digest).toString("base64");
  assert(Math.abs(iterations / at(new Date().toISOString()) / 0.0001 - 1) < 0.01, "today's iterations are not by the date");
  assert.strictEqual(key(salt, "sha1"), hash);
  assert.notStrictEqual(key(Buffer.from(salt, "base64"), "sha1"), hash);
  console.log(`PBKDF2-HMAC-SHA1 with ${iterations} iterations and the text of the salt is the hash`);
});
J
node look.js
