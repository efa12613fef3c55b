//! Values of files that people write themselves: understood, or a refusal that names the column. Nothing is guessed.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::account::SaltEncoding;
use crate::bytes::every;
use crate::code::{Code, Refusal};
use crate::format::Value;
use crate::source::kit::common;

/// Why a hash is not taken apart from what stands before it.
pub(in crate::source) fn before_a_hash(column: &str) -> Refusal {
    unclear(column, "holds a word and a colon before the hash, and the word is none of the user's names")
        .hint("if it says nothing, take it off in a mapping file: [password] hash = { from = \"COLUMN\", split = \":\", part = 1 }")
}

/// The refusal for a value that cannot be understood. `saying` must not quote the value of a secret column.
#[cold]
pub(in crate::source) fn unclear(column: &str, saying: impl std::fmt::Display) -> Refusal {
    Refusal::new(Code::InvalidValue, format!("column `{column}` {saying}"))
}

/// Nothing is written. Most cells of a wide table are so: asked before anything else is done, where the caller stands.
#[inline]
pub(in crate::source) fn is_blank(value: Option<&Value<'_>>) -> bool {
    match value {
        None => true,
        Some(Value::Text(Cow::Borrowed(text))) => text.is_empty(),
        Some(value) => is_nothing(value),
    }
}

#[inline(never)]
fn is_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        value => matches!(value, Value::Null),
    }
}

/// Text or a number, as text without the white space around it; nothing and blanks are `None`.
///
/// # Errors
/// Lists and objects.
#[inline]
pub(in crate::source) fn scalar<'v>(
    column: &str,
    value: Option<&'v Value<'_>>,
) -> Result<Option<Cow<'v, str>>, Refusal> {
    if is_blank(value) { Ok(None) } else { written(column, value) }
}

fn written<'v>(column: &str, value: Option<&'v Value<'_>>) -> Result<Option<Cow<'v, str>>, Refusal> {
    // Nearly all are texts that stand in the file as they are.
    if let Some(Value::Text(Cow::Borrowed(text))) = value {
        return Ok(trimmed(text));
    }
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(trimmed(text)),
        Some(Value::List(_)) => Err(unclear(column, "holds a list where one value is expected")),
        Some(Value::Object(_)) => Err(unclear(column, "holds an object where one value is expected")),
        Some(other) => Ok(other.text()),
    }
}

fn trimmed(text: &str) -> Option<Cow<'_, str>> {
    Some(common::trim(text)).filter(|text| !text.is_empty()).map(Cow::Borrowed)
}

/// An id or a phone number: [`scalar`], but not what a spreadsheet made of one.
///
/// # Errors
/// Scientific notation (`1.41555E+10`), whose digits are lost.
#[inline]
pub(in crate::source) fn digits_intact<'v>(
    column: &str,
    value: Option<&'v Value<'_>>,
) -> Result<Option<Cow<'v, str>>, Refusal> {
    if is_blank(value) { Ok(None) } else { intact(column, value) }
}

fn intact<'v>(column: &str, value: Option<&'v Value<'_>>) -> Result<Option<Cow<'v, str>>, Refusal> {
    let text = written(column, value)?;
    let mangled = match value {
        Some(Value::Number(number)) => number.as_i64().is_none() && number.as_u64().is_none(),
        _ => text.as_deref().is_some_and(crate::bytes::is_scientific),
    };
    if mangled {
        let text = text.unwrap_or_default();
        return Err(unclear(column, format_args!("holds `{text}`: a spreadsheet has cut its digits"))
            .hint("export again and open the file in no spreadsheet, or format the column as text there"));
    }
    Ok(text)
}

/// A boolean as people and programs write it; `None` where nothing is written.
///
/// # Errors
/// Anything else.
#[inline]
pub(in crate::source) fn boolean(column: &str, value: Option<&Value<'_>>) -> Result<Option<bool>, Refusal> {
    match value {
        _ if is_blank(value) => Ok(None),
        Some(Value::Text(text)) if text == "true" => Ok(Some(true)),
        Some(Value::Text(text)) if text == "false" => Ok(Some(false)),
        _ => other_boolean(column, value),
    }
}

fn other_boolean(column: &str, value: Option<&Value<'_>>) -> Result<Option<bool>, Refusal> {
    let Some(text) = written(column, value)? else { return Ok(None) };
    match value.and_then(common::truth) {
        None => Err(unclear(column, format_args!("holds `{}`, which is neither yes nor no", shortened(&text)))),
        truth => Ok(truth),
    }
}

