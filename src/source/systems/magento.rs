//! Magento: `customer_entity` of Magento 2, the EAV tables of Magento 1, and the admin's customer CSV.
//!
//! Magento 1 keeps names and hash in `customer_entity_varchar`, by attribute. `eav_attribute` says which attribute is which;
//! without it the numbers of every fresh installation hold.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates, GROUP, NAME_PART, TOKEN};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Digest("md5")];

/// Magento and Adobe Commerce.
pub struct Magento;

/// Magento 1's values, by customer.
const VALUE: &str = "value";
/// Magento 1's attributes, by number.
const ATTRIBUTE: &str = "attribute";
/// The attributes of a fresh Magento 1.
const FRESH: [(&str, &str); 3] = [("firstname", "5"), ("lastname", "7"), ("password_hash", "12")];

const FATES: Fates = &[
    ("entity_id", shape::ID),
    ("email", shape::EMAIL),
    ("password_hash", shape::HASH),
    ("prefix", Fate::Dropped { why: "forms of address are not part of the name" }),
    ("firstname", NAME_PART),
    ("middlename", NAME_PART),
    ("lastname", NAME_PART),
    ("suffix", NAME_PART),
    ("is_active", shape::ENABLED),
    ("group_id", shape::ROLES),
    ("created_at", shape::CREATED),
    ("updated_at", Fate::Dropped { why: "Appwrite sets its own" }),
    ("rp_token", TOKEN),
    ("rp_token_created_at", TOKEN),
    ("confirmation", TOKEN),
    ("dob", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("gender", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("taxvat", Fate::Dropped { why: "not carried without being asked; use --map" }),
    ("website_id", Fate::Dropped { why: "Appwrite has no websites; equal addresses of two are duplicates" }),
    ("_website", Fate::Dropped { why: "Appwrite has no websites; equal addresses of two are duplicates" }),
    ("store_id", shape::INTERNAL),
    ("_store", shape::INTERNAL),
    ("increment_id", shape::INTERNAL),
    ("created_in", shape::INTERNAL),
    ("disable_auto_group_change", shape::INTERNAL),
    ("default_billing", shape::INTERNAL),
    ("default_shipping", shape::INTERNAL),
    ("failures_num", shape::INTERNAL),
    ("first_failure", shape::INTERNAL),
    ("lock_expires", Fate::Dropped { why: "a lock of some minutes" }),
    ("entity_type_id", shape::INTERNAL),
    ("attribute_set_id", shape::INTERNAL),
];

impl Source for Magento {
    fn name(&self) -> &'static str {
        "magento"
    }

    fn about(&self) -> &'static str {
        "Magento 1 and 2 (Adobe Commerce): customer_entity with its groups and attributes, or the admin's customer CSV"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let telling = "a customer's group_id and website, as customer_entity has them";
        shape::detection(tables, |table| self.role(table), 90, telling, "Magento customers")
    }

    fn role(&self, table: &TableSample) -> Role {
        if shape::has(table, &["entity_id", "website_id", "email", "group_id"])
            || shape::has(table, &["email", "_website", "password_hash"])
        {
            Role::Users
        } else if shape::has(table, &["attribute_id", "entity_id", "value"])
            && shape::named(table, "customer_entity_varchar")
        {
            Role::Related(VALUE)
        } else if shape::has(table, &["attribute_id", "attribute_code", "entity_type_id"]) {
            Role::Related(ATTRIBUTE)
        } else if shape::has(table, &["customer_group_id", "customer_group_code"]) {
            Role::Related(GROUP)
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let text = |column| record.text(column);
        match kind {
            GROUP => shape::group(record, "customer_group_id", "customer_group_code", found),
            VALUE => found.add(kind, &text("entity_id")?, &(text("attribute_id")?, text("value")?)),
            // Addresses and customers have a firstname each; the customer's type is 1.
            _ if text("entity_type_id")? == "1" => found.add(kind, &text("attribute_code")?, &text("attribute_id")?),
            _ => None,
        }
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let source_id = shape::set(record, "entity_id").unwrap_or_default();
        let value = |name| shape::set(record, name).or_else(|| attribute(name, &source_id, context).map(Cow::Owned));
        let group = shape::set(record, "group_id").and_then(|id| shape::group_name(&id, context));
        Ok(Account {
            email: shape::set(record, "email"),
            name: common::join_name(["firstname", "middlename", "lastname", "suffix"].map(value)),
            enabled: record.get("is_active").and_then(common::truth).unwrap_or(true),
            roles: group.into_iter().map(Cow::Owned).collect(),
            created_at: common::moment_of(record, "created_at"),
            credential: common::credential(value("password_hash"), self.hints()),
            source_id,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// A value that Magento 1 keeps beside the customer.
fn attribute(name: &str, customer: &str, context: &Context<'_>) -> Option<String> {
    let values = context.related.rows(VALUE, customer);
    if values.is_empty() {
        return None;
    }
    let attributes = context.related.rows(ATTRIBUTE, name);
    let fresh = || FRESH.iter().find(|(known, _)| *known == name).map(|(_, id)| *id);
    let id = attributes.first().and_then(Json::as_str).or_else(fresh)?;
    values.iter().find(|pair| pair[0] == id).and_then(|pair| pair[1].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Credential;
    use crate::source::NoRelated;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn magento_2_is_one_table() {
        let columns = [
            "entity_id",
            "website_id",
            "email",
            "group_id",
            "firstname",
            "middlename",
            "lastname",
            "password_hash",
            "is_active",
        ];
        let record = testing::row(
            "customer_entity",
            &columns,
            &["1", "1", "r@example.com", "1", "Roni", "", "Cost", "aa:bb:2", "0"],
        );
        let account = Magento.interpret(&record, &testing::context(&NoRelated)).unwrap();
        assert_eq!((account.name.as_deref(), account.enabled), (Some("Roni Cost"), false));
        assert!(matches!(account.credential, Credential::Hash(hash) if hash.hash == "aa:bb:2"));
    }

    #[test]
    fn magento_1_is_joined_by_attribute() {
        let values = ["value_id", "entity_type_id", "attribute_id", "entity_id", "value"];
        for renumbered in [false, true] {
            let mut rows = Rows::default();
            let hash = if renumbered { "99" } else { "12" };
            rows.relate(
                &Magento,
                VALUE,
                &testing::row("customer_entity_varchar", &values, &["1", "1", "5", "3", "Jane"]),
            );
            rows.relate(
                &Magento,
                VALUE,
                &testing::row("customer_entity_varchar", &values, &["2", "1", hash, "3", "aa:bb"]),
            );
            if renumbered {
                let columns = ["attribute_id", "entity_type_id", "attribute_code"];
                rows.relate(
                    &Magento,
                    ATTRIBUTE,
                    &testing::row("eav_attribute", &columns, &["99", "1", "password_hash"]),
                );
                rows.relate(
                    &Magento,
                    ATTRIBUTE,
                    &testing::row("eav_attribute", &columns, &["19", "2", "password_hash"]),
                );
            }
            let record = testing::row(
                "customer_entity",
                &["entity_id", "website_id", "email", "group_id"],
                &["3", "1", "j@example.com", "0"],
            );
            let account = Magento.interpret(&record, &testing::context(&rows)).unwrap();
            assert_eq!(account.name.as_deref(), Some("Jane"));
            assert!(matches!(account.credential, Credential::Hash(hash) if hash.hash == "aa:bb"));
        }
    }
}
