//! JSON text → [`Value`], borrowing every string that has no escapes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Value;

/// An object of more members is no user, and every column would be looked for among them.
pub(super) const MAX_MEMBERS: usize = 10_000;

/// The members of one JSON object, in the order of the text. Integers beyond 64 bits keep their digits, as text.
///
/// # Errors
/// What is wrong, with the column within `text`; also for anything that is no object, and for nesting beyond 128.
pub(crate) fn members(text: &str) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let rounded = Cell::new(false);
    let value = Seed(&rounded).deserialize(&mut json).and_then(|value| json.end().map(|()| value)).map_err(told)?;
    if rounded.get() {
        let quoted = with_long_integers_quoted(text);
        let mut json = serde_json::Deserializer::from_str(&quoted);
        let value = Seed(&rounded).deserialize(&mut json).map_err(told)?.into_owned();
        return object(value);
    }
    object(value)
}

fn object(value: Value<'_>) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    match value {
        Value::Object(members) => Ok(members.into_vec()),
        Value::Null => Err("it is null, not an object".into()),
        Value::List(_) => Err("it is a list, not an object".into()),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) => Err("it is a single value, not an object".into()),
    }
}

/// serde_json's messages end with the place within the record, and never hold its text.
fn told(error: serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = message.strip_suffix(&place).unwrap_or(&message);
    match error.line() {
        0 | 1 => format!("{what}, in column {} of the record", error.column()),
        line => format!("{what}, in line {line} of the record"),
    }
}

/// The text with every integer of nineteen digits or more in quotes.
fn with_long_integers_quoted(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut quoted = String::with_capacity(text.len() + 16);
    let (mut at, mut copied, mut in_string) = (0, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'-' | b'0'..=b'9' if !in_string => {
                let number = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = at + bytes[at..].iter().position(|b| !number(b)).unwrap_or(bytes.len() - at);
                let digits = bytes[at..end].strip_prefix(b"-").unwrap_or(&bytes[at..end]);
                if digits.len() >= 19 && digits.iter().all(u8::is_ascii_digit) {
                    quoted.push_str(&text[copied..at]);
                    quoted.extend(["\"", &text[at..end], "\""]);
                    copied = end;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    quoted.push_str(&text[copied..]);
    quoted
}

/// Notes whether an integer was too large for 64 bits.
#[derive(Clone, Copy)]
pub(super) struct Seed<'c>(pub &'c Cell<bool>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(b))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(n.into()))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(n.into()))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Value<'de>, E> {
        if n.abs() >= 9.2e18 {
            self.0.set(true);
        }
        Ok(serde_json::Number::from_f64(n).map_or(Value::Null, Value::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::List(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value_seed(self)?));
            if members.len() > MAX_MEMBERS {
                return Err(serde::de::Error::custom(format_args!("an object has more than {MAX_MEMBERS} members")));
            }
        }
        Ok(Value::Object(members.into()))
    }
}

/// A member's name.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_64_bits_keep_their_digits() {
        let text =
            r#"{"id":18446744073709551616,"a":"x\" 18446744073709551616","b":[-98765432109876543210,1.5e300],"c":7}"#;
        let members = members(text).unwrap();
        let shown: Vec<String> = members.iter().map(|(_, value)| value.to_json().to_string()).collect();
        assert_eq!(
            shown,
            [
                r#""18446744073709551616""#,
                r#""x\" 18446744073709551616""#,
                r#"["-98765432109876543210",1.5e+300]"#,
                "7"
            ]
        );
    }

    #[test]
    fn an_object_of_very_many_members_is_refused() {
        let object = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(members(&object(MAX_MEMBERS)).unwrap().len(), MAX_MEMBERS);
        assert!(members(&object(MAX_MEMBERS + 1)).unwrap_err().contains("10000 members"));
    }
}
