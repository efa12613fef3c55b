//! The tables of a dump: what they are called, their columns, whose rows are another's.

use std::collections::{HashMap, HashSet};

use super::head::Head;
use super::lexer::{is_word, string_end, tuple_end};
use crate::format::frame::TableHead;
use crate::format::layout::Flavour;

/// A column of a CREATE TABLE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    /// Its value is worked out of others'. SQLite's dumps leave it out of their rows, MariaDB's write it.
    pub generated: bool,
    /// What rows hold that leave it out, if that is a text, a number or a word.
    pub default: Option<String>,
}

/// Where `ALTER TABLE … ADD` puts a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Last,
    First,
    /// Behind the one of this name.
    After(String),
}

impl Place {
    /// What the last words of a column's definition say: `… AFTER email`, `… FIRST`.
    pub fn of(definition: &[u8]) -> Self {
        let text = String::from_utf8_lossy(definition);
        let mut words = text.split_whitespace().rev();
        let (last, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match () {
            () if last.eq_ignore_ascii_case("FIRST") => Self::First,
            () if before.eq_ignore_ascii_case("AFTER") => {
                Self::After(last.trim_matches(['`', '"', '[', ']']).to_owned())
            }
            () => Self::Last,
        }
    }
}

/// Partitions of partitions are followed so far.
const MAX_PARENTS: usize = 16;

/// The tables that were met so far.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// The columns of every CREATE TABLE.
    columns: HashMap<String, Vec<Column>>,
    /// Tables whose columns a statement has moved about since, so that rows without names may be in any order.
    moved: HashSet<String>,
    /// Columns that a source gave to tables without any.
    named: HashMap<String, Vec<String>>,
    /// Tables in the order they were met.
    order: Vec<String>,
    known: HashSet<String>,
    /// Tables of which rows were met.
    filled: HashSet<String>,
    /// Whose rows the rows of a partition are.
    parents: HashMap<String, String>,
    /// Files that rows are in.
    elsewhere: HashMap<String, String>,
    /// The database that `\connect` of pg_dumpall went to.
    pub database: Option<String>,
    /// The schema or database that statements without one mean, after `USE` or `SET search_path`.
    pub current: Option<String>,
    /// Whose the first table of each name was, once that is known.
    owners: HashMap<String, String>,
}

impl Catalog {
    pub fn new(named: &HashMap<String, Vec<String>>) -> Self {
        Self { named: named.clone(), ..Self::default() }
    }

    pub fn met(&mut self, table: &str) {
        if !self.known.contains(table) {
            self.known.insert(table.to_owned());
            self.order.push(table.to_owned());
        }
    }

    /// Rows of a table are met.
    pub fn fill(&mut self, table: &str) {
        if !self.filled.contains(table) {
            self.filled.insert(table.to_owned());
        }
    }

    /// Whether rows of a table were met.
    pub fn is_filled(&self, table: &str) -> bool {
        self.filled.contains(table)
    }

    /// The tables of which rows were met.
    pub fn filled(&self) -> impl Iterator<Item = &String> {
        self.filled.iter()
    }

    /// The name a table goes by: its own. Where a table of that name was met in another schema or database (Supabase's
    /// `auth.users` and an application's `public.users`, two sites in one dump), that one stands before it.
    pub fn called(&mut self, (schema, table): (Option<String>, String)) -> String {
        let schema = schema.or_else(|| self.current.clone());
        let owner = match (&self.database, schema) {
            (None, None) => return table,
            (None, Some(schema)) => schema,
            (Some(database), None) => database.clone(),
            (Some(database), Some(schema)) if schema == "public" => database.clone(),
            (Some(database), Some(schema)) => format!("{database}.{schema}"),
        };
        match self.owners.get(&table) {
            Some(first) if *first != owner => format!("{owner}.{table}"),
            Some(_) => table,
            None => {
                self.owners.insert(table.clone(), owner);
                table
            }
        }
    }

    /// The table whose rows these are: a partition's are its parent's.
    pub fn root<'t>(&'t self, table: &'t str) -> &'t str {
        let parent = |table: &'t str| self.parents.get(table).map(String::as_str);
        std::iter::successors(Some(table), |table| parent(table)).take(MAX_PARENTS).last().unwrap_or(table)
    }

    pub fn attach(&mut self, child: String, parent: String) {
        if self.root(&parent) != child {
            self.parents.insert(child, parent);
        }
    }

    pub fn create(&mut self, table: String, columns: Vec<Column>) {
        self.met(&table);
        if !columns.is_empty() {
            self.columns.insert(table, columns);
        }
    }

