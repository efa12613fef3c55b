//! DokuWiki: `conf/users.auth.php`, the plain authentication backend's file.
//!
//! <https://www.dokuwiki.org/plugin:authplain>

use std::borrow::Cow;

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Format, Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates};
use crate::source::{Context, Detection, Fate, Role, Source};

/// DokuWiki.
pub struct DokuWiki;

const FIELDS: [&str; 5] = ["login", "passwordhash", "name", "email", "groups"];

const FATES: Fates = &[
    ("login", shape::ID),
    ("passwordhash", shape::HASH),
    ("name", shape::NAME),
    ("email", shape::EMAIL),
    ("groups", shape::ROLES),
];

impl Source for DokuWiki {
    fn name(&self) -> &'static str {
        "dokuwiki"
    }

    fn about(&self) -> &'static str {
        "DokuWiki: conf/users.auth.php; groups become labels, but for `user`, which everybody has"
    }

    fn hints(&self) -> &'static [Hint] {
        &[Hint::Bare]
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let found = tables.iter().any(|table| self.role(table) == Role::Users);
        found.then(|| Detection { score: 85, why: "5 fields between colons: DokuWiki's users.auth.php".to_owned() })
    }

    fn role(&self, table: &TableSample) -> Role {
        if table.format == Format::Colon && table.width == FIELDS.len() { Role::Users } else { Role::Ignored }
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        (self.role(table) == Role::Users).then(|| FIELDS.map(str::to_owned).to_vec())
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, _: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let login = text(record, "login").unwrap_or_default();
        let groups = text(record, "groups").unwrap_or_default();
        let own = groups.split(',').map(str::trim).filter(|group| !group.is_empty() && *group != "user");
        Ok(Account {
            email: text(record, "email"),
            name: text(record, "name").or_else(|| Some(login.clone())),
            enabled: true,
            roles: own.map(|group| Cow::Owned(group.to_owned())).collect(),
            credential: common::credential(text(record, "passwordhash"), self.hints()),
            source_id: login,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}

/// A field; colons, `#` and backslashes within it stand behind a backslash.
fn text<'r>(record: &'r Record<'r>, field: &str) -> Option<Cow<'r, str>> {
    let text = record.text(field)?;
    if !text.contains('\\') {
        return Some(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        plain.extend(if sign == '\\' { signs.next() } else { Some(sign) });
    }
    Some(Cow::Owned(plain))
}
