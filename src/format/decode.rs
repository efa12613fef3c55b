//! The decoding threads' half: spans of a batch → records.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::csv::{self, Cell};
use super::frame::{Batch, Layout, Shape, SpanKind};
use super::objects::{Found, Objects};
pub(crate) use super::sql::values::Gate;
use super::{Fields, Position, Record, Value, escaped, ldif, lines, sql, value, xml};

/// So many lines at most are tried as one row.
const MAX_JOINED: usize = 8;

/// What is wrong with one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A row with so many cells where its table has so many columns.
    Ragged { cells: usize, columns: usize },
    /// Anything else, as the second half of a sentence that begins with the place.
    Other(String),
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ragged { cells, columns } => {
                write!(f, "the row has {cells} {} where there are {columns} columns", plural(*cells, "value"))
            }
            Self::Other(what) => f.write_str(what),
        }
    }
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { word.to_owned() } else { format!("{word}s") }
}

/// One record of a batch, cut but not decoded. Small, because there are a thousand between cutting and decoding; a batch is
/// never longer than a few records of [`super::frame::MAX_RECORD_BYTES`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    start: u32,
    end: u32,
    shape: u32,
    /// Lines after the batch's first.
    line: u32,
    /// The cells of a CSV row with quotes; they say where they stand in the batch.
    cells: (u32, u32),
    kind: SpanKind,
    /// Whether it is known to be a CSV row that has not a cell for each column; asked only where rows are mended.
    ragged: bool,
}

impl Piece {
    /// Where it stands in the batch.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Which of the batch's shapes it has.
    pub fn shape(self) -> usize {
        self.shape as usize
    }

    /// Lines after the batch's first.
    pub fn line(self) -> u64 {
        u64::from(self.line)
    }

    fn cells(self) -> Range<usize> {
        self.cells.0 as usize..self.cells.1 as usize
    }
}

/// Finds the values of a row of that shape that does not have as many as there are columns.
pub(crate) type Mend<'m> = &'m dyn Fn(usize, &str) -> Option<Vec<String>>;

/// The records of a batch, cut. Reused from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pub list: Vec<Piece>,
    cells: Vec<Cell>,
    /// The values of those that [`Mend`] found them for, by their index.
    mended: HashMap<usize, Vec<String>>,
    /// The names of the objects before.
    objects: RefCell<Objects>,
}

impl Pieces {
    /// Cuts what the framing thread left whole, counts lines, and has ragged rows mended where they can be.
    pub fn cut(&mut self, batch: &Batch, mend: Option<Mend<'_>>) {
        self.list.clear();
        self.cells.clear();
        self.mended.clear();
        let (mut line, mut counted) = (0, 0);
        let mut lines = LineFeeds::of(&batch.data);
        let mut ragged = false;
        for span in &batch.cut.spans {
            let Layout::Csv { delimiter, header } = &batch.cut.shapes[span.shape].layout else {
                let (start, end, shape) = (span.start as u32, span.end as u32, span.shape as u32);
                let (line, cells, kind) = (lines.before(span.start), (0, 0), span.kind);
                self.list.push(Piece { start, end, shape, line, cells, kind, ragged: false });
                continue;
            };
            let list = &mut self.list;
            // Where the next row begins, if the last was one line.
            let mut next_line = None;
            let mut add = |start: usize, end: usize, next: Option<usize>, cells: Range<usize>, fits: bool| {
                line += if next_line == Some(start) { 1 } else { newlines(&batch.data[counted..start]) };
                (next_line, counted) = (next, start);
                // What psql says below the rows is none.
                let row = &batch.data[start..end];
                if row.first() == Some(&b'(') && header.names().len() > 1 && escaped::is_row_count(row.trim_ascii()) {
                    return;
                }
                let (start, end, shape) = (start as u32, end as u32, span.shape as u32);
                let cells = (cells.start as u32, cells.end as u32);
                list.push(Piece { start, end, shape, line: line as u32, cells, kind: span.kind, ragged: !fits });
                ragged |= !fits;
            };
            let (data, cells) = (&batch.data[..span.end], &mut self.cells);
            match span.kind {
                SpanKind::Rows => {
                    let each = |csv::WholeRow { row, cells, one_line, fits }| {
                        add(row.start, row.end, one_line.then_some(row.next), cells, fits);
                    };
                    csv::rows(data, span.start, *delimiter, header.names().len(), mend.is_some(), cells, each);
                }
                SpanKind::Record => {
                    let first = cells.len();
                    csv::row(data, span.start, *delimiter, true, cells);
                    let fits = csv::fits(data, 0, &cells[first..], header.names().len());
                    add(span.start, span.end, None, first..cells.len(), fits);
                }
                SpanKind::TooLarge => add(span.start, span.end, None, 0..0, true),
            }
        }
        if let Some(mend) = mend.filter(|_| ragged) {
            self.mend(batch, mend);
        }
    }

