//! The little of SQL's grammar that dumps use: strings, names, the heads of statements.

use memchr::{memchr, memchr2, memchr3};

/// How a dump writes strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flavour {
    /// A backslash in `'…'` escapes (MySQL, unless `NO_BACKSLASH_ESCAPES`). PostgreSQL's `E'…'` always do.
    pub backslash: bool,
}

/// Passes over SQL text of any length, in pieces: strings, names and comments are no text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scan {
    inside: Inside,
    depth: usize,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Inside {
    #[default]
    Text,
    /// Within quotes of that kind; backslashes escape.
    Quotes {
        quote: u8,
        backslash: bool,
    },
    LineComment,
    Comment,
    /// PostgreSQL's `$tag$ … $tag$`.
    Dollars(Vec<u8>),
}

/// Where a scan stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// After the statement's semicolon.
    Semicolon,
    /// After the bracket that closes the first one.
    Bracket,
}

impl Scan {
    /// Looks for the end. `Err(n)`: it is not in `data`, of which `n` bytes are done with.
    pub fn advance(&mut self, data: &[u8], until: Until, flavour: Flavour, eof: bool) -> Result<usize, usize> {
        let mut pos = 0;
        while pos < data.len() {
            match &self.inside {
                Inside::Quotes { quote, backslash } => {
                    let found =
                        if *backslash { memchr2(*quote, b'\\', &data[pos..]) } else { memchr(*quote, &data[pos..]) };
                    let Some(found) = found else { return Err(data.len()) };
                    pos += found;
                    if data[pos] == b'\\' {
                        if pos + 1 >= data.len() {
                            return Err(pos);
                        }
                        pos += 2;
                    } else {
                        // A doubled quote opens the string again, which comes to the same.
                        self.inside = Inside::Text;
                        pos += 1;
                    }
                }
                Inside::LineComment => {
                    let Some(found) = memchr(b'\n', &data[pos..]) else { return Err(data.len()) };
                    pos += found + 1;
                    self.inside = Inside::Text;
                }
                Inside::Comment => {
                    let Some(found) = memchr(b'*', &data[pos..]) else { return Err(data.len()) };
                    pos += found + 1;
                    match data.get(pos) {
                        Some(b'/') => {
                            self.inside = Inside::Text;
                            pos += 1;
                        }
                        Some(_) => {}
                        None => return Err(pos - 1),
                    }
                }
                Inside::Dollars(tag) => {
                    let Some(found) = memchr::memmem::find(&data[pos..], tag) else {
                        return Err(pos.max(data.len().saturating_sub(tag.len())));
                    };
                    pos += found + tag.len();
                    self.inside = Inside::Text;
                }
                Inside::Text => {
                    let byte = data[pos];
                    let next = data.get(pos + 1);
                    match byte {
                        b'\'' => {
                            // `E'…'`, but not `…E'…'` after a name.
                            let escapes =
                                pos > 0 && matches!(data[pos - 1], b'E' | b'e') && (pos < 2 || !is_word(data[pos - 2]));
                            self.inside = Inside::Quotes { quote: b'\'', backslash: flavour.backslash || escapes };
                        }
                        b'"' => self.inside = Inside::Quotes { quote: b'"', backslash: flavour.backslash },
                        b'`' => self.inside = Inside::Quotes { quote: b'`', backslash: false },
                        b'-' | b'/' | b'$' | b'E' | b'e' if next.is_none() && !eof => return Err(pos),
                        b'-' if next == Some(&b'-') => self.inside = Inside::LineComment,
                        b'#' if flavour.backslash => self.inside = Inside::LineComment,
                        b'/' if next == Some(&b'*') => {
                            self.inside = Inside::Comment;
                            pos += 1;
                        }
                        b'$' if !flavour.backslash && (pos == 0 || !is_word(data[pos - 1])) => {
                            let length = data[pos + 1..].iter().position(|&b| !is_word(b) || b == b'$');
                            match length {
                                Some(length) if data[pos + 1 + length] == b'$' => {
                                    let tag = data[pos..pos + length + 2].to_vec();
                                    pos += tag.len() - 1;
                                    self.inside = Inside::Dollars(tag);
                                }
                                None if !eof && data.len() - pos < 80 => return Err(pos),
                                _ => {}
                            }
                        }
                        b'(' => self.depth += 1,
                        b')' => {
                            self.depth = self.depth.saturating_sub(1);
                            if self.depth == 0 && until == Until::Bracket {
                                return Ok(pos + 1);
                            }
                        }
                        b';' if until == Until::Semicolon => return Ok(pos + 1),
                        // SQL Server's scripts separate statements by lines of `GO`.
                        b'\n' if until == Until::Semicolon => match data.get(pos + 1..pos + 4) {
                            Some(b"GO\n" | b"GO\r") => return Ok(pos + 1),
                            None if !eof => return Err(pos),
                            _ => {}
                        },
                        _ => {}
                    }
                    pos += 1;
                }
            }
        }
        Err(data.len())
    }
}

