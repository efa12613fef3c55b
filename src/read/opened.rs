//! The files of an export, opened and sampled, before anybody has said whose it is.

use std::collections::HashSet;
use std::path::PathBuf;

use super::tables::name as name_of;
use super::unpack::Unpacked;
use super::{ReadOptions, folder};
use crate::error::RunError;
use crate::format::file::SourceFile;
use crate::format::frame::Doubt;
use crate::format::{Format, TableSample, Value};
use crate::live::{self, Access};
use crate::scheme::columns::holds_password;
use crate::source::kit::status::{self, Meaning, Standing};
use crate::source::{FirebaseHashConfig, Role};

/// A table of more columns is no table of users, and no database has any.
const MAX_COLUMNS: usize = 10_000;

/// The files and the tables in them.
pub(super) struct Opened {
    pub files: Vec<SourceFile>,
    pub tables: Vec<TableSample>,
    /// What a person should know of the files as such.
    pub findings: Vec<String>,
    /// Whether one of them says that users may be missing, and none of a file's doubts.
    pub incomplete: bool,
    /// Where the files of archives are.
    pub archives: Vec<Unpacked>,
    /// Hash parameters that a project of Firebase itself said.
    pub firebase: Option<FirebaseHashConfig>,
}

impl Opened {
    /// # Errors
    /// [`RunError::io`] for files that cannot be read, [`RunError::export`] for files that are nothing that is read.
    pub(super) fn of(paths: &[PathBuf], access: Access<'_>) -> Result<Self, RunError> {
        let mut files = Vec::new();
        let mut tables = Vec::new();
        let mut notes = folder::Notes::default();
        let mut archives = Vec::new();
        let mut firebase = None;
        let mut waiting = folder::expanded(paths, &mut archives, &mut notes)?;
        let folder::Notes { mut findings, incomplete } = notes;
        while let Some(path) = waiting.pop_front() {
            let mut file = match path {
                folder::Entry::File(path) => match live::open(&path, access)? {
                    Some(live::Opened::Database(live)) => {
                        findings.extend(live.findings.iter().map(|said| format!("{}: {said}", live.name.display())));
                        SourceFile::open_live(live)
                    }
                    Some(live::Opened::Fetched(fetched)) => {
                        findings.extend(fetched.findings.iter().map(|said| format!("{}: {said}", path.display())));
                        firebase = firebase.or_else(|| fetched.firebase.clone());
                        SourceFile::open_fetched(&path, &fetched.file)?
                    }
                    None => SourceFile::open(&path)?,
                },
                folder::Entry::Rows(path, of) => SourceFile::open_rows(&path, of)?,
            };
            file.input.shown = archives.iter().find_map(|archive| archive.shown(&file.input.path));
            let index = u16::try_from(files.len()).map_err(|_| RunError::usage("too many files"))?;
            let mut sampled = file.samples(index)?;
            if let Some(table) = sampled.iter().find(|table| table.columns.len().max(table.width) > MAX_COLUMNS) {
                let columns = table.columns.len().max(table.width);
                return Err(RunError::export(format!(
                    "{} has {columns} columns; no more than {MAX_COLUMNS} are read",
                    name_of(table)
                )));
            }
            folder::add_rows(&file, &mut sampled, &mut waiting, &mut findings);
            tables.extend(sampled);
            findings.extend(
                tables.iter().filter(|t| t.file == index).flat_map(repeated).map(|column| {
                    format!("{}: two columns are called `{column}`; the first is taken", file.input.name())
                }),
            );
            findings.extend(file.input.encoding.said().map(|said| format!("{}: {said}", file.input.name())));
            let doubts = file.doubts.iter().filter(|doubt| !doubt.is_of_a_table());
            findings.extend(doubts.map(|doubt| format!("{}: {}", file.input.name(), doubt.text())));
            files.push(file);
        }
        name_by_schemas(&mut files, &mut tables);
        Ok(Self { files, tables, findings, incomplete, archives, firebase })
    }
}

/// Rows whose dump does not say what their columns are called get the names of another file's `CREATE TABLE` (mydumper's `-schema.sql`,
/// `--no-data` beside `--no-create-info`), and that file's tables without rows give way to those that have some. Where two databases have
/// a table of the name, those whose columns nobody can tell stay without names.
fn name_by_schemas(files: &mut [SourceFile], tables: &mut Vec<TableSample>) {
    let is_schema = |table: &TableSample| table.format == Format::Sql && table.records.is_empty();
    let schemas: Vec<_> =
        tables.iter().filter(|table| is_schema(table) && !table.columns.is_empty()).cloned().collect();
    let mut found = HashSet::new();
    for table in tables.iter_mut().filter(|table| table.format == Format::Sql && !table.records.is_empty()) {
        let others: Vec<_> = schemas.iter().filter(|schema| may_be_of(schema, table)).collect();
        if others.is_empty() {
            continue;
        }
        let fits = |schema: &&&TableSample| schema.columns.len() == table.width;
        let mut fitting = others.iter().filter(fits).map(|schema| &schema.columns);
        if table.columns.is_empty()
            && let Some(names) = fitting.next()
            && fitting.all(|columns| columns == names)
        {
            let named = |(number, value): (String, serde_json::Value)| {
                (number.parse().ok().and_then(|at: usize| names.get(at)).cloned().unwrap_or(number), value)
            };
            for record in &mut table.records {
                *record = std::mem::take(record).into_iter().map(named).collect();
            }
            (table.columns, table.width) = (names.clone(), 0);
            files[usize::from(table.file)].name_columns(&table.table, names.clone());
        }
        // What rows leave out that name their columns holds what the schema says.
        let has = |column: &str| table.columns.iter().any(|name| name.eq_ignore_ascii_case(column));
        let defaults = others.iter().flat_map(|schema| files[usize::from(schema.file)].defaults(&schema.table));
        let left_out = defaults.filter(|(column, _)| !table.columns.is_empty() && !has(column)).map(|(column, is)| {
            Doubt::Defaulted { table: table.table.clone(), column: column.clone(), is: is.clone(), added: false }
        });
        let left_out: Vec<_> = left_out.collect();
        files[usize::from(table.file)].doubts.extend(left_out);
        found.insert(table.table.clone());
    }
    tables.retain(|table| !(is_schema(table) && found.contains(&table.table)));
}

