//! What a dump says of itself before its first row: whose SQL it is, and in which encoding. Only statements and the comments
//! between them count; words in data decide nothing.

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::{memchr, memmem};

use super::SqlFramer;
use super::head::{Head, settings};
use super::lexer::{Scan, Until};
use super::values::values;
use crate::format::Value;
use crate::format::frame::{Cut, Framer, Layout, Selection, SpanKind, Wanted};
use crate::format::layout::Flavour;

/// What was learned of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preamble {
    pub flavour: Flavour,
    /// The rows are proof against what the statements say of backslashes.
    pub proven: bool,
    /// Strings have backslashes in them, and nothing tells whether they escape.
    pub unsure: bool,
}

/// The encoding that the statements of a dump name, by the database's name for it.
pub(crate) fn encoding(head: &[u8]) -> Option<String> {
    let mut signs = Signs::default();
    signs.read(head);
    signs.encoding
}

/// Reads the head of a dump.
pub(crate) fn preamble(head: &[u8]) -> Preamble {
    let mut signs = Signs::default();
    signs.read(head);
    let mysql = signs.mysql.or(signs.hint);
    let stated = Flavour { mysql: mysql.unwrap_or(false), backslash: signs.backslash.unwrap_or(mysql == Some(true)) };
    let mut found = Preamble { flavour: stated, proven: false, unsure: false };
    if memchr(b'\\', head).is_none() {
        return found;
    }
    let other = Flavour { mysql: mysql.unwrap_or(!stated.backslash), backslash: !stated.backslash };
    let (faults, rivals) = (faults(head, stated), faults(head, other));
    if rivals < faults {
        found.flavour = other;
        found.proven = true;
    } else if mysql.is_none() && faults == rivals {
        found.unsure = backslashes_in_rows(head, stated);
    }
    found
}

#[derive(Default)]
struct Signs {
    /// Known by a statement.
    mysql: Option<bool>,
    /// Known by a comment only.
    hint: Option<bool>,
    backslash: Option<bool>,
    encoding: Option<String>,
}

impl Signs {
    fn read(&mut self, mut text: &[u8]) {
        loop {
            text = text.trim_ascii_start();
            let line = memchr(b'\n', text).map_or(text, |end| &text[..end]);
            match text {
                [] => return,
                [b'-', b'-', ..] | [b'#', ..] | [b'R', b'E', b'M', b' ', ..] => self.comment(line),
                // psql's own commands.
                [b'\\', ..] => self.is_mysql(false),
                [b'/', b'*', ..] => {
                    let end = memmem::find(text, b"*/").map_or(text.len(), |end| end + 2);
                    let executable = text.starts_with(b"/*!") || text.starts_with(b"/*M!");
                    if executable {
                        self.is_mysql(true);
                        let digits =
                            text[..end].iter().position(|b| !matches!(b, b'/' | b'*' | b'!' | b'M' | b'0'..=b'9'));
                        let inner = &text[digits.unwrap_or(end)..end];
                        self.statement(&inner[..inner.len().saturating_sub(2)]);
                    } else {
                        self.comment(&text[..end.min(1000)]);
                    }
                    text = &text[end..];
                    continue;
                }
                _ => {
                    let flavour = Flavour { mysql: self.mysql == Some(true), backslash: self.mysql == Some(true) };
                    if self.statement(text) {
                        return;
                    }
                    let end = Scan::default().advance(text, Until::Semicolon, flavour, true).unwrap_or(text.len());
                    if memmem::find(&text[..end], b"ENGINE=").is_some() && text[..end].contains(&b'`') {
                        self.is_mysql(true);
                    }
                    text = &text[end..];
                    continue;
                }
            }
            text = &text[line.len()..];
        }
    }

    fn is_mysql(&mut self, mysql: bool) {
        self.mysql.get_or_insert(mysql);
    }

    fn comment(&mut self, text: &[u8]) {
        let has = |word: &[u8]| memmem::find(text, word).is_some();
        if has(b"MySQL") || has(b"MariaDB") || has(b"phpMyAdmin") || has(b"HeidiSQL") {
            self.hint.get_or_insert(true);
        } else if has(b"PostgreSQL") || has(b"SQLite") || has(b"SQL Server") {
            self.hint.get_or_insert(false);
        }
    }

