//! XenForo: `xf_user` joined with `xf_user_authenticate` by `user_id`, with its groups.
//!
//! `data` of the latter is serialized PHP around the hash, which `scheme/` unwraps.

use serde_json::Value as Json;

use crate::account::Account;
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, MEMBER, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// XenForo.
pub struct XenForo;

const PASSWORD: &str = "password";

const FATES: Fates = &[
    ("user_id", shape::ID),
    ("username", shape::NAME),
    ("email", shape::EMAIL),
    ("user_state", shape::ENABLED),
    ("is_banned", shape::ENABLED),
    ("is_admin", shape::ROLES),
    ("is_moderator", shape::ROLES),
    ("user_group_id", Fate::Dropped { why: "the group everybody is in; the others become labels" }),
    ("secondary_group_ids", Fate::Transformed { to: "labels", how: "by the names of the groups" }),
    ("timezone", Fate::Prefs),
    ("custom_title", Fate::Prefs),
    ("register_date", shape::CREATED),
    ("last_activity", shape::LAST_SEEN),
    ("secret_key", TOKEN),
];

impl Source for XenForo {
    fn name(&self) -> &'static str {
        "xenforo"
    }

    fn about(&self) -> &'static str {
        "XenForo 1 and 2: xf_user with xf_user_authenticate and groups (SQL); only bcrypt maps"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns user_state and secondary_group_ids";
        shape::detection(tables, |table| self.role(table), 90, telling, "XenForo")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["user_id", "email", "user_state", "secondary_group_ids"]) {
            Role::Users
        } else if shape::has(table, &["user_id", "scheme_class", "data"]) {
            Role::Related(PASSWORD)
        } else if shape::has(table, &["user_id", "user_group_id", "is_primary"]) {
            Role::Related(MEMBER)
        } else if shape::has(table, &["user_group_id", "title"]) {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        match kind {
            PASSWORD if record.text("scheme_class")?.contains("NoPassword") => None,
            PASSWORD => Some((record.text("user_id")?.into_owned(), record.text("data")?.into_owned().into())),
            GROUP => shape::group(record, "user_group_id", "title"),
            _ if common::flag(record, "is_primary") => None,
            _ => shape::member(record, "user_id", "user_group_id"),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("user_id").unwrap_or_default();
        let state = text("user_state").unwrap_or_default();
        let kept = context.related.rows(PASSWORD, &source_id);
        let credential = match kept.first().and_then(Json::as_str) {
            Some(data) => common::credential(Some(data.to_owned().into()), self.hints()),
            None => common::without(Code::NoPassword, "xf_user_authenticate has no password for this user"),
        };
        let flags = [("is_admin", "admin"), ("is_moderator", "moderator")];
        let mut roles: Vec<std::borrow::Cow<'r, str>> =
            flags.iter().filter(|(flag, _)| common::flag(record, flag)).map(|(_, role)| (*role).into()).collect();
        let mut notes = Vec::new();
        roles.extend(shape::groups_of(&source_id, context, &mut notes));
        let mut prefs = serde_json::Map::new();
        for column in ["timezone", "custom_title"] {
            common::keep_column(&mut prefs, record, column);
        }
        Ok(Account {
            email: text("email"),
            name: text("username"),
            enabled: !common::flag(record, "is_banned") && !matches!(&*state, "moderated" | "rejected" | "disabled"),
            roles,
            prefs,
            created_at: common::moment_of(record, "register_date"),
            last_seen: common::moment_of(record, "last_activity"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn a_user_is_joined_with_what_authenticates_them() {
        let mut rows = Rows::default();
        let columns = ["user_id", "scheme_class", "data"];
        rows.relate(&XenForo, PASSWORD, &testing::row("xf_user_authenticate", &columns, &["1", "XF:Core12", "a:1:{}"]));
        rows.relate(
            &XenForo,
            PASSWORD,
            &testing::row("xf_user_authenticate", &columns, &["2", "XF:NoPassword", "a:0:{}"]),
        );
        let columns = ["user_id", "username", "email", "user_state", "is_banned", "is_admin"];
        for (id, state, banned, enabled, hashed) in
            [("1", "valid", "0", true, true), ("1", "disabled", "0", false, true), ("2", "valid", "1", false, false)]
        {
            let record = testing::row("xf_user", &columns, &[id, "x", "x@example.com", state, banned, "1"]);
            let account = XenForo.interpret(&record, &testing::context(&rows)).unwrap();
            assert_eq!(
                (account.enabled, matches!(account.credential, Credential::Hash(_))),
                (enabled, hashed),
                "{id} {state}"
            );
            assert_eq!(account.roles, ["admin"]);
        }
    }
}
