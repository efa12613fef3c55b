//! Nhost (hasura-auth): `auth.users`, and the roles of `auth.user_roles` where a dump has them.
//!
//! <https://github.com/nhost/hasura-auth>

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::account::{Account, Hint};
use crate::code::{Code, Refusal};
use crate::format::{Format, Record, TableSample};
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, LAST_SEEN, ROLES, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Nhost.
pub struct Nhost;

/// Rows of `auth.user_roles`.
const USER_ROLES: &str = "role";

impl Source for Nhost {
    fn name(&self) -> &'static str {
        "nhost"
    }

    fn about(&self) -> &'static str {
        "Nhost: auth.users as pg_dump, CSV or JSON, with auth.user_roles where it is there; roles become labels, but for \
         `me` and `anonymous`"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let table = tables.iter().find(|table| is_certain(table))?;
        let why = format!("{}, password_hash, default_role and display_name: hasura-auth's users", table.format);
        Some(Detection { score: 90, why })
    }

    fn role(&self, table: &TableSample) -> Role {
        // A dump may have another table of users; a file of its own may have some of the columns only.
        let in_dump = matches!(table.format, Format::Sql | Format::Xml);
        if is_certain(table) || (!in_dump && common::has(table, &["id", "email"])) {
            Role::Users
        } else if common::has(table, &["user_id", "role"]) && (table.table.is_empty() || table.table == "user_roles") {
            Role::Related(USER_ROLES)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, _: &'static str, record: &Record<'_>) -> Option<(String, Json)> {
        Some((record.text("user_id")?.into_owned(), record.text("role")?.into()))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let source_id = record.text("id").unwrap_or_default();
        let (email, phone) = (record.text("email"), record.text("phone_number"));
        let mut roles: Vec<Cow<'r, str>> = record.text("default_role").into_iter().collect();
        let more = context.related.rows(USER_ROLES, &source_id);
        common::add_roles(&mut roles, more.iter().filter_map(Json::as_str).map(|role| Cow::Owned(role.to_owned())));
        roles.retain(|role| !matches!(role.as_ref(), "me" | "anonymous"));

        let mut prefs = common::object(record, "metadata").unwrap_or_default();
        for column in ["avatar_url", "locale"] {
            common::keep_column(&mut prefs, record, column);
        }
        let anonymous = common::flag(record, "is_anonymous");
        let credential = if anonymous {
            common::without(Code::NoPassword, "an anonymous user")
        } else if record.text("password_hash").is_none() {
            common::without(Code::NoPassword, "has no password and signs in by link, code or provider")
        } else {
            common::hash_in(record, "password_hash", Hint::KNOWN)
        };
        Ok(Account {
            email_verified: email.is_some() && common::flag(record, "email_verified"),
            phone_verified: phone.is_some() && common::flag(record, "phone_number_verified"),
            // hasura-auth fills display_name with the address, or with `Anonymous User`.
            name: record.text("display_name").filter(|name| Some(name) != email.as_ref() && !anonymous),
            enabled: !common::flag(record, "disabled"),
            created_at: common::moment_of(record, "created_at"),
            last_seen: common::moment_of(record, "last_seen"),
            notes: Vec::new(),
            source_id,
            email,
            phone,
            roles,
            prefs,
            credential,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "id" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "email_verified" => Fate::Carried("email_verified"),
            "phone_number" => Fate::Carried("phone"),
            "phone_number_verified" => Fate::Carried("phone_verified"),
            "display_name" => Fate::Transformed { to: "name", how: "unless it repeats the address" },
            "disabled" => Fate::Transformed { to: "enabled", how: "turned around" },
            "password_hash" => HASH,
            "default_role" => ROLES,
            "metadata" | "avatar_url" | "locale" => Fate::Prefs,
            "is_anonymous" => Fate::Transformed { to: "password", how: "says why there is none" },
            "created_at" => CREATED,
            "last_seen" => LAST_SEEN,
            "totp_secret" | "active_mfa_type" | "webauthn_current_challenge" | "currentChallenge" => FACTOR,
            "ticket" | "ticket_expires_at" | "otp_hash" | "otp_hash_expires_at" | "otp_method_last_used" => TOKEN,
            "new_email" => Fate::Dropped { why: "a change that was never confirmed" },
            "updated_at" => Fate::Dropped { why: "Appwrite sets its own dates" },
            _ => Fate::Dropped { why: "not a column of auth.users" },
        }
    }
}

fn is_certain(table: &TableSample) -> bool {
    common::has(table, &["default_role", "display_name", "password_hash"])
}