    /// Whether it is the first one with rows.
    fn statement(&mut self, text: &[u8]) -> bool {
        let mut head = Head::new(text);
        if head.word("SET") {
            for (name, value) in settings(&mut head) {
                match (name.as_str(), value) {
                    ("names" | "client_encoding", Some(value)) => {
                        if name == "client_encoding" {
                            self.is_mysql(false);
                        }
                        self.encoding.get_or_insert(value);
                    }
                    ("sql_mode", value) => {
                        self.is_mysql(true);
                        if let Some(value) = value {
                            self.backslash = Some(!no_backslash_escapes(&value));
                        }
                    }
                    ("standard_conforming_strings", value) => {
                        self.is_mysql(false);
                        self.backslash = Some(value.is_some_and(|value| value.eq_ignore_ascii_case("off")));
                    }
                    ("foreign_key_checks" | "unique_checks" | "autocommit", _) => self.is_mysql(true),
                    ("ansi_nulls" | "quoted_identifier" | "identity_insert", _) => self.is_mysql(false),
                    _ => {}
                }
            }
            return false;
        }
        if head.word("PRAGMA") || head.word("BEGIN") && head.word("TRANSACTION") {
            self.is_mysql(false);
            return false;
        }
        if (head.word("LOCK") || head.word("UNLOCK")) && head.word("TABLES") {
            self.is_mysql(true);
            return false;
        }
        if head.word("COPY") {
            self.is_mysql(false);
            return true;
        }
        let rows = head.word("INSERT") || head.word("REPLACE");
        if !rows && !["CREATE", "DROP", "ALTER", "USE", "TRUNCATE"].iter().any(|word| head.word(word)) {
            return false;
        }
        head.any_of(&["LOW_PRIORITY", "DELAYED", "IGNORE", "OR", "REPLACE", "INTO", "TABLE", "TEMPORARY", "ONLY"]);
        head.any_of(&["MEMORY", "CACHED", "TABLE", "DATABASE", "SCHEMA", "IF", "NOT", "EXISTS"]);
        match head.peek() {
            Some(b'`') => self.is_mysql(true),
            Some(b'[') => self.is_mysql(false),
            // MySQL has them only if it is asked to.
            Some(b'"') => _ = self.hint.get_or_insert(false),
            _ => {}
        }
        rows
    }
}

/// Whether a mode says that backslashes are nothing special.
pub(super) fn no_backslash_escapes(mode: &str) -> bool {
    mode.split(',').any(|word| word.trim().eq_ignore_ascii_case("NO_BACKSLASH_ESCAPES"))
}

/// How much speaks against strings being written in that way: rows of the head that cannot be what was written, or never end,
/// and half as much those of which a string seems to hold others.
fn faults(head: &[u8], flavour: Flavour) -> usize {
    let mut faults = 0;
    let open = rows(head, flavour, |raw, columns| {
        let text = simdutf8::basic::from_utf8(raw).map_or_else(|_| String::from_utf8_lossy(raw), Cow::Borrowed);
        let mut cells = Vec::new();
        let fits = values(&text, flavour, &mut cells).is_ok() && (columns == 0 || cells.len() == columns);
        let within = |cell: &Value<'_>| cell.text().is_some_and(|text| swallowed(text.as_bytes()).is_some());
        // Line feeds of the row as it is written, not such as an escape makes, and in a string, not in an expression.
        faults += if fits { usize::from(swallowed(raw).is_some() && cells.iter().any(within)) } else { 2 };
    });
    faults + 2 * usize::from(open)
}

fn backslashes_in_rows(head: &[u8], flavour: Flavour) -> bool {
    let mut found = false;
    rows(head, flavour, |raw, _| found |= memchr(b'\\', raw).is_some());
    found
}

/// Calls `each` with the rows of the head and how many columns they should have; whether the last one does not end.
fn rows(head: &[u8], flavour: Flavour, mut each: impl FnMut(&[u8], usize)) -> bool {
    let wanted = Wanted::new(Selection::Sample(usize::MAX));
    let mut framer = SqlFramer::new(flavour, true, &HashMap::new(), &HashMap::new(), wanted);
    let (mut cut, mut from) = (Cut::default(), 0);
    // The framer waits for more than a few bytes of a statement.
    let padded = [head, &[b' '; 128]].concat();
    while from < head.len() {
        let done = framer.frame(&padded[from..], false, &mut cut);
        for span in cut.spans.drain(..).filter(|span| span.kind == SpanKind::Record) {
            if let Layout::Values { header, .. } = &cut.shapes[span.shape].layout {
                each(&padded[from..][span.start..span.end], header.names().len());
            }
        }
        if done == 0 {
            break;
        }
        from += done;
    }
    from < head.len()
}

/// Where the row that a row seems to have swallowed begins: strings of dumps hold line feeds, but hardly this.
pub(super) fn swallowed(raw: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', raw).find_map(|at| {
        let before = raw[..at].strip_suffix(b"\r").unwrap_or(&raw[..at]);
        let row = &raw[at + 1..];
        let begins = if before.ends_with(b"),") {
            row.starts_with(b"(")
        } else {
            (before.ends_with(b");") || before.ends_with(b")"))
                && row.get(..12).is_some_and(|start| start.eq_ignore_ascii_case(b"INSERT INTO "))
        };
        begins.then_some(at + 1)
    })
}
