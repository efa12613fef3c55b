//! Whose export it is, by what a person says or by looking; and what is said where nobody can tell.

use std::fmt::Write as _;

use super::{Export, ReadOptions, tables};
use crate::error::RunError;
use crate::format::file::SourceFile;
use crate::format::{Format, TableSample};
use crate::source::describe::Mapping;
use crate::source::{Role, Source};

/// The mapping, the source named by `--from`, or the one that believes most in these tables.
///
/// # Errors
/// [`RunError::usage`] for a source that is not there, or a mapping of another export.
pub(super) fn choose(
    tables: &[TableSample],
    options: &ReadOptions,
    described: Option<&'static Mapping>,
) -> Result<Option<(&'static dyn Source, String)>, RunError> {
    if let Some(system) = described {
        let why =
            system.detect(tables).map_or_else(|| "as the mapping file says".to_owned(), |detection| detection.why);
        return Ok(Some((system, why)));
    }
    let base = options.mapping.and_then(|mapping| mapping.base.as_ref());
    if let (Some(mapping), None) = (options.mapping, base) {
        mapping.check(tables, |table| mapping.role(table) == Role::Users)?;
        return Ok(Some((mapping, "as the mapping file says".to_owned())));
    }
    let flag = if base.is_some() { "[source] from =" } else { "--from" };
    if let Some(name) = base.or(options.from.as_ref()) {
        let source = crate::source::ALL.iter().find(|source| source.name() == name).ok_or_else(|| {
            let names: Vec<_> = crate::source::ALL.iter().map(|source| source.name()).collect();
            RunError::usage(format!("{flag} {name}: no such source; there are {}", names.join(", ")))
        })?;
        if let Some(mapping) = options.mapping {
            mapping.check(tables, |table| source.role(table) == Role::Users)?;
        }
        let why = source.detect(tables).map_or_else(|| "as --from says".to_owned(), |detection| detection.why);
        return Ok(Some((*source, why)));
    }
    let mut best: Option<(u8, &'static dyn Source, String)> = None;
    for source in crate::source::ALL.iter() {
        if let Some(detection) = source.detect(tables)
            && best.as_ref().is_none_or(|(score, ..)| detection.score > *score)
        {
            best = Some((detection.score, *source, detection.why));
        }
    }
    Ok(best.map(|(_, source, why)| (source, why)))
}

/// How much a table looks like one of people, by its columns.
fn likeness(table: &TableSample) -> usize {
    let has = |parts: &[&str]| {
        table.columns.iter().any(|column| {
            let column = column.to_ascii_lowercase();
            parts.iter().any(|part| column.contains(part))
        })
    };
    2 * usize::from(has(&["mail"]))
        + 2 * usize::from(has(&["pass", "pwd", "hash", "digest"]))
        + usize::from(has(&["login", "user", "name"]))
        + usize::from(!table.records.is_empty())
}

pub(super) fn unknown(files: &[SourceFile], tables: &[TableSample]) -> String {
    if tables.is_empty() {
        let json = files.iter().find(|file| file.format() == Format::Json);
        if let Some(shown) = json.map(|file| shown(&file.head)).filter(|shown| !shown.is_empty()) {
            return format!("there are no rows in it that could be users{shown}");
        }
        return match json.map(SourceFile::name).map(|file| crate::escape::word(&file)) {
            Some(file) => format!(
                "there is no list of objects in it; users who stand in an object under their ids become one with `jq '[.users | \
                 to_entries[] | {{id: .key}} + .value]' {file}`, with `.` or another path for `.users`"
            ),
            None => "there are no rows in it that could be users".into(),
        };
    }
    // Of many, those that could hold people come first.
    let mut likely: Vec<&TableSample> = tables.iter().collect();
    likely.sort_by_key(|table| std::cmp::Reverse(likeness(table)));
    let more = likely.len().saturating_sub(4);
    let found = likely.iter().take(4).map(|table| format!("{} has {}", tables::place(table), tables::columns(table)));
    let found: Vec<_> = found.collect();
    let nameless = likely.iter().take(4).any(|table| table.columns.is_empty() && table.width > 0);
    let again = match tables[0].format {
        Format::Sql if nameless => {
            "; the dump says nowhere what its columns are called: dump again without --no-create-info, or with --complete-insert"
        }
        Format::Json | Format::Ndjson if tables.iter().all(|table| table.columns.is_empty()) => shown(&tables[0].head),
        _ => "",
    };
    format!(
        "cannot tell whose export this is: {}{again}; name the source with --from, or its columns with --map",
        found.join("; ") + &if more > 0 { format!("; and {more} more tables") } else { String::new() }
    )
}

/// What a text that begins like JSON and is none was written by.
fn shown(head: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| head.contains(word));
    if says(&["ObjectId(", "ISODate(", "NumberLong("]) {
        "; it is what MongoDB's shell shows, and no JSON: write it with mongoexport, or with EJSON.stringify"
    } else if says(&["{'", "': ", "': True", "': None"]) {
        "; it is what Python shows of it, and no JSON: write it with json.dumps"
    } else {
        ""
    }
}

pub(super) fn without_users(tables: &[TableSample], source: &dyn Source, why: &str) -> String {
    let names: Vec<_> =
        tables.iter().filter(|t| !t.table.is_empty()).take(8).map(|t| format!("`{}`", t.table)).collect();
    let found = if names.is_empty() { "nothing that lists users".into() } else { names.join(", ") };
    format!("no users are in this {} export (found: {found}; {why}); pass the file that holds them", source.name())
}

/// Why there is nobody in an export, as far as that can be told, and what to do.
pub(super) fn nobody(export: &Export) -> String {
    let with = |wanted: fn(&TableSample, Role) -> bool| -> Vec<String> {
        let tables = export.tables.iter().zip(&export.roles).filter(|(table, role)| wanted(table, **role));
        tables.map(|(table, _)| tables::name(table)).collect()
    };
    let users = with(|_, role| matches!(role, Role::Users | Role::Mixed));
    let others = with(|table, role| matches!(role, Role::Ignored | Role::Related(_)) && !table.records.is_empty());
    let classes = object_classes(&export.tables);
    let mut said = format!("nobody is in this {} export: no users are in {}", export.source.name(), listed(&users, 4));
    if !classes.is_empty() {
        let _ = write!(said, "; its entries are of the classes {}", listed(&classes, 8));
    }
    if !others.is_empty() {
        let _ = write!(said, "; passed over: {}", listed(&others, 8));
    }
    if !export.findings.is_empty() {
        let _ = write!(said, "; {}", export.findings.join("; "));
    }
    said.push_str(". If people are in it, name their table's columns with --map");
    said
}

/// So many names, and how many more there are.
fn listed(names: &[String], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The object classes of a directory's first entries.
fn object_classes(tables: &[TableSample]) -> Vec<String> {
    let mut classes = std::collections::BTreeSet::new();
    for (name, value) in tables.iter().filter(|t| t.format == Format::Ldif).flat_map(|t| &t.records).flatten() {
        if name.eq_ignore_ascii_case("objectClass") {
            let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            classes.extend(several.iter().filter_map(|class| class.as_str().map(str::to_owned)));
        }
    }
    classes.into_iter().collect()
}

pub(super) fn nameless(table: &TableSample, source: &dyn Source) -> String {
    format!(
        "{} has no header, and {} values a row are no {} export that is known; export it with column names",
        table.path.display(),
        table.width,
        source.name()
    )
}
