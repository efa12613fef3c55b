//! Digests of the bare password, in hexadecimal or base64.

use std::borrow::Cow;

use crate::account::Hint;
use crate::appwrite::Endpoint;
use crate::bytes::{hex, is_hex};
use crate::code::Code;
use crate::scheme::encoding;
use crate::scheme::job::Job;
use crate::scheme::registry::{self, digest_length, salted_digest};
use crate::scheme::verdict::{PasswordFields, Verdict};

/// How a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Hex,
    Base64,
}

/// The number of bytes and the writing of a string that could be a digest.
pub fn shape(text: &str) -> Option<(usize, Written)> {
    let is_length = |bytes: usize| matches!(bytes, 16 | 20 | 28 | 32 | 48 | 64);
    if text.len() > 128 {
        return None;
    }
    if is_hex(text) {
        return is_length(text.len() / 2).then_some((text.len() / 2, Written::Hex));
    }
    let (_, bytes) = encoding::standard(text)?;
    is_length(bytes).then_some((bytes, Written::Base64))
}

/// Whether a hash is nothing but bytes, which say of no scheme that it made them.
#[must_use]
pub fn is_bare(hash: &str) -> bool {
    bytes(hash).is_some()
}

/// How many bytes a hash is that is nothing else.
pub fn bytes(hash: &str) -> Option<usize> {
    let text = hash.trim_ascii();
    if is_hex(text) {
        return (text.len() >= 32 && text.len().is_multiple_of(2)).then_some(text.len() / 2);
    }
    encoding::standard(text).map(|(_, bytes)| bytes).filter(|bytes| *bytes >= 16 && text.len() >= 22)
}

/// A digest whose scheme is known.
pub fn named<'s>(job: &mut Job<'s, '_>, scheme: &'static str, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction(scheme) {
        return verdict;
    }
    let Some((bytes, written)) = shape(text).filter(|(bytes, _)| Some(*bytes) == digest_length(scheme)) else {
        return job.refuse(
            Code::MalformedHash,
            scheme,
            format!(
                "a digest of {scheme} has {} bytes, in hexadecimal or base64",
                digest_length(scheme).unwrap_or_default()
            ),
        );
    };
    if job.salt().is_some() {
        return job.unsupported(salted_digest(bytes));
    }
    let declared = job.parts.declared.filter(|declared| declared.name == scheme);
    if declared.or_else(|| registry::find(scheme)).is_none_or(|s| s.on(job.profile).is_err()) {
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
pub fn undeclared<'s>(job: &mut Job<'s, '_>, text: &'s str, bytes: usize) -> Verdict<'s> {
    if job.declared().is_some() {
        return job.unrecognised();
    }
    // What many rounds made is no digest of a salt and a password.
    if job.parts.input.rounds.is_some_and(|rounds| rounds > 1) {
        let text = "a key of many rounds is PBKDF2's or an iterated digest's, and nothing says which";
        return job.ambiguous(&["pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2-sha1"], text);
    }
    let fits = |hint: &Hint| match hint {
        Hint::Digest(scheme) if digest_length(scheme) == Some(bytes) => Some(*scheme),
        _ => None,
    };
    let hinted = job.hint(fits);
    // What is salted by its nature stays what it is with its salt beside it.
    let salted = hinted.filter(|scheme| registry::find(scheme).is_some_and(|s| s.on(job.profile).is_err()));
    match (salted, job.salt(), hinted) {
        (Some(scheme), ..) => return job.unsupported(scheme),
        (None, Some(_), _) => return job.unsupported(salted_digest(bytes)),
        (None, None, Some(scheme)) => return named(job, scheme, text),
        (None, None, None) => {}
    }
    let text = format!("{bytes} bytes in {} do not say which digest made them", written_name(text));
    job.ambiguous_of(candidates(bytes), text, declare(bytes))
}

/// The schemes that write nothing but so many bytes, likeliest first.
pub fn candidates(bytes: usize) -> &'static [&'static str] {
    match bytes {
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
    }
}

/// How a person says which of them it is: by what is known, or by name.
const fn declare(bytes: usize) -> &'static str {
    match bytes {
        16 => {
            "give known passwords, --known tries which fits; or declare it: --scheme md5, ntlm, nested-digest, or salted-md5 \
             with its salt column ([password] salt of a mapping file)"
        }
        20 => {
            "give known passwords, --known tries which fits; or declare it: --scheme sha1, ripemd160, nested-digest, or \
             salted-sha1 with its salt column ([password] salt of a mapping file)"
        }
        28 => "give known passwords, --known tries which fits; or declare it: --scheme sha224, sha3-224, sha512/224",
        32 => {
            "give known passwords, --known tries which fits; or declare it: --scheme sha256, sha3-256, nested-digest, or \
             salted-sha256 with its salt column ([password] salt of a mapping file)"
        }
        48 => {
            "give known passwords, --known tries which fits; or declare it: --scheme sha384, sha3-384, or salted-sha384 \
             with its salt column ([password] salt of a mapping file)"
        }
        _ => {
            "give known passwords, --known tries which fits; or declare it: --scheme sha512, sha3-512, whirlpool, or \
             salted-sha512 with its salt column ([password] salt of a mapping file)"
        }
    }
}

fn written_name(text: &str) -> &'static str {
    if is_hex(text) { "hexadecimal" } else { "base64" }
}
