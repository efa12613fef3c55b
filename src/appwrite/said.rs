//! What a target says, made fit to be shown: an error may repeat the request, and its text may be anybody's.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;
use serde_json::Value;

use crate::escape;

/// Characters of a message that are kept.
const LONGEST: usize = 240;
/// Bytes of a secret that a message may hold by chance, `password` being one of the most common passwords.
const BY_CHANCE: usize = 6;
/// The same of a secret in another writing, and bytes of one that is looked for so.
const BY_CHANCE_WRITTEN: usize = 12;
const WRITTEN: usize = 8;
/// What stands in a secret's place.
const HIDDEN: &str = "[redacted]";

/// The members of Appwrite's error body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    /// `user_already_exists`; empty if the answer is not Appwrite's.
    #[serde(rename = "type")]
    pub kind: String,
    /// The English sentence, with what the request carried taken out.
    pub message: String,
}

/// The members of a request that are secrets.
const SECRET: [&str; 4] = ["password", "passwordSalt", "passwordSaltSeparator", "passwordSignerKey"];
/// What is of no person and no password.
const OPEN: [&str; 1] = ["passwordVersion"];

/// The error of a body that is not a success, to a request that carried this: nothing of that in it, nothing a terminal would
/// obey, and not long.
pub(in crate::appwrite) fn error(body: &[u8], carried: &[u8], key: &str) -> ErrorBody {
    let ErrorBody { kind, message } = serde_json::from_slice(body).unwrap_or_default();
    // Cut before anything else: a message can be as long as an answer.
    let mut message: String = message.chars().take(16 * LONGEST).collect();
    if !message.is_empty() {
        let carried = serde_json::from_slice(carried).unwrap_or(Value::Null);
        each_text(&carried, false, &mut |text, secret| {
            // Of a secret every part tells something; a name is often a word that any message has.
            let whole = text.chars().count();
            let least = if secret { whole.min(BY_CHANCE) } else { whole };
            message = hide(&message, text, least);
            if secret {
                message = hide_written(&message, text);
            }
        });
        message = hide_written(&hide(&message, key, key.len().min(BY_CHANCE)), key);
    }
    let kind = kind.chars().take(64).filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    ErrorBody { kind, message: escape::shown(&message, LONGEST).into_owned() }
}

/// Replaces the secret in base64, wherever in it, and in hex, and what a secret in hex stands for.
fn hide_written(message: &str, secret: &str) -> String {
    let mut message = message.to_owned();
    if secret.len() < WRITTEN {
        return message;
    }
    let bytes = secret.as_bytes();
    let pairs = bytes.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let stood_for: Vec<u8> =
        if bytes.len().is_multiple_of(2) { pairs.collect::<Option<_>>().unwrap_or_default() } else { Vec::new() };
    for (bytes, is_raw) in [(bytes, true), (&*stood_for, false)] {
        if bytes.len() < WRITTEN {
            continue;
        }
        // Three bytes become four characters, from wherever they begin.
        for from in 0..3 {
            for writing in [STANDARD, URL_SAFE] {
                message = hide(&message, writing.encode(&bytes[from..]).trim_end_matches('='), BY_CHANCE_WRITTEN);
            }
        }
        if is_raw {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            message = hide(&message, &hex, BY_CHANCE_WRITTEN);
        }
    }
    message
}

/// Hands on every text in there, and whether it is a secret.
fn each_text(value: &Value, secret: bool, take: &mut impl FnMut(&str, bool)) {
    match value {
        Value::String(text) => take(text, secret),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, secret, take)),
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !OPEN.contains(&name.as_str())) {
                each_text(value, secret || SECRET.contains(&name.as_str()), take);
            }
        }
        _ => {}
    }
}

/// Replaces every part of the text that is a part of the secret, and has at least so many characters, whatever case and escapes
/// it is repeated in.
fn hide(text: &str, secret: &str, least: usize) -> String {
    let plain: Vec<char> = secret.chars().filter(|c| *c != '\\').flat_map(char::to_lowercase).collect();
    // A salt of a letter or two is found in every word, and tells nothing.
    if least < 3 {
        return text.to_owned();
    }
    // Where each character of the text stands that is not an escape.
    let letters: Vec<(usize, char)> = text
        .char_indices()
        .filter(|(_, c)| *c != '\\')
        .map(|(at, c)| (at, c.to_lowercase().next().unwrap_or(c)))
        .collect();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut i) = (0, 0);
    while i < letters.len() {
        let longest = (0..plain.len())
            .map(|j| plain[j..].iter().zip(&letters[i..]).take_while(|(a, (_, b))| *a == b).count())
            .max()
            .unwrap_or_default();
        if longest < least {
            i += 1;
            continue;
        }
        out.push_str(&text[from..letters[i].0]);
        if !out.ends_with(HIDDEN) {
            out.push_str(HIDDEN);
        }
        i += longest;
        from = letters.get(i).map_or(text.len(), |(at, _)| *at);
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

    #[test]
    fn what_the_request_carried_is_never_shown() {
        let carried = serde_json::json!({
            "userId": "u", "email": "ann.bell@example.com", "name": "Ann Bell", "password": HASH,
            "passwordSalt": "a/salt+of=mine", "passwordSignerKey": "correct horse",
            "prefs": {"cities": ["Bad Homburg"]},
        });
        for echo in [
            HASH.to_owned(),
            HASH.to_uppercase(),
            format!("cannot take {{\"password\":\"{HASH}\"}}"),
            HASH.replace('$', "\\$"),
            format!("…{}", &HASH[20..]),
            "a\\/salt+of=mine".into(),
            format!("rejected {}", STANDARD.encode(HASH)),
            format!("rejected {}", STANDARD.encode(format!("{{\"password\":\"{HASH}"))),
            format!("rejected {}", HASH.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat()),
            format!("Basic {}", STANDARD.encode("x:standard_0123456789")),
            "the password correct horse is weak".into(),
            "key standard_0123456789".into(),
            "somebody has ANN.bell@example.com".into(),
            "what a name: Ann Bell!".into(),
            "prefs: Bad Homburg".into(),
        ] {
            let body = serde_json::json!({"type": "t", "message": echo}).to_string();
            let said = error(body.as_bytes(), carried.to_string().as_bytes(), "standard_0123456789").message;
            assert!(said.contains(HIDDEN), "{said}");
            let written =
                [STANDARD.encode(&HASH[9..30]), STANDARD.encode(&HASH[10..31]), STANDARD.encode(&HASH[11..32])];
            assert!(written.iter().all(|text| !said.contains(&text[4..16])), "{said}");
            for secret in [&HASH[8..20], &HASH[30..], "salt+of", "horse", "0123456789", "bell", "homburg"] {
                assert!(!said.to_lowercase().contains(&secret.to_lowercase()), "{said}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_message_stays() {
        let message = "Invalid `password` param: Password must be between 8 and 256 characters long.";
        let body = serde_json::json!({"type": "general_argument_invalid", "message": message}).to_string();
        let carried = serde_json::json!({"password": HASH, "name": "Mr Password", "passwordVersion": "password"});
        let said = error(body.as_bytes(), carried.to_string().as_bytes(), "standard_0123456789");
        assert_eq!((said.kind.as_str(), said.message.as_str()), ("general_argument_invalid", message));
        let body = serde_json::json!({"message": "a\u{1b}[2Jb\u{202e}c"}).to_string();
        let said = error(body.as_bytes(), b"", "k").message;
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
}
