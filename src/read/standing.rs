//! Columns beside a source's own that say who may sign in: applications add them to the tables of every system.

use jiff::Timestamp;

use crate::account::Account;
use crate::code::{Code, Note, Refusal};
use crate::format::{Fields, Record, TableSample, Value};
use crate::source::describe::Mapping;
use crate::source::kit::status::{self, Meaning, Standing};
use crate::source::{Fate, Role, Source};

/// The columns of an export that are read for this, whichever source it is.
pub(super) struct Standings {
    source: &'static dyn Source,
    mapping: Option<&'static Mapping>,
    columns: Vec<(String, Meaning)>,
    /// Whether what a system calls its roles may keep somebody out: nobody else has said who may sign in.
    asks_roles: bool,
    /// `--ignore`
    ignore: Vec<String>,
    /// The members that the samples showed, in their order: others may come later.
    seen: Vec<String>,
    /// Columns that hold a whole record, as a source reads their members: CouchDB's `doc`.
    wrappers: Vec<String>,
}

impl Standings {
    pub(super) fn new(
        source: &'static dyn Source,
        mapping: Option<&'static Mapping>,
        tables: &[TableSample],
        roles: &[Role],
        ignore: &[String],
    ) -> Self {
        let is_system = !["generic", "mapping"].contains(&source.name());
        let asks_roles = is_system && !mapping.is_some_and(Mapping::reads_who_may_sign_in);
        let ignore = ignore.to_vec();
        let (columns, seen, wrappers) = (Vec::new(), Vec::new(), Vec::new());
        let mut standings = Self { source, mapping, columns, asks_roles, ignore, seen, wrappers };
        let users = tables.iter().zip(roles).filter(|(_, role)| matches!(role, Role::Users | Role::Mixed));
        for (table, column) in users.flat_map(|(table, _)| table.columns.iter().map(move |column| (table, column))) {
            if !standings.seen.contains(column) {
                let meaning = standings.meaning(column).and_then(|_| status::meaning_among(column, &table.columns));
                standings.columns.extend(meaning.map(|meaning| (column.clone(), meaning)));
                standings.seen.push(column.clone());
                if is_system && standings.wraps(table, column) {
                    standings.wrappers.push(column.clone());
                }
            }
        }
        standings
    }

    /// What a column is about, if the source itself does not know it. A mapping has the last word on the columns that it names.
    fn meaning(&self, column: &str) -> Option<Meaning> {
        let meaning = status::meaning(column)?;
        if self.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(column)) {
            return None;
        }
        if self.mapping.is_some_and(|mapping| mapping.says(column).is_some()) {
            return None;
        }
        // No source has a column of this name.
        (self.source.fate(column) == self.source.fate("\0")).then_some(meaning)
    }

    /// Whether a column holds a whole record: an object with a key, and with members that the source has as columns of its own.
    fn wraps(&self, table: &TableSample, column: &str) -> bool {
        let objects = table.records.iter().filter_map(|record| record.get(column)?.as_object());
        let is_own = |name: &&String| self.source.fate(name) != self.source.fate("\0");
        objects.take(8).any(|object| {
            let has_key = object.contains_key("_id") || object.contains_key("id");
            has_key && object.keys().filter(is_own).count() > 3
        })
    }

    /// The columns of the users' tables that the samples showed.
    pub(super) fn seen(&self) -> &[String] {
        &self.seen
    }

    /// What becomes of a column, if it is one of these.
    pub(super) fn fate(&self, column: &str) -> Option<Fate> {
        let how = "not one of the source's own; disabled or left out where it says so";
        self.meaning(column).map(|_| Fate::Transformed { to: "enabled", how })
    }

    /// Disables whom such a column keeps out.
    ///
    /// # Errors
    /// The refusal of somebody who was deleted, or of whom a column says what is not understood.
    pub(super) fn apply(&self, record: &Record<'_>, account: &mut Account<'_>, now: Timestamp) -> Result<(), Refusal> {
        let mut worst: Option<(Standing, Meaning, &str, &Value<'_>)> = None;
        let mut see = |column, meaning: Meaning, value| {
            let standing = meaning.read(value, now);
            if worst.is_none_or(|(worst, ..)| standing > worst) {
                worst = Some((standing, meaning, column, value));
            }
        };
        for (column, meaning) in &self.columns {
            if let Some(value) = record.get(column) {
                see(column, *meaning, value);
            }
        }
        if let Fields::Object { header, cells } = &record.fields {
            for (name, value) in header.beyond(&self.seen).iter().map(|&at| (&header.names()[at], &cells[at])) {
                if let Some(meaning) = self.meaning(name) {
                    see(name, meaning, value);
                }
            }
        }
        if let Fields::Members(members) = &record.fields {
            let mut next = 0;
            for (name, value) in members {
                // Nearly all records have the members of the first, in their order.
                if self.seen.get(next).is_some_and(|seen| seen == name) {
                    next += 1;
                } else if let Some(at) = self.seen.iter().position(|seen| seen == name) {
                    next = at + 1;
                } else if let Some(meaning) = self.meaning(name) {
                    see(name, meaning, value);
                }
            }
        }
        for wrapper in &self.wrappers {
            let Some(Value::Object(members)) = record.get(wrapper) else { continue };
            for (name, value) in members {
                if let Some(meaning) = self.meaning(name) {
                    see(name, meaning, value);
                }
            }
        }
        if account.enabled && status::is_tombstone(account.email.as_deref(), account.name.as_deref()) {
            account.enabled = false;
            let text = "the address or the name is what a program writes over that of somebody who was deleted or shut out: disabled";
            account.notes.push(Note::new(Code::LockedInSource, text));
        }
        if account.enabled
            && self.asks_roles
            && let Some(role) = account.roles.iter().find(|role| status::names_somebody_out(role))
        {
            account.enabled = false;
            let text = format!("the role `{role}` is that of people who are kept out: disabled");
            account.notes.push(Note::new(Code::LockedInSource, text));
        }
        match worst {
            Some((Standing::Disabled, ..)) => account.enabled = false,
            Some((Standing::Deleted, meaning, column, _)) => {
                let says = format!("column `{column}` says that the user");
                return Err(if meaning == Meaning::Guest {
                    Refusal::new(Code::SkippedBySource, format!("{says} is a guest without an account"))
                } else {
                    Refusal::deleted(format!("{says} was deleted"))
                });
            }
            Some((Standing::Unsure, _, column, value)) if account.enabled => {
                return Err(status::unsure(column, value, self.source.name()));
            }
            _ => {}
        }
        Ok(())
    }
}
