//! TOML tables, taken apart key by key: what nobody took is an error that names the nearest key.

use toml::{Table, Value};

use crate::error::RunError;

/// Why a file is no mapping. Becomes [`RunError::usage`] with the file's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::source) struct Problem(pub(in crate::source) String);

pub(in crate::source) type Read<T> = Result<T, Problem>;

impl Problem {
    pub(in crate::source) fn in_file(self, path: &std::path::Path) -> RunError {
        RunError::usage(path.display().to_string()).because(self)
    }
}

/// A table that is being read, with its name for messages: `[user]`, `[user] email`.
pub(in crate::source) struct Section {
    name: String,
    table: Table,
    known: Vec<&'static str>,
}

impl Section {
    pub(in crate::source) fn new(name: impl Into<String>, table: Table) -> Self {
        Self { name: name.into(), table, known: Vec::new() }
    }

    /// The value of a key, which is one that exists whether it stands there or not.
    pub(in crate::source) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// A table within this one; empty if it is not there.
    pub(in crate::source) fn section(&mut self, key: &'static str, name: &str) -> Read<Section> {
        match self.take(key) {
            None => Ok(Section::new(name, Table::new())),
            Some(Value::Table(table)) => Ok(Section::new(name, table)),
            Some(_) => Err(Problem(format!("{name} is a table"))),
        }
    }

    pub(in crate::source) fn text(&mut self, key: &'static str) -> Read<Option<String>> {
        self.take(key).map(|value| text(&self.at(key), value)).transpose()
    }

    pub(in crate::source) fn texts(&mut self, key: &'static str) -> Read<Vec<String>> {
        self.take(key).map_or_else(|| Ok(Vec::new()), |value| texts(&self.at(key), value))
    }

    /// A table whose values are texts.
    pub(in crate::source) fn words(&mut self, key: &'static str) -> Read<Vec<(String, String)>> {
        let at = self.at(key);
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let Value::Table(table) = value else { return Err(Problem(format!("{at} is a table of texts"))) };
        table.into_iter().map(|(from, to)| Ok((from, text(&at, to)?))).collect()
    }

    /// A key that can only say what holds anyway; whether it stands there. Anything else is told `why` not.
    pub(in crate::source) fn settled(&mut self, key: &'static str, holds: &[&str], why: &str) -> Read<bool> {
        let Some(value) = self.take(key) else { return Ok(false) };
        let said = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if holds.contains(&said.as_str()) {
            Ok(true)
        } else {
            Err(Problem(format!("{} cannot be `{said}`: {why}", self.at(key))))
        }
    }

    /// What `rehome map` left to a person is said by now.
    pub(in crate::source) fn is_answered(&self) -> Read<()> {
        match self.table.iter().find(|(_, value)| value.as_str() == Some("?")) {
            None => Ok(()),
            Some((key, _)) => {
                Err(Problem(format!("{} is still a question (\"?\"): say which, or take the line out", self.at(key))))
            }
        }
    }

    /// `[user] email`, for messages.
    pub(in crate::source) fn at(&self, key: &str) -> String {
        format!("{} {key}", self.name)
    }

    /// The end of the table.
    pub(in crate::source) fn end(self) -> Read<()> {
        let Some(key) = self.table.keys().next() else { return Ok(()) };
        let tail = match nearest(key, &self.known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", self.known.join(", ")),
        };
        Err(Problem(format!("unknown key `{key}` in {}; {tail}", self.name)))
    }
}

pub(in crate::source) fn text(at: &str, value: Value) -> Read<String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(Problem(format!("{at} is a text, not {}", a(&other)))),
    }
}

/// One text, or a list of them.
pub(in crate::source) fn texts(at: &str, value: Value) -> Read<Vec<String>> {
    match value {
        Value::Array(items) => items.into_iter().map(|item| text(at, item)).collect(),
        other => Ok(vec![text(at, other)?]),
    }
}

/// `a boolean`, `an integer`.
pub(in crate::source) fn a(value: &Value) -> String {
    let kind = value.type_str();
    format!("{} {kind}", if kind.starts_with(['a', 'i']) { "an" } else { "a" })
}

/// The candidate that was probably meant: at most a third of the letters are wrong (inserted, deleted, replaced, or swapped
/// with their neighbour).
pub fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let distances = candidates.iter().map(|candidate| (strsim::osa_distance(word, candidate), *candidate));
    let (wrong, near) = distances.min_by_key(|(wrong, _)| *wrong)?;
    (wrong <= near.len().max(3) / 3).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_that_was_meant() {
        let keys = ["email", "email_verified", "enabled", "id"];
        assert_eq!(nearest("emial", &keys), Some("email"));
        assert_eq!(nearest("email_verifed", &keys), Some("email_verified"));
        assert_eq!(nearest("ide", &keys), Some("id"));
        assert_eq!(nearest("favourite", &keys), None);
    }
}
