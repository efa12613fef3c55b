//! Moodle: `mdl_user`, under any prefix.

use serde_json::Value as Json;

use crate::account::Account;
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, SKIP, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Moodle.
pub struct Moodle;

/// What people say of themselves in their Moodle profile.
const PROFILE: [&str; 6] = ["city", "country", "lang", "institution", "department", "idnumber"];

const FATES: Fates = &[
    ("id", shape::ID),
    ("auth", Fate::Transformed { to: "enabled", how: "nologin is disabled; others tell where the password is" }),
    (
        "confirmed",
        Fate::Transformed { to: "email_verified", how: "proven if confirmed by e-mail; unconfirmed is disabled" },
    ),
    ("deleted", SKIP),
    ("suspended", shape::ENABLED),
    ("username", shape::USERNAME),
    ("password", shape::HASH),
    ("firstname", shape::NAME_PART),
    ("lastname", shape::NAME_PART),
    ("email", shape::EMAIL),
    ("phone1", shape::PHONE),
    ("phone2", Fate::Transformed { to: "phone", how: "where phone1 is empty" }),
    ("city", Fate::Prefs),
    ("country", Fate::Prefs),
    ("lang", Fate::Prefs),
    ("institution", Fate::Prefs),
    ("department", Fate::Prefs),
    ("idnumber", Fate::Prefs),
    ("timecreated", shape::CREATED),
    ("firstaccess", shape::INTERNAL),
    ("lastaccess", shape::LAST_SEEN),
    ("lastlogin", shape::LAST_SEEN),
    ("currentlogin", shape::LAST_SEEN),
    ("secret", TOKEN),
    ("address", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("description", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("mnethostid", shape::INTERNAL),
    ("policyagreed", shape::INTERNAL),
    ("emailstop", shape::INTERNAL),
    ("lastip", shape::INTERNAL),
    ("picture", shape::INTERNAL),
    ("timemodified", Fate::Dropped { why: "Appwrite sets its own" }),
];

impl Source for Moodle {
    fn name(&self) -> &'static str {
        "moodle"
    }

    fn about(&self) -> &'static str {
        "Moodle: mdl_user (SQL, CSV, JSON); with passwordpeppers set no hash can be verified, prove one with --known"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "the columns auth, mnethostid and suspended";
        let ours = |table: &TableSample| shape::has(table, &["mnethostid", "suspended"]);
        let role = |table: &TableSample| if ours(table) { self.role(table) } else { Role::Ignored };
        shape::detection(tables, role, 90, telling, "Moodle")
    }

    fn role(&self, table: &TableSample) -> Role {
        let users = shape::has(table, &["auth", "username", "password"]);
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |column| shape::set(record, column);
        if common::flag(record, "deleted") {
            return Err(shape::skipped("deleted in Moodle, which has also mangled name and address"));
        }
        if text("username").as_deref() == Some("guest") {
            return Err(shape::skipped("Moodle's guest account"));
        }
        let auth = text("auth").unwrap_or_default();
        let confirmed = record.get("confirmed").and_then(common::truth).unwrap_or(true);
        let credential = match text("password").as_deref() {
            // A provider has its own door; a directory or another database asked for a password, which Moodle never kept.
            Some("not cached") if matches!(&*auth, "oauth2" | "saml2" | "shibboleth" | "lti" | "oidc" | "mnet") => {
                common::without(Code::NoPassword, format!("signs in through `{auth}` and has no password"))
            }
            Some("not cached") => common::without(
                Code::HashNotExported,
                format!("signs in through `{auth}`, which keeps the password; Moodle has none"),
            ),
            Some("restored") => {
                common::without(Code::HashNotExported, "restored from a course backup, which holds no password")
            }
            _ => common::credential(text("password"), self.hints()),
        };
        let email = text("email");
        let mut prefs = serde_json::Map::new();
        if let Some(username) = text("username").filter(|name| Some(name) != email.as_ref()) {
            common::keep(&mut prefs, "username", username.into());
        }
        for column in PROFILE {
            common::keep(&mut prefs, column, record.get(column).map_or(Json::Null, Value::to_json));
        }
        Ok(Account {
            source_id: text("id").unwrap_or_default(),
            // Only self-registration sends a mail; everybody else is confirmed by who made the account.
            email_verified: confirmed && auth == "email",
            email,
            phone: text("phone1").or_else(|| text("phone2")),
            name: common::join_name([text("firstname"), text("lastname")]),
            enabled: confirmed && auth != "nologin" && !common::flag(record, "suspended"),
            prefs,
            created_at: common::moment_of(record, "timecreated"),
            last_seen: common::moment_of(record, "lastaccess"),
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
    fn who_may_sign_in_and_where_the_password_is() {
        let columns =
            ["id", "auth", "confirmed", "deleted", "suspended", "username", "password", "email", "mnethostid"];
        let read = |auth, confirmed, suspended, password| {
            let cells = ["5", auth, confirmed, "0", suspended, "u", password, "u@example.com", "1"];
            let record = testing::row("mdl_user", &columns, &cells);
            let account = Moodle.interpret(&record, &testing::context(&NoRelated)).unwrap();
            let code = if let Credential::None(note) = account.credential { Some(note.code) } else { None };
            (account.enabled, account.email_verified, code)
        };
        assert_eq!(read("email", "1", "0", "$2y$10$x"), (true, true, None));
        assert_eq!(read("manual", "1", "0", "$6$rounds=10000$x"), (true, false, None));
        assert_eq!(read("email", "0", "0", "$2y$10$x"), (false, false, None));
        assert_eq!(read("manual", "1", "1", "$2y$10$x"), (false, false, None));
        assert_eq!(read("ldap", "1", "0", "not cached"), (true, false, Some(Code::HashNotExported)));
        assert_eq!(read("oauth2", "1", "0", "not cached"), (true, false, Some(Code::NoPassword)));
        assert_eq!(read("manual", "1", "0", "restored"), (true, false, Some(Code::HashNotExported)));
        let deleted =
            testing::row("mdl_user", &columns, &["5", "manual", "1", "1", "0", "u.1700000000", "x", "9f86", "1"]);
        assert!(Moodle.interpret(&deleted, &testing::context(&NoRelated)).is_err());
    }
}
