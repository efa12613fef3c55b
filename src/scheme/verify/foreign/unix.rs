//! crypt(3) as only other systems than PHP's have it: SM3-crypt, Sun's MD5, yescrypt under Streebog's HMAC, crypt16; and
//! MySQL's `caching_sha2_password`, which is SHA-256-crypt with a salt of 20 bytes.

use hmac::SimpleHmac;
use md5::{Digest, Md5};
use streebog::Streebog256;

use super::kdf::{self, mac};
use super::{Check, MAX_ROUNDS, same};
use crate::bytes::unhex;
use crate::scheme::cost::Work;
use crate::scheme::itoa64;
use crate::scheme::verify::des;

/// What Sun hashes or not in each round, by the toss of a coin: Hamlet's monologue (Project Gutenberg's), with the NUL that
/// ends it in C.
const HAMLET: &str = concat!(include_str!("hamlet.txt"), "\0");

/// `$md5$salt$$hash` and `$md5,rounds=N$salt$hash`, whose last `$` before the hash may be single or double. As in OpenSolaris'
/// `crypt_sunmd5.c`.
pub(super) fn sunmd5(text: &str) -> Option<Check<'_>> {
    let rest = text.strip_prefix("$md5")?;
    let extra: u32 = match rest.strip_prefix(",rounds=") {
        Some(rest) => rest.split('$').next()?.parse().ok()?,
        None => 0,
    };
    let (setting, wanted) = text.rsplit_once('$')?;
    // The `$` after the salt is part of what is hashed where another one follows it.
    let rounds = extra.checked_add(4096).filter(|rounds| *rounds <= MAX_ROUNDS)?;
    (wanted.len() == 22 && itoa64::is_valid(wanted)).then(|| {
        Check::new(Work::rounds(u64::from(rounds) * 13, "md5"), move |password| {
            let mut digest: [u8; 16] = Md5::new().chain_update(password).chain_update(setting).finalize().into();
            for round in 0..rounds {
                let mut hasher = Md5::new().chain_update(digest);
                if is_heads(&digest, round as usize) {
                    hasher.update(HAMLET);
                }
                digest = hasher.chain_update(round.to_string()).finalize().into();
            }
            Some(same(md5_characters(&digest).as_bytes(), wanted.as_bytes()))
        })
    })
}

/// Sun's coin: two bits of the digest, at places that the digest says itself.
fn is_heads(digest: &[u8; 16], round: usize) -> bool {
    let bit = |at: usize| digest[at >> 3 & 15] >> (at & 7) & 1;
    let place = |first: usize, shift: usize| {
        (0..8).fold(0, |place, i| {
            let (a, b) = (digest[(first + i + shift) & 15], digest[(first + i + 3 + shift) & 15]);
            let value = digest[usize::from(a >> (b % 5) & 15)] >> (b >> (a & 7) & 1);
            place | usize::from(bit(usize::from(value & 127))) << i
        })
    };
    let (x, y) = (place(0, usize::from(bit(round & 127))), place(8, usize::from(bit((round + 64) & 127))));
    bit(x & 127) ^ bit(y & 127) == 1
}

/// MD5-crypt's order of an MD5's bytes.
fn md5_characters(digest: &[u8; 16]) -> String {
    let mut out = String::with_capacity(22);
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        itoa64::push(&mut out, [digest[a], digest[b], digest[c]].iter().fold(0, |n, &d| n << 8 | u32::from(d)), 4);
    }
    itoa64::push(&mut out, digest[11].into(), 2);
    out
}

/// SM3-crypt, `$sm3$` and perhaps `rounds=N$`: Drepper's construction over SM3.
pub(super) fn sm3crypt(text: &str) -> Option<Check<'_>> {
    let mut rest = text.strip_prefix("$sm3$")?;
    let mut rounds = 5000;
    if let Some((number, after)) = rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        (rounds, rest) = (number.parse().ok().filter(|n| (1000..=MAX_ROUNDS).contains(n))?, after);
    }
    let (salt, wanted) = rest.split_once('$')?;
    let salt = &salt.as_bytes()[..salt.len().min(16)];
    (wanted.len() == 43).then(|| {
        Check::new(Work::rounds(rounds.into(), "sha256"), move |password| {
            Some(same(drepper::<sm3::Sm3>(password, salt, rounds).as_bytes(), wanted.as_bytes()))
        })
    })
}

