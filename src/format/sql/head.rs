//! The heads of statements: words, names, lists of names.

use memchr::{memchr, memmem};

use super::lexer::is_word;

/// Reads one statement's head, which is whole in `text`.
pub(crate) struct Head<'t> {
    pub text: &'t [u8],
    pub pos: usize,
}

impl<'t> Head<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, pos: 0 }
    }

    /// The text from the present position on.
    pub fn rest(&self) -> &'t [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// Passes over white space and comments.
    pub fn blank(&mut self) {
        while let Some(b) = self.text.get(self.pos) {
            if b.is_ascii_whitespace() {
                self.pos += 1;
            } else if *b == b'#' || self.rest().starts_with(b"--") {
                self.pos += memchr(b'\n', self.rest()).map_or(self.rest().len(), |n| n + 1);
            } else if self.rest().starts_with(b"/*") {
                self.pos += memmem::find(self.rest(), b"*/").map_or(self.rest().len(), |n| n + 2);
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

    /// Takes whichever of these words come, in any order.
    pub fn any_of(&mut self, words: &[&str]) {
        while words.iter().any(|word| self.word(word)) {}
    }

    /// Takes this byte.
    pub fn byte(&mut self, byte: u8) -> bool {
        self.blank();
        let fits = self.text.get(self.pos) == Some(&byte);
        self.pos += usize::from(fits);
        fits
    }

    /// Whether nothing follows but part of a word, or of what begins a comment: with more data it may become another one.
    pub fn is_cut(&mut self) -> bool {
        self.blank();
        matches!(self.rest(), [b'-' | b'/']) || self.rest().iter().all(|&b| is_word(b))
    }

    pub fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.text.get(self.pos).copied()
    }

    /// Takes a name: bare, or in backticks, quotes of either kind or square brackets.
    pub fn name(&mut self) -> Option<String> {
        self.blank();
        let close = match self.text.get(self.pos)? {
            b'[' => b']',
            &quote @ (b'`' | b'"' | b'\'') => quote,
            &b if is_word(b) => {
                let length = self.rest().iter().position(|&b| !is_word(b) && b != b'$').unwrap_or(self.rest().len());
                let name = &self.rest()[..length];
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

/// What a `SET` whose word is taken says: names in lower case, and what they are set to. A variable (`@OLD_SQL_MODE`) is
/// `None`.
pub(crate) fn settings(head: &mut Head<'_>) -> Vec<(String, Option<String>)> {
    let mut all = Vec::new();
    loop {
        // What another session is to have says nothing of this one.
        let global = head.word("GLOBAL");
        head.any_of(&["SESSION", "LOCAL"]);
        while head.byte(b'@') {}
        let Some(name) = head.name() else { return all };
        head.byte(b'.');
        if !global {
            head.byte(b':');
            let _ = head.byte(b'=') || head.word("TO");
            let variable = head.peek() == Some(b'@');
            let value = if variable { None } else { head.name() };
            all.push((name.to_ascii_lowercase(), value));
        }
        // To the comma after what may be any expression.
        let rest = head.rest();
        match rest.iter().position(|b| matches!(b, b',' | b';')) {
            Some(at) if rest[at] == b',' => head.pos += at + 1,
            _ => return all,
        }
    }
}
