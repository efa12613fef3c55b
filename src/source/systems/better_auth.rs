//! better-auth: the tables `user` and `account`, joined on `account.userId` where `providerId` is `credential`.
//!
//! <https://www.better-auth.com/docs/concepts/database#core-schema>. Adapters write the columns in camel or snake case.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::{Code, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::scheme::columns::holds_password;
use crate::source::kit::common::{self, CREATED, FACTOR, HASH, ROLES};
use crate::source::{Context, Detection, Fate, Found, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::SaltedKey("better-auth")];

/// better-auth.
pub struct BetterAuth;

/// Rows of the table `account`.
const ACCOUNTS: &str = "account";

impl Source for BetterAuth {
    fn name(&self) -> &'static str {
        "better-auth"
    }

    fn about(&self) -> &'static str {
        "better-auth: the tables user and account, joined by user id; `role` becomes labels"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let users = tables.iter().find(|table| self.role(table) == Role::Users)?;
        if tables.iter().any(|table| self.role(table) == Role::Related(ACCOUNTS)) {
            let why = format!("{:?}, users, and accounts with providerId and password", users.format);
            return Some(Detection { score: 88, why });
        }
        // Auth.js and Prisma have the same columns, and applications put their own hashes beside them.
        let is_own = |cell: &str| {
            let hex = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit());
            cell.split_once(':').is_some_and(|(salt, key)| hex(salt, 32) && hex(key, 128))
        };
        let filled = |column: &str| {
            let cells = users.records.iter().filter_map(|record| record.get(column)?.as_str());
            cells.filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut passwords = users.columns.iter().filter(|column| holds_password(column));
        if passwords.any(|column| !is(column, "password") || filled(column).iter().any(|cell| !is_own(cell))) {
            return None;
        }
        let certain = has(users, &["emailVerified", "updatedAt"]) && common::has(users, &["image"]);
        certain.then(|| Detection {
            score: 40,
            why: "users with emailVerified and image, without the table account that holds the hashes: pass it as well"
                .into(),
        })
    }

    fn role(&self, table: &TableSample) -> Role {
        let named = |name: &str| table.table.is_empty() || table.table.trim_end_matches('s').eq_ignore_ascii_case(name);
        if has(table, &["providerId", "accountId", "userId"]) {
            Role::Related(ACCOUNTS)
        } else if has(table, &["id", "email", "emailVerified"]) && named("user") {
            Role::Users
        } else {
            Role::Ignored
        }
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let text = |name| get(record, name).and_then(Value::text);
        let provider = text("providerId");
        let password = text("password").filter(|_| provider.as_deref() == Some("credential"));
        found.add(kind, &text("userId")?, &(provider, text("accountId"), password))
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let text = |name| get(record, name).and_then(Value::text).filter(|text| !text.trim().is_empty());
        let flag = |name| get(record, name).and_then(common::truth).unwrap_or(false);
        let source_id = text("id").unwrap_or_default();
        let accounts = context.related.rows(ACCOUNTS, &source_id);

        let mut prefs = Map::new();
        for name in ["image", "username", "displayUsername"] {
            common::keep(&mut prefs, name, text(name).map_or(Json::Null, Into::into));
        }
        let providers = accounts.iter().filter(|account| account[0] != "credential");
        let providers = providers.map(|account| json!({ "providerId": account[0], "accountId": account[1] })).collect();
        common::keep(&mut prefs, "providers", providers);

        // A ban without an end is for ever.
        let expires = get(record, "banExpires").filter(|expires| !expires.is_empty());
        let banned = flag("banned") && expires.is_none_or(|expires| common::is_ahead(expires, context.now));
        let roles = get(record, "role").map(common::json).map(|role| common::names(&role)).unwrap_or_default();
        let phone = text("phoneNumber");
        // The plugins for phones and guests make up an address for users who have none.
        let email = text("email").filter(|_| !flag("isAnonymous"));
        let credential = credential(text("password"), &accounts, flag("isAnonymous"), email.is_some());
        Ok(Account {
            email,
            // Auth.js, whose tables are much alike, has the moment of verification here.
            email_verified: flag("emailVerified") || get(record, "emailVerified").and_then(common::moment).is_some(),
            phone_verified: phone.is_some() && flag("phoneNumberVerified"),
            name: text("name"),
            enabled: !banned,
            created_at: get(record, "createdAt").and_then(common::moment),
            last_seen: None,
            credential,
            notes: Vec::new(),
            source_id,
            phone,
            roles,
            prefs,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match camel(column).as_str() {
            "id" => Fate::Carried("id"),
            "email" => Fate::Carried("email"),
            "emailVerified" => Fate::Carried("email_verified"),
            "phoneNumber" => Fate::Carried("phone"),
            "phoneNumberVerified" => Fate::Carried("phone_verified"),
            "name" => Fate::Carried("name"),
            "role" => ROLES,
            "banned" | "banExpires" => Fate::Transformed { to: "enabled", how: "not while the ban lasts" },
            "image" | "username" | "displayUsername" => Fate::Prefs,
            "password" => HASH,
            "createdAt" => CREATED,
            "twoFactorEnabled" => FACTOR,
            "isAnonymous" => Fate::Transformed { to: "password", how: "says why there is none" },
            "updatedAt" => Fate::Dropped { why: "Appwrite sets its own dates" },
            "banReason" => Fate::Dropped { why: "preferences are the user's own to read" },
            _ => Fate::Dropped { why: "not a column of better-auth or its plugins" },
        }
    }
}

/// `email_verified` → `emailVerified`.
fn camel(column: &str) -> String {
    let mut up = false;
    column.chars().fold(String::new(), |mut name, c| {
        match c {
            '_' => up = true,
            c if std::mem::take(&mut up) => name.push(c.to_ascii_uppercase()),
            c => name.push(c),
        }
        name
    })
}

fn is(column: &str, name: &str) -> bool {
    column == name || (column.contains('_') && camel(column) == name) || column.eq_ignore_ascii_case(name)
}

fn has(table: &TableSample, names: &[&str]) -> bool {
    names.iter().all(|name| table.columns.iter().any(|column| is(column, name)))
}

fn get<'v, 'r>(record: &'v Record<'r>, name: &str) -> Option<&'v Value<'r>> {
    record.get(name).or_else(|| record.iter().find(|(column, _)| is(column, name)).map(|(_, value)| value))
}

/// `joined` is the password of the account in the user's own row, where somebody joined the two tables.
fn credential<'r>(joined: Option<Cow<'r, str>>, accounts: &[Json], anonymous: bool, address: bool) -> Credential<'r> {
    let hash = accounts.iter().find_map(|account| account[2].as_str()).filter(|hash| !hash.is_empty());
    if let Some(hash) = joined.or_else(|| hash.map(|hash| Cow::Owned(hash.to_owned()))) {
        // `emailAndPassword.password.hash` may be the application's own, whose strings say so themselves.
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        let is_key = hash.split_once(':').is_some_and(|(salt, key)| is_hex(salt) && is_hex(key));
        let declared = is_key.then_some(Cow::Borrowed("better-auth"));
        return Credential::Hash(HashInput { hash, declared, hints: HINTS, ..HashInput::default() });
    }
    if anonymous {
        common::without(Code::NoPassword, "an anonymous user")
    } else if accounts.is_empty() && !address {
        common::without(Code::NoPassword, "signs in by phone and has no password")
    } else if accounts.is_empty() {
        common::without(Code::HashNotExported, "no row of the table account belongs to this user")
    } else {
        let names: Vec<&str> = accounts.iter().filter_map(|account| account[0].as_str()).collect();
        common::without(Code::NoPassword, format!("signs in through {} and has no password", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing::{self, Rows};

    #[test]
    fn only_the_credential_account_has_a_password() {
        let mut rows = Rows::default();
        for row in [
            json!({ "userId": "u1", "providerId": "google", "accountId": "g1", "password": "not:this" }),
            json!({ "userId": "u1", "providerId": "credential", "accountId": "u1", "password": "00ff:ff00" }),
            json!({ "user_id": "u2", "provider_id": "google", "account_id": "g2", "password": null }),
            json!({ "user_id": "u3", "provider_id": "credential", "account_id": "u3", "password": "$2b$10$x" }),
        ] {
            rows.relate(&BetterAuth, ACCOUNTS, &testing::record(row));
        }
        let read = |id: &str| {
            let record = testing::record(json!({ "id": id, "email": "a@example.com", "emailVerified": 1 }));
            let account = BetterAuth.interpret(&record, &testing::context(&rows)).expect("a person");
            match account.credential {
                Credential::Hash(input) => (input.hash.to_string(), input.declared.map(|d| d.to_string())),
                Credential::None(note) => (note.code.to_string(), None),
                Credential::Plain(_) => ("plain".into(), None),
            }
        };
        assert_eq!(read("u1"), ("00ff:ff00".into(), Some("better-auth".into())));
        assert_eq!(read("u2"), ("no-password".into(), None));
        assert_eq!(read("u3"), ("$2b$10$x".into(), None));
        assert_eq!(read("u4"), ("hash-not-exported".into(), None));
    }

    #[test]
    fn columns_are_understood_in_snake_case_too() {
        let record = testing::row(
            "user",
            &["id", "email", "email_verified", "phone_number", "phone_number_verified", "banned", "ban_expires"],
            &["u", "a@example.com", "t", "+14155550101", "f", "t", "2020-01-01 00:00:00"],
        );
        let account = BetterAuth.interpret(&record, &testing::context(&crate::source::NoRelated)).expect("a person");
        assert_eq!((account.email_verified, account.phone_verified, account.enabled), (true, false, true));
    }
}
