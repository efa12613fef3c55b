//! Apache's password files: `htpasswd` (name and hash) and `htdigest` (name, realm and hash).
//!
//! <https://httpd.apache.org/docs/2.4/misc/password_encryptions.html>

use std::borrow::Cow;

use serde_json::Map;

use crate::account::{Account, Credential, HashInput, Hint};
use crate::code::Refusal;
use crate::format::{Format, Record, TableSample};
use crate::source::kit::common;
use crate::source::{Context, Detection, Fate, Role, Source};

/// What is known of its hashes.
const HINTS: &[Hint] = &[Hint::Bare, Hint::Crypt];

/// htpasswd and htdigest.
pub struct Htpasswd;

impl Source for Htpasswd {
    fn name(&self) -> &'static str {
        "htpasswd"
    }

    fn about(&self) -> &'static str {
        "Apache: htpasswd files; names that are no addresses become some with --email-domain"
    }

    fn hints(&self) -> &'static [Hint] {
        HINTS
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let table = tables.iter().find(|table| self.role(table) == Role::Users)?;
        let what = if table.width == 2 { "htpasswd" } else { "htdigest" };
        Some(Detection { score: 80, why: format!("{} fields between colons: {what}", table.width) })
    }

    fn role(&self, table: &TableSample) -> Role {
        if table.format == Format::Colon && matches!(table.width, 2 | 3) { Role::Users } else { Role::Ignored }
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        let names: &[&str] = match (table.format, table.width) {
            (Format::Colon, 2) => &["name", "hash"],
            (Format::Colon, 3) => &["name", "realm", "hash"],
            _ => return None,
        };
        Some(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let name = record.text("name").unwrap_or_default();
        let email = if name.contains('@') {
            Some(name.clone())
        } else {
            context.email_domain.map(|domain| Cow::Owned(format!("{name}@{domain}")))
        };
        Ok(Account {
            email_verified: false,
            phone: None,
            phone_verified: false,
            name: (email.as_ref() != Some(&name)).then(|| name.clone()),
            enabled: true,
            roles: Vec::new(),
            prefs: Map::new(),
            created_at: None,
            last_seen: None,
            credential: credential(record),
            notes: Vec::new(),
            source_id: name,
            email,
        })
    }

    fn fate(&self, column: &str) -> Fate {
        match column {
            "name" => Fate::Transformed { to: "id", how: "and the address, with --email-domain" },
            "hash" => common::HASH,
            "realm" => Fate::Transformed { to: "password", how: "is part of the hash" },
            _ => Fate::Dropped { why: "not a field of htpasswd" },
        }
    }
}

/// httpd knows `$…$` and `{SHA}`, takes thirteen characters for traditional DES where crypt(3) does, and compares anything
/// else as it is.
fn credential<'r>(record: &'r Record<'r>) -> Credential<'r> {
    let Some(hash) = record.text("hash") else { return Credential::default() };
    // Verdaccio writes when it made the user behind a second colon.
    let hash = match hash.find(":autocreated ") {
        Some(end) => Cow::Owned(hash[..end].to_owned()),
        None => hash,
    };
    let input = HashInput { hints: HINTS, ..HashInput::default() };
    // Verdaccio's salts are of base64's alphabet, plus sign and all.
    let is_des = hash.len() == 13 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"./+".contains(&b));
    if record.text("realm").is_some() {
        Credential::Hash(HashInput { hash, declared: Some("htdigest".into()), ..input })
    } else if is_des {
        Credential::Hash(HashInput { hash, declared: Some("descrypt".into()), ..input })
    } else if hash.starts_with(['$', '{', '!', '*']) || common::is_unusable(&hash) || common::is_hash(&hash) {
        common::credential(Some(hash), HINTS)
    } else {
        Credential::Plain(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoRelated;
    use crate::source::kit::testing;

    #[test]
    fn what_is_no_hash_is_the_password() {
        for (hash, expected) in [
            ("$apr1$TmLOAsU3$nGZP32wxd82h9RIB/8ZRc/", "hash"),
            ("{SHA}nIcVNVcsTxmZKYQQET628T7EON0=", "hash"),
            ("3dYeLYFqYLRE2", "descrypt"),
            ("erin-plain", "plain"),
            ("erin:plain", "plain"),
            ("*", "none"),
            ("pbkdf2_sha256$870000$c2FsdA$nIcVNVcsTxmZKYQQET628T7EON0nIcVNVcsTxmZKYQQ=", "hash"),
            ("5f4dcc3b5aa765d61d8327deb882cf99", "hash"),
            ("+eYeLYFqYLRE2", "descrypt"),
            (
                "$2a$10$NZ72z.97Ip8lVw10hfzOEuyyHd3iPhWnIXr2J86vVcTbKMFx3WY3y:autocreated 2026-11-27T16:35:16.975Z",
                "hash",
            ),
        ] {
            let record = testing::row("", &["name", "hash"], &["erin", hash]);
            let account = Htpasswd.interpret(&record, &testing::context(&NoRelated)).expect("a person");
            let found = match account.credential {
                Credential::Hash(input) => input.declared.map_or("hash".into(), Cow::into_owned),
                Credential::Plain(_) => "plain".into(),
                Credential::None(_) => "none".into(),
            };
            assert_eq!(found, expected, "{hash}");
        }
    }

    #[test]
    fn names_that_are_addresses_stay_what_they_are() {
        let record = testing::row("", &["name", "hash"], &["grace@example.com", "x"]);
        let mut context = testing::context(&NoRelated);
        context.email_domain = Some("example.org");
        let account = Htpasswd.interpret(&record, &context).expect("a person");
        assert_eq!((account.email.as_deref(), account.name), (Some("grace@example.com"), None));
    }
}
