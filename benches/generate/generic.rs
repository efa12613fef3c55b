//! Generic exports under rehome's own member names, with every create endpoint in turn.

use std::io::{self, Write};

use super::pool::{self, Hash, SALT_SEPARATOR, SIGNER_KEY, base64};
use super::user::{User, turn};

/// Hashes that one create endpoint takes.
struct Scheme {
    /// As in `password_scheme`; empty for plain-text passwords.
    name: &'static str,
    pool: Vec<Hash>,
}

fn schemes() -> Vec<Scheme> {
    let scheme = |name, hash| Scheme { name, pool: pool::pool(hash) };
    vec![
        scheme("argon2", pool::argon2id),
        scheme("bcrypt", pool::bcrypt),
        scheme("md5", pool::md5),
        scheme("phpass", pool::phpass),
        scheme("scrypt", pool::scrypt),
        scheme("firebase-scrypt", pool::firebase),
        scheme("sha256", pool::sha256),
        scheme("", pool::plain),
    ]
}

/// With a header and all columns.
pub fn csv(out: &mut dyn Write, count: u64) -> io::Result<()> {
    let schemes = schemes();
    let (signer_key, separator) = (base64(&SIGNER_KEY), base64(&SALT_SEPARATOR));
    writeln!(
        out,
        "id,email,email_verified,phone,phone_verified,name,enabled,labels,prefs,created_at,password_hash,password_scheme,\
         password_salt,password_salt_encoding,scrypt_n,scrypt_r,scrypt_p,scrypt_length,signer_key,salt_separator,rounds,\
         mem_cost,password"
    )?;
    for user in User::all(count) {
        write!(out, "{},{},{},", user.id(), user.email(), user.verified())?;
        match user.phone() {
            Some(phone) => write!(out, "{phone},true")?,
            None => out.write_all(b",")?,
        }
        write!(out, ",{},{},", user.name(), !user.disabled())?;
        if user.editor() {
            write!(out, "editor,\"{{\"\"team\"\":{}}}\"", user.0 % 100)?;
        } else {
            out.write_all(b",")?;
        }
        write!(out, ",{},", user.created())?;
        let (scheme, entry) = turn(user, schemes.len());
        let Scheme { name, pool } = &schemes[scheme];
        let Hash { hash, salt } = &pool[entry];
        match *name {
            "" => writeln!(out, ",,,,,,,,,,,,{}", own(user))?,
            "scrypt" => writeln!(out, "{hash},{name},{salt},utf8,16,8,1,32,,,,,")?,
            "firebase-scrypt" => writeln!(out, "{hash},{name},{salt},base64,,,,,{signer_key},{separator},8,14,")?,
            // Its parameters stand between commas.
            "argon2" => writeln!(out, "\"{hash}\",{name},,,,,,,,,,,")?,
            _ => writeln!(out, "{hash},{name},,,,,,,,,,,")?,
        }
    }
    Ok(())
}

/// An object a line, without the members that do not apply.
pub fn ndjson(out: &mut dyn Write, count: u64) -> io::Result<()> {
    let schemes = schemes();
    let (signer_key, separator) = (base64(&SIGNER_KEY), base64(&SALT_SEPARATOR));
    for user in User::all(count) {
        let (id, email, name) = (user.id(), user.email(), user.name());
        let (verified, enabled, created) = (user.verified(), !user.disabled(), user.created());
        write!(
            out,
            r#"{{"id":"{id}","email":"{email}","email_verified":{verified},"name":"{name}","enabled":{enabled},"created_at":{created}"#
        )?;
        if let Some(phone) = user.phone() {
            write!(out, r#","phone":"{phone}","phone_verified":true"#)?;
        }
        if user.editor() {
            write!(out, r#","labels":["editor"],"prefs":{{"team":{}}}"#, user.0 % 100)?;
        }
        let (scheme, entry) = turn(user, schemes.len());
        let Scheme { name, pool } = &schemes[scheme];
        let Hash { hash, salt } = &pool[entry];
        if name.is_empty() {
            writeln!(out, r#","password":"{}"}}"#, own(user))?;
            continue;
        }
        write!(out, r#","password_hash":"{hash}","password_scheme":"{name}""#)?;
        match *name {
            "scrypt" => write!(
                out,
                r#","password_salt":"{salt}","password_salt_encoding":"utf8","scrypt_n":16,"scrypt_r":8,"scrypt_p":1,"scrypt_length":32"#
            )?,
            "firebase-scrypt" => write!(
                out,
                r#","password_salt":"{salt}","password_salt_encoding":"base64","signer_key":"{signer_key}","salt_separator":"{separator}","rounds":8,"mem_cost":14"#
            )?,
            _ => {}
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

/// A plain-text password that nobody else has: one that many share is a sign of a mask, and stops.
fn own(user: User) -> String {
    format!("{}-{}", pool::password(user.0 as usize), user.0)
}

/// The passwords of the first users, for `--known`.
pub fn known(out: &mut dyn Write, count: u64) -> io::Result<()> {
    let kinds = schemes();
    writeln!(out, "email,password")?;
    for user in User::all(count) {
        let (scheme, _) = turn(user, kinds.len());
        let password = if kinds[scheme].name.is_empty() { own(user) } else { pool::password(user.0 as usize) };
        writeln!(out, "{},{password}", user.email())?;
    }
    Ok(())
}
