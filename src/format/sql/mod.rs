//! SQL dumps: finds `INSERT … VALUES` and `COPY … FROM stdin`, and cuts their rows out without holding a statement.

pub(crate) mod lexer;
pub(crate) mod values;

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memchr;

use super::Header;
use super::frame::{Cut, Damage, Found, Framer, Layout, NullWord, Shape, SpanKind, Wanted};
use lexer::{Flavour, Head, OpenString, Scan, Until, created_columns, skip_rows, tuple_end};

/// The head of a statement (names, no rows) is no longer than this.
const MAX_HEAD_BYTES: usize = 1024 * 1024;

/// Cuts a dump.
pub(crate) struct SqlFramer {
    wanted: Wanted,
    flavour: Flavour,
    state: State,
    /// The columns of every CREATE TABLE so far, and those a source gave to tables without any.
    columns: HashMap<String, Vec<String>>,
    /// Tables in the order they were met.
    order: Vec<String>,
    /// The schema or database that statements without one mean, after `USE` or `SET search_path`.
    current: Option<String>,
    /// Whose the first table of each name was, once that is known.
    owners: HashMap<String, Option<String>>,
    shapes: HashMap<ShapeKey, Arc<Shape>>,
    /// The head of the last INSERT, which mostly is the head of the next.
    last_head: Option<(Vec<u8>, Arc<Shape>)>,
    too_large: bool,
    /// Bytes before the data at hand.
    passed: u64,
    /// The INSERTs at hand: their table, and where the first of them begins.
    run: Option<(String, u64)>,
    /// What an earlier reading of the file has found, or this one is finding.
    runs: Runs,
}

/// Long runs of INSERTs into one table and of nothing else: where they begin, and where what follows them does. A second
/// reading that does not want the table passes over them without a look at their strings.
pub(crate) type Runs = HashMap<u64, u64>;

/// Shorter runs are not worth remembering.
const MIN_RUN_BYTES: u64 = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ShapeKey {
    table: String,
    columns: Vec<String>,
    copy: bool,
}

enum State {
    /// Between statements.
    Top,
    /// Within the rows of an INSERT.
    Rows(Arc<Shape>),
    /// Within a row that is too large.
    LargeRow(Arc<Shape>, Scan),
    /// Within a line of a COPY that is too large.
    LargeLine(Arc<Shape>),
    /// Within the lines of a COPY; `None`: of no interest.
    Copy(Option<Arc<Shape>>),
    /// Within the rows of an INSERT that nobody wants.
    UnwantedRows(OpenString),
    /// Before the end of a run of INSERTs that nobody wants.
    Run(u64),
    /// Within any other statement.
    Statement(Scan),
    /// Within a line of the client's own (`\restrict`, `DELIMITER`) or a line comment.
    Line,
    /// Within `/* … */`.
    Comment,
    /// Between `DELIMITER ;;` and `DELIMITER ;`: triggers and procedures.
    Routines,
}

impl SqlFramer {
    pub fn new(flavour: Flavour, named: &HashMap<String, Vec<String>>, runs: &Runs, wanted: Wanted) -> Self {
        Self {
            wanted,
            flavour,
            state: State::Top,
            columns: named.clone(),
            order: Vec::new(),
            current: None,
            owners: HashMap::new(),
            shapes: HashMap::new(),
            last_head: None,
            too_large: false,
            passed: 0,
            run: None,
            runs: runs.clone(),
        }
    }

    /// An INSERT begins there, or something else does.
    fn begins(&mut self, table: Option<&str>, at: u64) {
        if !self.wanted.sampling() || self.run.as_ref().is_some_and(|(of, _)| Some(of.as_str()) == table) {
            return;
        }
        if let Some((_, start)) = self.run.take()
            && at - start >= MIN_RUN_BYTES
        {
            self.runs.insert(start, at);
        }
        self.run = table.map(|table| (table.to_owned(), at));
    }

    fn met(&mut self, table: &str) {
        if !self.order.iter().any(|t| t == table) {
            self.order.push(table.to_owned());
        }
    }

    /// The name a table goes by: its own. Where a table of that name was met in another schema or database (Supabase's
    /// `auth.users` and an application's `public.users`, two sites in one dump), that one stands before it.
    fn called(&mut self, (schema, table): (Option<String>, String)) -> String {
        let Some(schema) = schema.or_else(|| self.current.clone()) else { return table };
        let owner = self.owners.entry(table.clone()).or_default();
        if owner.get_or_insert_with(|| schema.clone()) == &schema { table } else { format!("{schema}.{table}") }
    }

    fn go_to(&mut self, schema: Option<String>) {
        self.current = schema;
        self.last_head = None;
    }

