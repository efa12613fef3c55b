//! Between rows: what the statements of a dump say of tables, strings and itself.

use memchr::{memchr, memmem};

use super::catalog::{Column, Place, begins_clause, created_columns, defined, moves_columns};
use super::head::{Head, settings};
use super::lexer::{Scan, Until};
use super::preamble::no_backslash_escapes;
use super::{MAX_HEAD_BYTES, Rows, SqlFramer, State, Transaction, effects, undone};
use crate::format::frame::Cut;

/// First words of dumps, and the last that go with them.
const PROMISES: [(&str, &str); 4] = [
    ("-- MySQL dump ", "-- Dump completed"),
    ("-- MariaDB dump ", "-- Dump completed"),
    ("-- PostgreSQL database cluster dump", "-- PostgreSQL database cluster dump complete"),
    ("-- PostgreSQL database dump", "-- PostgreSQL database dump complete"),
];

/// So many columns and files are told of.
const MAX_DEFAULTED: usize = 64;

impl SqlFramer {
    /// Takes what begins at `data[at]`, between statements. `None`: more data is needed.
    pub(super) fn statement(&mut self, data: &[u8], at: usize, eof: bool, cut: &mut Cut) -> Option<usize> {
        let rest = &data[at..];
        if !eof && rest.len() < 64 {
            return None;
        }
        let place = self.passed + at as u64;
        let whole = |end: Option<usize>| end.or((eof || rest.len() >= MAX_HEAD_BYTES).then_some(rest.len()));
        let mut head = Head::new(rest);
        if rest[0].is_ascii_alphabetic() && (head.word("INSERT") || head.word("REPLACE")) {
            return self.insert(data, at, eof, cut);
        }
        self.begins(None, place);
        match rest[0] {
            b'-' if rest.starts_with(b"--") => {
                let end = whole(memchr(b'\n', rest))?;
                self.said(&rest[..end]);
                return Some(at + end);
            }
            b'\\' => {
                let end = whole(memchr(b'\n', rest))?;
                self.connect(&rest[..end]);
                let mut head = Head { text: &rest[..end], pos: 1 };
                if head.word("COPY") {
                    self.copied_from(&mut head);
                }
                let reads_file = ["\\i ", "\\ir ", "\\include ", "\\include_relative ", "\\. "];
                if reads_file.iter().any(|command| rest.starts_with(command.as_bytes())) {
                    self.calls("\\i", effects::file(&rest[..end]));
                }
                return Some(at + end);
            }
            b'#' => self.state = State::Line,
            // SQLite's shell: `.import --csv users.csv users`, `.read rest.sql`
            b'.' => {
                let end = whole(memchr(b'\n', rest))?;
                let line = String::from_utf8_lossy(&rest[..end]);
                let words: Vec<&str> = line.split_whitespace().collect();
                match words[..] {
                    [".import", .., file, table] => self.rows_are_in((None, table.to_owned()), file),
                    [".read", ..] => self.calls(".read", effects::file(&rest[..end])),
                    _ => {}
                }
                return Some(at + end);
            }
            b'/' if rest.starts_with(b"/*") => {
                if rest.starts_with(b"/*!") || rest.starts_with(b"/*M!") {
                    // The statement within is for some versions only. Of interest is what it sets.
                    let end = whole(memmem::find(rest, b"*/"))?;
                    let mark = rest[..end].iter().position(|b| !matches!(b, b'/' | b'*' | b'!' | b'M' | b'0'..=b'9'));
                    let mut head = Head::new(&rest[mark.unwrap_or(end)..end]);
                    if head.word("SET") {
                        self.set(&mut head);
                    } else {
                        let held = head.rest();
                        self.undone(held);
                        if head.word("WITH") || head.word("CALL") {
                            self.takes_effect(held);
                        }
                    }
                }
                self.state = State::Comment;
                return Some(at + 2);
            }
            b';' => return Some(at + 1),
            _ if head.word("COPY") => {
                let end = whole(memchr(b'\n', rest))?;
                return Some(at + self.copy(&rest[..end], end));
            }
            _ if head.word("CREATE") => {
                // H2's and HSQLDB's tables are in memory or cached.
                head.any_of(&["OR", "REPLACE", "FOREIGN", "UNLOGGED", "MEMORY", "CACHED"]);
                let temporary = head.word("TEMPORARY") || head.word("TEMP");
                if !eof && rest.len() < MAX_HEAD_BYTES && head.is_cut() {
                    return None;
                }
                if head.word("TABLE") && !temporary {
                    let end = match Scan::default().advance(rest, Until::Semicolon, self.flavour, eof) {
                        Ok(end) => end,
                        Err(_) => whole(None)?,
                    };
                    let mut head = Head { text: &rest[..end], pos: head.pos };
                    self.create_table(&mut head);
                    if end == rest.len() && !rest.ends_with(b";") {
                        self.state = State::Statement(Scan::default());
                        return Some(at);
                    }
                    return Some(at + end);
                }
            }
            _ if head.word("ALTER") => {
                let end = whole(memchr(b';', rest))?;
                self.undone(&rest[..end]);
                self.alter(&mut Head { text: rest[..end].trim_ascii_end(), pos: head.pos });
            }
            _ if head.word("DELIMITER") => {
                let end = whole(memchr(b'\n', rest))?;
                let said = rest[head.pos..end].trim_ascii();
                if !said.starts_with(b";") || said.len() > 1 {
                    self.state = State::Routines;
                }
                return Some(at + end);
            }
            _ if head.word("REM") => self.state = State::Line,
            _ if head.word("LOAD") || head.word("BULK") => {
                let end = whole(memchr(b';', rest))?;
                self.loaded(&mut Head { text: &rest[..end], pos: head.pos });
            }
            _ if head.word("GO") => return Some(at + head.pos),
            _ if head.word("USE") => {
                let end = whole(memchr(b'\n', rest))?;
                let mut head = Head { text: &rest[..end], pos: head.pos };
                self.catalog.current = head.name();
                self.last_head = None;
                return Some(at + head.pos);
            }
            _ => {
                whole(memchr(b'\n', rest))?;
                if head.word("SET") {
                    // SQL Server's, which no semicolon ends: `SET IDENTITY_INSERT [dbo].[Users] ON`.
                    if head.word("IDENTITY_INSERT") {
                        head.table();
                        head.any_of(&["ON", "OFF"]);
                        return Some(at + head.pos);
                    }
                    self.set(&mut head);
                } else if head.word("BEGIN") || head.word("START") {
                    if is_transaction(&mut head) {
                        self.goes_to(Transaction::Begun);
                        // `BEGIN TRANSACTION UPDATE … COMMIT` in one line.
                        let line = head.rest();
                        let end = line.iter().position(|b| matches!(b, b'\n' | b';')).unwrap_or(line.len());
                        self.takes_effect(&line[..end]);
                    } else {
                        let end = self.end_of(rest, eof).map_or_else(|| whole(None), Some)?;
                        self.takes_effect(&rest[..end]);
                    }
                } else if head.word("ROLLBACK") && !head.word("TO") {
                    // Of SQLite's shell, after an error: whoever loads it has nothing of it.
                    let has_rows = self.transaction == Transaction::Writing;
                    self.goes_to(if has_rows { Transaction::TakenBack } else { Transaction::None });
                } else if head.word("COMMIT") || head.word("END") {
                    self.goes_to(Transaction::None);
                } else if ["UPDATE", "DELETE", "TRUNCATE", "DROP", "RENAME", "MERGE"].iter().any(|word| head.word(word))
                {
                    let end = whole(memchr(b';', rest))?;
                    self.undone(&rest[..end]);
                } else if rest[0].is_ascii_alphabetic() && !effects::HARMLESS.iter().any(|word| head.word(word)) {
                    let end = self.end_of(rest, eof).map_or_else(|| whole(None), Some)?;
                    self.takes_effect(&rest[..end]);
                }
            }
        }
        if matches!(self.state, State::Top) {
            self.state = State::Statement(Scan::default());
        }
        Some(at)
    }

