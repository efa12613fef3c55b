//! What programs write over the address or the name of somebody who was deleted or shut out: `deleted_2_b@example.com`,
//! `b@example.com.deleted`, `[deleted]`, `Gelöschter Benutzer`.

use std::borrow::Cow;

use super::names::is;
use super::stems::in_english;
use super::words::{DELETES, HARD};
use crate::bytes::{Initials, trim};

/// What such a name calls somebody.
const SOMEBODY: [&str; 16] = [
    "user",
    "account",
    "member",
    "customer",
    "benutzer",
    "nutzer",
    "konto",
    "kunde",
    "mitglied",
    "utilisateur",
    "usuario",
    "utente",
    "gebruiker",
    "bruker",
    "bruger",
    "compte",
];

/// Of nearly every name, that it calls nobody so.
static CALLED: Initials = Initials::of(&[&SOMEBODY]);

/// Whether an address or a name is one that was written over.
#[must_use]
pub fn is_tombstone(email: Option<&str>, name: Option<&str>) -> bool {
    email.is_some_and(is_address) || name.is_some_and(is_name)
}

fn is_address(email: &str) -> bool {
    // Nearly no address has such a sign behind its first word, or such an end.
    let bytes = email.as_bytes();
    let end = bytes.iter().position(|byte| !byte.is_ascii_alphabetic());
    let is_parted = end.is_some_and(|at| match bytes[at] {
        b'_' | b'-' | b'.' | b'+' => at >= 6,
        sign => !sign.is_ascii(),
    });
    let is_short = bytes.iter().rev().take(6).any(|byte| *byte == b'.');
    let has_tag = memchr::memchr(b'+', bytes).is_some();
    (is_parted || !is_short || has_tag) && is_marked(email) || is_nowhere(email)
}

#[inline(never)]
fn is_marked(email: &str) -> bool {
    let end = email.find(|c: char| !c.is_alphabetic()).unwrap_or(email.len());
    let (word, rest) = email.split_at(end);
    let is_marked = word.len() >= 6 && rest.starts_with(['_', '-', '.', '+']) && rest.len() > 1;
    is_marked && (rest.starts_with('+') || rest.bytes().take(24).any(|b| b.is_ascii_digit() || b == b'_')) && says(word)
        || memchr::memchr(b'+', email.as_bytes()).is_some_and(|at| is_tag(&email[at + 1..]))
        || email.rsplit_once('.').is_some_and(|(before, end)| end.len() >= 6 && before.contains('@') && says(end))
}

/// `b+deleted_20240101@example.com`
fn is_tag(tag: &str) -> bool {
    let end = tag.find(|c: char| !c.is_alphabetic()).unwrap_or(tag.len());
    end >= 6 && says(&tag[..end])
}

/// A domain that cannot be anybody's and says why: `deleted.invalid`, `anonymized.local`.
fn is_nowhere(email: &str) -> bool {
    const NOBODYS: [&str; 5] = ["invalid", "local", "localhost", "test", "example"];
    // Nearly all end in other letters.
    if !email.ends_with(['d', 'l', 't', 'e', 'D', 'L', 'T', 'E']) {
        return false;
    }
    let Some((domain, end)) = email.rsplit_once('@').and_then(|(_, domain)| domain.rsplit_once('.')) else {
        return false;
    };
    NOBODYS.iter().any(|nobody| end.eq_ignore_ascii_case(nobody)) && domain.split(['.', '-']).any(says)
}

fn is_name(name: &str) -> bool {
    let name = trim(name);
    // Nearly nobody is called somebody.
    let last = name.as_bytes().iter().rposition(|byte| *byte == b' ').map_or(name, |at| &name[at + 1..]);
    (CALLED.may_be(last) || matches!(name.as_bytes(), [b'[' | b'<' | b'(', ..])) && is_called(name)
}

#[cold]
fn is_called(name: &str) -> bool {
    if let Some(word) = name.strip_prefix(['[', '<', '(']).and_then(|rest| rest.strip_suffix([']', '>', ')'])) {
        return word.split(' ').all(|word| says(word) || is_somebody(word));
    }
    name.rsplit_once(' ').is_some_and(|(word, somebody)| is_somebody(somebody) && !word.contains(' ') && says(word))
}

fn is_somebody(word: &str) -> bool {
    SOMEBODY.iter().any(|somebody| word.eq_ignore_ascii_case(somebody))
}

fn says(word: &str) -> bool {
    let word = if word.bytes().any(|b| b.is_ascii_uppercase()) || !word.is_ascii() {
        Cow::Owned(word.to_lowercase())
    } else {
        Cow::Borrowed(word)
    };
    let word = in_english(&word);
    [DELETES, HARD].iter().any(|list| is(list, &word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_over_is_told_from_people() {
        for email in [
            "deleted_2_b@example.com",
            "DELETED-1666-c@example.com",
            "gesperrt_b@example.com",
            "geloescht-3@invalid",
            "d@example.com.deleted",
            "anonymized-77@example.com",
            "b+deleted_20240101@example.com",
            "deleted+b@example.com",
            "b@deleted.invalid",
            "anonymous_2@anonymized.local",
        ] {
            assert!(is_tombstone(Some(email), None), "{email}");
        }
        for name in ["[deleted]", "Deleted User", "Gelöschter Benutzer", "<removed>", "[deleted user]"] {
            assert!(is_tombstone(None, Some(name)), "{name}");
        }
        for email in [
            "ann@example.com",
            "deleted@example.com",
            "deletedscenes@example.com",
            "blocked.artery@example.com",
            "remo_1@example.com",
            "ann@example.info",
            "ann@example.company",
            "ann+news@example.com",
            "ann@shop.local",
            "ann@deleted.com",
        ] {
            assert!(!is_tombstone(Some(email), None), "{email}");
        }
        for name in ["Ann User", "Ann", "(Ann)", "Deleted Scenes", "[admin]"] {
            assert!(!is_tombstone(None, Some(name)), "{name}");
        }
    }
}
