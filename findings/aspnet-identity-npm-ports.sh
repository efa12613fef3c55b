#!/usr/bin/env bash
# Three npm ports of ASP.NET Identity's password hasher verify no hash that .NET 7 or newer has written.
#
# Seen: aspnet-identity-pw 1.0.2, asp-identity-pw 1.1.2 and aspnetcore-identity-password-hasher 1.0.1 with the four known answers of ASP.NET Core's
# own tests (PasswordHasherTest, password "my password"). Version 3 writes its PRF, iterations and salt length into the hash, so that old and new ones
# verify alike; since .NET 7 the PRF is HMAC-SHA512 (2). Only aspnetcore-identity-password-hasher reads that field, and throws "Unknown PRF" (a text, no Error)
# at 2. asp-identity-pw takes the marker of the version for the PRF (0: SHA-1, 1: SHA-256) and answers false to SHA-512, and to version 3 with SHA-1.
# aspnet-identity-pw answers false to every version 3. A false looks like a wrong password: who moves users by one of these locks out all whose
# hash is newer than 2022, without an error.
# Guessed before: that all three fail at SHA-512 with an error that names it, and that all read version 3 with SHA-256.
set -euo pipefail
command -v npm >/dev/null && command -v node >/dev/null || { echo "skipped: needs node and npm"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts aspnet-identity-pw@1.0.2 asp-identity-pw@1.1.2 aspnetcore-identity-password-hasher@1.0.1 >/dev/null

cat >look.js <<'J'
const assert = require("node:assert");
const { pbkdf2Sync } = require("node:crypto");
const password = "my password";
const hashes = {
  "v2": "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
  "v3 SHA-1": "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
  "v3 SHA-256": "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=",
  "v3 SHA-512": "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
};
// What the format says: marker, and in version 3 PRF, iterations and length of the salt as big-endian numbers of 32 bits.
const right = (hash) => {
  const bytes = Buffer.from(hash, "base64");
  const number = (at) => bytes.readUInt32BE(at);
  const [prf, rounds, length, from] = bytes[0] === 0 ? [0, 1000, 16, 1] : [number(1), number(5), number(9), 13];
  const key = bytes.subarray(from + length);
  return pbkdf2Sync(password, bytes.subarray(from, from + length), rounds, key.length, ["sha1", "sha256", "sha512"][prf]).equals(key);
};
const ports = {
  "aspnet-identity-pw": (hash) => require("aspnet-identity-pw").validatePassword(password, hash),
  "asp-identity-pw": (hash) => require("asp-identity-pw").verifyPassword(password, hash),
  "aspnetcore-identity-password-hasher": (hash) => require("aspnetcore-identity-password-hasher").verify(password, hash),
};
const expected = {
  "aspnet-identity-pw": [true, false, false, false],
  "asp-identity-pw": [true, false, true, false],
  "aspnetcore-identity-password-hasher": [true, true, true, "Unknown PRF"],
};
(async () => {
  for (const [name, hash] of Object.entries(hashes)) assert(right(hash), name);
  for (const [name, verify] of Object.entries(ports)) {
    const seen = [];
    for (const hash of Object.values(hashes)) seen.push(await Promise.resolve(hash).then(verify).catch((error) => error));
    console.log(name, Object.keys(hashes).map((kind, at) => `${kind}: ${seen[at]}`).join(", "));
    assert.deepStrictEqual(seen, expected[name]);
  }
})().catch((error) => { console.error(error); process.exit(1); });
J
node look.js
