//! JSON whose every value stands under the name of its type, as DynamoDB and Firestore write it: `{"email": {"S": "a@example.com"}}`,
//! `{"fields": {"email": {"stringValue": "a@example.com"}}}`.

use std::io::{BufRead, Read, Write};

use serde_json::{Map, Value as Json};

/// A page of an answer is read as a whole.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// DynamoDB's types and Firestore's.
const TYPES: [&str; 19] = [
    "S",
    "N",
    "BOOL",
    "NULL",
    "M",
    "L",
    "SS",
    "NS",
    "BS",
    "B",
    "stringValue",
    "integerValue",
    "doubleValue",
    "booleanValue",
    "nullValue",
    "timestampValue",
    "mapValue",
    "arrayValue",
    "referenceValue",
];

/// Whether a file begins as one: its first object holds a value under a type, in full.
pub(super) fn is_one(head: &[u8]) -> bool {
    let head: String = String::from_utf8_lossy(head).chars().filter(|c| !c.is_ascii_whitespace()).take(2048).collect();
    // Past what stands around the first object.
    let at = ["{\"Item\":", "\"Items\":[", "\"fields\":"]
        .iter()
        .filter_map(|open| Some(head.find(open)? + open.len()))
        .min();
    let object = at.map_or(&*head, |at| &head[at..]).trim_start_matches('[');
    let Some((name, value)) = object.strip_prefix("{\"").and_then(|rest| rest.split_once("\":{\"")) else {
        return false;
    };
    let Some((kind, value)) = value.split_once("\":") else { return false };
    // `{"S": "…"}` and no other member beside.
    let is_alone = match value.strip_prefix('"') {
        Some(text) => text.split_once('"').is_none_or(|(_, after)| after.starts_with('}')),
        None => value.starts_with(['{', '[']) || value.split_once('}').is_some_and(|(text, _)| !text.contains(',')),
    };
    !name.contains('"') && TYPES.contains(&kind) && is_alone
}

/// Writes the objects as plain JSON, one on a line. Lines that are no JSON are left as they are, to be told of.
///
/// # Errors
/// What reading and writing say; one document that is too large is invalid data.
pub(super) fn to_json(mut source: impl BufRead, out: &mut impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    source.read_until(b'\n', &mut line)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&line).is_err() {
        source.take(MAX_BYTES + 1).read_to_end(&mut line)?;
        if line.len() as u64 > MAX_BYTES {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is too large a page of JSON"));
        }
        return write(&line, out);
    }
    while !line.is_empty() {
        write(&line, out)?;
        line.clear();
        source.read_until(b'\n', &mut line)?;
    }
    Ok(())
}

fn write(text: &[u8], out: &mut impl Write) -> std::io::Result<()> {
    match serde_json::from_slice(text) {
        Ok(json) => {
            for item in items(json) {
                serde_json::to_writer(&mut *out, &plain(item))?;
                out.write_all(b"\n")?;
            }
            Ok(())
        }
        Err(_) => out.write_all(text),
    }
}

/// The objects in what stands around them.
fn items(json: Json) -> Vec<Json> {
    match json {
        Json::Array(items) => items.into_iter().flat_map(items_of_one).collect(),
        other => items_of_one(other),
    }
}

fn items_of_one(json: Json) -> Vec<Json> {
    let Json::Object(mut members) = json else { return vec![json] };
    for list in ["Items", "documents"] {
        if let Some(Json::Array(found)) = members.remove(list) {
            return found.into_iter().flat_map(items_of_one).collect();
        }
    }
    for one in ["Item", "document"] {
        if let Some(found) = members.remove(one) {
            return items_of_one(found);
        }
    }
    // A document's id is the end of its path.
    let id = members.get("name").and_then(Json::as_str).and_then(|name| Some(name.rsplit_once("/documents/")?.1));
    let id = id.and_then(|path| path.rsplit('/').next()).map(|id| serde_json::json!({ "stringValue": id }));
    match (id, members.remove("fields")) {
        (Some(id), Some(Json::Object(mut fields))) => {
            fields.entry("id").or_insert(id);
            vec![fields.into()]
        }
        (_, Some(fields)) => {
            members.insert("fields".to_owned(), fields);
            vec![members.into()]
        }
        _ => vec![members.into()],
    }
}

