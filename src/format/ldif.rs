//! LDIF (RFC 2849): entries of folded `name: value` lines with blank lines between them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine;
use memchr::memchr;

use super::Value;
use super::frame::{Cut, Doubt, Framer, Shape, SpanKind, Wanted};

/// Cuts entries. Blocks that are no entries (`version: 1`, ldapsearch's result, comments) are passed over.
pub(crate) struct LdifFramer {
    shape: Arc<Shape>,
    wanted: Wanted,
    /// The entry at hand is too large; it is said once.
    too_large: bool,
    passing_over: bool,
}

impl LdifFramer {
    pub fn new(shape: Arc<Shape>, wanted: Wanted) -> Self {
        Self { shape, wanted, too_large: false, passing_over: false }
    }
}

impl Framer for LdifFramer {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        if self.wanted.left(&self.shape.table) == 0 {
            return data.len();
        }
        if std::mem::take(&mut self.too_large) {
            cut.push(0, data.len().min(1024), &self.shape, SpanKind::TooLarge);
        }
        let mut start = 0;
        let mut pos = 0;
        let mut end = 0;
        loop {
            let (line_end, next) = match memchr(b'\n', &data[pos..]) {
                Some(length) => (pos + length, pos + length + 1),
                None if eof => (data.len(), data.len()),
                None => break,
            };
            let line = data[pos..line_end].strip_suffix(b"\r").unwrap_or(&data[pos..line_end]);
            if !line.is_empty() {
                end = pos + line.len();
            }
            if line.is_empty() || next == data.len() && eof {
                if self.passing_over {
                    self.passing_over = false;
                } else if end > start && is_entry(&data[start..end]) {
                    cut.push(start, end, &self.shape, SpanKind::Record);
                    if !self.wanted.took(&self.shape.table) {
                        cut.enough = true;
                        return next;
                    }
                }
                start = next;
                end = next;
            }
            pos = next;
            if pos == data.len() {
                break;
            }
        }
        // What is passed over need not be kept to find where it ends, but for a line that has begun.
        if self.passing_over { data.len().max(pos) } else { start }
    }

    fn pass_over(&mut self) {
        self.too_large = true;
        self.passing_over = true;
    }
}

/// What a file that ends so may lack: its last line has no line feed, which every line of LDIF ends in.
pub(crate) fn cut(tail: &[u8]) -> Option<Doubt> {
    if tail.is_empty() || tail.ends_with(b"\n") {
        return None;
    }
    let text = String::from_utf8_lossy(tail).replace('\r', "");
    let entries: Vec<_> = text.split("\n\n").map(str::trim).filter(|entry| is_entry(entry.as_bytes())).collect();
    let names = |entry: &&str| -> HashSet<String> {
        let lines = entry.lines().filter(|line| !line.starts_with([' ', '#']));
        lines.filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect()
    };
    let (last, others) = entries.split_last()?;
    // The first may be cut by where the tail begins.
    let common = others.iter().skip(1).map(names).reduce(|all, names| all.intersection(&names).cloned().collect());
    let lacks = common.is_some_and(|common| !common.is_subset(&names(last)));
    let said = "the last line has no line feed, which ends every line of LDIF: it may be cut";
    Some(if lacks { Doubt::Cut(format!("{said}, and users may be missing")) } else { Doubt::Unsure(said.to_owned()) })
}

fn is_entry(block: &[u8]) -> bool {
    let first = block.split(|&b| b == b'\n').find(|line| !line.is_empty() && line[0] != b'#' && line[0] != b' ');
    first.is_some_and(|line| !line.starts_with(b"search:") && !line.starts_with(b"result:"))
        && (has_line(block, b"dn:") || !has_line(block, b"version:"))
}

fn has_line(block: &[u8], start: &[u8]) -> bool {
    block.split(|&b| b == b'\n').any(|line| line.get(..start.len()).is_some_and(|l| l.eq_ignore_ascii_case(start)))
}

/// The attributes of an entry in the order they first stand; repeated ones are lists.
///
/// Values in base64 that are no text (`jpegPhoto`) stay as they are written. Attributes given by URL are null.
///
/// # Errors
/// What is wrong, as the second half of a sentence.
pub(crate) fn members(entry: &str) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    let mut members: Vec<(Cow<'_, str>, Vec<Value<'_>>)> = Vec::new();
    let mut lines = entry.lines().peekable();
    while let Some(first) = lines.next() {
        let mut line = Cow::Borrowed(first);
        while let Some(more) = lines.next_if(|next| next.starts_with(' ')) {
            line.to_mut().push_str(&more[1..]);
        }
        if line.starts_with('#') || line.is_empty() || line == "-" {
            continue;
        }
        let (name, value) = match line {
            Cow::Borrowed(line) => {
                let (name, value) = attribute(line)?;
                (Cow::Borrowed(name), value)
            }
            Cow::Owned(line) => {
                let (name, value) = attribute(&line)?;
                (Cow::Owned(name.to_owned()), owned(&value))
            }
        };
        if name == "version" && members.is_empty() {
            continue;
        }
        // Attribute names are case-insensitive: the first spelling stands for all.
        match members.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            None => members.push((name, vec![value])),
            Some((_, values)) => values.push(value),
        }
    }
    if members.iter().any(|(name, _)| name.eq_ignore_ascii_case("dn")) {
        let value = |values: Vec<_>| match <[Value<'_>; 1]>::try_from(values) {
            Ok([one]) => one,
            Err(several) => Value::List(several.into()),
        };
        Ok(members.into_iter().map(|(name, values)| (name, value(values))).collect())
    } else {
        Err("the entry has no dn".into())
    }
}

fn attribute(line: &str) -> Result<(&str, Value<'_>), String> {
    let (name, rest) = line.split_once(':').ok_or("a line has no colon")?;
    let value = if let Some(encoded) = rest.strip_prefix(':') {
        let encoded = encoded.trim();
        let bytes =
            base64::prelude::BASE64_STANDARD.decode(encoded).map_err(|_| format!("the base64 of {name} is damaged"))?;
        Value::Text(String::from_utf8(bytes).map_or(Cow::Borrowed(encoded), Cow::Owned))
    } else if rest.starts_with('<') {
        Value::Null
    } else {
        Value::Text(Cow::Borrowed(rest.trim_start_matches(' ')))
    };
    Ok((name, value))
}

fn owned<'a>(value: &Value<'_>) -> Value<'a> {
    value.text().map_or(Value::Null, |text| Value::Text(Cow::Owned(text.into_owned())))
}
