//! Which of an export's tables are read: as the source says, as a person says (`--table`), or a question to that person.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::ReadOptions;
use super::scan::{Decoded, Pass, Reading, drive};
use crate::error::{Kind, RunError};
use crate::event::Silent;
use crate::format::TableSample;
use crate::format::file::SourceFile;
use crate::format::frame::Doubt;
use crate::scheme::columns::holds_password;
use crate::source::describe::nearest;
use crate::source::kit::cell;
use crate::source::kit::status::tables::{bare, is_log, whose};
use crate::source::{Role, Settled, Source};

/// So many tables and columns stand in a message.
const SHOWN: usize = 8;

/// What each table is.
///
/// # Errors
/// [`RunError::usage`] where that is for a person to say.
pub(super) fn settle(
    files: &[SourceFile],
    tables: &[TableSample],
    source: &'static dyn Source,
    options: &ReadOptions,
) -> Result<Vec<Role>, RunError> {
    if let Some(wanted) = &options.table {
        let roles = named(tables, source, wanted)?;
        let ignored = |table: &TableSample| options.ignore.iter().any(|name| name.eq_ignore_ascii_case(&table.table));
        let others: Vec<Role> = tables
            .iter()
            .zip(&roles)
            .map(|(table, role)| if *role == Role::Ignored && ignored(table) { Role::Mixed } else { *role })
            .collect();
        // A hash of the chosen people in a column of another name is told of by itself.
        let is_hash = |value: &serde_json::Value| value.as_str().is_some_and(|text| cell::kind(text).is_some());
        let has_own = tables
            .iter()
            .zip(&roles)
            .filter(|(_, role)| **role == Role::Users)
            .any(|(table, _)| table.records.iter().any(|record| record.values().any(is_hash)));
        return match unjoined(tables, &others).filter(|_| source.name() == "generic" && !has_own) {
            Some(found) => Err(RunError::usage(format!(
                "{}: a mapping file joins the two ([join.NAME]), --ignore with that table's name leaves its hashes out",
                found(wanted)
            ))),
            None => Ok(roles),
        };
    }
    match source.settle(tables, options.from.is_some()) {
        Settled::Roles(roles) => {
            let users = tables.iter().zip(&roles).find(|(_, role)| **role == Role::Users);
            let users = users.map(|(table, _)| called(table)).unwrap_or_default();
            let generic = source.name() == "generic";
            let address = || {
                let found = unreachable(tables, &roles)?;
                Some(format!("nobody in table `{users}` has an address, and {found}"))
            };
            let missing = unjoined(tables, &roles).map(|found| found(&users)).or_else(address);
            match missing.filter(|_| generic) {
                Some(missing) => Err(RunError::usage(format!(
                    "{missing}: a mapping file joins the two ([join.NAME]), {} leaves the other out",
                    crate::escape::flag("--table", &users)
                ))),
                None => Ok(roles),
            }
        }
        Settled::Open { candidates, why } => {
            let rows = rows(files, tables, &candidates, source)?;
            let listed = candidates.iter().zip(&rows).take(SHOWN).map(|(&at, rows)| {
                let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
                format!("{} ({rows}: {})", name(&tables[at]), columns(&tables[at]))
            });
            let listed: Vec<_> = listed.collect();
            let more = match candidates.len().saturating_sub(SHOWN) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let hashes = tables.iter().find_map(|table| hashes_alone(table).map(|column| (table, column)));
            let hashes = hashes.map_or_else(String::new, |(table, column)| {
                format!(
                    "; {} has hashes in `{column}` and no addresses: a mapping file joins it to theirs ([join.NAME])",
                    name(table)
                )
            });
            let supabase = if hashes.is_empty() && tables.iter().any(|table| table.head.contains("supabase")) {
                "; a Supabase project's passwords are in auth.users, which this dump leaves out: dump it with `pg_dump \
                 --data-only --table auth.users`"
            } else {
                ""
            };
            Err(RunError::usage(format!(
                "{why}: {}{more}{hashes}{supabase}; name the one with --table NAME, or describe it with --map",
                listed.join("; ")
            )))
        }
    }
}

