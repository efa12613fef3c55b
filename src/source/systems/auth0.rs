//! Auth0: the profiles of a bulk export (NDJSON, CSV, or the User Import/Export extension's), joined with the password
//! hashes that Auth0's support hands out.
//!
//! <https://auth0.com/docs/manage-users/user-migration/bulk-user-exports>. A hash belongs to the profile whose id is
//! `auth0|` and its `alt_id`, or else its `_id`. It is never joined by e-mail: two connections may hold the same address.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, LAST_SEEN};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// Auth0.
pub struct Auth0;

/// Rows of the hash file.
const HASHES: &str = "hash";

impl Source for Auth0 {
    fn name(&self) -> &'static str {
        "auth0"
    }

    fn about(&self) -> &'static str {
        "Auth0: bulk exports (NDJSON, CSV, the extension's), joined with the support's password hashes by user id; \
         `roles` of app_metadata become labels"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let profiles = tables.iter().find(|t| is_profiles(t));
        let hashes = tables.iter().any(if profiles.is_some() { could_be_hashes } else { is_hashes });
        let why = match (profiles, hashes) {
            (Some(table), true) => {
                format!("{} of users with ids like `auth0|…`, and the file of their hashes", table.format)
            }
            (Some(table), false) => format!(
                "{} of users with ids like `auth0|…`, without hashes: pass the file from Auth0's support as well",
                table.format
            ),
            (None, true) if !tables.iter().any(|table| is_hashes(table) && is_marked(table)) => return None,
            (None, true) => {
                "password hashes from Auth0's support, without profiles: pass the user export as well".into()
            }
            (None, false) => return None,
        };
        Some(Detection { score: 92, why })
    }

    fn role(&self, table: &TableSample) -> Role {
        if could_be_hashes(table) {
            Role::Related(HASHES)
        } else if is_profiles(table) || common::has(table, &["user_id"]) {
            Role::Users
        } else {
            Role::Ignored
        }
    }

    /// Without profiles, the rows of the hash file are all that is known of the users.
    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        let mut roles: Vec<Role> = tables.iter().map(|table| self.role(table)).collect();
        if !roles.contains(&Role::Users) {
            for role in roles.iter_mut().filter(|role| **role == Role::Related(HASHES)) {
                *role = Role::Users;
            }
        }
        roles
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let mut kept = Map::new();
        for name in ["passwordHash", "custom_password_hash", "email"] {
            common::keep_column(&mut kept, record, name);
        }
        let is_hash = |name: &str| kept.get(name).is_some_and(|hash| !hash.is_null());
        if !is_hash("passwordHash") && !is_hash("custom_password_hash") {
            return None;
        }
        found.add(kind, &hash_owner(record)?, &kept)
    }

    fn hashes(&self) -> Option<&'static str> {
        Some(HASHES)
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let get = |name: &str| get(record, name);
        let text = |name: &str| get(name).and_then(Value::text).filter(|text| !text.trim().is_empty());
        let flag = |name: &str| get(name).and_then(common::truth).unwrap_or(false);
        let source_id = match text("user_id").or_else(|| get("id").and_then(common::id)) {
            Some(id) => id,
            None => hash_owner(record).unwrap_or_default(),
        };
        let identities = match get("identities").map(common::json) {
            Some(Json::Array(identities)) => identities,
            _ => Vec::new(),
        };
        let identifier = identifier(record);
        let email = text("email").or_else(|| identifier.map(|(email, _)| Cow::Borrowed(email)));
        let verified =
            flag("email_verified") || flag("emailVerified") || identifier.is_some_and(|(_, verified)| verified);

        let (mut app, mut prefs) = metadata(record);
        let mut roles = Vec::new();
        for name in ["role", "roles"] {
            let named = app.get(name).map(common::names).unwrap_or_default();
            if !named.is_empty() {
                app.shift_remove(name);
                common::add_roles(&mut roles, named);
            }
        }
        common::keep(&mut prefs, "app_metadata", Json::Object(app));
        for name in ["username", "nickname", "picture"] {
            common::keep(&mut prefs, name, get(name).map_or(Json::Null, common::json));
        }
        let social = identities.iter().filter(|identity| identity["provider"] != "auth0").map(|identity| {
            json!({ "provider": identity["provider"], "user_id": identity["user_id"], "connection": identity["connection"] })
        });
        common::keep(&mut prefs, "identities", social.collect());

        // Auth0 fills `name` with the address where nobody gave one.
        let name = text("name").filter(|name| email.as_ref() != Some(name));
        let name = name.or_else(|| common::join_name([text("given_name"), text("family_name")]));
        let phone = text("phone_number").or_else(|| phone_of(&identities).map(Cow::Owned));
        // Whoever signs in by SMS has proved the number.
        let by_sms = source_id.starts_with("sms|") || identities.iter().any(|identity| identity["provider"] == "sms");
        let credential = credential(record, context, &source_id, &identities, email.as_deref());
        Ok(Account {
            email_verified: email.is_some() && verified,
            phone_verified: phone.is_some() && (flag("phone_verified") || by_sms),
            enabled: !flag("blocked"),
            created_at: get("created_at").and_then(common::moment),
            last_seen: get("last_login").and_then(common::moment),
            notes: Vec::new(),
            source_id,
            email,
            phone,
            name,
            roles,
            prefs,
            credential,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        let name = column.to_ascii_lowercase().replace(' ', "_");
        match name.as_str() {
            "user_id" | "id" | "_id" | "alt_id" => Fate::Carried("id"),
            "email" | "identifiers" => Fate::Carried("email"),
            "email_verified" | "emailverified" => Fate::Carried("email_verified"),
            "phone_number" => Fate::Carried("phone"),
            "phone_verified" => Fate::Carried("phone_verified"),
            "name" => Fate::Transformed { to: "name", how: "unless it repeats the address" },
            "given_name" | "family_name" => Fate::Transformed { to: "name", how: "where there is no name" },
            "blocked" => Fate::Transformed { to: "enabled", how: "turned around" },
            "passwordhash" | "custom_password_hash" | "password_hash" => HASH,
            "app_metadata" => Fate::Transformed {
                to: "labels",
                how: "`role` and `roles`; the others as `app_metadata` in the preferences",
            },
            "user_metadata" | "username" | "nickname" | "picture" => Fate::Prefs,
            "identities" => Fate::Transformed { to: "prefs", how: "those of other providers" },
            "created_at" => CREATED,
            "last_login" => LAST_SEEN,
            "last_ip" | "logins_count" | "last_password_reset" | "updated_at" | "password_set_date" => {
                Fate::Dropped { why: "Auth0's statistics" }
            }
            "multifactor" | "guardian_authenticators" => FACTOR,
            "tenant" | "connection" | "provider" | "_tmp_is_unique" => {
                Fate::Dropped { why: "where the user stood in Auth0" }
            }
            _ if name.starts_with("app_metadata.") || name.starts_with("user_metadata.") => Fate::Prefs,
            _ => Fate::Dropped { why: "not a member of Auth0's own" },
        }
    }
}

