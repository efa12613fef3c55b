//! One tuple of an INSERT → its values: literals, and the few expressions that dump tools write.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::head::Head;
use super::lexer::{Comment, comment, is_word, tuple_end};
use crate::format::Value;
use crate::format::layout::Flavour;

/// Brackets and calls within each other are followed so far.
const MAX_DEPTH: usize = 32;

const UNKNOWN_ESCAPE: &str = "an escape in it is not known";

/// Appends the values of `(…)` to `cells`.
///
/// Numbers and keywords are text as written; `NULL`, `DEFAULT` and the time of loading are null; hexadecimal literals and
/// PostgreSQL's `\x…` are the text they stand for, if it is UTF-8. SQLite's dumps need `replace`, `char` and `unistr`.
///
/// # Errors
/// What is wrong, as the second half of a sentence.
pub(crate) fn values<'a>(tuple: &'a str, flavour: Flavour, cells: &mut Vec<Value<'a>>) -> Result<(), String> {
    values_if(tuple, flavour, None, cells).map(|_| ())
}

/// A column's place, and whether a row with such a text there is wanted.
pub(crate) type Gate = (usize, fn(&str) -> bool);

/// [`values`] as far as the row is wanted: whether it is.
///
/// # Errors
/// As [`values`].
pub(crate) fn values_if<'a>(
    tuple: &'a str,
    flavour: Flavour,
    gate: Option<Gate>,
    cells: &mut Vec<Value<'a>>,
) -> Result<bool, String> {
    let shut = |cells: &[Value<'_>]| match (gate, cells) {
        (Some((at, passes)), [.., Value::Text(text)]) => cells.len() == at + 1 && !passes(text),
        _ => false,
    };
    let inner = tuple.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or("the row is not in brackets")?;
    let mut reader = Reader { text: inner, pos: 0, flavour, depth: 0 };
    loop {
        while let Some((value, is_last)) = reader.simple() {
            cells.push(value);
            if shut(cells) {
                return Ok(false);
            }
            if is_last {
                return Ok(true);
            }
        }
        let value = reader.value().map_err(|what| format!("value {}: {what}", cells.len() + 1))?;
        cells.push(value);
        match reader.next() {
            None => return Ok(true),
            Some(b',') => reader.pos += 1,
            Some(_) => return Err(format!("there is no comma after value {}", cells.len())),
        }
    }
}

