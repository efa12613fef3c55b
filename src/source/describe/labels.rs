//! Labels: what is made of columns that hold one or several words, of flags, and of the groups of other tables.

use std::borrow::Cow;

use toml::Value as Toml;

use super::column::Column;
use super::condition::Conditions;
use super::row::Row;
use super::section::{Problem, Read, Section};
use super::text::Between;
use super::words::Words;
use crate::code::{Code, Note, Refusal};
use crate::format::{Value, php};
use crate::source::kit::common;
use crate::source::kit::strict;

/// `"roles"`, `["roles", "groups"]`, or a table of `from` and how its words are read, or a list of such tables.
pub(in crate::source) struct Labels(Vec<Part>);

struct Part {
    from: Vec<Column>,
    split: Vec<char>,
    between: Option<Between>,
    map: Words,
    keep_others: bool,
    keep_numbers: bool,
    /// Where the names of what the words are the keys of stand.
    names: Vec<Column>,
    unnamed: Unnamed,
    flags: Vec<(Column, String)>,
    constant: Vec<String>,
    when: Conditions,
}

/// What becomes of a key that nothing names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// It is its own name, unless it is a number, which is nobody's name for it: that is noted.
    Note,
    Keep,
    Drop,
}

impl Labels {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        match value {
            Toml::Array(parts) if parts.iter().any(Toml::is_table) => {
                parts.into_iter().map(|part| Part::read(at, part)).collect::<Read<_>>().map(Self)
            }
            value => Ok(Self(vec![Part::read(at, value)?])),
        }
    }

    /// The labels; what is to be said of them goes into `notes`.
    pub(in crate::source) fn of<'r>(
        &self,
        row: Row<'r, '_>,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Cow<'r, str>>, Refusal> {
        let mut labels: Vec<Cow<'r, str>> = Vec::new();
        for part in &self.0 {
            if part.when.hold(row) {
                part.add(row, &mut labels, notes)?;
            }
        }
        Ok(labels)
    }

    /// Has nothing to say of the maps: see [`Words::hush`].
    pub(in crate::source) fn hush(&mut self) {
        self.0.iter_mut().for_each(|part| part.map.hush());
    }

    /// What is to be said of the maps, once everything is read.
    pub(in crate::source) fn noticed(&self) -> Vec<String> {
        let noticed = self.0.iter().flat_map(|part| {
            let fate = if part.keep_others { "kept as they stand" } else { "dropped" };
            part.map.noticed("[user] labels map", Some(fate))
        });
        noticed.collect()
    }

    /// Hands over the columns, each of which it needs.
    pub(in crate::source) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column])) {
        for part in &self.0 {
            let columns = part.from.iter().chain(part.flags.iter().map(|(column, _)| column)).chain(&part.names);
            columns.chain(part.when.columns()).for_each(|column| each(std::slice::from_ref(column)));
        }
    }
}

impl Part {
    fn read(at: &str, value: Toml) -> Read<Self> {
        let mut section = match value {
            Toml::Table(table) => Section::new(at, table),
            other => Section::new(at, toml::Table::from_iter([("from".to_owned(), other)])),
        };
        let flags = section.words("flags")?.into_iter().map(|(column, label)| (Column::new(column), label)).collect();
        let part = Self {
            from: Column::list(section.texts("from")?),
            split: separators(section.text("split")?.as_deref()),
            between: Between::read(&mut section)?,
            map: Words::new(section.words("map")?),
            keep_others: section.one_of("other", &["keep", "drop"])? != Some(1),
            keep_numbers: section.one_of("numbers", &["keep", "drop"])? != Some(1),
            names: Column::list(section.texts("names")?),
            unnamed: match section.one_of("unnamed", &["note", "keep", "drop"])? {
                None | Some(0) => Unnamed::Note,
                Some(1) => Unnamed::Keep,
                Some(_) => Unnamed::Drop,
            },
            flags,
            constant: section.texts("const")?,
            when: Conditions::take(&mut section, "when")?,
        };
        section.end()?;
        if part.names.iter().any(|names| names.rest().is_empty()) {
            return Err(Problem(format!("{at} names is a column of a join: \"groups.title\"")));
        }
        Ok(part)
    }