/// Any MongoDB collection may have `_id`, `email` and `passwordHash`; what else stands in there is Auth0's own.
fn is_hashes(table: &TableSample) -> bool {
    const OWN: [&str; 10] = [
        "alt_id",
        "tenant",
        "connection",
        "_tmp_is_unique",
        "email_verified",
        "identifiers",
        "custom_password_hash",
        "password_set_date",
        "provider",
        "version",
    ];
    could_be_hashes(table) && OWN.iter().any(|own| common::has(table, &[own]))
}

/// What the hash file is beside profiles.
fn could_be_hashes(table: &TableSample) -> bool {
    common::has(table, &["_id"])
        && ["passwordHash", "custom_password_hash"].iter().any(|name| common::has(table, &[name]))
}

/// Any application with MongoDB may have users of `_id`, `email` and `passwordHash`; Auth0's have a member of its own.
fn is_marked(table: &TableSample) -> bool {
    ["tenant", "connection", "_tmp_is_unique", "password_set_date", "identifiers", "alt_id", "custom_password_hash"]
        .iter()
        .any(|name| common::has(table, &[name]))
}

/// Users have ids with a `|` in them, under whichever name a CSV gives them.
fn is_profiles(table: &TableSample) -> bool {
    let is_id = |name: &str| ["user_id", "id", "user id"].contains(&name.to_ascii_lowercase().as_str());
    table.columns.iter().any(|column| is_id(column))
        && table.records.iter().any(|record| {
            record.iter().any(|(name, value)| is_id(name) && value.as_str().is_some_and(|id| id.contains('|')))
        })
}