    /// The columns of a CREATE TABLE.
    pub fn created(&self, table: &str) -> Vec<Column> {
        self.columns.get(table).cloned().unwrap_or_default()
    }

    pub fn rows_are_in(&mut self, table: String, columns: Option<Vec<String>>, file: String) {
        if let Some(columns) = columns {
            let columns = columns.into_iter().map(|name| Column { name, generated: false, default: None }).collect();
            self.columns.insert(table.clone(), columns);
        }
        self.elsewhere.insert(table, file);
    }

    /// The columns that rows with these names leave out, and what they hold then.
    pub fn left_out(&self, table: &str, names: &[String]) -> Vec<(String, String)> {
        let Some(columns) = self.columns.get(table).or_else(|| self.columns.get(self.root(table))) else {
            return Vec::new();
        };
        let named = |column: &Column| names.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
        let defaults = columns.iter().filter_map(|column| Some((column, column.default.as_ref()?)));
        defaults.filter(|(column, _)| !named(column)).map(|(column, is)| (column.name.clone(), is.clone())).collect()
    }

    /// A column is added to a table that was created before.
    pub fn add(&mut self, table: &str, column: Column, place: &Place) {
        let Some(columns) = self.columns.get_mut(table) else { return };
        let at = match place {
            Place::Last => Some(columns.len()),
            Place::First => Some(0),
            Place::After(name) => columns.iter().position(|of| of.name.eq_ignore_ascii_case(name)).map(|at| at + 1),
        };
        match at {
            Some(at) => columns.insert(at, column),
            None => self.moves(table),
        }
    }

    /// The columns of a table are no longer what its CREATE TABLE says, in an order that is not followed.
    pub fn moves(&mut self, table: &str) {
        self.moved.insert(table.to_owned());
    }

    /// Whether some columns may be left out of rows that name none.
    pub fn has_generated(&self, table: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.iter().any(|column| column.generated))
    }

    /// The columns of a row of so many values, where the statement names none; without a number, all.
    pub fn columns(&self, table: &str, values: Option<usize>) -> Option<Vec<String>> {
        if self.moved.contains(table) || self.moved.contains(self.root(table)) {
            return self.named.get(table).cloned();
        }
        self.created_names(table, values)
    }

    fn created_names(&self, table: &str, values: Option<usize>) -> Option<Vec<String>> {
        let Some(columns) = self.columns.get(table).or_else(|| self.columns.get(self.root(table))) else {
            return self.named.get(table).cloned();
        };
        let stored = columns.iter().filter(|column| !column.generated).count();
        let all = values != Some(stored) || stored == columns.len();
        Some(columns.iter().filter(|column| all || !column.generated).map(|column| column.name.clone()).collect())
    }

    /// Every table, but for partitions.
    pub fn found(&self) -> Vec<TableHead> {
        let own = self.order.iter().filter(|table| !self.parents.contains_key(*table));
        let found = own.map(|table| TableHead {
            table: table.clone(),
            columns: self.created_names(table, None).unwrap_or_default(),
            defaults: self.left_out(table, &[]),
            rows_in: self.elsewhere.get(table).cloned(),
        });
        found.collect()
    }
}

