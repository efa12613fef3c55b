//! Strings that begin with `$`, `_` or are traditional DES: everything that PHP's password_verify() and crypt() decide,
//! and what looks like it.

use std::borrow::Cow;

use super::job::Job;
use super::verify::{self, MEMORY_LIMIT};
use super::{Verdict, digest, encoding, firebase, itoa64, recognise, scrypt};
use crate::appwrite::Endpoint;
use crate::bytes::{every, split, split_once};
use crate::code::Code;

/// Memory of one login from which a person is warned, in bytes.
pub(super) const MEMORY_WARNING: u64 = 256 << 20;

/// bcrypt costs and phpass rounds from which a person is warned: a login takes seconds.
const BCRYPT_WARNING: u32 = 15;
const PHPASS_LIMIT: u8 = 24;

/// Anything that begins with `$`.
pub(super) fn modular<'s>(job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let tag = &text[1..];
    let tag = &tag[..tag.bytes().position(|b| b == b'$').unwrap_or(tag.len())];
    let unsupported = match tag {
        "2a" | "2b" | "2x" | "2y" => return bcrypt(job, text),
        "argon2id" | "argon2i" => return argon2(job, text),
        "P" | "H" => return phpass(job, text),
        "1" => return salted_crypt(job, text, "md5crypt", 8, 22, 4),
        "5" => return salted_crypt(job, text, "sha256crypt", 16, 43, 16),
        "6" => return salted_crypt(job, text, "sha512crypt", 16, 86, 4),
        "7" => return scrypt::crypt_7(job, text),
        "scrypt" => return scrypt::phc(job, text),
        "s0" => return scrypt::spring(job, &text[3..]),
        "fbscrypt" => return firebase::supabase(job, text),
        "e0801" => return scrypt::spring(job, text),
        "wp" => "wp-bcrypt",
        "2" => "bcrypt-2",
        "argon2d" => "argon2d",
        "y" => "yescrypt",
        "gy" => "gost-yescrypt",
        "apr1" => "apr1",
        "sha1" => "sha1crypt",
        "md5" => "sunmd5",
        _ if tag.starts_with("md5,") => "sunmd5",
        "S" => "drupal7",
        "3" => "ntlm",
        "A" => "mysql-sha2",
        "bcrypt-sha256" => "bcrypt-sha256",
        "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-hmac-sha1" | "p5k2" => "pbkdf2-sha1",
        "pbkdf2-sha256" | "pbkdf2-hmac-sha256" => "pbkdf2-sha256",
        "pbkdf2-sha512" | "pbkdf2-hmac-sha512" | "ml" => "pbkdf2-sha512",
        "scram" | "xmpp-scram" | "mongodb-scram" => "scram",
        "SHA" => "salted-sha256",
        "B" | "PHPS" => "salted-md5",
        "episerver" => "salted-sha1",
        "BLAKE2" => "blake2b-512",
        "DCC2" => "msdcc",
        "cram_md5" => "cram",
        "8" | "9" | "14" => "cisco",
        // Spring's scrypt writes its parameters as the tag.
        _ if scrypt::spring_cost(tag).is_some() => return scrypt::spring(job, text),
        _ => return recognise::unrecognised(job),
    };
    job.unsupported(unsupported)
}

