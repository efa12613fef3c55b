//! `{NAME}…`: RFC 2307 and OpenLDAP, Dovecot, Spring Security's DelegatingPasswordEncoder.

use std::borrow::Cow;

use super::job::Job;
use super::{Verdict, crypt, digest, encoding, plain, recognise, scrypt};

/// What stands behind a wrapper.
#[derive(Clone, Copy)]
enum Behind {
    /// A string that says itself what it is.
    Itself,
    /// crypt(3), traditional DES included.
    Crypt,
    /// An unsalted digest.
    Digest(&'static str),
    /// Spring's scrypt.
    Scrypt,
    /// A password in plain text.
    Plain,
    /// A scheme that nothing verifies.
    Nothing(&'static str),
}

macro_rules! wrappers {
    ($($name:literal => $behind:expr),* $(,)?) => {
        &[$(($name, concat!("strip {", $name, "}"), $behind)),*]
    };
}

/// Names in upper case, without Dovecot's encoding suffix and Spring's version.
const WRAPPERS: &[(&str, &str, Behind)] = wrappers! {
    "CRYPT" => Behind::Crypt,
    "BLF-CRYPT" => Behind::Itself,
    "SHA512-CRYPT" => Behind::Itself,
    "SHA256-CRYPT" => Behind::Itself,
    "MD5-CRYPT" => Behind::Itself,
    "DES-CRYPT" => Behind::Crypt,
    "ARGON2" => Behind::Itself,
    "ARGON2I" => Behind::Itself,
    "ARGON2ID" => Behind::Itself,
    "BCRYPT" => Behind::Itself,
    "LDAP" => Behind::Itself,
    "SCRYPT" => Behind::Scrypt,
    "MD5" => Behind::Digest("md5"),
    "PLAIN-MD5" => Behind::Digest("md5"),
    "LDAP-MD5" => Behind::Digest("md5"),
    "SHA" => Behind::Digest("sha1"),
    "SHA1" => Behind::Digest("sha1"),
    "SHA-1" => Behind::Digest("sha1"),
    "SHA224" => Behind::Digest("sha224"),
    "SHA-224" => Behind::Digest("sha224"),
    "SHA256" => Behind::Digest("sha256"),
    "SHA-256" => Behind::Digest("sha256"),
    "SHA384" => Behind::Digest("sha384"),
    "SHA-384" => Behind::Digest("sha384"),
    "SHA512" => Behind::Digest("sha512"),
    "SHA-512" => Behind::Digest("sha512"),
    "NOOP" => Behind::Plain,
    "PLAIN" => Behind::Plain,
    "CLEAR" => Behind::Plain,
    "CLEARTEXT" => Behind::Plain,
    "SMD5" => Behind::Nothing("salted-md5"),
    "SSHA" => Behind::Nothing("salted-sha1"),
    "SSHA1" => Behind::Nothing("salted-sha1"),
    "SSHA224" => Behind::Nothing("salted-digest"),
    "SSHA256" => Behind::Nothing("salted-sha256"),
    "SSHA384" => Behind::Nothing("salted-sha384"),
    "SSHA512" => Behind::Nothing("salted-sha512"),
    "SSHA-256" => Behind::Nothing("salted-sha256"),
    "SSHA-384" => Behind::Nothing("salted-sha384"),
    "SSHA-512" => Behind::Nothing("salted-sha512"),
    "X-ISSHA, 1024" => Behind::Nothing("salted-sha1"),
    "PBKDF2" => Behind::Nothing("pbkdf2"),
    "PBKDF2-SHA1" => Behind::Nothing("pbkdf2-sha1"),
    "PBKDF2-SHA256" => Behind::Nothing("pbkdf2-sha256"),
    "PBKDF2-SHA512" => Behind::Nothing("pbkdf2-sha512"),
    "PBKDF2_SHA256" => Behind::Nothing("pbkdf2-sha256"),
    "PKCS5S2" => Behind::Nothing("pbkdf2-sha1"),
    "CRAM-MD5" => Behind::Nothing("cram"),
    "HMAC-MD5" => Behind::Nothing("cram"),
    "DIGEST-MD5" => Behind::Nothing("cram"),
    "SCRAM-SHA-1" => Behind::Nothing("scram"),
    "SCRAM-SHA-256" => Behind::Nothing("scram"),
    "NT" => Behind::Nothing("ntlm"),
    "NTLM" => Behind::Nothing("ntlm"),
    "LM" => Behind::Nothing("lm"),
    "LANMAN" => Behind::Nothing("lm"),
    "MD4" => Behind::Nothing("md4"),
    "PLAIN-MD4" => Behind::Nothing("md4"),
};

pub(super) fn unwrap<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let Some((name, body)) = text[1..].split_once('}').filter(|(name, _)| name.len() <= 40) else {
        return recognise::unrecognised(job);
    };
    if name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("FSHP")) {
        return job.unsupported("fshp");
    }
    let name = name.split('@').next().unwrap_or(name);
    let suffix = |end: &str| {
        name.len()
            .checked_sub(end.len())
            .filter(|&at| name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(end))
    };
    let bare = [".B64", ".BASE64", ".HEX"].iter().find_map(|end| suffix(end)).map_or(name, |at| &name[..at]);
    let Some(&(_, conversion, behind)) = WRAPPERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(bare)) else {
        return recognise::unrecognised(job);
    };
    if let Behind::Nothing(scheme) = behind {
        return job.unsupported(scheme);
    }
    job.converted(conversion);
    match behind {
        Behind::Plain => {
            if let Some(verdict) = job.contradiction("plain") {
                return verdict;
            }
            let mut verdict = plain(Cow::Borrowed(body), job.profile);
            if let Verdict::Maps(mapped) = &mut verdict {
                mapped.conversion = job.conversion;
            }
            verdict
        }
        Behind::Scrypt => scrypt::spring(job, body),
        Behind::Crypt if body.len() == 13 => {
            job.unwrapped += 1;
            crypt::des_named(job, body)
        }
        // Dovecot's {MD5} is MD5-crypt; Spring's old {MD5}{salt}… is salted.
        Behind::Digest("md5") if body.starts_with('$') => recognise::inner(job, body),
        Behind::Digest(scheme) if body.starts_with('{') => {
            digest::salted(job, digest::length(scheme).unwrap_or_default())
        }
        Behind::Digest("sha256") if body.len() == 80 && encoding::is_hex(body) => job.unsupported("spring-standard"),
        Behind::Digest(scheme) => {
            job.parts.salt = None;
            digest::named(job, scheme, body)
        }
        Behind::Itself | Behind::Crypt | Behind::Nothing(_) => recognise::inner(job, body),
    }
}
