//! Supabase (GoTrue): `auth.users` as COPY, SQL, CSV, JSON or NDJSON, mapped by name: projects of different ages have
//! different columns.
//!
//! <https://github.com/supabase/auth/tree/master/migrations>

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Credential, Hint};
use crate::code::{Code, Note, Refusal};
use crate::format::{Format, Record, TableSample};
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, LAST_SEEN, TOKEN};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Supabase.
pub struct Supabase;

/// The columns of `select * from auth.users`; `COPY` and `pg_dump` leave the generated `confirmed_at` out.
const COLUMNS: [&str; 35] = [
    "instance_id",
    "id",
    "aud",
    "role",
    "email",
    "encrypted_password",
    "email_confirmed_at",
    "invited_at",
    "confirmation_token",
    "confirmation_sent_at",
    "recovery_token",
    "recovery_sent_at",
    "email_change_token_new",
    "email_change",
    "email_change_sent_at",
    "last_sign_in_at",
    "raw_app_meta_data",
    "raw_user_meta_data",
    "is_super_admin",
    "created_at",
    "updated_at",
    "phone",
    "phone_confirmed_at",
    "phone_change",
    "phone_change_token",
    "phone_change_sent_at",
    "confirmed_at",
    "email_change_token_current",
    "email_change_confirm_status",
    "banned_until",
    "reauthentication_token",
    "reauthentication_sent_at",
    "is_sso_user",
    "deleted_at",
    "is_anonymous",
];

/// Members of the user's metadata that GoTrue copies from the account itself.
const COPIES: [&str; 5] = ["sub", "email", "email_verified", "phone", "phone_verified"];

