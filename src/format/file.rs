//! One file of an export: opened, told apart, sampled, read.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::convert;
use super::csv::CsvFramer;
use super::decode::{Pieces, blank};
use super::encoding::Encoding;
use super::foreign;
use super::frame::{After, Batch, Batches, Doubt, Framer, Layout, Runs, Selection, Shape, Wanted};
use super::input::{Consumed, Input};
use super::json::JsonFramer;
use super::layout::Flavour;
use super::ldif::LdifFramer;
use super::lines::LineFramer;
use super::live::Live;
use super::same::Text;
use super::sniff::{self, Kind};
use super::sql::SqlFramer;
use super::xml::XmlFramer;
use super::{Format, Header, TableSample};
use crate::error::RunError;

/// How much of a file is looked at to tell its format and encoding.
const HEAD_BYTES: usize = 1024 * 1024;

/// So much of a file's end is looked at.
const TAIL_BYTES: u64 = 64 * 1024;

/// How many records of a table are shown to sources.
pub(crate) const SAMPLE_RECORDS: usize = 8;

/// A file whose format is known.
pub(crate) struct SourceFile {
    pub input: Input,
    pub kind: Kind,
    pub head: String,
    /// The table whose rows these are, of a dump beside the file.
    rows_of: Option<String>,
    /// Tables of a dump without rows in it.
    empty: Vec<Rows>,
    /// What its tables hold in columns that rows leave out.
    defaults: Vec<(String, Vec<(String, String)>)>,
    /// Tables whose rows are lines of a COPY.
    copied: HashSet<String>,
    /// A dump's long runs of INSERTs.
    runs: Runs,
    /// Why what was read may not be all, known once it was sampled.
    pub doubts: Vec<Doubt>,
    /// What each page of an answer said beside its list, where the file was made into text: see [`convert::Converted`].
    pub pages: Vec<String>,
}

/// What a dump's statements or an XML declaration say of the encoding, if it is not UTF-8.
fn stated_encoding(head: &[u8]) -> Option<Encoding> {
    if let Some(declaration) = head.strip_prefix(b"<?xml ") {
        let end = memchr::memmem::find(declaration, b"?>")?;
        let declaration = String::from_utf8_lossy(&declaration[..end]);
        let name = declaration.split_once("encoding=")?.1.get(1..)?.split(['"', '\'']).next()?;
        return Encoding::stated(name);
    }
    let name = if sniff::is_dump(head.trim_ascii_start()) { super::sql::encoding(head) } else { None };
    Encoding::stated(&name?)
}

/// The first bytes, unpacked.
fn beginning(input: &Input) -> Result<Vec<u8>, RunError> {
    let mut head = Vec::new();
    match input.unpacked(None)?.take(HEAD_BYTES as u64).read_to_end(&mut head) {
        Err(error) if head.is_empty() => Err(input.unreadable(&error)),
        _ => Ok(head),
    }
}

/// A file with the rows of a dump's table, as the dump tells of it.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub table: String,
    pub columns: Vec<String>,
    /// Its name, beside the dump.
    pub file: String,
    /// Whether the dump names it.
    pub named: bool,
}

