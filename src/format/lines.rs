//! Formats of one record a line: NDJSON, tab-separated text with backslash escapes, and colon-separated accounts.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;

use super::Value;
use super::frame::{Cut, Framer, Layout, NullWord, Shape, SpanKind, Wanted};

/// Cuts lines. Blank lines are passed over.
pub(crate) struct LineFramer {
    shape: Arc<Shape>,
    wanted: Wanted,
    prelude: usize,
    /// Lines that begin with it are comments.
    comment: Option<u8>,
    passing_over: bool,
}

impl LineFramer {
    pub fn new(shape: Arc<Shape>, prelude: usize, comment: Option<u8>, wanted: Wanted) -> Self {
        Self { shape, wanted, prelude, comment, passing_over: false }
    }

    /// Where the line at `at` ends, before its line feed.
    fn end(&self, data: &[u8], at: usize) -> Option<usize> {
        let mut from = at;
        loop {
            let end = from + memchr(b'\n', &data[from..])?;
            // `SELECT … INTO OUTFILE` writes a line feed within a value as a backslash and a line feed.
            let backslashes = data[at..end].iter().rev().take_while(|&&b| b == b'\\').count();
            if backslashes.is_multiple_of(2) || !matches!(self.shape.layout, Layout::Tsv { .. }) {
                return Some(end);
            }
            from = end + 1;
        }
    }
}

impl Framer for LineFramer {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        if self.prelude > 0 {
            let done = self.prelude.min(data.len());
            self.prelude -= done;
            return done;
        }
        if self.passing_over {
            let end = memchr(b'\n', data);
            if end.is_some() || eof {
                cut.push(0, end.unwrap_or(data.len()).min(1024), &self.shape, SpanKind::TooLarge);
                self.passing_over = false;
            }
            return end.map_or(data.len(), |end| end + 1);
        }
        if self.wanted.left(&self.shape.table) == 0 {
            return data.len();
        }
        let mut at = 0;
        while at < data.len() {
            let (end, next) = match self.end(data, at) {
                Some(end) => (end, end + 1),
                None if eof => (data.len(), data.len()),
                None => break,
            };
            let line = &data[at..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let comment = self.comment.is_some() && line.first().copied() == self.comment;
            if !line.iter().all(u8::is_ascii_whitespace) && !comment {
                cut.push(at, at + line.len(), &self.shape, SpanKind::Record);
                if !self.wanted.took(&self.shape.table) {
                    cut.enough = true;
                    return next;
                }
            }
            at = next;
        }
        at
    }

    fn pass_over(&mut self) {
        self.passing_over = true;
    }
}

/// The cells of a tab-separated line with backslash escapes.
pub(crate) fn tsv_cells<'a>(line: &'a str, null: NullWord, cells: &mut Vec<Value<'a>>) {
    let bytes = line.as_bytes();
    let mut start = 0;
    let mut pos = 0;
    loop {
        match memchr::memchr2(b'\t', b'\\', bytes.get(pos..).unwrap_or_default()) {
            // `mysqldump --tab` escapes a tab within a value with a backslash.
            Some(found) if bytes[pos + found] == b'\\' => pos += found + 2,
            Some(found) => {
                cells.push(tsv_value(&line[start..pos + found], null));
                pos += found + 1;
                start = pos;
            }
            None => {
                cells.push(tsv_value(&line[start..], null));
                return;
            }
        }
    }
}

fn tsv_value(written: &str, null: NullWord) -> Value<'_> {
    match (written, null) {
        ("\\N", _) | ("NULL", NullWord::Word) => Value::Null,
        _ => Value::Text(unescape(written)),
    }
}

/// PostgreSQL's and MySQL's backslash escapes: `\b \f \n \r \t \v`, MySQL's `\0` and `\Z`; any other character stands for
/// itself.
pub(crate) fn unescape(written: &str) -> Cow<'_, str> {
    if memchr(b'\\', written.as_bytes()).is_none() {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('v') => text.push('\u{b}'),
            Some('0') => text.push('\0'),
            Some('Z') => text.push('\u{1a}'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    Cow::Owned(text)
}

/// The fields of a passwd, shadow or htpasswd line; the last takes what colons are left.
pub(crate) fn colon_cells<'a>(line: &'a str, width: usize, cells: &mut Vec<Value<'a>>) {
    cells.extend(line.splitn(width.max(1), ':').map(|field| Value::Text(Cow::Borrowed(field))));
}
