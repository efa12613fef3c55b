//! The little of SQL's grammar that dumps use: strings, comments, brackets.

use memchr::{memchr, memchr2, memmem};

use super::outside::Outside;
use crate::format::layout::Flavour;

/// More than a name may have in any database.
const MAX_NAME: usize = 128;

/// Passes over SQL text of any length, in pieces: strings, names and comments are no text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scan {
    inside: Inside,
    depth: usize,
    /// What is done with ends in a name, of which a dollar may be a part.
    name: bool,
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

/// The end that a scan of SQL looks for, outside strings and comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// After the statement's semicolon.
    Semicolon,
    /// After the bracket that closes the first one.
    Bracket,
}

impl Scan {
    /// Whether it has come to nothing but white space since it began, or to the end of everything that began.
    pub fn between(&self) -> bool {
        matches!(self.inside, Inside::Text | Inside::LineComment) && self.depth == 0
    }

    /// Looks for the end. `Err(n)`: it is not in `data`, of which `n` bytes are done with.
    pub fn advance(&mut self, data: &[u8], until: Until, flavour: Flavour, eof: bool) -> Result<usize, usize> {
        let end = self.end(data, until, flavour, eof);
        if let Some(last) = data[..end.unwrap_or_else(|done| done)].last() {
            self.name = is_name(*last);
        }
        end
    }

