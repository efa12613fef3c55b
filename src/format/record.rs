//! One record of an export, as every format presents it to every source.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::names::Names;

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Position {
    /// Counting user records of the whole export from 1, over all files.
    pub record: u64,
    /// Counting lines of the decompressed file from 1; where the record begins.
    pub line: u64,
    /// Byte offset into the decompressed file; where the record begins.
    pub byte: u64,
    /// Which of the export's files, counting from 0.
    pub file: u16,
}

/// A value as the format writes it. Formats without types (CSV, SQL text) give [`Value::Text`] and [`Value::Null`] only.
/// Three words: lists and objects are boxed slices, so that no fourth is needed to tell the kinds apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// SQL `NULL`, `\N`, JSON `null`.
    Null,
    /// JSON booleans.
    Bool(bool),
    /// JSON numbers.
    Number(serde_json::Number),
    /// Everything textual.
    Text(Cow<'a, str>),
    /// JSON arrays; repeated LDIF attributes.
    List(Box<[Value<'a>]>),
    /// JSON objects, members in the order of the file. A repeated member stands as often as it was written.
    Object(Box<[(Cow<'a, str>, Value<'a>)]>),
}

/// The columns of a table, shared by all its rows.
#[derive(Debug)]
pub struct Header {
    names: Names,
    /// Which header this is of all that a process makes: see [`Place`].
    number: u32,
    /// The list that [`Record::columns`] was asked for first, and where its names stand: beyond all columns, if nowhere.
    asked: OnceLock<(&'static [&'static str], Vec<u32>)>,
    /// See [`Header::slashed`].
    slashed: OnceLock<Vec<usize>>,
    /// See [`Header::beyond`].
    beyond: OnceLock<Vec<usize>>,
    /// See [`Header::twice`].
    twice: OnceLock<Vec<(usize, usize)>>,
}

impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Eq for Header {}

/// The columns that a source asks every record for; no name stands twice.
#[derive(Debug)]
pub struct ColumnList<const N: usize> {
    names: [&'static str; N],
    alias: Alias,
    places: OnceLock<Names>,
}

/// Which of a list's names another name stands for, and how well: the lowest rank wins, and every exact name before all.
pub type Alias = fn(&str) -> Option<(usize, u8)>;

impl<const N: usize> ColumnList<N> {
    /// A list of these.
    #[must_use]
    pub const fn new(names: [&'static str; N]) -> Self {
        Self::with_aliases(names, |_| None)
    }

    /// A list of these, under other names too.
    #[must_use]
    pub const fn with_aliases(names: [&'static str; N], alias: Alias) -> Self {
        Self { names, alias, places: OnceLock::new() }
    }

    /// The place in the list of a column, and its rank: 0 for the name itself.
    #[must_use]
    pub fn place(&self, column: &str) -> Option<(usize, u8)> {
        let places = self.places.get_or_init(|| Names::new(self.names.map(str::to_owned).to_vec()));
        places.index(column).map(|at| (at, 0)).or_else(|| (self.alias)(column))
    }

    /// Where each of the list stands among these columns: beyond all of them, if nowhere.
    #[must_use]
    pub fn among(&self, columns: &[String]) -> Vec<u32> {
        let mut best = vec![(u32::MAX, u8::MAX); N];
        for (index, column) in columns.iter().enumerate() {
            if let Some((at, rank)) = self.place(column)
                && (best[at].0 == u32::MAX || rank < best[at].1)
            {
                best[at] = (index as u32, rank);
            }
        }
        best.into_iter().map(|(index, _)| index).collect()
    }
}

/// A column that is looked up in record after record, and where it stood in the table that was asked last.
#[derive(Debug)]
pub struct Place {
    name: String,
    /// The header's number, and the place beneath it; beyond all columns, if it has none of that name.
    last: AtomicU64,
}

impl Place {
    /// The column of this exact name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), last: AtomicU64::new(0) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[inline]
    fn among(&self, header: &Header) -> usize {
        let last = self.last.load(Ordering::Relaxed);
        if last >> 32 == u64::from(header.number) { (last & u64::from(u32::MAX)) as usize } else { self.find(header) }
    }

    #[cold]
    fn find(&self, header: &Header) -> usize {
        let found = header.index(&self.name).and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX);
        self.last.store(u64::from(header.number) << 32 | u64::from(found), Ordering::Relaxed);
        found as usize
    }
}

/// What a record holds: a row under a header, or a JSON object.
#[derive(Debug, Clone)]
pub enum Fields<'a> {
    /// `cells` is as long as the header.
    Row {
        /// The table's columns.
        header: Arc<Header>,
        /// One value a column.
        cells: Vec<Value<'a>>,
    },
    /// The members of a JSON object that has those of one before it, in their order.
    Object {
        /// Their names.
        header: Arc<Header>,
        /// As many values.
        cells: Vec<Value<'a>>,
    },
    /// The members of a JSON object (or anything else with names of its own).
    Members(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// One record.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The record's number, line, byte and file, for people.
    pub position: Position,
    /// The table it belongs to, as the file names it; empty in formats without tables.
    pub table: Arc<str>,
    /// Its values.
    pub fields: Fields<'a>,
    /// The bytes of the record as they stand in the (decompressed, UTF-8) file, for the rejects file.
    pub raw: &'a [u8],
}

impl Header {
    /// A header of these columns, in order.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        // 0 is no header's.
        static MADE: AtomicU32 = AtomicU32::new(1);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self {
            names: Names::new(names),
            number,
            asked: OnceLock::new(),
            slashed: OnceLock::new(),
            beyond: OnceLock::new(),
            twice: OnceLock::new(),
        }
    }

    /// Where a name stands a second time, with where it stood first.
    #[must_use]
    pub fn twice(&self) -> &[(usize, usize)] {
        self.twice.get_or_init(|| {
            let names = self.names().iter().enumerate();
            names
                .filter_map(|(at, name)| self.index(name).filter(|first| *first < at).map(|first| (first, at)))
                .collect()
        })
    }

    /// The columns in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.names.list()
    }

    /// Where the columns stand that have a slash in their name (`google.com/rawId`).
    #[must_use]
    pub fn slashed(&self) -> &[usize] {
        self.slashed.get_or_init(|| (0..self.names().len()).filter(|&at| self.names()[at].contains('/')).collect())
    }

    /// Where the names stand that are not among `seen`, which is the same for all of an export.
    #[must_use]
    pub fn beyond(&self, seen: &[String]) -> &[usize] {
        self.beyond.get_or_init(|| (0..self.names().len()).filter(|&at| !seen.contains(&self.names()[at])).collect())
    }

    /// The first column of that exact name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.index(name)
    }
}

