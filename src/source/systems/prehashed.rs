//! Systems that do something to a password before they hash it. Their hashes look like any other and verify nothing, so each
//! is told by columns that only it has.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::account::{Account, HashInput, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, GROUP, MEMBER};
use crate::source::{Context, Detection, Fate, Role, Source};

/// What tells such a system, and what it does.
pub struct Prehashed {
    name: &'static str,
    about: &'static str,
    product: &'static str,
    /// Columns that all of its tables of users have.
    marks: &'static [&'static str],
    /// The columns of the hash: the first that holds something.
    hash: &'static [&'static str],
    id: &'static str,
    email: &'static str,
    /// Whether its dates and flags let somebody in by this value alone; else whatever says so by its name is read.
    active: Option<(&'static str, &'static str)>,
    /// The scheme of a hash, by `rehome schemes`.
    scheme: fn(&str) -> &'static str,
}

/// Flask-Security(-Too): an HMAC-SHA512 of the password, in base64, is what is hashed (`SECURITY_PASSWORD_SINGLE_HASH` aside).
/// <https://flask-security.readthedocs.io/en/stable/configuration.html#core>
pub static FLASK_SECURITY: Prehashed = Prehashed {
    name: "flask-security",
    about: "Flask-Security: the user table with its roles; hashes are of an HMAC of the password and map to nothing",
    product: "Flask-Security",
    marks: &["email", "fs_uniquifier"],
    hash: &["password", "password_hash"],
    id: "id",
    email: "email",
    active: None,
    scheme: |_| "flask-security",
};

/// Myth:Auth for CodeIgniter 4: bcrypt or Argon2 of the base64 of a SHA-384 (`Password::hash`).
pub static MYTH_AUTH: Prehashed = Prehashed {
    name: "myth-auth",
    about: "CodeIgniter 4 with Myth:Auth: the users table; hashes are of a SHA-384 of the password and map to nothing",
    product: "Myth:Auth",
    marks: &["password_hash", "reset_hash", "activate_hash"],
    hash: &["password_hash"],
    id: "id",
    email: "email",
    active: None,
    scheme: |_| "bcrypt-sha384",
};

/// Metabase: bcrypt of the salt in `password_salt` and the password (`metabase.util.password`).
pub static METABASE: Prehashed = Prehashed {
    name: "metabase",
    about: "Metabase: core_user; hashes are of a salt and the password and map to nothing",
    product: "Metabase",
    marks: &["email", "password", "password_salt", "is_superuser"],
    hash: &["password"],
    id: "id",
    email: "email",
    active: None,
    scheme: |_| "bcrypt-salted",
};

/// Simple Machines Forum: bcrypt (2.1) or SHA-1 (before) of the lower-cased member name and the password.
pub static SMF: Prehashed = Prehashed {
    name: "smf",
    about: "Simple Machines Forum: the members table; hashes are of name and password and map to nothing",
    product: "Simple Machines Forum",
    marks: &["id_member", "member_name", "passwd", "email_address"],
    hash: &["passwd"],
    id: "id_member",
    email: "email_address",
    // 0 and 3 wait, 4 and 5 are to be deleted or too young, 11 and more are banned.
    active: Some(("is_activated", "1")),
    scheme: |hash| if hash.starts_with('$') { "smf-bcrypt" } else { "smf" },
};

const NAMES: [&str; 4] = ["name", "real_name", "full_name", "display_name"];
const CREATED: [&str; 4] = ["create_datetime", "created_at", "date_joined", "date_registered"];

