//! PocketBase: the `users` table of `data.db`. The hash is in `password` since 0.23 and was in `passwordHash` before.
//!
//! Fields an application adds are shown to the user by PocketBase, so they are kept as preferences.

use crate::account::Account;
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// PocketBase.
pub struct PocketBase;

const FATES: Fates = &[
    ("id", shape::ID),
    ("collectionId", shape::INTERNAL),
    ("collectionName", shape::INTERNAL),
    ("email", shape::EMAIL),
    ("emailVisibility", shape::INTERNAL),
    ("verified", shape::EMAIL_VERIFIED),
    ("name", shape::NAME),
    ("username", shape::USERNAME),
    ("password", shape::HASH),
    ("passwordHash", shape::HASH),
    ("tokenKey", TOKEN),
    ("created", shape::CREATED),
    ("updated", Fate::Dropped { why: "Appwrite sets its own" }),
    ("avatar", Fate::Prefs),
    ("lastResetSentAt", shape::INTERNAL),
    ("lastVerificationSentAt", shape::INTERNAL),
    ("lastLoginAlertSentAt", shape::INTERNAL),
];

impl Source for PocketBase {
    fn name(&self) -> &'static str {
        "pocketbase"
    }

    fn about(&self) -> &'static str {
        "PocketBase: the users table of data.db, by sqlite3's CSV, JSON or .dump"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns tokenKey and emailVisibility";
        shape::detection(tables, |table| self.role(table), 90, telling, "PocketBase")
    }

    fn role(&self, table: &TableSample) -> Role {
        // Superusers administer PocketBase itself.
        let users = shape::has(table, &["email", "emailVisibility", "tokenKey"]) && table.table != "_superusers";
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let (email, username) = shape::sign_in(text("email"), text("username"));
        let mut prefs = serde_json::Map::new();
        for (name, _) in record.iter().filter(|(name, _)| is_custom(name) || *name == "avatar") {
            common::keep_column(&mut prefs, record, name);
        }
        common::keep(&mut prefs, "username", username.into());
        Ok(Account {
            source_id: text("id").unwrap_or_default(),
            email,
            email_verified: common::flag(record, "verified"),
            name: text("name"),
            enabled: true,
            prefs,
            created_at: common::moment_of(record, "created"),
            credential: common::credential(text("password").or_else(|| text("passwordHash")), self.hints()),
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        if is_custom(column) { Fate::Prefs } else { shape::fate(FATES, column) }
    }
}

fn is_custom(column: &str) -> bool {
    FATES.iter().all(|(name, _)| *name != column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing;

    #[test]
    fn both_generations_are_read() {
        for column in ["password", "passwordHash"] {
            let columns = ["id", "email", "verified", column, "tokenKey", "created", "plan"];
            let cells = ["a1b2c3d4e5f6g7h", "p@example.com", "1", "$2a$10$x", "k", "2024-01-01 12:00:00.123Z", "pro"];
            let record = testing::row("users", &columns, &cells);
            let account = PocketBase.interpret(&record, &testing::context(&NoRelated)).unwrap();
            assert!(account.email_verified);
            assert_eq!(account.created_at, "2024-01-01T12:00:00.123Z".parse().ok());
            assert_eq!(serde_json::json!(account.prefs), serde_json::json!({"plan": "pro"}));
            assert!(matches!(account.credential, Credential::Hash(hash) if hash.hash == "$2a$10$x"));
        }
    }
}
