//! Request parameters as Appwrite, which is PHP, has them: a JSON body, a form, or a query string, by method and content type.

use serde_json::{Map, Value};

/// PHP's `max_input_nesting_level`: brackets that a form's name may have.
const MAX_NESTING: usize = 64;

/// PHP's `max_input_vars`: variables that a form may have.
const MAX_VARIABLES: usize = 1000;

/// A request's body, by its content type.
#[derive(Debug, PartialEq)]
pub enum Body {
    /// Parameters; none where the body is empty, broken, or of a type that is not read.
    Parameters(Map<String, Value>),
    /// A JSON scalar, on which the server fails before it knows its own version.
    Scalar,
}

/// Reads a body by its content type, which is compared with its case and without what follows a `;`.
#[must_use]
pub fn read(content_type: &str, bytes: &[u8]) -> Body {
    match content_type.split(';').next().unwrap_or_default() {
        "application/json" => json(bytes),
        "application/x-www-form-urlencoded" => Body::Parameters(form(&String::from_utf8_lossy(bytes))),
        "multipart/form-data" => Body::Parameters(multipart(content_type, bytes)),
        _ => Body::Parameters(Map::new()),
    }
}

fn json(bytes: &[u8]) -> Body {
    match decode_json(bytes) {
        Some(Value::Object(members)) => Body::Parameters(members),
        Some(Value::Bool(true)) => Body::Scalar,
        Some(Value::Number(n)) if n.as_f64() != Some(0.0) => Body::Scalar,
        Some(Value::String(s)) if !s.is_empty() && s != "0" => Body::Scalar,
        // A list has no named parameters, and PHP takes `false`, `0`, `"0"` and `""` for empty.
        _ => Body::Parameters(Map::new()),
    }
}

/// PHP's `json_decode` gives up on deeper nesting.
const MAX_DEPTH: usize = 512;

/// Parses as `json_decode` does.
#[must_use]
pub fn decode_json(bytes: &[u8]) -> Option<Value> {
    if depth(bytes) > MAX_DEPTH {
        return None;
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    parser.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut parser).ok()?;
    parser.end().ok()?;
    Some(value)
}

/// The deepest nesting of brackets outside strings: an upper bound for what a parser will meet.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads `a=1&b[]=2&c[x]=3` as PHP's `parse_str` does.
#[must_use]
pub fn form(text: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()).take(MAX_VARIABLES) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        insert(&mut parameters, &decode(name), Value::String(decode(value)));
    }
    parameters
}

/// Percent-decoding with `+` for a blank.
#[must_use]
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (bytes[i], hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Puts a value under `name`, `name[]` or `name[key]…`. PHP leaves out what is nested too deeply.
fn insert(into: &mut Map<String, Value>, name: &str, value: Value) {
    if name.matches('[').count() > MAX_NESTING {
        return;
    }
    let Some((base, rest)) = name.split_once('[') else {
        into.insert(name.to_owned(), value);
        return;
    };
    let mut slot = into.entry(base.to_owned()).or_insert(Value::Null);
    for key in rest.trim_end_matches(']').split("][") {
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(members) = slot else { return };
        let key = if key.is_empty() { members.len().to_string() } else { key.to_owned() };
        slot = members.entry(key).or_insert(Value::Null);
    }
    *slot = value;
}

/// The text fields of a multipart form; files are left out.
fn multipart(content_type: &str, bytes: &[u8]) -> Map<String, Value> {
    let mut parameters = Map::new();
    let Some((_, boundary)) = content_type.split_once("boundary=") else { return parameters };
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let text = String::from_utf8_lossy(bytes);
    for part in text.split(delimiter.as_str()).skip(1).take(MAX_VARIABLES) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        let name = head.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
        if let Some(name) = name
            && !head.contains("filename=")
        {
            insert(&mut parameters, name, Value::String(value.strip_suffix("\r\n").unwrap_or(value).to_owned()));
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters(content_type: &str, body: &str) -> Value {
        match read(content_type, body.as_bytes()) {
            Body::Parameters(map) => Value::Object(map),
            Body::Scalar => json!("scalar"),
        }
    }

    #[test]
    fn json_is_read_as_php_reads_it() {
        let json_body = |body| parameters("application/json; charset=utf-8", body);
        assert_eq!(json_body(r#" {"a":1,"a":2} "#), json!({"a": 2}));
        for empty in [
            "",
            "{",
            "[1]",
            "null",
            "false",
            "0",
            "\"\"",
            "{}{}",
            "\u{feff}{}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\t\"}",
        ] {
            assert_eq!(json_body(empty), json!({}), "{empty}");
        }
        for scalar in ["5", "true", "\"x\""] {
            assert_eq!(json_body(scalar), json!("scalar"), "{scalar}");
        }
        let nested = |n: usize| format!("{{\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let (deep, too_deep) = (nested(511), nested(512));
        assert!(json_body(&deep).get("x").is_some());
        assert_eq!(json_body(&too_deep), json!({}));
    }

    #[test]
    fn content_types_are_compared_with_their_case() {
        for other in ["Application/JSON", "text/plain", "application/octet-stream", ""] {
            assert_eq!(parameters(other, r#"{"a":1}"#), json!({}), "{other}");
        }
    }

    #[test]
    fn forms_nest() {
        assert_eq!(
            parameters("application/x-www-form-urlencoded", "n=A+B%C3%A9&l[]=a&l[]=b&p[x]=1&p[y][z]=2"),
            json!({"n": "A Bé", "l": {"0": "a", "1": "b"}, "p": {"x": "1", "y": {"z": "2"}}})
        );
        let deep = format!("a=1&p{}=2&q{}=3", "[x]".repeat(64), "[x]".repeat(100_000));
        let deep = form(&deep);
        assert!(deep.contains_key("a") && deep.contains_key("p") && !deep.contains_key("q"));
        let many: Vec<String> = (0..1500).map(|n| format!("v{n}=1")).collect();
        assert_eq!(form(&many.join("&")).len(), 1000);
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
        assert_eq!(parameters("multipart/form-data; boundary=x", multipart), json!({"a": "1"}));
    }
}