/// The string that a piece of rows ends in: its quote, and whether backslashes escape.
pub(crate) type OpenString = Option<(u8, bool)>;

/// Passes over the rows of an INSERT, where there is nothing but strings, numbers and brackets, to the semicolon.
/// `Err(n)`: it is not in `data`, of which `n` bytes are done with.
pub(crate) fn skip_rows(data: &[u8], open: &mut OpenString, flavour: Flavour) -> Result<usize, usize> {
    let mut pos = 0;
    loop {
        if let Some((quote, backslash)) = *open {
            let found = if backslash { memchr2(quote, b'\\', &data[pos..]) } else { memchr(quote, &data[pos..]) };
            let Some(found) = found else { return Err(data.len()) };
            pos += found;
            if data[pos] == b'\\' {
                if pos + 1 >= data.len() {
                    return Err(pos);
                }
                pos += 2;
            } else {
                *open = None;
                pos += 1;
            }
        } else {
            let Some(found) = memchr3(b'\'', b';', b'"', &data[pos..]) else { return Err(data.len()) };
            pos += found;
            if data[pos] == b';' {
                return Ok(pos + 1);
            }
            let escapes = pos > 1 && matches!(data[pos - 1], b'E' | b'e') && !is_word(data[pos - 2]);
            *open = Some((data[pos], flavour.backslash || escapes));
            pos += 1;
        }
    }
}

/// Where the tuple that begins at `data[0] == b'('` ends. `None`: not in `data`.
pub(crate) fn tuple_end(data: &[u8], flavour: Flavour) -> Option<usize> {
    let mut pos = 1;
    let mut depth = 1_usize;
    loop {
        match *data.get(pos)? {
            b'\'' => {
                let escapes = matches!(data[pos - 1], b'E' | b'e') && pos > 1 && !is_word(data[pos - 2]);
                pos = string_end(data, pos, flavour.backslash || escapes)?;
                continue;
            }
            b'"' => {
                pos = string_end(data, pos, flavour.backslash)?;
                continue;
            }
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(pos + 1);
                }
            }
            _ => {}
        }
        pos += 1;
    }
}

/// Where the string that begins at `at` with its quote ends, after its quote.
pub(crate) fn string_end(data: &[u8], at: usize, backslash: bool) -> Option<usize> {
    let quote = data[at];
    let mut pos = at + 1;
    loop {
        let rest = data.get(pos..)?;
        pos += if backslash { memchr2(quote, b'\\', rest)? } else { memchr(quote, rest)? };
        if data[pos] == b'\\' || data.get(pos + 1) == Some(&quote) {
            pos += 2;
        } else {
            return Some(pos + 1);
        }
    }
}

/// Letters, digits, `_`, and anything beyond ASCII.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Reads one statement's head, which is whole in `text`.
pub(crate) struct Head<'t> {
    text: &'t [u8],
    pub pos: usize,
}

