//! What PHP's crypt() knows besides bcrypt: MD5-crypt, SHA-crypt, DES, BSDi's DES; and phpass.

use std::borrow::Cow;

use crate::account::Hint;
use crate::appwrite::Endpoint;
use crate::bytes::{every, split_once};
use crate::code::Code;
use crate::scheme::job::Job;
use crate::scheme::verdict::Verdict;
use crate::scheme::verify::crypt::MAX_ROUNDS;
use crate::scheme::{encoding, itoa64};

/// phpass rounds (log₂) beyond which a login takes minutes.
const PHPASS_LIMIT: u8 = 24;

/// Portable phpass: `$P$` or `$H$`, a character of rounds, eight of salt and 22 of hash.
pub fn phpass<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "phpass";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let bytes = text.as_bytes();
    // 22 characters hold 16 bytes; the last one has two bits of them.
    let clean_end = bytes.last().and_then(|&b| itoa64::value(b)).is_some_and(|v| v < 4);
    if bytes.len() != 34 || !itoa64::is_valid(&text[3..]) || !clean_end {
        return job.malformed(NAME, "phpass has 34 characters, the last 31 of ./0-9A-Za-z");
    }
    match itoa64::value(bytes[3]) {
        Some(7..=PHPASS_LIMIT) => {}
        Some(log2 @ ..=30) if log2 > PHPASS_LIMIT => {
            return job.refuse(Code::TooExpensive, NAME, format!("a login with 2^{log2} rounds takes minutes"));
        }
        _ => return job.malformed(NAME, "phpass computes 2^7 to 2^30 rounds"),
    }
    if let Some(how) = job.hint(|hint| if let Hint::Prepared(how) = hint { Some(*how) } else { None }) {
        job.note(Code::PasswordPrepared, how);
    }
    job.maps(NAME, Endpoint::Phpass, Cow::Borrowed(text))
}

/// `$1$`, `$5$` and `$6$`: a salt and a hash of exactly so many characters, whose last has no more bits than are left.
pub fn salted<'s>(job: &mut Job<'s, '_>, text: &'s str, name: &'static str) -> Verdict<'s> {
    let (salt_max, hash_length, end) = match name {
        "md5crypt" => (8, 22, 4),
        "sha256crypt" => (16, 43, 16),
        _ => (16, 86, 4),
    };
    if let Some(verdict) = job.contradiction(name) {
        return verdict;
    }
    if let Some(verdict) = job.second_salt(name, text) {
        return verdict;
    }
    let mut rest = text.get(3..).unwrap_or_default();
    if name != "md5crypt"
        && let Some((rounds, after)) = rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$'))
    {
        match encoding::decimal::<u32>(rounds) {
            Some(MAX_ROUNDS..=999_999_999) => {
                return job.refuse(Code::TooExpensive, name, format!("a login with {rounds} rounds takes minutes"));
            }
            Some(1000..=999_999_999) => {}
            Some(0..1000) => {
                return job.refuse(Code::UnsupportedScheme, name, "PHP refuses fewer than 1,000 rounds");
            }
            _ => return job.malformed(name, "rounds are a decimal number up to 999,999,999"),
        }
        rest = after;
    }
    let Some((salt, hash)) = split_once(rest, b'$') else {
        return job.malformed(name, "the string has a salt and a hash, divided by $");
    };
    let clean_end = hash.as_bytes().last().and_then(|&b| itoa64::value(b)).is_some_and(|v| v < end);
    let sound = salt.len() <= salt_max
        && every(salt.as_bytes(), |b| b.is_ascii_graphic() && b != b':')
        && hash.len() == hash_length
        && itoa64::is_valid(hash)
        && clean_end;
    if !sound {
        return job.malformed(
            name,
            "salt or hash is damaged: too long, too short, or with characters that crypt(3) does not write",
        );
    }
    job.maps(name, Endpoint::Phpass, Cow::Borrowed(text))
}

/// BSDi: `_`, four characters of rounds, four of salt, eleven of hash.
pub fn bsdi<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "bsdicrypt";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    if !itoa64::is_valid(&text[1..]) || &text[1..5] == "...." || !des_end(text) {
        return if job.declared() == Some(NAME) {
            job.malformed(NAME, "BSDi's crypt has 20 characters of ./0-9A-Za-z behind its _")
        } else {
            job.unrecognised()
        };
    }
    job.maps(NAME, Endpoint::Phpass, Cow::Borrowed(text))
}

/// 66 bits hold the 64 of a DES block; the last two are zero.
fn des_end(text: &str) -> bool {
    text.as_bytes().last().and_then(|&b| itoa64::value(b)).is_some_and(|v| v.is_multiple_of(4))
}

/// Thirteen characters of the alphabet: DES where the source or a person says so.
pub fn des<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let known =
        matches!(job.declared(), Some("descrypt" | "crypt")) || (job.declared().is_none() && job.has(Hint::Crypt));
    if known {
        return des_named(job, text);
    }
    if job.declared().is_some() || !des_end(text) {
        return job.unrecognised();
    }
    job.ambiguous(&["descrypt", "plain"], "13 characters of ./0-9A-Za-z are DES crypt or any word")
}

/// Whether it is as long as bigcrypt is: two characters of salt, and eleven for every eight of a password of nine to 128.
pub fn is_bigcrypt(text: &str) -> bool {
    (24..=2 + 11 * 16).contains(&text.len()) && (text.len() - 2).is_multiple_of(11) && itoa64::is_valid(text)
}

/// Thirteen characters that are known to be DES.
pub fn des_named<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "descrypt";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    if text.len() != 13 || !itoa64::is_valid(text) || !des_end(text) {
        return job.malformed(NAME, "traditional crypt(3) has 13 characters of ./0-9A-Za-z");
    }
    job.note(Code::ShortMemory, "DES crypt knows the first 8 characters of the password; what follows is not checked");
    job.maps(NAME, Endpoint::Phpass, Cow::Borrowed(text))
}