    fn add<'r>(&self, row: Row<'r, '_>, labels: &mut Vec<Cow<'r, str>>, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        let mut push = |label: String| {
            if !labels.contains(&Cow::Borrowed(&*label)) {
                labels.push(Cow::Owned(label));
            }
        };
        for column in &self.from {
            let found = if row.is_several(column) {
                row.all(column)
            } else {
                row.first(std::slice::from_ref(column))?.map(|(_, found)| found).into_iter().collect()
            };
            for field in found {
                for word in self.words(column.path(), field.value())? {
                    let named = self.between(word).and_then(|word| self.name(row, word, notes));
                    if let Some(label) = named.and_then(|name| self.mapped(name)) {
                        push(label);
                    }
                }
            }
        }
        for (column, label) in &self.flags {
            if let Some((_, found)) = row.first(std::slice::from_ref(column))? {
                match strict::boolean(column.path(), Some(found.value())) {
                    Ok(Some(true)) => push(label.clone()),
                    Err(refusal) if !row.manner.ignore_unclear => return Err(refusal),
                    _ => {}
                }
            }
        }
        self.constant.iter().for_each(|label| push(label.clone()));
        Ok(())
    }

    fn words(&self, column: &str, value: &Value<'_>) -> Result<Vec<String>, Refusal> {
        // WordPress and others: a:1:{s:6:"editor";b:1;}
        if let Value::Text(text) = value
            && text.starts_with("a:")
            && let Ok(unserialized) = php::unserialize(text)
        {
            return Ok(match &unserialized {
                Value::List(items) => items.iter().filter_map(Value::text).map(Cow::into_owned).collect(),
                _ => php::true_keys(text).unwrap_or_default().into_iter().map(Cow::into_owned).collect(),
            });
        }
        if self.split.is_empty() && !matches!(value, Value::List(_)) {
            return Ok(common::id(value).into_iter().map(Cow::into_owned).collect());
        }
        Ok(strict::words(column, Some(value), &self.split)?.into_iter().map(Cow::into_owned).collect())
    }

    fn between(&self, word: String) -> Option<String> {
        match &self.between {
            None => Some(word),
            Some(between) => between.of(&word).map(str::to_owned),
        }
    }

    /// A role that is mapped to nothing is dropped.
    fn mapped(&self, word: String) -> Option<String> {
        match self.map.get(&word) {
            Some(to) => Some(to.to_owned()).filter(|to| !to.is_empty()),
            None => Some(word).filter(|word| self.keep_others && (self.keep_numbers || !is_number(word))),
        }
    }

    /// What the word is the key of, by its name.
    fn name(&self, row: Row<'_, '_>, word: String, notes: &mut Vec<Note>) -> Option<String> {
        if self.names.is_empty() {
            return Some(word);
        }
        let found = row.joined.and_then(|elsewhere| self.names.iter().find_map(|names| elsewhere.named(names, &word)));
        if found.is_some() || self.unnamed == Unnamed::Drop {
            return found;
        }
        if self.unnamed == Unnamed::Keep || !is_number(&word) {
            return Some(word);
        }
        let text = format!("the name of group {word} is not in the export: it is left out");
        notes.push(Note::new(Code::LabelDropped, text));
        None
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// The characters that separate labels: as they stand, or as a class, `[,|;]`, with `|php|json` behind it for what is
/// understood without.
fn separators(split: Option<&str>) -> Vec<char> {
    match split {
        None | Some("php" | "json" | "php|json" | "json|php") => vec![',', '|', ';'],
        Some(split) => match split.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((class, _)) => class.chars().collect(),
            None => split.chars().collect(),
        },
    }
}
