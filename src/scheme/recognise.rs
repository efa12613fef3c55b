//! The order of recognition: what is said of a hash first, then what its string says of itself, then its shape.

use std::borrow::Cow;

use super::job::Job;
use super::registry::Becomes;
use super::{Verdict, crypt, digest, encoding, firebase, itoa64, plain, scrypt, systems, wrapper};
use crate::code::{Code, Refusal};

/// Wrappers within wrappers; real ones go two deep (`{ldap}{CRYPT}`).
const MAX_WRAPPERS: u8 = 4;

/// Whether a password column says that there is no usable password: nothing, `x`, `*`, `!…` (shadow's locked accounts,
/// Django's random ones), `*LK*`, `NP`, `*0`, `{SASL}…`, a row of stars. (`*` and forty hexadecimal digits is MySQL's
/// `PASSWORD()`, which is a hash.)
#[must_use]
pub fn unusable_marker(text: &str) -> bool {
    let text = text.trim_ascii();
    match text.as_bytes() {
        [] | [b'!', ..] => true,
        [b'*', rest @ ..] => !(rest.len() == 40 && rest.iter().all(u8::is_ascii_hexdigit)),
        [b'{', ..] => text.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("{SASL}")),
        _ => {
            text.len() <= 8
                && ["x", "NP", "LK", "NULL", "NOLOGIN", "disabled"]
                    .iter()
                    .any(|marker| text.eq_ignore_ascii_case(marker))
        }
    }
}

pub(super) fn resolve<'s>(mut job: Job<'s, '_>, hash: &'s str) -> Verdict<'s> {
    if job.declared() == Some("plain") {
        return plain(Cow::Borrowed(hash.strip_prefix("{noop}").unwrap_or(hash)), job.profile);
    }
    let mut text = hash.trim_ascii();
    if text.len() != hash.len() {
        job.converted("trim whitespace");
    }
    // Doubled quoting of an exporter; no hash begins or ends with one.
    if let [opening @ (b'"' | b'\''), .., closing] = text.as_bytes()
        && opening == closing
    {
        job.converted("strip quotes");
        text = text[1..text.len() - 1].trim_ascii();
    }
    if unusable_marker(text) {
        let text = "the string is a marker for an account without a usable password";
        return Verdict::Refused(Refusal::new(Code::UnusablePassword, text));
    }
    if let Some(scheme) = job.parts.declared
        && (matches!(scheme.becomes, Becomes::Nothing(_)) || scheme.on(job.profile).is_err())
    {
        return job.unsupported(scheme.name);
    }
    let says_itself = text.starts_with(['$', '{']);
    let firebase = match job.declared() {
        Some(name) => name == "firebase-scrypt" && !text.starts_with("$fbscrypt$"),
        None => !says_itself && (job.parts.input.origin == "firebase" || job.parts.signer_key.is_some()),
    };
    if firebase {
        return firebase::resolve(job, text);
    }
    let row = match job.declared() {
        Some(name) => name == "scrypt" && !says_itself && !text.starts_with("scrypt"),
        None => !says_itself && job.parts.input.scrypt_n.is_some(),
    };
    if row {
        return scrypt::row(job, text);
    }
    recognise(job, text)
}

/// Recognises a string that may have been unwrapped before.
pub(super) fn inner<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    job.unwrapped += 1;
    if job.unwrapped > MAX_WRAPPERS {
        return Verdict::Refused(Refusal::new(Code::UnrecognisedHash, "the hash is wrapped too often"));
    }
    if unusable_marker(text) {
        let text = "behind its wrapper stands a marker for an account without a usable password";
        return Verdict::Refused(Refusal::new(Code::UnusablePassword, text));
    }
    recognise(job, text)
}

/// [`inner`] for a string that was put together here.
pub(super) fn inner_owned<'s>(job: Job<'s, '_>, text: &str) -> Verdict<'s> {
    let Job { parts, profile, conversion, notes, unwrapped } = job;
    inner(Job { parts, profile, conversion, notes, unwrapped }, text).into_owned()
}

fn recognise<'s>(job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    // A declared digest may look like anything else by chance: `_…` in URL-safe base64.
    if let Some(name) = job.declared().filter(|name| digest::length(name).is_some())
        && digest::shape(text).is_some()
    {
        return digest::named(job, name, text);
    }
    // A key whose salt stands in a column of its own.
    if let Some(name @ ("better-auth" | "lucia" | "lucia-v1")) = job.declared()
        && let Some(salt) = job.parts.salt.filter(|_| encoding::is_hex(text) && text.len() == 128)
    {
        return scrypt::salt_and_key(job, name, salt, text);
    }
    match text.as_bytes() {
        [b'$', ..] => crypt::modular(job, text),
        [b'{', b'"', ..] => systems::json(job, text),
        [b'{', ..] => wrapper::unwrap(job, text),
        [b'_', ..] if text.len() == 20 => crypt::bsdi(job, text),
        [b':', ..] => systems::mediawiki(job, text),
        [b'*', ..] => job.unsupported("mysql41"),
        [b'a', b':', b'1'..=b'9', ..] => systems::xenforo(job, text),
        [version, b'|', ..] if version.is_ascii_digit() => {
            let mut job = job;
            job.converted("strip version \"N|\"");
            inner(job, &text[2..])
        }
        _ => match systems::named(text) {
            Some(system) => system(job, text),
            None => shape(job, text),
        },
    }
}

/// What is left are strings that only their shape tells apart.
fn shape<'s>(job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some((size, _)) = digest::shape(text) {
        return digest::undeclared(job, text, size);
    }
    if text.len() == 13 && itoa64::is_valid(text) {
        return crypt::des(job, text);
    }
    if let Some((before, after)) = text.split_once(':') {
        return systems::colons(job, before, after);
    }
    if text.len() == 16 && encoding::is_hex(text) {
        return job.unsupported("mysql323");
    }
    if text.len() == 35 && text.strip_prefix("md5").is_some_and(encoding::is_hex) {
        return job.unsupported("postgres-md5");
    }
    if matches!(job.parts.input.origin, "shadow" | "htpasswd")
        && matches!(text.len(), 24 | 35 | 46)
        && itoa64::is_valid(text)
    {
        return job.unsupported("bigcrypt");
    }
    if is_aspnet_identity(text) {
        return job.unsupported("aspnet-identity");
    }
    unrecognised(job)
}

/// Nothing fits.
pub(super) fn unrecognised<'s>(job: Job<'s, '_>) -> Verdict<'s> {
    match job.declared() {
        Some(name) => job.refuse(Code::MalformedHash, name, format!("the string is not of the declared scheme {name}")),
        None => Verdict::Refused(Refusal::new(Code::UnrecognisedHash, Code::UnrecognisedHash.title())),
    }
}

/// ASP.NET Identity's `PasswordHasher`: base64 of a marker byte, 0 (version 2: 16 bytes of salt, 32 of key) or 1
/// (version 3: PRF, iterations and salt length as 32-bit numbers).
fn is_aspnet_identity(text: &str) -> bool {
    if text.len() > 512 {
        return false;
    }
    match encoding::base64(text).as_deref() {
        Some([0, rest @ ..]) => rest.len() == 48,
        Some([1, 0, 0, 0, 0..=3, _, _, _, _, 0, 0, 0, salt, rest @ ..]) => rest.len() >= usize::from(*salt) + 16,
        _ => false,
    }
}