/// The roles with one table for the users.
fn named(tables: &[TableSample], source: &dyn Source, wanted: &str) -> Result<Vec<Role>, RunError> {
    let bare = wanted.rsplit('.').next().unwrap_or(wanted);
    // Of two schemas' tables of one name, the second has its schema before its own.
    let exact = tables.iter().any(|table| table.table.eq_ignore_ascii_case(wanted));
    let is = |table: &TableSample| {
        if exact {
            return table.table.eq_ignore_ascii_case(wanted);
        }
        let stem = table.path.file_stem().map(|stem| stem.to_string_lossy());
        table.table.eq_ignore_ascii_case(wanted)
            || table.table.eq_ignore_ascii_case(bare)
            || table.table.is_empty() && stem.is_some_and(|stem| stem == wanted)
    };
    if !tables.iter().any(is) {
        let names: Vec<String> = tables.iter().map(called).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let near = nearest(wanted, &names).map(|near| format!("did you mean `{near}`?"));
        let listed = || {
            let are = if names.len() == 1 { "is" } else { "are" };
            format!("there {are} {}", names.iter().take(40).copied().collect::<Vec<_>>().join(", "))
        };
        return Err(RunError::usage(format!("--table {wanted}: no such table")).remedy(near.unwrap_or_else(listed)));
    }
    let roles = source.roles(tables);
    let chosen = tables.iter().zip(roles).map(|(table, role)| match (is(table), role) {
        (true, Role::Ignored) => Role::Users,
        (false, Role::Users | Role::Mixed) => Role::Ignored,
        (_, role) => role,
    });
    Ok(chosen.collect())
}

/// The rows of these tables, counted: a message that names them costs a pass over the export and nothing else does.
fn rows(
    files: &[SourceFile],
    tables: &[TableSample],
    of: &[usize],
    source: &'static dyn Source,
) -> Result<Vec<u64>, RunError> {
    let roles: Vec<_> =
        (0..tables.len()).map(|at| if of.contains(&at) { Role::Users } else { Role::Ignored }).collect();
    let job = Reading { files, tables, roles: &roles, source, pass: Pass::Users };
    let mut counts: HashMap<(u16, String), u64> = HashMap::new();
    let each = |fold: &mut HashMap<(u16, String), u64>, group: Vec<Decoded<'_>>| {
        for decoded in group {
            let table = decoded.record.map_or_else(|_| String::new(), |record| record.table.to_string());
            *fold.entry((decoded.position.file, table)).or_default() += 1;
        }
    };
    let counted = drive(&job, 1, &Silent, &HashMap::new, &each, |fold| {
        for (table, rows) in fold {
            *counts.entry(table).or_default() += rows;
        }
        Ok(ControlFlow::Continue(()))
    });
    // What is whole before a damage is counted; the damage is told when the export is read.
    if let Err(error) = counted
        && error.kind() != Kind::Export
    {
        return Err(error);
    }
    Ok(of.iter().map(|&at| counts.get(&(tables[at].file, tables[at].table.clone())).copied().unwrap_or(0)).collect())
}