impl Source for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn about(&self) -> &'static str {
        "Supabase, and GoTrue itself: auth.users as SQL, CSV, JSON or NDJSON; `role` and `roles` of the app metadata become labels"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let table = tables.iter().find(|table| is_certain(table) || self.headerless(table).is_some())?;
        let why = match table.columns.len() {
            0 => format!("{}, {} columns without names, as auth.users has them", table.format, table.width),
            _ if common::has(table, &["encrypted_password"]) => {
                format!("{}, encrypted_password and raw_app_meta_data: auth.users", table.format)
            }
            _ => format!("{}, aud and app_metadata: the admin API's users, which carry no hashes", table.format),
        };
        Some(Detection { score: 90, why })
    }

    fn role(&self, table: &TableSample) -> Role {
        // A dump may have another table of users; a file of its own may have some of the columns only.
        let in_dump = matches!(table.format, Format::Sql | Format::Xml);
        let has = |columns: &[&str]| common::has(table, columns);
        let users = is_certain(table)
            || (!in_dump && (has(&["encrypted_password"]) || has(&["id", "email"])))
            || self.headerless(table).is_some();
        if users { Role::Users } else { Role::Ignored }
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        let cell = |at: &str| table.records.first().and_then(|row| row.get(at)).and_then(Json::as_str).unwrap_or("");
        let is_uuid = |text: &str| text.len() == 36 && text.matches('-').count() == 4;
        let fits =
            table.columns.is_empty() && matches!(table.width, 34 | 35) && is_uuid(cell("0")) && is_uuid(cell("1"));
        let all = table.width == COLUMNS.len();
        fits.then(|| {
            COLUMNS.iter().filter(|&&name| all || name != "confirmed_at").map(|&name| name.to_owned()).collect()
        })
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let is_set = |column| record.text(column).is_some();
        if is_set("deleted_at") {
            return Err(Refusal::deleted("the user was deleted (deleted_at is set)"));
        }
        let metadata =
            |raw, api| common::object(record, raw).or_else(|| common::object(record, api)).unwrap_or_default();
        let mut app = metadata("raw_app_meta_data", "app_metadata");
        let mut prefs = metadata("raw_user_meta_data", "user_metadata");
        let credential = credential(record, &app);
        let mut notes = Vec::new();
        for column in ["raw_app_meta_data", "app_metadata", "raw_user_meta_data", "user_metadata"] {
            if record.text(column).is_some_and(|text| text != "null") && common::object(record, column).is_none() {
                let text = format!("column `{column}` holds no JSON: roles and preferences in it are left out");
                notes.push(Note::new(Code::LabelDropped, text));
            }
        }

        let mut roles = Vec::new();
        for name in ["role", "roles"] {
            let named = app.get(name).map(common::names).unwrap_or_default();
            if !named.is_empty() {
                app.shift_remove(name);
                common::add_roles(&mut roles, named);
            }
        }
        let name = name(&prefs);
        for copy in COPIES {
            prefs.shift_remove(copy);
        }
        prefs.retain(|_, value| !value.is_null());
        common::keep(&mut prefs, "app_metadata", Json::Object(app));

        // Projects from before phone sign-in have no other column; in later ones it is the earlier of the two.
        let confirmed = if record.get("email_confirmed_at").is_some() { "email_confirmed_at" } else { "confirmed_at" };
        let email = record.text("email");
        let phone = record.text("phone").map(|phone| Cow::Owned(format!("+{}", phone.trim_start_matches('+'))));
        Ok(Account {
            source_id: record.text("id").unwrap_or_default(),
            email_verified: email.is_some() && is_set(confirmed),
            phone_verified: phone.is_some() && is_set("phone_confirmed_at"),
            enabled: !record.get("banned_until").is_some_and(|until| common::is_ahead(until, context.now)),
            created_at: common::moment_of(record, "created_at"),
            last_seen: common::moment_of(record, "last_sign_in_at"),
            notes,
            email,
            phone,
            name,
            roles,
            prefs,
            credential,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "id" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "phone" => Fate::Transformed { to: "phone", how: "with its + again" },
            "encrypted_password" => HASH,
            "email_confirmed_at" | "confirmed_at" => Fate::Transformed { to: "email_verified", how: "where it is set" },
            "phone_confirmed_at" => Fate::Transformed { to: "phone_verified", how: "where it is set" },
            "banned_until" => Fate::Transformed { to: "enabled", how: "not while it lies ahead" },
            "deleted_at" => Fate::Transformed { to: "enabled", how: "deleted users are left out, and named" },
            "raw_app_meta_data" | "app_metadata" => Fate::Transformed {
                to: "labels",
                how: "`role` and `roles`; the others as `app_metadata` in the preferences",
            },
            "raw_user_meta_data" | "user_metadata" => Fate::Transformed {
                to: "prefs",
                how: "and the name, from full_name, name, display_name, user_name or first and last",
            },
            "created_at" => CREATED,
            "last_sign_in_at" => LAST_SEEN,
            "is_sso_user" | "is_anonymous" => Fate::Transformed { to: "password", how: "says why there is none" },
            "role" => Fate::Dropped { why: "PostgreSQL's role, `authenticated` for everybody" },
            "aud" | "instance_id" => Fate::Dropped { why: "the same for everybody" },
            "is_super_admin" => Fate::Dropped { why: "GoTrue itself does not use it" },
            "factors" => FACTOR,
            "identities" => Fate::Dropped { why: "the providers' names stand in the app metadata" },
            "updated_at" | "invited_at" => Fate::Dropped { why: "Appwrite sets its own dates" },
            "email_change" | "phone_change" | "email_change_confirm_status" | "new_email" | "new_phone" => {
                Fate::Dropped { why: "a change that was never confirmed" }
            }
            _ if column.ends_with("_token")
                || column.ends_with("_sent_at")
                || column.starts_with("email_change_token") =>
            {
                TOKEN
            }
            _ => Fate::Dropped { why: "not a column of auth.users" },
        }
    }
}

fn is_certain(table: &TableSample) -> bool {
    let has = |columns: &[&str]| common::has(table, columns);
    has(&["encrypted_password", "raw_app_meta_data"])
        || has(&["encrypted_password", "raw_user_meta_data"])
        || has(&["encrypted_password", "instance_id", "aud"])
        || has(&["id", "aud", "app_metadata", "user_metadata"])
}

