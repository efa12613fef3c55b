//! Every way of writing scrypt but Firebase's, and the two endpoints they can go to.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::account::{Hint, SaltEncoding};
use crate::appwrite::{Endpoint, rules};
use crate::bytes::{hex, is_hex, unhex};
use crate::code::Code;
use crate::scheme::job::Job;
use crate::scheme::verdict::{PasswordFields, Verdict};
use crate::scheme::verify::scrypt::{Cost, MAX_WORK, sign};
use crate::scheme::{encoding, itoa64};

const NAME: &str = "scrypt";

/// scrypt as Node's `crypto.scrypt` computes it unless it is told otherwise.
const NODE: &str = "node-crypto";

/// The signer key under which hashes with binary salts are sent to `/users/scrypt-modified`. Any would do: the server
/// encrypts it with the derived key and compares, and it is stored beside the result.
const SIGNER_KEY: &[u8; 64] = b"rehome scrypt with a binary salt: a signer key without a secret.";

/// `/users/scrypt-modified` takes 128 characters of base64 each for salt and separator.
const MODIFIED_HALF: usize = rules::TEXT_MAX / 4 * 3;

/// A digest as the source writes it.
enum Digest<'s> {
    Hex(&'s str),
    Bytes(Vec<u8>),
}

impl<'s> Digest<'s> {
    /// Hexadecimal where it can be that, base64 else.
    fn parse(text: &'s str) -> Option<Self> {
        if is_hex(text) { Some(Self::Hex(text)) } else { encoding::base64(text).map(Self::Bytes) }
    }

    fn length(&self) -> usize {
        match self {
            Self::Hex(text) => text.len() / 2,
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A hash with salt and parameters in columns of their own.
pub fn row<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let Some(digest) = Digest::parse(text) else {
        return job.malformed(NAME, "the output of scrypt is hexadecimal or base64");
    };
    let (Some(salt), Some(n), Some(r), Some(p)) =
        (job.parts.salt, job.parts.input.scrypt_n, job.parts.input.scrypt_r, job.parts.input.scrypt_p)
    else {
        return job.refuse(Code::ParametersMissing, NAME, "scrypt needs its salt, N, r and p beside the hash");
    };
    if job.parts.input.scrypt_length.is_some_and(|length| length != digest.length() as u64) {
        return job.malformed(NAME, "the hash has another length than its scrypt_length says");
    }
    let bytes = match job.parts.input.salt_encoding {
        SaltEncoding::Utf8 => {
            if is_hex(salt) && salt.len() >= 16 {
                job.note(
                    Code::SaltAssumed,
                    "the salt is hexadecimal; it is sent as that text, not as the bytes it may stand for",
                );
            }
            Some(Cow::Borrowed(salt.as_bytes()))
        }
        SaltEncoding::Hex => unhex(salt).map(Cow::Owned),
        SaltEncoding::Base64 => encoding::base64(salt).map(Cow::Owned),
    };
    let Some(bytes) = bytes else {
        return job.malformed(NAME, "the salt is not written as password_salt_encoding says");
    };
    if job.parts.input.salt_encoding != SaltEncoding::Utf8 {
        job.converted("decode the salt");
    }
    finish(job, NAME, Cost { n, r, p }, bytes, digest)
}

/// `salt:key` with the parameters of better-auth, Lucia or Oslo; the salt's text is the salt.
pub fn salt_and_key<'s>(job: &mut Job<'s, '_>, scheme: &'static str, salt: &'s str, key: &'s str) -> Verdict<'s> {
    let r = if scheme == "lucia-v1" { 8 } else { 16 };
    if key.len() != 128 || !is_hex(key) || salt.is_empty() {
        return job.malformed(scheme, "the string is a salt, a colon and 64 bytes in hexadecimal");
    }
    job.converted(if r == 8 {
        "split salt:hash; salt passed as TEXT; N=16384 r=8 p=1"
    } else {
        "split salt:hash; hex salt passed as TEXT; N=16384 r=16 p=1"
    });
    job.note(
        Code::PasswordPrepared,
        "the source hashes the NFKC form of a password; one that is typed in another form fails",
    );
    finish(job, scheme, Cost { n: 16384, r, p: 1 }, Cow::Borrowed(salt.as_bytes()), Digest::Hex(key))
}