/// A whole number that is not negative. Data frames write `16384.0` where another row has nothing; that is one too.
///
/// # Errors
/// Anything else.
#[inline]
pub(in crate::source) fn number(column: &str, value: Option<&Value<'_>>) -> Result<Option<u64>, Refusal> {
    if is_blank(value) { Ok(None) } else { whole_number(column, value) }
}

fn whole_number(column: &str, value: Option<&Value<'_>>) -> Result<Option<u64>, Refusal> {
    let Some(text) = written(column, value)? else { return Ok(None) };
    match text.strip_suffix(".0").unwrap_or(&text).parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(unclear(column, format_args!("holds `{}`, which is no whole number", shortened(&text)))),
    }
}

/// Several words: a list, JSON text of one, or text separated by `separators`.
///
/// # Errors
/// Elements that are no text, and what begins like JSON and is none.
pub(in crate::source) fn words<'v>(
    column: &str,
    value: Option<&'v Value<'_>>,
    separators: &[char],
) -> Result<Vec<Cow<'v, str>>, Refusal> {
    if let Some(Value::Text(text)) = value
        && text.starts_with('{')
        && let Some(words) = postgres_array(text)
    {
        return Ok(words.into_iter().map(Cow::Owned).collect());
    }
    match value {
        _ if is_blank(value) => Ok(Vec::new()),
        Some(Value::List(items)) => {
            let words = items.iter().map(|item| scalar(column, Some(item)));
            words.filter_map(Result::transpose).collect()
        }
        Some(Value::Text(text)) if text.trim_start().starts_with('[') => {
            let items: Vec<Json> =
                serde_json::from_str(text).map_err(|_| unclear(column, "begins like a JSON list and is none"))?;
            let word = |item: Json| match item {
                Json::Null => None,
                Json::String(text) => Some(Ok(Cow::Owned(text))),
                Json::Number(number) => Some(Ok(Cow::Owned(number.to_string()))),
                _ => Some(Err(unclear(column, "holds a list of more than words"))),
            };
            items.into_iter().filter_map(word).collect()
        }
        Some(Value::Text(text)) if text.starts_with('{') && text.ends_with('}') && !text.contains(':') => {
            Err(unclear(column, "begins like an array of PostgreSQL and is no plain one"))
        }
        // Mostly it is one word, and none is divided by letters.
        Some(Value::Text(text))
            if every(text.as_bytes(), |b| b.is_ascii_lowercase())
                && !separators.iter().any(char::is_ascii_lowercase) =>
        {
            Ok(vec![Cow::Borrowed(text)])
        }
        Some(Value::Text(text)) => {
            let words = text.split(separators).map(str::trim).filter(|word| !word.is_empty());
            Ok(words.map(Cow::Borrowed).collect())
        }
        _ => Ok(written(column, value)?.into_iter().collect()),
    }
}

/// The elements of an array as PostgreSQL writes it, `{admin,"power user",NULL}`; `None` for anything else, JSON objects above all.
fn postgres_array(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (item, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let mut item = String::new();
            let mut chars = quoted.chars();
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => item.push(chars.next()?),
                    other => item.push(other),
                }
            }
            (Some(item), chars.as_str())
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let item = &rest[..end];
            if item.is_empty() || item.contains(['{', '}', '"', ':']) {
                return None;
            }
            ((item != "NULL").then(|| item.to_owned()), &rest[end..])
        };
        items.extend(item.filter(|item| !item.is_empty()));
        rest = match after.strip_prefix(',') {
            Some("") => return None,
            Some(more) => more,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(items)
}

/// An object, or JSON text of one; an empty list is an empty object (PHP writes it so).
///
/// # Errors
/// Anything else.
pub(in crate::source) fn object(column: &str, value: Option<&Value<'_>>) -> Result<Map<String, Json>, Refusal> {
    let json = match value {
        _ if is_blank(value) => return Ok(Map::new()),
        Some(Value::Text(text)) if common::trim(text).is_empty() => return Ok(Map::new()),
        Some(Value::Text(text)) => serde_json::from_str(text).map_err(|_| unclear(column, "is no JSON"))?,
        other => other.map(Value::to_json).unwrap_or_default(),
    };
    match json {
        Json::Object(members) => Ok(members),
        Json::Null => Ok(Map::new()),
        Json::Array(items) if items.is_empty() => Ok(Map::new()),
        _ => Err(unclear(column, "holds JSON that is no object")),
    }
}

/// How a salt column is written.
///
/// # Errors
/// Anything but `utf8`, `hex` and `base64`.
pub(in crate::source) fn salt_encoding(column: &str, value: Option<&Value<'_>>) -> Result<SaltEncoding, Refusal> {
    let Some(text) = scalar(column, value)? else { return Ok(SaltEncoding::Utf8) };
    salt_encoding_of(&text).ok_or_else(|| {
        unclear(column, format_args!("holds `{}`, which is none of utf8, hex and base64", shortened(&text)))
    })
}

