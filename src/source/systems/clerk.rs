//! Clerk: the dashboard's CSV, which has hashes and no metadata, joined by id with the Backend API's JSON, which has
//! metadata and no hashes; older JSON exports.
//!
//! <https://clerk.com/docs/deployments/exporting-users>, <https://clerk.com/docs/reference/backend-api>

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, LAST_SEEN};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// Clerk.
pub struct Clerk;

/// Users of the Backend API, beside a CSV.
const PROFILES: &str = "profile";

impl Source for Clerk {
    fn name(&self) -> &'static str {
        "clerk"
    }

    fn about(&self) -> &'static str {
        "Clerk: the dashboard's CSV, joined with the Backend API's JSON by id; `role` and `roles` of public metadata become labels"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let export = tables.iter().find(|table| is_export(table));
        let api = tables.iter().any(is_api);
        let why = match (export, api) {
            (Some(table), true) => {
                format!("{} with password_digest and password_hasher, and the API's users", table.format)
            }
            (Some(table), false) => format!("{} with password_digest and password_hasher", table.format),
            (None, true) => "the Backend API's users, which carry no hashes: pass the dashboard's CSV as well".into(),
            (None, false) => return None,
        };
        Some(Detection { score: 92, why })
    }

    fn role(&self, table: &TableSample) -> Role {
        let is_partial =
            || ["primary_email_address", "email_addresses"].iter().any(|name| common::has(table, &["id", name]));
        if is_export(table) {
            Role::Users
        } else if is_api(table) {
            Role::Related(PROFILES)
        } else if is_partial() {
            Role::Users
        } else {
            Role::Ignored
        }
    }

    /// Without the CSV, the API's users are all there is.
    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        let mut roles: Vec<Role> = tables.iter().map(|table| self.role(table)).collect();
        if !roles.contains(&Role::Users) {
            for role in roles.iter_mut().filter(|role| **role == Role::Related(PROFILES)) {
                *role = Role::Users;
            }
        }
        roles
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        found.add(kind, &record.text("id")?, &Profile::members(record))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let source_id = record.text("id").unwrap_or_default();
        let mut profile = Profile { members: Profile::members(record) };
        for row in &context.related.rows(PROFILES, &source_id) {
            for (name, value) in row.as_object().into_iter().flatten() {
                common::keep(&mut profile.members, name, value.clone());
            }
        }
        let emails = Contacts::of(record, &EMAILS);
        let phones = Contacts::of(record, &PHONES);
        let mut prefs = Map::new();
        let mut roles = Vec::new();
        for (name, value) in profile.object("public_metadata") {
            let named = if matches!(name.as_str(), "role" | "roles") { common::names(&value) } else { Vec::new() };
            if named.is_empty() {
                common::keep(&mut prefs, &name, value);
            }
            common::add_roles(&mut roles, named);
        }
        common::keep(&mut prefs, "unsafe_metadata", Json::Object(profile.object("unsafe_metadata")));
        common::keep_column(&mut prefs, record, "username");
        common::keep(&mut prefs, "image_url", profile.take("image_url"));
        common::keep(&mut prefs, "other_email_addresses", emails.others());
        common::keep(&mut prefs, "other_phone_numbers", phones.others());

        let name = common::join_name([record.text("first_name"), record.text("last_name")])
            .or_else(|| record.text("username"));
        let is = |member: &str| profile.members.get(member) == Some(&Json::Bool(true));
        // A lockout with an end is over before the move is.
        let locked = is("locked") && !profile.members.contains_key("lockout_expires_in_seconds");
        let moment = |member: &str| {
            profile.members.get(member).and_then(|value| {
                value.as_i64().map_or_else(
                    || common::parse_moment(value.as_str()?),
                    |ms| jiff::Timestamp::from_millisecond(ms).ok(),
                )
            })
        };
        Ok(Account {
            email_verified: emails.first_is_verified(),
            phone_verified: phones.first_is_verified(),
            enabled: !is("banned") && !locked,
            created_at: moment("created_at"),
            last_seen: moment("last_sign_in_at"),
            credential: credential(record),
            notes: Vec::new(),
            email: emails.first(),
            phone: phones.first(),
            source_id,
            name,
            roles,
            prefs,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "id" => Fate::Carried("id"),
            "first_name" | "last_name" => Fate::Transformed { to: "name", how: "joined" },
            "username" | "image_url" | "profile_image_url" | "unsafe_metadata" => Fate::Prefs,
            "primary_email_address" | "primary_email_address_id" => Fate::Carried("email"),
            "email_addresses" | "verified_email_addresses" | "unverified_email_addresses" => Fate::Transformed {
                to: "email_verified",
                how: "if the primary one is listed; the others go to the preferences",
            },
            "primary_phone_number" | "primary_phone_number_id" => Fate::Carried("phone"),
            "phone_numbers" | "verified_phone_numbers" | "unverified_phone_numbers" => Fate::Transformed {
                to: "phone_verified",
                how: "if the primary one is listed; the others go to the preferences",
            },
            "password_digest" | "password_hasher" => HASH,
            "password_enabled" => Fate::Transformed { to: "password", how: "says why there is none" },
            "public_metadata" => {
                Fate::Transformed { to: "labels", how: "`role` and `roles`; the others go to the preferences" }
            }
            "private_metadata" => Fate::Dropped { why: "for the backend only; preferences are the user's own to read" },
            "banned" | "locked" => Fate::Transformed { to: "enabled", how: "turned around" },
            "lockout_expires_in_seconds" => {
                Fate::Transformed { to: "enabled", how: "a lockout that ends is not carried" }
            }
            "created_at" => CREATED,
            "last_sign_in_at" | "last_active_at" => LAST_SEEN,
            "totp_secret"
            | "backup_codes"
            | "backup_codes_enabled"
            | "totp_enabled"
            | "two_factor_enabled"
            | "passkeys" => FACTOR,
            "external_accounts" | "saml_accounts" | "enterprise_accounts" | "web3_wallets" => {
                Fate::Dropped { why: "people sign in to Appwrite through their provider again" }
            }
            _ => Fate::Dropped { why: "not a member that is known of Clerk's exports" },
        }
    }
}