    fn shape(&mut self, table: String, columns: Vec<String>, copy: bool) -> Arc<Shape> {
        let key = ShapeKey { table, columns, copy };
        if let Some(shape) = self.shapes.get(&key) {
            return Arc::clone(shape);
        }
        let header = Arc::new(Header::new(key.columns.clone()));
        let layout = if copy {
            Layout::Tsv { header, null: NullWord::BackslashN }
        } else {
            Layout::Values { header, flavour: self.flavour }
        };
        let shape = Arc::new(Shape { table: key.table.as_str().into(), layout });
        self.shapes.insert(key, Arc::clone(&shape));
        shape
    }

    /// Takes what begins at `data[0]`, between statements. `None`: more data is needed.
    fn statement(&mut self, data: &[u8], place: u64, eof: bool) -> Option<usize> {
        if !eof && data.len() < 64 {
            return None;
        }
        let whole = |end: Option<usize>| end.or((eof || data.len() >= MAX_HEAD_BYTES).then_some(data.len()));
        let mut head = Head::new(data);
        if data[0].is_ascii_alphabetic() && (head.word("INSERT") || head.word("REPLACE")) {
            return self.insert(data, place, eof);
        }
        self.begins(None, place);
        match data[0] {
            b'-' if data.starts_with(b"--") => self.state = State::Line,
            b'\\' | b'#' => self.state = State::Line,
            b'/' if data.starts_with(b"/*") => {
                self.state = State::Comment;
                return Some(2);
            }
            b';' => return Some(1),
            _ if head.word("COPY") => {
                let end = whole(memchr(b'\n', data))?;
                return Some(self.copy(&data[..end], end));
            }
            _ if head.word("CREATE") => {
                let temporary = head.word("TEMPORARY") || head.word("UNLOGGED");
                if head.word("TABLE") && !temporary {
                    let end = match Scan::default().advance(data, Until::Semicolon, self.flavour, eof) {
                        Ok(end) => end,
                        Err(_) => whole(None)?,
                    };
                    self.create_table(&mut head);
                    return Some(end);
                }
                self.state = State::Statement(Scan::default());
            }
            _ if head.word("DELIMITER") => {
                let end = whole(memchr(b'\n', data))?;
                if !data[head.pos..end].trim_ascii().starts_with(b";") || data[head.pos..end].trim_ascii().len() > 1 {
                    self.state = State::Routines;
                }
                return Some(end);
            }
            _ if head.word("GO") => return Some(head.pos),
            _ if head.word("USE") => {
                whole(memchr(b'\n', data))?;
                let name = head.name();
                self.go_to(name);
                return Some(head.pos);
            }
            _ => {
                if head.word("SET") {
                    let end = whole(memchr(b'\n', data))?;
                    if memchr::memmem::find(&data[..end], b"NO_BACKSLASH_ESCAPES").is_some() {
                        self.flavour.backslash = false;
                    }
                    // `SET search_path = auth, pg_catalog;` of pg_dump before 10.3.
                    if head.word("search_path") && head.byte(b'=') {
                        let name = head.name();
                        self.go_to(name);
                    }
                }
                self.state = State::Statement(Scan::default());
            }
        }
        Some(0)
    }

    fn create_table(&mut self, head: &mut Head<'_>) {
        if head.word("IF") {
            head.word("NOT");
            head.word("EXISTS");
        }
        if let Some(table) = head.table() {
            let table = self.called(table);
            self.met(&table);
            let columns = created_columns(head, self.flavour);
            if !columns.is_empty() {
                self.columns.insert(table, columns);
            }
        }
    }

    fn insert(&mut self, data: &[u8], place: u64, eof: bool) -> Option<usize> {
        if let Some((bytes, shape)) = &self.last_head
            && data.starts_with(bytes)
        {
            let length = bytes.len();
            let shape = Arc::clone(shape);
            self.begins(Some(&shape.table), place);
            self.enter(&shape);
            return Some(length);
        }
        let mut head = Head::new(data);
        head.word("INSERT");
        head.word("REPLACE");
        while ["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"].iter().any(|word| head.word(word)) {}
        let table = head.table();
        let names = if head.peek() == Some(b'(') { head.names() } else { None };
        if head.word("OVERRIDING") {
            head.name();
            head.word("VALUE");
        }
        let values = head.word("VALUES") || head.word("VALUE");
        let first = head.byte(b'(');
        if !(values && first) {
            // The head may only be cut off here: it is read again with more data.
            if !eof && data.len() < MAX_HEAD_BYTES && head.peek().is_none() {
                return None;
            }
            self.begins(None, place);
            self.state = State::Statement(Scan::default());
            return Some(0);
        }
        let table = table.map(|table| self.called(table));
        self.begins(table.as_deref(), place);
        let Some(table) = table else {
            self.state = State::Statement(Scan::default());
            return Some(0);
        };
        let at = head.pos - 1;
        self.met(&table);
        if self.wanted.left(&table) == 0 {
            self.state = self.runs.get(&place).map_or(State::UnwantedRows(None), |end| State::Run(*end));
            return Some(at);
        }
        let columns = if let Some(columns) = names.or_else(|| self.columns.get(&table).cloned()) {
            columns
        } else {
            // Nobody named them: the first row says how many there are.
            let Some(end) = tuple_end(&data[at..], self.flavour) else {
                if eof {
                    self.state = State::Statement(Scan::default());
                    return Some(0);
                }
                return None;
            };
            let row = String::from_utf8_lossy(&data[at..at + end]);
            let mut cells = Vec::new();
            // A damaged row is refused when it is decoded.
            let _ = values::values(&row, self.flavour, &mut cells);
            (0..cells.len()).map(|i| i.to_string()).collect()
        };
        let shape = self.shape(table, columns, false);
        self.last_head = Some((data[..at].to_vec(), Arc::clone(&shape)));
        self.enter(&shape);
        Some(at)
    }

