//! Rows of related tables, by kind and key, until the users they belong to are read.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use crate::dialect::Related;
use crate::error::RunError;

/// What [`crate::dialect::Dialect::relate`] kept.
#[derive(Default)]
pub(super) struct Store {
    kinds: HashMap<&'static str, HashMap<String, Vec<Value>>>,
}

impl Store {
    /// Adds a row after those already there.
    pub fn insert(&mut self, kind: &'static str, key: String, row: Value) -> Result<(), RunError> {
        self.kinds.entry(kind).or_default().entry(key).or_default().push(row);
        Ok(())
    }
}

impl Related for Store {
    fn rows(&self, kind: &'static str, key: &str) -> Cow<'_, [Value]> {
        let rows = self.kinds.get(kind).and_then(|keys| keys.get(key));
        Cow::Borrowed(rows.map_or(&[], Vec::as_slice))
    }
}
