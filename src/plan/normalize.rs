//! The source's spelling → Appwrite's, one field at a time. Each function says what it changed by way of notes.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::appwrite::{Profile, rules};
use crate::bytes::has_upper;
use crate::code::{Code, Note};

/// An address as the server stores it: trimmed of ASCII white space and lower-cased (ASCII only, as PHP's `strtolower`).
pub fn email(address: Cow<'_, str>) -> Cow<'_, str> {
    let trimmed = match address {
        Cow::Borrowed(a) => Cow::Borrowed(trim(a)),
        Cow::Owned(a) if trim(&a).len() == a.len() => Cow::Owned(a),
        Cow::Owned(a) => Cow::Owned(trim(&a).to_owned()),
    };
    if has_upper(&trimmed) {
        let mut owned = trimmed.into_owned();
        owned.make_ascii_lowercase();
        return Cow::Owned(owned);
    }
    trimmed
}

fn trim(s: &str) -> &str {
    // Nearly every address begins and ends with a plain character: nothing to decode.
    if let [first, .., last] = s.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return s;
    }
    s.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0')
}

/// A number without the punctuation people put into it; whether the server takes the result is [`rules::phone`]'s word.
pub(super) fn phone(number: Cow<'_, str>) -> Cow<'_, str> {
    let noise =
        |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '-' | '.' | '/' | '\u{2011}' | '\u{2013}' | '\u{a0}');
    if number.contains(noise) { Cow::Owned(number.replace(noise, "")) } else { number }
}

/// A name of at most 128 code points; `None` for names without any visible character.
pub(super) fn name<'a>(name: Cow<'a, str>, notes: &mut Vec<Note>) -> Option<Cow<'a, str>> {
    if name.chars().all(char::is_whitespace) {
        return None;
    }
    // A string has at most as many code points as bytes, so only long ones need counting.
    if name.len() <= rules::TEXT_MAX {
        return Some(name);
    }
    match name.char_indices().nth(rules::TEXT_MAX) {
        None => Some(name),
        Some((end, _)) => {
            let length = name.chars().count();
            notes.push(Note::new(
                Code::NameTruncated,
                format!("the name has {length} characters; the first 128 are kept"),
            ));
            Some(match name {
                Cow::Borrowed(n) => Cow::Borrowed(&n[..end]),
                Cow::Owned(mut n) => {
                    n.truncate(end);
                    Cow::Owned(n)
                }
            })
        }
    }
}

/// Roles as labels: everything but ASCII letters and digits is left out (`shop_manager` → `shopmanager`), repeats are
/// merged, and what has no such character or is longer than 36 is dropped with a note.
pub(super) fn labels<'a>(roles: Vec<Cow<'a, str>>, profile: &Profile, notes: &mut Vec<Note>) -> Vec<Cow<'a, str>> {
    if let [role] = &*roles
        && rules::label(role)
    {
        return roles;
    }
    let mut labels: Vec<Cow<'a, str>> = Vec::with_capacity(roles.len());
    for role in roles {
        let label = if rules::label(&role) {
            role
        } else {
            let kept: String = role.chars().filter(char::is_ascii_alphanumeric).collect();
            if !rules::label(&kept) {
                let shown: String = role.chars().take(40).collect();
                notes.push(Note::new(Code::LabelDropped, format!("the role `{shown}` cannot be written as a label")));
                continue;
            }
            notes.push(Note::new(Code::LabelRewritten, format!("the role `{role}` becomes the label `{kept}`")));
            Cow::Owned(kept)
        };
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    if labels.len() > profile.max_labels {
        notes.push(Note::new(
            Code::LabelDropped,
            format!("{} roles; the first {} become labels", labels.len(), profile.max_labels),
        ));
        labels.truncate(profile.max_labels);
    }
    labels
}

