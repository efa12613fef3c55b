//! What a proposal reads of other tables.

use std::collections::BTreeMap;

use super::links::Link;
use super::look::Table;
use super::{join_name, number};

/// What is read of the tables beside the users'.
pub(super) struct Joins<'t> {
    pub(super) tables: &'t [Table],
    pub(super) users: &'t Table,
    pub(super) id: String,
    /// By table: key, the users' column or another join's, and which rows.
    pub(super) read: BTreeMap<String, (String, String, Vec<String>)>,
    /// Of tables of names and values, what stands under one name: by the join's name the table, and the same.
    pub(super) named: BTreeMap<String, (String, String, String, Vec<String>)>,
}

impl<'t> Joins<'t> {
    pub(super) const fn of(tables: &'t [Table], users: &'t Table, id: String) -> Self {
        Self { tables, users, id, read: BTreeMap::new(), named: BTreeMap::new() }
    }

    /// The path to a column of a linked table, which is joined from then on.
    pub(super) fn path(&mut self, link: Link, column: &str) -> String {
        let table = &self.tables[link.table];
        let of = self.users.columns[link.of].name.clone();
        self.join(&table.name, &table.columns[link.key].name, of);
        format!("{}.{column}", join_name(&table.name))
    }

    fn join(&mut self, table: &str, key: &str, of: String) {
        self.read.entry(table.to_owned()).or_insert_with(|| (key.to_owned(), of, Vec::new()));
    }

    /// The path to a column of those rows of a table that hold these comparisons, which are joined apart from others of it.
    pub(super) fn apart(&mut self, link: Link, name: &str, column: &str, only: Vec<String>) -> String {
        let table = &self.tables[link.table];
        let join = join_name(&format!("{}_{name}", table.name));
        let (key, of) = (table.columns[link.key].name.clone(), self.users.columns[link.of].name.clone());
        let path = format!("{join}.{column}");
        self.named.insert(join, (table.name.clone(), key, of, only));
        path
    }

    /// The path to a column of a table that is joined by it.
    pub(super) fn by(&mut self, table: &str, key: &str, of: String) -> String {
        self.join(table, key, of);
        format!("{}.{key}", join_name(table))
    }

    /// Joins a table for the names of what `of` holds the keys of; `None` where it is joined for something else.
    pub(super) fn names(&mut self, table: &str, key: &str, of: String) -> Option<()> {
        if self.read.contains_key(table) {
            return None;
        }
        self.join(table, key, of);
        Some(())
    }

    pub(super) fn only(&mut self, table: &str, comparison: String) {
        if let Some((.., only)) = self.read.get_mut(table)
            && !only.contains(&comparison)
        {
            only.push(comparison);
        }
    }
}

/// `active ×4,950, blocked ×50`
pub(super) fn counted(values: &BTreeMap<String, u64>) -> String {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_by_key(|&(value, n)| (std::cmp::Reverse(*n), value));
    let shown: Vec<_> = values.iter().take(8).map(|(value, n)| format!("{value} ×{}", number(**n))).collect();
    shown.join(", ")
}
