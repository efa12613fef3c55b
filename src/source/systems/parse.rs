//! Parse Server: `_User` from mongoexport or PostgreSQL, and the exports of parse.com and its dashboard.
//!
//! Attributes an application adds stand beside Parse's own; Parse shows them to the user, so they are kept as preferences.

use crate::account::Account;
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Parse.
pub struct Parse;

const FATES: Fates = &[
    ("_id", shape::ID),
    ("objectId", shape::ID),
    ("username", shape::USERNAME),
    ("email", shape::EMAIL),
    ("emailVerified", shape::EMAIL_VERIFIED),
    ("_hashed_password", shape::HASH),
    ("bcryptPassword", shape::HASH),
    ("name", shape::NAME),
    ("phone", shape::PHONE),
    ("_created_at", shape::CREATED),
    ("createdAt", shape::CREATED),
    ("_updated_at", Fate::Dropped { why: "Appwrite sets its own" }),
    ("updatedAt", Fate::Dropped { why: "Appwrite sets its own" }),
    ("authData", Fate::Dropped { why: "sign-ins by provider are linked anew when the user next signs in with it" }),
    ("sessionToken", TOKEN),
    ("ACL", shape::INTERNAL),
];

impl Source for Parse {
    fn name(&self) -> &'static str {
        "parse"
    }

    fn about(&self) -> &'static str {
        "Parse: _User from mongoexport or PostgreSQL, and parse.com's JSON"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "_hashed_password, bcryptPassword, or objectId with a username";
        shape::detection(tables, |table| self.role(table), 85, telling, "Parse's _User")
    }

    fn role(&self, table: &TableSample) -> Role {
        let users = shape::has(table, &["_hashed_password"])
            || shape::has(table, &["bcryptPassword"])
            || shape::has(table, &["objectId", "username", "createdAt"]);
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let (email, username) = shape::sign_in(text("email"), text("username"));
        let hash = text("_hashed_password").or_else(|| text("bcryptPassword"));
        let exported = record.get("_hashed_password").is_some() || record.get("bcryptPassword").is_some();
        let linked = record
            .iter()
            .any(|(name, value)| (name.starts_with("_auth_data_") || name == "authData") && !value.is_empty());
        let credential = if hash.is_some() || exported || linked {
            common::credential(hash, self.hints())
        } else {
            common::without(
                Code::HashNotExported,
                "Parse's dashboard and REST API never show a hash; export _User itself",
            )
        };
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", username.into());
        for (name, _) in record.iter().filter(|(name, _)| is_custom(name)) {
            common::keep_column(&mut prefs, record, name);
        }
        Ok(Account {
            source_id: ["_id", "objectId"].iter().find_map(|c| record.get(c).and_then(common::id)).unwrap_or_default(),
            email,
            email_verified: common::flag(record, "emailVerified"),
            phone: text("phone"),
            name: text("name"),
            enabled: true,
            prefs,
            created_at: common::moment_of(record, "_created_at").or_else(|| common::moment_of(record, "createdAt")),
            credential,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            column if is_custom(column) => Fate::Prefs,
            column if column.starts_with('_') && FATES.iter().all(|(name, _)| *name != column) => shape::INTERNAL,
            column => shape::fate(FATES, column),
        }
    }
}

/// What the application added; Parse's own begin with an underscore or are listed.
fn is_custom(column: &str) -> bool {
    !column.starts_with('_') && FATES.iter().all(|(name, _)| *name != column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn mongoexport_and_the_dashboard_are_read() {
        let record = testing::record(json!({
            "_id": "aB3dE5fG7h", "_hashed_password": "$2y$10$x", "username": "p@example.com", "emailVerified": true,
            "_created_at": {"$date": "2024-01-02T03:04:05Z"}, "score": 12, "_rperm": ["*"], "_session_token": "x",
        }));
        let account = Parse.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((&*account.source_id, account.email.as_deref()), ("aB3dE5fG7h", Some("p@example.com")));
        assert_eq!(json!(account.prefs), json!({"score": 12}));
        assert_eq!(account.created_at, "2024-01-02T03:04:05Z".parse().ok());
        assert!(matches!(account.credential, Credential::Hash(_)));
        let record = testing::record(json!({"objectId": "x", "username": "u", "createdAt": "2024-01-02T03:04:05Z"}));
        let account = Parse.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert!(matches!(account.credential, Credential::None(note) if note.code == Code::HashNotExported));
        assert_eq!((Parse.fate("score"), Parse.fate("_rperm")), (Fate::Prefs, shape::INTERNAL));
    }
}