    fn end(&mut self, data: &[u8], until: Until, flavour: Flavour, eof: bool) -> Result<usize, usize> {
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
                    let Some(found) = memmem::find(&data[pos..], tag) else {
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
                            let backslash = flavour.backslash || (escapes(data, pos) && (pos > 1 || !self.name));
                            self.inside = Inside::Quotes { quote: b'\'', backslash };
                        }
                        b'"' => {
                            let backslash = flavour.mysql && flavour.backslash;
                            self.inside = Inside::Quotes { quote: b'"', backslash };
                        }
                        b'`' => self.inside = Inside::Quotes { quote: b'`', backslash: false },
                        b'-' | b'/' | b'$' | b'E' | b'e' if next.is_none() && !eof => return Err(pos),
                        b'-' if next == Some(&b'-') => {
                            if flavour.mysql && data.len() == pos + 2 && !eof {
                                return Err(pos);
                            }
                            if !flavour.mysql || data.get(pos + 2).is_none_or(u8::is_ascii_whitespace) {
                                self.inside = Inside::LineComment;
                            }
                        }
                        b'#' if flavour.mysql => self.inside = Inside::LineComment,
                        b'/' if next == Some(&b'*') => {
                            self.inside = Inside::Comment;
                            pos += 1;
                        }
                        b'$' if !(flavour.mysql
                            || pos.checked_sub(1).map_or(self.name, |before| is_name(data[before]))) =>
                        {
                            // Longer names are cut off by the database, and numbers are parameters.
                            let tag = &data[pos + 1..(pos + 1 + MAX_NAME).min(data.len())];
                            match tag.iter().position(|&b| !is_word(b)) {
                                Some(end) if tag[end] == b'$' && !tag[0].is_ascii_digit() => {
                                    self.inside = Inside::Dollars(data[pos..=pos + 1 + end].to_vec());
                                    pos += end + 1;
                                }
                                None if !eof && tag.len() < MAX_NAME => return Err(pos),
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

/// Whether a string's quote at `at` has PostgreSQL's `E` before it, which is not the end of a name.
fn escapes(data: &[u8], at: usize) -> bool {
    at > 0 && matches!(data[at - 1], b'E' | b'e') && (at < 2 || !is_word(data[at - 2]))
}

/// A comment, maybe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comment {
    /// There is none.
    None,
    /// The offset behind the comment.
    Ends(usize),
    /// It has begun, or may have, and does not end in the data.
    Open,
}

/// Looks for a comment at `at`.
pub(crate) fn comment(data: &[u8], at: usize, flavour: Flavour) -> Comment {
    let line = || memchr(b'\n', &data[at..]).map_or(Comment::Open, |n| Comment::Ends(at + n + 1));
    match (data[at], data.get(at + 1)) {
        (b'#', _) if flavour.mysql => line(),
        (b'-' | b'/', None) => Comment::Open,
        (b'-', Some(b'-')) => match data.get(at + 2) {
            // In MySQL, `5--2` is 7.
            Some(next) if flavour.mysql && !next.is_ascii_whitespace() => Comment::None,
            _ => line(),
        },
        (b'/', Some(b'*')) => {
            memmem::find(&data[at + 2..], b"*/").map_or(Comment::Open, |n| Comment::Ends(at + 2 + n + 2))
        }
        _ => Comment::None,
    }
}

/// The string that a piece of rows ends in: its quote, and whether backslashes escape.
pub(crate) type OpenString = Option<(u8, bool)>;

/// Passes over the rows of an INSERT, where there is nothing but strings, numbers, brackets and comments, to the semicolon.
/// `Err(n)`: it is not in `data`, of which `n` bytes are done with.
pub(crate) fn skip_rows(data: &[u8], open: &mut OpenString, flavour: Flavour) -> Result<usize, usize> {
    let usual = Some((b'\'', flavour.backslash));
    let mut pos = 0;
    'strings: loop {
        if let Some((quote, backslash)) = open.filter(|_| *open != usual) {
            pos = closed(data, pos, quote, backslash)?;
            *open = None;
        }
        let mut outside = Outside::new(data, pos, flavour, open.is_some());
        while let Some(place) = outside.next() {
            match data[place] {
                b';' => {
                    *open = None;
                    return Ok(place + 1);
                }
                quote @ (b'\'' | b'"') => {
                    *open = Some((quote, flavour.backslash || escapes(data, place)));
                    pos = place + 1;
                    continue 'strings;
                }
                b'-' | b'/' | b'#' => match comment(data, place, flavour) {
                    Comment::None => {}
                    Comment::Ends(end) => outside.turn_to(end),
                    Comment::Open => {
                        *open = None;
                        return Err(place);
                    }
                },
                // Outside strings it escapes nothing.
                b'\\' => outside.turn_to(place + 1),
                _ => {}
            }
        }
        *open = usual.filter(|_| outside.is_open());
        let backslashes = data.iter().rev().take_while(|&&b| b == b'\\').count();
        let escapes = open.is_some() && flavour.backslash && !backslashes.is_multiple_of(2);
        return Err(data.len() - usize::from(escapes));
    }
}

/// Behind the quote that closes the string which is open at `at`. `Err(n)`: it is not in `data`, of which `n` bytes are done with.
fn closed(data: &[u8], at: usize, quote: u8, backslash: bool) -> Result<usize, usize> {
    let mut pos = at;
    loop {
        let rest = data.get(pos..).unwrap_or_default();
        let found = if backslash { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
        pos += found.ok_or(data.len())?;
        match (data[pos], data.get(pos + 1)) {
            (b'\\', None) => return Err(pos),
            (b'\\', _) => pos += 2,
            (_, Some(next)) if *next == quote => pos += 2,
            _ => return Ok(pos + 1),
        }
    }
}

/// What ends a run of numbers, words and commas.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let bytes = b"'\"()-/#";
    let mut at = 0;
    while at < bytes.len() {
        stops[bytes[at] as usize] = true;
        at += 1;
    }
    stops
};

/// Where the tuple that begins at `data[0] == b'('` ends. `None`: not in `data`.
pub(crate) fn tuple_end(data: &[u8], flavour: Flavour) -> Option<usize> {
    let mut pos = 1;
    let mut depth = 1_usize;
    loop {
        pos += data.get(pos..)?.iter().position(|&b| STOPS[usize::from(b)])?;
        match data[pos] {
            b'\'' => {
                pos = string_end(data, pos, flavour.backslash || escapes(data, pos))?;
                continue;
            }
            b'"' => {
                pos = string_end(data, pos, flavour.mysql && flavour.backslash)?;
                continue;
            }
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(pos + 1);
                }
            }
            _ => match comment(data, pos, flavour) {
                Comment::None => {}
                Comment::Ends(end) => {
                    pos = end;
                    continue;
                }
                Comment::Open => return None,
            },
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

/// What goes on with a name that has begun.
fn is_name(byte: u8) -> bool {
    is_word(byte) || byte == b'$'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Passes over the rows in pieces that end anywhere; where the semicolon was, if there was one.
    fn skipped(data: &[u8], most: usize, flavour: Flavour) -> Option<usize> {
        let (mut open, mut from, mut to) = (None, 0, most.min(data.len()));
        loop {
            match skip_rows(&data[from..to], &mut open, flavour) {
                Ok(end) => return Some(from + end),
                Err(done) => from += done,
            }
            if to == data.len() {
                return None;
            }
            to = (to + most).min(data.len());
        }
    }

    proptest! {
        #[test]
        fn rows_are_passed_over_alike_in_pieces_of_any_length(
            signs in proptest::collection::vec(0..12_usize, 0..120), most in 1..90_usize, mysql in any::<bool>(),
        ) {
            let parts = ["a", "'", "'", "\\", "\\\\", "(1,", "),", "\"", "/* ; ' */", "-- ; '\n", "-1", "0123456789 and so on"];
            let data: String = signs.iter().map(|sign| parts[*sign]).chain(["'\";\n\"';"]).collect();
            let flavour = if mysql { Flavour::MYSQL } else { Flavour::STANDARD };
            let whole = skipped(data.as_bytes(), data.len(), flavour);
            prop_assert_eq!(skipped(data.as_bytes(), most, flavour), whole, "{}", data);
        }
    }
}
