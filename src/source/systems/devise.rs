//! Ruby on Rails with Devise: the `users` table.
//!
//! Devise appends `config.pepper` to the password before bcrypt, if the application sets one. The hash does not show it;
//! `scheme/` notes that beside every hash of this origin.

use crate::account::{Account, Hint};
use crate::code::{Code, Note, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, SKIP, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::PepperPossible(
    "Devise hashes its pepper with the password where one is configured; then no login would match",
)];

/// Rails with Devise.
pub struct Devise;

const COUNTER: Fate = Fate::Dropped { why: "sign-in statistics stay behind" };

const FATES: Fates = &[
    ("id", shape::ID),
    ("email", shape::EMAIL),
    ("encrypted_password", shape::HASH),
    ("confirmed_at", shape::EMAIL_VERIFIED),
    ("confirmation_token", TOKEN),
    ("confirmation_sent_at", TOKEN),
    ("unconfirmed_email", Fate::Dropped { why: "an address nobody has confirmed" }),
    ("locked_at", shape::ENABLED),
    ("failed_attempts", COUNTER),
    ("unlock_token", TOKEN),
    ("reset_password_token", TOKEN),
    ("reset_password_sent_at", TOKEN),
    ("remember_created_at", TOKEN),
    ("sign_in_count", COUNTER),
    ("current_sign_in_at", shape::LAST_SEEN),
    ("last_sign_in_at", shape::LAST_SEEN),
    ("current_sign_in_ip", COUNTER),
    ("last_sign_in_ip", COUNTER),
    ("name", shape::NAME),
    ("full_name", shape::NAME),
    ("first_name", shape::NAME_PART),
    ("last_name", shape::NAME_PART),
    ("username", shape::USERNAME),
    ("phone", shape::PHONE),
    ("phone_number", shape::PHONE),
    ("role", Fate::Transformed { to: "labels", how: "where it is a word and not an enum's number" }),
    ("admin", Fate::Transformed { to: "labels", how: "the label admin where set" }),
    ("created_at", shape::CREATED),
    ("updated_at", Fate::Dropped { why: "Appwrite sets its own" }),
    ("user_type", Fate::Transformed { to: "record", how: "GitLab's bots and ghosts are left out" }),
    ("deleted_at", SKIP),
    ("discarded_at", SKIP),
];

impl Source for Devise {
    fn name(&self) -> &'static str {
        "devise"
    }

    fn about(&self) -> &'static str {
        "Ruby on Rails with Devise: the users table (SQL, CSV, JSON); a pepper cannot be seen, prove one with --known"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        // Supabase's table has a column of that name too, and columns that Devise never has.
        let ours =
            |table: &TableSample| !shape::has(table, &["instance_id"]) && !shape::has(table, &["raw_user_meta_data"]);
        let role = |table: &TableSample| if ours(table) { self.role(table) } else { Role::Ignored };
        shape::detection(tables, role, 75, "the column encrypted_password", "Rails with Devise")
    }

    fn role(&self, table: &TableSample) -> Role {
        let users = shape::has(table, &["email", "encrypted_password"]);
        if users { Role::Users } else { Role::Ignored }
    }

    /// Each guard of an application has a table, and ids of its own: the customers are read, the others are named.
    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        let rank = |table: &TableSample| match table.table.as_str() {
            "users" => 0,
            "user" | "accounts" | "members" | "customers" => 1,
            name if name.ends_with("admins") || name.contains("admin") || name.contains("staff") => 3,
            _ => 2,
        };
        let users = tables.iter().filter(|table| self.role(table) == Role::Users);
        let chosen = users.min_by_key(|table| rank(table)).map(|table| table.table.clone());
        let is_chosen = |table: &TableSample| chosen.as_ref() == Some(&table.table);
        tables
            .iter()
            .map(|table| match self.role(table) {
                Role::Users if !is_chosen(table) => Role::Ignored,
                role => role,
            })
            .collect()
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        if let Some(column) = ["deleted_at", "discarded_at"].into_iter().find(|column| text(column).is_some()) {
            return Err(shape::skipped(format!("{column} is set: the application has deleted this user")));
        }
        // GitLab's ghosts, bots and service accounts; its people are 0, or nothing in old rows.
        if record.get("password_automatically_set").is_some()
            && let Some(kind) = text("user_type").filter(|kind| kind != "0" && kind != "human")
        {
            return Err(shape::skipped(format!("user_type {kind}: GitLab's own, not a person")));
        }
        let (email, username) = shape::sign_in(text("email"), text("username"));
        let mut notes = Vec::new();
        let locked = common::moment_of(record, "locked_at").is_some();
        if locked {
            notes.push(Note::new(Code::LockedInSource, "locked after failed sign-ins (locked_at): created disabled"));
        }
        let mut roles = Vec::new();
        if common::flag(record, "admin") {
            roles.push("admin".into());
        }
        roles.extend(text("role").filter(|role| !role.bytes().all(|b| b.is_ascii_digit())));
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", username.into());
        Ok(Account {
            source_id: text("id").unwrap_or_default(),
            email,
            email_verified: common::moment_of(record, "confirmed_at").is_some(),
            phone: text("phone_number").or_else(|| text("phone")),
            name: common::join_name([text("first_name"), text("last_name")])
                .or_else(|| text("name"))
                .or_else(|| text("full_name")),
            enabled: !locked,
            roles,
            prefs,
            created_at: common::moment_of(record, "created_at"),
            last_seen: common::moment_of(record, "current_sign_in_at")
                .or_else(|| common::moment_of(record, "last_sign_in_at")),
            credential: common::credential(text("encrypted_password"), self.hints()),
            notes,
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
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing;

    fn read<'r>(record: &'r Record<'r>) -> Account<'r> {
        Devise.interpret(record, &testing::context(&NoRelated)).unwrap()
    }

    #[test]
    fn confirmed_and_locked_users_are_told() {
        let columns = ["id", "email", "encrypted_password", "confirmed_at", "locked_at", "admin", "role"];
        let record = testing::row(
            "users",
            &columns,
            &["1", "a@example.com", "$2a$12$x", "2024-01-01 00:00:00 UTC", "", "t", "1"],
        );
        let account = read(&record);
        assert!(account.email_verified && account.enabled);
        assert_eq!((account.roles.as_slice(), account.notes.len()), (&["admin".into()][..], 0));
        let record =
            testing::row("users", &columns, &["2", "b@example.com", "", "", "2024-01-01 00:00:00", "f", "editor"]);
        let account = read(&record);
        assert!(!account.email_verified && !account.enabled);
        assert_eq!((account.roles.as_slice(), account.notes[0].code), (&["editor".into()][..], Code::LockedInSource));
        assert!(matches!(account.credential, Credential::None(_)));
    }

    #[test]
    fn supabase_is_not_devise() {
        let table = |columns: &[&str]| testing::table("users", crate::format::Format::Csv, columns);
        assert!(Devise.detect(&[table(&["email", "encrypted_password"])]).is_some());
        assert!(Devise.detect(&[table(&["email", "encrypted_password", "instance_id"])]).is_none());
    }
}
