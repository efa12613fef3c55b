//! FusionAuth: `users` of its database joined with `identities`, and the users of its import and search APIs.
//!
//! Searches never show hashes. In database and import files a hash is apart from salt and factor; for bcrypt the three are
//! one string again: `$2a$` factor `$` salt (22) hash (31).

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, NAME_PART};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// FusionAuth.
pub struct FusionAuth;

const IDENTITY: &str = "identity";

const FATES: Fates = &[
    ("id", shape::ID),
    ("active", shape::ENABLED),
    ("expiry", shape::ENABLED),
    ("email", shape::EMAIL),
    ("verified", shape::EMAIL_VERIFIED),
    ("username", shape::USERNAME),
    ("full_name", shape::NAME),
    ("fullName", shape::NAME),
    ("first_name", NAME_PART),
    ("firstName", NAME_PART),
    ("middle_name", NAME_PART),
    ("middleName", NAME_PART),
    ("last_name", NAME_PART),
    ("lastName", NAME_PART),
    ("mobile_phone", shape::PHONE),
    ("mobilePhone", shape::PHONE),
    ("data", Fate::Prefs),
    ("registrations", shape::ROLES),
    ("password", shape::HASH),
    ("salt", shape::HASH),
    ("factor", shape::HASH),
    ("encryptionScheme", shape::HASH),
    ("insert_instant", shape::CREATED),
    ("insertInstant", shape::CREATED),
    ("lastLoginInstant", shape::LAST_SEEN),
    ("image_url", Fate::Prefs),
    ("imageUrl", Fate::Prefs),
    ("birth_date", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("birthDate", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("twoFactor", shape::FACTOR),
    ("memberships", shape::INTERNAL),
    ("tenants_id", shape::INTERNAL),
    ("tenantId", shape::INTERNAL),
];

impl Source for FusionAuth {
    fn name(&self) -> &'static str {
        "fusionauth"
    }

    fn about(&self) -> &'static str {
        "FusionAuth: users with identities (SQL), import files, and API searches, which hold no hashes"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "tenants_id and active, or encryptionScheme, tenantId or insertInstant";
        shape::detection(tables, |table| self.role(table), 85, telling, "FusionAuth")
    }

    fn role(&self, table: &TableSample) -> Role {
        let database =
            shape::has(table, &["id", "active", "tenants_id", "insert_instant"]) && shape::named(table, "users");
        let api = shape::has(table, &["active", "insertInstant"])
            || shape::has(table, &["email", "encryptionScheme"])
            || shape::has(table, &["usernameStatus", "tenantId"])
            // An import file may leave the scheme to the tenant.
            || (shape::has(table, &["email", "password", "salt", "factor"]) && !shape::has(table, &["users_id"]));
        if database || api {
            Role::Users
        } else if shape::has(table, &["users_id", "encryption_scheme", "password"]) {
            Role::Related(IDENTITY)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let columns =
            ["email", "username", "verified", "password", "salt", "factor", "encryption_scheme", "last_login_instant"];
        let kept =
            columns.into_iter().filter_map(|column| Some((Cow::Borrowed(column), Value::Text(record.text(column)?))));
        found.add(kind, &record.text("users_id")?, &Value::Object(kept.collect()))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let source_id = shape::set(record, "id").unwrap_or_default();
        let identity = context.related.rows(IDENTITY, &source_id).first().and_then(Json::as_object).cloned();
        let text = |own: [&'static str; 2]| own.into_iter().find_map(|column| shape::set(record, column));
        let joined = |own: &'static str, theirs: &str| {
            let kept = identity.as_ref().and_then(|identity| identity.get(theirs)?.as_str());
            shape::set(record, own).or_else(|| kept.map(|text| Cow::Owned(text.to_owned())))
        };
        let (email, username) = shape::sign_in(joined("email", "email"), joined("username", "username"));
        let verified = joined("verified", "verified").is_some_and(|v| common::truth(&Value::Text(v)) == Some(true));
        let expired = record.get("expiry").and_then(common::moment).is_some_and(|expiry| expiry <= context.now);
        let searched = identity.is_none() && record.get("password").is_none();
        let credential = if searched {
            common::without(Code::HashNotExported, "FusionAuth's API shows no hashes; export its database's identities")
        } else {
            let scheme = joined("encryptionScheme", "encryption_scheme");
            credential(joined("password", "password"), joined("salt", "salt"), joined("factor", "factor"), scheme)
        };
        let mut prefs = common::object(record, "data").unwrap_or_default();
        common::keep(&mut prefs, "username", username.into());
        if let Some(image) = text(["imageUrl", "image_url"]) {
            common::keep(&mut prefs, "imageUrl", image.into());
        }
        Ok(Account {
            email_verified: verified && email.is_some(),
            email,
            phone: text(["mobilePhone", "mobile_phone"]),
            name: text(["fullName", "full_name"]).or_else(|| {
                let parts = [["firstName", "first_name"], ["middleName", "middle_name"], ["lastName", "last_name"]];
                common::join_name(parts.map(text))
            }),
            enabled: record.get("active").and_then(common::truth).unwrap_or(true) && !expired,
            roles: roles(record),
            prefs,
            created_at: ["insertInstant", "insert_instant"].iter().find_map(|c| common::moment_of(record, c)),
            last_seen: common::moment_of(record, "lastLoginInstant").or_else(|| identity.as_ref().and_then(last_login)),
            credential,
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

fn last_login(identity: &Map<String, Json>) -> Option<jiff::Timestamp> {
    common::parse_moment(identity.get("last_login_instant")?.as_str()?)
}

fn roles<'r>(record: &'r Record<'r>) -> Vec<Cow<'r, str>> {
    let registrations = record.get("registrations").into_iter().flat_map(Value::items);
    registrations.filter_map(|r| r.member("roles")).flat_map(Value::items).filter_map(Value::text).collect()
}

type Part<'r> = Option<Cow<'r, str>>;

fn credential<'r>(hash: Part<'r>, salt: Part<'r>, factor: Part<'r>, scheme: Part<'r>) -> Credential<'r> {
    let mut input = match common::credential(hash, Hint::KNOWN) {
        Credential::Hash(input) => input,
        none => return none,
    };
    // The tenant's default, unless somebody changed it.
    let scheme = scheme.or_else(|| salt.is_some().then_some(Cow::Borrowed("salted-pbkdf2-hmac-sha256")));
    input.declared = scheme.map(|scheme| match &*scheme {
        "salted-pbkdf2-hmac-sha256" => "pbkdf2-sha256".into(),
        "salted-pbkdf2-hmac-sha512" | "salted-pbkdf2-hmac-sha512-512" => "pbkdf2-sha512".into(),
        "salted-hmac-sha256" => "hmac-sha256".into(),
        _ => scheme,
    });
    if input.declared.as_deref() == Some("bcrypt") && !input.hash.starts_with('$') {
        let cost = factor.and_then(|factor| factor.parse::<u8>().ok());
        if let (Some(salt), Some(cost)) = (&salt, cost) {
            input.hash = Cow::Owned(format!("$2a${cost:02}${salt}{}", input.hash));
        }
        return Credential::Hash(input);
    }
    let rounds = factor.and_then(|factor| factor.parse().ok());
    Credential::Hash(HashInput { salt, salt_encoding: SaltEncoding::Base64, rounds, ..input })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing::{self, Rows};
    use serde_json::json;

    #[test]
    fn bcrypt_is_one_string_again() {
        let mut rows = Rows::default();
        let columns = ["users_id", "email", "verified", "password", "salt", "factor", "encryption_scheme"];
        let cells = ["u1", "f@example.com", "t", "HASH31", "SALT22", "5", "bcrypt"];
        rows.relate(&FusionAuth, IDENTITY, &testing::row("identities", &columns, &cells));
        let record = testing::row("users", &["id", "active", "tenants_id", "first_name"], &["u1", "t", "x", "Fay"]);
        let account = FusionAuth.interpret(&record, &testing::context(&rows)).unwrap();
        assert_eq!((account.email.as_deref(), account.email_verified), (Some("f@example.com"), true));
        assert!(
            matches!(account.credential, Credential::Hash(hash) if hash.hash == "$2a$05$SALT22HASH31" && hash.salt.is_none())
        );
    }

    #[test]
    fn other_schemes_are_declared_and_searches_hold_none() {
        let record = testing::record(json!({
            "email": "f@example.com", "encryptionScheme": "salted-pbkdf2-hmac-sha256", "factor": 24000, "password": "aGFzaA==",
            "salt": "c2FsdA==", "registrations": [{"roles": ["admin"]}], "active": false,
        }));
        let account = FusionAuth.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((account.enabled, account.roles.join(" ").as_str()), (false, "admin"));
        assert!(matches!(account.credential, Credential::Hash(h) if h.declared.as_deref() == Some("pbkdf2-sha256")));
        let record =
            testing::record(json!({"id": "u", "email": "f@example.com", "insertInstant": 1_704_164_645_000_u64}));
        let account = FusionAuth.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert!(matches!(account.credential, Credential::None(note) if note.code == Code::HashNotExported));
    }
}
