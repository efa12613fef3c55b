//! The words of a mapping: which of them the export really has, and which words of the export no key takes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::section::nearest;
use crate::format::Value;
use crate::source::kit::common;

/// Words of the export that are remembered.
const KEPT: usize = 12;

/// `map = { from = "to" }`, or a list of values. Remembers what it met: a key that never occurs is a mistake, mostly.
#[derive(Default)]
pub(in crate::source) struct Words {
    pairs: Vec<(String, String)>,
    met: Vec<AtomicBool>,
    others: RwLock<BTreeSet<String>>,
    /// Nobody has to know which of the keys occur: they are patterns, or those of a system.
    quiet: bool,
}

impl Words {
    pub(in crate::source) fn new(pairs: Vec<(String, String)>) -> Self {
        let met = pairs.iter().map(|_| AtomicBool::new(false)).collect();
        let quiet = pairs.iter().any(|(from, _)| from.contains('*'));
        Self { pairs, met, others: RwLock::default(), quiet }
    }

    /// A list of words, each of which is its own.
    pub(in crate::source) fn list(words: Vec<String>) -> Self {
        Self::new(words.into_iter().map(|word| (word.clone(), word)).collect())
    }

    /// Remembers nothing from here on.
    pub(in crate::source) const fn hush(&mut self) {
        self.quiet = true;
    }

    pub(in crate::source) const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// What a word is mapped to.
    pub(in crate::source) fn get(&self, word: &str) -> Option<&str> {
        self.find(word, |from| matches(from, word))
    }

    /// Whether a word is in the list, in whatever case.
    pub(in crate::source) fn holds(&self, word: &str) -> bool {
        self.find(word, |from| from.eq_ignore_ascii_case(word)).is_some()
    }

    /// As [`Self::holds`], of what may be no word: nothing is remembered.
    pub(in crate::source) fn has(&self, word: &str) -> bool {
        self.pairs.iter().any(|(from, _)| from.eq_ignore_ascii_case(word))
    }

    fn find(&self, word: &str, same: impl Fn(&str) -> bool) -> Option<&str> {
        let Some(at) = self.pairs.iter().position(|(from, _)| same(from)) else {
            self.remember(word);
            return None;
        };
        // Read first: a line of memory that all threads write to is slow.
        if !self.met[at].load(Ordering::Relaxed) {
            self.met[at].store(true, Ordering::Relaxed);
        }
        Some(&self.pairs[at].1)
    }

    fn remember(&self, word: &str) {
        let known = |others: &BTreeSet<String>| others.len() >= KEPT || others.contains(word);
        if self.pairs.is_empty() || self.quiet || known(&self.others.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if !known(&others) {
            others.insert(word.to_owned());
        }
    }

    /// What a person should know once everything is read. `others` says what became of words without a key; `None` where
    /// they may be anything, names and secrets among them.
    pub(in crate::source) fn noticed(&self, at: &str, others: Option<&str>) -> Vec<String> {
        if self.quiet {
            return Vec::new();
        }
        let kept = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let unmet = self.pairs.iter().zip(&self.met).filter(|(_, met)| !met.load(Ordering::Relaxed));
        let mut noticed: Vec<String> = unmet
            .map(|((from, _), _)| match others.and_then(|_| meant(from, &kept)) {
                Some(other) => format!("{at}: `{from}` never occurs; did you mean `{other}`?"),
                None => format!("{at}: `{from}` never occurs"),
            })
            .collect();
        if let Some(fate) = others.filter(|_| !kept.is_empty()) {
            let named: Vec<_> = kept.iter().take(KEPT - 1).map(|word| format!("`{}`", shortened(word))).collect();
            let more = if kept.len() == KEPT { " and others" } else { "" };
            noticed.push(format!("{at}: no key takes {}{more}: {fate}", named.join(", ")));
        }
        noticed
    }
}

/// Whether a word is of a pattern, in which `*` stands for anything.
pub(in crate::source) fn matches(pattern: &str, word: &str) -> bool {
    let Some((begins, rest)) = pattern.split_once('*') else { return pattern == word };
    let Some(mut word) = word.strip_prefix(begins) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return word.ends_with(part);
        }
        let Some(at) = word.find(part) else { return false };
        word = &word[at + part.len()..];
    }
    true
}

fn shortened(word: &str) -> String {
    word.chars().take(24).collect()
}

/// The word of the export that a key was meant for: another spelling of the same truth value, or of the same word.
fn meant<'w>(key: &str, words: &'w BTreeSet<String>) -> Option<&'w str> {
    let truth = |word: &str| common::truth(&Value::Text(word.into()));
    let same =
        |word: &&String| word.eq_ignore_ascii_case(key) || truth(key).is_some_and(|yes| truth(word) == Some(yes));
    let list: Vec<&str> = words.iter().map(String::as_str).collect();
    words.iter().find(same).map(String::as_str).or_else(|| nearest(key, &list))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, word, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("*b", "ab", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("{SHA256}*:*", "{SHA256}x:y", true),
            ("{SHA256}*:*", "{SHA256}x", false),
            ("*x*y*", "axbyc", true),
            ("*y*x*", "axbyc", false),
        ] {
            assert_eq!(matches(pattern, word), expected, "{pattern} {word}");
        }
    }
}
