//! Which of several rows of somebody count: not what was revoked or replaced, and no table of what was.

use std::collections::{BTreeMap, BTreeSet};

use super::links::Link;
use super::look::{Column, Row, Table};
use super::{literal, people};
use crate::format::Value;
use crate::source::kit::common::truth;
use crate::source::systems::generic::folded;

type Holds<'t> = Box<dyn Fn(&Row) -> bool + 't>;

/// What a column of such a name says by a yes or a date.
const PAST: [&str; 14] = [
    "revoked",
    "superseded",
    "replaced",
    "retired",
    "rotated",
    "invalidated",
    "obsolete",
    "deleted",
    "removed",
    "disabled",
    "deactivated",
    "archived",
    "unlinked",
    "expired",
];

/// What it says by a no.
const CURRENT: [&str; 10] = [
    "iscurrent",
    "current",
    "islatest",
    "latest",
    "isactive",
    "active",
    "enabled",
    "isenabled",
    "isvalid",
    "iscurrentpassword",
];

/// When it is over, which may be ahead.
const ENDS: [&str; 8] =
    ["expiresat", "expires", "expireson", "expirydate", "validto", "validuntil", "endedat", "enddate"];

/// The comparisons that leave out what counts no more.
fn counting(table: &Table) -> Vec<(String, Holds<'_>)> {
    let mut found: Vec<(String, Holds<'_>)> = Vec::new();
    let says =
        |row: &Row, column: &Column| row.get(&column.name).and_then(|text| truth(&Value::Text(text.as_str().into())));
    for column in table.columns.iter().filter(|column| column.filled > 0 && column.objects == 0) {
        let name = folded(&column.bare);
        let stem = ["at", "on", "date", "time"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let stem = stem.strip_prefix("is").unwrap_or(stem);
        let truths = column.yes + column.no == column.filled;
        if PAST.contains(&stem) && (truths && column.yes > 0) {
            found.push((format!("{} != true", column.name), Box::new(move |row| says(row, column) != Some(true))));
        } else if PAST.contains(&stem) && column.dates > 0 {
            let written = if column.dates == column.filled { "== null" } else { "!= date" };
            let is_date = move |row: &Row| row.get(&column.name).is_some_and(|text| text.len() >= 8);
            found.push((format!("{} {written}", column.name), Box::new(move |row| !is_date(row))));
        } else if CURRENT.contains(&&*name) && truths && column.yes > 0 && column.yes < table.looked {
            found.push((format!("{} == true", column.name), Box::new(move |row| says(row, column) == Some(true))));
        }
    }
    found
}

/// The comparisons that leave each user one row with this column; an error is whose rows it says nothing of. `by` is a
/// comparison that is there already.
pub(super) fn only(
    table: &Table,
    link: Link,
    column: &Column,
    by: Option<&(String, String)>,
) -> Result<Vec<String>, String> {
    let key = &table.columns[link.key].name;
    let mut counting = counting(table);
    let several = |counting: &[(String, Holds<'_>)]| {
        let mut of: BTreeMap<&String, usize> = BTreeMap::new();
        let rows = table.kept.iter().filter(|row| by.is_none_or(|(by, value)| row.get(by) == Some(value)));
        for row in rows.filter(|row| row.contains_key(&column.name)) {
            if let Some(whose) = row.get(key) {
                *of.entry(whose).or_default() += usize::from(counting.iter().all(|(_, holds)| holds(row)));
            }
        }
        (of.values().filter(|n| **n > 1).count(), of.values().filter(|n| **n == 0).count())
    };
    let (mut many, none) = several(&counting);
    if many > 0 {
        for ends in table.columns.iter().filter(|column| ENDS.contains(&&*folded(&column.bare))) {
            counting.push((format!("{} == null", ends.name), Box::new(move |row| !row.contains_key(&ends.name))));
            // What only has to be changed some day is a password all the same.
            if several(&counting) == (0, none) {
                many = 0;
                break;
            }
            counting.pop();
        }
    }
    if many > 0 {
        return Err(format!(
            "`{}` has several rows of one user ({many} seen), and nothing says which counts",
            table.name
        ));
    }
    Ok(counting.into_iter().map(|(written, _)| written).collect())
}

/// The comparisons that leave out what was deleted or replaced, whether or not one row is left of each.
pub(super) fn without_past(table: &Table) -> Vec<String> {
    counting(table).into_iter().map(|(written, _)| written).collect()
}

/// Whether each user has one row at most that is said to be the first.
pub(super) fn is_one_each(table: &Table, link: Link) -> bool {
    let Some((column, yes)) = people::primary(table) else { return false };
    let first = table.kept.iter().filter(|row| row.get(&column.name) == Some(yes));
    let mut of = BTreeSet::new();
    first.filter_map(|row| row.get(&table.columns[link.key].name)).all(|whose| of.insert(whose))
}

/// Of a table of names and values the rows under one of these names, if all of them hold what is wanted and are of one
/// application: the comparisons that tell them, and the column of the values.
pub(super) fn setting(
    table: &Table,
    link: Link,
    names: &[&str],
    is: &dyn Fn(&str) -> bool,
) -> Option<(Vec<String>, String)> {
    let value = table.columns.iter().find(|column| column.bare.to_ascii_lowercase().ends_with("value"))?;
    let whose = &table.columns[link.key].name;
    let whole = table.looked <= table.kept.len() as u64;
    let keys = table.columns.iter().filter(|column| people::is_name_of_values(column) && whole && !link.single);
    keys.filter_map(|key| Some((key, names.iter().find(|name| key.has(name))?))).find_map(|(key, name)| {
        let rows = || table.kept.iter().filter(|row| row.get(&key.name).is_some_and(|text| text == name));
        if rows().next().is_none() || !rows().all(|row| row.get(&value.name).is_some_and(|text| is(text))) {
            return None;
        }
        let mut only = vec![format!("{} == '{name}'", key.name)];
        let apart = [&key.name, &value.name, whose];
        let others = table.columns.iter().filter(|column| !apart.contains(&&column.name) && column.values.is_some());
        for column in others.filter(|column| folded(&column.bare) != "id") {
            let mut seen = rows().filter_map(|row| row.get(&column.name));
            let Some(first) = seen.next() else { continue };
            if !seen.all(|other| other == first) {
                return None;
            }
            only.push(format!("{} == {}", column.name, literal(first)));
        }
        Some((only, value.name.clone()))
    })
}