/// A member under Auth0's name or under the title that the extension gives its column: `Email Verified`.
fn get<'v, 'r>(record: &'v Record<'r>, name: &str) -> Option<&'v Value<'r>> {
    record.get(name).or_else(|| {
        let same =
            |title: &str| title.bytes().map(|b| if b == b' ' { b'_' } else { b.to_ascii_lowercase() }).eq(name.bytes());
        record.iter().find(|(title, _)| title.contains(|c: char| c.is_ascii_uppercase()) && same(title)).map(|(_, v)| v)
    })
}

/// The id of the profile that a row of the hash file belongs to.
fn hash_owner<'v>(record: &'v Record<'_>) -> Option<Cow<'v, str>> {
    let id = record.text("alt_id").or_else(|| record.get("_id").and_then(common::id))?;
    Some(if id.contains('|') { id } else { Cow::Owned(format!("auth0|{id}")) })
}

/// The address in the `identifiers` of newer hash files, and whether it is verified.
fn identifier<'v>(record: &'v Record<'_>) -> Option<(&'v str, bool)> {
    record.get("identifiers")?.items().find_map(|identifier| {
        let is_email = matches!(identifier.member("type"), Some(Value::Text(kind)) if kind == "email");
        let Some(Value::Text(value)) = identifier.member("value").filter(|_| is_email) else { return None };
        Some((value.as_ref(), identifier.member("verified").and_then(common::truth).unwrap_or(false)))
    })
}

/// `app_metadata` and `user_metadata`, whole or from the columns of their members (`user_metadata.country`).
fn metadata(record: &Record<'_>) -> (Map<String, Json>, Map<String, Json>) {
    let mut app = common::object(record, "app_metadata").unwrap_or_default();
    let mut user = common::object(record, "user_metadata").unwrap_or_default();
    for (column, value) in record.iter() {
        if let Some(name) = column.strip_prefix("app_metadata.") {
            common::keep(&mut app, name, common::json(value));
        } else if let Some(name) = column.strip_prefix("user_metadata.") {
            common::keep(&mut user, name, common::json(value));
        }
    }
    (app, user)
}

fn phone_of(identities: &[Json]) -> Option<String> {
    identities
        .iter()
        .filter_map(|identity| identity.pointer("/profileData/phone_number"))
        .find_map(Json::as_str)
        .map(str::to_owned)
}

