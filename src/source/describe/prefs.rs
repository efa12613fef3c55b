//! Preferences: what is kept for the user to read.

use serde_json::{Map, Value as Json};
use toml::Value as Toml;

use super::column::Column;
use super::fates::Fates;
use super::row::Row;
use super::section::{Problem, Read, Section, texts};
use crate::code::Refusal;
use crate::format::Value;
use crate::source::kit::strict;
use crate::source::kit::{cell, common};

/// `["country", "plan"]`, or a table of `from`, `json`, `rename`, `types`, `const`, `nest` and more, or a list of such tables.
pub(in crate::source) struct Prefs(Vec<Part>);

struct Part {
    from: Vec<Column>,
    json: Vec<Column>,
    rename: Vec<(String, String)>,
    types: Vec<(String, Type)>,
    constant: Map<String, Json>,
    nest: Option<String>,
    /// Members of `json` that are not kept.
    except: Vec<String>,
    /// Text that holds an object or a list is kept as that.
    parse: bool,
    /// Every column that the file says nothing else of.
    rest: bool,
    /// The place of the name that people sign in with, among the others.
    username: bool,
}

#[derive(Clone, Copy)]
enum Type {
    Text,
    Int,
    Float,
    Bool,
    Json,
}

const TYPES: [(&str, Type); 5] =
    [("text", Type::Text), ("int", Type::Int), ("float", Type::Float), ("bool", Type::Bool), ("json", Type::Json)];

impl Prefs {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        match value {
            Toml::Array(parts) if parts.iter().any(Toml::is_table) => {
                parts.into_iter().map(|part| Part::read(at, part)).collect::<Read<_>>().map(Self)
            }
            value => Ok(Self(vec![Part::read(at, value)?])),
        }
    }

    /// The preferences; `username` stands where a part says so, else at the end.
    pub(in crate::source) fn of(
        &self,
        row: Row<'_, '_>,
        fates: &Fates,
        username: Option<&str>,
    ) -> Result<Map<String, Json>, Refusal> {
        let mut prefs = Map::new();
        for part in &self.0 {
            part.add(row, fates, username, &mut prefs)?;
        }
        Ok(prefs)
    }

    /// Whether every column is kept that the file says nothing else of.
    pub(in crate::source) fn keeps_the_rest(&self) -> bool {
        self.0.iter().any(|part| part.rest)
    }

    /// Hands over the columns, each of which it needs.
    pub(in crate::source) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column])) {
        let columns = self.0.iter().flat_map(|part| part.from.iter().chain(&part.json));
        columns.for_each(|column| each(std::slice::from_ref(column)));
    }
}

/// Puts the name that people sign in with into the preferences, unless it is there.
pub(in crate::source) fn keep_username(prefs: &mut Map<String, Json>, username: Option<&str>) {
    if let Some(username) = username.filter(|_| !prefs.contains_key("username")) {
        common::keep(prefs, "username", username.into());
    }
}

impl Part {
    fn read(at: &str, value: Toml) -> Read<Self> {
        let table = match value {
            Toml::Table(table) => table,
            other => toml::Table::from_iter([("from".to_owned(), Toml::from(texts(at, other)?))]),
        };
        let mut section = Section::new(at, table);
        let mut types = Vec::new();
        for (column, name) in section.words("types")? {
            let Some((_, of)) = TYPES.iter().find(|(known, _)| *known == name) else {
                return Err(Problem(format!("{at} types: `{name}`; there are text, int, float, bool and json")));
            };
            types.push((column, *of));
        }
        let constant = match section.take("const").map(serde_json::to_value) {
            None => Map::new(),
            Some(Ok(Json::Object(members))) => members,
            Some(_) => return Err(Problem(format!("{at} const is a table"))),
        };
        let part = Self {
            from: Column::list(section.texts("from")?),
            json: Column::list(section.texts("json")?),
            rename: section.words("rename")?,
            types,
            constant,
            nest: section.text("nest")?,
            except: section.texts("except")?,
            parse: section.flag("parse")?.unwrap_or(false),
            rest: section.flag("rest")?.unwrap_or(false),
            username: section.flag("username")?.unwrap_or(false),
        };
        section.end()?;
        Ok(part)
    }

    fn add(
        &self,
        row: Row<'_, '_>,
        fates: &Fates,
        username: Option<&str>,
        all: &mut Map<String, Json>,
    ) -> Result<(), Refusal> {
        let mut own = Map::new();
        let prefs = if self.nest.is_some() { &mut own } else { &mut *all };
        for column in &self.json {
            if let Some((_, found)) = row.first(std::slice::from_ref(column))? {
                let object = match strict::object(column.path(), Some(found.value())) {
                    Err(_) if row.manner.ignore_unclear => match common::json(found.value()) {
                        Json::Object(members) => members,
                        _ => Map::new(),
                    },
                    read => read?,
                };
                if prefs.is_empty() && self.except.is_empty() && !self.parse {
                    *prefs = object;
                    continue;
                }
                let kept = object.into_iter().filter(|(name, _)| !self.except.contains(name));
                if self.parse {
                    kept.for_each(|(name, value)| common::keep(prefs, &name, value));
                } else {
                    prefs.extend(kept);
                }
            }
        }
        if self.username {
            keep_username(prefs, username);
        }
        for column in &self.from {
            let Some((_, found)) = row.first(std::slice::from_ref(column))? else { continue };
            let value = self.typed(column.path(), found.value())?;
            let renamed = self.rename.iter().find(|(from, _)| from == column.path()).map(|(_, to)| to.as_str());
            match renamed {
                Some(path) => insert(prefs, path, value),
                None => common::keep(prefs, column.last(), value),
            }
        }
        if self.rest {
            for (name, value) in row.record.iter().filter(|(name, _)| fates.keeps(name)) {
                let kept = !row.is_nothing(value) && cell::kind_in(value).is_none();
                let value = if kept { common::json(value) } else { Json::Null };
                common::keep(prefs, name, value);
            }
        }
        if !self.constant.is_empty() {
            prefs.extend(self.constant.clone());
        }
        if let Some(name) = self.nest.as_ref().filter(|_| !own.is_empty()) {
            all.insert(name.clone(), Json::Object(own));
        }
        Ok(())
    }

    fn typed(&self, column: &str, value: &Value<'_>) -> Result<Json, Refusal> {
        let Some((_, of)) = self.types.iter().find(|(name, _)| name == column) else {
            return Ok(if self.parse { common::json(value) } else { value.to_json() });
        };
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
