//! One tuple of an INSERT → its values.

use std::borrow::Cow;

use super::lexer::{Flavour, is_word, string_end, tuple_end};
use crate::format::Value;

/// Appends the values of `(…)` to `cells`.
///
/// Numbers and keywords are text as written; `NULL` and `DEFAULT` are null; hexadecimal literals are the text they stand
/// for, if it is UTF-8.
///
/// # Errors
/// What is wrong, as the second half of a sentence.
pub(crate) fn values<'a>(tuple: &'a str, flavour: Flavour, cells: &mut Vec<Value<'a>>) -> Result<(), String> {
    let inner = tuple.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or("the row is not in brackets")?;
    let mut rest = inner;
    loop {
        let (value, after) = one(rest.trim_start(), flavour)?;
        cells.push(value);
        let after = past_cast(after, flavour);
        match after.as_bytes().first() {
            None => return Ok(()),
            Some(b',') => rest = &after[1..],
            Some(_) => return Err(format!("there is no comma after value {}", cells.len())),
        }
    }
}

/// A value, and what follows it.
fn one(text: &str, flavour: Flavour) -> Result<(Value<'_>, &str), String> {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(quote @ (b'\'' | b'"')) => string(text, flavour.backslash, *quote).map(|(t, rest)| (Value::Text(t), rest)),
        Some(b'0') if matches!(bytes.get(1), Some(b'x' | b'X')) => {
            let length = bytes[2..].iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(bytes.len() - 2);
            let (digits, rest) = (&text[2..2 + length], &text[2 + length..]);
            Ok((Value::Text(unhex(digits).map_or(Cow::Borrowed(&text[..2 + length]), Cow::Owned)), rest))
        }
        Some(_) => {
            let length =
                bytes.iter().position(|&b| !is_word(b) && !matches!(b, b'.' | b'+' | b'-')).unwrap_or(bytes.len());
            let (word, rest) = text.split_at(length);
            let after = rest.trim_start();
            match after.as_bytes().first() {
                // `_binary 'x'`, `_utf8mb4'x'`, `N'x'`, `E'x'`, `X'6869'`, `b'1'`
                Some(b'\'') if introduces(word) => {
                    let escapes = flavour.backslash || word.eq_ignore_ascii_case("e");
                    let (inner, rest) = string(after, escapes, b'\'')?;
                    let inner = match (word, unhex(&inner)) {
                        ("X" | "x", Some(text)) => Cow::Owned(text),
                        _ => inner,
                    };
                    Ok((Value::Text(inner), rest))
                }
                // `CAST(N'2024-01-02' AS DateTime2)`
                Some(b'(') if word.eq_ignore_ascii_case("cast") || word.eq_ignore_ascii_case("convert") => {
                    let end = tuple_end(after.as_bytes(), flavour).ok_or("a bracket is not closed")?;
                    let (value, _) = one(after[1..end - 1].trim_start(), flavour)?;
                    Ok((value, &after[end..]))
                }
                // `ARRAY['a']`, `now()`: what a dump does not write for users. Kept as text.
                Some(b'(') => {
                    let end = tuple_end(after.as_bytes(), flavour).ok_or("a bracket is not closed")?;
                    let whole = &text[..text.len() - after.len() + end];
                    Ok((Value::Text(Cow::Borrowed(whole)), &after[end..]))
                }
                _ if word.is_empty() => Err("a value is missing".into()),
                _ if word.eq_ignore_ascii_case("null") || word.eq_ignore_ascii_case("default") => {
                    Ok((Value::Null, rest))
                }
                _ => Ok((Value::Text(Cow::Borrowed(word)), rest)),
            }
        }
        None => Err("a value is missing".into()),
    }
}

fn introduces(word: &str) -> bool {
    word.starts_with('_') || matches!(word, "N" | "n" | "E" | "e" | "X" | "x" | "B" | "b")
}

/// PostgreSQL's `'x'::text`, and blanks.
fn past_cast(after: &str, flavour: Flavour) -> &str {
    let after = after.trim_start();
    let Some(cast) = after.strip_prefix("::") else { return after };
    let mut pos = 0;
    let bytes = cast.as_bytes();
    while let Some(&b) = bytes.get(pos) {
        match b {
            b',' => break,
            b'(' => pos += tuple_end(&bytes[pos..], flavour).unwrap_or(1),
            b'"' => pos = string_end(bytes, pos, false).unwrap_or(bytes.len()),
            _ => pos += 1,
        }
    }
    cast.get(pos..).unwrap_or_default()
}

fn string(text: &str, backslash: bool, quote: u8) -> Result<(Cow<'_, str>, &str), String> {
    let end = string_end(text.as_bytes(), 0, backslash).ok_or("a string is not closed")?;
    let inner = text.get(1..end - 1).ok_or("a string is not closed")?;
    let rest = text.get(end..).ok_or("a string is not closed")?;
    let special = if backslash {
        memchr::memchr2(b'\\', quote, inner.as_bytes())
    } else {
        memchr::memchr(quote, inner.as_bytes())
    };
    if special.is_none() {
        return Ok((Cow::Borrowed(inner), rest));
    }
    Ok((Cow::Owned(unescape(inner, backslash, char::from(quote))), rest))
}

/// MySQL's escapes (`\0 \b \n \r \t \Z`, others stand for themselves) and doubled quotes.
fn unescape(inner: &str, backslash: bool, quote: char) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c == quote {
            // The first of two: the second is taken as it is.
            text.extend(chars.next());
        } else if c == '\\' && backslash {
            match chars.next() {
                Some('0') => text.push('\0'),
                Some('b') => text.push('\u{8}'),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('Z') => text.push('\u{1a}'),
                // In patterns only; elsewhere the backslash stays.
                Some(wildcard @ ('%' | '_')) => text.extend(['\\', wildcard]),
                Some(other) => text.push(other),
                None => {}
            }
        } else {
            text.push(c);
        }
    }
    text
}

fn unhex(digits: &str) -> Option<String> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = digits.as_bytes().chunks_exact(2);
    if digits.is_empty() || !pairs.remainder().is_empty() {
        return None;
    }
    let bytes: Option<Vec<u8>> = pairs.map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect();
    String::from_utf8(bytes?).ok()
}
