//! What Python prints of a dictionary or list, as scripts write it into CSV: `{'role': 'admin', 'mfa': True, 'x': None}`.

use serde_json::{Map, Number, Value as Json};

/// Lists within lists that are followed.
const DEPTH: u8 = 32;

/// The value that `repr` wrote; `None` for anything else, and for objects of other kinds (`datetime.datetime(…)`).
#[must_use]
pub fn parse(text: &str) -> Option<Json> {
    let mut rest = text.trim();
    let value = value(&mut rest, DEPTH)?;
    rest.trim().is_empty().then_some(value)
}

fn value(rest: &mut &str, depth: u8) -> Option<Json> {
    *rest = rest.trim_start();
    for (name, value) in [("None", Json::Null), ("True", true.into()), ("False", false.into())] {
        if let Some(after) = rest.strip_prefix(name) {
            *rest = after;
            return Some(value);
        }
    }
    let depth = depth.checked_sub(1)?;
    match rest.chars().next()? {
        '{' => object(rest, depth),
        '[' => list(rest, ']', depth).map(Json::Array),
        '(' => list(rest, ')', depth).map(Json::Array),
        quote @ ('\'' | '"') => string(rest, quote).map(Json::String),
        _ => number(rest),
    }
}

fn take(rest: &mut &str, c: char) -> bool {
    let after = rest.trim_start().strip_prefix(c);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

fn object(rest: &mut &str, depth: u8) -> Option<Json> {
    let mut members = Map::new();
    take(rest, '{');
    while !take(rest, '}') {
        let Json::String(name) = value(rest, depth)? else { return None };
        if !take(rest, ':') {
            return None;
        }
        members.insert(name, value(rest, depth)?);
        if !take(rest, ',') && !rest.trim_start().starts_with('}') {
            return None;
        }
    }
    Some(Json::Object(members))
}

fn list(rest: &mut &str, end: char, depth: u8) -> Option<Vec<Json>> {
    let mut items = Vec::new();
    *rest = &rest[1..];
    while !take(rest, end) {
        items.push(value(rest, depth)?);
        if !take(rest, ',') && !rest.trim_start().starts_with(end) {
            return None;
        }
    }
    Some(items)
}

fn string(rest: &mut &str, quote: char) -> Option<String> {
    let mut text = String::new();
    let mut chars = rest[1..].chars();
    loop {
        match chars.next()? {
            c if c == quote => break,
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                digits @ ('x' | 'u' | 'U') => {
                    let count = if digits == 'x' {
                        2
                    } else if digits == 'u' {
                        4
                    } else {
                        8
                    };
                    let code = (0..count).try_fold(0_u32, |code, _| Some(code * 16 + chars.next()?.to_digit(16)?))?;
                    text.push(char::from_u32(code)?);
                }
                c @ ('\\' | '\'' | '"') => text.push(c),
                _ => return None,
            },
            c => text.push(c),
        }
    }
    *rest = chars.as_str();
    Some(text)
}

fn number(rest: &mut &str) -> Option<Json> {
    let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    let whole = digits.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(digits.parse().ok()?)).map(Json::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_python_prints_is_read() {
        let text = r#"{'provider': 'email', 'roles': ['admin', "it's"], 'mfa': True, 'n': 3, 'f': 1.5, 'x': None, 'e': {}, 't': (1,), 'u': 'caf\xe9 \u20ac\n'}"#;
        assert_eq!(
            parse(text),
            Some(
                json!({"provider": "email", "roles": ["admin", "it's"], "mfa": true, "n": 3, "f": 1.5, "x": null, "e": {},
                "t": [1], "u": "café €\n"})
            )
        );
        for broken in
            ["{'a': }", "{'a' 1}", "{'a': 1", "[1 2]", "{'t': datetime.datetime(2024, 1, 1)}", "{'a': 1} x", "['\\"]
        {
            assert_eq!(parse(broken), None, "{broken}");
        }
        assert_eq!(parse(&"[".repeat(10_000)), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}(),:'\"\\\\xuUNTF0-9a-c \u{e9}]{0,40}") {
            let _ = parse(&text);
        }
    }
}