fn credential<'r>(
    record: &'r Record<'r>,
    context: &Context<'_>,
    id: &str,
    identities: &[Json],
    email: Option<&str>,
) -> Credential<'r> {
    let same = |other: &Json| match (other.as_str(), email) {
        (Some(other), Some(email)) => other.trim().eq_ignore_ascii_case(email.trim()),
        _ => true,
    };
    // An account that was linked to another keeps its password, which is of use if its address is the profile's.
    let linked = identities.iter().filter(|identity| identity["provider"] == "auth0").filter_map(|identity| {
        let user = identity["user_id"].as_str()?;
        let owner = if user.contains('|') { user.to_owned() } else { format!("auth0|{user}") };
        Some((owner, same(&identity["profileData"]["email"])))
    });
    // All rows are asked for, since one that nobody asks for is taken to be of a user who is missing.
    let mut has_password = id.starts_with("auth0|");
    let mut joined = None;
    for (owner, of_use) in std::iter::once((id.to_owned(), true)).chain(linked) {
        let rows = context.related.rows(HASHES, &owner);
        if of_use {
            has_password |= owner.starts_with("auth0|");
            joined = joined.or_else(|| rows.iter().find_map(joined_hash));
        }
    }
    for column in ["passwordHash", "password_hash"] {
        if let Some(hash) = record.text(column) {
            return common::credential(Some(hash), Hint::KNOWN);
        }
    }
    if let Some(custom) = common::object(record, "custom_password_hash") {
        return self_declared(&custom);
    }
    if let Some(joined) = joined {
        return joined;
    }
    if has_password {
        common::without(Code::HashNotExported, "no row of a hash file belongs to this user id")
    } else {
        let provider = id.split('|').next().unwrap_or_default().to_owned();
        common::without(Code::NoPassword, format!("signs in through {provider} and has no password"))
    }
}

/// What a row of the hash file holds.
fn joined_hash<'r>(row: &Json) -> Option<Credential<'r>> {
    if let Some(hash) = row.get("passwordHash").and_then(Json::as_str) {
        return Some(common::credential(Some(Cow::Owned(hash.to_owned())), Hint::KNOWN));
    }
    row.get("custom_password_hash").and_then(Json::as_object).map(self_declared)
}

fn part_of<'r>(object: &Map<String, Json>, member: &str) -> Option<Cow<'r, str>> {
    Some(Cow::Owned(object.get(member)?.as_str()?.to_owned()))
}

