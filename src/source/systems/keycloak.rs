//! Keycloak: `kc.sh export` as realm file, users files, or the folder of both.
//!
//! <https://www.keycloak.org/server/importExport>. What the admin console exports has no credentials. A dump of the database
//! has them in a table of their own, as the export's `secretData` and `credentialData`.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common::{self, CREATED, FACTOR, HASH};
use crate::source::kit::shape::{self, GROUP, MEMBER};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// Keycloak.
pub struct Keycloak;

/// Attributes that hold a phone number by convention.
const PHONES: [&str; 5] = ["phoneNumber", "phone_number", "phone", "mobile", "mobileNumber"];

/// Attributes that say whether it is verified.
const PHONE_VERIFIED: [&str; 3] = ["phoneNumberVerified", "phone_number_verified", "phoneVerified"];

/// Rows of the database's tables, by the user's id.
const CREDENTIAL: &str = "credential";
const ATTRIBUTE: &str = "attribute";
const PROVIDER: &str = "provider";
/// The name of a realm, by its id.
const REALM: &str = "realm";

impl Source for Keycloak {
    fn name(&self) -> &'static str {
        "keycloak"
    }

    fn about(&self) -> &'static str {
        "Keycloak: realm file, users files or the folder of both, by kc.sh export, or a dump of its database; realm roles become \
         labels, but for the default ones"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        if tables.iter().any(is_user_entity) {
            let with = tables.iter().any(|table| self.role(table) == Role::Related(CREDENTIAL));
            let credentials =
                if with { "and credential" } else { "without the table credential, which holds the hashes" };
            return Some(Detection {
                score: 90,
                why: format!("the table user_entity {credentials}: Keycloak's database"),
            });
        }
        if let Some(table) = tables.iter().find(|table| self.role(table) == Role::Users && is_certain(table)) {
            let credentials =
                if common::has(table, &["credentials"]) { "with credentials" } else { "without credentials" };
            return Some(Detection { score: 90, why: format!("users of a realm, {credentials}") });
        }
        let realm = |table: &&TableSample| {
            let has = |member: &str| table.head.contains(member) || common::has(table, &[member.trim_matches('"')]);
            let settings = ["\"sslRequired\"", "\"accessTokenLifespan\"", "\"notBefore\""];
            // The lists of a realm have names; a list of users with a realm each has none.
            let lists = !table.table.is_empty()
                && !common::has(table, &["email"])
                && (has("\"clients\"") || has("\"roles\"") || has("\"components\""));
            has("\"realm\"") && (lists || settings.into_iter().any(has))
        };
        tables.iter().find(realm).map(|_| Detection {
            score: 60,
            why: "a realm file without users, which kc.sh export writes into files like demo-users-0.json".into(),
        })
    }

    fn role(&self, table: &TableSample) -> Role {
        let is_list = table.table.is_empty() || table.table == "users";
        let has = |columns: &[&str]| common::has(table, columns);
        let named = |name: &str| match table.table.as_str() {
            // A table in a file of its own.
            "" => table.path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(name)),
            _ => shape::named(table, name),
        };
        if is_user_entity(table) || is_list && has(&["username"]) || table.table == "federatedUsers" && has(&["id"]) {
            Role::Users
        } else if has(&["user_id", "secret_data", "credential_data"]) {
            Role::Related(CREDENTIAL)
        } else if named("user_attribute") && has(&["user_id", "name", "value"]) {
            Role::Related(ATTRIBUTE)
        } else if has(&["user_id", "identity_provider"]) {
            Role::Related(PROVIDER)
        } else if named("user_role_mapping") && has(&["role_id", "user_id"]) {
            Role::Related(MEMBER)
        } else if named("keycloak_role") && has(&["id", "name", "client_role"]) {
            Role::Related(GROUP)
        } else if named("realm") && has(&["id", "name"]) {
            Role::Related(REALM)
        } else {
            Role::Ignored
        }
    }

    /// An export of all realms has the administrators of Keycloak itself beside the users of the others.
    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        let is_master = |table: &TableSample| {
            let name = table.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("master-users-") || name.starts_with("master-realm") || name == "master.json"
        };
        let others = tables.iter().any(|table| self.role(table) == Role::Users && !is_master(table));
        let role = |table: &TableSample| match self.role(table) {
            Role::Users if others && is_master(table) => Role::Ignored,
            role => role,
        };
        tables.iter().map(role).collect()
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let text = |column| shape::set(record, column);
        match kind {
            MEMBER => shape::member(record, "user_id", "role_id", found),
            // What a client grants says nothing outside of it.
            GROUP if common::flag(record, "client_role") => None,
            GROUP => shape::group(record, "id", "name", found),
            REALM => found.add(kind, &text("id")?, &text("name")?),
            ATTRIBUTE => found.add(kind, &text("user_id")?, &(text("name")?, text("value"))),
            PROVIDER => found.add(kind, &text("user_id")?, &text("identity_provider")?),
            _ => {
                text("type").filter(|kind| kind == "password")?;
                let (secret, data) = (text("secret_data")?, text("credential_data")?);
                let credential = json!({ "type": "password", "secretData": secret, "credentialData": data });
                found.add(kind, &text("user_id")?, &credential)
            }
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        if record.get("realm_id").is_some() {
            return of_database(record, context);
        }
        let username = record.text("username");
        let service = record.text("serviceAccountClientId").is_some()
            || username.as_deref().is_some_and(|name| name.starts_with("service-account-"));
        if service {
            return Err(Refusal::new(
                Code::SkippedBySource,
                "a service account: it belongs to a client, not to a person",
            ));
        }
        let mut attributes = common::object(record, "attributes").unwrap_or_default();
        let id = record.text("id");
        // A user of another store has no more here than what was added: `f:STORE:NAME` for an id, attributes, a password.
        let federated = id.as_deref().filter(|id| username.is_none() && id.starts_with("f:"));
        let username = username.or_else(|| Some(Cow::Owned(federated?.rsplit(':').next()?.to_owned())));
        let added = federated.and_then(|_| single(&mut attributes, "email")).map(Cow::Owned);
        let (email, _) = shape::sign_in(record.text("email").or(added), username.clone());
        let phone = PHONES.iter().find_map(|name| single(&mut attributes, name));
        let phone_verified = PHONE_VERIFIED.iter().find_map(|name| single(&mut attributes, name));

        let mut prefs = Map::new();
        for (name, value) in attributes {
            // Attributes are lists even where they have one value.
            let value = match value {
                Json::Array(mut values) if values.len() == 1 => values.swap_remove(0),
                other => other,
            };
            common::keep(&mut prefs, &name, value);
        }
        common::keep_column(&mut prefs, record, "username");
        common::keep_column(&mut prefs, record, "groups");
        let mut clients = common::object(record, "clientRoles").unwrap_or_default();
        clients.retain(|client, _| !matches!(client.as_str(), "account" | "broker" | "realm-management"));
        common::keep(&mut prefs, "clientRoles", Json::Object(clients));

        let roles = record.get("realmRoles").into_iter().flat_map(Value::items).filter_map(Value::text);
        let name = common::join_name([record.text("firstName"), record.text("lastName")]);
        Ok(Account {
            source_id: id.clone().or_else(|| username.clone()).unwrap_or_default(),
            email_verified: email.is_some() && common::flag(record, "emailVerified"),
            email,
            phone_verified: phone.is_some() && phone_verified.as_deref() == Some("true"),
            enabled: record.get("enabled").and_then(common::truth).unwrap_or(true),
            roles: roles.filter(|role| !is_default(role)).collect(),
            created_at: common::moment_of(record, "createdTimestamp"),
            last_seen: None,
            credential: credential(record),
            notes: Vec::new(),
            name: name.or(username),
            phone: phone.map(Cow::Owned),
            prefs,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "id" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "emailVerified" | "email_verified" => Fate::Carried("email_verified"),
            "enabled" => Fate::Carried("enabled"),
            "firstName" | "lastName" | "first_name" | "last_name" => Fate::Transformed { to: "name", how: "joined" },
            "username" => Fate::Transformed { to: "prefs", how: "and the name, where there is no other" },
            "attributes" => {
                Fate::Transformed { to: "prefs", how: "but for the phone number and whether it is verified" }
            }
            "realmRoles" => Fate::Transformed { to: "labels", how: "but for those that everybody has" },
            "clientRoles" => Fate::Transformed { to: "prefs", how: "but for those of Keycloak's own clients" },
            "groups" => Fate::Prefs,
            "realm_id" => Fate::Transformed { to: "record", how: "administrators of the realm master are left out" },
            "email_constraint" | "not_before" => Fate::Dropped { why: "only Keycloak understands it" },
            "credentials" => HASH,
            "createdTimestamp" | "created_timestamp" => CREATED,
            "serviceAccountClientId" | "service_account_client_link" => {
                Fate::Transformed { to: "enabled", how: "service accounts are left out, and named" }
            }
            "federatedIdentities" | "federationLink" | "federation_link" => {
                Fate::Transformed { to: "password", how: "says why there is none" }
            }
            "totp" | "disableableCredentialTypes" => FACTOR,
            "requiredActions" => Fate::Dropped { why: "Appwrite asks for nothing at the next sign-in" },
            "notBefore" | "access" | "origin" | "self" => {
                Fate::Dropped { why: "about Keycloak's own sessions and permissions" }
            }
            "clientConsents" => Fate::Dropped { why: "consents to clients of Keycloak" },
            _ => Fate::Dropped { why: "not a member that is known of Keycloak's users" },
        }
    }
}

