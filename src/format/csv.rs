//! Delimited text (RFC 4180, and what exporters make of it).
//!
//! The framing thread only looks for a line end that no quote can span, by counting quotes; the decoding threads cut
//! rows and cells. Files whose quotes do not add up are cut row by row instead.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::Value;
use super::frame::{Cut, Framer, Shape, SpanKind, Wanted};
use super::marks::{self, Marks};

/// A quoted cell that does not close within so many bytes is a stray quote.
const MAX_QUOTED_BYTES: usize = 1024 * 1024;

/// How many stray quotes may each look for their other half.
const MAX_STRAYS: usize = 16;

/// So many line ends in a row that look quoted mean that the quotes may not add up.
const SUSPICIOUS_LINES: usize = 8;

/// Where a cell stands, without its quotes. Small, because a batch has ten thousands of them between cutting and decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Data is never longer than a few records of [`super::frame::MAX_RECORD_BYTES`].
    start: u32,
    end: u32,
    pub quoting: Quoting,
}

impl Cell {
    fn new(start: usize, end: usize, quoting: Quoting) -> Self {
        Self { start: start as u32, end: end as u32, quoting }
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Where it stands in what begins at `at` of the data it was cut out of.
    pub fn within(self, at: usize) -> Range<usize> {
        self.start as usize - at..self.end as usize - at
    }
}

/// The quoting of a cell, which says what unquoting it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    Bare,
    Quoted,
    /// Quoted, with quotes inside that are doubled.
    Doubled,
}

/// Where a row stands, without its terminator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub start: usize,
    pub end: usize,
    /// Where the next row begins.
    pub next: usize,
    /// Whether a cell is quoted: no other spans lines.
    pub quoted: bool,
    /// Whether a quote opened a cell and was not closed.
    pub stray: bool,
}

/// Cuts one row out of `data` at `at` and appends its cells. `None`: the data ends within the row, and there is more.
///
/// A quote counts only at the beginning of a cell, and closes it only before a delimiter or line end. The quote of a cell
/// that never closes is text.
pub(crate) fn row(data: &[u8], at: usize, delimiter: u8, eof: bool, cells: &mut Vec<Cell>) -> Option<Row> {
    let first = cells.len();
    let mut pos = at;
    let mut ends = Marks::new(data, at, [delimiter, b'\n']);
    let (mut any_quoted, mut stray) = (false, false);
    loop {
        if data.get(pos) == Some(&b'"') {
            match quoted(data, pos, delimiter, eof) {
                Quote::Closed(cell, after) => {
                    any_quoted = true;
                    cells.push(cell);
                    match data.get(after) {
                        Some(&b) if b == delimiter => {
                            pos = after + 1;
                            ends.resume(pos);
                            continue;
                        }
                        _ => return Some(Row { stray, ..ended(data, at, after) }),
                    }
                }
                Quote::Incomplete => {
                    cells.truncate(first);
                    return None;
                }
                Quote::Stray => stray = true,
            }
        }
        let Some(stop) = ends.next() else {
            if !eof {
                cells.truncate(first);
                return None;
            }
            let end = data.len() - usize::from(data.get(pos..).unwrap_or_default().ends_with(b"\r"));
            cells.push(Cell::new(pos, end, Quoting::Bare));
            return Some(Row { start: at, end, next: data.len(), quoted: any_quoted, stray });
        };
        if data[stop] == delimiter {
            cells.push(Cell::new(pos, stop, Quoting::Bare));
            pos = stop + 1;
        } else {
            let end = stop - usize::from(data[pos..stop].ends_with(b"\r"));
            cells.push(Cell::new(pos, end, Quoting::Bare));
            return Some(Row { start: at, end, next: stop + 1, quoted: any_quoted, stray });
        }
    }
}

enum Quote {
    Closed(Cell, usize),
    Incomplete,
    Stray,
}

fn quoted(data: &[u8], at: usize, delimiter: u8, eof: bool) -> Quote {
    let start = at + 1;
    let mut quoting = Quoting::Quoted;
    let mut pos = start;
    let limit = data.len().min(start.saturating_add(MAX_QUOTED_BYTES));
    while let Some(found) = memchr(b'"', &data[pos..limit]) {
        let quote = pos + found;
        match data.get(quote + 1) {
            Some(b'"') => {
                quoting = Quoting::Doubled;
                pos = quote + 2;
            }
            Some(&b) if b == delimiter || b == b'\n' => {
                return Quote::Closed(Cell::new(start, quote, quoting), quote + 1);
            }
            Some(b'\r') if matches!(data.get(quote + 2), Some(b'\n')) || (eof && quote + 2 == data.len()) => {
                return Quote::Closed(Cell::new(start, quote, quoting), quote + 1);
            }
            Some(b'\r') if quote + 2 == data.len() => return Quote::Incomplete,
            None if !eof => return Quote::Incomplete,
            None => return Quote::Closed(Cell::new(start, quote, quoting), quote + 1),
            // A quote within: PHP's fputcsv leaves `\"` undoubled, others forget to double.
            Some(_) => pos = quote + 1,
        }
        if pos > limit {
            return Quote::Stray;
        }
    }
    if limit == data.len() && !eof { Quote::Incomplete } else { Quote::Stray }
}