/// An object without the types of its values.
fn plain(item: Json) -> Json {
    match item {
        Json::Object(members) => {
            members.into_iter().map(|(name, value)| (name, untyped(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

fn untyped(value: Json) -> Json {
    let Json::Object(mut members) = value else { return value };
    let kind = TYPES.into_iter().find(|kind| members.len() == 1 && members.contains_key(*kind));
    let Some((kind, inner)) = kind.and_then(|kind| Some((kind, members.remove(kind)?))) else { return members.into() };
    match (kind, inner) {
        ("NULL" | "nullValue", _) => Json::Null,
        ("N" | "integerValue", Json::String(number)) => number.parse::<i64>().map_or(Json::String(number), Json::from),
        ("M", map) => plain(map),
        ("L", Json::Array(items)) => items.into_iter().map(untyped).collect(),
        ("mapValue", Json::Object(mut map)) => map.remove("fields").map_or_else(|| Map::new().into(), plain),
        ("arrayValue", Json::Object(mut list)) => match list.remove("values") {
            Some(Json::Array(items)) => items.into_iter().map(untyped).collect(),
            _ => Json::Array(Vec::new()),
        },
        (_, inner) => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_of_their_types() {
        let plain = r#"{"id":"1","age":7,"on":true,"none":null,"in":{"tags":["a","b"]},"set":["x"]}"#;
        let item = r#"{"id":{"S":"1"},"age":{"N":"7"},"on":{"BOOL":true},"none":{"NULL":true},"in":{"M":{"tags":{"L":[{"S":"a"},{"S":"b"}]}}},"set":{"SS":["x"]}}"#;
        let document = r#"{"name":"projects/p/databases/d/documents/users/1","fields":{"id":{"stringValue":"1"},"age":{"integerValue":"7"},"on":{"booleanValue":true},"none":{"nullValue":null},"in":{"mapValue":{"fields":{"tags":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}}}},"set":{"arrayValue":{"values":[{"stringValue":"x"}]}}}}"#;
        for (text, count) in [
            (format!("{{\"Item\":{item}}}\n{{ \"Item\": {item} }}\n"), 2),
            (format!("{{\n  \"Items\": [{item},\n{item}],\n \"Count\": 2 }}"), 2),
            (format!("{{\"Count\":1,\"Items\":[{item}]}}"), 1),
            (format!("{item}\n{item}\n"), 2),
            (format!("[{item}]"), 1),
            (format!("{{\"documents\":[{document}],\"nextPageToken\":\"x\"}}"), 1),
            (format!("[{{\"document\":{document},\"readTime\":\"x\"}}]"), 1),
        ] {
            assert!(is_one(text.as_bytes()), "{text}");
            let mut out = Vec::new();
            to_json(text.as_bytes(), &mut out).expect("memory");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("{plain}\n").repeat(count), "{text}");
        }
        for text in [
            r#"{"id":"1","email":"a@b.c"}"#,
            r#"{"id":{"S":"1","N":"2"}}"#,
            r#"{"_id":{"$oid":"65a"},"email":"a@b.c"}"#,
            r#"{"records":[{"id":"rec1","fields":{"Email":"a@b.c"}}]}"#,
            r#"{"id":{"0":1}}"#,
            "id,email\n",
        ] {
            assert!(!is_one(text.as_bytes()), "{text}");
        }
        // What is damaged is one line.
        let mut out = Vec::new();
        to_json(format!("{{\"Item\":{item}}}\n{{\"Item\":{{\"id\"\n").as_bytes(), &mut out).expect("memory");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("{plain}\n{{\"Item\":{{\"id\"\n"));
    }
}