impl SourceFile {
    /// Opens a file and tells its compression, encoding and format.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        Self::told(Input::open(path)?)
    }

    /// Opens what was fetched into a temporary file.
    pub fn open_fetched(name: &Path, file: &File) -> Result<Self, RunError> {
        Self::told(Input::fetched(name, file)?)
    }

    fn told(mut input: Input) -> Result<Self, RunError> {
        let (mut doubts, mut known, mut pages) = (Vec::new(), None, Vec::new());
        let mut head = beginning(&input)?;
        let encoding = Encoding::of(&head, head.len() < HEAD_BYTES);
        let is_wide = encoding.is_utf16();
        if is_wide {
            input.encoding = encoding;
            head.clear();
            input.text(None)?.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(RunError::io(&input.path))?;
        }
        if let Some(made) = convert::converted(&input, &head)? {
            input.become_text(made.text, made.beside)?;
            (known, doubts, pages) = (made.kind, made.doubts, made.pages);
            head = beginning(&input)?;
        } else if is_wide {
            head = beginning(&input)?;
        }
        let whole = head.len() < HEAD_BYTES;
        let name = input.name();
        if let Some(what) = foreign::foreign(&head, &name) {
            return Err(RunError::export(format!("{name}: {what}")));
        }
        input.encoding = Encoding::of(&head, whole);
        if let Some(stated) = stated_encoding(&head).filter(|_| input.encoding.mark().is_empty()) {
            // What is UTF-8 all through, and not just ASCII, is nothing else, whatever it says.
            if head.is_ascii() || input.encoding != Encoding::Utf8 {
                input.encoding = stated;
            }
        }
        if input.encoding.decoder().is_some() {
            head.clear();
            let text = input.text(None)?;
            text.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(RunError::io(&input.path))?;
        } else {
            head.drain(..input.encoding.mark().len());
        }
        let sniffed = known.map_or_else(|| sniff::sniff(&head, whole), Ok);
        let mut kind = sniffed.map_err(|why| RunError::export(format!("{}: {why}", input.name())))?;
        // A table of one row is one object, as an answer is that holds tables: the name says which.
        if let Kind::Json { sequence: false, prelude } = kind
            && [".ndjson", ".jsonl"].iter().any(|ending| input.name().to_ascii_lowercase().contains(ending))
            && sniff::is_one_line(&head[prelude..])
        {
            kind = Kind::Ndjson { prelude, copied: false };
        }
        if let (Kind::Csv { delimiter, .. }, true) = (&kind, input.encoding.decoder().is_none())
            && super::csv::ends_within_quotes(&input.tail(TAIL_BYTES), *delimiter)
        {
            let said =
                "the file ends within a cell that has begun with a quote: it may be cut, and users may be missing";
            doubts.push(Doubt::Cut(said.to_owned()));
        }
        if matches!(kind, Kind::Ldif) && input.encoding.decoder().is_none() {
            doubts.extend(super::ldif::cut(&input.tail(TAIL_BYTES)));
        }
        head.truncate(4096);
        let head = String::from_utf8_lossy(&head).trim_end_matches('\u{fffd}').to_owned();
        Ok(Self {
            input,
            kind,
            head,
            rows_of: None,
            empty: Vec::new(),
            defaults: Vec::new(),
            copied: HashSet::new(),
            runs: Runs::new(),
            doubts,
            pages,
        })
    }

    /// Opens what is read while it is in use, which speaks as a dump of PostgreSQL or SQLite does.
    pub fn open_live(live: Arc<Live>) -> Self {
        let flavour = Flavour { mysql: false, backslash: false };
        Self {
            input: Input::live(live),
            kind: Kind::Sql { flavour, proven: true, unsure: false, named: HashMap::new() },
            head: String::new(),
            rows_of: None,
            empty: Vec::new(),
            defaults: Vec::new(),
            copied: HashSet::new(),
            runs: Runs::new(),
            doubts: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// Opens the rows of a dump's table.
    pub fn open_rows(path: &Path, rows: Rows) -> Result<Self, RunError> {
        let mut input = Input::open(path)?;
        let mut head = Vec::new();
        input.unpacked(None)?.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(RunError::io(path))?;
        let whole = head.len() < HEAD_BYTES;
        input.encoding = Encoding::of(&head, whole);
        let cells = sniff::cells_of_rows(&head, rows.columns.len(), whole);
        let width = rows.columns.len();
        let kind = Kind::Tsv { header: Some(rows.columns), width, prelude: 0, cells };
        head.truncate(4096);
        Ok(Self {
            input,
            kind,
            head: String::from_utf8_lossy(&head).into_owned(),
            copied: HashSet::from([rows.table.clone()]),
            rows_of: Some(rows.table),
            empty: Vec::new(),
            defaults: Vec::new(),
            runs: Runs::new(),
            doubts: Vec::new(),
            pages: Vec::new(),
        })
    }

    /// The files that have the rows of this dump's tables: those it names, and `mysqldump --tab`'s, which are named alike.
    pub fn beside(&self) -> Vec<Rows> {
        self.empty.clone()
    }

    /// The columns of a dump's table that hold something where rows leave them out, and what.
    pub fn defaults(&self, table: &str) -> &[(String, String)] {
        self.defaults.iter().find(|(of, _)| of == table).map_or(&[], |(_, defaults)| defaults)
    }

    /// The file as a message names it.
    pub fn name(&self) -> String {
        self.input.name()
    }

    /// The format, as sources and people are told.
    pub fn format(&self) -> Format {
        match self.kind {
            _ if self.rows_of.is_some() => Format::Sql,
            Kind::Tsv { cells, .. } if cells.delimiter == b'\t' => Format::Tsv,
            Kind::Csv { .. } | Kind::Tsv { .. } => Format::Csv,
            Kind::Json { .. } => Format::Json,
            Kind::Ndjson { .. } => Format::Ndjson,
            Kind::Sql { .. } => Format::Sql,
            Kind::Xml => Format::Xml,
            Kind::Ldif => Format::Ldif,
            Kind::Colon { .. } => Format::Colon,
        }
    }

    /// Gives a table without column names its columns.
    pub fn name_columns(&mut self, table: &str, names: Vec<String>) {
        match &mut self.kind {
            Kind::Csv { header, .. } | Kind::Tsv { header, .. } | Kind::Colon { header, .. } => *header = Some(names),
            Kind::Sql { named, .. } => {
                named.insert(table.to_owned(), names);
            }
            Kind::Json { .. } | Kind::Ndjson { .. } | Kind::Xml | Kind::Ldif => {}
        }
    }

    /// Whether a dump's table is a COPY, and not INSERTs.
    pub fn is_copied(&self, table: &str) -> bool {
        self.copied.contains(table)
    }

    /// Whether a dump is MySQL's, where names stand in backticks.
    pub fn speaks_mysql(&self) -> bool {
        matches!(&self.kind, Kind::Sql { flavour, .. } if flavour.mysql)
    }

    /// What stands before the first record of a delimited file, such as its header.
    pub fn header_bytes(&self) -> Vec<u8> {
        match self.kind {
            Kind::Csv { prelude, .. } | Kind::Tsv { prelude, .. } => {
                self.head.as_bytes().get(..prelude).unwrap_or_default().to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// Reads what is selected.
    pub fn batches(&self, selection: Selection, consumed: Consumed) -> Result<Batches<Box<dyn Text + Send>>, RunError> {
        Ok(Batches::new(self.input.selected(&selection, consumed)?, self.framer(Wanted::new(selection))))
    }

    fn framer(&self, wanted: Wanted) -> Box<dyn Framer> {
        let table: Arc<str> = self.rows_of.as_deref().unwrap_or_default().into();
        let shape = |layout| Arc::new(Shape { table: Arc::clone(&table), layout });
        let named = |header: &Option<Vec<String>>, width: usize| {
            Arc::new(Header::new(header.clone().unwrap_or_else(|| (0..width).map(|i| i.to_string()).collect())))
        };
        match &self.kind {
            Kind::Csv { delimiter, header, width, prelude } => {
                let layout = Layout::Csv { delimiter: *delimiter, header: named(header, *width) };
                Box::new(CsvFramer::new(*delimiter, shape(layout), *prelude, wanted))
            }
            Kind::Tsv { header, width, prelude, cells } => {
                let layout = Layout::Tsv { header: named(header, *width), cells: *cells };
                Box::new(LineFramer::new(shape(layout), *prelude, None, wanted))
            }
            Kind::Json { sequence, prelude } => Box::new(After::new(*prelude, JsonFramer::new(*sequence, wanted))),
            Kind::Sql { flavour, proven, named, .. } => {
                Box::new(SqlFramer::new(*flavour, *proven, named, &self.runs, wanted))
            }
            Kind::Xml => Box::new(XmlFramer::new(wanted)),
            Kind::Ldif => Box::new(LdifFramer::new(shape(Layout::Ldif), wanted)),
            Kind::Colon { header, width } => {
                let layout = Layout::Colon { header: named(header, *width) };
                Box::new(LineFramer::new(shape(layout), 0, Some(b'#'), wanted))
            }
            Kind::Ndjson { prelude, copied } => {
                Box::new(LineFramer::new(shape(Layout::Json { copied: *copied }), *prelude, None, wanted))
            }
        }
    }

    /// The file's tables with their first records.
    pub fn samples(&mut self, file: u16) -> Result<Vec<TableSample>, RunError> {
        let mut batches = self.batches(Selection::Sample(SAMPLE_RECORDS), Consumed::default())?;
        let mut records: HashMap<String, Vec<serde_json::Map<String, serde_json::Value>>> = HashMap::new();
        let mut order: Vec<(String, Vec<String>)> = Vec::new();
        let (mut batch, mut pieces) = (Batch::default(), Pieces::default());
        loop {
            match batches.next(&mut batch) {
                Ok(true) => {}
                Ok(false) => break,
                // Told when the file is read: what is whole before the damage counts.
                Err(_) if !order.is_empty() => break,
                Err(error) => return Err(self.input.unreadable(&error)),
            }
            pieces.cut(&batch, None);
            let texts = pieces.texts(&batch);
            let mut record = blank();
            for (index, piece) in pieces.list.iter().enumerate() {
                let shape = &batch.cut.shapes[piece.shape()];
                let sampled = records.entry(shape.table.to_string()).or_insert_with(|| {
                    let columns = shape.layout.header().map_or_else(Vec::new, |h| h.names().to_vec());
                    order.push((shape.table.to_string(), columns));
                    if matches!(self.kind, Kind::Sql { .. }) && matches!(shape.layout, Layout::Tsv { .. }) {
                        self.copied.insert(shape.table.to_string());
                    }
                    Vec::new()
                });
                if pieces.decode(index, &batch, &texts, &mut record).is_ok() {
                    sampled.push(record.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect());
                }
            }
            if batch.cut.damage.is_some() || batch.cut.enough {
                break;
            }
        }
        self.runs = batches.framer().runs();
        self.doubts.extend(batches.framer().doubts());
        if matches!(self.kind, Kind::Sql { unsure: true, .. }) {
            self.doubts.push(Doubt::Unsure(
                "nothing tells whether a backslash in its strings escapes: they are read as written".into(),
            ));
        }
        let stem = self.input.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        for found in batches.framer().tables() {
            if !found.defaults.is_empty() {
                self.defaults.push((found.table.clone(), found.defaults));
            }
            let rows_in = found.rows_in.clone().or_else(|| {
                (stem.as_deref() == Some(&found.table) && !found.columns.is_empty())
                    .then(|| format!("{}.txt", found.table))
            });
            if let (Some(file), false) = (rows_in, records.contains_key(&found.table)) {
                let (table, columns) = (found.table.clone(), found.columns.clone());
                self.empty.push(Rows { table, columns, file, named: found.rows_in.is_some() });
            }
            if !order.iter().any(|(table, _)| *table == found.table) {
                order.push((found.table, found.columns));
            }
        }
        if let (true, Some(table)) = (order.is_empty(), &self.rows_of) {
            order.push((table.clone(), Vec::new()));
        }
        if order.is_empty() && !matches!(self.kind, Kind::Json { .. } | Kind::Sql { .. } | Kind::Xml) {
            order.push((String::new(), Vec::new()));
        }
        let tables = order.into_iter().map(|(table, columns)| {
            let records = records.remove(&table).unwrap_or_default();
            self.sample(file, table, columns, records)
        });
        Ok(tables.collect())
    }

    fn sample(
        &self,
        file: u16,
        table: String,
        columns: Vec<String>,
        records: Vec<serde_json::Map<String, serde_json::Value>>,
    ) -> TableSample {
        let (columns, width) = match &self.kind {
            Kind::Csv { header, width, .. } | Kind::Tsv { header, width, .. } | Kind::Colon { header, width } => {
                (header.clone().unwrap_or_default(), *width)
            }
            // Numbers for names: the dump names none.
            Kind::Sql { .. } if columns.iter().enumerate().all(|(i, name)| *name == i.to_string()) => {
                (Vec::new(), columns.len())
            }
            Kind::Sql { .. } => (columns, 0),
            _ if columns.is_empty() => {
                let mut seen = HashSet::new();
                let names = records.iter().flat_map(serde_json::Map::keys).filter(|name| seen.insert(name.as_str()));
                (names.cloned().collect(), 0)
            }
            _ => (columns, 0),
        };
        TableSample {
            file,
            path: self.input.path.clone(),
            format: self.format(),
            table,
            columns,
            width,
            records,
            head: self.head.clone(),
        }
    }
}