/// The row ends at `end`, before CR LF, LF or nothing.
fn ended(data: &[u8], start: usize, end: usize) -> Row {
    let next = match data.get(end) {
        Some(b'\r') => (end + 2).min(data.len()),
        Some(_) => end + 1,
        None => end,
    };
    Row { start, end, next, quoted: true, stray: false }
}

/// Whether a file that ends so was cut within a cell with quotes: its last line ends in neither a line feed nor the quote, and did not
/// begin within such a cell.
pub(crate) fn ends_within_quotes(tail: &[u8], delimiter: u8) -> bool {
    let line = &tail[memrchr(b'\n', tail).map_or(0, |end| end + 1)..];
    let open = matches!(line, [b'"']) || matches!(line, [.., before, b'"'] if *before == delimiter);
    let closes_first = memchr(b'"', line).is_some_and(|at| {
        let opens = at == 0 || line[at - 1] == delimiter;
        !opens && line.get(at + 1).is_none_or(|after| *after == delimiter)
    });
    let odd = memchr_iter(b'"', line).count() % 2 == 1;
    odd && !closes_first && (open || !line.ends_with(b"\""))
}

/// The physical line at `at`.
fn line(data: &[u8], at: usize) -> Row {
    line_until(data, at, memchr(b'\n', &data[at..]).map_or(data.len(), |n| at + n))
}

fn line_until(data: &[u8], at: usize, stop: usize) -> Row {
    let end = stop - usize::from(data[at..stop].ends_with(b"\r"));
    Row { start: at, end, next: (stop + 1).min(data.len()), quoted: false, stray: false }
}

/// A row that [`rows`] found.
pub(crate) struct WholeRow {
    pub row: Row,
    /// Where the cells of a row with quotes were put; none where [`plain_values`] can read the row.
    pub cells: Range<usize>,
    /// Whether no cell of it spans lines.
    pub one_line: bool,
    /// Whether it has a cell for each column; of a row without quotes only where that is asked.
    pub fits: bool,
}

/// Cuts whole rows out of `data` from `at` on and calls `each` with them. Blank lines are passed over.
///
/// A row over several lines that has not `width` cells (or one more, empty), or with whole rows inside a cell, is taken for
/// a stray quote: its first line stands alone and the reading goes on with the next. Better a quote too many in a name than
/// users lost in it.
///
/// Without `counting`, rows without quotes are all said to fit.
pub(crate) fn rows(
    data: &[u8],
    mut at: usize,
    delimiter: u8,
    width: usize,
    counting: bool,
    cells: &mut Vec<Cell>,
    mut each: impl FnMut(WholeRow),
) {
    // After a stray quote, not every later line may look for the other one through all of the data.
    let mut strays = 0;
    while at < data.len() {
        let first_cell = cells.len();
        let stop = memchr2(b'\n', b'"', &data[at..]).map_or(data.len(), |found| at + found);
        if data.get(stop) != Some(&b'"') {
            let first = line_until(data, at, stop);
            if first.end > first.start {
                let text = &data[first.start..first.end];
                let fits = !counting || plain_fits(text, memchr_iter(delimiter, text).count() + 1, delimiter, width);
                each(WholeRow { row: first, cells: first_cell..first_cell, one_line: true, fits });
            }
            at = first.next;
            continue;
        }
        let first = line(data, at);
        let visible = if strays < MAX_STRAYS { data } else { &data[..first.next] };
        let Some(mut found) = row(visible, at, delimiter, true, cells) else { break };
        strays += usize::from(found.stray);
        if found.quoted {
            let torn = first.next < found.next
                && (!fits(data, 0, &cells[first_cell..], width)
                    || swallows_rows(&data[first.next..found.end], delimiter, width));
            if torn {
                strays += 1;
                cells.truncate(first_cell);
                row(&data[..first.next], at, delimiter, true, cells);
                found = first;
            }
        }
        let fits = fits(data, 0, &cells[first_cell..], width);
        each(WholeRow { row: found, cells: first_cell..cells.len(), one_line: found.next == first.next, fits });
        at = found.next.max(at + 1);
    }
}

