//! MediaWiki: `user` with `user_groups`, under any prefix.
//!
//! Moments are fourteen digits, `20240102030405`, in UTC.

use serde_json::Value as Json;

use crate::account::Account;
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// MediaWiki.
pub struct MediaWiki;

const GROUPS: &str = "groups";

/// Names that MediaWiki keeps for its own edits (`$wgReservedUsernames`).
const RESERVED: [&str; 6] = [
    "MediaWiki default",
    "Conversion script",
    "Maintenance script",
    "Template namespace initialisation script",
    "ScriptImporter",
    "Unknown user",
];

const FATES: Fates = &[
    ("user_id", shape::ID),
    ("user_name", Fate::Transformed { to: "name", how: "where there is no real name; and prefs" }),
    ("user_real_name", shape::NAME),
    ("user_password", shape::HASH),
    ("user_newpassword", TOKEN),
    ("user_newpass_time", TOKEN),
    ("user_email", shape::EMAIL),
    ("user_email_authenticated", shape::EMAIL_VERIFIED),
    ("user_email_token", TOKEN),
    ("user_email_token_expires", TOKEN),
    ("user_token", TOKEN),
    ("user_registration", shape::CREATED),
    ("user_touched", shape::INTERNAL),
    ("user_editcount", shape::INTERNAL),
    ("user_password_expires", shape::INTERNAL),
    ("user_is_temp", shape::SKIP),
];

impl Source for MediaWiki {
    fn name(&self) -> &'static str {
        "mediawiki"
    }

    fn about(&self) -> &'static str {
        "MediaWiki: user with user_groups (SQL, CSV, JSON)"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns user_name, user_password and user_email_authenticated";
        shape::detection(tables, |table| self.role(table), 90, telling, "MediaWiki")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["user_id", "user_name", "user_password", "user_email_authenticated"]) {
            Role::Users
        } else if shape::has(table, &["ug_user", "ug_group"]) {
            Role::Related(GROUPS)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, _: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        Some((record.text("ug_user")?.into_owned(), record.text("ug_group")?.into_owned().into()))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let username = text("user_name");
        if username.as_deref().is_some_and(|name| RESERVED.contains(&name)) {
            return Err(shape::skipped("MediaWiki keeps this name for its own edits"));
        }
        if common::flag(record, "user_is_temp") {
            return Err(shape::skipped("user_is_temp: made for an edit without an account"));
        }
        let source_id = text("user_id").unwrap_or_default();
        let groups = context.related.rows(GROUPS, &source_id);
        let mut prefs = serde_json::Map::new();
        common::keep_column(&mut prefs, record, "user_name");
        Ok(Account {
            email: text("user_email"),
            email_verified: text("user_email_authenticated").is_some(),
            name: text("user_real_name").or(username),
            enabled: true,
            roles: groups.iter().filter_map(|g| g.as_str().map(|name| name.to_owned().into())).collect(),
            prefs,
            created_at: text("user_registration").and_then(|digits| moment(&digits)),
            credential: common::credential(text("user_password"), self.hints()),
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

fn moment(digits: &str) -> Option<jiff::Timestamp> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn people_are_read_and_scripts_are_not() {
        let mut rows = Rows::default();
        rows.relate(&MediaWiki, GROUPS, &testing::row("user_groups", &["ug_user", "ug_group"], &["1", "sysop"]));
        let columns = [
            "user_id",
            "user_name",
            "user_real_name",
            "user_password",
            "user_email",
            "user_email_authenticated",
            "user_registration",
        ];
        let cells = ["1", "Ada", "", ":B:aa:bb", "ada@example.com", "20240102030405", "20240102030405"];
        let record = testing::row("user", &columns, &cells);
        let account = MediaWiki.interpret(&record, &testing::context(&rows)).unwrap();
        assert!(account.email_verified);
        assert_eq!((account.name.as_deref(), account.roles.join(" ").as_str()), (Some("Ada"), "sysop"));
        assert_eq!(account.created_at, "2024-01-02T03:04:05Z".parse().ok());
        let record = testing::row("user", &columns, &["2", "Maintenance script", "", "", "", "", ""]);
        assert!(MediaWiki.interpret(&record, &testing::context(&rows)).is_err());
    }
}
