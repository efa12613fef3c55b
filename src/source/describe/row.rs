//! A record as a mapping sees it: columns, paths into JSON, and what stands elsewhere.

use serde_json::Value as Json;

use crate::code::Refusal;
use crate::format::record::Fields;
use crate::format::{Record, Value};
use crate::source::kit::common;
use crate::source::kit::strict;

/// What a path leads to that does not begin in the record itself.
pub(in crate::source) trait Elsewhere {
    /// Whether this path leads there.
    fn has(&self, path: &str) -> bool;

    /// Everything that stands there for a record, in order.
    fn values(&self, row: Row<'_, '_>, path: &str) -> Vec<Value<'static>>;
}

/// A record as the mapping sees it.
#[derive(Clone, Copy)]
pub(in crate::source) struct Row<'r, 'm> {
    pub(in crate::source) record: &'r Record<'r>,
    /// Texts that mean nothing.
    pub(in crate::source) null: &'m [String],
    /// Whether a column that the table has not is only an empty one.
    pub(in crate::source) lenient: bool,
    /// The rows of other tables.
    pub(in crate::source) joined: Option<&'m dyn Elsewhere>,
}

/// A value of the record itself, or one within JSON that a column holds as text.
pub(in crate::source) enum Field<'r> {
    Here(&'r Value<'r>),
    Parsed(Value<'static>),
}

impl Field<'_> {
    pub(in crate::source) fn value(&self) -> &Value<'_> {
        match self {
            Self::Here(value) => value,
            Self::Parsed(value) => value,
        }
    }
}

impl<'r> Row<'r, '_> {
    /// The value of a column, or of a path into one: `profile.emails.0.address`. Nothing, blanks and nulls are `None`.
    pub(in crate::source) fn get(self, path: &str) -> Option<Field<'r>> {
        if let Some(joined) = self.joined.filter(|joined| joined.has(path)) {
            let values = joined.values(self, path);
            return values.into_iter().find(|value| !self.is_nothing(value)).map(Field::Parsed);
        }
        let found = match self.record.get(path).or_else(|| self.record.path(path)) {
            Some(value) => Field::Here(value),
            None => Field::Parsed(self.within_text(path)?),
        };
        (!self.is_nothing(found.value())).then_some(found)
    }

    fn is_nothing(self, value: &Value<'_>) -> bool {
        match value {
            Value::Text(text) => text.trim().is_empty() || self.null.iter().any(|null| *null == **text),
            other => other.is_empty(),
        }
    }

    fn within_text(self, path: &str) -> Option<Value<'static>> {
        let (column, rest) = path.split_once('.')?;
        let found = within(&common::json(self.record.get(column)?), rest)?;
        Some(common::value(&found))
    }

    /// The first of these columns that holds something, with its name.
    ///
    /// # Errors
    /// A table that has none of them: the mapping is wrong, and every user would lose the value.
    pub(in crate::source) fn first<'p>(self, columns: &'p [String]) -> Result<Option<(&'p str, Field<'r>)>, Refusal> {
        let found = columns.iter().find_map(|column| Some((column.as_str(), self.get(column)?)));
        if found.is_none() && !self.lenient && !columns.iter().any(|column| self.exists(column)) {
            return Err(strict::unclear(&columns.join("`, `"), "is named in the mapping and not in the export"));
        }
        Ok(found)
    }

    /// JSON objects leave out what they do not have; tables do not.
    fn exists(self, path: &str) -> bool {
        if self.joined.is_some_and(|joined| joined.has(path)) {
            return true;
        }
        let Fields::Row { header, .. } = &self.record.fields else { return true };
        let column = path.split('.').next().unwrap_or(path);
        header.index(path).or_else(|| header.index(column)).is_some()
    }
}

/// The value at a path, also within JSON that is a text.
pub(in crate::source) fn within(json: &Json, path: &str) -> Option<Json> {
    let parsed = |text: &String| serde_json::from_str::<Json>(text).ok();
    let part = first(path);
    let found = match json {
        Json::Object(members) => members.get(path).filter(|_| part.len() < path.len()).or_else(|| members.get(part))?,
        Json::Array(items) => items.get(part.parse::<usize>().ok()?)?,
        Json::String(text) => return within(&parsed(text)?, path),
        _ => return None,
    };
    match path.strip_prefix(part).and_then(|rest| rest.strip_prefix('.')) {
        Some(rest) if json.get(path).is_none() => within(found, rest),
        _ => Some(found.clone()),
    }
}

/// The first part of a path.
pub(in crate::source) fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}
