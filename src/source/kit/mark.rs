//! What stands before a hash in its column: a sign or a word that locks it, or the name of its user, as in a password file.

use memchr::memchr2;

use super::common;
use super::status::{Meaning, Standing};
use crate::format::{Record, Value};
use crate::scheme::registry;

/// What stands before a hash.
#[derive(Debug, PartialEq, Eq)]
pub enum Mark<'t> {
    /// Nothing that would say anything.
    None,
    /// What says that its user may not sign in: `gesperrt:$2b$…` with the hash behind it, `!$2y$…` and `*LOCKED*$6$…` whole, which
    /// stand for no password.
    Locked(&'t str),
    /// A word that is neither the user's name nor a scheme's: `OLD:$2b$…`.
    Unknown,
}

/// What stands before a hash of a record.
#[must_use]
#[inline]
pub fn mark<'t>(hash: &'t str, record: &Record<'_>) -> Mark<'t> {
    // Nearly all begin with themselves, or have no such sign.
    match hash.as_bytes() {
        [] | [b'$' | b'{', ..] => Mark::None,
        bytes if memchr2(b'$', b'{', bytes).is_none() => Mark::None,
        _ => within(hash, record),
    }
}

/// What stands before the first sign of a hash that does not begin with one.
#[cold]
fn within<'t>(hash: &'t str, record: &Record<'_>) -> Mark<'t> {
    if hash.starts_with(['!', '*']) {
        return if common::is_unusable(hash) { Mark::Locked(hash) } else { Mark::None };
    }
    let Some((word, rest)) = hash.split_once(':').filter(|(_, rest)| rest.starts_with(['$', '{'])) else {
        return Mark::None;
    };
    if Meaning::State.read(&Value::Text(word.into()), jiff::Timestamp::UNIX_EPOCH) >= Standing::Disabled {
        return Mark::Locked(rest);
    }
    let same = |text: &str| {
        text.eq_ignore_ascii_case(word) || text.split_once('@').is_some_and(|(name, _)| name.eq_ignore_ascii_case(word))
    };
    let is_own = || record.iter().any(|(_, value)| value.text().is_some_and(|text| same(&text)));
    let lower = word.to_ascii_lowercase();
    let is_scheme = || {
        registry::find(&lower).is_some()
            || ["crypt", "sha", "md5", "argon", "pbkdf", "phpass", "blowfish", "hash"]
                .iter()
                .any(|part| lower.contains(part))
    };
    if is_scheme() || is_own() { Mark::None } else { Mark::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing;

    #[test]
    fn a_word_before_a_hash_is_its_users_a_schemes_or_a_lock() {
        let record = testing::row("", &["login", "email"], &["bob", "ann@example.com"]);
        let hash = "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6";
        for (before, expected) in [
            ("", Mark::None),
            ("bob:", Mark::None),
            ("ANN:", Mark::None),
            ("bcrypt:", Mark::None),
            ("locked:", Mark::Locked(hash)),
            ("DISABLED:", Mark::Locked(hash)),
            ("gesperrt:", Mark::Locked(hash)),
            ("smazaný:", Mark::Locked(hash)),
            ("OLD:", Mark::Unknown),
            ("carl:", Mark::Unknown),
        ] {
            assert_eq!(mark(&format!("{before}{hash}"), &record), expected, "{before}");
        }
        for before in ["!", "!!", "*LOCKED*"] {
            let whole = format!("{before}{hash}");
            assert_eq!(mark(&whole, &record), Mark::Locked(&whole), "{before}");
        }
        for other in
            ["5f4dcc3b5aa765d61d8327deb882cf99", "pbkdf2:sha256:600000$salt$hash", "sha1$salt$hash", "!bcrypt!$2a$10$x"]
        {
            assert_eq!(mark(other, &record), Mark::None, "{other}");
        }
    }
}