    /// Has ragged rows mended, alone or with those that follow: every line feed without quotes makes one row more of one.
    fn mend(&mut self, batch: &Batch, mend: Mend<'_>) {
        let pieces = std::mem::take(&mut self.list);
        let mut at = 0;
        while at < pieces.len() {
            let (mut piece, mut taken) = (pieces[at], 1);
            if piece.ragged {
                let mut values = mended(piece, batch, mend);
                if values.is_none()
                    && let Some((whole, found, lines)) = joined(&pieces[at..], batch, mend)
                {
                    (piece, values, taken) = (whole, Some(found), lines);
                }
                self.mended.extend(values.map(|values| (self.list.len(), values)));
            }
            self.list.push(piece);
            at += taken;
        }
    }

    /// The records' text. All of a batch mostly is UTF-8; what of a record is not is taken for Windows-1252: dumps with rows
    /// of two encodings exist, and rows with a binary column beside a name.
    pub fn texts<'b>(&self, batch: &'b Batch) -> Texts<'b> {
        if let Ok(valid) = simdutf8::basic::from_utf8(&batch.data) {
            return Texts { valid: Some(valid), each: Vec::new() };
        }
        let each = self.list.iter().map(|piece| {
            let raw = &batch.data[piece.range()];
            std::str::from_utf8(raw).map_or_else(|_| Cow::Owned(recode(raw)), Cow::Borrowed)
        });
        Texts { valid: None, each: each.collect() }
    }

    /// Decodes the piece of that index into `record`, whose cells are reused.
    pub fn decode<'b>(
        &self,
        index: usize,
        batch: &'b Batch,
        texts: &'b Texts<'b>,
        record: &mut Record<'b>,
    ) -> Result<(), Defect> {
        let piece = self.list[index];
        record.raw = &batch.data[piece.range()];
        if piece.kind == SpanKind::TooLarge {
            return Err(Defect::Other("the record is larger than 16 MiB".into()));
        }
        let text = texts.of(index, piece);
        let shape = &batch.cut.shapes[piece.shape()];
        match &shape.layout {
            Layout::Csv { delimiter, .. } => {
                let values = row_values(record, shape);
                if let Some(mended) = self.mended.get(&index) {
                    *values = mended.iter().map(|text| Value::Text(Cow::Owned(text.clone()))).collect();
                    return Ok(());
                }
                let (bytes, columns) = (text.as_bytes(), values.len());
                let (cells, fits) = if texts.recoded(index) {
                    let mut cells = Vec::new();
                    csv::row(bytes, 0, *delimiter, true, &mut cells);
                    csv::values(text, 0, &cells, values);
                    (cells.len(), csv::fits(bytes, 0, &cells, columns))
                } else if piece.cells().is_empty() {
                    let (text, row) = texts.within(index, piece);
                    let cells = csv::plain_values(text, row, *delimiter, values);
                    (cells, csv::plain_fits(bytes, cells, *delimiter, columns))
                } else {
                    let cells = &self.cells[piece.cells()];
                    csv::values(text, piece.start as usize, cells, values);
                    (cells.len(), csv::fits(bytes, piece.start as usize, cells, columns))
                };
                if fits {
                    return Ok(());
                }
                let undoubled = csv::undoubled_values(text, *delimiter, columns);
                undoubled.map(|found| *values = found).ok_or(Defect::Ragged { cells, columns })
            }
            Layout::Tsv { cells: escapes, .. } => {
                let columns = header_len(shape);
                let values = row_values(record, shape);
                // A row before may have had another number of cells.
                values.resize(columns, Value::Null);
                if escaped::plain_values(text, *escapes, values) == Some(columns) {
                    return Ok(());
                }
                let cells = row_cells(record, shape);
                escaped::values(text, *escapes, columns, cells);
                fit(cells, columns)
            }
            Layout::Values { flavour, .. } => {
                let cells = row_cells(record, shape);
                sql::values::values(text, *flavour, cells).map_err(Defect::Other)?;
                fit(cells, header_len(shape))
            }
            Layout::Assigned { flavour, .. } => {
                let list = sql::values::assigned(text, *flavour).map_err(Defect::Other)?;
                let cells = row_cells(record, shape);
                cells.extend(list.into_iter().map(|(_, value)| value));
                fit(cells, header_len(shape))
            }
            Layout::Colon { .. } => {
                let columns = header_len(shape);
                let cells = row_cells(record, shape);
                lines::colon_cells(text, columns, cells);
                fit(cells, columns)
            }
            Layout::Json { copied: true } => json_members(record, shape, of_copied(text)),
            Layout::Json { copied: false } => {
                let mut cells = match &mut record.fields {
                    Fields::Object { cells, .. } => std::mem::take(cells),
                    _ => Vec::new(),
                };
                cells.clear();
                match self.objects.borrow_mut().read(text, &mut cells) {
                    Some(Found::Known(header)) => {
                        keep_table(record, shape);
                        let twice = header.twice().iter().find(|(first, second)| cells[*first] != cells[*second]);
                        let said = twice.map_or(Ok(()), |(_, at)| Err(stands_twice(&header.names()[*at])));
                        record.fields = Fields::Object { header, cells };
                        return said;
                    }
                    Some(Found::New(found)) => return json_members(record, shape, Ok(found)),
                    None => {}
                }
                let read = value::members(text);
                // A line that is no JSON as it stands may have gone through COPY, which doubles backslashes.
                let undone = if read.is_err() && text.contains("\\\\\"") { of_copied(text).ok() } else { None };
                json_members(record, shape, undone.map_or(read, Ok))
            }
            Layout::Ldif => members(record, shape, ldif::members(text)),
            Layout::Xml => members(record, shape, xml::members(text)),
        }
    }

    /// [`Pieces::decode`] as far as the record is wanted: whether it is.
    pub fn decode_if<'b>(
        &self,
        index: usize,
        batch: &'b Batch,
        texts: &'b Texts<'b>,
        gate: Option<Gate>,
        record: &mut Record<'b>,
    ) -> Result<bool, Defect> {
        let piece = self.list[index];
        let shape = &batch.cut.shapes[piece.shape()];
        let (Layout::Values { flavour, .. }, Some(gate), SpanKind::Record) = (&shape.layout, gate, piece.kind) else {
            return self.decode(index, batch, texts, record).map(|()| true);
        };
        record.raw = &batch.data[piece.range()];
        let cells = row_cells(record, shape);
        let wanted =
            sql::values::values_if(texts.of(index, piece), *flavour, Some(gate), cells).map_err(Defect::Other)?;
        if wanted { fit(cells, header_len(shape)).map(|()| true) } else { Ok(false) }
    }
}

