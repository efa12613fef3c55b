//! vBulletin 3 to 5: `user` with `usergroup`, under any prefix.
//!
//! All of its hashes are of an MD5 of the password: `md5(md5(password) + salt)` with a column `salt` until 4, bcrypt of the
//! MD5 in `token` in 5. A bare 32-digit hash would look like MD5; the columns tell.

use serde_json::Value as Json;

use crate::account::{Account, HashInput};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// vBulletin.
pub struct VBulletin;

/// The group that every installation has for banned users.
const BANNED: &str = "8";

const FATES: Fates = &[
    ("userid", shape::ID),
    ("username", Fate::Transformed { to: "name", how: "HTML entities decoded" }),
    ("email", shape::EMAIL),
    ("password", shape::HASH),
    ("salt", shape::HASH),
    ("token", shape::HASH),
    ("scheme", shape::HASH),
    ("secret", TOKEN),
    ("usergroupid", shape::ROLES),
    ("joindate", shape::CREATED),
    ("lastvisit", shape::LAST_SEEN),
    ("lastactivity", shape::LAST_SEEN),
];

impl Source for VBulletin {
    fn name(&self) -> &'static str {
        "vbulletin"
    }

    fn about(&self) -> &'static str {
        "vBulletin 3 to 5: user with usergroup (SQL, CSV, JSON); its hashes map to nothing"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns userid, usergroupid and joindate";
        shape::detection(tables, |table| self.role(table), 90, telling, "vBulletin")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["userid", "usergroupid", "email", "joindate"]) {
            Role::Users
        } else if shape::has(table, &["usergroupid", "title"]) {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, _: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        shape::group(record, "usergroupid", "title")
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let group = text("usergroupid").unwrap_or_default();
        let declared = match text("scheme") {
            Some(scheme) if scheme.starts_with("blowfish") => "bcrypt-digest",
            _ => "salted-md5",
        };
        let hash = text("token").or_else(|| text("password"));
        let credential = common::credential(hash, self.hints()).map_hash(|input| HashInput {
            declared: Some(declared.into()),
            salt: text("salt"),
            ..input
        });
        Ok(Account {
            source_id: text("userid").unwrap_or_default(),
            email: text("email"),
            name: text("username").map(shape::decode_entities),
            enabled: group != BANNED,
            roles: shape::group_name(&group, context).into_iter().map(Into::into).collect(),
            created_at: common::moment_of(record, "joindate"),
            last_seen: common::moment_of(record, "lastactivity").or_else(|| common::moment_of(record, "lastvisit")),
            credential,
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

    #[test]
    fn no_hash_of_any_version_is_taken_for_a_bare_one() {
        let columns = ["userid", "usergroupid", "email", "password", "salt", "token", "scheme"];
        for (cells, expected) in [
            (["1", "2", "v@example.com", "5f4dcc3b5aa765d61d8327deb882cf99", "abc", "", ""], "salted-md5"),
            (["1", "8", "v@example.com", "", "", "$2y$10$x", "blowfish:10"], "bcrypt-digest"),
        ] {
            let record = testing::row("user", &columns, &cells);
            let account = VBulletin.interpret(&record, &testing::context(&NoRelated)).unwrap();
            assert_eq!(account.enabled, cells[1] != "8");
            assert!(matches!(account.credential, Credential::Hash(hash) if hash.declared.as_deref() == Some(expected)));
        }
    }
}
