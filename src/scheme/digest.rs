//! Digests of the bare password, in hexadecimal or base64.

use std::borrow::Cow;

use super::encoding;
use super::job::Job;
use super::verify::hex;
use super::{PasswordFields, Verdict, recognise};
use crate::appwrite::Endpoint;
use crate::code::Code;

/// Bytes of output of every digest that Appwrite verifies.
const LENGTHS: [(&str, usize); 12] = [
    ("md5", 16),
    ("sha1", 20),
    ("sha224", 28),
    ("sha256", 32),
    ("sha384", 48),
    ("sha512", 64),
    ("sha512/224", 28),
    ("sha512/256", 32),
    ("sha3-224", 28),
    ("sha3-256", 32),
    ("sha3-384", 48),
    ("sha3-512", 64),
];

/// How a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Hex,
    Base64,
}

/// The output length of a digest that Appwrite verifies, in bytes.
pub(super) fn length(scheme: &str) -> Option<usize> {
    LENGTHS.iter().find(|(name, _)| *name == scheme).map(|&(_, length)| length)
}

/// The number of bytes and the writing of a string that could be a digest.
pub(super) fn shape(text: &str) -> Option<(usize, Written)> {
    let is_length = |bytes: usize| matches!(bytes, 16 | 20 | 28 | 32 | 48 | 64);
    if text.len() > 128 {
        return None;
    }
    if encoding::is_hex(text) {
        return is_length(text.len() / 2).then_some((text.len() / 2, Written::Hex));
    }
    let (_, bytes) = encoding::standard(text)?;
    is_length(bytes).then_some((bytes, Written::Base64))
}

/// A digest whose scheme is known.
pub(super) fn named<'s>(mut job: Job<'s, '_>, scheme: &'static str, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(scheme) {
        return verdict;
    }
    let Some((bytes, written)) = shape(text).filter(|(bytes, _)| Some(*bytes) == length(scheme)) else {
        return job.refuse(
            Code::MalformedHash,
            scheme,
            format!("a digest of {scheme} has {} bytes, in hexadecimal or base64", length(scheme).unwrap_or_default()),
        );
    };
    if job.parts.salt.is_some_and(|salt| !salt.is_empty()) {
        return salted(job, bytes);
    }
    let declared = job.parts.declared.filter(|declared| declared.name == scheme);
    if declared.or_else(|| super::registry::find(scheme)).is_none_or(|s| s.on(job.profile).is_err()) {
        return job.unsupported(scheme);
    }
    let password = match written {
        Written::Hex => {
            let (lower, changed) = encoding::lower(text);
            if changed {
                job.converted("lowercase hex");
            }
            lower
        }
        Written::Base64 => {
            job.converted("base64 -> hex");
            Cow::Owned(hex(&encoding::base64(text).unwrap_or_default()))
        }
    };
    if scheme == "md5" {
        return job.maps(scheme, Endpoint::Md5, password);
    }
    let fields = PasswordFields { password, password_version: Some(scheme), ..PasswordFields::default() };
    job.maps_fields(scheme, Endpoint::Sha, fields)
}

/// A digest that only its length and the source tell anything of.
pub(super) fn undeclared<'s>(job: Job<'s, '_>, text: &'s str, bytes: usize) -> Verdict<'s> {
    if job.declared().is_some() {
        return recognise::unrecognised(job);
    }
    if job.parts.salt.is_some_and(|salt| !salt.is_empty()) {
        return if job.parts.input.origin == "discourse" { job.unsupported("discourse") } else { salted(job, bytes) };
    }
    match (job.parts.input.origin, bytes) {
        // None of these has ever written another bare digest of this length.
        ("wordpress" | "django" | "magento" | "drupal" | "phpbb" | "joomla", 16) => return named(job, "md5", text),
        ("discourse", 32) => return job.unsupported("discourse"),
        _ => {}
    }
    let candidates: &[&'static str] = match bytes {
        16 => &["md5", "ntlm", "md4", "lm", "salted-md5", "nested-digest", "hmac-md5"],
        20 => &["sha1", "ripemd160", "salted-sha1", "nested-digest", "hmac-sha1", "smf"],
        28 => &["sha224", "sha3-224", "sha512/224", "keccak"],
        32 => &[
            "sha256",
            "sha3-256",
            "sha512/256",
            "blake2s-256",
            "keccak",
            "streebog",
            "discourse",
            "salted-sha256",
            "hmac-sha256",
            "nested-digest",
            "utf16-digest",
        ],
        48 => &["sha384", "sha3-384", "keccak", "salted-sha384"],
        _ => &["sha512", "sha3-512", "blake2b-512", "whirlpool", "keccak", "streebog", "salted-sha512", "hmac-sha512"],
    };
    job.ambiguous(candidates, format!("{bytes} bytes in {} do not say which digest made them", written_name(text)))
}

fn written_name(text: &str) -> &'static str {
    if encoding::is_hex(text) { "hexadecimal" } else { "base64" }
}

/// A digest of this length with a salt beside it or in it.
pub(super) fn salted<'s>(job: Job<'s, '_>, bytes: usize) -> Verdict<'s> {
    job.unsupported(match bytes {
        16 => "salted-md5",
        20 => "salted-sha1",
        32 => "salted-sha256",
        48 => "salted-sha384",
        64 => "salted-sha512",
        _ => "salted-digest",
    })
}
