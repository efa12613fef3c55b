//! Rows whose cells have escapes instead of RFC 4180's quotes: `COPY` text, `mysql -B`, `INTO OUTFILE` in its ways,
//! phpMyAdmin's CSV where a backslash escapes. Also what psql writes, which escapes nothing.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::csv::{put, replace};
use super::layout::{Escapes, NullWord};
use super::sql::values::{of_bytea, unhex};
use super::{Value, marks};

/// A cell as it stands in its row, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub range: Range<usize>,
    pub quoted: bool,
    /// Written as `"N`.
    pub null: bool,
    /// There are escapes in it.
    pub special: bool,
}

/// Calls `each` with the cells of the row at `at`; returns where it ends, and where the next one begins. `None`: the data
/// ends within the row, and there is more.
///
/// Where the quote itself escapes, a quote before a line feed may be either: it ends the row that has all of its `width`
/// cells (any row does where `width` is 0), if what comes after begins like a row.
pub(crate) fn row(
    data: &[u8],
    at: usize,
    escapes: Escapes,
    width: usize,
    eof: bool,
    mut each: impl FnMut(Cell),
) -> Option<(usize, usize)> {
    let Escapes { delimiter, escape, quoted, .. } = escapes;
    let (mut pos, mut cells) = (at, 0);
    loop {
        cells += 1;
        let start = pos;
        let mut special = false;
        let cell = if !(quoted && data.get(pos) == Some(&b'"')) {
            loop {
                let rest = data.get(pos..).unwrap_or_default();
                let found = match escape {
                    Some(escape) => memchr3(delimiter, b'\n', escape, rest),
                    None => memchr2(delimiter, b'\n', rest),
                };
                let Some(stop) = found.map(|found| pos + found) else {
                    if !eof {
                        return None;
                    }
                    pos = data.len();
                    break;
                };
                if Some(data[stop]) != escape {
                    pos = stop;
                    break;
                }
                if stop + 1 >= data.len() && !eof {
                    return None;
                }
                (pos, special) = (stop + 2, true);
            }
            Cell { range: start..pos, quoted: false, null: false, special }
        } else if escape == Some(b'"') && data.get(pos + 1) == Some(&b'N') && ends(data, pos + 2, delimiter, eof)? {
            pos += 2;
            Cell { range: start..pos, quoted: false, null: true, special }
        } else {
            pos += 1;
            let mut closed = false;
            loop {
                let rest = data.get(pos..).unwrap_or_default();
                let found = match escape {
                    Some(escape) => memchr2(b'"', escape, rest),
                    None => memchr(b'"', rest),
                };
                let Some(stop) = found.map(|found| pos + found) else {
                    if !eof {
                        return None;
                    }
                    pos = data.len();
                    break;
                };
                let next = data.get(stop + 1).copied();
                if next.is_none() && !eof {
                    return None;
                }
                if data[stop] != b'"' {
                    (pos, special) = (stop + 2, true);
                    continue;
                }
                let closes = match next {
                    None => true,
                    Some(b'\n') if escape == Some(b'"') => {
                        (cells == width || width == 0) && begins_a_row(data, stop + 2, eof)?
                    }
                    Some(b'"') => false,
                    Some(_) => ends(data, stop + 1, delimiter, eof)?,
                };
                if closes {
                    (pos, closed) = (stop + 1, true);
                    break;
                }
                // A doubled quote is one; one that is followed by anything else is text.
                let pair = escape == Some(b'"') || next == Some(b'"');
                (pos, special) = (stop + 1 + usize::from(pair), true);
            }
            Cell { range: start + 1..pos - usize::from(closed), quoted: true, null: false, special }
        };
        pos = pos.min(data.len());
        // The carriage return of a line's end is no text of its last cell.
        let last = !cell.quoted && !cell.null && data.get(pos) != Some(&delimiter);
        let end = cell.range.end.min(data.len());
        let end = end - usize::from(last && end > start && data[end - 1] == b'\r');
        each(Cell { range: cell.range.start..end, ..cell });
        match data.get(pos) {
            Some(&byte) if byte == delimiter => pos += 1,
            Some(b'\r') => return Some((pos, (pos + 2).min(data.len()))),
            Some(_) => return Some((pos, pos + 1)),
            None => return Some((pos, pos)),
        }
    }
}

/// Whether a cell ends before `at`. `None`: that is not known yet.
fn ends(data: &[u8], at: usize, delimiter: u8, eof: bool) -> Option<bool> {
    match data.get(at) {
        None => eof.then_some(true),
        Some(b'\r') => match data.get(at + 1) {
            None => eof.then_some(true),
            Some(byte) => Some(*byte == b'\n'),
        },
        Some(&byte) => Some(byte == delimiter || byte == b'\n'),
    }
}

/// Whether what is at `at` looks like the first cell of a row: quoted, or a number.
fn begins_a_row(data: &[u8], at: usize, eof: bool) -> Option<bool> {
    match data.get(at) {
        None => eof.then_some(true),
        Some(byte) => Some(matches!(byte, b'"' | b'-' | b'0'..=b'9')),
    }
}