fn is_user_entity(table: &TableSample) -> bool {
    common::has(table, &["id", "username", "realm_id", "email_constraint"])
}

/// A row of `user_entity`, with what other tables hold of it.
fn of_database<'r>(record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
    let text = |column| shape::set(record, column);
    let id = text("id").unwrap_or_default();
    if text("service_account_client_link").is_some() {
        return Err(shape::skipped("a service account: it belongs to a client, not to a person"));
    }
    let realm = text("realm_id").unwrap_or_default();
    let named = context.related.rows(REALM, &realm);
    if named.first().and_then(Json::as_str).unwrap_or(&realm) == "master" {
        return Err(shape::skipped("of the realm master: an administrator of Keycloak itself"));
    }
    let mut attributes = Map::new();
    for row in &context.related.rows(ATTRIBUTE, &id) {
        if let Some(values) = row[0].as_str().map(|name| attributes.entry(name).or_insert_with(|| json!([])))
            && let Json::Array(values) = values
        {
            values.push(row[1].clone());
        }
    }
    let phone = PHONES.iter().find_map(|name| single(&mut attributes, name));
    let phone_verified = PHONE_VERIFIED.iter().find_map(|name| single(&mut attributes, name));
    let mut prefs = Map::new();
    for (name, value) in attributes {
        let only = value.as_array().filter(|values| values.len() == 1).map(|values| values[0].clone());
        common::keep(&mut prefs, &name, only.unwrap_or(value));
    }
    let username = text("username");
    common::keep(&mut prefs, "username", username.clone().into());
    let mut notes = Vec::new();
    let mut roles = shape::groups_of(&id, context, &mut notes);
    // Roles of clients have no name here, and ids that are none: what is left of them are UUIDs.
    roles.retain(|role| !is_default(role) && !is_uuid(role));
    let credential = match context.related.rows(CREDENTIAL, &id).first() {
        Some(credential) => Credential::Hash(HashInput {
            hash: Cow::Owned(credential.to_string()),
            hints: Hint::KNOWN,
            ..HashInput::default()
        }),
        None if text("federation_link").is_some() => common::without(
            Code::HashNotExported,
            "the password is kept by a user federation (LDAP, Kerberos …), not by Keycloak",
        ),
        None if !context.related.rows(PROVIDER, &id).is_empty() => {
            common::without(Code::NoPassword, "signs in through an identity provider and has no password")
        }
        None => common::without(Code::HashNotExported, "no row of the table credential belongs to this user"),
    };
    let (email, _) = shape::sign_in(text("email"), username.clone());
    Ok(Account {
        email_verified: email.is_some() && common::flag(record, "email_verified"),
        email,
        phone_verified: phone.is_some() && phone_verified.as_deref() == Some("true"),
        phone: phone.map(Cow::Owned),
        name: common::join_name([text("first_name"), text("last_name")]).or(username),
        enabled: record.get("enabled").and_then(common::truth).unwrap_or(true),
        roles,
        prefs,
        created_at: common::moment_of(record, "created_timestamp"),
        credential,
        notes,
        source_id: id,
        ..Account::default()
    })
}

