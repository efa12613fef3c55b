//! bcrypt, as PHP's crypt() reads it.

use std::borrow::Cow;

use crate::account::Hint;
use crate::appwrite::Endpoint;
use crate::bytes::every;
use crate::code::Code;
use crate::scheme::job::{Behind, Job, Step};
use crate::scheme::verdict::Verdict;
use crate::scheme::verify::bcrypt::MAX_COST;

const NAME: &str = "bcrypt";
const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Cost from which a person is warned: a login takes seconds.
const WARNING: u32 = 15;

/// `$2y$10$` and 53 characters: salt and hash.
pub fn bcrypt<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
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
    if cost > MAX_COST {
        return job.refuse(Code::TooExpensive, NAME, format!("a login at bcrypt cost {cost} takes minutes"));
    }
    if cost >= WARNING {
        job.note(Code::CostlyLogin, format!("the first login at bcrypt cost {cost} takes seconds"));
    }
    if minor == b'x' {
        job.note(
            Code::SignExtension,
            "$2x$ verifies with the bug it marks; a right hash that was relabelled fails beyond ASCII",
        );
    }
    if let Some(scheme) = job.pre_hashed() {
        return job.unsupported(scheme);
    }
    if let Some(verdict) = job.second_salt(NAME, text) {
        return verdict;
    }
    if job.parts.declared.is_none() && !job.named {
        let pepper = |hint: &Hint| if let Hint::PepperPossible(why) = hint { Some(*why) } else { None };
        if let Some(why) = job.hint(pepper) {
            if job.parts.input.pepper.is_some() {
                return job.unsupported("bcrypt-peppered");
            }
            job.note(Code::PepperPossible, why);
        } else if !job.has(Hint::Bare) {
            job.note(Code::SchemeAssumed, Code::SchemeAssumed.title());
        }
    }
    // Two bits of the salt's last character and four of the hash's carry nothing; PHP writes them as zero and compares.
    let masked = |at: usize, mask: u8| bytes.get(at).and_then(|&b| value(b)).map_or(0, |v| v & mask);
    let (salt_end, hash_end) = (masked(28, 0x30), masked(59, 0x3c));
    let hash = if value(bytes[28]) == Some(salt_end) && value(bytes[59]) == Some(hash_end) {
        Cow::Borrowed(text)
    } else {
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

/// AdonisJS: `$bcrypt$v=98$r=10$salt$hash`, in which v is the letter of the version and salt and hash are standard base64.
/// bcrypt's own has the same bits under other letters.
pub fn phc<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |text: &str| -> Option<String> {
        let letter = |byte| STANDARD.iter().position(|&b| b == byte).map(|at| char::from(ALPHABET[at]));
        text.bytes().map(letter).collect()
    };
    let parse = || {
        let mut fields = text.strip_prefix("$bcrypt$v=")?.split('$');
        let version = char::from(fields.next()?.parse::<u8>().ok()?);
        let cost: u8 = fields.next()?.strip_prefix("r=")?.parse().ok()?;
        let (salt, hash) = (letters(fields.next()?)?, letters(fields.next()?)?);
        let whole = fields.next().is_none() && matches!(version, 'a' | 'b' | 'x' | 'y');
        whole.then(|| format!("$2{version}${cost:02}${salt}{hash}"))
    };
    match parse() {
        Some(hash) => job.uncovered("$bcrypt$v=…$r=…$ -> bcrypt's own alphabet", Behind::Same, hash),
        None => job.malformed(NAME, "bcrypt's PHC form is $bcrypt$v=98$r=…$salt$hash").into(),
    }
}