fn bcrypt<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "bcrypt";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let bytes = text.as_bytes();
    let value = |byte: u8| match byte {
        b'.' => Some(0),
        b'/' => Some(1),
        b'A'..=b'Z' => Some(byte - b'A' + 2),
        b'a'..=b'z' => Some(byte - b'a' + 28),
        b'0'..=b'9' => Some(byte - b'0' + 54),
        _ => None,
    };
    let &[_, _, minor, b'$', tens @ b'0'..=b'3', ones @ b'0'..=b'9', b'$', ref rest @ ..] = bytes else {
        return job.malformed(NAME, "bcrypt has two digits of cost, 04 to 31");
    };
    if rest.len() != 53 || !every(rest, |b| matches!(b, b'.'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')) {
        return job.malformed(NAME, "bcrypt has 60 characters, the last 53 of ./A-Za-z0-9");
    }
    let cost = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    if !(4..=31).contains(&cost) {
        return job.malformed(NAME, "bcrypt has two digits of cost, 04 to 31");
    }
    if cost > verify::bcrypt::MAX_COST {
        return job.refuse(Code::TooExpensive, NAME, format!("a login at bcrypt cost {cost} takes minutes"));
    }
    if cost >= BCRYPT_WARNING {
        job.note(Code::CostlyLogin, format!("the first login at bcrypt cost {cost} takes seconds"));
    }
    if minor == b'x' {
        job.note(
            Code::SignExtension,
            "$2x$ verifies with the bug it marks; a right hash that was relabelled fails beyond ASCII",
        );
    }
    if job.parts.declared.is_none() && job.unwrapped == 0 {
        match job.parts.input.origin {
            "meteor" | "nodebb" => {
                let scheme = if job.parts.input.origin == "meteor" { "meteor" } else { "nodebb" };
                return job.unsupported(scheme);
            }
            "devise" | "rails" => job.note(
                Code::PepperPossible,
                "Devise hashes its pepper with the password where one is configured; then no login would match",
            ),
            "" | "generic" => job.note(Code::SchemeAssumed, Code::SchemeAssumed.title()),
            _ => {}
        }
    }
    // Two bits of the salt's last character and four of the hash's carry nothing; PHP writes them as zero and compares.
    let masked = |at: usize, mask: u8| bytes.get(at).and_then(|&b| value(b)).map_or(0, |v| v & mask);
    let (salt_end, hash_end) = (masked(28, 0x30), masked(59, 0x3c));
    let hash = if value(bytes[28]) == Some(salt_end) && value(bytes[59]) == Some(hash_end) {
        Cow::Borrowed(text)
    } else {
        const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        job.converted("canonicalise bcrypt's unused bits");
        let character = |value: u8| char::from(ALPHABET[usize::from(value)]);
        let mut out = String::with_capacity(60);
        out.push_str(&text[..28]);
        out.push(character(salt_end));
        out.push_str(&text[29..59]);
        out.push(character(hash_end));
        Cow::Owned(out)
    };
    job.maps(NAME, Endpoint::Bcrypt, hash)
}

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, with the parameters in any order and padded or not.
fn argon2<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "argon2";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let mut fields = split(&text[1..], b'$');
    let (Some(name), Some(mut next)) = (fields.next(), fields.next()) else {
        return job.malformed(NAME, "the string ends after its name");
    };
    let version = next.strip_prefix("v=");
    match version {
        None => {}
        Some("16" | "19") => next = fields.next().unwrap_or_default(),
        Some(_) => return job.malformed(NAME, "Argon2 has the versions 16 and 19"),
    }
    let (parameters, Some(salt), Some(hash), None) = (next, fields.next(), fields.next(), fields.next()) else {
        return job.malformed(NAME, "Argon2 has parameters, a salt and a hash, divided by $");
    };
    let (mut m, mut t, mut p) = (None, None, None);
    let mut order = [b' '; 3];
    for (i, parameter) in split(parameters, b',').enumerate() {
        let (key, value) = split_once(parameter, b'=').unwrap_or((parameter, ""));
        let slot = match key {
            "m" => &mut m,
            "t" => &mut t,
            "p" => &mut p,
            "keyid" | "data" => return job.unsupported("argon2-data"),
            _ => return job.malformed(NAME, "Argon2 has the parameters m, t and p"),
        };
        let number = encoding::decimal::<u32>(value);
        let (Some(place), None, Some(number)) = (order.get_mut(i), *slot, number) else {
            return job.malformed(NAME, "Argon2 has the parameters m, t and p once each, in plain decimals");
        };
        *place = key.as_bytes()[0];
        *slot = Some(number);
    }
    let (Some(m), Some(t), Some(p)) = (m, t, p) else {
        return job.malformed(NAME, "Argon2 has the parameters m, t and p");
    };
    let (bare_salt, bare_hash) = (salt.trim_end_matches('='), hash.trim_end_matches('='));
    let (Some(salt_length), Some(hash_length)) =
        (encoding::unpadded_length(bare_salt), encoding::unpadded_length(bare_hash))
    else {
        return job.malformed(NAME, "salt and hash of Argon2 are standard base64");
    };
    if salt_length < 8 || hash_length < 4 || t == 0 || p == 0 || p > 0x00ff_ffff || u64::from(m) < 8 * u64::from(p) {
        return job.malformed(NAME, "Argon2 needs t ≥ 1, p ≥ 1, m ≥ 8p, 8 bytes of salt and 4 of hash");
    }
    if let Some(verdict) = affordable(&mut job, NAME, u64::from(m) * 1024) {
        return verdict;
    }
    if u64::from(m) * u64::from(t) > verify::argon2::MAX_WORK {
        return job.refuse(Code::TooExpensive, NAME, format!("a login with m={m}, t={t} takes minutes"));
    }
    let ordered = order == *b"mtp";
    if !ordered {
        job.converted("reorder PHC params to m,t,p");
    }
    let padded = bare_salt.len() != salt.len() || bare_hash.len() != hash.len();
    if padded {
        job.converted("strip base64 padding");
    }
    let hash = if ordered && !padded {
        Cow::Borrowed(text)
    } else {
        let version = version.map(|v| format!("v={v}$")).unwrap_or_default();
        Cow::Owned(format!("${name}${version}m={m},t={t},p={p}${bare_salt}${bare_hash}"))
    };
    job.maps(NAME, Endpoint::Argon2, hash)
}