fn is_export(table: &TableSample) -> bool {
    common::has(table, &["password_digest", "password_hasher"])
}

fn is_api(table: &TableSample) -> bool {
    common::has(table, &["id", "email_addresses", "primary_email_address_id"])
        || common::has(table, &["id", "email_addresses", "public_metadata", "password_enabled"])
}

/// What only the API knows of a user.
struct Profile {
    members: Map<String, Json>,
}

impl Profile {
    fn members(record: &Record<'_>) -> Map<String, Json> {
        let mut members = Map::new();
        for name in [
            "public_metadata",
            "unsafe_metadata",
            "image_url",
            "banned",
            "locked",
            "lockout_expires_in_seconds",
            "created_at",
            "last_sign_in_at",
        ] {
            common::keep_column(&mut members, record, name);
        }
        members
    }

    fn take(&mut self, name: &str) -> Json {
        self.members.shift_remove(name).unwrap_or_default()
    }

    fn object(&mut self, name: &str) -> Map<String, Json> {
        match self.take(name) {
            Json::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// The columns of addresses or of numbers.
struct Columns {
    primary: &'static str,
    primary_id: &'static str,
    all: &'static str,
    value: &'static str,
    verified: &'static str,
    unverified: &'static str,
}

const EMAILS: Columns = Columns {
    primary: "primary_email_address",
    primary_id: "primary_email_address_id",
    all: "email_addresses",
    value: "email_address",
    verified: "verified_email_addresses",
    unverified: "unverified_email_addresses",
};

const PHONES: Columns = Columns {
    primary: "primary_phone_number",
    primary_id: "primary_phone_number_id",
    all: "phone_numbers",
    value: "phone_number",
    verified: "verified_phone_numbers",
    unverified: "unverified_phone_numbers",
};

/// Addresses or numbers, the primary one first, each with whether it is verified.
struct Contacts<'r>(Vec<(Cow<'r, str>, bool)>);

impl<'r> Contacts<'r> {
    fn of(record: &'r Record<'r>, columns: &Columns) -> Self {
        let cell = |name: &str| match record.get(name) {
            Some(Value::Text(text)) => common::split(text).collect(),
            _ => Vec::new(),
        };
        let mut list: Vec<(Cow<'r, str>, bool)> = Vec::new();
        let mut add = |value: &'r str, verified: bool| match list
            .iter_mut()
            .find(|(known, _)| known.trim().eq_ignore_ascii_case(value.trim()))
        {
            Some((_, known)) => *known |= verified,
            None => list.push((Cow::Borrowed(value), verified)),
        };
        if let Some(Value::Text(primary)) = record.get(columns.primary)
            && !primary.trim().is_empty()
        {
            add(primary, false);
        }
        let primary_id = record.text(columns.primary_id);
        let objects = record.get(columns.all).filter(|all| matches!(all, Value::List(_)));
        let mut objects: Vec<&Value<'r>> = objects.into_iter().flat_map(Value::items).collect();
        objects.sort_by_key(|object| primary_id.is_none() || object.member("id").and_then(Value::text) != primary_id);
        for object in objects {
            let status = object.member("verification").and_then(|verification| verification.member("status"));
            if let Value::Text(value) = object.member(columns.value).unwrap_or(object) {
                add(value, matches!(status, Some(Value::Text(status)) if status == "verified"));
            }
        }
        for value in cell(columns.verified) {
            add(value, true);
        }
        for value in cell(columns.unverified).into_iter().chain(cell(columns.all)) {
            add(value, false);
        }
        Self(list)
    }

    fn first(&self) -> Option<Cow<'r, str>> {
        self.0.first().map(|(value, _)| value.clone())
    }