/// Preferences the server takes: an object whose PHP encoding is at most 65,535 bytes, and which PHP does not read as a
/// list (keys exactly `0`, `1`, …).
pub(super) fn prefs(
    prefs: serde_json::Map<String, serde_json::Value>,
    notes: &mut Vec<Note>,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    if prefs.is_empty() {
        return None;
    }
    let is_list = prefs.contains_key("0") && prefs.keys().enumerate().all(|(i, key)| *key == i.to_string());
    let prefs = if is_list {
        notes.push(Note::new(
            Code::PrefsNested,
            "keys 0, 1, … read as a list on the server; they are kept under `values`",
        ));
        serde_json::Map::from_iter([("values".to_owned(), serde_json::Value::Object(prefs))])
    } else {
        prefs
    };
    let length = rules::php_object_len(&prefs);
    if length > rules::PREFS_MAX {
        notes.push(Note::new(
            Code::PrefsTooLarge,
            format!("the preferences are {length} bytes as the server counts them; 65535 is the limit"),
        ));
        return None;
    }
    Some(prefs)
}

/// A user id derived from something that identifies the user: the same on every run and machine. 120 bits of SHA-256,
/// 24 base-32 characters behind an `r`, all lower case because ids are compared without case.
#[must_use]
pub fn derive_id(namespace: &str, value: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digest = Sha256::new()
        .chain_update(b"rehome user id 1\0")
        .chain_update(namespace.as_bytes())
        .chain_update(b"\0")
        .chain_update(value.as_bytes())
        .finalize();
    let mut id = String::with_capacity(25);
    id.push('r');
    for chunk in digest[..15].chunks_exact(5) {
        let bits = chunk.iter().fold(0_u64, |acc, b| (acc << 8) | u64::from(*b));
        for i in (0..8).rev() {
            id.push(char::from(ALPHABET[(bits >> (i * 5)) as usize & 31]));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::Version;

    #[test]
    fn addresses_are_trimmed_and_lower_cased() {
        assert_eq!(email(" Alice@Example.COM\t".into()), "alice@example.com");
        assert!(matches!(email("a@b.co".into()), Cow::Borrowed("a@b.co")));
        assert_eq!(email("\u{feff}a@b.co\u{a0}".into()), "a@b.co");
    }

    #[test]
    fn numbers_lose_their_punctuation() {
        assert_eq!(phone("+1 (415) 555-0124".into()), "+14155550124");
        assert!(matches!(phone("+14155550124".into()), Cow::Borrowed(_)));
    }

    #[test]
    fn names_are_cut_at_code_points() {
        let mut notes = Vec::new();
        assert_eq!(name("ü".repeat(128).into(), &mut notes).as_deref(), Some("ü".repeat(128).as_str()));
        assert!(notes.is_empty());
        assert_eq!(name("😀".repeat(129).into(), &mut notes).as_deref(), Some("😀".repeat(128).as_str()));
        assert_eq!(notes.len(), 1);
        assert_eq!(name("  ".into(), &mut notes), None);
    }

    #[test]
    fn roles_become_labels() {
        let mut notes = Vec::new();
        let roles = vec!["shop_manager".into(), "admin".into(), "админ".into(), "shop-manager".into()];
        let got = labels(roles, Version::NEWEST.profile(), &mut notes);
        assert_eq!(got, ["shopmanager", "admin"]);
        assert!(notes.iter().any(|n| n.code == Code::LabelDropped));
    }

    #[test]
    fn preferences_php_would_take_for_a_list_are_nested() {
        let map = |json: &str| serde_json::from_str(json).expect("an object");
        let mut notes = Vec::new();
        assert_eq!(prefs(map(r#"{"0":"a","1":"b"}"#), &mut notes), Some(map(r#"{"values":{"0":"a","1":"b"}}"#)));
        assert_eq!(prefs(map(r#"{"1":"b"}"#), &mut notes), Some(map(r#"{"1":"b"}"#)));
        assert_eq!(prefs(map("{}"), &mut notes), None);
        let large = serde_json::Map::from_iter([("a".to_owned(), "/".repeat(32_764).into())]);
        assert_eq!(rules::php_object_len(&large), 65_536);
        assert_eq!(prefs(large, &mut notes), None);
    }

    #[test]
    fn derived_ids_are_stable_and_acceptable() {
        let id = derive_id("auth0", "auth0|abc");
        assert_eq!(id, derive_id("auth0", "auth0|abc"));
        assert_ne!(id, derive_id("auth0", "auth0|abd"));
        assert_ne!(id, derive_id("clerk", "auth0|abc"));
        assert_eq!(id.len(), 25);
        assert!(rules::user_id(&id, Version::NEWEST.profile()));
    }
}
