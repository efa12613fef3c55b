//! The rows of INSERTs.

use std::sync::Arc;

use super::head::Head;
use super::lexer::{Comment, Scan, Until, comment, tuple_end};
use super::outside::{Outside, Row};
use super::preamble::swallowed;
use super::values::{assigned, values};
use super::{MAX_HEAD_BYTES, Rows, SqlFramer, State};
use crate::format::frame::{Cut, Layout, Shape, SpanKind};

/// A row that is not closed within so many bytes may have lost a quote.
const SUSPICIOUS_BYTES: usize = 1024 * 1024;

impl SqlFramer {
    /// Takes the INSERT or REPLACE that begins at `data[at]`. `None`: more data is needed.
    pub(super) fn insert(&mut self, data: &[u8], at: usize, eof: bool, cut: &mut Cut) -> Option<usize> {
        let rest = &data[at..];
        let place = self.passed + at as u64;
        if let Some((bytes, shape)) = &self.last_head
            && rest.starts_with(bytes)
        {
            let length = bytes.len();
            let shape = Arc::clone(shape);
            self.begins(Some(&shape.table), place);
            self.enter(&shape);
            return Some(at + length);
        }
        let mut head = Head::new(rest);
        head.word("INSERT");
        head.word("REPLACE");
        head.any_of(&["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]);
        if head.word("OR") {
            // SQLite's `INSERT OR IGNORE`.
            head.name();
        }
        head.word("INTO");
        let table = head.table();
        let names = if head.peek() == Some(b'(') { head.names() } else { None };
        if head.word("OVERRIDING") {
            head.name();
            head.word("VALUE");
        }
        let values_follow = head.word("VALUES") || head.word("VALUE");
        let first = head.byte(b'(');
        let is_head = values_follow && first;
        let is_set = !is_head && names.is_none() && head.word("SET");
        // The head may only be cut off here: it is read again with more data, and nothing is known by half of its name.
        if !is_head && !is_set && !eof && rest.len() < MAX_HEAD_BYTES && head.is_cut() {
            return None;
        }
        let table = table.map(|table| self.catalog.called(table));
        if is_set {
            return self.set_list(data, at, head.pos, table, eof, cut);
        }
        if !is_head {
            self.begins(None, place);
            self.unread(table);
            self.state = State::Statement(Scan::default());
            return Some(at);
        }
        let root = table.as_deref().map(|table| self.catalog.root(table).to_owned());
        self.begins(root.as_deref(), place);
        let (Some(table), Some(root)) = (table, root) else {
            self.state = State::Statement(Scan::default());
            return Some(at);
        };
        let start = head.pos - 1;
        self.catalog.met(&table);
        self.fill(&table);
        if let Some(names) = &names {
            self.leaves_out(&table, names);
        }
        if self.wanted.left(&root) == 0 {
            self.state = self.runs.get(&place).map_or(State::UnwantedRows(None), |end| State::Run(*end));
            return Some(at + start);
        }
        let columns = match names {
            Some(names) => names,
            // The first row says how many there are.
            None if self.catalog.has_generated(&table) || self.catalog.columns(&table, None).is_none() => {
                let Some(end) = tuple_end(&rest[start..], self.flavour) else {
                    if eof || rest.len() - start >= SUSPICIOUS_BYTES {
                        self.state = State::Statement(Scan::default());
                        return Some(at);
                    }
                    return None;
                };
                let row = String::from_utf8_lossy(&rest[start..start + end]);
                let mut cells = Vec::new();
                // A damaged row is refused when it is decoded.
                let _ = values(&row, self.flavour, &mut cells);
                let columns = self.catalog.columns(&table, Some(cells.len()));
                columns.unwrap_or_else(|| (0..cells.len()).map(|i| i.to_string()).collect())
            }
            None => self.catalog.columns(&table, None).unwrap_or_default(),
        };
        let shape = self.shape(&root, columns, Rows::Values);
        self.last_head = Some((rest[..start].to_vec(), Arc::clone(&shape)));
        self.enter(&shape);
        Some(at + start)
    }

    fn enter(&mut self, shape: &Arc<Shape>) {
        self.state = if self.wanted.left(&shape.table) == 0 {
            State::UnwantedRows(None)
        } else {
            State::Rows(Arc::clone(shape))
        };
    }

    /// Notes that a statement holds rows which are not read.
    fn unread(&mut self, table: Option<String>) {
        self.unread.0 += 1;
        if self.unread.0 == 1 {
            self.unread.1 = table.unwrap_or_default();
        }
    }

    /// `INSERT INTO t SET a = 1, b = 'x';`: a statement is a record.
    fn set_list(
        &mut self,
        data: &[u8],
        at: usize,
        start: usize,
        table: Option<String>,
        eof: bool,
        cut: &mut Cut,
    ) -> Option<usize> {
        let rest = &data[at + start..];
        let end = match Scan::default().advance(rest, Until::Semicolon, self.flavour, eof) {
            Ok(end) => end,
            Err(_) if eof || rest.len() >= MAX_HEAD_BYTES => {
                self.unread(table);
                self.state = State::Statement(Scan::default());
                return Some(at);
            }
            Err(_) => return None,
        };
        let root = table.map(|table| {
            self.catalog.met(&table);
            self.catalog.root(&table).to_owned()
        });
        self.begins(root.as_deref(), self.passed + at as u64);
        if let Some(root) = root
            && self.wanted.left(&root) > 0
        {
            let list = rest[..end].strip_suffix(b";").unwrap_or(&rest[..end]);
            let text = String::from_utf8_lossy(list);
            let columns = assigned(&text, self.flavour)
                .map_or_else(|_| Vec::new(), |list| list.into_iter().map(|(name, _)| name).collect());
            self.leaves_out(&root, &columns);
            let shape = self.shape(&root, columns, Rows::Assigned);
            cut.push(at + start, at + start + list.len(), &shape, SpanKind::Record);
            self.wanted.took(&root);
        }
        Some(at + start + end)
    }

    /// Cuts rows; returns where it stopped. A state other than [`State::Rows`] says that it can go on.
    pub(super) fn rows(&mut self, data: &[u8], mut at: usize, shape: &Arc<Shape>, eof: bool, cut: &mut Cut) -> usize {
        let mut outside = Outside::new(data, at, self.flavour, false);
        loop {
            at += data[at..].iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(data.len() - at);
            match data.get(at) {
                None => return at,
                Some(b',') => at += 1,
                Some(b'(') => {
                    let end = if let Some(Row { end, lines: false }) = outside.row(at) {
                        end
                    } else {
                        let Some(length) = self.row_length(&data[at..], shape, eof) else { return at };
                        outside.turn_to(at + length);
                        at + length
                    };
                    cut.push(at, end, shape, SpanKind::Record);
                    at = end;
                    if !self.wanted.took(&shape.table) {
                        self.state = State::UnwantedRows(None);
                        return at;
                    }
                }
                Some(b';') => {
                    self.state = State::Top;
                    return at + 1;
                }
                Some(b'-' | b'/' | b'#') if comment(data, at, self.flavour) != Comment::None => {
                    match comment(data, at, self.flavour) {
                        Comment::Ends(end) => {
                            outside.turn_to(end);
                            at = end;
                        }
                        _ if eof => return data.len(),
                        _ => return at,
                    }
                }
                // SQL Server ends no statement; `ON DUPLICATE KEY …` and the like go on.
                Some(_) => {
                    if data.len() - at < 16 && !eof {
                        return at;
                    }
                    let mut head = Head::new(&data[at..]);
                    let goes_on = ["ON", "AS", "RETURNING", "SELECT", "WHERE"];
                    // Two dashes may be no comment here, and nothing to pass over.
                    let word = data[at].is_ascii_alphabetic();
                    if word && (head.word("INSERT") || head.word("GO") || head.word("SET")) {
                        self.state = State::Top;
                        return at;
                    }
                    if word && goes_on.iter().any(|word| head.word(word)) {
                        self.state = State::Statement(Scan::default());
                        return at;
                    }
                    // What is no row costs nobody else theirs.
                    let end = data[at..].iter().position(|b| matches!(b, b'(' | b';' | b'\n'));
                    let end = match end {
                        Some(end) => at + end,
                        None if eof => data.len(),
                        None => return at,
                    };
                    cut.push(at, end, shape, SpanKind::Record);
                    self.wanted.took(&shape.table);
                    outside.turn_to(end);
                    at = end;
                }
            }
        }
    }

    /// How long the row is that the data begins with. A row that seems to hold others, and is none by itself, ends where the
    /// first of them begins: a quote that is missing costs one row. `None`: more data is needed.
    fn row_length(&self, data: &[u8], shape: &Shape, eof: bool) -> Option<usize> {
        let found = tuple_end(data, self.flavour);
        if found.is_none() && !eof && data.len() < SUSPICIOUS_BYTES {
            return None;
        }
        let seen = &data[..found.unwrap_or(data.len())];
        let Some(next) = swallowed(seen) else { return found };
        if found.is_some() {
            let text = String::from_utf8_lossy(seen);
            let mut cells = Vec::new();
            let whole = values(&text, self.flavour, &mut cells).is_ok();
            if whole && matches!(&shape.layout, Layout::Values { header, .. } if header.names().len() == cells.len()) {
                return found;
            }
        }
        // Before the comma or semicolon that the next row comes after.
        let row = seen[..next].trim_ascii_end();
        Some(row.len() - usize::from(row.ends_with(b",") || row.ends_with(b";")))
    }
}
