//! Discourse: `users` of a backup's SQL, joined with `user_emails` and `user_passwords` by `user_id`.
//!
//! Hash and salt stood in `users` until 2024 and stand in `user_passwords` since
//! (<https://github.com/discourse/discourse>, `app/models/user_password.rb`).

use serde_json::{Value as Json, json};

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, MEMBER, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Digest("discourse")];

/// Discourse.
pub struct Discourse;

const EMAIL: &str = "email";
const PASSWORD: &str = "password";

const FATES: Fates = &[
    ("id", shape::ID),
    ("username", shape::USERNAME),
    ("username_lower", shape::INTERNAL),
    ("name", shape::NAME),
    ("email", shape::EMAIL),
    ("password_hash", shape::HASH),
    ("salt", shape::HASH),
    ("active", Fate::Transformed { to: "enabled", how: "an inactive user has not confirmed the address: disabled" }),
    ("staged", shape::SKIP),
    ("suspended_till", shape::ENABLED),
    ("suspended_at", shape::INTERNAL),
    ("silenced_till", Fate::Dropped { why: "who may not post may still sign in" }),
    ("admin", shape::ROLES),
    ("moderator", shape::ROLES),
    ("trust_level", Fate::Prefs),
    ("locale", Fate::Prefs),
    ("created_at", shape::CREATED),
    ("last_seen_at", shape::LAST_SEEN),
    ("auth_token", TOKEN),
    ("secure_identifier", TOKEN),
];

impl Source for Discourse {
    fn name(&self) -> &'static str {
        "discourse"
    }

    fn about(&self) -> &'static str {
        "Discourse: the SQL of a backup (users, user_emails, user_passwords, groups); its PBKDF2 maps to nothing"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns username_lower and trust_level";
        shape::detection(tables, |table| self.role(table), 90, telling, "Discourse")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["id", "username_lower", "trust_level"]) {
            Role::Users
        } else if shape::has(table, &["user_id", "email", "primary"]) && shape::named(table, "user_emails") {
            Role::Related(EMAIL)
        } else if shape::has(table, &["user_id", "password_hash", "password_salt"]) {
            Role::Related(PASSWORD)
        } else if shape::has(table, &["group_id", "user_id"]) && shape::named(table, "group_users") {
            Role::Related(MEMBER)
        } else if shape::has(table, &["id", "name", "automatic"]) && shape::named(table, "groups") {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        let text = |column| record.text(column);
        match kind {
            EMAIL if !common::flag(record, "primary") => None,
            EMAIL => Some((text("user_id")?.into_owned(), text("email")?.into_owned().into())),
            PASSWORD => {
                let parts = json!([text("password_hash")?, text("password_salt").unwrap_or_default()]);
                Some((text("user_id")?.into_owned(), parts))
            }
            // Everybody is in trust_level_0 and in what follows from the other columns.
            GROUP if common::flag(record, "automatic") => Some((text("id")?.into_owned(), Json::Null)),
            GROUP => shape::group(record, "id", "name"),
            _ => shape::member(record, "user_id", "group_id"),
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        let is = |column| common::flag(record, column);
        let source_id = text("id").unwrap_or_default();
        if source_id.starts_with('-') {
            return Err(shape::skipped("ids below 0 are Discourse's own bots"));
        }
        if is("staged") {
            return Err(shape::skipped("staged: made for the sender of an e-mail who never signed up"));
        }
        let active = record.get("active").and_then(common::truth).unwrap_or(true);
        let suspended = record.get("suspended_till").is_some_and(|till| common::is_ahead(till, context.now));
        let email = context.related.rows(EMAIL, &source_id).first().and_then(|row| row.as_str().map(str::to_owned));
        let mut roles: Vec<_> =
            ["admin", "moderator"].into_iter().filter(|role| is(role)).map(std::borrow::Cow::Borrowed).collect();
        roles.extend(groups(&source_id, context));
        let mut prefs = serde_json::Map::new();
        for column in ["username", "trust_level", "locale"] {
            common::keep_column(&mut prefs, record, column);
        }
        Ok(Account {
            email: email.map(Into::into).or_else(|| text("email")),
            email_verified: active,
            name: text("name"),
            enabled: active && !suspended,
            roles,
            prefs,
            created_at: common::moment_of(record, "created_at"),
            last_seen: common::moment_of(record, "last_seen_at"),
            credential: credential(record, &source_id, context),
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// Groups of people's own making: automatic ones are kept without a name.
fn groups<'r>(user: &str, context: &Context<'_>) -> Vec<std::borrow::Cow<'r, str>> {
    let memberships = context.related.rows(MEMBER, user);
    let ids = memberships.iter().filter_map(Json::as_str);
    ids.filter_map(|id| shape::group_name(id, context)).map(Into::into).collect()
}

fn credential<'r>(record: &'r Record<'r>, user: &str, context: &Context<'_>) -> Credential<'r> {
    let (hash, salt) = match context.related.rows(PASSWORD, user).first() {
        Some(row) => {
            let part = |i: usize| row[i].as_str().map(|text| text.to_owned().into());
            (part(0), part(1))
        }
        None => (shape::set(record, "password_hash"), shape::set(record, "salt")),
    };
    common::credential(hash, HINTS).map_hash(|input| HashInput { salt, salt_encoding: SaltEncoding::Utf8, ..input })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn a_user_is_joined_from_three_tables() {
        let mut rows = Rows::default();
        let emails = ["id", "user_id", "email", "primary"];
        rows.relate(&Discourse, EMAIL, &testing::row("user_emails", &emails, &["1", "7", "old@example.com", "f"]));
        rows.relate(&Discourse, EMAIL, &testing::row("user_emails", &emails, &["2", "7", "new@example.com", "t"]));
        let passwords = ["user_id", "password_hash", "password_salt", "password_algorithm"];
        rows.relate(&Discourse, PASSWORD, &testing::row("user_passwords", &passwords, &["7", "00ff", "aa", "$pbkdf2"]));
        let groups = ["id", "name", "automatic"];
        rows.relate(&Discourse, GROUP, &testing::row("groups", &groups, &["10", "trust_level_0", "t"]));
        rows.relate(&Discourse, GROUP, &testing::row("groups", &groups, &["41", "editors", "f"]));
        for group in ["10", "41"] {
            rows.relate(&Discourse, MEMBER, &testing::row("group_users", &["group_id", "user_id"], &[group, "7"]));
        }
        let columns = ["id", "username", "active", "admin", "suspended_till", "staged"];
        let read = |cells: [&'static str; 6]| {
            let record = testing::row("users", &columns, &cells);
            let account = Discourse.interpret(&record, &testing::context(&rows)).ok()?;
            let roles = account.roles.join(" ");
            let hash = if let Credential::Hash(input) = &account.credential { input.salt.clone() } else { None };
            Some((account.enabled, account.email?.into_owned(), roles, hash?.into_owned()))
        };
        let expected = |enabled| Some((enabled, "new@example.com".into(), "admin editors".into(), "aa".into()));
        assert_eq!(read(["7", "a", "t", "t", "", "f"]), expected(true));
        assert_eq!(read(["7", "a", "t", "t", "2999-01-01 00:00:00", "f"]), expected(false));
        assert_eq!(read(["7", "a", "t", "t", "2020-01-01 00:00:00", "f"]), expected(true));
        assert_eq!(read(["7", "a", "t", "t", "", "t"]), None);
        assert_eq!(read(["-1", "system", "t", "t", "", "f"]), None);
    }
}
