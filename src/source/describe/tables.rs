//! Which table a rule is about: by its columns, its name, its format and what its first rows hold.

use super::condition::Conditions;
use super::row::{Manner, Row};
use super::section::{Problem, Read, Section};
use super::words;
use crate::format::{Fields, Format, Position, Record, TableSample};
use crate::source::kit::{common, shape};

/// What a table has to have. Everything that is said has to hold.
#[derive(Default)]
pub(super) struct Table {
    /// Its name, or its file's without what follows the dot; `*` stands for anything.
    pub(super) called: Option<String>,
    /// One of these names behind whatever prefix an installation has; or none at all.
    named: Vec<String>,
    /// None of these names, in which `*` stands for anything.
    not_named: Vec<String>,
    /// All of these columns.
    pub(super) columns: Vec<String>,
    /// One of these columns.
    any: Vec<String>,
    /// None of these columns.
    without: Vec<String>,
    /// So many columns at most.
    at_most: Option<usize>,
    /// One of these formats.
    formats: Vec<Format>,
    /// The names of the columns, where the file gives none.
    pub(super) fields: Vec<String>,
    /// All of the first rows hold these.
    every: Conditions,
    /// One of the first rows holds these.
    some: Conditions,
}

const FORMATS: [Format; 8] =
    [Format::Csv, Format::Tsv, Format::Json, Format::Ndjson, Format::Sql, Format::Xml, Format::Ldif, Format::Colon];
const FORMAT_NAMES: [&str; 8] = ["csv", "tsv", "json", "ndjson", "sql", "xml", "ldif", "colon"];

impl Table {
    pub(super) fn read(section: &mut Section) -> Read<Self> {
        let mut formats = Vec::new();
        for name in section.texts("format")? {
            let found = FORMAT_NAMES.iter().position(|known| *known == name);
            formats.extend(found.map(|at| FORMATS[at]));
            if found.is_none() {
                let known = FORMAT_NAMES.join(", ");
                return Err(Problem(format!("{} is `{name}`; there are {known}", section.at("format"))));
            }
        }
        let names = section.texts("fields")?;
        Ok(Self {
            called: section.text("table")?,
            named: section.texts("named")?,
            not_named: section.texts("not_named")?,
            columns: section.texts("columns")?,
            any: section.texts("any")?,
            without: section.texts("without")?,
            at_most: section.number("at_most")?,
            formats,
            fields: names,
            every: Conditions::take(section, "every")?,
            some: Conditions::take(section, "some")?,
        })
    }

    /// Whether nothing is asked of a table, so that all fit.
    pub(super) fn is_empty(&self) -> bool {
        self.called.is_none()
            && [&self.named, &self.columns, &self.any, &self.fields].iter().all(|list| list.is_empty())
    }

    /// Whether a table is of this rule.
    pub(super) fn fits(&self, table: &TableSample) -> bool {
        let has = |column: &String| table.columns.contains(column);
        (self.formats.is_empty() || self.formats.contains(&table.format))
            && (self.fields.is_empty() || self.fields == table.columns || self.is_headerless(table))
            && self.called.as_ref().is_none_or(|name| is(table, name))
            && (self.named.is_empty() || self.named.iter().any(|name| shape::named(table, name)))
            && !self.not_named.iter().any(|name| words::matches(name, &table.table))
            && self.columns.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.without.iter().any(has)
            && self.at_most.is_none_or(|most| table.columns.len() <= most)
            && (self.every.is_empty() || samples(table).all(|record| holds(&self.every, &record)))
            && (self.some.is_empty() || samples(table).any(|record| holds(&self.some, &record)))
    }

    /// Whether it is a table without names of columns, of as many as are named here.
    pub(super) fn is_headerless(&self, table: &TableSample) -> bool {
        table.columns.is_empty() && !self.fields.is_empty() && table.width == self.fields.len()
    }
}

fn samples(table: &TableSample) -> impl Iterator<Item = Record<'static>> {
    table.records.iter().map(|members| Record {
        position: Position::default(),
        table: "".into(),
        fields: Fields::Members(members.iter().map(|(n, v)| (n.clone().into(), common::value(v))).collect()),
        raw: b"",
    })
}

fn holds(conditions: &Conditions, record: &Record<'_>) -> bool {
    conditions.hold(Row::alone(record, &Manner::default()))
}

/// Whether a table is the one that is meant, by its own name or its file's.
fn is(table: &TableSample, name: &str) -> bool {
    let called = match table.table.as_str() {
        "" => table.path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default(),
        own => own.into(),
    };
    if name.contains('*') { words::matches(name, &called) } else { called.eq_ignore_ascii_case(name) }
}
