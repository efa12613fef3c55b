//! `[fates]`: what becomes of each column, and why.

use rustc_hash::{FxHashMap, FxHashSet};
use toml::Value as Toml;

use super::section::{Problem, Read, Section, texts};
use super::words;
use crate::scheme::columns::holds_password;
use crate::source::Fate;
use crate::source::kit::{common, shape};

/// What becomes of every column.
#[derive(Default)]
pub(in crate::source) struct Fates {
    exact: FxHashMap<String, Fate>,
    /// In their order; `*` stands for anything.
    patterns: Vec<(String, Fate)>,
    /// Of a column that nothing is said of.
    other: Option<Fate>,
    /// Columns of which paths into them alone are read.
    parts: FxHashSet<String>,
}

/// What is said of a list of columns by one word.
const KINDS: [(&str, Fate); 20] = [
    ("id", shape::ID),
    ("email", shape::EMAIL),
    ("email_verified", shape::EMAIL_VERIFIED),
    ("phone", shape::PHONE),
    ("phone_verified", shape::PHONE_VERIFIED),
    ("name", shape::NAME),
    ("name_part", shape::NAME_PART),
    ("enabled", shape::ENABLED),
    ("labels", common::ROLES),
    ("prefs", Fate::Prefs),
    ("created_at", common::CREATED),
    ("last_seen", common::LAST_SEEN),
    ("password", common::HASH),
    ("record", shape::SKIP),
    ("internal", shape::INTERNAL),
    ("factor", common::FACTOR),
    ("token", common::TOKEN),
    ("provider", Fate::Dropped { why: "sign-ins by provider are linked anew when the user next signs in with it" }),
    ("set_anew", Fate::Dropped { why: "Appwrite sets its own" }),
    ("unasked", Fate::Dropped { why: "not carried without being asked; use --map" }),
];

/// The fields of a user that a column can become.
const FIELDS: [&str; 13] = [
    "id",
    "email",
    "email_verified",
    "phone",
    "phone_verified",
    "name",
    "enabled",
    "labels",
    "prefs",
    "password",
    "record",
    "account",
    "dropped",
];

impl Fates {
    /// Reads `[fates]`: lists of columns by what becomes of them, and tables of those that have a sentence of their own.
    pub(in crate::source) fn read(section: Option<Toml>) -> Read<Self> {
        let table = match section {
            None => return Ok(Self::default()),
            Some(Toml::Table(table)) => table,
            Some(_) => return Err(Problem("[fates] is a table".to_owned())),
        };
        let mut fates = Self::default();
        let mut section = Section::new("[fates]", table);
        for (kind, fate) in KINDS {
            if let Some(value) = section.take(kind) {
                match value {
                    // `[fates.name]`, of columns that become the name with a change.
                    Toml::Table(table) => fates.worded(kind, table)?,
                    value => {
                        for column in texts(&section.at(kind), value)? {
                            fates.say(&column, fate.clone());
                        }
                    }
                }
            }
        }
        for field in ["account", "dropped"] {
            match section.take(field) {
                None => {}
                Some(Toml::Table(table)) => fates.worded(field, table)?,
                Some(_) => {
                    return Err(Problem(format!("[fates] {field} is a table of columns and what is said of them")));
                }
            }
        }
        section.end()?;
        Ok(fates)
    }

    fn worded(&mut self, field: &str, table: toml::Table) -> Read<()> {
        let Some(to) = FIELDS.into_iter().find(|known| *known == field) else {
            return Err(Problem(format!("[fates] {field} is a list of columns")));
        };
        for (column, sentence) in table {
            let said: &'static str = match sentence {
                Toml::String(sentence) => Box::leak(sentence.into_boxed_str()),
                _ => return Err(Problem(format!("[fates.{field}] {column} is a text that says how"))),
            };
            let fate = if to == "dropped" { Fate::Dropped { why: said } } else { Fate::Transformed { to, how: said } };
            self.say(&column, fate);
        }
        Ok(())
    }

    /// What becomes of a column, unless something is said of it already.
    pub(in crate::source) fn say(&mut self, column: &str, fate: Fate) {
        if column.contains('*') {
            self.patterns.push((column.to_owned(), fate));
        } else {
            self.exact.entry(column.to_owned()).or_insert(fate);
        }
    }

    /// What becomes of a column of which a part is read, unless something is said of it already.
    pub(in crate::source) fn say_in_part(&mut self, column: &str, fate: Fate) {
        if !self.exact.contains_key(column) {
            self.parts.insert(column.to_owned());
        }
        self.say(column, fate);
    }

    /// Whether paths into a column are read, and it is not.
    pub(in crate::source) fn are_parts(&self, column: &str) -> bool {
        self.parts.contains(column)
    }

    /// What becomes of all the others.
    pub(in crate::source) fn otherwise(&mut self, fate: Fate) {
        self.other = Some(fate);
    }

    /// What is said of a column by its name, or by a pattern.
    pub(in crate::source) fn said(&self, column: &str) -> Option<&Fate> {
        let pattern = || self.patterns.iter().find(|(pattern, _)| words::matches(pattern, column));
        self.exact.get(column).or_else(|| pattern().map(|(_, fate)| fate))
    }

    /// What becomes of a column.
    pub(in crate::source) fn of(&self, column: &str) -> &Fate {
        const UNNAMED: Fate = Fate::Dropped { why: "the mapping does not name it" };
        match self.said(column).or(self.other.as_ref()) {
            Some(Fate::Prefs) if self.said(column).is_none() && !self.keeps(column) => &shape::FOREIGN,
            fate => fate.unwrap_or(&UNNAMED),
        }
    }

    /// Whether a column is one of the rest that is kept for the user to read: nothing is said of it, and no password is in it.
    pub(in crate::source) fn keeps(&self, column: &str) -> bool {
        self.said(column).is_none() && !holds_password(column)
    }
}
