//! JSON that holds a table in another way than as a list of objects: by columns, as pandas writes a data frame unless it is told
//! otherwise, or in rows beneath a row of names, as the API of Google Sheets does.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::members::{items, members, write, write_object};
use crate::bytes::every;

/// No more is read, as all of it has to be in memory.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Whether a file may be one, by its first bytes.
pub(super) fn may_be(head: &[u8]) -> bool {
    let head: Vec<u8> = head.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(512).collect();
    let has = |what: &[u8]| memchr::memmem::find(&head, what).is_some();
    let value = head.strip_prefix(b"{\"").and_then(|rest| {
        let name = memchr::memchr(b'"', rest)?;
        rest[name + 1..].strip_prefix(b":")
    });
    // A row's number, as a name.
    let is_number = |rest: &[u8]| {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        digits > 0 && rest[digits..].starts_with(b"\":")
    };
    head.starts_with(b"[[\"")
        || has(b"\"values\":[[\"")
        || value.is_some_and(|value| {
            let scalar = |b: &u8| b.is_ascii_digit() || matches!(b, b'"' | b't' | b'f' | b'n' | b'-' | b'[');
            value.strip_prefix(b"{\"").is_some_and(is_number)
                || value.strip_prefix(b"[").is_some_and(|list| list.first().is_some_and(scalar))
        })
}

/// The table as a list of objects, if there is one. Two columns of one name stay two.
pub(super) fn to_json(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: &RawValue = serde_json::from_slice(bytes).ok()?;
    if let Some(rows) = items(value) {
        return beneath_names(rows);
    }
    let members = members(value)?;
    let member = |name: &str| members.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
    let named = |name: &str| member(name).and_then(items);
    if member("majorDimension").is_some_and(|of| of.get() == "\"COLUMNS\"") {
        return behind_names(named("values")?);
    }
    match (named("values"), named("columns"), named("data")) {
        (Some(rows), ..) if rows.first().is_some_and(|row| row.get().starts_with('[')) => beneath_names(rows),
        (_, Some(columns), Some(data)) => table(&names(&columns)?, named("index").as_deref(), data),
        _ => by_columns(&members),
    }
}

/// `[["id", "email"], [1, "a@example.com"]]`
fn beneath_names(rows: Vec<&RawValue>) -> Option<Vec<u8>> {
    let mut rows = rows.into_iter();
    table(&names(&items(rows.next()?)?)?, None, rows.collect())
}

/// `[["id", 1], ["email", "a@example.com"]]`: cells at the end that are empty are left out here, too.
fn behind_names(columns: Vec<&RawValue>) -> Option<Vec<u8>> {
    let columns: Vec<_> = columns.into_iter().map(items).collect::<Option<_>>()?;
    let heads: Vec<&RawValue> = columns.iter().map(|cells| cells.first().copied()).collect::<Option<_>>()?;
    let names = names(&heads)?;
    let mut out = Rows::default();
    for at in 1..columns.iter().map(Vec::len).max().unwrap_or(0) {
        let cells = names.iter().zip(&columns).filter_map(|(name, cells)| Some((name.as_str(), *cells.get(at)?)));
        out.push(cells)?;
    }
    out.finish()
}

fn names(columns: &[&RawValue]) -> Option<Vec<String>> {
    let names = columns.iter().map(|name| serde_json::from_str(name.get()).ok()).collect::<Option<Vec<String>>>()?;
    (names.len() > 1 && !names.iter().any(|name| name.contains('@'))).then_some(names)
}

/// The column of rows' own names, unless they are counted only.
fn index<'t>(of: Option<&[&'t RawValue]>) -> Option<(&'static str, Vec<&'t RawValue>)> {
    let is_counted = |index: &&[&RawValue]| index.iter().enumerate().all(|(at, key)| key.get() == at.to_string());
    of.filter(|index| !is_counted(index)).map(|index| ("index", index.to_vec()))
}

fn table(names: &[String], keys: Option<&[&RawValue]>, rows: Vec<&RawValue>) -> Option<Vec<u8>> {
    let keys = index(keys).filter(|(_, keys)| keys.len() == rows.len());
    let mut out = Rows::default();
    for (at, row) in rows.into_iter().enumerate() {
        // Cells at the end that are empty are left out.
        let cells = items(row).filter(|cells| cells.len() <= names.len())?;
        let key = keys.iter().map(|(name, keys)| (*name, keys[at]));
        out.push(key.chain(names.iter().map(String::as_str).zip(cells)))?;
    }
    out.finish()
}

