#!/usr/bin/env bash
# npm's phpass 0.1.1, "a port of the portable PHP password hashing framework", verifies no portable hash, and says so to nobody.
#
# Seen: `checkPassword` of phpass 0.1.1 answers false to every $P$ (WordPress before 6.8) and $H$ (phpBB 3): the package is the bcrypt half of phpass alone.
# Only its constructor throws "Portable hashes are not implemented", and only if it is asked for them; its README asks for `new PasswordHash()`.
# wordpress-hash-node 1.0.0 verifies $P$ and answers false to $H$, which is the same algorithm under phpBB's letter. drupal-hash 1.0.4 verifies both.
# A false looks like a wrong password: an import through either package locks everybody out without an error.
# Guessed before: that they differ in letters beyond ASCII alone.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts phpass@0.1.1 wordpress-hash-node@1.0.0 drupal-hash@1.0.4 >/dev/null

cat >look.js <<'J'
const assert = require("node:assert");
const { createHash } = require("node:crypto");
const letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
// phpass as its authors describe it: MD5 of salt and password, then 2^n times MD5 of the last digest and the password.
const right = (password, hash) => {
  const md5 = (...parts) => createHash("md5").update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();
  let digest = md5(hash.slice(4, 12), password);
  for (let left = 2 ** letters.indexOf(hash[3]); left > 0; left -= 1) digest = md5(digest, password);
  let text = "";
  for (let at = 0; at < 16; at += 3) {
    const bits = digest[at] | ((digest[at + 1] ?? 0) << 8) | ((digest[at + 2] ?? 0) << 16);
    for (let letter = 0; letter < (at === 15 ? 2 : 4); letter += 1) text += letters[(bits >> (6 * letter)) & 63];
  }
  return hash.slice(12) === text;
};
// The known answer of phpass's own test program, and the same with the letter of phpBB 3.
const password = "test12345", wordpress = "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", phpbb = wordpress.replace("$P$", "$H$");
assert(right(password, wordpress) && right(password, phpbb) && !right("test12346", wordpress));
const ports = {
  "phpass": (hash) => new (require("phpass").PasswordHash)().checkPassword(password, hash),
  "wordpress-hash-node": (hash) => require("wordpress-hash-node").CheckPassword(password, hash),
  "drupal-hash": (hash) => require("drupal-hash").checkPassword(password, hash),
};
const seen = Object.fromEntries(Object.entries(ports).map(([name, verify]) => [name, [wordpress, phpbb].map(verify)]));
console.log("$P$, $H$:", seen);
assert.deepStrictEqual(seen, { "phpass": [false, false], "wordpress-hash-node": [true, false], "drupal-hash": [true, true] });
assert.throws(() => new (require("phpass").PasswordHash)(8, true), (thrown) => thrown === "Portable hashes are not implemented");
J
node look.js
