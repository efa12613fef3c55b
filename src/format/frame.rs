//! Framing: cutting a stream of bytes into batches of whole records, so that no more than a batch is ever in memory.
//!
//! One thread frames; decoding, which costs several times as much, is left to the threads that take the batches.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::sync::Arc;

pub(crate) use super::layout::{Escapes, Flavour, Layout, Shape};
use super::same::Text;

/// How much is read before records are cut out of it.
pub(crate) const BATCH_BYTES: usize = 256 * 1024;

/// A record of more bytes is refused instead of being held in memory.
pub(crate) const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// Where in a batch something stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
    /// Index into [`Cut::shapes`].
    pub shape: usize,
    pub kind: SpanKind,
}

/// The content of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanKind {
    /// One record.
    Record,
    /// CSV: any number of whole rows with their terminators; the decoding thread cuts them.
    Rows,
    /// The beginning of a record of more than [`MAX_RECORD_BYTES`].
    TooLarge,
}

/// What ends the reading of a file before its end.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    /// Offset into the data of the call that found it.
    pub at: usize,
    /// What is wrong, as the second half of a sentence that begins with the place.
    pub what: String,
}

/// The whole records that a framer cut out of a batch.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub spans: Vec<Span>,
    pub shapes: Vec<Arc<Shape>>,
    pub damage: Option<Damage>,
    /// A sample needs no more: what follows is known to be of the same kind.
    pub enough: bool,
}

impl Cut {
    /// Adds a span, and its shape if it is new to this batch.
    pub fn push(&mut self, start: usize, end: usize, shape: &Arc<Shape>, kind: SpanKind) {
        let known = self.shapes.iter().rposition(|s| Arc::ptr_eq(s, shape));
        let index = known.unwrap_or_else(|| {
            self.shapes.push(Arc::clone(shape));
            self.shapes.len() - 1
        });
        self.spans.push(Span { start, end, shape: index, kind });
    }

    fn clear(&mut self) {
        self.spans.clear();
        self.shapes.clear();
        self.damage = None;
        self.enough = false;
    }
}

/// Which records are wanted.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    /// The first so many of every table, to learn what is there.
    Sample(usize),
    /// All of these tables.
    Tables(HashSet<String>),
}

/// Keeps count of what a [`Selection`] still wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    selection: Selection,
    taken: HashMap<String, usize>,
}

impl Wanted {
    pub fn new(selection: Selection) -> Self {
        Self { selection, taken: HashMap::new() }
    }

    /// How many more records of a table are wanted.
    pub fn left(&self, table: &str) -> usize {
        match &self.selection {
            Selection::Sample(each) => each.saturating_sub(self.taken.get(table).copied().unwrap_or(0)),
            Selection::Tables(tables) => {
                if tables.contains(table) {
                    usize::MAX
                } else {
                    0
                }
            }
        }
    }

    /// Notes that a record was cut out; returns whether more are wanted.
    pub fn took(&mut self, table: &str) -> bool {
        let Selection::Sample(each) = self.selection else { return true };
        let taken = match self.taken.get_mut(table) {
            Some(taken) => taken,
            None => self.taken.entry(table.to_owned()).or_default(),
        };
        *taken += 1;
        *taken < each
    }

    /// Whether this is about learning what a file holds.
    pub fn sampling(&self) -> bool {
        matches!(self.selection, Selection::Sample(_))
    }
}

/// Long runs of INSERTs into one table and of nothing else: where they begin, and where what follows them does. A second
/// reading that does not want the table passes over them without a look at their strings.
pub(crate) type Runs = HashMap<u64, u64>;

/// Cuts one format's bytes into records.
pub(crate) trait Framer: Send {
    /// Cuts as many whole records as `data` holds into `cut`, and returns how many bytes are done with. The next call's
    /// `data` begins there. At `eof` everything is done with, or `cut.damage` says why not.
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize;

    /// The record at the beginning of the data is too large: the next call is to pass over it, with a
    /// [`SpanKind::TooLarge`] in its place.
    fn pass_over(&mut self);

    /// Every table met so far, wanted or not, with its columns where the file names them, and what else was learned.
    fn tables(&self) -> Vec<TableHead> {
        Vec::new()
    }

    /// What can be passed over when the file is read again.
    fn runs(&self) -> Runs {
        Runs::new()
    }

    /// What a person has to know of a file that was read to its end.
    fn doubts(&self) -> Vec<Doubt> {
        Vec::new()
    }
}

