//! TOML tables, taken apart key by key: what nobody took is an error that names the nearest key.

use toml::{Table, Value};

use crate::error::RunError;

/// Why a file is no mapping. Becomes [`RunError::usage`] with the file's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::source) struct Problem(pub(in crate::source) String);

pub(in crate::source) type Read<T> = Result<T, Problem>;

impl Problem {
    /// With the line of the file that it is about, as far as its words tell.
    pub(in crate::source) fn in_line_of(self, text: &str) -> Self {
        match line_of(text, &self.0) {
            Some(line) => Self(format!("line {line}: {}", self.0)),
            None => self,
        }
    }

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

    /// Tables: `[[name]]`, or a list of tables in braces. `one` makes a table of an item that is none.
    pub(in crate::source) fn tables(&mut self, key: &'static str, one: Option<&str>) -> Read<Vec<Section>> {
        let at = self.at(key);
        self.tables_at(key, &at, one)
    }

    /// As [`Self::tables`] of a whole file: `[[users]]`.
    pub(in crate::source) fn tables_named(&mut self, key: &'static str, name: &str) -> Read<Vec<Section>> {
        self.tables_at(key, name, None)
    }

    fn tables_at(&mut self, key: &'static str, at: &str, one: Option<&str>) -> Read<Vec<Section>> {
        let items = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(table) => vec![table],
        };
        let section = |value| match (value, one) {
            (Value::Table(table), _) => Ok(Section::new(at, table)),
            (other, Some(key)) => Ok(Section::new(at, Table::from_iter([(key.to_owned(), other)]))),
            (other, None) => Err(Problem(format!("{at} is a list of tables, not {}", a(&other)))),
        };
        items.into_iter().map(section).collect()
    }

    /// `true` or `false`.
    pub(in crate::source) fn flag(&mut self, key: &'static str) -> Read<Option<bool>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(flag)),
            Some(other) => Err(Problem(format!("{} is true or false, not {}", self.at(key), a(&other)))),
        }
    }

    /// A number that is not negative.
    pub(in crate::source) fn number(&mut self, key: &'static str) -> Read<Option<usize>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Integer(n)) if usize::try_from(n).is_ok() => Ok(usize::try_from(n).ok()),
            Some(other) => {
                Err(Problem(format!("{} is a number that is not negative, not {}", self.at(key), a(&other))))
            }
        }
    }

    /// One of these words.
    pub(in crate::source) fn one_of(&mut self, key: &'static str, words: &[&str]) -> Read<Option<usize>> {
        let Some(word) = self.text(key)? else { return Ok(None) };
        let found = words.iter().position(|known| *known == word);
        found.map(Some).ok_or_else(|| {
            let (last, others) = words.split_last().unwrap_or((&"", &[]));
            Problem(format!("{} is `{word}`; there are {} and {last}", self.at(key), others.join(", ")))
        })
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
        if let Some((key, _)) = self.table.iter().find(|(_, value)| value.as_str() == Some("?")) {
            return Err(Problem(format!(
                "{} is still a question (\"?\"): say which, or take the line out",
                self.at(key)
            )));
        }
        match self.table.iter().find(|(_, value)| is_left_open(value)) {
            None => Ok(()),
            Some((key, _)) => Err(Problem(format!(
                "{} still has an … where values are to be named: those that let in, or those that keep out",
                self.at(key)
            ))),
        }
    }

    /// Its name, for messages.
    pub(in crate::source) fn name(&self) -> &str {
        &self.name
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

/// Whether dots stand in it that a message had in the place of values.
fn is_left_open(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "…",
        Value::Array(items) => items.iter().any(is_left_open),
        Value::Table(table) => table.values().any(is_left_open),
        _ => false,
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

/// The line of what a problem names: a value in quotes, or a section, `[user]`, and a key in it.
fn line_of(text: &str, problem: &str) -> Option<usize> {
    let name = |text: &str| text.trim_start_matches('[').split(']').next().unwrap_or_default().trim().to_owned();
    let (unknown, place) = match problem.strip_prefix("unknown key `").and_then(|rest| rest.split_once("` in ")) {
        Some((key, place)) => (Some(key), place),
        None => (None, problem),
    };
    let quoted = problem.split('`').nth(1).filter(|_| unknown.is_none()).map(|value| format!("\"{value}\""));
    let mut holding = text.lines().enumerate().filter(|(_, line)| quoted.as_ref().is_some_and(|q| line.contains(q)));
    if let (Some((at, _)), None) = (holding.next(), holding.next()) {
        return Some(at + 1);
    }
    let (section, key) = match place.split_once(']') {
        Some((section, rest)) if section.starts_with('[') => {
            (name(section), unknown.or_else(|| rest.trim_start_matches(']').split_whitespace().next()))
        }
        _ => (String::new(), unknown),
    };
    let key = key.map(|key| key.trim_end_matches([':', ',', ';']));
    let dotted = key.map(|key| if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") });
    let (mut within, mut begun) = (section.is_empty(), None);
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('[') {
            let header = name(line.trim_start());
            if dotted.as_ref() == Some(&header) {
                return Some(at + 1);
            }
            within = header == section || section.is_empty() || header.starts_with(&format!("{section}."));
            begun = begun.or(within.then_some(at + 1));
        }
        if within && key.is_some_and(|key| gives(line, key)) {
            return Some(at + 1);
        }
    }
    begun
}

/// Whether a line gives a value to a key, also within braces.
fn gives(line: &str, key: &str) -> bool {
    line.match_indices(key).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        !line[..at].ends_with(is_part) && line[at + key.len()..].trim_start().starts_with('=')
    })
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