    /// Notes a statement that changes or takes back rows of a table which stand before it.
    fn undone(&mut self, statement: &[u8]) {
        let Some((what, tables)) = undone::tables(statement) else { return };
        for table in tables.into_iter().map(|table| self.catalog.called(table)).collect::<Vec<_>>() {
            if self.catalog.is_filled(&table) && !self.undone.iter().any(|(other, _)| *other == table) {
                self.undone.push((table, what));
            }
        }
    }

    /// Where a statement ends: with its semicolon, or before a line that is SQL Server's `GO`.
    fn end_of(&self, rest: &[u8], eof: bool) -> Option<usize> {
        let end = Scan::default().advance(rest, Until::Semicolon, self.flavour, eof).ok();
        let seen = &rest[..end.unwrap_or(rest.len())];
        let is_go = |line: &&[u8]| line.trim_ascii().eq_ignore_ascii_case(b"GO");
        let mut at = 0;
        for line in seen.split_inclusive(|&b| b == b'\n') {
            if is_go(&line) {
                return Some(at);
            }
            at += line.len();
        }
        end
    }

    /// Notes what a statement does to rows before it that is not known to do nothing.
    fn takes_effect(&mut self, statement: &[u8]) {
        if let Some(what) = effects::within(statement) {
            let bare = |table: &String| table.rsplit('.').next().is_some_and(|name| effects::names(statement, name));
            let mut tables: Vec<_> = self.catalog.filled().filter(|table| bare(table)).cloned().collect();
            tables.retain(|table| !self.undone.iter().any(|(other, _)| other == table));
            tables.sort();
            self.undone.extend(tables.into_iter().map(|table| (table, what)));
        } else if let Some((what, name)) = effects::call(statement) {
            self.calls(what, name);
        }
    }