    fn enter(&mut self, shape: &Arc<Shape>) {
        self.state = if self.wanted.left(&shape.table) == 0 {
            State::UnwantedRows(None)
        } else {
            State::Rows(Arc::clone(shape))
        };
    }

    fn copy(&mut self, line: &[u8], end: usize) -> usize {
        let mut head = Head::new(line);
        head.word("COPY");
        let table = head.table();
        let names = if head.peek() == Some(b'(') { head.names() } else { None };
        if !(head.word("FROM") && head.word("STDIN")) {
            self.state = State::Statement(Scan::default());
            return 0;
        }
        self.state = State::Copy(None);
        if let Some(table) = table {
            let table = self.called(table);
            self.met(&table);
            let columns = names.or_else(|| self.columns.get(&table).cloned());
            if let (Some(columns), true) = (columns, self.wanted.left(&table) > 0) {
                self.state = State::Copy(Some(self.shape(table, columns, true)));
            }
        }
        // The line feed belongs to the statement, not to the rows.
        end + 1
    }

    /// Cuts rows of an INSERT; returns where it stopped. A state other than [`State::Rows`] says that it can go on.
    fn rows(&mut self, data: &[u8], mut at: usize, shape: &Arc<Shape>, eof: bool, cut: &mut Cut) -> usize {
        loop {
            at += data[at..].iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(data.len() - at);
            match data.get(at) {
                None => return at,
                Some(b',') => at += 1,
                Some(b'(') => {
                    let Some(length) = tuple_end(&data[at..], self.flavour) else { return at };
                    cut.push(at, at + length, shape, SpanKind::Record);
                    at += length;
                    if !self.wanted.took(&shape.table) {
                        self.state = State::UnwantedRows(None);
                        return at;
                    }
                }
                Some(b';') => {
                    self.state = State::Top;
                    return at + 1;
                }
                // SQL Server ends no statement; `ON DUPLICATE KEY …` and the like go on.
                Some(_) => {
                    if data.len() - at < 8 && !eof {
                        return at;
                    }
                    let mut head = Head::new(&data[at..]);
                    let next = head.word("INSERT") || head.word("GO");
                    self.state = if next { State::Top } else { State::Statement(Scan::default()) };
                    return at;
                }
            }
        }
    }

