//! What `firebase auth:export` writes, byte for byte as firebase-tools lays it out.

use std::io::{self, Write};

use super::pool::{self, SALT_SEPARATOR, SIGNER_KEY, SIZE, base64};
use super::user::User;

/// `{"users": [`, then every user as `JSON.stringify(user, null, 2)`, then `]}` without a line end.
pub fn json(out: &mut dyn Write, count: u64) -> io::Result<()> {
    let pool = pool::pool(pool::firebase);
    out.write_all(b"{\"users\": [\n")?;
    for user in User::all(count) {
        let n = user.0;
        let hash = &pool[n as usize % SIZE];
        if n > 1 {
            out.write_all(b",\n")?;
        }
        write!(
            out,
            "{{\n  \"localId\": \"{}\",\n  \"email\": \"{}\",\n  \"emailVerified\": {},\n  \"passwordHash\": \"{}\",\n  \
             \"salt\": \"{}\",\n  \"displayName\": \"{}\",\n  \"lastSignedInAt\": \"{}000\",\n  \"createdAt\": \"{}000\"",
            user.id(),
            user.email(),
            user.verified(),
            hash.hash,
            hash.salt,
            user.name(),
            user.created() + 86_400,
            user.created(),
        )?;
        if let Some(phone) = user.phone() {
            write!(out, ",\n  \"phoneNumber\": \"{phone}\"")?;
        }
        if user.disabled() {
            write!(out, ",\n  \"disabled\": true")?;
        }
        if user.editor() {
            write!(out, ",\n  \"customAttributes\": \"{{\\\"role\\\":\\\"editor\\\",\\\"team\\\":{}}}\"", n % 100)?;
        }
        write!(out, ",\n  \"providerUserInfo\": []\n}}")?;
    }
    out.write_all(b"]}")
}

/// The headerless rows of firebase-tools 11.30 to 15.18: 29 fields, the last one always empty.
pub fn csv(out: &mut dyn Write, count: u64) -> io::Result<()> {
    let pool = pool::pool(pool::firebase);
    for user in User::all(count) {
        let hash = &pool[user.0 as usize % SIZE];
        let (id, email, name) = (user.id(), user.email(), user.name());
        write!(out, "{id},{email},{},{},{},{name}", user.verified(), hash.hash, hash.salt)?;
        // No picture and no account at Google, Facebook, Twitter or GitHub, of four fields each.
        out.write_all(&[b','; 17])?;
        write!(out, ",{}000,{}000,", user.created(), user.created() + 86_400)?;
        if let Some(phone) = user.phone() {
            write!(out, "{phone}")?;
        }
        out.write_all(if user.disabled() { b",true," } else { b",," })?;
        if user.editor() {
            write!(out, "\"{{\"\"role\"\":\"\"editor\"\",\"\"team\"\":{}}}\"", user.0 % 100)?;
        }
        out.write_all(b",\n")?;
    }
    Ok(())
}

/// The console's block of password hash parameters; the count does not matter.
pub fn config(out: &mut dyn Write, _: u64) -> io::Result<()> {
    writeln!(
        out,
        "hash_config {{\n  algorithm: SCRYPT,\n  base64_signer_key: {},\n  base64_salt_separator: {},\n  rounds: 8,\n  \
         mem_cost: 14,\n}}",
        base64(&SIGNER_KEY),
        base64(&SALT_SEPARATOR),
    )
}
