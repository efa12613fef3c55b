//! Dovecot's passwd-files: name, password, uid, gid, gecos, home, shell and extra fields between colons.
//!
//! <https://doc.dovecot.org/2.4.0/core/config/auth/databases/passwd_file.html>

use std::borrow::Cow;

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Format, Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::shape::{self, Fates};
use crate::source::{Context, Detection, Fate, Role, Source};

/// Dovecot.
pub struct Dovecot;

const FIELDS: [&str; 8] = ["user", "password", "uid", "gid", "gecos", "home", "shell", "extra"];

const FATES: Fates = &[
    ("user", Fate::Transformed { to: "id", how: "and the address, with --email-domain where it is none" }),
    ("password", shape::HASH),
    ("uid", shape::INTERNAL),
    ("gid", shape::INTERNAL),
    ("gecos", shape::NAME),
    ("home", shape::INTERNAL),
    ("shell", shape::INTERNAL),
    ("extra", Fate::Transformed { to: "enabled", how: "disabled where `nologin` stands there" }),
];

impl Source for Dovecot {
    fn name(&self) -> &'static str {
        "dovecot"
    }

    fn about(&self) -> &'static str {
        "Dovecot: passwd-files; names that are no addresses become some with --email-domain"
    }

    fn hints(&self) -> &'static [Hint] {
        &[Hint::Bare, Hint::Crypt]
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let found = tables.iter().any(|table| self.role(table) == Role::Users);
        found.then(|| Detection { score: 85, why: "8 fields between colons: a passwd-file of Dovecot".to_owned() })
    }

    fn role(&self, table: &TableSample) -> Role {
        if table.format == Format::Colon && table.width == FIELDS.len() { Role::Users } else { Role::Ignored }
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        (self.role(table) == Role::Users).then(|| FIELDS.map(str::to_owned).to_vec())
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'_>) -> Result<Account<'r>, Refusal> {
        let name = record.text("user").unwrap_or_default();
        let email = if name.contains('@') {
            Some(name.clone())
        } else {
            context.email_domain.map(|domain| Cow::Owned(format!("{name}@{domain}")))
        };
        // `nologin` alone is a yes, as are `nologin=y` and a reason that may follow.
        let extra = record.text("extra").unwrap_or_default();
        let shut = extra.split_whitespace().any(|field| field == "nologin" || field.starts_with("nologin="));
        // What names no scheme is of the file's default_password_scheme, which is crypt(3).
        let credential = common::credential(record.text("password"), self.hints());
        Ok(Account {
            name: record.text("gecos").or_else(|| (email.as_ref() != Some(&name)).then(|| name.clone())),
            enabled: !shut,
            credential,
            source_id: name,
            email,
            ..Account::default()
        })
    }

    fn fate(&self, column: &str) -> Fate {
        shape::fate(FATES, column)
    }
}