/// What is UTF-8 as it is, and every other byte as Windows-1252 has it.
fn recode(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len() + 16);
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text
}

/// The members of an object in a line of `COPY` text.
fn of_copied<'a>(line: &str) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, String> {
    let text = escaped::unescape(line, Some(b'\\'), false);
    let members = value::members(&text)?;
    Ok(members.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect())
}

/// The row that a broken one makes together with those after it that are broken too, and how many they are.
fn joined(pieces: &[Piece], batch: &Batch, mend: Mend<'_>) -> Option<(Piece, Vec<String>, usize)> {
    let first = pieces[0];
    for (index, &next) in pieces.iter().enumerate().take(MAX_JOINED).skip(1) {
        if next.shape != first.shape || !next.ragged || mended(next, batch, mend).is_some() {
            return None;
        }
        let whole = Piece { end: next.end, ..first };
        if let Some(values) = mended(whole, batch, mend) {
            return Some((whole, values, index + 1));
        }
    }
    None
}

fn mended(piece: Piece, batch: &Batch, mend: Mend<'_>) -> Option<Vec<String>> {
    let shape = &batch.cut.shapes[piece.shape()];
    let Layout::Csv { header, .. } = &shape.layout else { return None };
    let raw = std::str::from_utf8(&batch.data[piece.range()]).ok()?;
    mend(piece.shape(), raw).filter(|values| values.len() == header.names().len())
}

fn members<'b>(
    record: &mut Record<'b>,
    shape: &Shape,
    members: Result<Vec<(Cow<'b, str>, Value<'b>)>, String>,
) -> Result<(), Defect> {
    keep_table(record, shape);
    record.fields = Fields::Members(members.map_err(Defect::Other)?);
    Ok(())
}

