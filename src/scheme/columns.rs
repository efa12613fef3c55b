//! A pasted record → [`HashInput`]: which column is the hash, and what the columns beside it say of it.
//!
//! Keyed by what columns mean, so that other records of the same kinds work. Dialects know their tables better; this is
//! for `rehome identify`, whose input is a bare string or a JSON object and nothing else.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::account::{HashInput, SaltEncoding};
use crate::code::{Code, Refusal};

/// A column that holds a hash, and what its name alone tells of the source. The first that is there decides.
const HASHES: &[(&str, &str)] = &[
    ("user_pass", "wordpress"),
    ("members_pass_hash", "ipb"),
    ("authentication_string", "mysql"),
    ("rolpassword", "postgresql"),
    ("passwd", "postgresql"),
    ("userPassword", "ldif"),
    ("userpassword", "ldif"),
    ("htpasswd", "htpasswd"),
    ("shadow", "shadow"),
    ("pass", "drupal"),
    ("user_password", ""),
    ("encrypted_password", ""),
    ("_hashed_password", "parse"),
    ("hashed_password", "lucia"),
    ("hashedPassword", "lucia"),
    ("password_digest", ""),
    ("passwordDigest", ""),
    ("password_hash", ""),
    ("passwordHash", ""),
    ("PasswordHash", ""),
    ("hash", ""),
    ("data", "xenforo"),
    ("password", ""),
    ("Password", ""),
];

const SCHEMES: &[&str] =
    &["password_scheme", "passwordScheme", "password_hasher", "passwordHasher", "hashingAlgorithm"];
const SALTS: &[&str] =
    &["password_salt", "passwordSalt", "salt", "members_pass_salt", "Salt", "passwordSaltValue", "user_salt"];
const SALT_ENCODINGS: &[&str] = &["password_salt_encoding", "passwordSaltEncoding", "salt_encoding"];
const N: &[&str] = &["scrypt_n", "N", "n", "passwordCpu"];
const R: &[&str] = &["scrypt_r", "r", "passwordMemory"];
const P: &[&str] = &["scrypt_p", "p", "passwordParallel"];
const LENGTHS: &[&str] = &["scrypt_length", "passwordLength", "dkLen", "keylen"];
const SIGNER_KEYS: &[&str] = &["signer_key", "base64_signer_key", "signerKey", "base64SignerKey", "passwordSignerKey"];
const SEPARATORS: &[&str] =
    &["salt_separator", "base64_salt_separator", "saltSeparator", "base64SaltSeparator", "passwordSaltSeparator"];
const ROUNDS: &[&str] = &["rounds"];
const MEM_COSTS: &[&str] = &["mem_cost", "memCost", "memory_cost"];

/// Reads the columns of one record.
///
/// # Errors
/// A record without any column that could hold a hash, and numbers that are none.
pub fn read(record: &Map<String, Value>) -> Result<HashInput<'static>, Refusal> {
    if let Some(hash) = record.get("services").and_then(|s| s.pointer("/password/bcrypt")).and_then(Value::as_str) {
        return Ok(HashInput { origin: "meteor", ..bare(hash) });
    }
    if record.contains_key("credentialData") && record.contains_key("secretData") {
        // The resolver knows Keycloak's credential as the JSON that it is.
        let whole = Value::Object(record.clone()).to_string();
        return Ok(HashInput { origin: "keycloak", ..bare(&whole) });
    }
    let Some((hash, mut origin)) = HASHES.iter().find_map(|&(name, origin)| Some((text(record.get(name)?)?, origin)))
    else {
        return Err(Refusal::new(Code::UnrecognisedHash, "the record has no column that holds a password hash")
            .hint("name the column password_hash"));
    };
    // A table may call its column as another system does; only what no other explains may be concluded from the name.
    if origin == "lucia" && !hash.contains(':') {
        origin = "";
    }
    if record.contains_key("localId") {
        origin = "firebase";
    }
    let project = ["hash_config", "hashConfig"].iter().find_map(|name| record.get(*name)?.as_object());
    let find = |names: &[&str]| {
        let in_record = names.iter().find_map(|name| record.get(*name).and_then(text));
        in_record.or_else(|| names.iter().find_map(|name| project?.get(*name).and_then(text)))
    };
    let number = |names: &[&str]| match find(names) {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => text.trim().parse::<u64>().map(Some).map_err(|_| {
            Refusal::new(Code::InvalidValue, format!("`{}` is not a whole number", names.first().unwrap_or(&"")))
        }),
    };
    let salt_encoding = match find(SALT_ENCODINGS).as_deref().map(str::trim) {
        None | Some("" | "utf8" | "utf-8" | "text") => SaltEncoding::Utf8,
        Some("hex") => SaltEncoding::Hex,
        Some("base64") => SaltEncoding::Base64,
        Some(_) => {
            return Err(Refusal::new(Code::InvalidValue, "`password_salt_encoding` is utf8, hex or base64"));
        }
    };
    let declared = find(SCHEMES).filter(|name| !name.is_empty());
    let declared = match origin {
        "ipb" => declared.or_else(|| Some("salted-md5".into())),
        _ => declared,
    };
    Ok(HashInput {
        hash: Cow::Owned(hash),
        declared: declared.map(Cow::Owned),
        origin,
        salt: find(SALTS).map(Cow::Owned),
        salt_encoding,
        scrypt_n: number(N)?,
        scrypt_r: number(R)?,
        scrypt_p: number(P)?,
        scrypt_length: number(LENGTHS)?,
        signer_key: find(SIGNER_KEYS).map(Cow::Owned),
        salt_separator: find(SEPARATORS).map(Cow::Owned),
        rounds: number(ROUNDS)?,
        mem_cost: number(MEM_COSTS)?,
    })
}

