//! A record as a mapping sees it: columns, paths into JSON, and what stands in other tables.

use std::borrow::Cow;

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

/// What a record says at once of a list of columns.
pub(in crate::source) enum Here<'p, 'r> {
    /// The first that holds something, by its name, and what.
    Value(&'p str, &'r Value<'r>),
    /// None of them holds anything.
    Nothing,
    /// More has to be looked at: rows of other tables, JSON that is text, columns that are not there.
    Elsewhere,
}

impl Field<'_> {
    #[inline]
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
        match self.here(std::slice::from_ref(column)) {
            Here::Value(_, value) => Some(Field::Here(value)),
            Here::Nothing => None,
            Here::Elsewhere => self.look(column),
        }
    }

    /// What stands in the first of these columns that holds something, as far as the record says it at once: nearly all do, and
    /// nearly all columns are asked for of every record.
    #[inline]
    pub(in crate::source) fn here<'p>(self, columns: &'p [Column]) -> Here<'p, 'r> {
        let mut has_one = self.manner.ignore_missing;
        for column in columns {
            if self.is_joined(column) {
                return Here::Elsewhere;
            }
            match column.value(self.record) {
                Some(value) if !self.is_nothing(value) => return Here::Value(column.path(), value),
                Some(_) => has_one = true,
                // There may be JSON that is text.
                None if !column.rest().is_empty() => return Here::Elsewhere,
                None => {}
            }
        }
        if has_one { Here::Nothing } else { Here::Elsewhere }
    }

    #[inline]
    fn is_joined(self, column: &Column) -> bool {
        self.joined.is_some_and(|elsewhere| match column.joined.get() {
            Some(joined) => joined.is_some(),
            None => elsewhere.place(column).is_some(),
        })
    }

    fn look(self, column: &Column) -> Option<Field<'r>> {
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
        self.is_joined(column) || column.path().ends_with('*')
    }

    #[inline]
    pub(in crate::source) fn is_nothing(self, value: &Value<'_>) -> bool {
        let is_blank = |text: &str| {
            text.is_empty()
                || text.as_bytes()[0].is_ascii_whitespace() && text.trim().is_empty()
                || !self.manner.null.is_empty() && self.manner.null.iter().any(|null| *null == *text)
        };
        match value {
            Value::Text(Cow::Borrowed(text)) => is_blank(text),
            Value::Text(text) => is_blank(text),
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
    #[inline]
    pub(in crate::source) fn first<'p>(self, columns: &'p [Column]) -> Result<Option<(&'p str, Field<'r>)>, Refusal> {
        match self.here(columns) {
            Here::Value(column, value) => Ok(Some((column, Field::Here(value)))),
            Here::Nothing => Ok(None),
            Here::Elsewhere => self.first_of_all(columns),
        }
    }

    fn first_of_all<'p>(self, columns: &'p [Column]) -> Result<Option<(&'p str, Field<'r>)>, Refusal> {
        let found = columns.iter().find_map(|column| Some((column.path(), self.get(column)?)));
        if found.is_none() && !self.manner.ignore_missing && !columns.iter().any(|column| self.may_have(column)) {
            let paths: Vec<_> = columns.iter().map(Column::path).collect();
            return Err(strict::unclear(&paths.join("`, `"), "is named in the mapping and not in the export"));
        }
        Ok(found)
    }

    /// JSON objects leave out what they do not have; tables do not.
    fn may_have(self, column: &Column) -> bool {
        if self.is_joined(column) {
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
