//! PHP's `serialize()` format, as WordPress, Drupal and others keep it in columns.
//!
//! <https://www.php.net/manual/en/function.serialize.php>; lengths count bytes. Objects are read as the arrays of their
//! properties and nothing is ever instantiated; references (`R:`, `r:`) and self-serialized objects (`C:`) are refused.

use std::borrow::Cow;

use crate::format::Value;

/// How deep arrays may stand in each other. WordPress's own go three deep.
const DEPTH: usize = 32;

/// The text is not what `serialize()` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not serialized PHP at byte {at}")]
pub struct Damaged {
    /// Where it goes wrong, counting bytes from 0.
    pub at: usize,
}

/// Reads one serialized value. An array with the keys 0, 1, 2 … in order is a list, any other an object.
///
/// # Errors
/// [`Damaged`] for anything `serialize()` does not write, for what is nested more than 32 deep, and for trailing bytes.
pub fn unserialize(text: &str) -> Result<Value<'_>, Damaged> {
    let mut cursor = Cursor { text, at: 0 };
    let value = cursor.value(DEPTH)?;
    if cursor.at == text.len() { Ok(value) } else { Err(cursor.damaged()) }
}

/// The keys of a serialized array whose values are true, in order: WordPress's `capabilities`.
///
/// # Errors
/// As [`unserialize`].
pub fn true_keys(text: &str) -> Result<Vec<Cow<'_, str>>, Damaged> {
    let granted = |value: &Value<'_>| match value {
        Value::Bool(granted) => *granted,
        Value::Number(n) => n.as_i64() != Some(0),
        Value::Text(text) => !text.is_empty() && text != "0",
        _ => false,
    };
    Ok(match unserialize(text)? {
        Value::Object(members) => members.into_iter().filter(|(_, v)| granted(v)).map(|(key, _)| key).collect(),
        _ => Vec::new(),
    })
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn damaged(&self) -> Damaged {
        Damaged { at: self.at }
    }

    fn expect(&mut self, token: &str) -> Result<(), Damaged> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(token)) {
            self.at += token.len();
            Ok(())
        } else {
            Err(self.damaged())
        }
    }

    /// The text up to the delimiter, which is consumed.
    fn until(&mut self, delimiter: u8) -> Result<&'a str, Damaged> {
        let rest = self.text.get(self.at..).ok_or_else(|| self.damaged())?;
        // Numbers are short: looking no further keeps damaged input linear.
        let end = rest.bytes().take(64).position(|b| b == delimiter).ok_or_else(|| self.damaged())?;
        self.at += end + 1;
        Ok(&rest[..end])
    }

    fn parse<T: std::str::FromStr>(&mut self, delimiter: u8) -> Result<T, Damaged> {
        let start = self.at;
        self.until(delimiter)?.parse().map_err(|_| Damaged { at: start })
    }

    /// `5:"abcde"`, without what follows.
    fn string(&mut self) -> Result<&'a str, Damaged> {
        let length: usize = self.parse(b':')?;
        self.expect("\"")?;
        let end = self.at.checked_add(length).ok_or_else(|| self.damaged())?;
        let text = self.text.get(self.at..end).ok_or_else(|| self.damaged())?;
        self.at = end;
        self.expect("\"")?;
        Ok(text)
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Damaged> {
        let kind = *self.text.as_bytes().get(self.at).ok_or_else(|| self.damaged())?;
        self.at += 1;
        if kind == b'N' {
            self.expect(";")?;
            return Ok(Value::Null);
        }
        self.expect(":")?;
        match kind {
            b'b' => {
                let start = self.at;
                match self.until(b';')? {
                    "0" => Ok(Value::Bool(false)),
                    "1" => Ok(Value::Bool(true)),
                    _ => Err(Damaged { at: start }),
                }
            }
            b'i' => Ok(Value::Number(self.parse::<i64>(b';')?.into())),
            b'd' => {
                let number: f64 = self.parse(b';')?;
                // INF and NAN have no JSON form.
                Ok(serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number))
            }
            // `E` is an enum's case by name.
            b's' | b'E' => {
                let text = self.string()?;
                self.expect(";")?;
                Ok(Value::Text(Cow::Borrowed(text)))
            }
            b'a' => self.members(depth),
            b'O' => {
                self.string()?;
                self.expect(":")?;
                self.members(depth)
            }
            _ => Err(Damaged { at: self.at - 2 }),
        }
    }

    /// `2:{…}`
    fn members(&mut self, depth: usize) -> Result<Value<'a>, Damaged> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.damaged())?;
        let count: usize = self.parse(b':')?;
        self.expect("{")?;
        // The count is not to be trusted with an allocation; a member takes at least six bytes.
        let mut members = Vec::with_capacity(count.min((self.text.len() - self.at) / 6));
        let mut is_list = true;
        for index in 0..count {
            let key = match self.value(0)? {
                Value::Text(key) => key,
                Value::Number(key) => {
                    is_list &= key.as_u64() == Some(index as u64);
                    let value = self.value(depth)?;
                    members.push((Cow::Owned(key.to_string()), value));
                    continue;
                }
                _ => return Err(self.damaged()),
            };
            is_list = false;
            // Private and protected properties carry their class between NUL bytes.
            let key = match key {
                Cow::Borrowed(key) => Cow::Borrowed(key.rsplit('\0').next().unwrap_or(key)),
                Cow::Owned(key) => Cow::Owned(key),
            };
            let value = self.value(depth)?;
            members.push((key, value));
        }
        self.expect("}")?;
        Ok(if is_list {
            Value::List(members.into_iter().map(|(_, value)| value).collect())
        } else {
            Value::Object(members.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Option<serde_json::Value> {
        unserialize(text).ok().map(|v| v.to_json())
    }

    #[test]
    fn reads_what_php_writes() {
        // php -r 'echo serialize([…]);'
        assert_eq!(read("N;"), Some(json!(null)));
        assert_eq!(read("b:1;"), Some(json!(true)));
        assert_eq!(read("i:-42;"), Some(json!(-42)));
        assert_eq!(read("d:0.5;"), Some(json!(0.5)));
        assert_eq!(read("s:3:\"Ünï\";"), None, "five bytes, not three");
        assert_eq!(read("s:4:\"a\";b\";"), Some(json!("a\";b")), "quotes inside are not escaped");
        assert_eq!(read("s:5:\"Ünï\";"), Some(json!("Ünï")), "lengths are bytes");
        assert_eq!(read("a:0:{}"), Some(json!([])));
        assert_eq!(read("a:2:{i:0;s:1:\"a\";i:1;s:1:\"b\";}"), Some(json!(["a", "b"])));
        assert_eq!(read("a:1:{i:3;s:1:\"a\";}"), Some(json!({ "3": "a" })));
        assert_eq!(read("O:8:\"stdClass\":1:{s:1:\"k\";d:INF;}"), Some(json!({ "k": null })));
    }

    #[test]
    fn roles_are_the_keys_that_are_true() {
        let roles = true_keys("a:3:{s:6:\"author\";b:1;s:12:\"shop_manager\";b:1;s:6:\"editor\";b:0;}");
        assert_eq!(roles, Ok(vec!["author".into(), "shop_manager".into()]));
        assert_eq!(true_keys("a:0:{}"), Ok(vec![]));
        assert_eq!(true_keys("a:1:{s:6:\"author\";s:1:\"1\";}"), Ok(vec!["author".into()]));
    }

    #[test]
    fn damage_is_an_error_with_its_place() {
        assert_eq!(unserialize("a:1:{s:6:\"autho\";b:1;}"), Err(Damaged { at: 16 }));
        assert_eq!(unserialize("i:1;x"), Err(Damaged { at: 4 }));
        for bad in [
            "",
            "s",
            "s:",
            "s:99:\"a\";",
            "s:18446744073709551615:\"a\";",
            "i:;",
            "b:2;",
            "R:1;",
            "a:9999999999:{",
            "a:1:{a:0:{}i:1;}",
        ] {
            assert!(unserialize(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "a:1:{i:0;".repeat(depth) + "N;" + &"}".repeat(depth);
        assert!(unserialize(&nested(DEPTH)).is_ok());
        assert!(unserialize(&nested(DEPTH + 1)).is_err());
        assert!(unserialize(&nested(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[aidsbONRC:;{}\"0-9é]{0,64}|\\PC{0,32}") {
            let _ = unserialize(&text);
        }
    }
}