    /// Notes that something is called which may change any rows that stand before it.
    fn calls(&mut self, what: &'static str, name: String) {
        let known = self.called.iter().any(|(_, other)| *other == name);
        if self.catalog.filled().next().is_some() && !known && self.called.len() < MAX_DEFAULTED {
            self.called.push((what, name));
        }
    }

    /// Notes what rows with columns of these names hold in those that they leave out.
    pub(super) fn leaves_out(&mut self, table: &str, names: &[String]) {
        if self.asked.0 == table && self.asked.1 == names {
            return;
        }
        self.asked = (table.to_owned(), names.to_vec());
        for (column, is) in self.catalog.left_out(table, names) {
            self.holds_by_default(self.catalog.root(table).to_owned(), column, is, false);
        }
    }

    fn holds_by_default(&mut self, table: String, column: String, is: String, added: bool) {
        let known = self.defaulted.iter().any(|(of, name, ..)| *of == table && *name == column);
        if !known && self.defaulted.len() < MAX_DEFAULTED {
            self.defaulted.push((table, column, is, added));
        }
    }

    /// `LOAD DATA LOCAL INFILE 'users.txt' INTO TABLE users`, `BULK INSERT dbo.users FROM 'users.csv'`
    fn loaded(&mut self, head: &mut Head<'_>) {
        head.any_of(&["DATA", "XML", "LOW_PRIORITY", "CONCURRENT", "LOCAL", "INFILE", "INSERT"]);
        if head.peek() != Some(b'\'') {
            return self.copied_from(head);
        }
        let file = head.name();
        head.any_of(&["REPLACE", "IGNORE", "INTO", "TABLE"]);
        if let Some((file, table)) = file.zip(head.table()) {
            self.rows_are_in(table, &file);
        }
    }

    /// `users (id, email) FROM 'users.csv' WITH CSV`
    fn copied_from(&mut self, head: &mut Head<'_>) {
        let Some(table) = head.table() else { return };
        if head.peek() == Some(b'(') {
            head.names();
        }
        if head.word("FROM") && !head.word("STDIN") && !head.word("PSTDIN") {
            let rest = String::from_utf8_lossy(head.rest()).into_owned();
            let bare = || rest.split_whitespace().next().map(str::to_owned);
            let file = if head.peek() == Some(b'\'') { head.name() } else { bare() };
            self.rows_are_in(table, &file.unwrap_or_default());
        }
    }

