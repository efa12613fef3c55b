//! Records by hand, for the tests of sources.
#![expect(clippy::missing_panics_doc, reason = "only tests call these, with literals")]

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::format::{Fields, Header, Position, Record, TableSample, Value};
use crate::source::{Context, Related};

/// A value of JSON.
pub fn value(json: serde_json::Value) -> Value<'static> {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => Value::Number(n),
        serde_json::Value::String(s) => Value::Text(Cow::Owned(s)),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(value).collect()),
        serde_json::Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, member)| (Cow::Owned(name), value(member))).collect())
        }
    }
}

/// A record of a JSON object.
pub fn record(object: serde_json::Value) -> Record<'static> {
    let Value::Object(members) = value(object) else { panic!("a record is an object") };
    Record {
        position: Position::default(),
        table: Arc::from(""),
        fields: Fields::Members(members.into_vec()),
        raw: b"",
    }
}

/// A record of a table with columns, all text.
pub fn row(table: &str, columns: &[&str], cells: &[&str]) -> Record<'static> {
    let header = Arc::new(Header::new(columns.iter().map(|&c| c.to_owned()).collect()));
    let cells = cells.iter().map(|&c| Value::Text(Cow::Owned(c.to_owned()))).collect();
    Record { position: Position::default(), table: Arc::from(table), fields: Fields::Row { header, cells }, raw: b"" }
}

/// A table of these columns, without rows.
pub fn table(name: &str, format: crate::format::Format, columns: &[&str]) -> TableSample {
    TableSample {
        file: 0,
        path: "export".into(),
        format,
        table: name.to_owned(),
        columns: columns.iter().map(|&c| c.to_owned()).collect(),
        width: columns.len(),
        records: Vec::new(),
        head: String::new(),
    }
}

/// Related rows by hand.
#[derive(Default)]
pub struct Rows(HashMap<(&'static str, String), Vec<Vec<u8>>>);

impl Rows {
    /// Keeps what a source keeps of a record.
    pub fn relate(&mut self, source: &dyn crate::source::Source, kind: &'static str, record: &Record<'_>) {
        let mut found = crate::source::Found::default();
        source.relate(kind, record, &mut found);
        for (kind, key, list) in found.groups() {
            self.0.entry((kind, String::from_utf8_lossy(key).into_owned())).or_default().push(list.to_owned());
        }
    }
}

impl Related for Rows {
    fn lists(&self, kind: &'static str, key: &str, each: &mut dyn FnMut(&[u8]) -> serde_json::Result<()>) {
        for list in self.0.get(&(kind, key.to_owned())).into_iter().flatten() {
            each(list).expect("a list");
        }
    }
}

/// A run that knows nothing but these rows and that it is 2026.
pub fn context(related: &dyn Related) -> Context<'_> {
    Context {
        firebase: None,
        scheme: None,
        keep_dates: false,
        email_domain: None,
        plain_passwords: false,
        ignore: &[],
        pepper: None,
        now: "2026-01-01T00:00:00Z".parse().expect("a literal"),
        columns: &[],
        related,
    }
}