/// The values of a row in whose cells nothing is quoted or escaped, in the place of another row's, as far as they go; returns how
/// many cells it has. Nearly all rows are such: of `COPY`, a backslash stands in the word for nothing alone.
///
/// `None`: it is no such row, and what stands in the values is none of it.
pub(crate) fn plain_values<'a>(text: &'a str, escapes: Escapes, values: &mut [Value<'a>]) -> Option<usize> {
    let bytes = text.as_bytes();
    if escapes.quoted || escapes.hex || memchr(b'\n', bytes).is_some() {
        return None;
    }
    // The carriage return of a line's end is no text of its last cell.
    let row = 0..bytes.len() - usize::from(bytes.ends_with(b"\r"));
    let mut places = values.iter_mut();
    let (mut start, mut cells, mut is_plain) = (0, 1, true);
    let mut cell = |written: &'a str| match (places.next(), written) {
        (None, _) => {}
        (Some(value), "\\N") if escapes.escape.is_some() => replace(value, Value::Null),
        (Some(value), "NULL") if escapes.null == NullWord::Word => replace(value, Value::Null),
        (Some(value), _) if written.starts_with("\\x") => replace(value, Value::Text(of_bytea(Cow::Borrowed(written)))),
        (Some(value), _) => put(value, written),
    };
    marks::each(bytes, row.clone(), [escapes.delimiter, escapes.escape.unwrap_or(escapes.delimiter)], |stop| {
        if bytes[stop] == escapes.delimiter {
            cell(&text[start..stop]);
            (start, cells) = (stop + 1, cells + 1);
        } else {
            let next = bytes.get(stop + 2).filter(|_| stop + 2 < row.end);
            let is_null = bytes[stop..].starts_with(b"\\N") && next.is_none_or(|next| *next == escapes.delimiter);
            is_plain &= stop == start && is_null;
        }
    });
    cell(&text[start..row.end]);
    is_plain.then_some(cells)
}

/// Appends the values of a row.
pub(crate) fn values<'a>(text: &'a str, escapes: Escapes, width: usize, values: &mut Vec<Value<'a>>) {
    row(text.as_bytes(), 0, escapes, width, true, |cell| {
        let written = text.get(cell.range.clone()).unwrap_or_default();
        let word = match written {
            _ if cell.quoted => false,
            "\\N" => escapes.escape.is_some(),
            "NULL" => escapes.null == NullWord::Word,
            _ => false,
        };
        values.push(if cell.null || word {
            Value::Null
        } else {
            let text =
                if cell.special { unescape(written, escapes.escape, cell.quoted) } else { Cow::Borrowed(written) };
            Value::Text(if escapes.hex { of_hex(text) } else { of_bytea(text) })
        });
    });
}

/// The text that `mysql --binary-as-hex` wrote as `0x…`.
fn of_hex(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.strip_prefix("0x") {
        Some("") => Cow::Borrowed(""),
        Some(digits) if is_hex(digits) => unhex(digits).map_or(text, Cow::Owned),
        _ => text,
    }
}

/// Whether these are digits as `--binary-as-hex` writes them.
pub(crate) fn is_hex(digits: &str) -> bool {
    digits.len().is_multiple_of(2) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

/// PostgreSQL's and MySQL's escapes: `\b \f \n \r \t \v`, MySQL's `\0` and `\Z`; any other character stands for itself. In
/// quotes, a doubled quote is one.
pub(crate) fn unescape(written: &str, escape: Option<u8>, quoted: bool) -> Cow<'_, str> {
    let escape = escape.map(char::from);
    let mut text = String::with_capacity(written.len());
    let mut chars = written.chars().peekable();
    while let Some(c) = chars.next() {
        if Some(c) != escape {
            text.push(c);
            if quoted && c == '"' {
                chars.next_if_eq(&'"');
            }
            continue;
        }
        match chars.next() {
            Some('0') => text.push('\0'),
            Some(letter) if c != '\\' => text.push(letter),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('v') => text.push('\u{b}'),
            Some('Z') => text.push('\u{1a}'),
            Some(other) => text.push(other),
            None => text.push(c),
        }
    }
    Cow::Owned(text)
}

/// What psql says after the last row: `(5 rows)`.
pub(crate) fn is_row_count(line: &[u8]) -> bool {
    let Some(inner) = line.strip_prefix(b"(").and_then(|line| line.strip_suffix(b")")) else { return false };
    let digits = inner.strip_suffix(b" rows").or_else(|| inner.strip_suffix(b" row"));
    digits.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_rows_are_read_as_all_are(row in "([ab\\\\N\r\"x]|\\\\N|NULL|\t|\\\\x2432612432612432612432){0,12}", escape in any::<bool>(), word in any::<bool>()) {
            let null = if word { NullWord::Word } else { NullWord::BackslashN };
            let escapes = Escapes { escape: escape.then_some(b'\\'), null, ..Escapes::COPY };
            let mut plain = vec![Value::Bool(true); 20];
            if let Some(cells) = plain_values(&row, escapes, &mut plain) {
                let mut all = Vec::new();
                values(&row, escapes, 0, &mut all);
                prop_assert_eq!(&plain[..cells], &all[..]);
            }
        }
    }

    #[test]
    fn a_row_of_copy_is_plain_with_nothing_and_without_escapes() {
        let cells = |row: &str| plain_values(row, Escapes::COPY, &mut vec![Value::Null; 4]);
        assert_eq!(cells("1\tann\t\\N\t"), Some(4));
        assert_eq!(cells("1\ta\\tb\t2"), None);
    }
}