/// Roles that everybody has.
fn is_default(role: &str) -> bool {
    role.starts_with("default-roles-") || matches!(role, "offline_access" | "uma_authorization")
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn is_certain(table: &TableSample) -> bool {
    let marks = ["credentials", "disableableCredentialTypes", "requiredActions", "realmRoles", "createdTimestamp"];
    marks.iter().filter(|mark| common::has(table, &[mark])).count() >= 2
}

/// Takes the first value of an attribute out.
fn single(attributes: &mut Map<String, Json>, name: &str) -> Option<String> {
    let first = match attributes.get(name)? {
        Json::Array(values) => values.first()?.as_str()?,
        Json::String(value) => value,
        _ => return None,
    };
    let first = Some(first.to_owned()).filter(|value| !value.is_empty());
    attributes.shift_remove(name);
    first
}

fn credential<'r>(record: &Record<'_>) -> Credential<'r> {
    let password = record
        .get("credentials")
        .into_iter()
        .flat_map(Value::items)
        .find(|credential| matches!(credential.member("type"), Some(Value::Text(kind)) if kind == "password"));
    if let Some(password) = password {
        // A realm file written by hand, or by a template, may have the password itself.
        if let Some(Value::Text(plain)) = password.member("value") {
            return Credential::Plain(Cow::Owned(plain.to_string()));
        }
        return Credential::Hash(HashInput {
            hash: Cow::Owned(password.to_json().to_string()),
            hints: Hint::KNOWN,
            ..HashInput::default()
        });
    }
    let has = |column: &str| record.get(column).is_some_and(|value| !value.is_empty());
    if has("federationLink") {
        common::without(
            Code::HashNotExported,
            "the password is kept by a user federation (LDAP, Kerberos …), not by Keycloak",
        )
    } else if has("federatedIdentities") {
        common::without(Code::NoPassword, "signs in through an identity provider and has no password")
    } else if record.get("credentials").is_none() {
        common::without(
            Code::HashNotExported,
            "the export has no credentials: use kc.sh export, not the console or the REST API",
        )
    } else {
        common::without(Code::NoPassword, "no password was ever set")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    fn read(user: Json) -> Result<(Option<Code>, Json), Code> {
        let record = testing::record(user);
        let account = Keycloak.interpret(&record, &testing::context(&NoRelated)).map_err(|refusal| refusal.code)?;
        let code = match account.credential {
            Credential::None(note) => Some(note.code),
            _ => None,
        };
        Ok((code, Json::Object(account.prefs)))
    }

    #[test]
    fn what_has_no_password_says_why() {
        for (user, code) in [
            (json!({ "username": "a", "credentials": [] }), Code::NoPassword),
            (json!({ "username": "a" }), Code::HashNotExported),
            (json!({ "username": "a", "federationLink": "ldap" }), Code::HashNotExported),
            (
                json!({ "username": "a", "credentials": [{ "type": "otp" }], "federatedIdentities": [{}] }),
                Code::NoPassword,
            ),
        ] {
            assert_eq!(read(user).map(|(code, _)| code), Ok(Some(code)));
        }
        assert_eq!(read(json!({ "username": "service-account-api" })), Err(Code::SkippedBySource));
        assert_eq!(read(json!({ "username": "x", "serviceAccountClientId": "api" })), Err(Code::SkippedBySource));
    }

    #[test]
    fn attributes_of_one_value_are_that_value() {
        let user = json!({ "username": "a", "attributes": { "locale": ["en"], "tags": ["a", "b"], "phone": ["+1"], "none": [] } });
        let (_, prefs) = read(user).expect("a person");
        assert_eq!(prefs, json!({ "locale": "en", "tags": ["a", "b"], "username": "a" }));
    }

    #[test]
    fn a_realm_without_users_is_recognised_as_one() {
        let mut table = testing::table("clients", crate::format::Format::Json, &["clientId"]);
        table.head = "{\"realm\": \"demo\", \"sslRequired\": \"external\"".into();
        let detection = Keycloak.detect(&[table]).expect("a realm");
        assert!(detection.why.contains("-users-0.json"));
    }
}