/// MySQL's `caching_sha2_password`: `$A$005$`, thousands of rounds, 20 bytes of salt and 43 characters; also with salt and
/// characters in hexadecimal, `$A$005*salt*hash`, as the bytes of a salt are not always text.
pub(super) fn mysql_sha2(text: &str) -> Option<Check<'_>> {
    let rest = text.strip_prefix("$mysql").unwrap_or(text).strip_prefix("$A$")?;
    let thousands: u32 = u32::from_str_radix(rest.get(..3)?, 16).ok()?;
    let rounds = thousands.checked_mul(1000).filter(|n| (1000..=MAX_ROUNDS).contains(n))?;
    let in_hex = rest.get(3..)?.strip_prefix('*').and_then(|rest| rest.split_once('*'));
    let (salt, wanted) = if let Some((salt, wanted)) = in_hex {
        (unhex(salt)?, unhex(wanted)?)
    } else {
        let body = rest.get(4..)?.as_bytes();
        let (salt, wanted) = body.split_at_checked(body.len().checked_sub(43)?)?;
        (salt.to_vec(), wanted.to_vec())
    };
    (salt.len() == 20 && wanted.len() == 43).then(|| {
        Check::new(Work::rounds(rounds.into(), "sha256"), move |password| {
            Some(same(drepper::<sha2::Sha256>(password, &salt, rounds).as_bytes(), &wanted))
        })
    })
}

/// Ulrich Drepper's construction ("Unix crypt using SHA-256 and SHA-512") over a digest of 32 bytes, with a salt of any
/// length, as its characters.
fn drepper<D: Digest>(password: &[u8], salt: &[u8], rounds: u32) -> String {
    /// So many bytes of a digest repeated.
    fn filled(digest: &[u8], length: usize) -> Vec<u8> {
        digest.iter().copied().cycle().take(length).collect()
    }
    let of = |parts: &[&[u8]]| parts.iter().fold(D::new(), sha2::Digest::chain_update).finalize();
    let inner = of(&[password, salt, password]);
    let mut first = D::new().chain_update(password).chain_update(salt).chain_update(filled(&inner, password.len()));
    let mut length = password.len();
    while length > 0 {
        first.update(if length & 1 == 1 { &inner } else { password });
        length >>= 1;
    }
    let first = first.finalize();
    let as_password = filled(&of(&vec![password; password.len()]), password.len());
    let as_salt = filled(&of(&vec![salt; 16 + usize::from(first[0])]), salt.len());
    let last = (0..rounds).fold(first, |last, round| {
        let odd = round & 1 == 1;
        let mut hasher = D::new().chain_update(if odd { &as_password[..] } else { &last });
        if round % 3 != 0 {
            hasher.update(&as_salt);
        }
        if round % 7 != 0 {
            hasher.update(&as_password);
        }
        hasher.chain_update(if odd { &last } else { &as_password[..] }).finalize()
    });
    let mut out = String::with_capacity(43);
    let mut push = |bytes: &[u8], count| {
        itoa64::push(&mut out, bytes.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)), count);
    };
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        push(&[last[a], last[b], last[c]], 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    push(&[last[31], last[30]], 3);
    out
}

/// `$gy$`: the key of yescrypt is the message of Streebog's HMAC, whose key is the HMAC of the setting under a digest of the
/// password (libxcrypt, `crypt-gost-yescrypt.c`).
pub(super) fn gost_yescrypt(text: &str) -> Option<Check<'_>> {
    type Streebog = SimpleHmac<Streebog256>;
    let [parameters, salt, wanted] = text.strip_prefix("$gy$")?.split('$').collect::<Vec<_>>()[..] else { return None };
    let (work, derive) = kdf::yescrypt_key(parameters, salt)?;
    let (setting, _) = text.rsplit_once('$')?;
    let wanted = itoa64::decode(wanted).filter(|bytes| bytes.len() == 32)?;
    Some(Check::new(work, move |password| {
        let key = derive(password)?;
        let inner = mac::<Streebog>(&Streebog256::digest(password), setting.as_bytes())?;
        Some(same(&mac::<Streebog>(&inner, &key)?, &wanted))
    }))
}

/// crypt16 of Ultrix: 20 times DES of the first eight characters, five times of the next eight.
pub(super) fn crypt16(text: &str) -> Option<Check<'_>> {
    (text.len() == 24 && itoa64::is_valid(text)).then(|| {
        Check::new(Work::rounds(25, ""), move |password| {
            let rest = password.get(8..).unwrap_or_default();
            let (first, second) = (des::salted(password, text, 20)?, des::salted(rest, text, 5)?);
            Some(same(format!("{first}{}", second.get(2..)?).as_bytes(), text.as_bytes()))
        })
    })
}