/// [`members`] of JSON, in which no name stands twice with two values.
fn json_members<'b>(
    record: &mut Record<'b>,
    shape: &Shape,
    found: Result<Vec<(Cow<'b, str>, Value<'b>)>, String>,
) -> Result<(), Defect> {
    members(record, shape, found)?;
    let Fields::Members(members) = &record.fields else { return Ok(()) };
    let mut named: Vec<&(Cow<'_, str>, Value<'_>)> = members.iter().collect();
    named.sort_by(|(one, _), (other, _)| one.cmp(other));
    let differ = |pair: &&[&(Cow<'_, str>, Value<'_>)]| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1;
    named.windows(2).find(differ).map_or(Ok(()), |pair| Err(stands_twice(&pair[1].0)))
}

/// Which of two values counts is for nobody to guess.
fn stands_twice(name: &str) -> Defect {
    Defect::Other(format!("the member `{}` stands twice in it, with different values", crate::escape::shown(name, 60)))
}

fn keep_table(record: &mut Record<'_>, shape: &Shape) {
    if !Arc::ptr_eq(&record.table, &shape.table) {
        record.table = Arc::clone(&shape.table);
    }
}

/// The text of every record of a batch.
pub(crate) struct Texts<'b> {
    valid: Option<&'b str>,
    each: Vec<Cow<'b, str>>,
}

impl Texts<'_> {
    fn of(&self, index: usize, piece: Piece) -> &str {
        match self.valid {
            Some(valid) => &valid[piece.range()],
            None => &self.each[index],
        }
    }

    /// A text that the record is part of, and where.
    fn within(&self, index: usize, piece: Piece) -> (&str, Range<usize>) {
        match self.valid {
            Some(valid) => (valid, piece.range()),
            None => (&self.each[index], 0..self.each[index].len()),
        }
    }

    /// Whether the record's bytes are not its text.
    pub fn recoded(&self, index: usize) -> bool {
        self.valid.is_none() && matches!(self.each[index], Cow::Owned(_))
    }
}

/// A record to decode into.
pub(crate) fn blank<'b>() -> Record<'b> {
    Record { position: Position::default(), table: Arc::from(""), fields: Fields::Members(Vec::new()), raw: &[] }
}

fn header_len(shape: &Shape) -> usize {
    shape.layout.header().map_or(0, |h| h.names().len())
}

/// The record's values under the shape's header, emptied.
fn row_cells<'r, 'b>(record: &'r mut Record<'b>, shape: &Shape) -> &'r mut Vec<Value<'b>> {
    let values = row_values(record, shape);
    values.clear();
    values
}

/// The record's values under the shape's header, maybe those of the row before: one a column.
fn row_values<'r, 'b>(record: &'r mut Record<'b>, shape: &Shape) -> &'r mut Vec<Value<'b>> {
    let header = shape.layout.header().unwrap_or_else(|| unreachable!("rows have headers"));
    let same = matches!(&record.fields, Fields::Row { header: current, .. } if Arc::ptr_eq(current, header));
    if !same {
        record.table = Arc::clone(&shape.table);
        record.fields = Fields::Row { header: Arc::clone(header), cells: vec![Value::Null; header.names().len()] };
    }
    let Fields::Row { cells, .. } = &mut record.fields else { unreachable!("just made so") };
    cells
}

/// As many cells as columns; exporters that end every row with a delimiter have an empty one more.
fn fit(cells: &mut Vec<Value<'_>>, columns: usize) -> Result<(), Defect> {
    if cells.len() == columns + 1 && cells.last().is_some_and(Value::is_empty) {
        cells.pop();
    }
    if cells.len() == columns { Ok(()) } else { Err(Defect::Ragged { cells: cells.len(), columns }) }
}

/// Counts line feeds before places that rise. Many rows of a dump stand in one line, so that the next one is looked for once and
/// not behind every row.
struct LineFeeds<'d> {
    data: &'d [u8],
    count: u32,
    /// Where the next one stands; beyond the data, if nowhere.
    next: usize,
}

impl<'d> LineFeeds<'d> {
    fn of(data: &'d [u8]) -> Self {
        Self { data, count: 0, next: Self::from(data, 0) }
    }

    fn from(data: &[u8], at: usize) -> usize {
        memchr::memchr(b'\n', data.get(at..).unwrap_or_default()).map_or(usize::MAX, |n| at + n)
    }

    fn before(&mut self, place: usize) -> u32 {
        while self.next < place {
            self.count += 1;
            self.next = Self::from(self.data, self.next + 1);
        }
        self.count
    }
}

fn newlines(data: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', data).count() as u64
}
