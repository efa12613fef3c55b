//! Lucia: its users with `hashed_password` or `password_hash` (v3 and Oslo, whose tables are the application's own), or
//! with the table of keys that v1 and v2 have.
//!
//! <https://v2.lucia-auth.com/database-adapters/model>: a key's id is `email:alice@example.com`, and only those of users
//! with a password have a `hashed_password`.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::{Account, Credential, Hint};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample};
use crate::source::kit::common::{self, CREATED, HASH, ROLES};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::SaltedKey("lucia")];

/// Lucia.
pub struct Lucia;

/// Rows of v1's and v2's table of keys.
const KEYS: &str = "key";

/// Where applications keep the hash of v3 and Oslo.
const HASHES: [&str; 3] = ["hashed_password", "password_hash", "passwordHash"];

impl Source for Lucia {
    fn name(&self) -> &'static str {
        "lucia"
    }

    fn about(&self) -> &'static str {
        "Lucia: users with a hash, or users and their keys (v1, v2), joined by user id"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let users = tables.iter().find(|table| self.role(table) == Role::Users)?;
        if tables.iter().any(|table| self.role(table) == Role::Related(KEYS)) {
            return Some(Detection {
                score: 86,
                why: format!("{:?}, users, and keys with hashed_password", users.format),
            });
        }
        let marked = users.records.iter().flat_map(|record| HASHES.iter().filter_map(|name| record.get(*name)));
        let marked = marked.filter_map(Json::as_str).any(|hash| hash.starts_with("s2:"));
        marked.then(|| Detection { score: 86, why: format!("{:?}, hashes like s2:…", users.format) })
    }

    fn role(&self, table: &TableSample) -> Role {
        if common::has(table, &["id", "user_id", "hashed_password"]) {
            return Role::Related(KEYS);
        }
        let named = table.table.is_empty() || table.table.trim_end_matches('s').to_ascii_lowercase().ends_with("user");
        let other = common::has(table, &["user_id"]) || common::has(table, &["expires_at"]);
        if named && !other && common::has(table, &["id"]) { Role::Users } else { Role::Ignored }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        found.add(kind, &record.text("user_id")?, &(record.text("id")?, record.text("hashed_password")))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let source_id = record.text("id").unwrap_or_default();
        let keys = context.related.rows(KEYS, &source_id);
        let by_provider = |wanted: &str| {
            keys.iter()
                .filter_map(|key| key[0].as_str()?.split_once(':'))
                .find_map(|(provider, id)| (provider == wanted).then(|| Cow::Owned(id.to_owned())))
        };
        let email = record.text("email").or_else(|| by_provider("email"));
        let mut prefs = Map::new();
        let username = record.text("username").or_else(|| by_provider("username"));
        common::keep(&mut prefs, "username", username.as_deref().map_or(Json::Null, Json::from));
        let name = common::first_text(record, &["name", "full_name", "display_name"])
            .or_else(|| common::join_name([record.text("first_name"), record.text("last_name")]));
        let verified = ["email_verified", "emailVerified"];
        let roles = record.get("role").map(common::json).map(|role| common::names(&role)).unwrap_or_default();
        Ok(Account {
            email_verified: verified.iter().any(|column| common::flag(record, column)),
            phone: record.text("phone"),
            phone_verified: false,
            enabled: true,
            created_at: ["created_at", "createdAt"].iter().find_map(|column| common::moment_of(record, column)),
            last_seen: None,
            credential: credential(record, &keys),
            notes: Vec::new(),
            name: name.or(username),
            source_id,
            email,
            roles,
            prefs,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "id" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "email_verified" | "emailVerified" => Fate::Carried("email_verified"),
            "phone" => Fate::Carried("phone"),
            "name" | "full_name" | "display_name" => Fate::Carried("name"),
            "first_name" | "last_name" => Fate::Transformed { to: "name", how: "joined" },
            "username" => Fate::Transformed { to: "prefs", how: "and the name, where there is no other" },
            "role" => ROLES,
            "created_at" | "createdAt" => CREATED,
            _ if HASHES.contains(&column) => HASH,
            _ => Fate::Dropped { why: "the application's own column; use --map to carry it" },
        }
    }
}

fn credential<'r>(record: &'r Record<'r>, keys: &[Json]) -> Credential<'r> {
    let own = common::first_text(record, &HASHES);
    let hash = own.or_else(|| keys.iter().find_map(|key| key[1].as_str()).map(|hash| Cow::Owned(hash.to_owned())));
    match hash {
        Some(hash) => common::credential(Some(hash), HINTS),
        None if keys.is_empty() => common::without(Code::NoPassword, "the source holds no password for this user"),
        None => {
            let names = keys.iter().filter_map(|key| key[0].as_str()?.split(':').next());
            let names = names.collect::<Vec<_>>().join(", ");
            common::without(Code::NoPassword, format!("signs in through {names} and has no password"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn keys_hold_the_address_and_the_hash() {
        let mut rows = Rows::default();
        for row in [
            json!({ "id": "github:42", "user_id": "u1", "hashed_password": null }),
            json!({ "id": "email:a@example.com", "user_id": "u1", "hashed_password": "s2:00:ff" }),
            json!({ "id": "github:43", "user_id": "u2", "hashed_password": null }),
        ] {
            rows.relate(&Lucia, KEYS, &testing::record(row));
        }
        let record = testing::record(json!({ "id": "u1", "username": "alice" }));
        let account = Lucia.interpret(&record, &testing::context(&rows)).expect("a person");
        assert_eq!((account.email.as_deref(), account.name.as_deref()), (Some("a@example.com"), Some("alice")));
        assert!(matches!(account.credential, Credential::Hash(input) if input.hash == "s2:00:ff"));
        let record = testing::record(json!({ "id": "u2" }));
        let account = Lucia.interpret(&record, &testing::context(&rows)).expect("a person");
        assert!(matches!(account.credential, Credential::None(note) if note.text.contains("github")));
    }
}
