//! MyBB: `mybb_users` with its groups and bans, under any prefix. Hashes are `md5(md5(salt) + md5(password))`.

use serde_json::Value as Json;

use crate::account::{Account, HashInput};
use crate::code::Refusal;
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// MyBB.
pub struct MyBb;

const BAN: &str = "ban";
/// The group that every installation has for users who have not activated their account.
const AWAITING_ACTIVATION: &str = "5";

const FATES: Fates = &[
    ("uid", shape::ID),
    ("username", shape::NAME),
    ("email", shape::EMAIL),
    ("password", shape::HASH),
    ("salt", shape::HASH),
    ("loginkey", TOKEN),
    ("usergroup", shape::ROLES),
    ("additionalgroups", shape::ROLES),
    ("regdate", shape::CREATED),
    ("lastactive", shape::LAST_SEEN),
    ("lastvisit", shape::LAST_SEEN),
];

impl Source for MyBb {
    fn name(&self) -> &'static str {
        "mybb"
    }

    fn about(&self) -> &'static str {
        "MyBB: mybb_users with mybb_usergroups and mybb_banned (SQL, CSV, JSON); its hashes map to nothing"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        shape::detection(tables, |table| self.role(table), 90, "the columns loginkey, usergroup and regdate", "MyBB")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["uid", "username", "email", "loginkey", "usergroup"]) {
            Role::Users
        } else if shape::has(table, &["gid", "title", "usertitle"]) {
            Role::Related(GROUP)
        } else if shape::has(table, &["uid", "lifted", "oldgroup"]) {
            Role::Related(BAN)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        match kind {
            GROUP => shape::group(record, "gid", "title"),
            _ => Some((record.text("uid")?.into_owned(), record.text("lifted")?.into_owned().into())),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let source_id = text("uid").unwrap_or_default();
        let group = text("usergroup").unwrap_or_default();
        let others = record.get("additionalgroups").and_then(Value::text).unwrap_or_default();
        let groups = std::iter::once(&*group).chain(common::split(&others));
        let roles = groups.filter_map(|id| shape::group_name(id, context)).map(Into::into).collect();
        // Lifted at 0 is never.
        let banned = context
            .related
            .rows(BAN, &source_id)
            .iter()
            .filter_map(Json::as_str)
            .any(|lifted| lifted == "0" || common::parse_moment(lifted).is_some_and(|end| end > context.now));
        let credential = common::credential(text("password"), self.hints()).map_hash(|input| HashInput {
            declared: Some("salted-md5".into()),
            salt: text("salt"),
            ..input
        });
        Ok(Account {
            email: text("email"),
            name: text("username"),
            enabled: !banned && group != AWAITING_ACTIVATION,
            roles,
            created_at: common::moment_of(record, "regdate"),
            last_seen: common::moment_of(record, "lastactive"),
            credential,
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
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn bans_and_groups() {
        let mut rows = Rows::default();
        rows.relate(
            &MyBb,
            GROUP,
            &testing::row("mybb_usergroups", &["gid", "title", "usertitle"], &["4", "Administrators", ""]),
        );
        for (uid, lifted) in [("2", "0"), ("3", "1600000000")] {
            rows.relate(&MyBb, BAN, &testing::row("mybb_banned", &["uid", "lifted", "oldgroup"], &[uid, lifted, "2"]));
        }
        let columns = ["uid", "username", "email", "password", "salt", "loginkey", "usergroup", "additionalgroups"];
        for (uid, group, enabled, roles) in [
            ("1", "2", true, "Administrators"),
            ("2", "7", false, "Administrators"),
            ("3", "2", true, "Administrators"),
            ("4", "5", false, "Administrators"),
        ] {
            let record =
                testing::row("mybb_users", &columns, &[uid, "m", "m@example.com", "5f4d", "s", "k", group, "4"]);
            let account = MyBb.interpret(&record, &testing::context(&rows)).unwrap();
            assert_eq!((account.enabled, account.roles.join(" ").as_str()), (enabled, roles), "{uid}");
        }
    }
}