    fn first_is_verified(&self) -> bool {
        self.0.first().is_some_and(|(_, verified)| *verified)
    }

    fn others(&self) -> Json {
        self.0.iter().skip(1).map(|(value, _)| Json::from(value.as_ref())).collect()
    }
}

fn credential<'r>(record: &'r Record<'r>) -> Credential<'r> {
    let Some(digest) = record.text("password_digest") else {
        return if common::flag(record, "password_enabled") {
            common::without(Code::HashNotExported, "the API exports no hashes: export the dashboard's CSV as well")
        } else {
            common::without(Code::NoPassword, "has no password and signs in by code or provider")
        };
    };
    let hasher = record.text("password_hasher");
    let input = HashInput { hints: Hint::KNOWN, ..HashInput::default() };
    Credential::Hash(match hasher.as_deref() {
        Some("scrypt_firebase") => {
            let parts: Vec<String> = digest.split('$').map(str::to_owned).collect();
            let Ok([hash, salt, key, separator, rounds, mem_cost]) = <[String; 6]>::try_from(parts) else {
                return Credential::Hash(HashInput { hash: digest, declared: hasher, ..input });
            };
            HashInput {
                hash: Cow::Owned(hash),
                declared: Some(Cow::Borrowed("firebase-scrypt")),
                salt: Some(Cow::Owned(salt)),
                salt_encoding: SaltEncoding::Base64,
                signer_key: Some(Cow::Owned(key)),
                salt_separator: Some(Cow::Owned(separator)),
                rounds: rounds.parse().ok(),
                mem_cost: mem_cost.parse().ok(),
                ..input
            }
        }
        Some("pbkdf2_sha512_hex") => HashInput { hash: digest, declared: Some("pbkdf2-sha512".into()), ..input },
        // The hasher decides, not the shape: bcrypt_peppered looks like bcrypt.
        _ => HashInput { hash: digest, declared: hasher, ..input },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};
    use serde_json::json;

    #[test]
    fn the_primary_address_counts_as_verified_only_if_it_is_listed() {
        let columns = ["id", "primary_email_address", "verified_email_addresses", "unverified_email_addresses"];
        for (primary, verified, unverified, expected) in [
            ("a@example.com", "a@example.com|b@example.com", "", (Some("a@example.com"), true)),
            ("a@example.com", "b@example.com;A@Example.com", "", (Some("a@example.com"), true)),
            ("a@example.com", "b@example.com", "a@example.com", (Some("a@example.com"), false)),
            ("", "b@example.com, c@example.com", "", (Some("b@example.com"), true)),
            ("", "", "", (None, false)),
        ] {
            let record = testing::row("", &columns, &["user_1", primary, verified, unverified]);
            let account = Clerk.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
            assert_eq!((account.email.as_deref(), account.email_verified), expected, "{primary} in {verified}");
        }
    }

    #[test]
    fn the_apis_users_complete_those_of_the_csv() {
        let api = json!({ "id": "user_1", "primary_email_address_id": "e2", "email_addresses": [
                { "id": "e1", "email_address": "other@example.com", "verification": { "status": "verified" } },
                { "id": "e2", "email_address": "main@example.com", "verification": { "status": "unverified" } }],
            "public_metadata": { "role": "admin", "plan": "pro" }, "private_metadata": { "margin": 3 },
            "unsafe_metadata": { "theme": "dark" }, "banned": true, "created_at": 1_600_000_000_000_i64, "password_enabled": true });
        let mut rows = Rows::default();
        rows.relate(&Clerk, PROFILES, &testing::record(api.clone()));
        let csv = testing::row(
            "",
            &["id", "primary_email_address", "password_digest", "password_hasher"],
            &["user_1", "main@example.com", "$2a$10$x", "bcrypt"],
        );
        let joined = Clerk.interpret(&csv, &testing::context(&rows)).expect("a person");
        assert_eq!((joined.enabled, joined.roles.as_slice()), (false, &["admin".into()][..]));
        assert_eq!(Json::Object(joined.prefs), json!({ "plan": "pro", "unsafe_metadata": { "theme": "dark" } }));
        assert_eq!(joined.created_at, jiff::Timestamp::from_second(1_600_000_000).ok());

        let alone = testing::record(api);
        let alone = Clerk.interpret(&alone, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert_eq!((alone.email.as_deref(), alone.email_verified), (Some("main@example.com"), false));
        assert!(matches!(alone.credential, Credential::None(note) if note.code == Code::HashNotExported));
    }

    #[test]
    fn firebases_hashes_carry_their_parameters() {
        let record = testing::row(
            "",
            &["id", "password_digest", "password_hasher"],
            &["user_1", "aGFzaA==$c2FsdA==$a2V5$Bw==$8$14", "scrypt_firebase"],
        );
        let account = Clerk.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        let Credential::Hash(input) = account.credential else { panic!("a hash") };
        assert_eq!(
            (input.hash.as_ref(), input.salt.as_deref(), input.signer_key.as_deref()),
            ("aGFzaA==", Some("c2FsdA=="), Some("a2V5"))
        );
        assert_eq!((input.salt_separator.as_deref(), input.rounds, input.mem_cost), (Some("Bw=="), Some(8), Some(14)));
    }

    #[test]
    fn the_hasher_decides_over_the_shape() {
        let record =
            testing::row("", &["id", "password_digest", "password_hasher"], &["user_1", "$2a$10$x", "bcrypt_peppered"]);
        let account = Clerk.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert!(
            matches!(account.credential, Credential::Hash(input) if input.declared.as_deref() == Some("bcrypt_peppered"))
        );
    }
}
