//! `[join.NAME]`: rows of another table that belong to a user by a key. `NAME.column` is then a column like any other: the
//! first of those rows that holds something there.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use toml::Value as Toml;

use super::row::{Elsewhere, Row, first, within};
use super::section::{Problem, Read, Section, nearest};
use super::skip::Comparison;
use crate::error::RunError;
use crate::format::{Record, TableSample, Value};
use crate::source::Related;
use crate::source::kit::common;

/// What the rows of the joined tables are kept as: tables are told apart by these.
const KINDS: [&str; 8] = ["join 1", "join 2", "join 3", "join 4", "join 5", "join 6", "join 7", "join 8"];

/// So many joins may lead from one to the next.
const STEPS: u8 = 4;

/// The rows of one table that belong to a user.
struct Join {
    name: String,
    /// A table of a dump, or a file by its name without what follows the dot.
    table: String,
    /// That table's column.
    key: String,
    /// What it is equal to: a column of the user's, or of another join.
    of: String,
    /// Rows that do not hold all of these are passed over.
    only: Vec<Comparison>,
    kind: &'static str,
    /// The columns that are read of it.
    wanted: BTreeSet<String>,
}

/// All joins of a mapping.
#[derive(Default)]
pub(in crate::source) struct Joins(Vec<Join>);

/// What a row of the users' table is read with.
pub(in crate::source) struct Joined<'m> {
    pub(in crate::source) joins: &'m Joins,
    pub(in crate::source) related: &'m dyn Related,
}

impl Joins {
    /// Reads `[join]`; `of` is what a join without one is found by.
    pub(in crate::source) fn read(value: Option<Toml>, of: Option<&str>) -> Read<Self> {
        let table = match value {
            None => return Ok(Self::default()),
            Some(Toml::Table(table)) => table,
            Some(_) => return Err(Problem("[join] holds tables: [join.NAME]".to_owned())),
        };
        let mut joins: Vec<Join> = Vec::new();
        for (name, value) in table {
            let at = format!("[join.{name}]");
            let Toml::Table(inner) = value else { return Err(Problem(format!("{at} is a table"))) };
            let mut section = Section::new(&at, inner);
            let needed = |key: &str, value: Option<String>| value.ok_or_else(|| Problem(format!("{at} needs {key}")));
            let table = needed("table", section.text("table")?)?;
            let key = needed("key", section.text("key")?)?;
            let of = needed("of", section.text("of")?.or(of.map(str::to_owned)))?;
            let only: Vec<_> = section.texts("only")?.into_iter().map(Comparison::read).collect::<Read<_>>()?;
            section.end()?;
            if name.contains('.') {
                return Err(Problem(format!("{at}: a name without dots is needed")));
            }
            let same = joins.iter().find(|other| other.table.eq_ignore_ascii_case(&table));
            if same.is_some_and(|same| same.key != key) {
                return Err(Problem(format!("{at}: a table has one key, and `{table}` has another above")));
            }
            let tables = joins.iter().map(|join| join.kind).collect::<BTreeSet<_>>().len();
            let kind = same.map(|same| same.kind).or_else(|| KINDS.get(tables).copied());
            let kind = kind.ok_or_else(|| Problem(format!("{at}: no more than {} tables are joined", KINDS.len())))?;
            let wanted = only.iter().map(|only| first(&only.column).to_owned()).collect();
            joins.push(Join { name, table, key, of, only, kind, wanted });
        }
        Ok(Self(joins))
    }

    /// Notes which columns are read, so that no others are kept.
    pub(in crate::source) fn want(&mut self, paths: impl Iterator<Item = String>) {
        let of: Vec<String> = self.0.iter().map(|join| join.of.clone()).collect();
        for path in paths.chain(of) {
            if let Some((name, rest)) = path.split_once('.')
                && let Some(join) = self.0.iter_mut().find(|join| join.name == name)
            {
                join.wanted.insert(first(rest).to_owned());
            }
        }
    }

    /// Whether a path leads into a join.
    pub(in crate::source) fn has(&self, path: &str) -> bool {
        path.split_once('.').is_some_and(|(name, _)| self.0.iter().any(|join| join.name == name))
    }

