//! A record as a mapping sees it: columns, paths into JSON, and what stands in other tables.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::column::{Column, Joined};
use crate::code::Refusal;
use crate::format::record::Fields;
use crate::format::{Record, Value};
use crate::source::Context;
use crate::source::kit::common;
use crate::source::kit::strict;

/// What a path leads to that does not begin in the record itself.
pub(in crate::source) trait Elsewhere {
    /// Where this column stands there, if it does.
    fn place(&self, column: &Column) -> Option<Joined>;

    /// Everything that stands there for a record, in order.
    fn values(&self, row: Row<'_, '_>, joined: Joined, column: &Column) -> Vec<Value<'static>>;

    /// The first value of a column in the rows of this key: the name that something goes by.
    fn named(&self, column: &Column, key: &str) -> Option<String>;
}

/// How values are taken.
#[derive(Debug, Default)]
pub(in crate::source) struct Manner {
    /// Texts that mean nothing.
    pub(in crate::source) null: Vec<String>,
    /// Whether a column that the table has not is only an empty one.
    pub(in crate::source) ignore_missing: bool,
    /// Whether what is not understood is taken for nothing, and texts as they stand.
    pub(in crate::source) ignore_unclear: bool,
}

/// A record as the mapping sees it.
#[derive(Clone, Copy)]
pub(in crate::source) struct Row<'r, 'm> {
    pub(in crate::source) record: &'r Record<'r>,
    pub(in crate::source) manner: &'m Manner,
    /// The rows of other tables.
    pub(in crate::source) joined: Option<&'m dyn Elsewhere>,
    /// What lies ahead and what has passed is told by it.
    pub(in crate::source) now: Timestamp,
    /// `--email-domain`
    pub(in crate::source) domain: Option<&'r str>,
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

impl<'r, 'm> Row<'r, 'm> {
    pub(in crate::source) fn new(
        record: &'r Record<'r>,
        manner: &'m Manner,
        joined: Option<&'m dyn Elsewhere>,
        context: &Context<'r>,
    ) -> Self {
        Self { record, manner, joined, now: context.now, domain: context.email_domain }
    }

    /// A record without other tables, of which nothing is compared with now.
    pub(in crate::source) const fn alone(record: &'r Record<'r>, manner: &'m Manner) -> Self {
        Self { record, manner, joined: None, now: Timestamp::UNIX_EPOCH, domain: None }
    }

    /// The value of a column, or of a path into one. Nothing, blanks and nulls are `None`.
    pub(in crate::source) fn get(self, column: &Column) -> Option<Field<'r>> {
        if let Some(elsewhere) = self.joined
            && let Some(joined) = elsewhere.place(column)
        {
            let values = elsewhere.values(self, joined, column);
            return values.into_iter().find(|value| !self.is_nothing(value)).map(Field::Parsed);
        }
        let found = match column.value(self.record) {
            Some(value) => Field::Here(value),
            None => Field::Parsed(self.within_text(column)?),
        };
        (!self.is_nothing(found.value())).then_some(found)
    }

    /// Everything that stands there: of a joined table, one value a row; of `name*`, one for each column that begins so.
    pub(in crate::source) fn all(self, column: &Column) -> Vec<Field<'r>> {
        if let Some(elsewhere) = self.joined
            && let Some(joined) = elsewhere.place(column)
        {
            let values = elsewhere.values(self, joined, column).into_iter();
            return values.filter(|value| !self.is_nothing(value)).map(Field::Parsed).collect();
        }
        if let Some(beginning) = column.path().strip_suffix('*') {
            let begins = self.record.iter().filter(|(name, _)| name.starts_with(beginning));
            return begins.filter(|(_, value)| !self.is_nothing(value)).map(|(_, value)| Field::Here(value)).collect();
        }
        self.get(column).into_iter().collect()
    }

    /// Whether the column's values are those of several rows or columns.
    pub(in crate::source) fn is_several(self, column: &Column) -> bool {
        column.path().ends_with('*') || self.joined.is_some_and(|elsewhere| elsewhere.place(column).is_some())
    }

    pub(in crate::source) fn is_nothing(self, value: &Value<'_>) -> bool {
        match value {
            Value::Text(text) => {
                text.is_empty()
                    || text.as_bytes()[0].is_ascii_whitespace() && text.trim().is_empty()
                    || self.manner.null.iter().any(|null| *null == **text)
            }
            other => other.is_empty(),
        }
    }

    fn within_text(self, column: &Column) -> Option<Value<'static>> {
        let found = within(&common::json(column.outermost(self.record)?), column.rest())?;
        Some(common::value(&found))
    }

    /// The first of these columns that holds something, with its name.
    ///
    /// # Errors
    /// A table that has none of them: the mapping is wrong, and every user would lose the value.
    pub(in crate::source) fn first<'p>(self, columns: &'p [Column]) -> Result<Option<(&'p str, Field<'r>)>, Refusal> {
        let found = columns.iter().find_map(|column| Some((column.path(), self.get(column)?)));
        if found.is_none() && !self.manner.ignore_missing && !columns.iter().any(|column| self.may_have(column)) {
            let paths: Vec<_> = columns.iter().map(Column::path).collect();
            return Err(strict::unclear(&paths.join("`, `"), "is named in the mapping and not in the export"));
        }
        Ok(found)
    }

    /// JSON objects leave out what they do not have; tables do not.
    fn may_have(self, column: &Column) -> bool {
        if self.joined.is_some_and(|elsewhere| elsewhere.place(column).is_some()) {
            return true;
        }
        let Fields::Row { header, .. } = &self.record.fields else { return true };
        header.index(column.path()).or_else(|| header.index(column.first())).is_some()
    }

    /// Whether the record has such a column at all, be it without a value.
    pub(in crate::source) fn has(self, column: &Column) -> bool {
        match column.path().strip_suffix('*') {
            Some(beginning) => self.record.iter().any(|(name, _)| name.starts_with(beginning)),
            None => column.value(self.record).is_some(),
        }
    }
}

/// The value at a path, also within JSON that is a text.
pub(in crate::source) fn within(json: &Json, path: &[String]) -> Option<Json> {
    let [part, rest @ ..] = path else { return Some(json.clone()) };
    match json {
        Json::Object(members) => {
            let whole = (!rest.is_empty()).then(|| members.get(&path.join("."))).flatten();
            whole.cloned().or_else(|| within(members.get(part)?, rest))
        }
        Json::Array(items) => match part.split_once('=') {
            Some((key, wanted)) => {
                let is = |item: &&Json| item.get(key).and_then(Json::as_str) == Some(wanted);
                within(items.iter().find(is)?, rest)
            }
            None => within(items.get(part.parse::<usize>().ok()?)?, rest),
        },
        Json::String(text) => within(&serde_json::from_str(text).ok()?, path),
        _ => None,
    }
}
