//! Laravel: the `users` table of a fresh application, Breeze, Jetstream or Fortify, with spatie/laravel-permission's roles.

use serde_json::Value as Json;

use crate::account::Account;
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, FACTOR, Fates, GROUP, MEMBER, SKIP, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Laravel.
pub struct Laravel;

const FATES: Fates = &[
    ("id", shape::ID),
    ("uuid", Fate::Dropped { why: "the id identifies the user" }),
    ("name", shape::NAME),
    ("first_name", shape::NAME_PART),
    ("last_name", shape::NAME_PART),
    ("email", shape::EMAIL),
    ("email_verified_at", shape::EMAIL_VERIFIED),
    ("password", shape::HASH),
    ("phone", shape::PHONE),
    ("phone_verified_at", shape::PHONE_VERIFIED),
    ("remember_token", TOKEN),
    ("two_factor_secret", FACTOR),
    ("two_factor_recovery_codes", FACTOR),
    ("two_factor_confirmed_at", FACTOR),
    ("current_team_id", shape::INTERNAL),
    ("profile_photo_path", Fate::Prefs),
    ("created_at", shape::CREATED),
    ("updated_at", Fate::Dropped { why: "Appwrite sets its own" }),
    ("deleted_at", SKIP),
];

impl Source for Laravel {
    fn name(&self) -> &'static str {
        "laravel"
    }

    fn about(&self) -> &'static str {
        "Laravel: the users table (SQL, CSV, JSON), with the roles of spatie/laravel-permission"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let marked =
            |table: &TableSample| ["remember_token", "email_verified_at"].iter().any(|c| shape::has(table, &[c]));
        let role = |table: &TableSample| if marked(table) { self.role(table) } else { Role::Ignored };
        shape::detection(tables, role, 80, "the columns password and remember_token or email_verified_at", "Laravel")
    }

    /// `--from laravel` takes a table without its marks too: people select the columns they need.
    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["email", "password"]) && shape::named(table, "users") {
            Role::Users
        } else if shape::has(table, &["role_id", "model_type", "model_id"]) {
            Role::Related(MEMBER)
        } else if shape::has(table, &["id", "name", "guard_name"]) && shape::named(table, "roles") {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        if kind == GROUP {
            return shape::group(record, "id", "name");
        }
        // Roles may be given to any model, by its PHP class: App\Models\User.
        record.text("model_type").filter(|class| class.ends_with("User"))?;
        shape::member(record, "model_id", "role_id")
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        if shape::set(record, "deleted_at").is_some() {
            return Err(shape::skipped("deleted_at is set: the application has deleted this user"));
        }
        let text = |column| shape::set(record, column);
        let source_id = text("id").unwrap_or_default();
        let mut prefs = serde_json::Map::new();
        if let Some(path) = text("profile_photo_path") {
            common::keep(&mut prefs, "profile_photo_path", path.into());
        }
        let mut notes = Vec::new();
        let roles = shape::groups_of(&source_id, context, &mut notes);
        Ok(Account {
            email: text("email"),
            email_verified: common::moment_of(record, "email_verified_at").is_some(),
            phone: text("phone"),
            phone_verified: common::moment_of(record, "phone_verified_at").is_some(),
            name: text("name").or_else(|| common::join_name([text("first_name"), text("last_name")])),
            enabled: true,
            roles,
            notes,
            prefs,
            created_at: common::moment_of(record, "created_at"),
            credential: common::credential(text("password"), self.hints()),
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
    use crate::account::{Credential, Hint};
    use crate::format::Format;
    use crate::source::NoRelated;
    use crate::source::kit::testing::{self, Rows};

    const COLUMNS: [&str; 6] = ["id", "name", "email", "email_verified_at", "password", "deleted_at"];

    #[test]
    fn a_verified_user_with_roles() {
        let mut rows = Rows::default();
        let member = ["role_id", "model_type", "model_id"];
        rows.relate(&Laravel, MEMBER, &testing::row("model_has_roles", &member, &["1", "App\\Models\\User", "7"]));
        rows.relate(&Laravel, MEMBER, &testing::row("model_has_roles", &member, &["2", "App\\Models\\Team", "7"]));
        let group = testing::row("roles", &["id", "name", "guard_name"], &["1", "editor", "web"]);
        rows.relate(&Laravel, GROUP, &group);
        let record =
            testing::row("users", &COLUMNS, &["7", "A", "a@example.com", "2024-01-02 03:04:05", "$2y$", "NULL"]);
        let account = Laravel.interpret(&record, &testing::context(&rows)).unwrap();
        assert!(account.email_verified && account.enabled);
        assert_eq!(account.roles, ["editor"]);
        assert!(matches!(account.credential, Credential::Hash(hash) if hash.hints == Hint::KNOWN));
    }

    #[test]
    fn soft_deleted_users_are_named_and_left_out() {
        let record = testing::row("users", &COLUMNS, &["7", "A", "a@example.com", "", "x", "2024-01-02 03:04:05"]);
        let refusal = Laravel.interpret(&record, &testing::context(&NoRelated)).unwrap_err();
        assert!(refusal.text.contains("deleted_at"));
    }

    #[test]
    fn other_guards_tables_are_not_the_users() {
        assert_eq!(Laravel.role(&testing::table("users", Format::Sql, &COLUMNS)), Role::Users);
        assert_eq!(Laravel.role(&testing::table("admins", Format::Sql, &COLUMNS)), Role::Ignored);
        assert!(Laravel.detect(&[testing::table("", Format::Csv, &COLUMNS)]).is_some());
        let selected = testing::table("", Format::Csv, &["id", "email", "password"]);
        assert_eq!(Laravel.role(&selected), Role::Users);
        assert!(Laravel.detect(&[selected]).is_none());
    }
}
