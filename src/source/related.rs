//! Rows of other tables than the users': what a source keeps of them, and how it finds it again.

use std::ops::Range;

use serde::Serialize;

/// Rows of related tables, by kind and key.
pub trait Related: Sync {
    /// Hands over all rows kept under this key, in the order of the file, as JSON lists of some of them each; an error of the
    /// spill file reads as no rows and ends the run afterwards.
    fn lists(&self, kind: &'static str, key: &str, each: &mut dyn FnMut(&[u8]) -> serde_json::Result<()>);

    /// All rows kept under this key.
    fn rows(&self, kind: &'static str, key: &str) -> Vec<serde_json::Value> {
        let mut rows = Vec::new();
        self.lists(kind, key, &mut |list| {
            let more: Vec<_> = serde_json::from_slice(list)?;
            rows = if rows.is_empty() { more } else { std::mem::take(&mut rows).into_iter().chain(more).collect() };
            Ok(())
        });
        rows
    }
}

/// Nothing is related to anything.
#[cfg(test)]
pub struct NoRelated;

#[cfg(test)]
impl Related for NoRelated {
    fn lists(&self, _: &'static str, _: &str, _: &mut dyn FnMut(&[u8]) -> serde_json::Result<()>) {}
}

/// Rows as a thread finds them: those of one key that stand side by side are one group.
#[derive(Debug, Default)]
pub struct Found {
    /// Keys and lists, one after the other, in UTF-8.
    text: Vec<u8>,
    groups: Vec<(&'static str, Range<usize>, Range<usize>)>,
    pub(super) now: jiff::Timestamp,
}

impl Found {
    /// Nothing yet, where `now` is that in a condition that chooses rows.
    #[must_use]
    pub fn at(now: jiff::Timestamp) -> Self {
        Self { now, ..Self::default() }
    }

    /// Keeps a row under a key, as JSON. Says that something was kept, as [`super::Source::relate`] does.
    pub fn add(&mut self, kind: &'static str, key: &str, row: &impl Serialize) -> Option<()> {
        if self.begin(kind, key) {
            self.text.push(b'[');
        } else {
            // In the place of the bracket that closed the list.
            self.text.pop();
            self.text.push(b',');
        }
        // Memory takes all that is written.
        let _ = serde_json::to_writer(&mut self.text, row);
        self.text.push(b']');
        self.end()
    }

    /// Keeps a row of nothing but texts, which [`texts`] reads: a quarter of what JSON costs where there are millions of rows.
    pub fn add_texts<const N: usize>(&mut self, kind: &'static str, key: &str, row: [&str; N]) -> Option<()> {
        self.begin(kind, key);
        for text in row {
            self.text.extend_from_slice(&digits(text.len()));
            self.text.extend_from_slice(text.as_bytes());
        }
        self.end()
    }

    /// Whether what comes is the first row of a group.
    fn begin(&mut self, kind: &'static str, key: &str) -> bool {
        if let Some((last, of, _)) = self.groups.last()
            && *last == kind
            && self.text[of.clone()] == *key.as_bytes()
        {
            return false;
        }
        let start = self.text.len();
        self.text.extend_from_slice(key.as_bytes());
        let list = self.text.len();
        self.groups.push((kind, start..list, list..list));
        true
    }

    fn end(&mut self) -> Option<()> {
        self.groups.last_mut()?.2.end = self.text.len();
        Some(())
    }

    /// The groups: kind, key, and rows as [`Related::lists`] has them.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, &[u8], &[u8])> {
        self.groups.iter().map(|(kind, key, rows)| (*kind, &self.text[key.clone()], &self.text[rows.clone()]))
    }
}

/// A length as four digits of base 128, the lesser ones first, so that what they stand in is UTF-8. No record has so many bytes.
fn digits(length: usize) -> [u8; 4] {
    std::array::from_fn(|at| (length >> (7 * at) & 0x7f) as u8)
}

/// The rows of a list that [`Found::add_texts`] made, up to what is none.
pub fn texts<const N: usize>(list: &[u8]) -> impl Iterator<Item = [&str; N]> {
    let mut rest = simdutf8::basic::from_utf8(list).unwrap_or_default();
    let mut next = move || {
        let (length, text) = rest.split_at_checked(4)?;
        let length = length.bytes().rev().fold(0, |length, digit| length << 7 | usize::from(digit));
        let (text, after) = text.split_at_checked(length)?;
        rest = after;
        Some(text)
    };
    std::iter::from_fn(move || {
        let mut row = [""; N];
        for text in &mut row {
            *text = next()?;
        }
        Some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_kept() {
        let long = "ü\"\\\u{7f}".repeat(70_000);
        let rows = [["wp_", "nickname", "Zoë"], ["", "description", &long], ["", "", ""]];
        let mut found = Found::default();
        for row in rows {
            found.add_texts("meta", "7", row);
        }
        found.add_texts("meta", "8", rows[0]);
        let groups: Vec<_> =
            found.groups().map(|(_, key, list)| (key, texts(list).collect::<Vec<[&str; 3]>>())).collect();
        assert_eq!(groups, [(&b"7"[..], rows.to_vec()), (b"8", vec![rows[0]])]);
    }

    #[test]
    fn json_of_one_key_is_one_list() {
        let mut found = Found::default();
        for (key, row) in [("7", 1), ("7", 2), ("8", 3)] {
            found.add("group", key, &row);
        }
        let groups: Vec<_> = found.groups().map(|(_, key, list)| (key, list)).collect();
        assert_eq!(groups, [(&b"7"[..], &b"[1,2]"[..]), (b"8", b"[3]")]);
    }
}
