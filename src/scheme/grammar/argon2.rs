//! Argon2's PHC string.

use std::borrow::Cow;

use crate::appwrite::Endpoint;
use crate::bytes::{split, split_once};
use crate::code::Code;
use crate::scheme::encoding;
use crate::scheme::job::Job;
use crate::scheme::verdict::Verdict;
use crate::scheme::verify::argon2::MAX_WORK;

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, with the parameters in any order and padded or not.
pub fn phc<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "argon2";
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    if let Some(scheme) = job.pre_hashed() {
        return job.unsupported(scheme);
    }
    if let Some(verdict) = job.second_salt(NAME, text) {
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
    if let Some(verdict) = job.affordable(NAME, u64::from(m) * 1024) {
        return verdict;
    }
    if u64::from(m) * u64::from(t) > MAX_WORK {
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
