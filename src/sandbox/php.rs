//! The corners of PHP that show through Appwrite's answers.

use serde_json::{Map, Value};

/// Whether PHP's `json_decode(…, true)` makes a list of an object: its keys are `"0"`, `"1"`, … in order. The empty
/// object is a list too.
pub fn is_list(members: &Map<String, Value>) -> bool {
    members.keys().enumerate().all(|(i, key)| *key == i.to_string())
}

/// The elements of what PHP has as an array, whatever its keys.
pub fn elements(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(items) => Some(items.iter().collect()),
        Value::Object(members) => Some(members.values().collect()),
        _ => None,
    }
}

/// What a value is after PHP decoded and encoded it: objects with the keys of a list (so empty ones too) are lists,
/// integers beyond 64 bits are floats, and floats without a fraction lose their point.
pub fn normalize(value: Value) -> Value {
    match value {
        Value::Object(members) if is_list(&members) => {
            Value::Array(members.into_iter().map(|(_, value)| normalize(value)).collect())
        }
        Value::Object(members) => Value::Object(members.into_iter().map(|(k, v)| (k, normalize(v))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(normalize).collect()),
        Value::Number(number) => normalize_number(&number),
        other => other,
    }
}

fn normalize_number(number: &serde_json::Number) -> Value {
    if number.is_i64() {
        return Value::Number(number.clone());
    }
    let float = number.as_f64().unwrap_or_default();
    // Exactly representable integers print without a point up to 17 digits.
    if float.fract() == 0.0 && float.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        return Value::from(float as i64);
    }
    Value::from(float)
}

/// `gettype()`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() => "integer",
        Value::Number(_) => "double",
        Value::String(_) => "string",
        Value::Array(_) | Value::Object(_) => "array",
    }
}

/// `number_format()`: thousands with commas.
pub fn number_format(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        out.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `trim()`.
pub fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\0', '\u{b}'])
}

/// The integer PHP makes of a numeric value (`$value + 0`), if it is one and no float.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            text.strip_prefix('+').unwrap_or(text).parse().ok()
        }
        _ => None,
    }
}

/// `is_numeric()`.
pub fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => {
            let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
                && text.parse::<f64>().is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_and_numbered_objects_are_lists() {
        assert_eq!(normalize(json!({"o": {}, "l": [], "n": {"0": 1, "1": 2}})), json!({"o": [], "l": [], "n": [1, 2]}));
        assert_eq!(normalize(json!({"1": "b"})), json!({"1": "b"}));
        assert_eq!(normalize(json!({"f": 1.0, "g": 1.5})).to_string(), r#"{"f":1,"g":1.5}"#);
    }

    #[test]
    fn numbers_are_written_and_read_as_php_does() {
        assert_eq!(number_format(9_223_372_036_854_775_807), "9,223,372,036,854,775,807");
        assert_eq!(number_format(-2_147_483_648), "-2,147,483,648");
        assert_eq!(
            (number_format(0), number_format(999), number_format(3600)),
            ("0".into(), "999".into(), "3,600".into())
        );
        assert_eq!(integer(&json!("60")), Some(60));
        assert_eq!(integer(&json!("1.0")), None);
        assert_eq!(integer(&json!(8.0)), None);
        assert!(is_numeric(&json!("1.5e3")) && !is_numeric(&json!("x")) && !is_numeric(&json!("")));
    }
}