/// Werkzeug: `scrypt:N:r:p$salt$hex`.
pub fn werkzeug<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    const NAME: &str = "werkzeug";
    if let Some(verdict) = job.contradiction(NAME).filter(|_| job.declared() != Some("scrypt")) {
        return verdict;
    }
    let parse = || {
        let mut fields = text.strip_prefix("scrypt:")?.split('$');
        let (parameters, salt, key) = (fields.next()?, fields.next()?, fields.next()?);
        let mut numbers = parameters.split(':').map(encoding::decimal::<u64>);
        let cost = Cost { n: numbers.next()??, r: numbers.next()??, p: numbers.next()?? };
        let whole = numbers.next().is_none() && fields.next().is_none() && is_hex(key);
        whole.then_some((cost, salt, key))
    };
    let Some((cost, salt, key)) = parse() else {
        return job.malformed(NAME, "Werkzeug writes scrypt:N:r:p$salt$hex");
    };
    job.converted("split scrypt:N:r:p$salt$hex; salt as TEXT");
    finish(job, NAME, cost, Cow::Borrowed(salt.as_bytes()), Digest::Hex(key))
}

/// Django: `scrypt$N$salt$r$p$base64`.
pub fn django<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let parse = || {
        let mut fields = text.strip_prefix("scrypt$")?.split('$');
        let (n, salt, r, p) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let digest = encoding::base64(fields.next()?)?;
        let cost = Cost { n: encoding::decimal(n)?, r: encoding::decimal(r)?, p: encoding::decimal(p)? };
        fields.next().is_none().then_some((cost, salt, digest))
    };
    let Some((cost, salt, digest)) = parse() else {
        return job.malformed(NAME, "Django writes scrypt$N$salt$r$p$base64");
    };
    job.converted("split scrypt$N$salt$r$p$b64; salt as TEXT");
    finish(job, NAME, cost, Cow::Borrowed(salt.as_bytes()), Digest::Bytes(digest))
}

/// PHC: `$scrypt$ln=…,r=…,p=…$salt$hash`, unpadded base64 (passlib, RustCrypto).
pub fn phc<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let parse = || {
        let mut fields = text.strip_prefix("$scrypt$")?.split('$');
        let (parameters, salt, digest) = (fields.next()?, fields.next()?, fields.next()?);
        let (mut n, mut r, mut p) = (None, None, None);
        for parameter in parameters.split(',') {
            match parameter.split_once('=')? {
                ("ln", ln) => n = Some(1_u64.checked_shl(encoding::decimal(ln)?)?),
                // AdonisJS writes N itself.
                ("n", value) => n = Some(encoding::decimal(value)?),
                ("r", value) => r = Some(encoding::decimal(value)?),
                ("p", value) => p = Some(encoding::decimal(value)?),
                _ => return None,
            }
        }
        let salt = if salt.is_empty() { Vec::new() } else { encoding::base64(salt)? };
        let cost = Cost { n: n?, r: r?, p: p? };
        fields.next().is_none().then_some((cost, salt, encoding::base64(digest)?))
    };
    let Some((cost, salt, digest)) = parse() else {
        return job.malformed(NAME, "scrypt's PHC form is $scrypt$ln=…,r=…,p=…$salt$hash");
    };
    job.converted("PHC scrypt: 2^ln, base64 salt -> raw bytes");
    finish(job, NAME, cost, Cow::Owned(salt), Digest::Bytes(digest))
}

