//! Columns that nobody reads and that may be the salts of bare digests beside them: then no digest is of the password alone.

use serde_json::{Map, Value};

use super::Export;
use crate::source::kit::cell::is_digest;
use crate::source::kit::salts;
use crate::source::{Fate, Role};

/// So deep are objects opened.
const DEPTH: u8 = 3;

impl Export {
    /// The paths to such columns, by the first rows of each table, and why each may be one.
    #[must_use]
    pub fn possible_salts(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (table, role) in self.tables.iter().zip(&self.roles) {
            let of = match role {
                Role::Users | Role::Mixed => String::new(),
                Role::Related(name) if self.options.mapping.is_some() => format!("{name}."),
                _ => continue,
            };
            let mut columns: Vec<(String, Vec<&str>)> = Vec::new();
            table.records.iter().for_each(|record| texts(record, &of, DEPTH, &mut columns));
            if !columns.iter().any(|(_, cells)| cells.iter().any(|cell| is_digest(cell))) {
                continue;
            }
            for (path, cells) in columns {
                let is_digests = cells.iter().all(|cell| is_digest(cell));
                if !self.is_read(&path) && !self.ignores(&path) && (!is_digests || salts::is_named(&path)) {
                    found.extend(salts::may_be(&path, cells).map(|why| (path, why)));
                }
            }
        }
        found.sort_by_key(|(path, _)| !salts::is_named(path));
        found.dedup();
        found
    }

    fn is_read(&self, path: &str) -> bool {
        let mapped = self.options.mapping.is_some_and(|mapping| mapping.says(path).is_some());
        // What stands at paths into a column is read by a mapping alone.
        mapped || !path.contains('.') && !matches!(self.fate(path), Fate::Dropped { .. })
    }
}

/// The texts of a record, by their columns and the paths into them.
fn texts<'r>(record: &'r Map<String, Value>, of: &str, depth: u8, into: &mut Vec<(String, Vec<&'r str>)>) {
    for (name, value) in record {
        let path = format!("{of}{name}");
        match value {
            Value::Object(members) if depth > 0 => texts(members, &format!("{path}."), depth - 1, into),
            Value::String(text) => match into.iter_mut().find(|(known, _)| *known == path) {
                Some((_, cells)) => cells.push(text),
                None => into.push((path, vec![text])),
            },
            _ => {}
        }
    }
}
