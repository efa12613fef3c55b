//! SuperTokens: the recipes' user tables of its PostgreSQL or MySQL database, joined by `user_id`.
//!
//! Users imported from Firebase keep `$f_scrypt$hash$salt$m=14$r=8$s=separator`; the signer key stands in SuperTokens'
//! configuration, so it has to be given as for Firebase.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates};
use crate::source::{Context, Detection, Fate, Role, Source};

/// SuperTokens.
pub struct SuperTokens;

const VERIFIED: &str = "verified";
const ROLE: &str = "role";
const METADATA: &str = "metadata";

const FATES: Fates = &[
    ("app_id", shape::INTERNAL),
    ("user_id", shape::ID),
    ("email", shape::EMAIL),
    ("phone_number", shape::PHONE),
    ("password_hash", shape::HASH),
    ("time_joined", shape::CREATED),
    (
        "third_party_id",
        Fate::Dropped { why: "sign-ins by provider are linked anew when the user next signs in with it" },
    ),
    (
        "third_party_user_id",
        Fate::Dropped { why: "sign-ins by provider are linked anew when the user next signs in with it" },
    ),
];

impl Source for SuperTokens {
    fn name(&self) -> &'static str {
        "supertokens"
    }

    fn about(&self) -> &'static str {
        "SuperTokens: emailpassword_users, passwordless_users and thirdparty_users with roles and metadata"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "user_id and time_joined, as its recipes have them";
        shape::detection(tables, |table| self.role(table), 85, telling, "SuperTokens")
    }

    fn role(&self, table: &TableSample) -> Role {
        let recipe = ["password_hash", "phone_number", "third_party_user_id"].iter().any(|c| shape::has(table, &[c]));
        if recipe && shape::has(table, &["user_id", "email", "time_joined"]) {
            Role::Users
        } else if table.table.ends_with("emailverification_verified_emails") {
            Role::Related(VERIFIED)
        } else if shape::has(table, &["user_id", "role"]) && table.table.ends_with("user_roles") {
            Role::Related(ROLE)
        } else if shape::has(table, &["user_id", "user_metadata"]) {
            Role::Related(METADATA)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        let user = record.text("user_id")?.into_owned();
        match kind {
            VERIFIED => Some((user, record.text("email")?.to_lowercase().into())),
            METADATA => Some((user, Json::Object(common::object(record, "user_metadata")?))),
            _ => Some((user, record.text("role")?.into_owned().into())),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("user_id").unwrap_or_default();
        let rows = |kind| context.related.rows(kind, &source_id);
        let email = text("email");
        let proven = email.as_ref().is_some_and(|email| rows(VERIFIED).contains(&json!(email.to_lowercase())));
        // Somebody without a password or a provider signs in by what was sent to them.
        let passwordless = record.get("phone_number").is_some() && record.get("password_hash").is_none();
        let credential = match text("password_hash") {
            Some(hash) if hash.starts_with("$f_scrypt$") => firebase(&hash, context)?,
            hash => common::credential(hash, self.hints()),
        };
        let roles =
            rows(ROLE).iter().filter_map(|role| role.as_str().map(|role| Cow::Owned(role.to_owned()))).collect();
        let prefs = rows(METADATA).first().and_then(Json::as_object).cloned().unwrap_or_default();
        let phone = text("phone_number");
        Ok(Account {
            email_verified: proven || (passwordless && email.is_some()),
            email,
            phone_verified: passwordless && phone.is_some(),
            phone,
            enabled: true,
            roles,
            prefs,
            created_at: common::moment_of(record, "time_joined"),
            credential,
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

fn firebase<'r>(hash: &str, context: &Context<'_>) -> Result<Credential<'r>, Refusal> {
    let damaged = || {
        Refusal::new(Code::MalformedHash, "$f_scrypt$ needs a hash, a salt, m=, r= and s=").scheme("firebase-scrypt")
    };
    let mut parts = hash.trim_start_matches("$f_scrypt$").split('$');
    let (hash, salt) = parts.next().zip(parts.next()).ok_or_else(damaged)?;
    let mut input = HashInput {
        hash: hash.to_owned().into(),
        declared: Some("firebase-scrypt".into()),
        hints: Hint::KNOWN,
        salt: Some(salt.to_owned().into()),
        salt_encoding: SaltEncoding::Base64,
        signer_key: context.firebase.map(|project| project.signer_key.clone().into()),
        ..HashInput::default()
    };
    for part in parts {
        match part.split_once('=') {
            Some(("m", memory)) => input.mem_cost = memory.parse().ok(),
            Some(("r", rounds)) => input.rounds = rounds.parse().ok(),
            Some(("s", separator)) => input.salt_separator = Some(separator.to_owned().into()),
            _ => return Err(damaged()),
        }
    }
    Ok(Credential::Hash(input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn a_user_is_joined_and_firebase_hashes_are_split() {
        let mut rows = Rows::default();
        let verified =
            testing::row("emailverification_verified_emails", &["user_id", "email"], &["u1", "A@example.com"]);
        rows.relate(&SuperTokens, VERIFIED, &verified);
        rows.relate(&SuperTokens, ROLE, &testing::row("user_roles", &["user_id", "role"], &["u1", "admin"]));
        let metadata = testing::row("user_metadata", &["user_id", "user_metadata"], &["u1", "{\"plan\":\"pro\"}"]);
        rows.relate(&SuperTokens, METADATA, &metadata);
        let columns = ["user_id", "email", "password_hash", "time_joined"];
        let hash = "$f_scrypt$aGFzaA==$c2FsdA==$m=14$r=8$s=Bw==";
        let record = testing::row("emailpassword_users", &columns, &["u1", "a@example.com", hash, "1704164645000"]);
        let account = SuperTokens.interpret(&record, &testing::context(&rows)).unwrap();
        assert!(account.email_verified);
        assert_eq!((account.roles.join(" ").as_str(), &account.prefs["plan"]), ("admin", &json!("pro")));
        assert_eq!(account.created_at, "2024-01-02T03:04:05Z".parse().ok());
        let Credential::Hash(hash) = account.credential else { panic!("a hash") };
        assert_eq!(
            (&*hash.hash, hash.salt.as_deref(), hash.salt_separator.as_deref()),
            ("aGFzaA==", Some("c2FsdA=="), Some("Bw=="))
        );
        assert_eq!((hash.rounds, hash.mem_cost), (Some(8), Some(14)));
    }
}