/// The parameters that Spring and lambdaworks write as one hexadecimal number: log₂ N, r and p, a byte each.
pub fn spring_cost(tag: &str) -> Option<Cost> {
    let number = u64::from_str_radix(tag, 16).ok().filter(|_| (4..=8).contains(&tag.len()))?;
    let cost =
        Cost { n: 1_u64.checked_shl(u32::try_from(number >> 16).ok()?)?, r: number >> 8 & 0xff, p: number & 0xff };
    (cost.is_possible() && cost.n <= 1 << 31).then_some(cost)
}

/// Spring Security's and lambdaworks' `$e0801$salt$hash`, padded base64.
pub fn spring<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let parse = || {
        let mut fields = text.strip_prefix('$')?.split('$');
        let cost = spring_cost(fields.next()?)?;
        let (salt, digest) = (encoding::base64(fields.next()?)?, encoding::base64(fields.next()?)?);
        fields.next().is_none().then_some((cost, salt, digest))
    };
    let Some((cost, salt, digest)) = parse() else {
        return job.malformed(NAME, "Spring's scrypt is $parameters$salt$hash, hexadecimal and base64");
    };
    job.converted("split $params$salt$hash");
    finish(job, NAME, cost, Cow::Owned(salt), Digest::Bytes(digest))
}

/// crypt(3)'s `$7$`: N, r and p in the crypt alphabet, the salt as it stands, 32 bytes of hash.
pub fn crypt_7<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(NAME) {
        return verdict;
    }
    let number =
        |text: &str| text.bytes().rev().try_fold(0_u64, |bits, b| Some(bits << 6 | u64::from(itoa64::value(b)?)));
    let parse = || {
        let (settings, rest) = text.strip_prefix("$7$")?.split_at_checked(11)?;
        let n = 1_u64.checked_shl(u32::try_from(number(settings.get(..1)?)?).ok()?)?;
        let cost = Cost { n, r: number(settings.get(1..6)?)?, p: number(settings.get(6..)?)? };
        let (salt, hash) = rest.rsplit_once('$')?;
        let digest = itoa64::decode(hash).filter(|bytes| bytes.len() == 32)?;
        Some((cost, salt, digest))
    };
    let Some((cost, salt, digest)) = parse() else {
        return job.malformed(NAME, "$7$ has 11 characters of parameters, a salt, and 43 characters of hash");
    };
    job.converted("$7$ -> N,r,p + text salt; itoa64 -> hex");
    finish(job, NAME, cost, Cow::Borrowed(salt.as_bytes()), Digest::Bytes(digest))
}

/// Chooses the endpoint: `/users/scrypt` for a salt that is text, `/users/scrypt-modified` for any other with Firebase's
/// parameters.
fn finish<'s>(
    job: &mut Job<'s, '_>,
    scheme: &'static str,
    cost: Cost,
    salt: Cow<'s, [u8]>,
    digest: Digest<'s>,
) -> Verdict<'s> {
    let in_range = [cost.n, cost.r, cost.p].iter().all(|&n| i32::try_from(n).is_ok());
    if !cost.is_possible() || !in_range {
        let text = format!("scrypt is not defined for N={}, r={}, p={}", cost.n, cost.r, cost.p);
        return job.refuse(Code::UnsupportedScheme, scheme, text);
    }
    if let Some(verdict) = job.affordable(scheme, cost.memory()) {
        return verdict;
    }
    if cost.n.saturating_mul(cost.r).saturating_mul(cost.p) > MAX_WORK {
        return job.refuse(Code::TooExpensive, scheme, "a login with these parameters takes minutes");
    }
    if digest.length() < 16 {
        let text = format!("Appwrite takes 16 bytes of scrypt output or more; these are {}", digest.length());
        return job.refuse(Code::UnsupportedScheme, scheme, text);
    }
    if salt.is_empty() {
        return job.refuse(Code::UnsupportedScheme, scheme, "Appwrite refuses an empty salt");
    }
    let text = match salt {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Cow::Borrowed(bytes)),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|e| Cow::Owned(e.into_bytes())),
    };
    match text {
        // From 1.8.1 `empty("0")` is an empty salt.
        Ok(text) if text == "0" && !job.profile.scrypt_unchecked => {
            job.refuse(Code::UnsupportedScheme, scheme, "Appwrite answers 500 to the salt \"0\" from 1.8.1 on")
        }
        Ok(text) if text.chars().nth(rules::TEXT_MAX).is_none() => send_text(job, scheme, cost, text, digest),
        Ok(text) => send_binary(job, scheme, cost, text.as_bytes(), &digest, "the salt has more than 128 characters"),
        Err(bytes) => {
            send_binary(job, scheme, cost, &bytes, &digest, "the salt is binary, and /users/scrypt takes text alone")
        }
    }
}

