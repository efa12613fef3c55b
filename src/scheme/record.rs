//! A pasted record → [`HashInput`]: which column is the hash, and what the columns beside it say of it.
//!
//! Sources know their tables better; this is for `rehome identify`, whose input is a bare string or a JSON object and
//! nothing else.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::columns::{self, ColumnRole};
use super::encoding;
use crate::account::{HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};

/// Columns whose name alone says of what system the hash is, and what that settles.
const TELLING: &[(&str, &[Hint])] = &[
    ("user_pass", &[Hint::Bare, Hint::Digest("md5")]),
    ("userPassword", &[Hint::Bare]),
    ("userpassword", &[Hint::Bare]),
    ("_hashed_password", &[Hint::Bare]),
    ("htpasswd", &[Hint::Bare, Hint::Crypt]),
    ("shadow", &[Hint::Bare, Hint::Crypt]),
];

/// Names of parameters that say nothing where there is no hash.
const BESIDE: &[(ColumnRole, &[&str])] =
    &[(ColumnRole::ScryptN, &["N", "n"]), (ColumnRole::ScryptR, &["r"]), (ColumnRole::ScryptP, &["p"])];

/// Reads the columns of one record.
///
/// # Errors
/// A record without any column that could hold a hash, and numbers that are none.
pub fn read(record: &Map<String, Value>) -> Result<HashInput<'static>, Refusal> {
    within(record, 3)
}

fn within(record: &Map<String, Value>, depth: u8) -> Result<HashInput<'static>, Refusal> {
    let in_services =
        |name| record.get("services").and_then(|s| s.pointer("/password")?.get(name)).and_then(Value::as_str);
    if let Some(hash) = in_services("argon2").or_else(|| in_services("bcrypt")) {
        // accounts-js, which kept Meteor's layout, hashes the bare password; its dates are numbers.
        let millis = |name| record.get(name).is_some_and(|date| date.is_number() || date.get("$numberLong").is_some());
        let accounts_js = millis("createdAt") && millis("updatedAt");
        let hints: &'static [Hint] = if accounts_js { &[Hint::Bare] } else { &[Hint::PreHashed("meteor")] };
        return Ok(HashInput { hints, ..bare(hash) });
    }
    if record.contains_key("credentialData") && record.contains_key("secretData") {
        // The resolver knows Keycloak's credential as the JSON that it is.
        let whole = Value::Object(record.clone()).to_string();
        return Ok(HashInput { hints: &[Hint::Bare], ..bare(&whole) });
    }
    let of = |wanted: ColumnRole| {
        record
            .iter()
            .filter(move |(name, _)| columns::role_of(name) == Some(wanted))
            .map(|(name, value)| (name.as_str(), value))
    };
    // A column that says hash is one; `data` is XenForo's.
    let others = record.iter().filter(|(name, _)| *name == "data").map(|(name, value)| (name.as_str(), value));
    let candidates = of(ColumnRole::Hash).chain(others).chain(of(ColumnRole::Password));
    let Some((column, hash)) = candidates.into_iter().find_map(|(name, value)| Some((name, text(value)?))) else {
        // couch-auth, Strapi and Kratos have all of it in an object, or in one that is a text.
        let inner = record.values().filter_map(|value| match value {
            Value::Object(inner) => Some(Cow::Borrowed(inner)),
            Value::String(text) if text.starts_with('{') => serde_json::from_str(text).ok().map(Cow::Owned),
            _ => None,
        });
        let mut inner = inner.filter(|_| depth > 0);
        return inner.find_map(|inner| within(&inner, depth - 1).ok()).ok_or_else(|| {
            Refusal::new(Code::UnrecognisedHash, "the record has no column that holds a password hash")
                .hint("name the column password_hash")
        });
    };
    let hints: &'static [Hint] = if record.contains_key("localId") {
        &[Hint::Bare, Hint::Firebase]
    } else if matches!(columns::bare(column).as_str(), "hashedpassword") && hash.contains(':') {
        // A table may call its column as another system does; only what no other explains may be concluded from the name.
        &[Hint::SaltedKey("lucia")]
    } else if let Some((_, hints)) = TELLING.iter().find(|(name, _)| *name == column) {
        hints
    } else {
        columns::giveaways(record.keys().map(String::as_str))
    };
    let project = ["hash_config", "hashConfig"].iter().find_map(|name| record.get(*name)?.as_object());
    let find = |wanted: ColumnRole| {
        let by_role = |table: &Map<String, Value>| {
            table.iter().find_map(|(name, value)| text(value).filter(|_| columns::role_of(name) == Some(wanted)))
        };
        let beside =
            || BESIDE.iter().find(|(role, _)| *role == wanted)?.1.iter().find_map(|name| text(record.get(*name)?));
        by_role(record).or_else(beside).or_else(|| by_role(project?))
    };
    let number = |wanted: ColumnRole| match find(wanted) {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => text
            .trim()
            .parse::<u64>()
            .map(Some)
            .map_err(|_| Refusal::new(Code::InvalidValue, format!("`{}` is not a whole number", wanted.name()))),
    };
    let salt_encoding = match find(ColumnRole::SaltEncoding).as_deref().map(str::trim) {
        None | Some("" | "utf8" | "utf-8" | "text") => SaltEncoding::Utf8,
        Some("hex") => SaltEncoding::Hex,
        Some("base64") => SaltEncoding::Base64,
        Some(_) => {
            return Err(Refusal::new(Code::InvalidValue, "`password_salt_encoding` is utf8, hex or base64"));
        }
    };
    Ok(HashInput {
        hash: Cow::Owned(hash),
        // A project calls its own scrypt no more than that.
        declared: find(ColumnRole::Scheme).filter(|name| !name.is_empty() && project.is_none()).map(Cow::Owned),
        hints,
        salt: find(ColumnRole::Salt).map(Cow::Owned),
        salt_encoding,
        scrypt_n: number(ColumnRole::ScryptN)?,
        scrypt_r: number(ColumnRole::ScryptR)?,
        scrypt_p: number(ColumnRole::ScryptP)?,
        scrypt_length: number(ColumnRole::ScryptLength)?,
        signer_key: find(ColumnRole::SignerKey).map(Cow::Owned),
        salt_separator: find(ColumnRole::SaltSeparator).map(Cow::Owned),
        rounds: number(ColumnRole::Rounds)?,
        mem_cost: number(ColumnRole::MemCost)?,
        pepper: None,
    })
}