/// Whether a line within a cell is a row of its own: as many cells, and an address in one.
fn swallows_rows(inside: &[u8], delimiter: u8, width: usize) -> bool {
    width >= 3
        && inside.split(|&b| b == b'\n').take(64).any(|line| {
            memchr_iter(delimiter, line).count() + 1 == width
                && line.split(|&b| b == delimiter).any(|cell| {
                    memchr(b'@', cell).is_some_and(|at| at > 0) && !cell.contains(&b' ') && cell.contains(&b'.')
                })
        })
}

/// Whether a row has a cell for each column. Exporters that end every row with a delimiter have one more, with nothing in it.
/// The cells were cut out of what `data` begins at `at` of.
pub(crate) fn fits(data: &[u8], at: usize, cells: &[Cell], width: usize) -> bool {
    let nothing = |last: &Cell| last.is_empty() || last.quoting == Quoting::Bare && is_null(&data[last.within(at)]);
    cells.len() == width || cells.len() == width + 1 && cells.last().is_some_and(nothing)
}

/// [`fits`] of a row without quotes, which has so many cells.
pub(crate) fn plain_fits(row: &[u8], cells: usize, delimiter: u8, width: usize) -> bool {
    let last = || memrchr(delimiter, row).map_or(row, |at| &row[at + 1..]);
    cells == width || cells == width + 1 && (last().is_empty() || is_null(last()))
}

/// A bare word that stands for NULL.
const fn is_null(written: &[u8]) -> bool {
    matches!(written, b"NULL" | b"\\N")
}

/// Puts the texts of a row's cells, and NULL where a bare word says so, in the place of another row's values, as far as they
/// go. `text` begins at `at` of what the cells were cut out of.
pub(crate) fn values<'t>(text: &'t str, at: usize, cells: &[Cell], values: &mut [Value<'t>]) {
    for (cell, value) in cells.iter().zip(values) {
        let written = if cell.is_empty() { "" } else { &text[cell.within(at)] };
        match cell.quoting {
            Quoting::Bare => put_bare(value, written),
            Quoting::Quoted => put(value, written),
            Quoting::Doubled => replace(value, Value::Text(unquote(written, cell.quoting))),
        }
    }
}

/// [`values`] of a row without quotes, which is in that place of `text`; returns how many cells it has.
pub(crate) fn plain_values<'t>(text: &'t str, row: Range<usize>, delimiter: u8, values: &mut [Value<'t>]) -> usize {
    let mut values = values.iter_mut();
    let (mut start, mut cells) = (row.start, 1);
    marks::each(text.as_bytes(), row.clone(), [delimiter], |stop| {
        if let Some(value) = values.next() {
            if start == stop {
                put(value, "");
            } else {
                put_bare(value, &text[start..stop]);
            }
        }
        (start, cells) = (stop + 1, cells + 1);
    });
    if let Some(value) = values.next() {
        put_bare(value, &text[start..row.end]);
    }
    cells
}

#[inline]
fn put_bare<'t>(value: &mut Value<'t>, written: &'t str) {
    if is_null(written.as_bytes()) {
        replace(value, Value::Null);
    } else {
        put(value, written);
    }
}

/// The values of a row whose quotes are not doubled (`INTO OUTFILE … ESCAPED BY ''`): a quote closes a cell only where the next
/// one begins as cells do. `None`: it is no such row, or has not `width` cells.
pub(crate) fn undoubled_values(row: &str, delimiter: u8, width: usize) -> Option<Vec<Value<'_>>> {
    let begins =
        |cell: &str| cell.starts_with('"') || is_null(cell.as_bytes()) || cell.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = row.split(char::from(delimiter)).collect();
    let (mut values, mut part, mut at) = (Vec::with_capacity(width), 0, 0);
    while part < parts.len() && values.len() < width {
        let start = at;
        if !parts[part].starts_with('"') {
            let null = is_null(parts[part].as_bytes());
            values.push(if null { Value::Null } else { Value::Text(Cow::Borrowed(parts[part])) });
            at += parts[part].len() + 1;
            part += 1;
            continue;
        }
        loop {
            let written = *parts.get(part)?;
            at += written.len() + 1;
            part += 1;
            let closed = written.ends_with('"') && at - start > 2;
            if closed && parts.get(part).is_none_or(|next| begins(next)) {
                break;
            }
        }
        values.push(Value::Text(Cow::Borrowed(row.get(start + 1..at - 2)?)));
    }
    (part == parts.len() && values.len() == width).then_some(values)
}

