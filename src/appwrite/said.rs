//! What a target says, made fit to be shown: an error may repeat the request, and its text may be anybody's.

use serde::Deserialize;

use super::wire::PasswordFields;
use crate::escape;

/// Characters of a message that are kept.
const LONGEST: usize = 240;
/// Bytes of a secret that a message may hold by chance, `password` being one of the most common passwords.
const BY_CHANCE: usize = 6;
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

/// What a request carries that must not be shown.
#[derive(Clone, Default)]
pub(in crate::appwrite) struct Secrets(Vec<String>);

impl<const N: usize> From<[&str; N]> for Secrets {
    fn from(secrets: [&str; N]) -> Self {
        Self(secrets.into_iter().map(str::to_owned).collect())
    }
}

impl Secrets {
    /// Those of a create.
    pub(in crate::appwrite) fn of(fields: Option<&PasswordFields<'_>>) -> Self {
        let Some(fields) = fields else { return Self::default() };
        let all = [
            Some(&fields.password),
            fields.password_salt.as_ref(),
            fields.password_salt_separator.as_ref(),
            fields.password_signer_key.as_ref(),
        ];
        Self(all.into_iter().flatten().map(|secret| secret.as_ref().to_owned()).collect())
    }
}

/// The error of a body that is not a success: no secret in it, nothing a terminal would obey, and not long.
pub(in crate::appwrite) fn error(body: &[u8], secrets: &Secrets, key: &str) -> ErrorBody {
    let ErrorBody { kind, message } = serde_json::from_slice(body).unwrap_or_default();
    // Cut before anything else: a message can be as long as an answer.
    let message: String = message.chars().take(16 * LONGEST).collect();
    let hidden = secrets.0.iter().map(String::as_str).chain([key]).fold(message, |text, secret| hide(&text, secret));
    let kind = kind.chars().take(64).filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    ErrorBody { kind, message: escape::shown(&hidden, LONGEST).into_owned() }
}

/// Replaces every part of the text that is a part of the secret, whatever case and escapes it is repeated in.
fn hide(text: &str, secret: &str) -> String {
    let plain: Vec<char> = secret.chars().filter(|c| *c != '\\').flat_map(char::to_lowercase).collect();
    let least = plain.len().min(BY_CHANCE);
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
        let secrets = Secrets::from([HASH, "a/salt+of=mine", "correct horse"]);
        for echo in [
            HASH.to_owned(),
            HASH.to_uppercase(),
            format!("cannot take {{\"password\":\"{HASH}\"}}"),
            HASH.replace('$', "\\$"),
            format!("…{}", &HASH[20..]),
            "a\\/salt+of=mine".into(),
            "the password correct horse is weak".into(),
            "key standard_0123456789".into(),
        ] {
            let body = serde_json::json!({"type": "t", "message": echo}).to_string();
            let said = error(body.as_bytes(), &secrets, "standard_0123456789").message;
            assert!(said.contains(HIDDEN), "{said}");
            for secret in [&HASH[8..20], &HASH[30..], "salt+of", "horse", "0123456789"] {
                assert!(!said.to_lowercase().contains(&secret.to_lowercase()), "{said}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_message_stays() {
        let message = "Invalid `password` param: Password must be between 8 and 256 characters long.";
        let body = serde_json::json!({"type": "general_argument_invalid", "message": message}).to_string();
        let said = error(body.as_bytes(), &Secrets::from([HASH]), "standard_0123456789");
        assert_eq!((said.kind.as_str(), said.message.as_str()), ("general_argument_invalid", message));
        let body = serde_json::json!({"message": "a\u{1b}[2Jb\u{202e}c"}).to_string();
        let said = error(body.as_bytes(), &Secrets::default(), "k").message;
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
}