fn credential<'r>(record: &'r Record<'r>, app: &Map<String, Json>) -> Credential<'r> {
    if record.text("encrypted_password").is_some() {
        return common::hash_in(record, "encrypted_password", Hint::KNOWN);
    }
    let mut providers = app.get("providers").map(common::names).unwrap_or_default();
    common::add_roles(&mut providers, app.get("provider").map(common::names).unwrap_or_default());
    if common::flag(record, "is_anonymous") {
        common::without(Code::NoPassword, "an anonymous user")
    } else if common::flag(record, "is_sso_user") {
        common::without(Code::NoPassword, "signs in through SSO and has no password")
    } else if record.get("encrypted_password").is_none() && providers.iter().any(|p| p == "email") {
        common::without(Code::HashNotExported, "the admin API exports no hashes: export the table auth.users instead")
    } else {
        let others: Vec<&str> = providers.iter().map(AsRef::as_ref).filter(|&p| p != "email").collect();
        let text = match others.as_slice() {
            [] => Cow::Borrowed("has no password and signs in by link or code"),
            others => Cow::Owned(format!("signs in by {} and has no password", others.join(", "))),
        };
        common::without(Code::NoPassword, text)
    }
}

fn name(metadata: &Map<String, Json>) -> Option<Cow<'static, str>> {
    let text = |name: &str| {
        let text = metadata.get(name)?.as_str()?;
        (!text.trim().is_empty()).then(|| Cow::Owned(text.to_owned()))
    };
    ["full_name", "name", "display_name"].iter().find_map(|name| text(name)).or_else(|| {
        let either = |names: [&str; 2]| names.iter().find_map(|name| text(name));
        common::join_name([either(["first_name", "given_name"]), either(["last_name", "family_name"])])
            .or_else(|| text("user_name"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    fn user(with: Json) -> Json {
        let mut user = json!({ "id": "i", "aud": "authenticated", "email": "a@example.com", "encrypted_password": "$2a$10$x",
            "raw_app_meta_data": { "provider": "email", "providers": ["email"] }, "raw_user_meta_data": {} });
        for (name, value) in with.as_object().expect("an object") {
            user[name] = value.clone();
        }
        user
    }

    #[test]
    fn bans_end_and_deletions_do_not() {
        for (until, enabled) in [
            (json!(null), true),
            (json!("2999-01-01 00:00:00+00"), false),
            (json!("infinity"), false),
            (json!("2020-01-01T00:00:00+00:00"), true),
        ] {
            let record = testing::record(user(json!({ "banned_until": until })));
            assert_eq!(
                Supabase.interpret(&record, &testing::context(&NoRelated)).expect("a person").enabled,
                enabled,
                "{until}"
            );
        }
        let record = testing::record(user(json!({ "deleted_at": "2020-01-01T00:00:00+00:00" })));
        assert_eq!(
            Supabase.interpret(&record, &testing::context(&NoRelated)).expect_err("deleted").code,
            Code::SkippedBySource
        );
    }

    #[test]
    fn names_come_from_the_metadata() {
        let named = |metadata: Json| name(metadata.as_object().expect("an object")).map(Cow::into_owned);
        assert_eq!(named(json!({ "name": "B", "full_name": "A" })).as_deref(), Some("A"));
        assert_eq!(named(json!({ "first_name": "Ada", "last_name": "L" })).as_deref(), Some("Ada L"));
        assert_eq!(named(json!({ "user_name": "octo", "full_name": " " })).as_deref(), Some("octo"));
        assert_eq!(named(json!({})), None);
    }

    #[test]
    fn old_projects_have_one_confirmation_only() {
        let record = testing::record(user(json!({ "confirmed_at": "2020-01-01T00:00:00Z" })));
        assert!(Supabase.interpret(&record, &testing::context(&NoRelated)).expect("a person").email_verified);
        let record =
            testing::record(user(json!({ "confirmed_at": "2020-01-01T00:00:00Z", "email_confirmed_at": null })));
        assert!(!Supabase.interpret(&record, &testing::context(&NoRelated)).expect("a person").email_verified);
    }

    #[test]
    fn the_admin_api_carries_no_hashes_and_says_so() {
        let record = testing::record(json!({ "id": "i", "aud": "authenticated", "email": "a@example.com",
            "app_metadata": { "providers": ["email"], "role": "admin" }, "user_metadata": { "plan": "pro" } }));
        let account = Supabase.interpret(&record, &testing::context(&NoRelated)).expect("a person");
        assert!(matches!(account.credential, Credential::None(note) if note.code == Code::HashNotExported));
        assert_eq!((account.roles.as_slice(), &account.prefs["plan"]), (&["admin".into()][..], &json!("pro")));
    }
}
