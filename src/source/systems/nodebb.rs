//! NodeBB: the `objects` collection by mongoexport, in which users are the objects with the key `user:N`.
//!
//! NodeBB runs bcrypt on the SHA-512 of the password since 1.4 and marks such hashes with `password:shaWrapped`
//! (`src/password.js`); older ones are plain bcrypt.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::account::{Account, HashInput, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, MEMBER};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::PreHashed("nodebb")];

/// NodeBB.
pub struct NodeBb;

const FATES: Fates = &[
    ("_id", shape::INTERNAL),
    ("_key", Fate::Transformed { to: "record", how: "tells users from everything else" }),
    ("uid", shape::ID),
    ("username", Fate::Transformed { to: "name", how: "where there is no fullname; and prefs" }),
    ("fullname", shape::NAME),
    ("email", shape::EMAIL),
    ("email:confirmed", shape::EMAIL_VERIFIED),
    ("password", shape::HASH),
    ("password:shaWrapped", Fate::Transformed { to: "password", how: "tells bcrypt of a digest from bcrypt" }),
    ("banned", shape::ENABLED),
    ("banned:expire", shape::ENABLED),
    ("joindate", shape::CREATED),
    ("lastonline", shape::LAST_SEEN),
    ("picture", Fate::Prefs),
    ("location", Fate::Prefs),
    ("website", Fate::Prefs),
];

impl Source for NodeBb {
    fn name(&self) -> &'static str {
        "nodebb"
    }

    fn about(&self) -> &'static str {
        "NodeBB: mongoexport of objects; only hashes from before 1.4 map"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let ours = |table: &TableSample| {
            let key = |record: &serde_json::Map<String, Json>| record.get("_key").is_some_and(Json::is_string);
            let named = shape::has(table, &["userslug"]) || shape::has(table, &["password:shaWrapped"]);
            if shape::has(table, &["_key"]) && (named || table.records.iter().all(key)) {
                Role::Mixed
            } else {
                Role::Ignored
            }
        };
        shape::detection(tables, ours, 80, "objects with a _key", "NodeBB's database")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["_key"]) {
            Role::Mixed
        } else if shape::has(table, &["uid", "userslug"]) {
            Role::Users
        } else {
            Role::Ignored
        }
    }

    fn role_of(&self, record: &Record<'_>) -> Role {
        let Some(key) = record.text("_key") else { return Role::Ignored };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if key.strip_prefix("user:").is_some_and(is_number) {
            Role::Users
        } else if group_of(&key).is_some() {
            Role::Related(MEMBER)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, _: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        let key = record.text("_key")?;
        Some((record.text("value")?.into_owned(), group_of(&key)?.into()))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("uid").unwrap_or_default();
        let groups = context.related.rows(MEMBER, &source_id);
        let expires = record.get("banned:expire").and_then(common::moment);
        let banned = common::flag(record, "banned") && expires.is_none_or(|end| end > context.now);
        let declared = if common::flag(record, "password:shaWrapped") { "nodebb" } else { "bcrypt" };
        let credential = common::credential(text("password"), self.hints())
            .map_hash(|input| HashInput { declared: Some(declared.into()), ..input });
        let mut prefs = serde_json::Map::new();
        for column in ["username", "picture", "location", "website"] {
            common::keep_column(&mut prefs, record, column);
        }
        Ok(Account {
            email: text("email"),
            email_verified: common::flag(record, "email:confirmed"),
            name: text("fullname").or_else(|| text("username")),
            enabled: !banned,
            roles: groups.iter().filter_map(|g| g.as_str().map(|name| Cow::Owned(name.to_owned()))).collect(),
            prefs,
            created_at: common::moment_of(record, "joindate"),
            last_seen: common::moment_of(record, "lastonline"),
            credential,
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// `group:administrators:members`; everybody is in `registered-users` and in the verified or unverified ones.
fn group_of(key: &str) -> Option<String> {
    let name = key.strip_prefix("group:")?.strip_suffix(":members")?;
    (!matches!(name, "registered-users" | "verified-users" | "unverified-users")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::kit::testing::{self, Rows};
    use serde_json::json;

    #[test]
    fn users_are_found_among_everything_else() {
        for (key, expected) in [
            ("user:7", Role::Users),
            ("user:7:settings", Role::Ignored),
            ("users:joindate", Role::Ignored),
            ("group:administrators:members", Role::Related(MEMBER)),
            ("group:registered-users:members", Role::Ignored),
        ] {
            assert_eq!(NodeBb.role_of(&testing::record(json!({ "_key": key }))), expected, "{key}");
        }
    }

    #[test]
    fn only_the_mark_tells_which_hash_it_is() {
        let mut rows = Rows::default();
        let member = json!({"_key": "group:administrators:members", "value": "7", "score": 1});
        rows.relate(&NodeBb, MEMBER, &testing::record(member));
        for (wrapped, expected) in [(json!(1), "nodebb"), (json!(null), "bcrypt")] {
            let record = testing::record(json!({
                "_key": "user:7", "uid": 7, "username": "nia", "email": "n@example.com", "email:confirmed": 1,
                "password": "$2a$12$x", "password:shaWrapped": wrapped, "banned": 1, "banned:expire": 1_704_164_645_000_u64,
            }));
            let account = NodeBb.interpret(&record, &testing::context(&rows)).unwrap();
            assert!(account.enabled && account.email_verified);
            assert_eq!(account.roles, ["administrators"]);
            assert!(matches!(account.credential, Credential::Hash(h) if h.declared.as_deref() == Some(expected)));
        }
    }
}
