//! SQL dumps: finds `INSERT … VALUES`, `INSERT … SET` and `COPY … FROM stdin`, and cuts their rows out without holding a
//! statement.

mod catalog;
mod effects;
mod head;
mod insert;
mod lexer;
mod outside;
mod preamble;
mod statement;
mod undone;
pub(crate) mod values;

pub(crate) use preamble::{Preamble, encoding, preamble};

use std::collections::HashMap;
use std::sync::Arc;

use memchr::{memchr, memmem};

use super::Header;
use super::frame::{Cut, Damage, Doubt, Escapes, Flavour, Framer, Layout, Runs, Shape, SpanKind, TableHead, Wanted};
use catalog::Catalog;
use head::Head;
use lexer::{OpenString, Scan, Until, skip_rows};

/// The head of a statement (names, no rows) is no longer than this.
const MAX_HEAD_BYTES: usize = 1024 * 1024;

/// Shorter runs are not worth remembering.
const MIN_RUN_BYTES: u64 = 64 * 1024;

/// Cuts a dump.
pub(crate) struct SqlFramer {
    wanted: Wanted,
    flavour: Flavour,
    /// What backslashes mean is known from the rows, whatever statements say.
    proven: bool,
    state: State,
    catalog: Catalog,
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
    /// The last words that the dump's first ones promise, and have not come.
    promised: Option<&'static str>,
    transaction: Transaction,
    /// Rows written in a way that is not read: how many statements, and the table of the first.
    unread: (usize, String),
    /// Tables of which a later statement changes rows that stand before it, and which.
    undone: Vec<(String, &'static str)>,
    /// What statements after rows call and the dump does not have: their first words, and its names.
    called: Vec<(&'static str, String)>,
    /// What is in rows that do not name it: the table, the column and its default, and whether the column came after the rows.
    defaulted: Vec<(String, String, String, bool)>,
    /// The columns of the last rows that were asked for what they leave out.
    asked: (String, Vec<String>),
    /// Tables whose rows a statement reads from a file, and that file.
    elsewhere: Vec<(String, String)>,
}

/// What a dump's own transactions have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    /// There is none, or it is committed.
    None,
    /// It has begun and is not committed.
    Begun,
    /// So it is, and it holds rows.
    Writing,
    /// One was taken back.
    TakenBack,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ShapeKey {
    table: String,
    columns: Vec<String>,
    kind: Rows,
}

/// The statement that the rows stand in, which decides how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rows {
    Copy,
    Values,
    Assigned,
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
    pub fn new(
        flavour: Flavour,
        proven: bool,
        named: &HashMap<String, Vec<String>>,
        runs: &Runs,
        wanted: Wanted,
    ) -> Self {
        Self {
            wanted,
            flavour,
            proven,
            state: State::Top,
            catalog: Catalog::new(named),
            shapes: HashMap::new(),
            last_head: None,
            too_large: false,
            passed: 0,
            run: None,
            runs: runs.clone(),
            promised: None,
            transaction: Transaction::None,
            unread: (0, String::new()),
            undone: Vec::new(),
            called: Vec::new(),
            defaulted: Vec::new(),
            asked: Default::default(),
            elsewhere: Vec::new(),
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

    fn shape(&mut self, table: &str, columns: Vec<String>, kind: Rows) -> Arc<Shape> {
        let key = ShapeKey { table: table.to_owned(), columns, kind };
        if let Some(shape) = self.shapes.get(&key) {
            return Arc::clone(shape);
        }
        let header = Arc::new(Header::new(key.columns.clone()));
        let flavour = self.flavour;
        let layout = match kind {
            Rows::Copy => Layout::Tsv { header, cells: Escapes::COPY },
            Rows::Values => Layout::Values { header, flavour },
            Rows::Assigned => Layout::Assigned { header, flavour },
        };
        let shape = Arc::new(Shape { table: table.into(), layout });
        self.shapes.insert(key, Arc::clone(&shape));
        shape
    }

    /// Cuts lines of a COPY; returns where it stopped.
    fn lines(&mut self, data: &[u8], mut at: usize, shape: Option<&Arc<Shape>>, eof: bool, cut: &mut Cut) -> usize {
        while at < data.len() {
            let (end, next) = match line_end(data, at) {
                Some(end) => (end, end + 1),
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
                if blank > 0 { Some(at + blank) } else { self.statement(data, at, eof, cut) }
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
            State::Comment => match memmem::find(rest, b"*/") {
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

/// Where the line of a COPY ends: before a line feed that no backslash makes part of a value.
fn line_end(data: &[u8], at: usize) -> Option<usize> {
    let mut from = at;
    loop {
        let end = from + memchr(b'\n', &data[from..])?;
        let backslashes = data[at..end].iter().rev().take_while(|&&b| b == b'\\').count();
        if backslashes.is_multiple_of(2) {
            return Some(end);
        }
        from = end + 1;
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

    fn tables(&self) -> Vec<TableHead> {
        self.catalog.found()
    }

    fn runs(&self) -> Runs {
        self.runs.clone()
    }

    fn doubts(&self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        if let Some(words) = self.promised {
            doubts.push(Doubt::Cut(format!("the dump ends without its last line, `{words}`: users may be missing")));
        } else if self.transaction == Transaction::TakenBack {
            doubts.push(Doubt::Cut(
                "the dump takes back what it began (ROLLBACK): it broke off, and users may be missing".into(),
            ));
        } else if matches!(self.transaction, Transaction::Begun | Transaction::Writing) {
            doubts.push(Doubt::Cut("the dump ends without the COMMIT of what it began: users may be missing".into()));
        } else if matches!(&self.state, State::Statement(scan) if !scan.between()) {
            doubts.push(Doubt::Cut("the dump ends in the middle of a statement: users may be missing".into()));
        }
        doubts.extend(self.undone.iter().map(|(table, what)| Doubt::Undone(table.clone(), what)));
        doubts.extend(self.called.iter().map(|(what, name)| Doubt::Called(what, name.clone())));
        let defaulted = self.defaulted.iter().cloned();
        doubts.extend(defaulted.map(|(table, column, is, added)| Doubt::Defaulted { table, column, is, added }));
        doubts.extend(self.elsewhere.iter().map(|(table, file)| Doubt::Elsewhere(table.clone(), file.clone())));
        let (count, table) = &self.unread;
        if *count > 0 {
            let statements = if *count == 1 { "1 statement writes" } else { &format!("{count} statements write") };
            doubts.push(Doubt::Unread(format!(
                "{statements} rows in a way that is not read (the first for `{table}`): load the dump into a database and \
                 dump it again"
            )));
        }
        doubts
    }
}
