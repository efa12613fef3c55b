//! Joomla: `#__users` with `#__user_usergroup_map` and `#__usergroups`, under any prefix.

use serde_json::Value as Json;

use std::borrow::Cow;

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, FACTOR, Fates, GROUP, MEMBER, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Digest("md5")];

/// Joomla.
pub struct Joomla;

const FATES: Fates = &[
    ("id", shape::ID),
    ("name", shape::NAME),
    ("username", shape::USERNAME),
    ("email", shape::EMAIL),
    ("password", shape::HASH),
    ("block", shape::ENABLED),
    ("activation", Fate::Transformed { to: "enabled", how: "disabled while somebody has not activated the account" }),
    ("registerDate", shape::CREATED),
    ("lastvisitDate", shape::LAST_SEEN),
    ("params", shape::INTERNAL),
    ("sendEmail", shape::INTERNAL),
    ("lastResetTime", shape::INTERNAL),
    ("resetCount", shape::INTERNAL),
    ("requireReset", shape::INTERNAL),
    ("usertype", shape::INTERNAL),
    ("gid", shape::INTERNAL),
    ("authProvider", shape::INTERNAL),
    ("otpKey", FACTOR),
    ("otep", TOKEN),
];

impl Source for Joomla {
    fn name(&self) -> &'static str {
        "joomla"
    }

    fn about(&self) -> &'static str {
        "Joomla: #__users with #__user_usergroup_map and #__usergroups (SQL, CSV, JSON)"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        shape::detection(
            tables,
            |table| self.role(table),
            90,
            "the columns block, registerDate and activation",
            "Joomla",
        )
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["username", "password", "block", "registerDate"]) {
            Role::Users
        } else if shape::has(table, &["user_id", "group_id"]) && shape::named(table, "user_usergroup_map") {
            Role::Related(MEMBER)
        } else if shape::has(table, &["id", "parent_id", "title"]) && shape::named(table, "usergroups") {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        match kind {
            GROUP => shape::group(record, "id", "title"),
            _ => shape::member(record, "user_id", "group_id"),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("id").unwrap_or_default();
        let (email, username) = shape::sign_in(text("email"), text("username"));
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", username.into());
        let awaits_activation = text("activation").is_some_and(|token| token != "0");
        let mut notes = Vec::new();
        let roles = shape::groups_of(&source_id, context, &mut notes);
        Ok(Account {
            email,
            name: text("name"),
            enabled: !common::flag(record, "block") && !awaits_activation,
            roles,
            notes,
            prefs,
            created_at: common::moment_of(record, "registerDate"),
            last_seen: common::moment_of(record, "lastvisitDate"),
            credential: credential(text("password"), self.hints()),
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// Joomla 3.2 and its neighbours wrote `{SHA256}` and a hexadecimal digest with its salt, which is no LDAP form of the name.
fn credential<'r>(hash: Option<Cow<'r, str>>, hints: &'static [Hint]) -> Credential<'r> {
    let salted = hash.as_deref().is_some_and(|hash| hash.starts_with("{SHA256}") && hash.contains(':'));
    common::credential(hash, hints)
        .map_hash(|input| if salted { HashInput { declared: Some("salted-sha256".into()), ..input } } else { input })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn blocked_and_unactivated_users_are_disabled() {
        let mut rows = Rows::default();
        let member = testing::row("j_user_usergroup_map", &["user_id", "group_id"], &["42", "8"]);
        rows.relate(&Joomla, MEMBER, &member);
        let group = testing::row("j_usergroups", &["id", "parent_id", "title"], &["8", "1", "Super Users"]);
        rows.relate(&Joomla, GROUP, &group);
        let columns = ["id", "name", "username", "email", "password", "block", "registerDate", "activation"];
        for (block, activation, enabled) in
            [("0", "", true), ("0", "0", true), ("1", "", false), ("0", "9f86d0", false)]
        {
            let cells = ["42", "A", "a", "a@example.com", "$2y$", block, "0000-00-00 00:00:00", activation];
            let record = testing::row("j_users", &columns, &cells);
            let account = Joomla.interpret(&record, &testing::context(&rows)).unwrap();
            assert_eq!(account.enabled, enabled, "{block} {activation}");
            assert_eq!((account.roles.as_slice(), account.created_at), (&["Super Users".into()][..], None));
        }
    }
}