/// Why what was read may not be all that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The file lacks its own last words.
    Cut(String),
    /// Something in it is written in a way that is not read.
    Unread(String),
    /// It can be read in two ways.
    Unsure(String),
    /// A later statement changes or takes back rows of this table, by what it is.
    Undone(String, &'static str),
    /// A later statement, by its first word, calls what is not in the file, by its name.
    Called(&'static str, String),
    /// Rows of a table have no such column, and hold what it has by default: they leave it out, or it was added behind them.
    Defaulted { table: String, column: String, is: String, added: bool },
    /// Rows of a table are in a file that a statement reads, and that is not part of this one.
    Elsewhere(String, String),
}

impl Doubt {
    /// Whether users may be missing.
    pub fn loses(&self) -> bool {
        !matches!(self, Self::Unsure(_) | Self::Undone(..) | Self::Called(..) | Self::Defaulted { .. })
    }

    /// Whether it is told of only where its table is read.
    pub fn is_of_a_table(&self) -> bool {
        matches!(self, Self::Defaulted { .. } | Self::Elsewhere(..))
    }

    /// For a person, as what comes after the file's name.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Cut(text) | Self::Unread(text) | Self::Unsure(text) => Cow::Borrowed(text),
            Self::Called(what, name) => Cow::Owned(format!(
                "a statement ({what} {name}) behind the rows calls what is not in the dump, and may change whom it likes: load the dump into a \
                 database and dump it again; {} takes it for one that changes no users",
                crate::escape::flag("--ignore", name)
            )),
            Self::Defaulted { table, column, is, added } => Cow::Owned(format!(
                "{}, so that they have '{is}' there: load the dump into a database and dump it again; {} leaves the column out",
                if *added {
                    format!("a statement (ALTER TABLE) adds `{column}` to the rows of `{table}` that stand before it")
                } else {
                    format!("rows of `{table}` leave out `{column}`")
                },
                crate::escape::flag("--ignore", column)
            )),
            Self::Elsewhere(table, file) => Cow::Owned(format!(
                "rows of `{table}` are in {file}, which the dump has a database read: they are missing; load the dump into one with that \
                 file beside it and dump it again"
            )),
            Self::Undone(table, what) => Cow::Owned(format!(
                "a statement ({what}) changes or takes back rows of `{table}` that stand before it, and only a database can do that: load \
                 the dump into one and dump it again"
            )),
        }
    }
}

/// Passes over the bytes before the data.
pub(crate) struct After<F> {
    left: usize,
    framer: F,
}

impl<F> After<F> {
    pub fn new(left: usize, framer: F) -> Self {
        Self { left, framer }
    }
}

impl<F: Framer> Framer for After<F> {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        let passed = self.left.min(data.len());
        self.left -= passed;
        if passed > 0 { passed } else { self.framer.frame(data, eof, cut) }
    }

    fn pass_over(&mut self) {
        self.framer.pass_over();
    }

    fn tables(&self) -> Vec<TableHead> {
        self.framer.tables()
    }

    fn doubts(&self) -> Vec<Doubt> {
        self.framer.doubts()
    }
}

/// A table that a framer met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableHead {
    pub table: String,
    pub columns: Vec<String>,
    /// The file beside this one that has its rows, where the file names it.
    pub rows_in: Option<String>,
    /// What rows hold that leave a column out.
    pub defaults: Vec<(String, String)>,
}

impl TableHead {
    pub fn new(table: &str, columns: Vec<String>) -> Self {
        Self { table: table.to_owned(), columns, rows_in: None, defaults: Vec::new() }
    }
}

/// Whole records, with what it takes to say where they stand.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub data: Vec<u8>,
    pub cut: Cut,
    /// Line of the first byte, counting from 1.
    pub line: u64,
    /// Offset of the first byte in the decompressed file.
    pub byte: u64,
}

/// Reads a file batch by batch.
pub(crate) struct Batches<R> {
    input: R,
    framer: Box<dyn Framer>,
    /// Read, but not cut yet.
    rest: Vec<u8>,
    eof: bool,
    /// The compressed data ends too early: told once the whole records before are handed over.
    cut_off: Option<std::io::Error>,
    line: u64,
    byte: u64,
}

impl<R: Text> Batches<R> {
    pub fn new(input: R, framer: Box<dyn Framer>) -> Self {
        Self { input, framer, rest: Vec::new(), eof: false, cut_off: None, line: 1, byte: 0 }
    }

    pub fn framer(&self) -> &dyn Framer {
        &*self.framer
    }

    /// Fills `batch` with the next records; false after the last. A batch may come with damage, which ends the file.
    pub fn next(&mut self, batch: &mut Batch) -> std::io::Result<bool> {
        let mut want = BATCH_BYTES;
        batch.data.clear();
        std::mem::swap(&mut batch.data, &mut self.rest);
        loop {
            self.fill(&mut batch.data, want)?;
            if batch.data.is_empty() && self.eof {
                // Formats with brackets tell here whether the last one was seen.
                batch.cut.clear();
                self.framer.frame(&[], true, &mut batch.cut);
                (batch.line, batch.byte) = (self.line, self.byte);
                return Ok(batch.cut.damage.is_some());
            }
            batch.cut.clear();
            let done = self.framer.frame(&batch.data, self.eof, &mut batch.cut);
            (batch.line, batch.byte) = (self.line, self.byte);
            if batch.cut.damage.is_some() || batch.cut.enough {
                self.eof = true;
                self.rest.clear();
                return Ok(true);
            }
            if done == 0 {
                if let Some(error) = self.cut_off.take() {
                    return Err(error);
                }
                if self.eof {
                    return Ok(!batch.cut.spans.is_empty());
                }
                if batch.data.len() >= MAX_RECORD_BYTES {
                    self.framer.pass_over();
                } else {
                    want = (batch.data.len() * 2).min(MAX_RECORD_BYTES);
                }
                continue;
            }
            self.line += memchr::memchr_iter(b'\n', &batch.data[..done]).count() as u64;
            self.byte += done as u64;
            self.rest.clear();
            self.rest.extend_from_slice(&batch.data[done..]);
            batch.data.truncate(done);
            if !batch.cut.spans.is_empty() {
                return Ok(true);
            }
            std::mem::swap(&mut batch.data, &mut self.rest);
            want = BATCH_BYTES;
        }
    }

    fn fill(&mut self, data: &mut Vec<u8>, want: usize) -> std::io::Result<()> {
        data.reserve_exact(want.saturating_sub(data.len()));
        while data.len() < want && !self.eof && self.cut_off.is_none() {
            match self.input.append(data, BATCH_BYTES) {
                Ok(read) => self.eof = read == 0,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.cut_off = Some(error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
