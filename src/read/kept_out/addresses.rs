//! Tables of addresses that are kept out, which are of users where a user has one of them.

use std::collections::HashSet;

use super::{Hits, Known, joined, name, note, status};
use crate::account::mailbox;
use crate::error::RunError;
use crate::format::{Record, TableSample, Value};
use crate::read::tables::called;
use crate::source::Fate;

/// So many addresses of a table are compared.
const COMPARED: usize = 1 << 20;

impl Known<'_> {
    /// Tables of addresses that are kept out, of which a user has one.
    pub(super) fn addresses_of_the_barred(self) -> Result<Vec<String>, RunError> {
        let named = self.others().filter(|(_, table)| status::names_barred_addresses(&called(table)));
        let tables: Vec<(usize, &TableSample, &str)> =
            named.filter_map(|(at, table)| Some((at, table, addresses_in(table)?))).collect();
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        let barred = self.read(tables.iter().map(|(at, ..)| *at), |at, record, hits| {
            let columns = tables.iter().filter(|(of, ..)| *of == at).map(|(.., column)| column);
            for address in columns.filter_map(|column| record.get(column)).filter_map(address) {
                let (_, addresses) = hits.entry((at, 0)).or_default();
                if addresses.len() < COMPARED {
                    addresses.insert(address);
                }
            }
        })?;
        let barred: Vec<(usize, HashSet<String>)> =
            barred.into_iter().map(|((at, _), (_, addresses))| (at, addresses.into_iter().collect())).collect();
        let found: Hits = self.read(self.users().map(|(at, _)| at), |_, record: &Record<'_>, hits| {
            for address in record.iter().filter_map(|(_, value)| address(value)) {
                for (at, _) in barred.iter().filter(|(_, addresses)| addresses.contains(&address)) {
                    note(hits, (*at, 0), String::new());
                }
            }
        })?;
        let email = |table: &TableSample| {
            table.columns.iter().find(|column| self.source.fate(column) == Fate::Carried("email")).cloned()
        };
        let email = self.users().find_map(|(_, table)| email(table)).unwrap_or_else(|| "email".to_owned());
        let said = found.iter().filter_map(|(&(at, _), (users, _))| {
            let (_, table, column) = tables.iter().find(|(of, ..)| *of == at)?;
            let called = called(table);
            let users = if *users == 1 { "1 user".to_owned() } else { format!("{users} users") };
            let reading =
                format!("from = {}, as = \"empty\"", status::quoted(&format!("{}.{column}", joined(&called))));
            Some(format!(
                "{} says by `{column}` of {users} that they are kept out, and is not read: {}",
                name(table),
                self.remedy(&called, &[Self::join_of(&called, column, &email, None)], &reading)
            ))
        });
        Ok(said.collect())
    }
}

/// The column of a table that has addresses in most of its first rows.
fn addresses_in(table: &TableSample) -> Option<&str> {
    let has_one = |column: &&String| {
        let cells = table.records.iter().filter_map(|record| record.get(column.as_str())?.as_str());
        cells.filter(|text| is_address(text)).count() * 2 > table.records.len()
    };
    table.columns.iter().find(has_one).map(String::as_str)
}

fn is_address(text: &str) -> bool {
    let text = text.trim();
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && name != "*" && domain.contains('.'))
}

/// An address as it is compared.
fn address(value: &Value<'_>) -> Option<String> {
    let Value::Text(text) = value else { return None };
    (text.len() < 255 && memchr::memchr(b'@', text.as_bytes()).is_some())
        .then(|| mailbox(text).map_or(text.trim(), |(_, address)| address).to_lowercase())
}