    /// Notes that rows of a table are in a file of that name.
    pub(super) fn rows_are_in(&mut self, table: (Option<String>, String), file: &str) {
        let table = self.catalog.called(table);
        self.catalog.met(&table);
        if self.elsewhere.len() < MAX_DEFAULTED {
            let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
            self.elsewhere.push((table, name.to_owned()));
        }
    }

    /// Rows of a table are met.
    pub(super) fn fill(&mut self, table: &str) {
        self.catalog.fill(table);
        if self.transaction == Transaction::Begun {
            self.transaction = Transaction::Writing;
        }
    }

    /// What was taken back once stays so, whatever comes after it.
    fn goes_to(&mut self, next: Transaction) {
        if self.transaction != Transaction::TakenBack {
            self.transaction = next;
        }
    }

    /// A comment between statements.
    fn said(&mut self, line: &[u8]) {
        if self.promised.is_some_and(|last| line.starts_with(last.as_bytes())) {
            self.promised = None;
        } else if let Some((first, last)) = PROMISES.iter().find(|(first, _)| line.starts_with(first.as_bytes())) {
            // The databases of a cluster have their own first and last lines within the cluster's.
            let within = self.promised.is_some() || line.len() > first.len() && first.ends_with("dump");
            if !within {
                self.promised = Some(last);
            }
        }
    }

    /// `\connect shop`, `\connect -reuse-previous=on "dbname='shop'"` of pg_dumpall.
    fn connect(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let Some(target) = line.strip_prefix("\\connect ") else { return };
        let target = target.split_once("dbname=").map_or(target, |(_, name)| name);
        let name = target.split_whitespace().last().unwrap_or_default();
        self.catalog.database = Some(name.trim_matches(['"', '\'']).to_owned());
        self.last_head = None;
    }

    fn set(&mut self, head: &mut Head<'_>) {
        for (name, value) in settings(head) {
            let backslash = match (name.as_str(), value) {
                // `SET search_path = auth, pg_catalog;` of pg_dump before 10.3.
                ("search_path", value) => {
                    self.catalog.current = value.filter(|schema| !schema.is_empty());
                    self.last_head = None;
                    continue;
                }
                ("sql_mode", Some(mode)) if self.flavour.mysql => !no_backslash_escapes(&mode),
                // Back to what it was before the routines.
                ("sql_mode", None) if self.flavour.mysql => true,
                ("standard_conforming_strings", Some(on)) => on.eq_ignore_ascii_case("off"),
                _ => continue,
            };
            if !self.proven && backslash != self.flavour.backslash {
                self.flavour.backslash = backslash;
                self.shapes.clear();
                self.last_head = None;
            }
        }
    }

    fn create_table(&mut self, head: &mut Head<'_>) {
        if head.word("IF") {
            head.word("NOT");
            head.word("EXISTS");
        }
        let Some(table) = head.table() else { return };
        let table = self.catalog.called(table);
        if head.word("PARTITION") && head.word("OF") {
            if let Some(parent) = head.table() {
                let parent = self.catalog.called(parent);
                self.catalog.met(&table);
                self.catalog.attach(table, parent);
            }
            return;
        }
        let mut columns: Vec<Column> = created_columns(head, self.flavour);
        if head.word("INHERITS")
            && head.byte(b'(')
            && let Some(parent) = head.table()
        {
            let parent = self.catalog.called(parent);
            let inherited = self.catalog.created(&parent);
            columns.splice(0..0, inherited);
            self.catalog.attach(table.clone(), parent);
        }
        self.catalog.create(table, columns);
    }

