#!/usr/bin/env bash
# Bun 1.4.5 tells everybody with a passphrase of more than 72 bytes that it is wrong, if another program made the bcrypt hash; and other programs theirs.
#
# Seen: `Bun.password.verify` of a passphrase of 92 bytes is false for the hash that bcryptjs 3.0.3 and @node-rs/bcrypt 2.0.0 made of it, and true for its first 72 bytes. Bun puts the bytes of
# the SHA-512 of what is longer into bcrypt; nothing in the string ($2b$, 60 characters) says so. The other way round neither of the two verifies a hash of Bun's, of the
# whole passphrase or of its beginning, until it is given that SHA-512 instead. Up to 72 bytes all agree. A move to or from Bun locks out those with the longest passwords alone,
# as if they had forgotten them.
# Guessed before: that Bun reads a hash of others as they do, and that only the ones that it makes are of the SHA-512, as its documentation has it.
set -euo pipefail
command -v npm >/dev/null || { echo "skipped: needs npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @oven/bun-linux-x64@1.4.5 bcryptjs@3.0.3 @node-rs/bcrypt@2.0.0 >/dev/null

cat >look.mjs <<'J'
import assert from "node:assert";
import { createHash } from "node:crypto";
import bcryptjs from "bcryptjs";
import rust from "@node-rs/bcrypt";
const long = "a-very-long-passphrase-".repeat(4), short = "Correct-Horse-9", beginning = long.slice(0, 72);
assert.equal(Buffer.byteLength(long), 92);
const bun = (password) => Bun.password.hash(password, { algorithm: "bcrypt", cost: 5 });
const seen = {};
const look = async (what, answer) => (seen[what] = await answer);
for (const [name, hash] of [["bcryptjs", bcryptjs.hashSync(long, 5)], ["@node-rs/bcrypt", rust.hashSync(long, { cost: 5 })]]) {
  assert(bcryptjs.compareSync(long, hash) && rust.verifySync(long, hash));
  await look(`Bun, of a hash by ${name}`, Bun.password.verify(long, hash));
  await look(`Bun, of a hash by ${name}, 72 bytes`, Bun.password.verify(beginning, hash));
}
const theirs = await bun(long);
assert.match(theirs, /^\$2b\$05\$.{53}$/);
assert(await Bun.password.verify(long, theirs));
await look("bcryptjs, of a hash by Bun", bcryptjs.compareSync(long, theirs));
await look("bcryptjs, of a hash by Bun, 72 bytes", bcryptjs.compareSync(beginning, theirs));
await look("@node-rs/bcrypt, of a hash by Bun", rust.verifySync(long, theirs));
await look("@node-rs/bcrypt, given the SHA-512", rust.verifySync(createHash("sha512").update(long).digest(), theirs));
await look("Bun, of a short one", Bun.password.verify(short, bcryptjs.hashSync(short, 5)));
await look("bcryptjs, of a short one by Bun", bcryptjs.compareSync(short, await bun(short)));
console.log("Bun", Bun.version, seen);
assert.deepEqual(Object.values(seen), [false, true, false, true, false, false, false, true, true, true]);
J
node_modules/@oven/bun-linux-x64/bin/bun run look.mjs