/// Whether a word begins another clause of an ALTER TABLE.
pub(super) fn begins_clause(word: &str) -> bool {
    const VERBS: [&str; 18] = [
        "ADD",
        "DROP",
        "CHANGE",
        "MODIFY",
        "ALTER",
        "RENAME",
        "ENGINE",
        "CONVERT",
        "AUTO_INCREMENT",
        "ORDER",
        "LOCK",
        "ALGORITHM",
        "COMMENT",
        "DEFAULT",
        "CHARACTER",
        "OWNER",
        "SET",
        "VALIDATE",
    ];
    VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

/// Whether a clause of an ALTER TABLE takes a column away, calls it otherwise or puts it elsewhere.
pub(super) fn moves_columns(clause: &[u8]) -> bool {
    const NO_COLUMNS: [&str; 8] = ["PRIMARY", "KEY", "INDEX", "CONSTRAINT", "FOREIGN", "CHECK", "PARTITION", "TO"];
    let text = String::from_utf8_lossy(clause);
    let mut words = text.split_whitespace();
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    let (verb, next) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let of_column = !NO_COLUMNS.iter().any(|word| is(next, word));
    match () {
        () if is(verb, "DROP") => of_column,
        () if is(verb, "RENAME") => of_column && !is(next, "AS"),
        () if is(verb, "CHANGE") => {
            let (old, new) = if is(next, "COLUMN") {
                (words.next().unwrap_or_default(), words.next().unwrap_or_default())
            } else {
                (next, words.next().unwrap_or_default())
            };
            !is(old, new) || Place::of(clause) != Place::Last
        }
        () => is(verb, "MODIFY") && Place::of(clause) != Place::Last,
    }
}

/// The columns of a CREATE TABLE whose head ends before its bracket; it is left behind it.
pub(crate) fn created_columns(head: &mut Head<'_>, flavour: Flavour) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    if !head.byte(b'(') {
        return columns;
    }
    while let Some((column, end)) = defined(head, flavour) {
        columns.extend(column);
        head.pos += usize::from(end.is_some());
        if end != Some(b',') {
            break;
        }
    }
    columns
}

/// The column that is defined where the head stands, unless that is a key or a rule, and the comma or bracket that it ends before.
pub(super) fn defined(head: &mut Head<'_>, flavour: Flavour) -> Option<(Option<Column>, Option<u8>)> {
    const NO_COLUMNS: [&str; 13] = [
        "PRIMARY",
        "KEY",
        "UNIQUE",
        "CONSTRAINT",
        "FOREIGN",
        "INDEX",
        "FULLTEXT",
        "SPATIAL",
        "CHECK",
        "EXCLUDE",
        "LIKE",
        "PERIOD",
        "VECTOR",
    ];
    let bare = head.peek().is_some_and(is_word);
    let name = head.name()?;
    let is_column = !(bare && NO_COLUMNS.iter().any(|word| name.eq_ignore_ascii_case(word)));
    let (mut generated, mut default, mut last_word) = (false, None, String::new());
    // To the comma after this column's type and options.
    let end = loop {
        let Some(byte) = head.peek() else { break None };
        if last_word.eq_ignore_ascii_case("DEFAULT") {
            default = literal(head.rest());
            last_word.clear();
        }
        match byte {
            b',' | b')' => break Some(byte),
            b'(' => {
                // `GENERATED ALWAYS AS (…)`, `AS (…) STORED`; an identity's numbers come after IDENTITY.
                generated |= last_word.eq_ignore_ascii_case("AS");
                match tuple_end(head.rest(), flavour) {
                    Some(length) => head.pos += length,
                    None => break None,
                }
            }
            b'\'' | b'"' | b'`' => match string_end(head.text, head.pos, flavour.backslash && byte == b'\'') {
                Some(end) => head.pos = end,
                None => break None,
            },
            _ if is_word(byte) => last_word = head.name().unwrap_or_default(),
            _ => head.pos += 1,
        }
    };
    Some((is_column.then_some(Column { name, generated, default }), end))
}

/// The text, number or word that a default is: `'pending'::status`, `((0))`, `b'0'`, `false`. What is worked out is none.
fn literal(text: &[u8]) -> Option<String> {
    let text = text.trim_ascii_start();
    let open = text.iter().take_while(|b| matches!(b, b'(' | b' ')).count();
    let text = &text[open..];
    let text = match text {
        [b'b' | b'B' | b'N' | b'n' | b'E' | b'e', rest @ ..] if rest.first() == Some(&b'\'') => rest,
        text => text,
    };
    if let Some(quoted) = text.strip_prefix(b"'") {
        let end = quoted.iter().position(|&b| b == b'\'')?;
        return Some(String::from_utf8_lossy(&quoted[..end]).into_owned());
    }
    let length = text.iter().position(|&b| !is_word(b) && !matches!(b, b'-' | b'.')).unwrap_or(text.len());
    let (word, rest) = text.split_at(length);
    let is_call = rest.trim_ascii_start().first() == Some(&b'(');
    let word = String::from_utf8_lossy(word).into_owned();
    (!word.is_empty() && !is_call && !word.eq_ignore_ascii_case("NULL")).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_read_as_they_are_written() {
        let text = b"(id int NOT NULL DEFAULT nextval('s'), a varchar(9) DEFAULT 'pending'::status, b bit DEFAULT ((0)) NOT NULL, \
            c bit(1) DEFAULT b'1', d boolean DEFAULT FALSE, e int DEFAULT -1, f text DEFAULT NULL, g timestamp DEFAULT now(), h text, \
            PRIMARY KEY (id))";
        let columns = created_columns(&mut Head::new(text), Flavour::MYSQL);
        let defaults: Vec<_> = columns.iter().map(|c| c.default.as_deref().unwrap_or("-")).collect();
        assert_eq!(defaults, ["-", "pending", "0", "1", "FALSE", "-1", "-", "-", "-"]);
    }
}