/// Sources that settle what a string cannot say and that are no sources of their own.
const ORIGINS: &[&str] =
    &["better-auth", "lucia", "shadow", "htpasswd", "ldif", "meteor", "nodebb", "discourse", "parse", "mediawiki"];

/// The source of this name, as [`HashInput::origin`] takes it: a source's or one of a few others.
#[must_use]
pub fn origin(name: &str) -> Option<&'static str> {
    let sources = crate::source::ALL.iter().map(|source| source.name());
    sources.chain(ORIGINS.iter().copied()).find(|known| *known == name)
}

/// A string of which nothing is said.
#[must_use]
pub fn bare(hash: &str) -> HashInput<'static> {
    HashInput { hash: Cow::Owned(hash.to_owned()), ..HashInput::default() }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn input(record: Value) -> HashInput<'static> {
        read(record.as_object().expect("an object")).expect("a hash")
    }

    #[test]
    fn columns_beside_the_hash_are_read_by_their_meaning() {
        let row = input(json!({"salt": "s", "hash": "00", "N": 16384, "r": "8", "p": 1}));
        assert_eq!((row.scrypt_n, row.scrypt_r, row.scrypt_p), (Some(16384), Some(8), Some(1)));
        let firebase = input(json!({"passwordHash": "h", "passwordSalt": "s",
            "hash_config": {"base64_signer_key": "k", "base64_salt_separator": "", "rounds": 8, "mem_cost": 14}}));
        assert_eq!(firebase.signer_key.as_deref(), Some("k"));
        assert_eq!(firebase.salt_separator.as_deref(), Some(""));
        assert_eq!((firebase.rounds, firebase.mem_cost), (Some(8), Some(14)));
        let clerk = input(json!({"password_digest": "$2y$…", "password_hasher": "bcrypt_peppered"}));
        assert_eq!(clerk.declared.as_deref(), Some("bcrypt_peppered"));
    }

    #[test]
    fn the_name_of_a_column_tells_the_source_where_only_one_has_it() {
        assert_eq!(input(json!({"user_pass": "x"})).origin, "wordpress");
        assert_eq!(input(json!({"services": {"password": {"bcrypt": "x"}}})).origin, "meteor");
        assert_eq!(input(json!({"hashed_password": "salt:key"})).origin, "lucia");
        assert_eq!(input(json!({"hashed_password": "$2b$…"})).origin, "");
    }

    #[test]
    fn records_without_a_hash_and_numbers_that_are_none_are_refused() {
        let code = |record: Value| read(record.as_object().expect("an object")).expect_err("refused").code;
        assert_eq!(code(json!({})), Code::UnrecognisedHash);
        assert_eq!(code(json!({"email": "a@b.c"})), Code::UnrecognisedHash);
        assert_eq!(code(json!({"hash": "00", "N": "many"})), Code::InvalidValue);
        assert_eq!(code(json!({"hash": "00", "salt_encoding": "rot13"})), Code::InvalidValue);
    }
}
