//! Appwrite itself: pages of `GET /v1/users`, from one project to another.
//!
//! <https://appwrite.io/docs/references/cloud/server-rest/users#list>; hash names and options are those of
//! utopia-php/auth.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, LAST_SEEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Interchangeable];

/// Appwrite.
pub struct Appwrite;

impl Source for Appwrite {
    fn name(&self) -> &'static str {
        "appwrite"
    }

    fn about(&self) -> &'static str {
        "Appwrite: pages of GET /v1/users, with every hash and its options"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let table = tables.iter().find(|table| common::has(table, &["$id", "emailVerification"]))?;
        let hashes = if common::has(table, &["hashOptions"]) { "with hashes" } else { "without hashes" };
        Some(Detection {
            score: 95,
            why: format!("{}, $id and emailVerification: GET /v1/users, {hashes}", table.format),
        })
    }

    fn role(&self, table: &TableSample) -> Role {
        if common::has(table, &["$id"]) { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let (email, phone) = (record.text("email"), record.text("phone"));
        Ok(Account {
            source_id: record.text("$id").unwrap_or_default(),
            email_verified: email.is_some() && common::flag(record, "emailVerification"),
            phone_verified: phone.is_some() && common::flag(record, "phoneVerification"),
            name: record.text("name"),
            enabled: record.get("status").and_then(common::truth).unwrap_or(true),
            roles: record.get("labels").into_iter().flat_map(Value::items).filter_map(Value::text).collect(),
            prefs: common::object(record, "prefs").unwrap_or_default(),
            created_at: common::moment_of(record, "registration").or_else(|| common::moment_of(record, "$createdAt")),
            last_seen: common::moment_of(record, "accessedAt"),
            credential: credential(record),
            notes: Vec::new(),
            email,
            phone,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "$id" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "emailVerification" => Fate::Carried("email_verified"),
            "phone" => Fate::Carried("phone"),
            "phoneVerification" => Fate::Carried("phone_verified"),
            "name" => Fate::Carried("name"),
            "status" => Fate::Carried("enabled"),
            "labels" => Fate::Carried("labels"),
            "prefs" => Fate::Carried("prefs"),
            "password" | "hash" | "hashOptions" => HASH,
            "registration" | "$createdAt" => CREATED,
            "accessedAt" => LAST_SEEN,
            "mfa" | "mfaRecoveryCodes" => FACTOR,
            "targets" => {
                Fate::Dropped { why: "Appwrite makes those of address and number; push targets belong to devices" }
            }
            "$updatedAt" | "passwordUpdate" => Fate::Dropped { why: "Appwrite sets its own dates" },
            _ => Fate::Dropped { why: "not a member of Appwrite's users" },
        }
    }
}

fn credential<'r>(record: &'r Record<'r>) -> Credential<'r> {
    let Some(hash) = record.text("password") else {
        return if record.get("password").is_none() {
            common::without(Code::HashNotExported, "the page has no passwords: list the users with an API key")
        } else {
            common::without(Code::NoPassword, "the source holds no password for this user")
        };
    };
    let scheme = record.text("hash").unwrap_or_default();
    if scheme.eq_ignore_ascii_case("plaintext") {
        return Credential::Plain(hash);
    }
    let options = common::object(record, "hashOptions").unwrap_or_default();
    let input = HashInput { hash, hints: HINTS, ..HashInput::default() };
    Credential::Hash(match scheme.to_ascii_lowercase().as_str() {
        "" => input,
        "sha" => HashInput { declared: Some(text(&options, "version").unwrap_or(Cow::Borrowed("sha3-512"))), ..input },
        "scrypt" => HashInput {
            declared: Some(Cow::Borrowed("scrypt")),
            salt: text(&options, "salt"),
            salt_encoding: SaltEncoding::Utf8,
            scrypt_n: number(&options, "costCpu"),
            scrypt_r: number(&options, "costMemory"),
            scrypt_p: number(&options, "costParallel"),
            scrypt_length: number(&options, "length"),
            ..input
        },
        "scryptmod" | "scryptmodified" | "scrypt_mod" => HashInput {
            declared: Some(Cow::Borrowed("firebase-scrypt")),
            salt: text(&options, "salt"),
            salt_encoding: SaltEncoding::Base64,
            signer_key: text(&options, "signerKey"),
            salt_separator: text(&options, "saltSeparator"),
            // Appwrite has no others.
            rounds: Some(8),
            mem_cost: Some(14),
            ..input
        },
        _ => HashInput { declared: Some(scheme), ..input },
    })
}

fn text(options: &Map<String, Json>, name: &str) -> Option<Cow<'static, str>> {
    options.get(name)?.as_str().map(|text| Cow::Owned(text.to_owned()))
}

fn number(options: &Map<String, Json>, name: &str) -> Option<u64> {
    let value = options.get(name)?;
    // The Python SDK's `to_dict` makes floats of all numbers.
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn every_hash_is_declared_with_its_options() {
        for (hash, options, declared) in [
            ("argon2", json!({ "type": "argon2" }), "argon2"),
            ("bcrypt", json!({ "cost": 8 }), "bcrypt"),
            ("md5", json!({}), "md5"),
            ("phpass", json!([]), "phpass"),
            ("sha", json!({ "version": "sha256" }), "sha256"),
            ("sha", json!([]), "sha3-512"),
            (
                "scrypt",
                json!({ "costCpu": 16384, "costMemory": 8, "costParallel": 1, "length": 64, "salt": "s" }),
                "scrypt",
            ),
            (
                "scryptMod",
                json!("{\"salt\":\"c2FsdA==\",\"saltSeparator\":\"Bw==\",\"signerKey\":\"a2V5\"}"),
                "firebase-scrypt",
            ),
        ] {
            let record = testing::record(json!({ "$id": "u", "password": "x", "hash": hash, "hashOptions": options }));
            let account = Appwrite.interpret(&record, &testing::context(&NoRelated)).expect("a person");
            let Credential::Hash(input) = account.credential else { panic!("a hash") };
            assert_eq!(input.declared.as_deref(), Some(declared));
            assert_eq!(input.scrypt_n.is_some(), hash == "scrypt");
            assert_eq!(input.signer_key.is_some(), hash == "scryptMod");
        }
    }
}