    /// Cuts lines of a COPY, in the same way.
    fn lines(&mut self, data: &[u8], mut at: usize, shape: Option<&Arc<Shape>>, eof: bool, cut: &mut Cut) -> usize {
        while at < data.len() {
            let (end, next) = match memchr(b'\n', &data[at..]) {
                Some(length) => (at + length, at + length + 1),
                None if eof => (data.len(), data.len()),
                None => return at,
            };
            let line = &data[at..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line == b"\\." {
                self.state = State::Top;
                return next;
            }
            if let Some(shape) = shape {
                cut.push(at, at + line.len(), shape, SpanKind::Record);
                if !self.wanted.took(&shape.table) {
                    self.state = State::Copy(None);
                    return next;
                }
            }
            at = next;
        }
        at
    }

    /// Does one step at `data[at..]`, which is not empty. `None`: more data is needed.
    fn step(&mut self, data: &[u8], at: usize, eof: bool, cut: &mut Cut) -> Option<usize> {
        let rest = &data[at..];
        match &mut self.state {
            State::Top => {
                let blank = rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
                if blank > 0 {
                    Some(at + blank)
                } else {
                    self.statement(rest, self.passed + at as u64, eof).map(|n| at + n)
                }
            }
            State::Rows(shape) => {
                let shape = Arc::clone(shape);
                let next = self.rows(data, at, &shape, eof, cut);
                (next > at || !matches!(self.state, State::Rows(_))).then_some(next)
            }
            State::LargeRow(shape, scan) => match scan.advance(rest, Until::Bracket, self.flavour, eof) {
                Ok(end) => {
                    self.state = State::Rows(Arc::clone(shape));
                    Some(at + end)
                }
                Err(done) => (done > 0).then_some(at + done),
            },
            State::Copy(shape) => {
                let shape = shape.clone();
                let next = self.lines(data, at, shape.as_ref(), eof, cut);
                (next > at).then_some(next)
            }
            State::LargeLine(shape) => match memchr(b'\n', rest) {
                Some(end) => {
                    self.state = State::Copy(Some(Arc::clone(shape)));
                    Some(at + end + 1)
                }
                None => Some(data.len()),
            },
            State::UnwantedRows(open) => match skip_rows(rest, open, self.flavour) {
                Ok(end) => {
                    self.state = State::Top;
                    Some(at + end)
                }
                Err(done) => (done > 0).then_some(at + done),
            },
            State::Run(end) => {
                let left = usize::try_from(*end - (self.passed + at as u64)).unwrap_or(usize::MAX);
                if left <= rest.len() {
                    self.state = State::Top;
                }
                Some(at + left.min(rest.len()))
            }
            State::Statement(scan) => match scan.advance(rest, Until::Semicolon, self.flavour, eof) {
                Ok(end) => {
                    self.state = State::Top;
                    Some(at + end)
                }
                Err(done) => (done > 0).then_some(at + done),
            },
            State::Line => match memchr(b'\n', rest) {
                Some(end) => {
                    self.state = State::Top;
                    Some(at + end + 1)
                }
                None => Some(data.len()),
            },
            State::Comment => match memchr::memmem::find(rest, b"*/") {
                Some(end) => {
                    self.state = State::Top;
                    Some(at + end + 2)
                }
                None if eof => Some(data.len()),
                None => (rest.len() > 1).then_some(data.len() - 1),
            },
            State::Routines => {
                let end = match memchr(b'\n', rest) {
                    Some(end) => end + 1,
                    None if eof => rest.len(),
                    None => return None,
                };
                let mut head = Head::new(&rest[..end]);
                if rest.starts_with(b"DELIMITER") && head.word("DELIMITER") && head.byte(b';') && head.peek().is_none()
                {
                    self.state = State::Top;
                }
                Some(at + end)
            }
        }
    }

    /// What is wrong with a dump that ends here.
    fn unfinished(&self) -> Option<String> {
        match &self.state {
            State::Rows(shape) | State::LargeRow(shape, _) | State::LargeLine(shape) => {
                Some(format!("the dump ends within the rows of table `{}`", shape.table))
            }
            State::Copy(Some(shape)) => Some(format!("the dump ends within the rows of table `{}`", shape.table)),
            State::UnwantedRows(_) | State::Run(_) | State::Copy(None) => {
                Some("the dump ends within the rows of a table".into())
            }
            State::Comment => Some("the dump ends within a comment".into()),
            State::Statement(_) | State::Top | State::Line | State::Routines => None,
        }
    }
}

impl Framer for SqlFramer {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        if std::mem::take(&mut self.too_large) {
            match &self.state {
                State::Rows(shape) => {
                    let shape = Arc::clone(shape);
                    cut.push(0, data.len().min(1024), &shape, SpanKind::TooLarge);
                    self.state = State::LargeRow(shape, Scan::default());
                }
                State::Copy(Some(shape)) => {
                    cut.push(0, data.len().min(1024), shape, SpanKind::TooLarge);
                    self.state = State::LargeLine(Arc::clone(shape));
                }
                // Neither names nor rows: nothing that could be read.
                _ => self.state = State::Statement(Scan::default()),
            }
        }
        let mut at = 0;
        while at < data.len() {
            match self.step(data, at, eof, cut) {
                Some(next) => at = next,
                None => break,
            }
        }
        if eof {
            let cut_off = at < data.len() && !matches!(self.state, State::Top | State::Statement(_));
            if let Some(what) = self.unfinished().or_else(|| cut_off.then(|| "the dump ends in the middle".into())) {
                cut.damage = Some(Damage { at, what });
            }
            return data.len();
        }
        self.passed += at as u64;
        at
    }

    fn pass_over(&mut self) {
        self.too_large = true;
    }

    fn tables(&self) -> Vec<Found> {
        let columns = |table: &String| self.columns.get(table).cloned().unwrap_or_default();
        self.order.iter().map(|table| Found { table: table.clone(), columns: columns(table) }).collect()
    }

    fn runs(&self) -> Runs {
        self.runs.clone()
    }
}