/// Puts a text in the place of its like, which most often stands there: nothing is dropped.
#[inline]
pub(super) fn put<'t>(value: &mut Value<'t>, text: &'t str) {
    if let Value::Text(Cow::Borrowed(last)) = value {
        *last = text;
    } else {
        replace(value, Value::Text(Cow::Borrowed(text)));
    }
}

#[cold]
#[inline(never)]
pub(super) fn replace<'t>(last: &mut Value<'t>, value: Value<'t>) {
    *last = value;
}

/// The text of a cell.
pub(crate) fn unquote(written: &str, quoting: Quoting) -> Cow<'_, str> {
    if quoting != Quoting::Doubled {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(quote) = memchr(b'"', rest.as_bytes()) {
        let (before, after) = rest.split_at(quote + 1);
        text.push_str(before);
        rest = after.strip_prefix('"').unwrap_or(after);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Cuts a delimited file.
pub(crate) struct CsvFramer {
    delimiter: u8,
    shape: Arc<Shape>,
    wanted: Wanted,
    /// Bytes before the first row: byte-order marks are gone, but `sep=;`, comments and the header are not rows.
    prelude: usize,
    passing_over: bool,
    /// Quotes met that never close. After some, lines are all there is to go by: not every line may look for its closing
    /// quote through the rest of the file.
    strays: usize,
}

impl CsvFramer {
    pub fn new(delimiter: u8, shape: Arc<Shape>, prelude: usize, wanted: Wanted) -> Self {
        Self { delimiter, shape, wanted, prelude, passing_over: false, strays: 0 }
    }

    /// Row by row, for samples and for files whose quotes do not add up.
    fn one_by_one(&mut self, data: &[u8], mut at: usize, eof: bool, cut: &mut Cut) -> usize {
        let mut cells = Vec::new();
        while at < data.len() {
            cells.clear();
            let row = if self.strays < MAX_STRAYS {
                row(data, at, self.delimiter, eof, &mut cells)
            } else {
                match memchr(b'\n', &data[at..]) {
                    None if !eof => None,
                    _ => Some(line(data, at)),
                }
            };
            let Some(mut row) = row else { break };
            let first = line(data, at);
            let width = self.shape.layout.header().map_or(0, |h| h.names().len());
            if first.next < row.next && swallows_rows(&data[first.next..row.end], self.delimiter, width) {
                self.strays += 1;
                row = first;
            }
            self.strays += usize::from(row.stray);
            if row.end > row.start {
                cut.push(row.start, row.end, &self.shape, SpanKind::Record);
                if !self.wanted.took(&self.shape.table) {
                    cut.enough = true;
                    return row.next;
                }
            }
            at = row.next;
        }
        at
    }
}

impl Framer for CsvFramer {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        if self.prelude > 0 {
            let done = self.prelude.min(data.len());
            self.prelude -= done;
            return done;
        }
        if self.passing_over {
            let start = line(data, 0);
            cut.push(0, start.end.min(1024), &self.shape, SpanKind::TooLarge);
            self.passing_over = false;
            return start.next;
        }
        if self.wanted.left(&self.shape.table) == 0 {
            return data.len();
        }
        if self.wanted.sampling() {
            return self.one_by_one(data, 0, eof, cut);
        }
        let width = self.shape.layout.header().map_or(0, |h| h.names().len());
        match whole_rows(data, eof, self.delimiter, width) {
            Some(0) if data.is_empty() => 0,
            Some(end) => {
                cut.push(0, end, &self.shape, SpanKind::Rows);
                self.strays = 0;
                end
            }
            None => self.one_by_one(data, 0, eof, cut),
        }
    }

    fn pass_over(&mut self) {
        self.passing_over = true;
    }
}

/// Where the last row ends that is whole, if counting quotes is enough to tell: before a line with cells for all columns
/// where there is one, since a line feed without quotes may have torn a row that can be mended while it is in one piece.
fn whole_rows(data: &[u8], eof: bool, delimiter: u8, width: usize) -> Option<usize> {
    if eof {
        return Some(data.len());
    }
    let quotes = memchr_iter(b'"', data).count();
    let (mut end, mut before, mut found) = (data.len(), quotes, None);
    for _ in 0..SUSPICIOUS_LINES {
        let Some(newline) = memrchr(b'\n', &data[..end]) else { break };
        let next = &data[newline..end];
        before -= memchr_iter(b'"', next).count();
        if before.is_multiple_of(2) {
            if memchr_iter(delimiter, next).count() + 1 >= width {
                return Some(newline + 1);
            }
            found = found.or(Some(newline + 1));
        }
        end = newline;
    }
    found
}