/// Refuses what no server has the memory for, and warns of much.
pub(super) fn affordable<'s>(job: &mut Job<'s, '_>, scheme: &'static str, memory: u64) -> Option<Verdict<'s>> {
    if memory > MEMORY_LIMIT {
        let text = format!("one login needs {} MiB of memory, more than a PHP worker has", memory >> 20);
        return Some(job.refuse(Code::TooExpensive, scheme, text));
    }
    if memory >= MEMORY_WARNING {
        job.note(Code::CostlyLogin, format!("one login needs {} MiB of memory", memory >> 20));
    }
    None
}

fn phpass<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
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
    if job.parts.input.origin == "wordpress" {
        job.note(Code::PasswordPrepared, "WordPress trims a password and, in its forms, puts \\ before quotes");
    }
    if job.parts.input.origin == "phpbb" {
        job.note(Code::PasswordPrepared, "phpBB writes & < > and quotes of a password as HTML entities");
    }
    job.maps(NAME, Endpoint::Phpass, Cow::Borrowed(text))
}

/// `$1$`, `$5$` and `$6$`: a salt of up to `salt_max` characters, a hash of exactly `hash_length`, whose last character is
/// below `end`.
fn salted_crypt<'s>(
    job: Job<'s, '_>,
    text: &'s str,
    name: &'static str,
    salt_max: usize,
    hash_length: usize,
    end: u8,
) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(name) {
        return verdict;
    }
    let mut rest = text.get(3..).unwrap_or_default();
    if name != "md5crypt"
        && let Some((rounds, after)) = rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$'))
    {
        match encoding::decimal::<u32>(rounds) {
            Some(verify::crypt::MAX_ROUNDS..=999_999_999) => {
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
pub(super) fn bsdi<'s>(job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "bsdicrypt";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    if !itoa64::is_valid(&text[1..]) || &text[1..5] == "...." || !des_end(text) {
        return if job.declared() == Some(NAME) {
            job.malformed(NAME, "BSDi's crypt has 20 characters of ./0-9A-Za-z behind its _")
        } else {
            recognise::unrecognised(job)
        };
    }
    job.maps(NAME, Endpoint::Phpass, Cow::Borrowed(text))
}

/// 66 bits hold the 64 of a DES block; the last two are zero.
fn des_end(text: &str) -> bool {
    text.as_bytes().last().and_then(|&b| itoa64::value(b)).is_some_and(|v| v.is_multiple_of(4))
}

/// Thirteen characters of the alphabet: DES where the source or a person says so.
pub(super) fn des<'s>(job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let known = matches!(job.declared(), Some("descrypt" | "crypt"))
        || (job.declared().is_none() && matches!(job.parts.input.origin, "shadow" | "htpasswd"));
    if known {
        return des_named(job, text);
    }
    if job.declared().is_some() || !des_end(text) {
        return recognise::unrecognised(job);
    }
    job.ambiguous(&["descrypt", "plain"], "13 characters of ./0-9A-Za-z are DES crypt or any word")
}

/// Thirteen characters that are known to be DES.
pub(super) fn des_named<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
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

/// A digest behind Django's `md5$$` or `sha1$$`, or a salted one.
pub(super) fn django_digest<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let (scheme, conversion, salted) = if text.starts_with("md5$") {
        ("md5", "strip md5$$", "salted-md5")
    } else {
        ("sha1", "strip sha1$$", "salted-sha1")
    };
    match text.split_once("$$") {
        Some((name, hash)) if name == scheme => {
            job.converted(conversion);
            digest::named(job, scheme, hash)
        }
        _ => job.unsupported(salted),
    }
}