impl<'t> Head<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, pos: 0 }
    }

    pub fn blank(&mut self) {
        while let Some(b) = self.text.get(self.pos) {
            if b.is_ascii_whitespace() {
                self.pos += 1;
            } else if self.text[self.pos..].starts_with(b"--") {
                self.pos += memchr(b'\n', &self.text[self.pos..]).map_or(self.text.len() - self.pos, |n| n + 1);
            } else if self.text[self.pos..].starts_with(b"/*") {
                let end = memchr::memmem::find(&self.text[self.pos..], b"*/");
                self.pos = end.map_or(self.text.len(), |n| self.pos + n + 2);
            } else {
                return;
            }
        }
    }

    /// Takes this word, in any case.
    pub fn word(&mut self, word: &str) -> bool {
        self.blank();
        let end = self.pos + word.len();
        let fits = self.text.get(self.pos..end).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
            && !self.text.get(end).is_some_and(|&b| is_word(b));
        if fits {
            self.pos = end;
        }
        fits
    }

    /// Takes this byte.
    pub fn byte(&mut self, byte: u8) -> bool {
        self.blank();
        let fits = self.text.get(self.pos) == Some(&byte);
        self.pos += usize::from(fits);
        fits
    }

    pub fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.text.get(self.pos).copied()
    }

    /// Takes a name: bare, or in backticks, double quotes or square brackets.
    pub fn name(&mut self) -> Option<String> {
        self.blank();
        let close = match self.text.get(self.pos)? {
            b'`' => b'`',
            b'"' => b'"',
            b'[' => b']',
            &b if is_word(b) => {
                let length = self.text[self.pos..]
                    .iter()
                    .position(|&b| !is_word(b) && b != b'$')
                    .unwrap_or(self.text.len() - self.pos);
                let name = &self.text[self.pos..self.pos + length];
                self.pos += length;
                return Some(String::from_utf8_lossy(name).into_owned());
            }
            _ => return None,
        };
        let mut name = Vec::new();
        self.pos += 1;
        loop {
            let byte = *self.text.get(self.pos)?;
            self.pos += 1;
            if byte == close {
                if self.text.get(self.pos) != Some(&close) {
                    return Some(String::from_utf8_lossy(&name).into_owned());
                }
                self.pos += 1;
            }
            name.push(byte);
        }
    }

    /// Takes a table's name, and the schema or database before it.
    pub fn table(&mut self) -> Option<(Option<String>, String)> {
        let (mut schema, mut name) = (None, self.name()?);
        while self.byte(b'.') {
            schema = Some(std::mem::replace(&mut name, self.name()?));
        }
        Some((schema, name))
    }

    /// Takes a list of names in brackets.
    pub fn names(&mut self) -> Option<Vec<String>> {
        if !self.byte(b'(') {
            return None;
        }
        let mut names = Vec::new();
        loop {
            names.push(self.name()?);
            if self.byte(b')') {
                return Some(names);
            }
            if !self.byte(b',') {
                return None;
            }
        }
    }
}

/// The columns of a CREATE TABLE whose head ends before its bracket.
pub(crate) fn created_columns(head: &mut Head<'_>, flavour: Flavour) -> Vec<String> {
    const NO_COLUMNS: [&str; 13] = [
        "PRIMARY",
        "KEY",
        "UNIQUE",
        "CONSTRAINT",
        "FOREIGN",
        "INDEX",
        "FULLTEXT",
        "SPATIAL",
        "CHECK",
        "EXCLUDE",
        "LIKE",
        "PERIOD",
        "VECTOR",
    ];
    let mut columns = Vec::new();
    if !head.byte(b'(') {
        return columns;
    }
    loop {
        let bare = head.peek().is_some_and(is_word);
        let Some(name) = head.name() else { return columns };
        if !(bare && NO_COLUMNS.iter().any(|word| name.eq_ignore_ascii_case(word))) {
            columns.push(name);
        }
        // To the comma after this column's type and options.
        loop {
            let Some(byte) = head.peek() else { return columns };
            match byte {
                b',' => {
                    head.pos += 1;
                    break;
                }
                b')' => return columns,
                b'(' => match tuple_end(&head.text[head.pos..], flavour) {
                    Some(length) => head.pos += length,
                    None => return columns,
                },
                b'\'' | b'"' | b'`' => match string_end(head.text, head.pos, flavour.backslash && byte != b'`') {
                    Some(end) => head.pos = end,
                    None => return columns,
                },
                _ => head.pos += 1,
            }
        }
    }
}
