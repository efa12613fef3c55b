//! phpBB 3: `phpbb_users` with its groups and bans, under any prefix.
//!
//! phpBB stores names as it prints them, with HTML entities (`htmlspecialchars`).

use serde_json::Value as Json;

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, MEMBER, SKIP, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] =
    &[Hint::Bare, Hint::Digest("md5"), Hint::Prepared("phpBB writes & < > and quotes of a password as HTML entities")];

/// phpBB.
pub struct PhpBb;

/// Bans of single users.
const BAN: &str = "ban";

const FATES: Fates = &[
    ("user_id", shape::ID),
    (
        "user_type",
        Fate::Transformed { to: "enabled", how: "inactive users are disabled, bots left out, founders labelled" },
    ),
    ("group_id", Fate::Dropped { why: "the default of the user's groups, which become labels" }),
    ("username", Fate::Transformed { to: "name", how: "HTML entities decoded" }),
    ("username_clean", SKIP),
    ("user_password", shape::HASH),
    ("user_email", shape::EMAIL),
    ("user_regdate", shape::CREATED),
    ("user_lastvisit", shape::LAST_SEEN),
    ("user_lang", Fate::Prefs),
    ("user_timezone", Fate::Prefs),
    ("user_birthday", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("user_actkey", TOKEN),
    ("user_newpasswd", TOKEN),
    ("user_form_salt", TOKEN),
    ("reset_token", TOKEN),
];

impl Source for PhpBb {
    fn name(&self) -> &'static str {
        "phpbb"
    }

    fn about(&self) -> &'static str {
        "phpBB 3: phpbb_users with phpbb_user_group, phpbb_groups and phpbb_banlist (SQL, CSV, JSON)"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns user_type, username_clean and user_password";
        shape::detection(tables, |table| self.role(table), 90, telling, "phpBB 3")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["user_id", "user_type", "user_password", "user_email"]) {
            Role::Users
        } else if shape::has(table, &["group_id", "user_id", "user_pending"]) {
            Role::Related(MEMBER)
        } else if shape::has(table, &["group_id", "group_name", "group_type"]) {
            Role::Related(GROUP)
        } else if shape::has(table, &["ban_userid", "ban_end"]) {
            Role::Related(BAN)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        match kind {
            GROUP => shape::group(record, "group_id", "group_name"),
            BAN if common::flag(record, "ban_exclude") => None,
            BAN => Some((record.text("ban_userid")?.into_owned(), record.text("ban_end")?.into_owned().into())),
            _ if common::flag(record, "user_pending") => None,
            _ => shape::member(record, "user_id", "group_id"),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("user_id").unwrap_or_default();
        let kind = text("user_type").unwrap_or_default();
        if kind == "2" {
            return Err(shape::skipped("user_type 2: a bot or the anonymous visitor"));
        }
        let mut notes = Vec::new();
        let mut roles = shape::groups_of(&source_id, context, &mut notes);
        if kind == "3" {
            roles.insert(0, "founder".into());
        }
        let mut prefs = serde_json::Map::new();
        for column in ["user_lang", "user_timezone"] {
            common::keep(&mut prefs, column, record.get(column).map_or(Json::Null, Value::to_json));
        }
        Ok(Account {
            email: text("user_email").map(shape::decode_entities),
            name: text("username").map(shape::decode_entities),
            enabled: kind != "1" && !is_banned(&source_id, context),
            roles,
            prefs,
            created_at: common::moment_of(record, "user_regdate"),
            last_seen: common::moment_of(record, "user_lastvisit"),
            credential: common::credential(text("user_password"), self.hints()),
            source_id,
            notes,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match shape::fate(FATES, column) {
            fate if fate == shape::FOREIGN && column.starts_with("user_") => shape::INTERNAL,
            fate => fate,
        }
    }
}

/// An end of 0 is none: banned for good.
fn is_banned(user: &str, context: &Context<'_>) -> bool {
    let ends = context.related.rows(BAN, user);
    let lasts = |end: &str| end == "0" || common::parse_moment(end).is_some_and(|end| end > context.now);
    ends.iter().any(|end| end.as_str().is_some_and(lasts))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::code::Code;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn types_bans_and_entities() {
        let mut rows = Rows::default();
        let bans = ["ban_userid", "ban_end", "ban_exclude"];
        for ban in [["3", "0", "0"], ["4", "1262304000", "0"], ["5", "0", "1"]] {
            rows.relate(&PhpBb, BAN, &testing::row("phpbb_banlist", &bans, &ban));
        }
        let columns = ["user_id", "user_type", "username", "user_password", "user_email"];
        let read = |id: &'static str, kind: &'static str| {
            let record = testing::row(
                "phpbb_users",
                &columns,
                &[id, kind, "Tom &amp;lt; &quot;J&quot;", "$H$9", "t@example.com"],
            );
            let account = PhpBb.interpret(&record, &testing::context(&rows));
            account.map(|a| (a.enabled, a.roles.len(), a.name.map(Cow::into_owned))).map_err(|refusal| refusal.code)
        };
        let name = Some("Tom &lt; \"J\"".to_owned());
        assert_eq!(read("2", "3"), Ok((true, 1, name.clone())));
        assert_eq!(read("7", "1"), Ok((false, 0, name.clone())));
        assert_eq!(read("3", "0"), Ok((false, 0, name.clone())));
        assert_eq!(read("4", "0"), Ok((true, 0, name.clone())));
        assert_eq!(read("5", "0"), Ok((true, 0, name)));
        assert_eq!(read("1", "2"), Err(Code::SkippedBySource));
    }
}
