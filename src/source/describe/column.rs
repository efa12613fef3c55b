//! A column as a mapping names it, or a path into one: found in each record by its place, which is looked up once a table.

use std::sync::OnceLock;

use crate::format::{Place, Record, Value};

/// A column's name, or a path into JSON: `profile.emails.0.address`, `attributes.name=mail.value`.
#[derive(Debug)]
pub(in crate::source) struct Column {
    path: Place,
    /// The path's first part, and the others.
    parts: Option<(Place, Vec<String>)>,
    /// Whether nobody has to have it: it is asked for whether it is there.
    pub(super) optional: bool,
    /// Where it stands among the rows of another table, if it does.
    pub(super) joined: OnceLock<Option<Joined>>,
}

/// A column of a joined table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Joined {
    /// The place of the join among all.
    pub(super) join: usize,
    /// The place among the columns that are kept of its rows.
    pub(super) field: usize,
}

impl Column {
    pub(in crate::source) fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        let mut parts = path.split('.').map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        let rest: Vec<String> = parts.collect();
        let parts = (!rest.is_empty()).then(|| (Place::new(first), rest));
        Self { optional: path.ends_with('*'), path: Place::new(path), parts, joined: OnceLock::new() }
    }

    pub(in crate::source) fn list(paths: Vec<String>) -> Vec<Self> {
        paths.into_iter().map(Self::new).collect()
    }

    /// As it was written.
    pub(in crate::source) fn path(&self) -> &str {
        self.path.name()
    }

    /// The first part of the path.
    pub(in crate::source) fn first(&self) -> &str {
        self.parts.as_ref().map_or(self.path(), |(first, _)| first.name())
    }

    /// The parts after the first.
    pub(super) fn rest(&self) -> &[String] {
        self.parts.as_ref().map_or(&[], |(_, rest)| rest)
    }

    /// The last part of the path, which is its name.
    pub(in crate::source) fn last(&self) -> &str {
        self.rest().last().map_or(self.path(), String::as_str)
    }

    /// What stands there in a record; JSON that is text is not looked into.
    #[inline]
    pub(super) fn value<'v, 'a>(&self, record: &'v Record<'a>) -> Option<&'v Value<'a>> {
        record.at(&self.path).or_else(|| self.within(record))
    }

    fn within<'v, 'a>(&self, record: &'v Record<'a>) -> Option<&'v Value<'a>> {
        let (first, rest) = self.parts.as_ref()?;
        rest.iter().try_fold(record.at(first)?, |value, part| member(value, part))
    }

    /// The path to what stands there in a later item of the list than the one that the path numbers: the second of `logins.0.hash`.
    pub(super) fn further(&self, record: &Record<'_>) -> Option<String> {
        let (first, rest) = self.parts.as_ref()?;
        let (at, number) = rest.iter().enumerate().find_map(|(at, part)| Some((at, part.parse::<usize>().ok()?)))?;
        let Value::List(items) = rest[..at].iter().try_fold(record.at(first)?, |value, part| member(value, part))?
        else {
            return None;
        };
        let holds = |item: &Value<'_>| {
            let found = rest[at + 1..].iter().try_fold(item, |value, part| member(value, part));
            found.and_then(Value::text).is_some_and(|text| !text.trim().is_empty())
        };
        let later = (number + 1..items.len()).find(|&later| holds(&items[later]))?;
        let mut path = vec![first.name().to_owned()];
        path.extend_from_slice(rest);
        path[at + 1] = later.to_string();
        Some(path.join("."))
    }

    /// The value of the path's first part.
    pub(super) fn outermost<'v, 'a>(&self, record: &'v Record<'a>) -> Option<&'v Value<'a>> {
        self.parts.as_ref().and_then(|(first, _)| record.at(first))
    }
}

/// A member of an object, an element of a list by its number, or the first whose member is this text: `name=mail`.
fn member<'v, 'a>(value: &'v Value<'a>, part: &str) -> Option<&'v Value<'a>> {
    let told = part.split_once('=');
    match (value, told) {
        (Value::List(items), Some((key, wanted))) => {
            items.iter().find(|item| item.member(key).and_then(Value::text).is_some_and(|text| text == wanted))
        }
        _ => value.member(part),
    }
}