/// The hash of a user who was imported into Auth0 and has not signed in since.
/// <https://auth0.com/docs/manage-users/user-migration/bulk-user-import-database-schema-and-examples>
fn self_declared<'r>(custom: &Map<String, Json>) -> Credential<'r> {
    let part = |object: &str, member: &str| part_of(custom.get(object)?.as_object()?, member);
    let number = |name: &str| custom.get(name).and_then(Json::as_u64);
    let Some(hash) = part("hash", "value") else {
        return common::without(Code::HashNotExported, "custom_password_hash holds no hash");
    };
    Credential::Hash(HashInput {
        hash,
        declared: match part("password", "encoding").as_deref() {
            None | Some("ascii" | "utf8") => part_of(custom, "algorithm"),
            // A digest of other bytes than those that are typed.
            Some(_) => Some("utf16-digest".into()),
        },
        hints: Hint::KNOWN,
        salt: part("salt", "value"),
        salt_encoding: match part("salt", "encoding").as_deref() {
            Some("hex") => SaltEncoding::Hex,
            Some("base64") => SaltEncoding::Base64,
            _ => SaltEncoding::Utf8,
        },
        scrypt_n: number("cost"),
        scrypt_r: number("blockSize"),
        scrypt_p: number("parallelization"),
        scrypt_length: number("keylen"),
        ..HashInput::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    fn hash_of(account: &Account<'_>) -> String {
        match &account.credential {
            Credential::Hash(input) => input.hash.to_string(),
            Credential::Plain(_) => "plain".into(),
            Credential::None(note) => note.code.to_string(),
        }
    }

    #[test]
    fn hashes_are_joined_by_id_and_never_by_address() {
        let mut rows = Rows::default();
        for row in [
            json!({ "_id": { "$oid": "aa" }, "email": "same@example.com", "passwordHash": "$2b$10$aa" }),
            json!({ "_id": { "$oid": "bb" }, "email": "same@example.com", "passwordHash": "$2b$10$bb", "alt_id": "legacy" }),
            json!({ "_id": { "$oid": "auth0|cc" }, "passwordHash": "$2b$10$cc" }),
        ] {
            rows.relate(&Auth0, HASHES, &testing::record(row));
        }
        for (id, hash) in [
            ("auth0|aa", "$2b$10$aa"),
            ("auth0|legacy", "$2b$10$bb"),
            ("auth0|bb", "hash-not-exported"),
            ("auth0|cc", "$2b$10$cc"),
            ("google-oauth2|1", "no-password"),
        ] {
            let record = testing::record(json!({ "user_id": id, "email": "same@example.com" }));
            let account = Auth0.interpret(&record, &testing::context(&rows)).expect("a person");
            assert_eq!((account.source_id.as_ref(), hash_of(&account).as_str()), (id, hash));
        }
        let linked = testing::record(json!({ "user_id": "google-oauth2|1", "email": "same@example.com",
            "identities": [{ "provider": "google-oauth2", "user_id": "1" }, { "provider": "auth0", "user_id": "aa" }] }));
        assert_eq!(hash_of(&Auth0.interpret(&linked, &testing::context(&rows)).expect("a person")), "$2b$10$aa");
    }

    #[test]
    fn an_applications_own_users_are_not_auth0s() {
        let table = |columns: &[&str]| testing::table("", crate::format::Format::Json, columns);
        assert!(Auth0.detect(&[table(&["_id", "email", "passwordHash", "role", "isActive", "__v"])]).is_none());
        assert!(Auth0.detect(&[table(&["_id", "email", "passwordHash", "tenant", "connection"])]).is_some());
    }

    #[test]
    fn the_extensions_titles_are_its_members() {
        let record = testing::row(
            "",
            &["Id", "Given Name", "Family Name", "Email", "Email Verified", "Blocked"],
            &["auth0|1", "Ada", "Lovelace", "ada@example.com", "true", "true"],
        );
        let account = Auth0.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert_eq!((account.source_id.as_ref(), account.name.as_deref()), ("auth0|1", Some("Ada Lovelace")));
        assert_eq!((account.email_verified, account.enabled), (true, false));
    }

    #[test]
    fn columns_of_metadata_are_put_together_again() {
        let record = testing::row(
            "",
            &["user_id", "email", "name", "user_metadata.country", "app_metadata.roles", "app_metadata.plan"],
            &["auth0|1", "a@example.com", "a@example.com", "CH", "[\"admin\"]", "pro"],
        );
        let account = Auth0.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert_eq!(Json::Object(account.prefs), json!({ "country": "CH", "app_metadata": { "plan": "pro" } }));
        assert_eq!((account.roles, account.name), (vec!["admin".into()], None));
    }

    #[test]
    fn imported_hashes_declare_themselves() {
        let record = testing::record(json!({ "user_id": "auth0|1", "email": "a@example.com",
            "custom_password_hash": { "algorithm": "scrypt", "hash": { "value": "00ff", "encoding": "hex" },
                "salt": { "value": "salt", "encoding": "utf8" }, "keylen": 64, "cost": 16384, "blockSize": 8, "parallelization": 1 } }));
        let account = Auth0.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        let Credential::Hash(input) = account.credential else { panic!("a hash") };
        assert_eq!(
            (input.declared.as_deref(), input.scrypt_n, input.scrypt_length),
            (Some("scrypt"), Some(16384), Some(64))
        );
    }

    #[test]
    fn new_hash_files_have_their_address_among_identifiers() {
        let record = testing::record(json!({ "_id": { "$oid": "aa" }, "passwordHash": "$2b$10$aa",
            "identifiers": [{ "type": "phone", "value": "+1" }, { "type": "email", "value": "a@example.com", "verified": true }] }));
        let account = Auth0.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert_eq!(
            (account.source_id.as_ref(), account.email.as_deref(), account.email_verified),
            ("auth0|aa", Some("a@example.com"), true)
        );
    }
}
