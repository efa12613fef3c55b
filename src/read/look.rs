//! Everything that an export holds, column by column, whoever's it is: what a mapping is proposed from.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::opened::Opened;
use super::scan::{Decoded, Pass, Reading, drive};
use crate::error::RunError;
use crate::event::Silent;
use crate::format::TableSample;
use crate::format::file::SourceFile;
use crate::format::frame::Doubt;
use crate::live::Access;
use crate::source::Role;
use crate::source::describe::propose::{Table, propose};
use crate::source::systems::generic::Generic;

/// What was found in the files.
pub struct Looked {
    /// All tables, column by column.
    pub tables: Vec<Table>,
    /// The system, if one is sure of them.
    pub detected: Option<&'static str>,
    /// What a person should know of the files as such.
    pub findings: Vec<String>,
    /// Whether something in the files says that users may be missing.
    pub incomplete: bool,
}

/// Opens files and looks at all their tables.
///
/// # Errors
/// [`RunError::io`] for files that cannot be read, [`RunError::export`] for files that are nothing that is read.
pub(crate) fn look(paths: &[PathBuf], access: Access<'_>) -> Result<Looked, RunError> {
    let Opened { mut files, mut tables, mut findings, incomplete, archives: _archives, .. } =
        Opened::of(paths, access)?;
    let incomplete = incomplete || files.iter().flat_map(|file| &file.doubts).any(Doubt::loses);
    let detected = crate::source::ALL.iter().filter_map(|source| Some((source.detect(&tables)?.score, source.name())));
    let sure = detected.max().filter(|(score, _)| *score > 1).map(|(_, name)| name);
    let (tables, damaged) = looked(&mut files, &mut tables)?;
    match damaged {
        0 => {}
        1 => findings.push("1 record is damaged, or cut, and was not looked at".to_owned()),
        n => findings.push(format!("{n} records are damaged, or cut, and were not looked at")),
    }
    Ok(Looked { tables, detected: sure, findings, incomplete: incomplete || damaged > 0 })
}

/// Paths as a shell takes them.
#[must_use]
pub fn words(paths: &[PathBuf]) -> String {
    let word = |path: &PathBuf| crate::escape::quoted_path(path);
    paths.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// What is said of an export that nobody describes, with the core of a mapping and the command that writes all of it.
pub(super) fn with_proposal(
    said: RunError,
    paths: &[PathBuf],
    mut files: Vec<SourceFile>,
    mut tables: Vec<TableSample>,
) -> RunError {
    let Ok((tables, _)) = looked(&mut files, &mut tables) else { return said };
    let proposal = propose(&tables).filter(|_| !tables.iter().any(Table::names_are_values));
    let Some(proposal) = proposal else { return said };
    let (then, words) =
        (if proposal.open.is_empty() { "then" } else { "answer what stands as \"?\", then" }, words(paths));
    said.remedy(format!(
        "by what is in it, a mapping would begin so:\n{}\nwrite all of it, with why on each line: rehome map {words} > map.toml\n\
         {then}: rehome check {words} --map map.toml",
        proposal.core(),
    ))
}

/// Tables by file and name.
type Seen = HashMap<(u16, String), Table>;

/// Looks at all tables of an export that is open, and counts records that are damaged.
fn looked(files: &mut [SourceFile], tables: &mut [TableSample]) -> Result<(Vec<Table>, u64), RunError> {
    for table in tables.iter_mut().filter(|table| table.columns.is_empty() && table.width > 0) {
        table.columns = (0..table.width).map(|column| column.to_string()).collect();
        files[usize::from(table.file)].name_columns(&table.table, table.columns.clone());
    }
    let now = jiff::Timestamp::now();
    let damaged = AtomicU64::new(0);
    let roles = vec![Role::Users; tables.len()];
    let job = Reading { files, tables, roles: &roles, source: &Generic, pass: Pass::Users };
    let empty = |table: &TableSample| {
        let stem = || table.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let is_file = table.table.is_empty();
        Table::named(if is_file { stem() } else { table.table.clone() }, is_file, &table.columns)
    };
    let each = |seen: &mut Seen, group: Vec<Decoded<'_>>| {
        for decoded in group {
            let Ok(record) = decoded.record else {
                damaged.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let at = (decoded.position.file, record.table.to_string());
            if !seen.contains_key(&at) {
                let table = tables.iter().find(|table| table.file == at.0 && table.table == at.1);
                seen.insert(at.clone(), table.map(empty).unwrap_or_default());
            }
            if let Some(table) = seen.get_mut(&at) {
                table.see(record, now);
            }
        }
    };
    let mut found: Vec<Table> = tables.iter().map(empty).collect();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    drive(&job, threads, &Silent, &Seen::new, &each, |seen| {
        for ((file, name), table) in seen {
            let at = tables.iter().position(|table| table.file == file && table.table == name);
            if let Some(at) = at {
                found[at].merge(table);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    // Several files of the same table are one.
    let mut whole: Vec<Table> = Vec::new();
    for table in found {
        match whole.iter_mut().find(|other| !other.is_file && other.name == table.name) {
            Some(other) => other.merge(table),
            None => whole.push(table),
        }
    }
    Ok((whole, damaged.into_inner()))
}
