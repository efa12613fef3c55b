//! Drupal 7 (`users`) and 8 and later (`users_field_data`), with roles.

use serde_json::Value as Json;

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, MEMBER, SKIP};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Digest("md5")];

/// Drupal.
pub struct Drupal;

const FATES: Fates = &[
    ("uid", shape::ID),
    ("name", shape::NAME),
    ("pass", shape::HASH),
    ("mail", shape::EMAIL),
    ("init", Fate::Dropped { why: "the address at sign-up; mail is the one in use" }),
    ("status", shape::ENABLED),
    ("timezone", Fate::Prefs),
    ("langcode", Fate::Prefs),
    ("language", Fate::Prefs),
    ("default_langcode", SKIP),
    ("created", shape::CREATED),
    ("access", shape::LAST_SEEN),
    ("login", shape::LAST_SEEN),
    ("changed", Fate::Dropped { why: "Appwrite sets its own" }),
    ("preferred_langcode", shape::INTERNAL),
    ("preferred_admin_langcode", shape::INTERNAL),
    ("theme", shape::INTERNAL),
    ("signature", shape::INTERNAL),
    ("signature_format", shape::INTERNAL),
    ("picture", shape::INTERNAL),
    ("data", shape::INTERNAL),
];

impl Source for Drupal {
    fn name(&self) -> &'static str {
        "drupal"
    }

    fn about(&self) -> &'static str {
        "Drupal 7 (users, users_roles, role) and 8 and later (users_field_data, user__roles)"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        shape::detection(tables, |table| self.role(table), 90, "the columns uid, pass and mail", "Drupal")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["uid", "pass", "mail"]) {
            Role::Users
        } else if shape::has(table, &["entity_id", "roles_target_id"])
            || (shape::has(table, &["uid", "rid"]) && shape::named(table, "users_roles"))
        {
            Role::Related(MEMBER)
        } else if shape::has(table, &["rid", "name", "weight"])
            // Drupal 6 has no order of roles.
            || (shape::has(table, &["rid", "name"]) && shape::named(table, "role"))
        {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        if kind == GROUP {
            return shape::group(record, "rid", "name");
        }
        if common::flag(record, "deleted") {
            return None;
        }
        shape::member(record, "entity_id", "roles_target_id").or_else(|| shape::member(record, "uid", "rid"))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("uid").unwrap_or_default();
        if source_id == "0" {
            return Err(shape::skipped("uid 0 is Drupal's anonymous visitor"));
        }
        if record.get("default_langcode").and_then(common::truth) == Some(false) {
            return Err(shape::skipped(format!("a translation of user {source_id}, who has a row of their own")));
        }
        let mut prefs = serde_json::Map::new();
        for column in ["timezone", "langcode", "language"] {
            common::keep(&mut prefs, column, record.get(column).map_or(Json::Null, Value::to_json));
        }
        let mut notes = Vec::new();
        let roles = shape::groups_of(&source_id, context, &mut notes);
        Ok(Account {
            email: text("mail"),
            name: text("name"),
            enabled: record.get("status").and_then(common::truth).unwrap_or(true),
            roles,
            notes,
            prefs,
            created_at: common::moment_of(record, "created"),
            last_seen: common::moment_of(record, "access").or_else(|| common::moment_of(record, "login")),
            credential: common::credential(text("pass"), self.hints()),
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::source::kit::testing::{self, Rows};

    const COLUMNS: [&str; 8] = ["uid", "langcode", "name", "pass", "mail", "status", "init", "default_langcode"];

    #[test]
    fn blocked_users_are_disabled_and_the_anonymous_one_is_nobody() {
        let mut rows = Rows::default();
        let columns = ["bundle", "deleted", "entity_id", "roles_target_id"];
        rows.relate(&Drupal, MEMBER, &testing::row("user__roles", &columns, &["user", "0", "5", "content_editor"]));
        rows.relate(&Drupal, MEMBER, &testing::row("user__roles", &columns, &["user", "1", "5", "gone"]));
        let context = testing::context(&rows);
        let record =
            testing::row("users_field_data", &COLUMNS, &["5", "en", "eve", "$S$E", "e@example.com", "0", "", "1"]);
        let account = Drupal.interpret(&record, &context).unwrap();
        assert!(!account.enabled);
        assert_eq!((account.roles.as_slice(), account.name.as_deref()), (&["content_editor".into()][..], Some("eve")));
        for cells in [["0", "en", "", "", "", "0", "", "1"], ["5", "de", "eve", "x", "e@example.com", "1", "", "0"]] {
            let record = testing::row("users_field_data", &COLUMNS, &cells);
            assert_eq!(Drupal.interpret(&record, &context).unwrap_err().code, Code::SkippedBySource);
        }
    }
}
