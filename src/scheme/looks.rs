//! What one cell looks like to somebody who was not told: a hash, a mask, a marker, or nothing of the kind.
//!
//! For guards: no hash may become a password, no column of hashes may be dropped without a word. It asks the resolver, so
//! that the two cannot disagree.

use super::marker::unusable_marker;
use super::mask::is_mask;
use super::resolve::resolve;
use super::verdict::Verdict;
use crate::account::HashInput;
use crate::appwrite::Version;
use crate::code::Code;

/// The look of a cell alone, without the name of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// A password hash, bare or written around (`b'…'`, `\\x…`, base64, `{CRYPT}…`).
    Hash {
        /// The likeliest scheme, as `rehome schemes` lists it.
        scheme: &'static str,
        /// Whether no person would choose such a password: what is not sure is decided by the whole column.
        sure: bool,
    },
    /// What an exporter writes in the place of a password: `********`, `[FILTERED]`, `REDACTED`.
    Masked,
    /// A marker for an account without a usable password: `!`, `*`, `x`, nothing.
    Unusable,
    /// Neither: a password in plain text, or no password at all.
    Nothing,
}

impl Looks {
    /// Whether the cell is no plain-text password for sure.
    #[must_use]
    pub const fn is_no_password(self) -> bool {
        matches!(self, Self::Hash { sure: true, .. } | Self::Masked | Self::Unusable)
    }
}

/// Tells hashes, masks and other cells apart, by the cell alone.
#[must_use]
pub fn looks_like(cell: &str) -> Looks {
    // No hash and no mask is longer; what is costs nothing to answer.
    if cell.len() > 8192 {
        return Looks::Nothing;
    }
    if is_mask(cell) {
        return Looks::Masked;
    }
    let text = cell.trim_ascii();
    if unusable_marker(text) {
        return Looks::Unusable;
    }
    if is_short_word(text) { Looks::Nothing } else { resolved(text) }
}

/// What the resolver makes of it.
fn resolved(text: &str) -> Looks {
    let input = HashInput { hash: text.into(), ..HashInput::default() };
    match resolve(&input, Version::NEWEST.profile()) {
        Verdict::Maps(mapped) if mapped.scheme == "plain" => Looks::Hash { scheme: "plain", sure: true },
        Verdict::Maps(mapped) => Looks::Hash { scheme: mapped.scheme, sure: true },
        Verdict::Refused(refusal) => match (refusal.code, refusal.scheme, refusal.ambiguous.first()) {
            (Code::UnusablePassword, ..) => Looks::Unusable,
            (Code::RedactedHash, ..) => Looks::Masked,
            (code, Some(scheme), _) if code != Code::UnrecognisedHash => {
                Looks::Hash { scheme, sure: is_sure(text, scheme) }
            }
            (_, None, Some(scheme)) => Looks::Hash { scheme, sure: is_sure(text, scheme) },
            _ => Looks::Nothing,
        },
    }
}

/// What nearly all passwords are, and no hash: shorter than any but those that are hexadecimal, without the signs that hashes
/// are written with.
fn is_short_word(text: &str) -> bool {
    text.len() < SHORTEST
        && !text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@' | b'!' | b'?' | b'#'))
}

/// The length of the shortest hash that is more than hexadecimal: DES-crypt's.
const SHORTEST: usize = 13;

/// Whether the shape alone is beyond what a person or a password manager makes. Letters and digits of 13 or 22 may be a
/// word or a generated password; a whole column of them is not.
fn is_sure(text: &str, scheme: &str) -> bool {
    let unpadded = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'+' | b'-' | b'_'));
    let hexadecimal = crate::bytes::is_hex(text);
    match scheme {
        // `bob:secret99` and `S:word` are passwords as well.
        "descrypt" | "mysql323" | "bigcrypt" | "mysql41" | "oracle" | "cisco" => text.len() >= 30,
        _ => !unpadded || (hexadecimal && text.len() >= 32) || text.len() >= 40,
    }
}

#[cfg(test)]
mod tests;