impl<'a> Record<'a> {
    /// The value of a column or top-level member of that exact name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        match &self.fields {
            Fields::Row { header, cells } | Fields::Object { header, cells } => {
                header.index(name).and_then(|i| cells.get(i))
            }
            Fields::Members(members) => find(members, name),
        }
    }

    /// [`Record::get`] of a column that many records are asked for.
    #[inline]
    #[must_use]
    pub fn at(&self, place: &Place) -> Option<&Value<'a>> {
        match &self.fields {
            Fields::Row { header, cells } | Fields::Object { header, cells } => cells.get(place.among(header)),
            Fields::Members(members) => find(members, &place.name),
        }
    }

    /// The name of the row's column that stands for one place in the list; `None` where that is not known at once.
    #[must_use]
    pub fn column_name<const N: usize>(&self, list: &'static ColumnList<N>, at: usize) -> Option<&str> {
        let (Fields::Row { header, .. } | Fields::Object { header, .. }) = &self.fields else { return None };
        let (asked, places) = header.asked.get()?;
        let place = std::ptr::eq(*asked, list.names.as_slice()).then(|| places.get(at))??;
        header.names().get(*place as usize).map(String::as_str)
    }

    /// [`Record::columns`] of one place in the list.
    #[must_use]
    pub fn column<const N: usize>(&self, list: &'static ColumnList<N>, at: usize) -> Option<&Value<'a>> {
        if let Fields::Row { header, cells } | Fields::Object { header, cells } = &self.fields
            && let Some((asked, places)) = header.asked.get()
            && std::ptr::eq(*asked, list.names.as_slice())
        {
            return places.get(at).and_then(|&place| cells.get(place as usize));
        }
        self.columns(list).get(at).copied().flatten()
    }

    /// [`Record::get`] of each of these names. A source reads the same columns of every record, so a header remembers where
    /// the first list it was asked for stands, and members are looked up in the list.
    #[must_use]
    pub fn columns<const N: usize>(&self, list: &'static ColumnList<N>) -> [Option<&Value<'a>>; N] {
        let names = &list.names;
        let mut found = [None; N];
        match &self.fields {
            Fields::Row { header, cells } | Fields::Object { header, cells } => {
                let (asked, places) = header.asked.get_or_init(|| (names, list.among(header.names())));
                let anew;
                let places = if std::ptr::eq(*asked, names.as_slice()) {
                    places
                } else {
                    anew = list.among(header.names());
                    &anew
                };
                for (value, &place) in found.iter_mut().zip(places) {
                    *value = cells.get(place as usize);
                }
            }
            Fields::Members(members) => {
                let mut ranks = [u8::MAX; N];
                for (name, value) in members {
                    if let Some((at, rank)) = list.place(name)
                        && (found[at].is_none() || rank < ranks[at])
                    {
                        (found[at], ranks[at]) = (Some(value), rank);
                    }
                }
            }
        }
        found
    }

    /// The value at a path of members and list indexes, `emails.0.address`.
    #[must_use]
    pub fn path(&self, path: &str) -> Option<&Value<'a>> {
        let mut parts = path.split('.');
        let first = self.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.member(part))
    }

    /// The text of a column: see [`Value::text`]. Absent, null and empty are all `None`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(Value::text).filter(|t| !t.is_empty())
    }

    /// Every column or member with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        let (row, members): (Option<_>, Option<_>) = match &self.fields {
            Fields::Row { header, cells } | Fields::Object { header, cells } => {
                (Some(header.names().iter().map(String::as_str).zip(cells)), None)
            }
            Fields::Members(members) => (None, Some(members.iter().map(|(n, v)| (n.as_ref(), v)))),
        };
        row.into_iter().flatten().chain(members.into_iter().flatten())
    }
}

