//! Ghost: staff from the JSON export or the database, members from their CSV or the database. Members sign in by a link and
//! have no passwords.

use serde_json::Value as Json;

use crate::account::Account;
use crate::code::{Code, Note, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, MEMBER, SKIP};
use crate::source::kit::strict;
use crate::source::{Context, Detection, Fate, Role, Source};

/// Ghost.
pub struct Ghost;

const FATES: Fates = &[
    ("id", shape::ID),
    ("uuid", shape::INTERNAL),
    ("name", shape::NAME),
    ("slug", shape::INTERNAL),
    ("email", shape::EMAIL),
    ("password", shape::HASH),
    ("status", Fate::Transformed { to: "enabled", how: "inactive staff are disabled; a member's tier is a label" }),
    ("labels", shape::ROLES),
    ("profile_image", Fate::Prefs),
    ("bio", Fate::Prefs),
    ("website", Fate::Prefs),
    ("location", Fate::Prefs),
    ("locale", Fate::Prefs),
    ("created_at", shape::CREATED),
    ("last_seen", shape::LAST_SEEN),
    ("last_login", shape::LAST_SEEN),
    ("last_seen_at", shape::LAST_SEEN),
    ("deleted_at", SKIP),
    ("accessibility", shape::INTERNAL),
    ("visibility", shape::INTERNAL),
    ("note", Fate::Dropped { why: "what staff wrote about a member is not for the member to read" }),
    ("stripe_customer_id", shape::INTERNAL),
    ("subscribed_to_emails", Fate::Dropped { why: "consent to newsletters belongs to what sends them" }),
    ("complimentary_plan", shape::INTERNAL),
    ("tiers", shape::INTERNAL),
    ("updated_at", Fate::Dropped { why: "Appwrite sets its own" }),
];

impl Source for Ghost {
    fn name(&self) -> &'static str {
        "ghost"
    }

    fn about(&self) -> &'static str {
        "Ghost: staff (JSON export, SQL) with passwords, members (CSV, SQL) without any"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let members = tables.iter().any(is_members);
        let telling = if members {
            "subscribed_to_emails or a member's columns"
        } else {
            "the staff columns slug and visibility"
        };
        shape::detection(tables, |table| self.role(table), 85, telling, "Ghost")
    }

    fn role(&self, table: &TableSample) -> Role {
        if is_staff(table) || is_members(table) {
            Role::Users
        } else if shape::has(table, &["role_id", "user_id"]) && shape::named(table, "roles_users") {
            Role::Related(MEMBER)
        } else if shape::has(table, &["id", "name", "description"]) && shape::named(table, "roles") {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        match kind {
            GROUP => shape::group(record, "id", "name"),
            _ => shape::member(record, "user_id", "role_id"),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        if text("deleted_at").is_some() {
            return Err(shape::skipped("deleted_at is set: a deleted member"));
        }
        let source_id = text("id").unwrap_or_default();
        let is_staff = record.get("password").is_some();
        let status = text("status").unwrap_or_default();
        let mut notes = Vec::new();
        if is_staff && status == "locked" {
            notes.push(Note::new(
                Code::LockedInSource,
                "Ghost asks this user for a new password before the next sign-in",
            ));
        }
        let mut roles = shape::groups_of(&source_id, context, &mut notes);
        let mut credential = common::credential(text("password"), self.hints());
        if !is_staff {
            roles.extend(
                strict::words("labels", record.get("labels"), &[','])?.into_iter().map(|l| l.into_owned().into()),
            );
            roles.extend(text("status").map(|status| status.into_owned().into()));
            credential = common::without(Code::NoPassword, "Ghost's members sign in by a link and have no password");
        }
        let mut prefs = serde_json::Map::new();
        for column in ["profile_image", "bio", "website", "location", "locale"] {
            common::keep_column(&mut prefs, record, column);
        }
        Ok(Account {
            email: text("email"),
            name: text("name"),
            enabled: !(is_staff && status == "inactive"),
            roles,
            prefs,
            created_at: common::moment_of(record, "created_at"),
            last_seen: ["last_seen", "last_seen_at", "last_login"].iter().find_map(|c| common::moment_of(record, c)),
            credential,
            source_id,
            notes,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

fn is_staff(table: &TableSample) -> bool {
    shape::has(table, &["slug", "email", "password", "visibility"])
}

fn is_members(table: &TableSample) -> bool {
    shape::has(table, &["email", "subscribed_to_emails"])
        || (shape::has(table, &["uuid", "email", "status", "email_count"]) && shape::named(table, "members"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing::{self, Rows};
    use serde_json::json;

    #[test]
    fn staff_have_roles_and_passwords() {
        let mut rows = Rows::default();
        rows.relate(&Ghost, MEMBER, &testing::record(json!({"id": "1", "role_id": "r", "user_id": "5"})));
        rows.relate(&Ghost, GROUP, &testing::record(json!({"id": "r", "name": "Editor", "description": ""})));
        for (status, enabled) in [("active", true), ("inactive", false), ("warn-1", true)] {
            let staff = json!({"id": "5", "name": "G", "slug": "g", "email": "g@example.com", "password": "$2a$10$x", "status": status});
            let record = testing::record(staff);
            let account = Ghost.interpret(&record, &testing::context(&rows)).unwrap();
            assert_eq!((account.enabled, account.roles.join(" ").as_str()), (enabled, "Editor"), "{status}");
            assert!(matches!(account.credential, Credential::Hash(_)));
        }
    }

    #[test]
    fn members_have_labels_and_no_passwords() {
        let columns = ["id", "email", "name", "subscribed_to_emails", "labels", "deleted_at"];
        let record = testing::row("", &columns, &["6", "m@example.com", "M", "true", "vip,early", ""]);
        let account = Ghost.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!(account.roles, ["vip", "early"]);
        assert!(account.enabled);
        assert!(matches!(account.credential, Credential::None(note) if note.text.contains("link")));
    }
}