/// The encoding of that name.
pub(in crate::source) fn salt_encoding_of(name: &str) -> Option<SaltEncoding> {
    const NAMES: [(&str, SaltEncoding); 4] = [
        ("utf8", SaltEncoding::Utf8),
        ("utf-8", SaltEncoding::Utf8),
        ("hex", SaltEncoding::Hex),
        ("base64", SaltEncoding::Base64),
    ];
    NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, encoding)| *encoding)
}

/// Values are shown so that a person finds them, not in full.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(t))
    }

    #[test]
    fn booleans_as_people_write_them_and_nothing_else() {
        for yes in ["true", "TRUE", "t", "Yes", "y", "1", " on ", "J", "s", "da", "Ja"] {
            assert_eq!(boolean("b", Some(&text(yes))), Ok(Some(true)), "{yes}");
        }
        for no in ["false", "F", "no", "N", "0", "off", "nu", "nej", "Nem", "nein"] {
            assert_eq!(boolean("b", Some(&text(no))), Ok(Some(false)), "{no}");
        }
        assert_eq!(boolean("b", Some(&text("  "))), Ok(None));
        assert_eq!(boolean("b", Some(&Value::Bool(true))), Ok(Some(true)));
        for unclear in ["maybe", "?", "2", "-1"] {
            let refusal = boolean("email_verified", Some(&text(unclear))).unwrap_err();
            assert_eq!(refusal.code, Code::InvalidValue);
            assert!(refusal.text.contains("email_verified") && refusal.text.contains(unclear), "{}", refusal.text);
        }
    }

    #[test]
    fn spreadsheet_numbers_are_not_ids() {
        for mangled in ["1.41555E+10", "1,5E+12", "4E+07", "1.41555e+10"] {
            assert!(digits_intact("id", Some(&text(mangled))).is_err(), "{mangled}");
        }
        for intact in ["14155550123", "5e10", "E+10", "user1E+10x", "+14155550123", "a.bE+1"] {
            assert_eq!(digits_intact("id", Some(&text(intact))).unwrap().unwrap(), intact);
        }
        let float = serde_json::Number::from_f64(1.5e12).unwrap();
        assert!(digits_intact("id", Some(&Value::Number(float))).is_err());
    }

    #[test]
    fn words_come_from_postgresqls_arrays() {
        let all = |written| words("roles", Some(&text(written)), &[',']).map(|words| words.join(" & "));
        for (written, read) in [
            ("{admin,user}", "admin & user"),
            (r#"{"power user",x,NULL}"#, "power user & x"),
            (r#"{"a,b","c\"d"}"#, r#"a,b & c"d"#),
            ("{}", ""),
        ] {
            assert_eq!(all(written).as_deref(), Ok(read), "{written}");
        }
        for other in [r#"{"admin":true}"#, "{{a},{b}}", "{a", "{a,}", "{BCRYPT}x"] {
            assert_eq!(postgres_array(other), None, "{other}");
        }
    }

    #[test]
    fn words_come_from_lists_json_text_and_separated_text() {
        let separators = [',', '|', ';'];
        for written in ["a,b", "a|b", "a; b", r#"["a","b"]"#, " a ,, b "] {
            assert_eq!(words("labels", Some(&text(written)), &separators).unwrap(), ["a", "b"], "{written}");
        }
        let list = Value::List([text("a"), Value::Null, text("b")].into());
        assert_eq!(words("labels", Some(&list), &separators).unwrap(), ["a", "b"]);
        assert!(words("labels", Some(&text("[a")), &separators).is_err());
        assert!(words("labels", Some(&text("[{}]")), &separators).is_err());
    }

    #[test]
    fn objects_are_objects() {
        assert_eq!(object("prefs", Some(&text(r#"{"a":1}"#))).unwrap()["a"], 1);
        assert!(object("prefs", Some(&text("[]"))).unwrap().is_empty());
        for wrong in ["{", "1", "[1]", "x"] {
            assert!(object("prefs", Some(&text(wrong))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_whole() {
        assert_eq!(number("scrypt_n", Some(&text("16384"))), Ok(Some(16384)));
        assert_eq!(number("scrypt_n", Some(&text("16384.0"))), Ok(Some(16384)));
        for wrong in ["2^14", "-1", "1.5", "1e4", "many"] {
            assert!(number("scrypt_n", Some(&text(wrong))).is_err(), "{wrong}");
        }
    }
}