/// `{"id": {"0": 1, …}, "email": {"0": "a@example.com", …}}`, or lists in the place of objects.
fn by_columns(members: &[(Cow<'_, str>, &RawValue)]) -> Option<Vec<u8>> {
    let is_cell = |cell: &&RawValue| !cell.get().starts_with(['{', '[']);
    let (mut keys, mut columns) = (None, Vec::new());
    for (name, column) in members {
        let (own, cells): (Vec<String>, Vec<&RawValue>) = match items(column) {
            Some(cells) if cells.iter().all(is_cell) => ((0..cells.len()).map(|at| at.to_string()).collect(), cells),
            Some(_) => return None,
            None => self::members(column)?.into_iter().map(|(key, cell)| (key.into_owned(), cell)).unzip(),
        };
        let is_counted = || own.iter().enumerate().all(|(at, key)| *key == at.to_string());
        let is_number = |key: &String| !key.is_empty() && every(key.as_bytes(), |b| b.is_ascii_digit());
        if !own.iter().all(is_number) || !cells.iter().all(is_cell) && !is_counted() {
            return None;
        }
        if *keys.get_or_insert_with(|| own.clone()) != own {
            return None;
        }
        columns.push((&**name, cells));
    }
    let keys = keys.filter(|keys| columns.len() > 1 && !keys.is_empty())?;
    let written: Vec<_> = keys.iter().map(serde_json::value::to_raw_value).collect::<Result<_, _>>().ok()?;
    let is_counted = keys.iter().enumerate().all(|(at, key)| *key == at.to_string());
    let mut out = Rows::default();
    for (at, key) in written.iter().enumerate() {
        let key = (!is_counted).then_some(("index", &**key));
        out.push(key.into_iter().chain(columns.iter().map(|(name, cells)| (*name, cells[at]))))?;
    }
    out.finish()
}

/// The list as it is written.
#[derive(Default)]
struct Rows(Vec<u8>);

impl Rows {
    fn push<'t>(&mut self, row: impl Iterator<Item = (&'t str, &'t RawValue)>) -> Option<()> {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        write_object(row, &mut self.0, write).ok()
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        self.0.extend_from_slice(if self.0.is_empty() { b"[]" } else { b"]" });
        Some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        to_json(text.as_bytes()).map(|json| String::from_utf8(json).expect("UTF-8"))
    }

    #[test]
    fn a_table_in_any_form_is_a_list_of_objects() {
        let list = r#"[{"id":1,"mail":"a@b.c"},{"id":2,"mail":null}]"#;
        for text in [
            r#"{"id":{"0":1,"1":2},"mail":{"0":"a@b.c","1":null}}"#,
            r#"{"id":[1,2],"mail":["a@b.c",null]}"#,
            "{\"columns\":[\"id\",\"mail\"],\n \"index\":[0,1],\"data\":[[1,\"a@b.c\"],[2,null]]}",
            r#"[["id","mail"],[1,"a@b.c"],[2,null]]"#,
            r#"{"range":"A1:B3","majorDimension":"ROWS","values":[["id","mail"],[1,"a@b.c"],[2,null]]}"#,
            r#"{"range":"A1:B3","majorDimension":"COLUMNS","values":[["id",1,2],["mail","a@b.c",null]]}"#,
        ] {
            assert!(may_be(text.as_bytes()), "{text}");
            assert_eq!(read(text).as_deref(), Some(list), "{text}");
        }
        // Names of rows are handed on, names twice stay two, and digits are their own.
        for (text, list) in [
            (
                r#"{"columns":["id","mail"],"index":[501,502],"data":[[1,"a@b.c"],[2,null]]}"#,
                r#"[{"index":501,"id":1,"mail":"a@b.c"},{"index":502,"id":2,"mail":null}]"#,
            ),
            (
                r#"{"id":{"0":1,"2":2},"mail":{"0":"a@b.c","2":null}}"#,
                r#"[{"index":"0","id":1,"mail":"a@b.c"},{"index":"2","id":2,"mail":null}]"#,
            ),
            (
                r#"{"mail":{"501":"a@b.c","502":null},"on":{"501":true,"502":false}}"#,
                r#"[{"index":"501","mail":"a@b.c","on":true},{"index":"502","mail":null,"on":false}]"#,
            ),
            (
                r#"{"majorDimension":"COLUMNS","values":[["id","1","2"],["mail","a@b.c"]]}"#,
                r#"[{"id":"1","mail":"a@b.c"},{"id":"2"}]"#,
            ),
            (
                r#"[["id","banned","banned"],[18446744073709551617,true,false]]"#,
                r#"[{"id":18446744073709551617,"banned":true,"banned":false}]"#,
            ),
            (
                r#"{"id":{"0":98765432109876543210},"on":{"0":true},"on":{"0":false}}"#,
                r#"[{"id":98765432109876543210,"on":true,"on":false}]"#,
            ),
        ] {
            assert!(may_be(text.as_bytes()), "{text}");
            assert_eq!(read(text).as_deref(), Some(list), "{text}");
        }
        for text in [
            r#"{"users":[{"id":1}]}"#,
            r#"[{"id":1}]"#,
            r#"{"id":1,"mail":"a@b.c"}"#,
            r#"{"tags":["a","b"],"mail":"a@b.c"}"#,
            r#"{"admins":["a","b"],"users":["c"]}"#,
            r#"[["a@b.c","x"],["d@b.c","y"]]"#,
            r#"{"id":{"0":1,"2":2},"mail":{"0":"a@b.c","1":null}}"#,
            r#"{"users":{"7":{"mail":"a@b.c"}},"posts":{"7":{"text":"x"}}}"#,
        ] {
            assert!(!may_be(text.as_bytes()) || to_json(text.as_bytes()).is_none(), "{text}");
        }
    }
}