impl Source for Prehashed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = match self.marks {
            [first, .., last] => format!("the columns {first} and {last}"),
            _ => String::new(),
        };
        // Above Django and Laravel, whose marks some of these have as well.
        shape::detection(tables, |table| self.role(table), 91, &telling, self.product)
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, self.marks) {
            Role::Users
        } else if shape::has(table, &["user_id", "role_id"]) {
            Role::Related(MEMBER)
        } else if shape::has(table, &["id", "name"]) && (shape::named(table, "role") || shape::named(table, "roles")) {
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
        let source_id = text(self.id).unwrap_or_default();
        let mut notes = Vec::new();
        let mut roles: Vec<Cow<'r, str>> = shape::groups_of(&source_id, context, &mut notes);
        if common::flag(record, "is_superuser") {
            roles.push("superuser".into());
        }
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", text("username").or_else(|| text("member_name")).into());
        let credential = common::credential(self.hash.iter().find_map(|column| text(column)), Hint::KNOWN);
        Ok(Account {
            email: text(self.email),
            email_verified: common::moment_of(record, "confirmed_at").is_some(),
            phone: text("us_phone_number"),
            name: NAMES
                .into_iter()
                .find_map(text)
                .or_else(|| common::join_name([text("first_name"), text("last_name")])),
            enabled: self.active.is_none_or(|(column, yes)| text(column).is_none_or(|value| value == yes)),
            roles,
            prefs,
            created_at: CREATED.into_iter().find_map(|column| common::moment_of(record, column)),
            last_seen: ["current_login_at", "last_login_at", "last_login"]
                .into_iter()
                .find_map(|column| common::moment_of(record, column)),
            credential: credential.map_hash(|input| HashInput {
                declared: Some((self.scheme)(&input.hash).into()),
                // SMF hashes the name with the password.
                salt: text("password_salt").or_else(|| text("member_name")),
                ..input
            }),
            notes,
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            _ if column == self.id => shape::ID,
            _ if column == self.email => shape::EMAIL,
            _ if self.hash.contains(&column) || column == "password_salt" => shape::HASH,
            _ if self.active.is_some_and(|(active, _)| active == column) => shape::ENABLED,
            _ if NAMES.contains(&column) => shape::NAME,
            _ if CREATED.contains(&column) => shape::CREATED,
            "first_name" | "last_name" => shape::NAME_PART,
            "username" | "member_name" => shape::USERNAME,
            "confirmed_at" => shape::EMAIL_VERIFIED,
            "us_phone_number" => shape::PHONE,
            "is_superuser" => shape::ROLES,
            "current_login_at" | "last_login_at" | "last_login" => shape::LAST_SEEN,
            "tf_totp_secret" | "us_totp_secrets" | "mf_recovery_codes" | "tf_primary_method" => shape::FACTOR,
            "reset_hash" | "activate_hash" | "reset_at" | "reset_expires" | "reset_token" => shape::TOKEN,
            "fs_uniquifier" | "fs_webauthn_user_handle" => shape::INTERNAL,
            _ => shape::FOREIGN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::format::Format;
    use crate::source::NoRelated;
    use crate::source::kit::testing;

    #[test]
    fn no_hash_of_these_is_taken_for_one_of_the_bare_password() {
        let bcrypt = "$2b$12$md7pAXGw.SKT25JlmvrZMeCSSa0XS52dSFaVCIJoIeBSwj4O3Yyk6";
        for (source, table) in
            [(&FLASK_SECURITY, "user"), (&MYTH_AUTH, "users"), (&METABASE, "core_user"), (&SMF, "smf_members")]
        {
            let mut columns = source.marks.to_vec();
            columns.extend(["id", "email", source.hash[0]].iter().filter(|column| !source.marks.contains(column)));
            let sample = testing::table(table, Format::Sql, &columns);
            let best = crate::source::ALL
                .iter()
                .filter_map(|other| Some((other.detect(std::slice::from_ref(&sample))?.score, other.name())));
            assert_eq!(best.max(), Some((91, source.name)));
            let cells: Vec<&str> =
                columns.iter().map(|column| if *column == source.hash[0] { bcrypt } else { "1" }).collect();
            let record = testing::row(table, &columns, &cells);
            let account = source.interpret(&record, &testing::context(&NoRelated)).expect("a person");
            let Credential::Hash(input) = account.credential else { panic!("a hash") };
            let verdict = crate::scheme::resolve(&input, crate::appwrite::Version::NEWEST.profile());
            assert!(matches!(verdict, crate::scheme::Verdict::Refused(_)), "{}", source.name);
        }
    }

    #[test]
    fn banned_members_of_a_forum_are_disabled() {
        for (activated, enabled) in [("1", true), ("0", false), ("3", false), ("11", false)] {
            let record = testing::row("smf_members", &["id_member", "is_activated"], &["1", activated]);
            let account = SMF.interpret(&record, &testing::context(&NoRelated)).expect("a person");
            assert_eq!(account.enabled, enabled, "{activated}");
        }
    }
}
