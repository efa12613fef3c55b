//! Okta: users of its API, or a CSV with the same names (`profile.login`). Okta gives hashes to nobody.

use crate::account::Account;
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Okta.
pub struct Okta;

const FATES: Fates = &[
    ("id", shape::ID),
    ("status", Fate::Transformed { to: "enabled", how: "SUSPENDED, DEPROVISIONED and STAGED are disabled" }),
    ("profile", Fate::Transformed { to: "account", how: "address, number and name; the rest into prefs" }),
    ("credentials", Fate::Dropped { why: "Okta exports no hashes" }),
    ("created", shape::CREATED),
    ("lastLogin", shape::LAST_SEEN),
    ("activated", shape::INTERNAL),
    ("statusChanged", shape::INTERNAL),
    ("lastUpdated", Fate::Dropped { why: "Appwrite sets its own" }),
    ("passwordChanged", shape::INTERNAL),
    ("type", shape::INTERNAL),
    ("_links", shape::INTERNAL),
    ("profile.login", shape::USERNAME),
    ("profile.email", shape::EMAIL),
    ("profile.mobilePhone", shape::PHONE),
    ("profile.primaryPhone", shape::PHONE),
    ("profile.displayName", shape::NAME),
    ("profile.firstName", shape::NAME_PART),
    ("profile.lastName", shape::NAME_PART),
];

impl Source for Okta {
    fn name(&self) -> &'static str {
        "okta"
    }

    fn about(&self) -> &'static str {
        "Okta: users of its API (JSON) or profile.* columns (CSV); Okta exports no hashes, so everybody resets"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        shape::detection(
            tables,
            |table| self.role(table),
            85,
            "profile.login and status",
            "Okta, which exports no hashes",
        )
    }

    fn role(&self, table: &TableSample) -> Role {
        let login = |record: &serde_json::Map<String, serde_json::Value>| record["profile"].get("login").is_some();
        let api = shape::has(table, &["id", "status", "profile"])
            && table.records.iter().filter(|record| record.contains_key("profile")).all(login);
        let users = api || shape::has(table, &["profile.login"]);
        if users { Role::Users } else { Role::Ignored }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let profile = |name: &str| {
            let path = format!("profile.{name}");
            record.get(&path).or_else(|| record.path(&path)).and_then(Value::text).filter(|text| !text.is_empty())
        };
        let at = |path| record.path(path).and_then(Value::text);
        let login = profile("login");
        let email = profile("email").or_else(|| login.clone().and_then(shape::address_like));
        let status = shape::set(record, "status").unwrap_or_default();
        let external = matches!(at("credentials.provider.type").as_deref(), Some("FEDERATION" | "SOCIAL"));
        let credential = if external {
            common::without(Code::NoPassword, "the user signs in by another provider, which keeps the password")
        } else {
            common::without(Code::HashNotExported, "Okta exports no password hashes")
        };
        let mut prefs = serde_json::Map::new();
        let own = ["email", "firstName", "lastName", "displayName", "mobilePhone"];
        if let Some(Value::Object(members)) = record.get("profile") {
            for (name, value) in members.iter().filter(|(name, _)| !own.contains(&&**name)) {
                common::keep(&mut prefs, name, value.to_json());
            }
        }
        if login == email {
            prefs.shift_remove("login");
        }
        Ok(Account {
            source_id: shape::set(record, "id").unwrap_or_default(),
            email_verified: is_verified(record, email.as_deref()),
            email,
            phone: profile("mobilePhone"),
            name: profile("displayName").or_else(|| common::join_name([profile("firstName"), profile("lastName")])),
            enabled: !matches!(&*status, "SUSPENDED" | "DEPROVISIONED" | "STAGED"),
            prefs,
            created_at: common::moment_of(record, "created"),
            last_seen: common::moment_of(record, "lastLogin"),
            credential,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// `credentials.emails` says of each address whether it is VERIFIED.
fn is_verified(record: &Record<'_>, email: Option<&str>) -> bool {
    let mut emails = record.path("credentials.emails").into_iter().flat_map(Value::items);
    emails.any(|entry| {
        let is = |name, expected| entry.member(name).and_then(Value::text).as_deref() == Some(expected);
        is("status", "VERIFIED") && email.is_some_and(|email| is("value", email))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn the_status_decides_who_may_sign_in_and_no_hash_is_said_so() {
        for (status, enabled) in
            [("ACTIVE", true), ("PASSWORD_EXPIRED", true), ("SUSPENDED", false), ("DEPROVISIONED", false)]
        {
            let record = testing::record(json!({
                "id": "00u1", "status": status, "profile": {"login": "o@example.com", "email": "o@example.com", "firstName": "O", "lastName": "K", "title": "CEO"},
                "credentials": {"emails": [{"value": "o@example.com", "status": "VERIFIED", "type": "PRIMARY"}], "provider": {"type": "OKTA"}},
            }));
            let account = Okta.interpret(&record, &testing::context(&NoRelated)).unwrap();
            assert_eq!((account.enabled, account.email_verified), (enabled, true), "{status}");
            assert_eq!((account.name.as_deref(), &account.prefs["title"]), (Some("O K"), &json!("CEO")));
            assert!(matches!(account.credential, Credential::None(note) if note.code == Code::HashNotExported));
        }
    }
}
