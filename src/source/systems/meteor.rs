//! Meteor and Rocket.Chat: the `users` collection by mongoexport.
//!
//! Meteor's client sends the SHA-256 of the password, and the server runs bcrypt or Argon2 on its hexadecimal: the hash looks
//! like any other and verifies nothing (`accounts-password/password_server.js`). Only the source gives it away.

use std::borrow::Cow;

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::PreHashed("meteor")];

/// Meteor.
pub struct Meteor;

const FATES: Fates = &[
    ("_id", shape::ID),
    ("emails", Fate::Transformed { to: "email", how: "the first one" }),
    ("username", shape::USERNAME),
    ("name", shape::NAME),
    ("profile", Fate::Prefs),
    ("phone", shape::PHONE),
    ("roles", shape::ROLES),
    ("active", shape::ENABLED),
    ("type", shape::SKIP),
    (
        "services",
        Fate::Transformed { to: "password", how: "no endpoint verifies it: it is bcrypt or Argon2 of a digest" },
    ),
    ("createdAt", shape::CREATED),
    ("updatedAt", Fate::Dropped { why: "Appwrite sets its own" }),
    ("deactivated", shape::ENABLED),
    ("lastLogin", shape::LAST_SEEN),
    ("status", shape::INTERNAL),
    ("statusConnection", shape::INTERNAL),
    ("_updatedAt", Fate::Dropped { why: "Appwrite sets its own" }),
    ("heartbeat", TOKEN),
];

impl Source for Meteor {
    fn name(&self) -> &'static str {
        "meteor"
    }

    fn about(&self) -> &'static str {
        "Meteor and Rocket.Chat: mongoexport of users; hashes are of a digest and map to nothing"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        shape::detection(
            tables,
            |table| self.role(table),
            85,
            "the members services and emails",
            "Meteor or Rocket.Chat",
        )
    }

    fn role(&self, table: &TableSample) -> Role {
        let users = shape::has(table, &["_id", "services"]);
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        if let Some(kind) = record.text("type").filter(|kind| matches!(&**kind, "bot" | "app")) {
            return Err(shape::skipped(format!("type {kind}: not a person")));
        }
        let at = |path| record.path(path).and_then(Value::text).filter(|text| !text.is_empty());
        let (email, username) = shape::sign_in(at("emails.0.address"), at("username"));
        let mut prefs = match record.get("profile").map(Value::to_json) {
            Some(serde_json::Value::Object(profile)) => profile,
            _ => serde_json::Map::new(),
        };
        common::keep(&mut prefs, "username", username.into());
        Ok(Account {
            source_id: record.get("_id").and_then(common::id).unwrap_or_default(),
            email,
            email_verified: record.path("emails.0.verified").and_then(common::truth).unwrap_or(false),
            phone: at("phone.number"),
            phone_verified: record.path("phone.verified").and_then(common::truth).unwrap_or(false),
            name: at("name").or_else(|| at("profile.name")),
            enabled: record.get("active").and_then(common::truth).unwrap_or(true)
                && !common::flag(record, "deactivated"),
            roles: roles(record),
            prefs,
            created_at: common::moment_of(record, "createdAt"),
            last_seen: common::moment_of(record, "lastLogin"),
            credential: credential(record, context.scheme.is_some()),
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// accounts-js writes `createdAt` and `updatedAt` as milliseconds; Meteor writes dates, and Rocket.Chat `_updatedAt`.
fn is_accounts_js(record: &Record<'_>) -> bool {
    let millis = |name| {
        matches!(record.get(name), Some(Value::Number(_)))
            || record.get(name).and_then(|value| value.member("$numberLong")).is_some()
    };
    millis("createdAt") && millis("updatedAt")
}

/// `told`: `--scheme` says what the hashes are.
fn credential<'r>(record: &'r Record<'r>, told: bool) -> Credential<'r> {
    let at = |path| record.path(path).and_then(Value::text);
    match at("services.password.argon2").or_else(|| at("services.password.bcrypt")) {
        // accounts-js, which kept Meteor's layout, hashes the bare password; its dates are numbers.
        Some(hash) if is_accounts_js(record) || told => {
            Credential::Hash(HashInput { hash, hints: Hint::KNOWN, ..HashInput::default() })
        }
        Some(hash) => {
            Credential::Hash(HashInput { hash, declared: Some("meteor".into()), hints: HINTS, ..HashInput::default() })
        }
        None => common::without(Code::NoPassword, "the user has no password here and signs in by a provider or a link"),
    }
}

/// A list; in older versions of alanning:roles also an object of lists, by group.
fn roles<'r>(record: &'r Record<'r>) -> Vec<Cow<'r, str>> {
    match record.get("roles") {
        Some(Value::Object(groups)) => {
            groups.iter().flat_map(|(_, roles)| roles.items()).filter_map(Value::text).collect()
        }
        roles => roles.into_iter().flat_map(Value::items).filter_map(Value::text).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn a_hash_is_declared_to_be_meteors() {
        let record = testing::record(json!({
            "_id": "pYbQ7r2mXcT9wLzKd", "createdAt": {"$date": "2024-01-02T03:04:05Z"}, "username": "mia",
            "emails": [{"address": "mia@example.com", "verified": true}], "profile": {"name": "Mia", "plan": "pro"},
            "services": {"password": {"bcrypt": "$2b$10$x"}}, "roles": {"team": ["editor"]},
        }));
        let account = Meteor.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((account.email.as_deref(), account.email_verified), (Some("mia@example.com"), true));
        assert_eq!((account.name.as_deref(), account.roles.join(" ").as_str()), (Some("Mia"), "editor"));
        assert_eq!(json!(account.prefs), json!({"name": "Mia", "plan": "pro", "username": "mia"}));
        assert!(matches!(account.credential, Credential::Hash(hash) if hash.declared.as_deref() == Some("meteor")));
        assert_eq!(account.created_at, "2024-01-02T03:04:05Z".parse().ok());
    }

    #[test]
    fn bots_are_nobody() {
        let record = testing::record(json!({"_id": "rocket.cat", "type": "bot", "services": {}}));
        assert!(Meteor.interpret(&record, &testing::context(&NoRelated)).is_err());
    }
}
