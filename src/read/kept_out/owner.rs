//! Whose the rows of another table are: which column says it, and of which of the users', is tried before a line of it is told.

use std::collections::HashSet;

use super::{Known, called, status};
use crate::error::RunError;
use crate::format::{Record, TableSample};
use crate::source::kit::common;
use crate::source::kit::status::tables::{bare, done_to, is_log, is_of_users, whose};

/// So many keys of a table are tried.
const TRIED: usize = 1 << 16;

/// What a table is called that has a row for each user, and maybe the user's own key.
const ONE_EACH: [&str; 13] = [
    "profile", "profiles", "user", "users", "detail", "details", "data", "meta", "info", "extra", "status", "state",
    "flags",
];

/// The column of a table's own key, where that may be the user's.
fn own_key(table: &TableSample) -> Option<&str> {
    let called = called(table).to_lowercase();
    let key = table.columns.iter().find(|column| ["id", "_id"].contains(&&*column.to_lowercase()))?;
    // Numbers of customers and numbers of users are alike, and not the same.
    let is_counted = table.records.iter().filter_map(|record| record.get(key)).any(|value| {
        value.is_number() || value.as_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let of_one = || called.split(|c: char| !c.is_alphanumeric()).any(|word| ONE_EACH.contains(&word));
    (is_of_users(&called) && (!is_counted || of_one())).then_some(key.as_str())
}

/// The columns that may say whose row it is, the likeliest first.
pub(super) fn keys(table: &TableSample) -> Vec<&str> {
    let named = whose(&table.columns);
    let done_to = done_to(&table.columns).filter(|_| is_log(&called(table)));
    let is_key = |column: &&str| bare(column).ends_with("id");
    let own = own_key(table).filter(|_| {
        named.map_or_else(
            || table.columns.iter().filter(|column| bare(column).contains("user")).count() < 2,
            |named| !is_key(&named),
        )
    });
    let mut keys: Vec<&str> = done_to.into_iter().chain(named).chain(own).collect();
    keys.dedup();
    keys
}

impl Known<'_> {
    /// The column of a table that says whose its rows are, with the column of the users' that it says it by: of those rows that keep
    /// somebody out. Nothing where they are nobody's, and nothing but the table's own key could say it.
    pub(super) fn owner(
        self,
        at: usize,
        bars: impl Fn(&Record<'_>) -> bool + Sync,
    ) -> Result<Option<(String, String)>, RunError> {
        let table = &self.tables[at];
        let keys = keys(table);
        let Some(first) = keys.first() else { return Ok(None) };
        let id = |record: &Record<'_>, column: &str| {
            record.get(column).and_then(common::id).map(|id| id.trim().to_lowercase()).filter(|id| !id.is_empty())
        };
        let found = self.read(std::iter::once(at), |_, record, hits| {
            for (which, key) in keys.iter().enumerate().filter(|_| bars(record)) {
                let (_, ids) = hits.entry((which, 0)).or_default();
                ids.extend(id(record, key).filter(|_| ids.len() < TRIED));
            }
        })?;
        let theirs: Vec<HashSet<String>> = (0..keys.len())
            .map(|which| found.get(&(which, 0)).map(|(_, ids)| ids.iter().cloned().collect()).unwrap_or_default())
            .collect();
        let mut columns: Vec<&str> = Vec::new();
        let id_first = self.own_id();
        for column in
            id_first.into_iter().chain(self.users().flat_map(|(_, table)| table.columns.iter().map(String::as_str)))
        {
            let name = bare(column);
            let is_key = name.ends_with("id") || name.contains("mail") || status::tables::names_somebody(column);
            if (is_key || keys.contains(&column)) && !columns.contains(&column) && columns.len() < 32 {
                columns.push(column);
            }
        }
        let matched = self.read(self.users().map(|(user, _)| user).filter(|user| *user != at), |_, record, hits| {
            for (of, column) in columns.iter().enumerate() {
                let Some(id) = id(record, column) else { continue };
                for (which, _) in theirs.iter().enumerate().filter(|(_, ids)| ids.contains(&id)) {
                    hits.entry((which, of)).or_default().1.insert(id.clone());
                }
            }
        })?;
        let own = own_key(table);
        for (which, key) in keys.iter().enumerate() {
            let count = |of: usize| matched.get(&(which, of)).map_or(0, |(_, ids)| ids.len());
            let best = (0..columns.len()).rev().max_by_key(|of| count(*of));
            let Some(of) = best.filter(|of| count(*of) > 0) else { continue };
            // Of what may as well be a number of its own, nearly all have to be users'.
            if Some(*key) != own || count(of) * 10 >= theirs[which].len() * 9 {
                return Ok(Some(((*key).to_owned(), columns[of].to_owned())));
            }
        }
        Ok((Some(*first) != own).then(|| ((*first).to_owned(), self.of(first))))
    }
}