/// The columns and values of an `INSERT … SET`'s list, which may be followed by `ON DUPLICATE KEY …`.
///
/// # Errors
/// As [`values`].
pub(crate) fn assigned(list: &str, flavour: Flavour) -> Result<Vec<(String, Value<'_>)>, String> {
    let mut reader = Reader { text: list, pos: 0, flavour, depth: 0 };
    let mut all = Vec::new();
    loop {
        let mut head = Head { text: list.as_bytes(), pos: reader.pos };
        let name = head.table().ok_or("a column's name is missing")?.1;
        head.byte(b':');
        if !head.byte(b'=') {
            return Err(format!("there is no equals sign after column {}", all.len() + 1));
        }
        reader.pos = head.pos;
        all.push((name, reader.value()?));
        if reader.next() != Some(b',') {
            return Ok(all);
        }
        reader.pos += 1;
    }
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
    flavour: Flavour,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// What nearly all values are, with a comma or the row's end right behind it: a number, or a string without escapes; and
    /// whether it is the last. `None` leaves the value to [`Reader::value`].
    #[inline]
    fn simple(&mut self) -> Option<(Value<'a>, bool)> {
        let rest = self.bytes().get(self.pos..)?;
        let (from, to, next) = match rest.first()? {
            b'\'' => {
                let inner = &rest[1..];
                let backslash = self.flavour.backslash;
                let end = if backslash { memchr2(b'\'', b'\\', inner) } else { memchr(b'\'', inner) }? + 1;
                // PostgreSQL's bytes are no text.
                if rest[end] != b'\'' || !self.flavour.mysql && rest[1] == b'\\' {
                    return None;
                }
                (1, end, end + 1)
            }
            b'0'..=b'9' => {
                let end = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
                (0, end, end)
            }
            _ => return None,
        };
        let is_last = match rest.get(next) {
            Some(b',') => false,
            None => true,
            Some(_) => return None,
        };
        let text = self.text.get(self.pos + from..self.pos + to)?;
        self.pos += next + 1;
        Some((Value::Text(Cow::Borrowed(text)), is_last))
    }

    /// The next byte that is neither white space nor comment.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes().get(self.pos)?;
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' | 0xb | 0xc => self.pos += 1,
                b'-' | b'/' | b'#' => match comment(self.bytes(), self.pos, self.flavour) {
                    Comment::Ends(end) => self.pos = end,
                    Comment::Open if matches!(self.bytes().get(self.pos + 1), Some(b'-' | b'*')) => {
                        self.pos = self.bytes().len();
                    }
                    Comment::None | Comment::Open => return Some(byte),
                },
                _ => return Some(byte),
            }
        }
    }

    fn slice(&self, from: usize, to: usize) -> Result<&'a str, String> {
        self.text.get(from..to).ok_or_else(|| "a character is cut in two".into())
    }

    /// A value with its casts, and what is joined to it.
    fn value(&mut self) -> Result<Value<'a>, String> {
        let mut value = self.literal()?;
        loop {
            match self.next() {
                Some(b':') if self.bytes().get(self.pos + 1) == Some(&b':') => self.past_cast(),
                Some(b'|') if self.bytes().get(self.pos + 1) == Some(&b'|') => {
                    self.pos += 2;
                    value = joined([value, self.literal()?]);
                }
                // SQL Server's.
                Some(b'+') if !self.flavour.mysql && matches!(value, Value::Text(_)) => {
                    self.pos += 1;
                    value = joined([value, self.literal()?]);
                }
                _ => return Ok(value),
            }
        }
    }

    fn literal(&mut self) -> Result<Value<'a>, String> {
        let Some(first) = self.next() else { return Err("it is missing".into()) };
        let start = self.pos;
        match first {
            b'\'' => {
                let text = self.string(b'\'', self.flavour.backslash, self.flavour.mysql)?;
                Ok(Value::Text(if self.flavour.mysql { text } else { of_bytea(text) }))
            }
            b'"' => self.string(b'"', self.flavour.mysql && self.flavour.backslash, true).map(Value::Text),
            b'0' if matches!(self.bytes().get(start + 1), Some(b'x' | b'X')) => {
                let digits = &self.bytes()[start + 2..];
                let length = digits.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(digits.len());
                self.pos += 2 + length;
                let written = self.slice(start, self.pos)?;
                Ok(Value::Text(unhex(&written[2..]).map_or(Cow::Borrowed(written), Cow::Owned)))
            }
            b'(' => {
                self.pos += 1;
                self.deeper()?;
                let value = self.value()?;
                self.depth -= 1;
                self.closing()?;
                Ok(value)
            }
            _ => {
                let rest = &self.bytes()[start..];
                let within = |b: &u8| is_word(*b) || matches!(b, b'.' | b'+' | b'-');
                // A sign is a number's first byte or its exponent's.
                let length = rest.iter().position(|b| !within(b)).unwrap_or(rest.len());
                self.pos += length;
                let word = self.slice(start, self.pos)?;
                if word.is_empty() {
                    return Err("it is missing".into());
                }
                self.after_word(word)
            }
        }
    }

    fn after_word(&mut self, word: &'a str) -> Result<Value<'a>, String> {
        const NOTHING: [&str; 7] =
            ["NULL", "DEFAULT", "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP", "SYSDATE", "SYSTIMESTAMP"];
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        match self.next() {
            // `_binary 'x'`, `_utf8mb4'x'`, `N'x'`, `E'x'`, `X'6869'`, `b'1'`
            Some(b'\'') if word.starts_with('_') || is(&["N", "E", "X", "B"]) => {
                let escapes = self.flavour.backslash || is(&["E"]);
                let text = self.string(b'\'', escapes, self.flavour.mysql)?;
                let text = match is(&["X"]).then(|| unhex(&text)).flatten() {
                    Some(hidden) => Cow::Owned(hidden),
                    None if is(&["E"]) => of_bytea(text),
                    None => text,
                };
                Ok(Value::Text(text))
            }
            Some(b'0' | b'X' | b'x') if word.starts_with('_') => self.literal(),
            // The standard's `U&'Ren\00e9e'`, as H2 writes whatever is not ASCII.
            Some(b'&') if is(&["U"]) && self.bytes().get(self.pos + 1) == Some(&b'\'') => {
                self.pos += 1;
                let text = self.string(b'\'', false, self.flavour.mysql)?;
                let text = if text.contains('\\') { unistr(&text).ok_or(UNKNOWN_ESCAPE)?.into() } else { text };
                Ok(Value::Text(text))
            }
            // The standard's `DATE '2020-01-01'`.
            Some(b'\'') if is(&["DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "UUID", "JSON", "JSONB"]) => self.literal(),
            Some(b'(') => self.call(word),
            Some(b'[') if is(&["ARRAY"]) => {
                self.pos += 1;
                self.deeper()?;
                let mut items = Vec::new();
                while self.next() != Some(b']') {
                    items.push(self.value()?);
                    if self.next() == Some(b',') {
                        self.pos += 1;
                    } else if self.next() != Some(b']') {
                        return Err("a bracket is not closed".into());
                    }
                }
                self.depth -= 1;
                self.pos += 1;
                Ok(Value::List(items.into()))
            }
            _ if is(&NOTHING) => Ok(Value::Null),
            _ => Ok(Value::Text(Cow::Borrowed(word))),
        }
    }

    /// The value of a call, of which only the bracket and what comes after are to be read.
    fn call(&mut self, name: &str) -> Result<Value<'a>, String> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            // When it is loaded, which nobody knows.
            "now" | "current_timestamp" | "getdate" | "getutcdate" | "sysdate" | "curdate" | "localtimestamp"
            | "strftime" | "datetime" | "date" | "time" | "julianday" | "unixepoch" | "unix_timestamp" | "sysdatetime"
            // What it makes up then.
            | "uuid" | "gen_random_uuid" | "uuid_generate_v4" | "newid" | "sys_guid" | "nextval" | "empty_clob"
            | "empty_blob" => {
                self.past_brackets()?;
                return Ok(Value::Null);
            }
            "replace" | "char" | "chr" | "unistr" | "stringdecode" | "concat" | "unhex" | "hextoraw" | "cast" | "convert"
            // Oracle's, and MySQL's: the first argument, read as the second says.
            | "to_date" | "to_timestamp" | "to_timestamp_tz" | "to_clob" | "to_nclob" | "to_char" | "to_number"
            | "str_to_date" | "uuid_to_bin" => {}
            _ => return Err("it is a call of a function, which only the database can work out".into()),
        }
        let start = self.pos;
        self.pos += 1;
        self.deeper()?;
        let typed = self.next() != Some(b'\'');
        let mut arguments = vec![self.value()?];
        // `CAST('x' AS type)`, `CONVERT('x' USING utf8)`, but `CONVERT(type, 'x')`.
        if name == "cast" || name == "convert" || name.contains("to_") {
            if name == "convert" && typed && self.next() == Some(b',') {
                self.pos += 1;
                arguments = vec![self.value()?];
            }
            self.pos = start;
            self.past_brackets()?;
            self.depth -= 1;
            return Ok(arguments.swap_remove(0));
        }
        while self.next() == Some(b',') {
            self.pos += 1;
            arguments.push(self.value()?);
        }
        self.depth -= 1;
        self.closing()?;
        if arguments.contains(&Value::Null) && name != "concat" {
            return Ok(Value::Null);
        }
        let texts: Vec<Cow<'_, str>> = arguments.iter().filter_map(Value::text).collect();
        let text = match (name.as_str(), texts.as_slice()) {
            ("replace", [text, from, to]) if !from.is_empty() => text.replace(&**from, to),
            ("replace", [text, ..]) => text.to_string(),
            ("char" | "chr", codes) => codes
                .iter()
                .map(|code| code.parse().ok().and_then(char::from_u32))
                .collect::<Option<String>>()
                .ok_or("it is no character's number")?,
            ("unistr", [text]) => unistr(text).ok_or(UNKNOWN_ESCAPE)?,
            // Java's escapes, which H2 1.4 wrote, are those of JSON once every quote is one.
            ("stringdecode", [text]) => serde_json::from_str(&format!("\"{text}\"")).map_err(|_| UNKNOWN_ESCAPE)?,
            ("unhex" | "hextoraw", [digits]) => unhex(digits).unwrap_or_else(|| digits.to_string()),
            ("concat", texts) => texts.concat(),
            _ => return Err("it is a call of a function with other arguments than are known".into()),
        };
        Ok(Value::Text(Cow::Owned(text)))
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("there are too many brackets within each other".into()) } else { Ok(()) }
    }

    fn closing(&mut self) -> Result<(), String> {
        if self.next() != Some(b')') {
            return Err("a bracket is not closed".into());
        }
        self.pos += 1;
        Ok(())
    }

    fn past_brackets(&mut self) -> Result<(), String> {
        self.pos += tuple_end(&self.bytes()[self.pos..], self.flavour).ok_or("a bracket is not closed")?;
        Ok(())
    }

    /// PostgreSQL's `::character varying(255)[]`.
    fn past_cast(&mut self) {
        self.pos += 2;
        while let Some(&b) = self.bytes().get(self.pos) {
            match b {
                b'(' => self.pos += tuple_end(&self.bytes()[self.pos..], self.flavour).unwrap_or(1),
                b'"' => self.pos += memchr(b'"', &self.bytes()[self.pos + 1..]).map_or(1, |n| n + 2),
                b' ' | b'.' | b'[' | b']' => self.pos += 1,
                b if is_word(b) => self.pos += 1,
                _ => return,
            }
        }
    }

    /// The string whose quote comes.
    #[inline]
    fn string(&mut self, quote: u8, backslash: bool, mysql: bool) -> Result<Cow<'a, str>, String> {
        let start = self.pos + 1;
        let bytes = self.bytes();
        let mut pos = start;
        let mut plain = true;
        loop {
            let rest = bytes.get(pos..).unwrap_or_default();
            let found = if backslash { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
            pos += found.ok_or("a string is not closed")?;
            if bytes[pos] == b'\\' || bytes.get(pos + 1) == Some(&quote) {
                plain = false;
                pos += 2;
                continue;
            }
            self.pos = pos + 1;
            let inner = self.slice(start, pos)?;
            return Ok(match (plain, backslash && !mysql) {
                (true, _) => Cow::Borrowed(inner),
                (false, false) => Cow::Owned(unescape(inner, backslash, quote)),
                (false, true) => Cow::Owned(postgres_unescape(inner)),
            });
        }
    }
}