    /// `ALTER TABLE ONLY public.users ATTACH PARTITION public.users_p0 FOR VALUES …`, `ALTER TABLE users ADD active int DEFAULT 0`
    fn alter(&mut self, head: &mut Head<'_>) {
        if !head.word("TABLE") {
            return;
        }
        head.any_of(&["ONLY", "IF", "EXISTS"]);
        let Some(parent) = head.table() else { return };
        if head.word("ATTACH") {
            if head.word("PARTITION")
                && let Some(child) = head.table()
            {
                let (parent, child) = (self.catalog.called(parent), self.catalog.called(child));
                self.catalog.attach(child, parent);
                self.last_head = None;
            }
            return;
        }
        let table = self.catalog.called(parent);
        // One clause after the other: SQL Server leaves out the second ADD, and Oracle puts brackets around many.
        let (mut adds, mut within) = (false, false);
        loop {
            let verb = Head { text: head.text, pos: head.pos }.name().unwrap_or_default();
            if !within && (!adds || begins_clause(&verb)) {
                adds = head.word("ADD");
                head.any_of(if adds { &["COLUMN", "IF", "NOT", "EXISTS"] } else { &[] });
                within = adds && head.byte(b'(');
            }
            let from = head.pos;
            let Some((column, end)) = defined(head, self.flavour) else { return };
            let clause = &head.text[from..head.pos];
            match column {
                Some(column) if adds => {
                    if let (Some(is), true) = (&column.default, self.catalog.is_filled(&table)) {
                        self.holds_by_default(table.clone(), column.name.clone(), is.clone(), true);
                    }
                    self.catalog.add(&table, column, &Place::of(clause));
                    self.last_head = None;
                }
                _ if !adds && moves_columns(clause) => {
                    self.catalog.moves(&table);
                    self.last_head = None;
                }
                _ => {}
            }
            head.pos += usize::from(end.is_some());
            if within && end == Some(b')') {
                (within, adds) = (false, false);
                if !head.byte(b',') {
                    return;
                }
            } else if end != Some(b',') {
                return;
            }
        }
    }

    /// Reads the line of a COPY; returns what of it is done with.
    fn copy(&mut self, line: &[u8], end: usize) -> usize {
        let mut head = Head::new(line);
        head.word("COPY");
        let table = head.table();
        let names = if head.peek() == Some(b'(') { head.names() } else { None };
        let from = head.word("FROM");
        let table = table.map(|table| self.catalog.called(table));
        if !(from && head.word("STDIN")) {
            // pg_dump's archive, unpacked: `COPY … FROM '$$PATH$$/3388.dat';`
            let file = if from && head.peek() == Some(b'\'') { head.name() } else { None };
            if let (Some(table), Some(file)) = (table, file) {
                self.catalog.met(&table);
                let name = file.rsplit('/').next().unwrap_or_default().to_owned();
                if !file.starts_with("$$PATH$$") {
                    self.elsewhere.push((table.clone(), name.clone()));
                }
                self.catalog.rows_are_in(table, names, name);
            }
            self.state = State::Statement(Scan::default());
            return 0;
        }
        self.state = State::Copy(None);
        if let Some(table) = table {
            self.catalog.met(&table);
            if head.word("WITH") || head.peek().is_some_and(|byte| byte != b';') {
                self.unread.0 += 1;
                if self.unread.0 == 1 {
                    self.unread.1 = table;
                }
                return end + 1;
            }
            if let Some(names) = &names {
                self.leaves_out(&table, names);
            }
            let columns = names.or_else(|| self.catalog.columns(&table, None));
            self.fill(&table);
            let root = self.catalog.root(&table).to_owned();
            if let (Some(columns), true) = (columns, self.wanted.left(&root) > 0) {
                self.state = State::Copy(Some(self.shape(&root, columns, Rows::Copy)));
            }
        }
        // The line feed belongs to the statement, not to the rows.
        end + 1
    }
}

/// Whether `BEGIN` or `START` begins a transaction, and not a block of a procedure.
fn is_transaction(head: &mut Head<'_>) -> bool {
    ["TRANSACTION", "TRAN", "WORK", "IMMEDIATE", "EXCLUSIVE", "DEFERRED"].iter().any(|word| head.word(word))
        || head.peek() == Some(b';')
}
