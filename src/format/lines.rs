//! Formats of one record a line: NDJSON, cells with escapes, and colon-separated accounts.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;

use super::Value;
use super::escaped;
use super::frame::{Cut, Framer, Layout, Shape, SpanKind, Wanted};

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

    /// Where the record at `at` ends, and where the next one begins.
    fn end(&self, data: &[u8], at: usize, eof: bool) -> Option<(usize, usize)> {
        if let Layout::Tsv { header, cells } = &self.shape.layout {
            return escaped::row(data, at, *cells, header.names().len(), eof, |_| {});
        }
        match memchr(b'\n', &data[at..]) {
            Some(length) => Some((at + length, at + length + 1)),
            None => eof.then_some((data.len(), data.len())),
        }
    }

    /// What ends the rows of a COPY, and what psql says after them: `\.`, `(5 rows)`.
    fn is_last_word(&self, line: &[u8]) -> bool {
        matches!(self.shape.layout, Layout::Tsv { .. }) && (line == b"\\." || escaped::is_row_count(line))
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
            let Some((end, next)) = self.end(data, at, eof) else { break };
            let line = &data[at..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let comment = self.comment.is_some() && line.first().copied() == self.comment;
            if !line.iter().all(u8::is_ascii_whitespace) && !comment && !self.is_last_word(line) {
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

/// The fields of a passwd, shadow or htpasswd line; the last takes what colons are left. A colon behind a backslash is of its
/// field, as DokuWiki writes it.
pub(crate) fn colon_cells<'a>(line: &'a str, width: usize, cells: &mut Vec<Value<'a>>) {
    let mut rest = line;
    for _ in 1..width.max(1) {
        let ends = memchr::memchr_iter(b':', rest.as_bytes()).find(|&at| !rest[..at].ends_with('\\'));
        let Some(end) = ends else { break };
        cells.push(Value::Text(Cow::Borrowed(&rest[..end])));
        rest = &rest[end + 1..];
    }
    cells.push(Value::Text(Cow::Borrowed(rest)));
}
