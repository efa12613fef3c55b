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
}

impl Found {
    /// Keeps a row under a key, as JSON. Says that something was kept, as [`super::Source::relate`] does.
    pub fn add(&mut self, kind: &'static str, key: &str, row: &impl Serialize) -> Option<()> {
        match self.groups.last_mut() {
            Some((last, of, _)) if *last == kind && self.text[of.clone()] == *key.as_bytes() => self.text.push(b','),
            _ => {
                let start = self.text.len();
                self.text.extend_from_slice(key.as_bytes());
                let list = self.text.len();
                self.groups.push((kind, start..list, list..list));
            }
        }
        // Memory takes all that is written.
        let _ = serde_json::to_writer(&mut self.text, row);
        if let Some((_, _, list)) = self.groups.last_mut() {
            list.end = self.text.len();
        }
        Some(())
    }

    /// The groups: kind, key, and rows as JSON with commas between them.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, &[u8], &[u8])> {
        self.groups.iter().map(|(kind, key, rows)| (*kind, &self.text[key.clone()], &self.text[rows.clone()]))
    }
}