    /// The columns of the users' table that rows are found by.
    pub(in crate::source) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|join| join.of.as_str()).filter(|of| !self.has(of))
    }

    /// The kind of rows that a table holds, if it is joined.
    pub(in crate::source) fn kind(&self, table: &TableSample) -> Option<&'static str> {
        self.0.iter().find(|join| is(table, &join.table)).map(|join| join.kind)
    }

    /// What is kept of a row, and under which key.
    pub(in crate::source) fn relate(&self, kind: &str, record: &Record<'_>) -> Option<(String, Json)> {
        let row = Row { record, null: &[], lenient: true, joined: None };
        let of: Vec<&Join> = self.0.iter().filter(|join| join.kind == kind).collect();
        let held: Vec<Json> = of
            .iter()
            .filter(|join| join.only.iter().all(|only| only.holds(row)))
            .map(|join| join.name.as_str().into())
            .collect();
        let key = record.path(&of.first()?.key).and_then(common::id)?.into_owned();
        if held.is_empty() {
            return None;
        }
        let wanted: BTreeSet<&String> = of.iter().flat_map(|join| &join.wanted).collect();
        let kept = wanted.into_iter().filter_map(|column| Some((column.clone(), record.get(column)?.to_json())));
        Some((key, serde_json::json!([held, kept.collect::<serde_json::Map<_, _>>()])))
    }

    /// Whether the export has the tables and columns.
    ///
    /// # Errors
    /// [`RunError::usage`] for the first that it has not, with the nearest.
    pub(in crate::source) fn check(&self, tables: &[TableSample]) -> Result<(), RunError> {
        for join in &self.0 {
            let at = format!("the mapping's [join.{}]", join.name);
            let Some(table) = tables.iter().find(|table| is(table, &join.table)) else {
                let names: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
                let near = nearest(&join.table, &names).map_or_else(
                    || "pass the file that holds it, too".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(RunError::usage(format!(
                    "{at} names the table `{}`, which the export has not",
                    join.table
                ))
                .remedy(near));
            };
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            let named = table.format.names_its_columns() && !columns.is_empty();
            let needed = std::iter::once(&join.key).chain(&join.wanted);
            if let Some(missing) = needed.filter(|_| named).find(|column| !columns.contains(&first(column))) {
                let tail = nearest(missing, &columns).map_or_else(
                    || format!("there are {}", columns.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let said = format!("{at} reads the column `{missing}`, which `{}` has not", join.table);
                return Err(RunError::usage(said).remedy(tail));
            }
        }
        Ok(())
    }
}

impl Elsewhere for Joined<'_> {
    fn has(&self, path: &str) -> bool {
        self.joins.has(path)
    }

    /// In the order of the rows.
    fn values(&self, row: Row<'_, '_>, path: &str) -> Vec<Value<'static>> {
        self.at(row, path, STEPS).iter().map(common::value).collect()
    }
}

impl Joined<'_> {
    fn at(&self, row: Row<'_, '_>, path: &str, steps: u8) -> Vec<Json> {
        let Some((name, rest)) = path.split_once('.') else { return Vec::new() };
        let Some(join) = self.joins.0.iter().find(|join| join.name == name).filter(|_| steps > 0) else {
            return Vec::new();
        };
        let keys: Vec<String> = if self.joins.has(&join.of) {
            let keys = self.at(row, &join.of, steps - 1);
            keys.iter().filter_map(|key| common::id(&common::value(key)).map(std::borrow::Cow::into_owned)).collect()
        } else {
            let own = Row { joined: None, ..row };
            own.get(&join.of)
                .and_then(|of| common::id(of.value()).map(std::borrow::Cow::into_owned))
                .into_iter()
                .collect()
        };
        let mut values = Vec::new();
        for key in keys {
            for kept in self.related.rows(join.kind, &key).iter() {
                let of_this = kept[0].as_array().is_some_and(|held| held.iter().any(|held| held == name));
                if of_this && let Some(value) = within(&kept[1], rest) {
                    values.push(value);
                }
            }
        }
        values
    }
}

/// Whether a table is the one that is meant, by its own name or its file's.
fn is(table: &TableSample, name: &str) -> bool {
    let stem = || table.path.file_stem().map(|stem| stem.to_string_lossy());
    table.table.eq_ignore_ascii_case(name) || table.table.is_empty() && stem().is_some_and(|stem| stem == *name)
}
