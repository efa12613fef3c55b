//! JSON that holds a table in another way than as a list of objects: by columns, as pandas writes a data frame unless it is told
//! otherwise, or in rows beneath a row of names, as the API of Google Sheets does.

use serde_json::{Map, Value as Json};

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
    head.starts_with(b"[[\"")
        || has(b"\"values\":[[\"")
        || value.is_some_and(|value| {
            let scalar = |b: &u8| b.is_ascii_digit() || matches!(b, b'"' | b't' | b'f' | b'n' | b'-' | b'[');
            value.starts_with(b"{\"0\":")
                || value.strip_prefix(b"[").is_some_and(|list| list.first().is_some_and(scalar))
        })
}

/// The table as a list of objects, if there is one.
pub(super) fn to_json(bytes: &[u8]) -> Option<String> {
    let rows = match serde_json::from_slice(bytes).ok()? {
        Json::Array(rows) => beneath_names(rows)?,
        Json::Object(mut members) => match members.remove("values") {
            Some(Json::Array(rows)) if rows.first().is_some_and(Json::is_array) => beneath_names(rows)?,
            Some(values) => {
                members.insert("values".to_owned(), values);
                by_columns(members)?
            }
            None if members.contains_key("columns") && members.contains_key("data") => split(members)?,
            None => by_columns(members)?,
        },
        _ => return None,
    };
    serde_json::to_string(&rows).ok()
}

/// `{"columns": ["id", …], "index": […], "data": [[…], …]}`
fn split(mut members: Map<String, Json>) -> Option<Vec<Json>> {
    let (columns, data) = (members.remove("columns")?, members.remove("data")?);
    let (Json::Array(columns), Json::Array(data)) = (columns, data) else { return None };
    let rows = std::iter::once(Json::Array(columns)).chain(data);
    beneath_names(rows.collect())
}

/// `[["id", "email"], [1, "a@example.com"]]`
fn beneath_names(rows: Vec<Json>) -> Option<Vec<Json>> {
    let mut rows = rows.into_iter();
    let Json::Array(names) = rows.next()? else { return None };
    let names: Vec<String> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    if names.len() < 2 || names.iter().any(|name| name.contains('@')) {
        return None;
    }
    let object = |row: Json| match row {
        // Cells at the end that are empty are left out.
        Json::Array(cells) if cells.len() <= names.len() => {
            Some(names.iter().cloned().zip(cells).collect::<Map<_, _>>().into())
        }
        _ => None,
    };
    rows.map(object).collect()
}

/// `{"id": {"0": 1, …}, "email": {"0": "a@example.com", …}}`, or lists in the place of objects.
fn by_columns(members: Map<String, Json>) -> Option<Vec<Json>> {
    let is_cell = |cell: &Json| !cell.is_object();
    let mut rows: Vec<Map<String, Json>> = Vec::new();
    let (columns, mut height) = (members.len(), None);
    for (name, column) in members {
        let cells: Vec<Json> = match column {
            Json::Array(cells) if cells.iter().all(|cell| is_cell(cell) && !cell.is_array()) => cells,
            Json::Object(cells) if cells.keys().enumerate().all(|(at, key)| *key == at.to_string()) => {
                cells.into_iter().map(|(_, cell)| cell).collect()
            }
            _ => return None,
        };
        if *height.get_or_insert(cells.len()) != cells.len() {
            return None;
        }
        rows.resize_with(cells.len(), Map::new);
        rows.iter_mut().zip(cells).for_each(|(row, cell)| _ = row.insert(name.clone(), cell));
    }
    (columns > 1 && !rows.is_empty()).then(|| rows.into_iter().map(Json::Object).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_in_any_form_is_a_list_of_objects() {
        let list = r#"[{"id":1,"mail":"a@b.c"},{"id":2,"mail":null}]"#;
        for text in [
            r#"{"id":{"0":1,"1":2},"mail":{"0":"a@b.c","1":null}}"#,
            r#"{"id":[1,2],"mail":["a@b.c",null]}"#,
            "{\"columns\":[\"id\",\"mail\"],\n \"index\":[0,1],\"data\":[[1,\"a@b.c\"],[2,null]]}",
            r#"[["id","mail"],[1,"a@b.c"],[2,null]]"#,
            r#"{"range":"A1:B3","majorDimension":"ROWS","values":[["id","mail"],[1,"a@b.c"],[2,null]]}"#,
        ] {
            assert!(may_be(text.as_bytes()), "{text}");
            assert_eq!(to_json(text.as_bytes()).as_deref(), Some(list), "{text}");
        }
        for text in [
            r#"{"users":[{"id":1}]}"#,
            r#"[{"id":1}]"#,
            r#"{"id":1,"mail":"a@b.c"}"#,
            r#"{"tags":["a","b"],"mail":"a@b.c"}"#,
            r#"{"admins":["a","b"],"users":["c"]}"#,
            r#"[["a@b.c","x"],["d@b.c","y"]]"#,
            r#"{"id":{"0":1,"2":2},"mail":{"0":"a@b.c","2":null}}"#,
        ] {
            assert!(!may_be(text.as_bytes()) || to_json(text.as_bytes()).is_none(), "{text}");
        }
    }
}