impl<'a> Value<'a> {
    /// A member of an object, or an element of a list by its index.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value<'a>> {
        match self {
            Self::Object(members) => find(members, name),
            Self::List(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Text, and scalars as a person would write them; `None` for null, lists and objects.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// True for null, the empty text, and empty lists and objects.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Of rows, nearly all values are these, which one word tells; to tell all texts takes two comparisons and a jump.
        if let Self::Text(Cow::Borrowed(text)) = self { text.is_empty() } else { self.has_nothing() }
    }

    #[inline(never)]
    fn has_nothing(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
            other => matches!(other, Self::Null),
        }
    }

    /// The elements of a list; any other value is a list of itself, null of nothing.
    pub fn items(&self) -> impl Iterator<Item = &Value<'a>> {
        let slice = match self {
            Self::List(items) => &**items,
            Self::Null => &[],
            other => std::slice::from_ref(other),
        };
        slice.iter()
    }

    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned<'o>(self) -> Value<'o> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Number(n) => Value::Number(n),
            Self::Text(t) => Value::Text(Cow::Owned(t.into_owned())),
            Self::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
            Self::Object(members) => {
                Value::Object(members.into_iter().map(|(n, v)| (Cow::Owned(n.into_owned()), v.into_owned())).collect())
            }
        }
    }

    /// The same value, owned, for preferences.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::Number(n) => serde_json::Value::Number(n.clone()),
            Self::Text(t) => serde_json::Value::String(t.to_string()),
            Self::List(items) => items.iter().map(Value::to_json).collect(),
            Self::Object(members) => {
                serde_json::Value::Object(members.iter().map(|(n, v)| (n.to_string(), v.to_json())).collect())
            }
        }
    }
}

impl serde::Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Number(n) => n.serialize(serializer),
            Self::Text(t) => serializer.serialize_str(t),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

fn find<'v, 'a>(members: &'v [(Cow<'a, str>, Value<'a>)], name: &str) -> Option<&'v Value<'a>> {
    members.iter().find(|(n, _)| n == name).map(|(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_whichever_table_is_asked() {
        let place = Place::new("b");
        let row = |names: [&str; 2]| {
            let header = Arc::new(Header::new(names.map(str::to_owned).to_vec()));
            let cells = names.map(|name| Value::Text(name.to_owned().into())).to_vec();
            Record { position: Position::default(), table: "".into(), fields: Fields::Row { header, cells }, raw: b"" }
        };
        let rows = [row(["a", "b"]), row(["b", "c"]), row(["c", "d"])];
        for record in rows.iter().chain(&rows) {
            assert_eq!(record.at(&place), record.get("b"));
            assert_eq!(record.at(&place), record.get("b"));
        }
    }

    #[test]
    fn every_list_of_columns_gets_its_own_values() {
        static LISTS: [ColumnList<2>; 2] = [ColumnList::new(["b", "x"]), ColumnList::new(["a", "b"])];
        let header = Arc::new(Header::new(vec!["a".into(), "b".into()]));
        let cells = vec![Value::Text("1".into()), Value::Text("2".into())];
        let row =
            Record { position: Position::default(), table: "".into(), fields: Fields::Row { header, cells }, raw: b"" };
        let text = |name: &'static str, text: &'static str| (name.into(), Value::Text(text.into()));
        let members = Fields::Members(vec![text("a", "1"), text("b", "2"), text("c", "3"), text("b", "4")]);
        for record in [&row, &Record { fields: members, ..row.clone() }] {
            for list in LISTS.iter().chain(&LISTS) {
                assert_eq!(record.columns(list), list.names.map(|name| record.get(name)));
            }
        }
    }
}