/// A string of which nothing is said.
#[must_use]
pub fn bare(hash: &str) -> HashInput<'static> {
    HashInput { hash: Cow::Owned(hash.to_owned()), ..HashInput::default() }
}

/// Text, a number, or MongoDB's and Node's objects of bytes that are text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => {
            let bytes = match (object.get("$binary"), object.get("data").and_then(Value::as_array)) {
                (Some(Value::String(base64)), _) => encoding::base64(base64)?,
                (Some(Value::Object(binary)), _) => encoding::base64(binary.get("base64")?.as_str()?)?,
                (_, Some(data)) => data.iter().map(|n| u8::try_from(n.as_u64()?).ok()).collect::<Option<_>>()?,
                _ => return None,
            };
            String::from_utf8(bytes).ok()
        }
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
    fn the_name_of_a_column_tells_the_system_where_only_one_has_it() {
        assert_eq!(input(json!({"user_pass": "x"})).hints, [Hint::Bare, Hint::Digest("md5")]);
        assert_eq!(input(json!({"services": {"password": {"bcrypt": "x"}}})).hints, [Hint::PreHashed("meteor")]);
        let accounts_js =
            json!({"services": {"password": {"bcrypt": "x"}}, "createdAt": 1, "updatedAt": {"$numberLong": "2"}});
        assert_eq!(input(accounts_js).hints, [Hint::Bare]);
        assert_eq!(input(json!({"hashed_password": "salt:key"})).hints, [Hint::SaltedKey("lucia")]);
        assert_eq!(input(json!({"hashed_password": "$2b$…"})).hints, []);
        assert_eq!(input(json!({"password": "x", "fs_uniquifier": "y"})).hints, [Hint::PreHashed("flask-security")]);
    }

    #[test]
    fn a_hash_is_found_within_objects() {
        let couch =
            input(json!({"email": "a@b.c", "local": {"salt": "s", "derived_key": "00", "password_scheme": "pbkdf2"}}));
        assert_eq!((&*couch.hash, couch.salt.as_deref(), couch.declared.as_deref()), ("00", Some("s"), Some("pbkdf2")));
        let strapi = input(json!({"type": "x", "id": 1, "data": {"username": "ann", "password": "$2a$…"}}));
        assert_eq!(strapi.hash, "$2a$…");
        assert_eq!(input(json!({"config": "{\"hashed_password\":\"$2a$…\"}"})).hash, "$2a$…");
    }

    #[test]
    fn bytes_that_are_text_are_read_as_it() {
        for object in [
            json!({"$binary": {"base64": "JDJiJDA0", "subType": "00"}}),
            json!({"$binary": "JDJiJDA0", "$type": "00"}),
            json!({"type": "Buffer", "data": [36, 50, 98, 36, 48, 52]}),
        ] {
            assert_eq!(input(json!({"password_hash": object})).hash, "$2b$04");
        }
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
