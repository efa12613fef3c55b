//! Labels and preferences: what is made of several columns, or of columns that hold several values.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use toml::Value as Toml;

use super::row::Row;
use super::section::{Problem, Read, Section, texts};
use super::words::Words;
use crate::code::Refusal;
use crate::format::{Value, php};
use crate::source::kit::common;
use crate::source::kit::strict;

/// `"roles"`, `["roles", "groups"]`, or a table of `from`, `split`, `map`, `other`, `flags` and `const`.
pub(in crate::source) struct Labels {
    from: Vec<String>,
    split: Vec<char>,
    map: Words,
    keep_others: bool,
    flags: Vec<(String, String)>,
    constant: Vec<String>,
}

impl Labels {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        let mut section = match value {
            Toml::Table(table) => Section::new(at, table),
            other => Section::new(at, toml::Table::from_iter([("from".to_owned(), other)])),
        };
        let labels = Self {
            from: section.texts("from")?,
            split: separators(section.text("split")?.as_deref()),
            map: Words::new(section.words("map")?),
            keep_others: match section.text("other")?.as_deref() {
                None | Some("keep") => true,
                Some("drop") => false,
                Some(other) => return Err(Problem(format!("{at} other is `{other}`; there are keep and drop"))),
            },
            flags: section.words("flags")?,
            constant: section.texts("const")?,
        };
        section.end()?;
        Ok(labels)
    }

    pub(in crate::source) fn of<'r>(&self, row: Row<'r, '_>) -> Result<Vec<Cow<'r, str>>, Refusal> {
        let mut labels: Vec<Cow<'r, str>> = Vec::new();
        for column in &self.from {
            let Some((_, found)) = row.first(std::slice::from_ref(column))? else { continue };
            let words = self.words(column, found.value())?;
            labels.extend(words.into_iter().filter_map(|word| self.mapped(word)).map(Cow::Owned));
        }
        for (column, label) in &self.flags {
            if let Some((_, found)) = row.first(std::slice::from_ref(column))?
                && strict::boolean(column, Some(found.value()))? == Some(true)
            {
                labels.push(Cow::Owned(label.clone()));
            }
        }
        labels.extend(self.constant.iter().map(|label| Cow::Owned(label.clone())));
        Ok(labels)
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
        Ok(strict::words(column, Some(value), &self.split)?.into_iter().map(Cow::into_owned).collect())
    }

    /// A role that is mapped to nothing is dropped.
    fn mapped(&self, word: String) -> Option<String> {
        match self.map.get(&word) {
            Some(to) => Some(to.to_owned()).filter(|to| !to.is_empty()),
            None => self.keep_others.then_some(word),
        }
    }

    /// What is to be said of the map, once everything is read.
    pub(in crate::source) fn noticed(&self) -> Vec<String> {
        let fate = if self.keep_others { "kept as they stand" } else { "dropped" };
        self.map.noticed("[user] labels map", Some(fate))
    }

    pub(in crate::source) fn columns(&self) -> impl Iterator<Item = &str> {
        self.from.iter().chain(self.flags.iter().map(|(column, _)| column)).map(String::as_str)
    }
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

/// `["country", "plan"]`, or a table of `from`, `json`, `rename`, `types`, `const` and `nest`.
pub(in crate::source) struct Prefs {
    from: Vec<String>,
    json: Vec<String>,
    rename: Vec<(String, String)>,
    types: Vec<(String, Type)>,
    constant: Map<String, Json>,
    nest: Option<String>,
}

#[derive(Clone, Copy)]
enum Type {
    Text,
    Int,
    Float,
    Bool,
    Json,
}

impl Prefs {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        let table = match value {
            Toml::Table(table) => table,
            other => toml::Table::from_iter([("from".to_owned(), Toml::from(texts(at, other)?))]),
        };
        let mut section = Section::new(at, table);
        let mut types = Vec::new();
        for (column, name) in section.words("types")? {
            let of = match name.as_str() {
                "text" => Type::Text,
                "int" => Type::Int,
                "float" => Type::Float,
                "bool" => Type::Bool,
                "json" => Type::Json,
                _ => return Err(Problem(format!("{at} types: `{name}`; there are text, int, float, bool and json"))),
            };
            types.push((column, of));
        }
        let constant = match section.take("const").map(serde_json::to_value) {
            None => Map::new(),
            Some(Ok(Json::Object(members))) => members,
            Some(_) => return Err(Problem(format!("{at} const is a table"))),
        };
        let prefs = Self {
            from: section.texts("from")?,
            json: section.texts("json")?,
            rename: section.words("rename")?,
            types,
            constant,
            nest: section.text("nest")?,
        };
        section.end()?;
        Ok(prefs)
    }

    pub(in crate::source) fn of(&self, row: Row<'_, '_>) -> Result<Map<String, Json>, Refusal> {
        let mut prefs = Map::new();
        for column in &self.json {
            if let Some((_, found)) = row.first(std::slice::from_ref(column))? {
                prefs.extend(strict::object(column, Some(found.value()))?);
            }
        }
        for column in &self.from {
            let Some((_, found)) = row.first(std::slice::from_ref(column))? else { continue };
            let value = self.typed(column, found.value())?;
            let renamed = self.rename.iter().find(|(from, _)| from == column).map(|(_, to)| to.as_str());
            match renamed {
                Some(path) => insert(&mut prefs, path, value),
                // A path's last part is its name.
                None => common::keep(&mut prefs, column.rsplit('.').next().unwrap_or(column), value),
            }
        }
        prefs.extend(self.constant.clone());
        Ok(match &self.nest {
            Some(name) if !prefs.is_empty() => Map::from_iter([(name.clone(), Json::Object(prefs))]),
            _ => prefs,
        })
    }

    fn typed(&self, column: &str, value: &Value<'_>) -> Result<Json, Refusal> {
        let Some((_, of)) = self.types.iter().find(|(name, _)| name == column) else { return Ok(value.to_json()) };
        let text = || strict::scalar(column, Some(value)).map(Option::unwrap_or_default);
        let unclear = |kind: &str| strict::unclear(column, format_args!("holds what is no {kind}"));
        Ok(match of {
            Type::Text => Json::String(text()?.into_owned()),
            Type::Int => text()?.parse::<i64>().map_err(|_| unclear("whole number"))?.into(),
            Type::Float => text()?.parse::<f64>().map_err(|_| unclear("number"))?.into(),
            Type::Bool => strict::boolean(column, Some(value))?.into(),
            Type::Json => match value {
                Value::Text(text) => serde_json::from_str(text).map_err(|_| unclear("JSON"))?,
                other => other.to_json(),
            },
        })
    }

    pub(in crate::source) fn columns(&self) -> impl Iterator<Item = &str> {
        self.from.iter().chain(&self.json).map(String::as_str)
    }
}

/// `address.city` goes into an object `address`.
fn insert(prefs: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => common::keep(prefs, path, value),
        Some((object, rest)) => {
            let entry = prefs.entry(object).or_insert_with(|| Json::Object(Map::new()));
            if !entry.is_object() {
                *entry = Json::Object(Map::new());
            }
            if let Json::Object(members) = entry {
                insert(members, rest, value);
            }
        }
    }
}