fn send_text<'s>(
    job: &mut Job<'s, '_>,
    scheme: &'static str,
    cost: Cost,
    salt: Cow<'s, str>,
    digest: Digest<'s>,
) -> Verdict<'s> {
    let mut password = match digest {
        Digest::Hex(text) => {
            let (lower, changed) = encoding::lower(text);
            if changed {
                job.converted("lowercase hex");
            }
            lower
        }
        Digest::Bytes(bytes) => {
            job.converted("base64 -> hex");
            Cow::Owned(hex(&bytes))
        }
    };
    if password.len() > rules::PASSWORD_MAX {
        // The beginning of scrypt's output does not depend on its length.
        job.converted("keep the first 64 bytes of the output");
        password = Cow::Owned(password[..128].to_owned());
    }
    let number = |n: u64| u32::try_from(n).ok();
    let fields = PasswordFields {
        password_length: number(password.len() as u64 / 2),
        password,
        password_salt: Some(salt),
        password_cpu: number(cost.n),
        password_memory: number(cost.r),
        password_parallel: number(cost.p),
        ..PasswordFields::default()
    };
    job.maps_fields(scheme, Endpoint::Scrypt, fields)
}

fn send_binary<'s>(
    job: &mut Job<'s, '_>,
    scheme: &'static str,
    cost: Cost,
    salt: &[u8],
    digest: &Digest<'_>,
    why_not_text: &'static str,
) -> Verdict<'s> {
    let derived = match digest {
        Digest::Hex(text) => unhex(text).unwrap_or_default(),
        Digest::Bytes(bytes) => bytes.clone(),
    };
    let signed =
        sign(&derived, SIGNER_KEY).filter(|_| cost == Cost::FIREBASE && (2..=2 * MODIFIED_HALF).contains(&salt.len()));
    let Some(password) = signed else {
        let text = format!(
            "{why_not_text}; /users/scrypt-modified takes any salt of 2 to 192 bytes, but computes N=16384, r=8, p=1 alone \
             and needs 32 bytes of output"
        );
        return job.refuse(Code::UnsupportedScheme, scheme, text);
    };
    job.converted(
        "binary-salt scrypt(16384,8,1): AES-256-CTR of a chosen signerKey under dk[:32]; salt split salt|separator",
    );
    job.ascii_only();
    let (first, second) = salt.split_at((salt.len() - 1).min(MODIFIED_HALF));
    let fields = PasswordFields {
        password: Cow::Owned(password),
        password_salt: Some(Cow::Owned(STANDARD.encode(first))),
        password_salt_separator: Some(Cow::Owned(STANDARD.encode(second))),
        password_signer_key: Some(Cow::Owned(STANDARD.encode(SIGNER_KEY))),
        ..PasswordFields::default()
    };
    job.maps_fields(scheme, Endpoint::ScryptModified, fields)
}