/// A table as a person calls it: by its own name, or its file's without what follows the dot.
pub(super) fn called(table: &TableSample) -> String {
    match table.table.as_str() {
        "" => table.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// Whether a table is the one that a person means.
pub(super) fn is_called(table: &TableSample, name: &str) -> bool {
    called(table).eq_ignore_ascii_case(name)
}

/// What `--ignore` names and no column or table is called.
pub(super) fn ignored_in_vain(files: &[SourceFile], tables: &[TableSample], options: &ReadOptions) -> Vec<String> {
    let names: Vec<String> = tables
        .iter()
        .flat_map(|table| table.columns.iter().cloned().chain([called(table), table.table.clone()]))
        .collect();
    let is = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let vain = options.ignore.iter().filter(|name| {
        let column = name.split('.').next().unwrap_or(name);
        let doubts = || files.iter().flat_map(|file| &file.doubts);
        // What a dump calls is ignored by its name, and a column that is not in it by its own.
        let is_doubted = || {
            doubts().any(|doubt| match doubt {
                Doubt::Called(_, called) => name.eq_ignore_ascii_case(called),
                Doubt::Defaulted { column, .. } => name.eq_ignore_ascii_case(column),
                _ => false,
            })
        };
        // A model is no table of its own.
        let is_model =
            || name.contains('.') && tables.iter().any(|table| table.columns.iter().any(|column| column == "model"));
        !is(name) && !is_model() && !is(column) && !name.starts_with("$$") && !is_doubted()
    });
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = vain.map(|name| {
        let near = nearest(name, &known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let whose =
            if tables.iter().all(|table| table.format.names_its_columns()) { "" } else { " in the first records" };
        format!("--ignore {name}: no column or table is called that{whose}{near}")
    });
    said.collect()
}

/// A table as a message names it.
pub(super) fn name(table: &TableSample) -> String {
    if table.table.is_empty() { format!("{}", table.path.display()) } else { format!("`{}`", table.table) }
}

/// A table of a file, as a message names both.
pub(super) fn place(table: &TableSample) -> String {
    let name = if table.table.is_empty() { String::new() } else { format!(" `{}`", table.table) };
    format!("{}{name}", table.path.display())
}

/// A table's columns as a message names them: what may be a value in the place of a name is none.
pub(super) fn columns(table: &TableSample) -> String {
    let is_name = |column: &&String| {
        column.len() <= 40
            && !column.contains(['$', ':', '{', '@', '\\', '='])
            && (column.len() < 13 || column.chars().filter(char::is_ascii_digit).count() < 4)
            && !column.chars().all(|c| c.is_ascii_digit())
    };
    if table.columns.is_empty() {
        return match table.width {
            0 => "no columns".to_owned(),
            width => format!("{width} columns without names"),
        };
    }
    if !table.columns.iter().all(|column| is_name(&column) || column.is_empty()) {
        return format!("{} columns whose names look like values", table.columns.len());
    }
    let shown: Vec<_> = table.columns.iter().take(12).map(String::as_str).collect();
    let more = if table.columns.len() > 12 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The column of hashes in a table whose first rows hold some, and that is not read.
fn hashes_in(table: &TableSample) -> Option<(&str, &'static str)> {
    let kind_of = |column: &str| table.records.iter().find_map(|record| cell::kind(record.get(column)?.as_str()?));
    let columns = table.columns.iter().filter(|column| holds_password(column));
    let named = columns.map(String::as_str).find_map(|column| Some((column, kind_of(column)?)));
    // Within JSON the member says what it is.
    let within = |column: &str| {
        let objects = table.records.iter().filter_map(|record| match record.get(column)? {
            serde_json::Value::String(text) if text.starts_with('{') => serde_json::from_str(text).ok(),
            value @ serde_json::Value::Object(_) => Some(value.clone()),
            _ => None,
        });
        let members = objects.filter_map(|object: serde_json::Value| {
            let members = object.as_object()?.iter();
            let mut secret = members.filter(|(name, _)| holds_password(name)).filter_map(|(_, value)| value.as_str());
            secret.find_map(|text| cell::is_hash(text).then(|| cell::kind(text).unwrap_or("a hash")))
        });
        members.into_iter().next()
    };
    named.or_else(|| table.columns.iter().map(String::as_str).find_map(|column| Some((column, within(column)?))))
}

/// The column of hashes of a table that has no addresses and no user names.
fn hashes_alone(table: &TableSample) -> Option<&str> {
    let reachable = ["email", "mail", "username", "login", "user_login", "user_email"];
    let is_reachable =
        table.columns.iter().any(|column| reachable.iter().any(|name| column.eq_ignore_ascii_case(name)));
    hashes_in(table).filter(|_| !is_reachable).map(|(column, _)| column)
}

/// Addresses in a table that is not read, while those who are read have none: rows that tell whose they are, and no orders.
fn unreachable(tables: &[TableSample], roles: &[Role]) -> Option<String> {
    let is_address = |value: &serde_json::Value| {
        value.as_str().is_some_and(|text| {
            text.len() < 255
                && !text.contains(' ')
                && text.split_once('@').is_some_and(|(_, domain)| domain.contains('.'))
        })
    };
    let of = |role: Role| tables.iter().zip(roles).filter(move |(_, its)| **its == role).map(|(table, _)| table);
    let has_one = |table: &TableSample| table.records.iter().any(|record| record.values().any(is_address));
    if of(Role::Users).next().is_none() || of(Role::Users).any(|table| has_one(table) || table.records.is_empty()) {
        return None;
    }
    let is_key = |column: &String| {
        let bare: String = column.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let own = of(Role::Users).any(|table| table.columns.iter().any(|other| other.eq_ignore_ascii_case(column)));
        bare != "id"
            && (bare.ends_with("id")
                && (own || bare.contains("user") || bare.contains("member") || bare.contains("account"))
                || ["username", "login", "user"].contains(&&*bare))
    };
    of(Role::Ignored).find_map(|table| {
        let column = table.columns.iter().find(|column| {
            let filled = table.records.iter().filter_map(|record| record.get(column.as_str()));
            filled.filter(|value| is_address(value)).count() * 2 > table.records.len()
        })?;
        table.columns.iter().any(&is_key).then(|| format!("{} has addresses in `{column}`", name(table)))
    })
}

/// Hashes in a table that is not read, while those who are read have none, or those whose rows these are have none: what is said of
/// that, by the name of the users' table.
fn unjoined(tables: &[TableSample], roles: &[Role]) -> Option<impl Fn(&str) -> String> {
    let of = |role: Role| tables.iter().zip(roles).filter(move |(_, its)| **its == role).map(|(table, _)| table);
    let users = || of(Role::Users);
    let filled = |value: &serde_json::Value| !value.is_null() && value.as_str() != Some("");
    let has_one = |table: &TableSample, record: &Sampled| {
        table.columns.iter().any(|column| holds_password(column) && record.get(column).is_some_and(filled))
    };
    if users().any(|table| table.records.is_empty()) {
        return None;
    }
    let said = |table: &TableSample, who: &'static str| {
        let (column, kind) = hashes_in(table)?;
        let (table, column) = (name(table), column.to_owned());
        Some(move |users: &str| format!("{who} table `{users}` has a password, and {table} has {kind} in `{column}`"))
    };
    if !users().any(|table| table.records.iter().any(|record| has_one(table, record))) {
        return of(Role::Ignored).find_map(|table| said(table, "nobody in"));
    }
    // By whatever the rows of another table name theirs.
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.trim().to_lowercase()).filter(|text| !text.is_empty()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let is_key = |column: &str| {
        let bare = bare(column);
        bare.ends_with("id") || ["email", "mail", "username", "login", "user"].contains(&&*bare)
    };
    let rows = users().flat_map(|table| table.records.iter().filter(|record| !has_one(table, record)));
    let keys = rows.flatten().filter(|(column, _)| is_key(column));
    let without: HashSet<String> = keys.filter_map(|(_, value)| text(value)).collect();
    // What somebody's password was before is none that they have.
    let is_former = |table: &TableSample| is_log(&called(table)) || bare(&called(table)).contains("reset");
    of(Role::Ignored).filter(|table| !is_former(table)).find_map(|table| {
        let whose = whose(&table.columns)?;
        let mut theirs = table.records.iter().filter_map(|record| text(record.get(whose)?));
        theirs.any(|key| without.contains(&key)).then(|| said(table, "not everybody in")).flatten()
    })
}

type Sampled = serde_json::Map<String, serde_json::Value>;
