//! Amazon Cognito: `list-users` (JSON, with `Attributes: [{Name, Value}]`) and the CSV of its import tool's columns. Cognito
//! gives hashes to nobody.

use std::borrow::Cow;

use crate::account::Account;
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, FACTOR, Fates};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Amazon Cognito.
pub struct Cognito;

const FATES: Fates = &[
    ("Username", Fate::Transformed { to: "id", how: "where there is no sub; and prefs" }),
    ("cognito:username", Fate::Transformed { to: "id", how: "where there is no sub; and prefs" }),
    ("Attributes", Fate::Transformed { to: "account", how: "each attribute as its column" }),
    ("sub", shape::ID),
    ("email", shape::EMAIL),
    ("email_verified", shape::EMAIL_VERIFIED),
    ("phone_number", shape::PHONE),
    ("phone_number_verified", shape::PHONE_VERIFIED),
    ("name", shape::NAME),
    ("given_name", shape::NAME_PART),
    ("family_name", shape::NAME_PART),
    ("Enabled", shape::ENABLED),
    ("UserStatus", Fate::Transformed { to: "password", how: "tells who signs in by another provider" }),
    ("UserCreateDate", shape::CREATED),
    ("UserLastModifiedDate", Fate::Dropped { why: "Appwrite sets its own" }),
    ("updated_at", Fate::Dropped { why: "Appwrite sets its own" }),
    ("MFAOptions", FACTOR),
    ("cognito:mfa_enabled", FACTOR),
];

impl Source for Cognito {
    fn name(&self) -> &'static str {
        "cognito"
    }

    fn about(&self) -> &'static str {
        "Amazon Cognito: list-users (JSON) or CSV; Cognito exports no hashes, so everybody resets"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "Username and Attributes, or cognito:username";
        shape::detection(tables, |table| self.role(table), 90, telling, "Amazon Cognito, which exports no hashes")
    }

    fn role(&self, table: &TableSample) -> Role {
        let users = shape::has(table, &["Username", "Attributes"]) || shape::has(table, &["cognito:username"]);
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |name: &str| attribute(record, name).and_then(Value::text).filter(|text| !text.is_empty());
        let is = |name: &str| attribute(record, name).and_then(common::truth).unwrap_or(false);
        let username = shape::set(record, "Username").or_else(|| shape::set(record, "cognito:username"));
        let source_id = text("sub").or_else(|| username.clone()).unwrap_or_default();
        let (email, username) = shape::sign_in(text("email"), username);
        let external = record.text("UserStatus").as_deref() == Some("EXTERNAL_PROVIDER");
        let credential = if external {
            common::without(Code::NoPassword, "the user signs in by another provider, which keeps the password")
        } else {
            common::without(Code::HashNotExported, "Cognito exports no password hashes")
        };
        let mut prefs = serde_json::Map::new();
        common::keep(&mut prefs, "username", username.filter(|name| *name != source_id).into());
        for (name, value) in attributes(record).filter(|(name, _)| is_custom(name)) {
            common::keep(&mut prefs, &name, value.to_json());
        }
        Ok(Account {
            email,
            email_verified: is("email_verified"),
            phone: text("phone_number"),
            phone_verified: is("phone_number_verified"),
            name: text("name").or_else(|| common::join_name([text("given_name"), text("family_name")])),
            enabled: record.get("Enabled").and_then(common::truth).unwrap_or(true),
            prefs,
            created_at: common::moment_of(record, "UserCreateDate"),
            credential,
            source_id,
            ..Account::default()
        })
    }

    fn who<'r>(&self, record: &'r Record<'r>) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
        let text = |name| attribute(record, name).and_then(Value::text);
        (text("sub").or_else(|| record.text("Username")), text("email"))
    }

    fn fate(&self, column: &str) -> Fate {
        if is_custom(column) { Fate::Prefs } else { shape::fate(FATES, column) }
    }
}

/// What the pool's owner added (`custom:plan`), and what users say of themselves.
fn is_custom(name: &str) -> bool {
    name.starts_with("custom:")
        || matches!(name, "nickname" | "picture" | "website" | "locale" | "zoneinfo" | "preferred_username" | "profile")
}

fn attribute<'v, 'a>(record: &'v Record<'a>, name: &str) -> Option<&'v Value<'a>> {
    attributes(record).find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Name and value of each attribute, of either shape.
fn attributes<'v, 'a>(record: &'v Record<'a>) -> impl Iterator<Item = (Cow<'v, str>, &'v Value<'a>)> {
    let listed = record.get("Attributes").into_iter().flat_map(Value::items);
    let listed = listed.filter_map(|entry| Some((entry.member("Name")?.text()?, entry.member("Value")?)));
    listed.chain(record.iter().map(|(name, value)| (Cow::Borrowed(name), value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn json_and_csv_say_the_same() {
        let listed = testing::record(json!({
            "Username": "cora", "Enabled": false, "UserStatus": "CONFIRMED", "UserCreateDate": 1_704_164_645.12,
            "Attributes": [
                {"Name": "sub", "Value": "5d3a"}, {"Name": "email", "Value": "c@example.com"},
                {"Name": "email_verified", "Value": "true"}, {"Name": "given_name", "Value": "Cora"},
                {"Name": "custom:plan", "Value": "pro"},
            ],
        }));
        let columns = ["cognito:username", "sub", "email", "email_verified", "given_name", "custom:plan", "Enabled"];
        let row = testing::row("", &columns, &["cora", "5d3a", "c@example.com", "TRUE", "Cora", "pro", "FALSE"]);
        for record in [&listed, &row] {
            let account = Cognito.interpret(record, &testing::context(&NoRelated)).unwrap();
            assert_eq!((&*account.source_id, account.email.as_deref()), ("5d3a", Some("c@example.com")));
            assert!(account.email_verified && !account.enabled);
            assert_eq!(account.name.as_deref(), Some("Cora"));
            assert_eq!(json!(account.prefs), json!({"username": "cora", "custom:plan": "pro"}));
            assert!(matches!(account.credential, Credential::None(note) if note.code == Code::HashNotExported));
        }
    }
}