/// `before:after` whose second part is a key of 64 bytes: better-auth, Lucia, Oslo.
pub fn colons<'s>(job: &mut Job<'s, '_>, salt: &'s str, key: &'s str) -> Verdict<'s> {
    let hinted = job.hint(|hint| if let Hint::SaltedKey(scheme) = hint { Some(*scheme) } else { None });
    let scheme = match (job.declared(), hinted) {
        (Some(name @ ("better-auth" | "lucia" | "lucia-v1")), _) => name,
        (Some(_), _) => return job.unrecognised(),
        // Lucia v1 made its salts of 16 letters and digits; what hex of 16 bytes is, is v3's or Oslo's.
        (None, Some(scheme)) if scheme != "lucia" || (salt.len() == 32 && is_hex(salt)) => scheme,
        _ => {
            return job.ambiguous(
                &["better-auth", "lucia", "lucia-v1"],
                "salt:key is better-auth's and Lucia's (r=16) or Lucia v1's (r=8)",
            );
        }
    };
    salt_and_key(job, scheme, salt, key)
}

/// Lucia v2: `s2:salt:key`.
pub fn lucia_2<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction("lucia") {
        return verdict;
    }
    match text["s2:".len()..].split_once(':') {
        Some((salt, key)) => {
            job.converted("strip s2:");
            salt_and_key(job, "lucia", salt, key)
        }
        None => job.malformed("lucia", "Lucia v2 writes s2:salt:key"),
    }
}

/// A key and its salt (or its parameters) in one string: RedwoodJS's `key|N|r|p` beside a salt column, and what tutorials
/// for Node join with a dot, a colon or a dollar.
pub fn joined<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Option<Verdict<'s>> {
    if text.contains('|') {
        return redwood(job, text);
    }
    let is_key = |text: &str| matches!(text.len(), 64 | 128) && is_hex(text);
    let is_salt = |text: &str| (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    let (first, second) = text.split_once(['.', '$', ':'])?;
    let (salt, key) = match (is_key(first), is_key(second)) {
        (true, false) if is_salt(second) => (second, first),
        (false, true) if is_salt(first) => (first, second),
        _ => return None,
    };
    if job.declared() == Some(NODE) {
        job.converted("split hash and salt; salt passed as TEXT; N=16384 r=8 p=1");
        return Some(finish(job, NODE, Cost::FIREBASE, Cow::Borrowed(salt.as_bytes()), Digest::Hex(key)));
    }
    // A colon is also Joomla's, Magento's and Lucia's; the longer salt of hexadecimal before its digest is nobody's but Node's.
    let nodes = job.declared().is_none() && is_hex(salt) && (!text.contains(':') || (key.len() == 64 && key == second));
    nodes.then(|| {
        let candidates: [&[&str]; 2] =
            [&[NODE, "salted-sha256", "pbkdf2-sha256", "pbkdf2"], &[NODE, "salted-sha512", "pbkdf2-sha512", "pbkdf2"]];
        let text = "a key and a salt do not say how one was made of the other";
        job.ambiguous(candidates[usize::from(key.len() == 128)], text)
    })
}

fn redwood<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Option<Verdict<'s>> {
    let mut fields = text.split('|');
    let key = fields.next().filter(|key| is_hex(key))?;
    let mut number = || encoding::decimal::<u64>(fields.next()?);
    let cost = Cost { n: number()?, r: number()?, p: number()? };
    if fields.next().is_some() {
        return None;
    }
    if let Some(verdict) = job.contradiction(NAME) {
        return Some(verdict);
    }
    let Some(salt) = job.salt() else {
        return Some(job.refuse(
            Code::ParametersMissing,
            NAME,
            "the key has its salt in a column of its own, which is empty",
        ));
    };
    job.converted("split hash|N|r|p; salt as TEXT");
    job.note(
        Code::PasswordPrepared,
        "RedwoodJS hashes the NFC form of a password; one that is typed in another form fails",
    );
    Some(finish(job, NAME, cost, Cow::Borrowed(salt.as_bytes()), Digest::Hex(key)))
}