/// Whether a table of another file may be the one that rows are of: of two databases it is not, as the files' names tell (`shop.users-schema.sql`,
/// `shop.users.00000.sql`).
fn may_be_of(schema: &TableSample, rows: &TableSample) -> bool {
    let bare = schema.table.rsplit('.').next().unwrap_or_default();
    let database = |table: &TableSample| {
        let name = table.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.find(&format!(".{bare}")).map(|at| name[..at].to_owned())
    };
    let is_called = schema.table == rows.table || bare == rows.table;
    is_called
        && schema.file != rows.file
        && database(schema).zip(database(rows)).is_none_or(|(one, other)| one == other)
}

/// Stops where two columns of the users are called alike and each may say who may sign in, or with which password.
///
/// # Errors
/// [`RunError::usage`] with what to do.
pub(super) fn stop_at_two_of_a_name(
    tables: &[TableSample],
    roles: &[Role],
    options: &ReadOptions,
) -> Result<(), RunError> {
    let says = |column: &str| {
        (status::meaning(column).is_some() || holds_password(column))
            && !options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(column))
    };
    let users = tables.iter().zip(roles).filter(|(_, role)| matches!(role, Role::Users | Role::Mixed));
    let Some((table, column)) =
        users.flat_map(|(table, _)| repeated(table).map(move |column| (table, column))).find(|(_, c)| says(c))
    else {
        return Ok(());
    };
    Err(RunError::usage(format!(
        "{} has two columns called {column:?}, and nobody can tell which of them is in force: export it with a name of its own for \
         each (in SQL with AS); nothing was sent",
        name_of(table)
    )))
}

/// Stops at a dump of which a statement changes rows that are read, or that has columns for them by which they are kept out and does
/// not write them. Gives back what else is doubtful about tables that are read.
///
/// # Errors
/// [`RunError::export`] with what to do.
pub(super) fn stop_at_undone(
    files: &[SourceFile],
    tables: &[TableSample],
    roles: &[Role],
    options: &ReadOptions,
) -> Result<Vec<String>, RunError> {
    let mut said = Vec::new();
    let ignored = |name: &str| options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(name));
    // A file that is read as rows of the same kind of table, and not one that lies there alone.
    let passed = |name: &str, kind: Role| {
        let is = |table: &TableSample| table.path.file_name().is_some_and(|of| of == name);
        tables.iter().zip(roles).any(|(table, role)| is(table) && *role == kind)
    };
    for (at, file) in files.iter().enumerate() {
        let read = |table: Option<&String>| {
            let is =
                |other: &TableSample| usize::from(other.file) == at && table.is_none_or(|table| other.table == *table);
            let read = tables.iter().zip(roles).find(|(other, role)| is(other) && **role != Role::Ignored);
            read.map(|(table, role)| (table, *role))
        };
        for doubt in &file.doubts {
            let stops = match doubt {
                Doubt::Undone(table, _) => read(Some(table)).is_some() && !ignored(table),
                Doubt::Called(_, name) => read(None).is_some() && !ignored(name),
                Doubt::Defaulted { table, column, is, .. } => {
                    read(Some(table)).is_some_and(|(table, _)| bars(table, column, is, options)) && !ignored(column)
                }
                Doubt::Elsewhere(table, name) if read(Some(table)).is_some_and(|(_, role)| !passed(name, role)) => {
                    said.push(format!("{}: {}", file.input.name(), doubt.text()));
                    false
                }
                _ => false,
            };
            if stops {
                return Err(RunError::export(format!("{}: {}; nothing was sent", file.input.name(), doubt.text())));
            }
        }
    }
    Ok(said)
}

/// Whether a column that rows do not have keeps them out by its default, and no mapping says otherwise.
fn bars(table: &TableSample, column: &str, is: &str, options: &ReadOptions) -> bool {
    let meaning = status::meaning_among(column, &table.columns);
    let bars = |meaning: Meaning| meaning.read(&Value::Text(is.into()), options.now) >= Standing::Disabled;
    options.mapping.is_none_or(|mapping| mapping.says(column).is_none()) && meaning.is_some_and(bars)
}

/// Columns' names that stand twice in a header.
fn repeated(table: &TableSample) -> impl Iterator<Item = &str> {
    let mut seen = std::collections::HashSet::new();
    table.columns.iter().map(String::as_str).filter(move |name| !name.is_empty() && !seen.insert(*name))
}