fn joined(parts: [Value<'_>; 2]) -> Value<'static> {
    match (parts[0].text(), parts[1].text()) {
        (Some(first), Some(second)) => Value::Text(Cow::Owned(format!("{first}{second}"))),
        _ => Value::Null,
    }
}

/// MySQL's escapes (`\0 \b \n \r \t \Z`, others stand for themselves) and doubled quotes.
fn unescape(inner: &str, backslash: bool, quote: u8) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    let next =
        |text: &str| if backslash { memchr2(quote, b'\\', text.as_bytes()) } else { memchr(quote, text.as_bytes()) };
    while let Some(at) = next(rest) {
        let (before, marked) = rest.split_at(at);
        text.push_str(before);
        let mut chars = marked.chars();
        match (chars.next(), chars.next()) {
            (Some('\\'), Some('0')) => text.push('\0'),
            (Some('\\'), Some('b')) => text.push('\u{8}'),
            (Some('\\'), Some('n')) => text.push('\n'),
            (Some('\\'), Some('r')) => text.push('\r'),
            (Some('\\'), Some('t')) => text.push('\t'),
            (Some('\\'), Some('Z')) => text.push('\u{1a}'),
            // In patterns only; elsewhere the backslash stays.
            (Some('\\'), Some(wildcard @ ('%' | '_'))) => text.extend(['\\', wildcard]),
            // The first of two quotes, too: the second is taken as it is.
            (_, other) => text.extend(other),
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text
}

/// PostgreSQL's escapes: `\b \f \n \r \t`, octal `\ooo`, `\xhh`, `\uXXXX`, `\UXXXXXXXX`; others stand for themselves.
fn postgres_unescape(inner: &str) -> String {
    let bytes = inner.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut pos = 0;
    // So many digits of that base at `from`, at most.
    let number = |from: usize, most: usize, base: u32| {
        let digits: &[u8] = bytes.get(from..(from + most).min(bytes.len())).unwrap_or_default();
        let length = digits.iter().position(|b| !char::from(*b).is_digit(base)).unwrap_or(digits.len());
        let written = std::str::from_utf8(&digits[..length]).unwrap_or_default();
        (u32::from_str_radix(written, base).ok(), length)
    };
    while let Some(&byte) = bytes.get(pos) {
        pos += 1;
        if byte != b'\\' {
            text.push(byte);
            pos += usize::from(byte == b'\'' && bytes.get(pos) == Some(&b'\''));
            continue;
        }
        let Some(&escaped) = bytes.get(pos) else { break };
        pos += 1;
        let (code, length) = match escaped {
            b'0'..=b'7' => number(pos - 1, 3, 8),
            b'x' => number(pos, 2, 16),
            b'u' => number(pos, 4, 16),
            b'U' => number(pos, 8, 16),
            _ => (None, 0),
        };
        match (escaped, code) {
            (b'u' | b'U', Some(code)) => {
                let character = char::from_u32(code).unwrap_or('\u{fffd}');
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                pos += length;
            }
            (b'0'..=b'7', Some(code)) => {
                text.push(code as u8);
                pos += length - 1;
            }
            (b'x', Some(code)) => {
                text.push(code as u8);
                pos += length;
            }
            (b'b', _) => text.push(8),
            (b'f', _) => text.push(12),
            (b'n', _) => text.push(b'\n'),
            (b'r', _) => text.push(b'\r'),
            (b't', _) => text.push(b'\t'),
            _ => text.push(escaped),
        }
    }
    String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// SQLite's and PostgreSQL's `unistr`: `\XXXX`, `\uXXXX`, `\+XXXXXX`, `\UXXXXXXXX` and `\\`.
fn unistr(text: &str) -> Option<String> {
    let mut parts = text.split('\\');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    let mut literal = false;
    for part in parts {
        if std::mem::take(&mut literal) {
            whole.push_str(part);
            continue;
        }
        let (digits, length) = match part.chars().next() {
            // The second backslash of two begins the next part.
            None => {
                whole.push('\\');
                literal = true;
                continue;
            }
            Some('u') => (&part[1..], 4),
            Some('U') => (&part[1..], 8),
            Some('+') => (&part[1..], 6),
            Some(_) => (part, 4),
        };
        let code = u32::from_str_radix(digits.get(..length)?, 16).ok()?;
        whole.push(char::from_u32(code)?);
        whole.push_str(&digits[length..]);
    }
    Some(whole)
}

/// The text that hexadecimal digits stand for; `None` where they stand for none in UTF-8.
pub(crate) fn unhex(digits: &str) -> Option<String> {
    String::from_utf8(crate::bytes::unhex(digits)?).ok()
}

/// What PostgreSQL writes of a BYTEA (`\x2432…`) is the text in it, where it is text of some length.
pub(crate) fn of_bytea(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.starts_with("\\x") || text.len() < 18 {
        return text;
    }
    match unhex(&text[2..]) {
        Some(hidden) if !hidden.chars().any(char::is_control) => Cow::Owned(hidden),
        _ => text,
    }
}
