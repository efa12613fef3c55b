//! `{NAME}…`: RFC 2307 and OpenLDAP, Dovecot, Spring Security's DelegatingPasswordEncoder.

use crate::bytes::{is_hex, unhex};
use crate::scheme::encoding;
use crate::scheme::job::{Behind, Job, Step};
use crate::scheme::registry::{digest_length, salted_digest};
use crate::scheme::verify::md5_crypt;

/// The scheme that a wrapper names, as far as it names one.
#[derive(Clone, Copy)]
enum Says {
    /// How to read what is in it.
    Read(Behind),
    /// A scheme that nothing verifies.
    Nothing(&'static str),
}

macro_rules! wrappers {
    ($($name:literal => $behind:expr),* $(,)?) => {
        &[$(($name, concat!("strip {", $name, "}"), $behind)),*]
    };
}

/// Names in upper case, without Dovecot's encoding suffix and Spring's version.
const WRAPPERS: &[(&str, &str, Says)] = wrappers! {
    "CRYPT" => Says::Read(Behind::Crypt),
    "BLF-CRYPT" => Says::Read(Behind::Itself),
    "SHA512-CRYPT" => Says::Read(Behind::Itself),
    "SHA256-CRYPT" => Says::Read(Behind::Itself),
    "MD5-CRYPT" => Says::Read(Behind::Itself),
    "DES-CRYPT" => Says::Read(Behind::Crypt),
    "ARGON2" => Says::Read(Behind::Itself),
    "ARGON2I" => Says::Read(Behind::Itself),
    "ARGON2ID" => Says::Read(Behind::Itself),
    "BCRYPT" => Says::Read(Behind::Itself),
    "LDAP" => Says::Read(Behind::Itself),
    "SCRYPT" => Says::Read(Behind::Spring),
    "MD5" => Says::Read(Behind::Digest("md5")),
    "PLAIN-MD5" => Says::Read(Behind::Digest("md5")),
    "LDAP-MD5" => Says::Read(Behind::Digest("md5")),
    "SHA" => Says::Read(Behind::Digest("sha1")),
    "SHA1" => Says::Read(Behind::Digest("sha1")),
    "SHA-1" => Says::Read(Behind::Digest("sha1")),
    "SHA224" => Says::Read(Behind::Digest("sha224")),
    "SHA-224" => Says::Read(Behind::Digest("sha224")),
    "SHA256" => Says::Read(Behind::Digest("sha256")),
    "SHA-256" => Says::Read(Behind::Digest("sha256")),
    "SHA384" => Says::Read(Behind::Digest("sha384")),
    "SHA-384" => Says::Read(Behind::Digest("sha384")),
    "SHA512" => Says::Read(Behind::Digest("sha512")),
    "SHA-512" => Says::Read(Behind::Digest("sha512")),
    "NOOP" => Says::Read(Behind::Plain),
    "PLAIN" => Says::Read(Behind::Plain),
    "CLEAR" => Says::Read(Behind::Plain),
    "CLEARTEXT" => Says::Read(Behind::Plain),
    "PLAINTEXT" => Says::Read(Behind::Plain),
    "CRYPT-MD5" => Says::Read(Behind::Itself),
    "CRYPT-SHA256" => Says::Read(Behind::Itself),
    "CRYPT-SHA512" => Says::Read(Behind::Itself),
    "BSDMD5" => Says::Read(Behind::Crypt),
    "APR1" => Says::Nothing("apr1"),
    "YESCRYPT" => Says::Nothing("yescrypt"),
    "GOST_YESCRYPT" => Says::Nothing("gost-yescrypt"),
    "GOST-YESCRYPT" => Says::Nothing("gost-yescrypt"),
    "BCRYPTKDF" => Says::Nothing("bcrypt-pbkdf"),
    "MYSQL" => Says::Nothing("mysql41"),
    "PBKDF2S5" => Says::Nothing("pbkdf2-sha512"),
    "SMD5" => Says::Nothing("salted-md5"),
    "SSHA" => Says::Nothing("salted-sha1"),
    "SSHA1" => Says::Nothing("salted-sha1"),
    "SSHA224" => Says::Nothing("salted-digest"),
    "SSHA256" => Says::Nothing("salted-sha256"),
    "SSHA384" => Says::Nothing("salted-sha384"),
    "SSHA512" => Says::Nothing("salted-sha512"),
    "SSHA-256" => Says::Nothing("salted-sha256"),
    "SSHA-384" => Says::Nothing("salted-sha384"),
    "SSHA-512" => Says::Nothing("salted-sha512"),
    "X-ISSHA, 1024" => Says::Nothing("salted-sha1"),
    "PBKDF2" => Says::Nothing("pbkdf2"),
    "PBKDF2-SHA1" => Says::Nothing("pbkdf2-sha1"),
    "PBKDF2-SHA256" => Says::Nothing("pbkdf2-sha256"),
    "PBKDF2-SHA512" => Says::Nothing("pbkdf2-sha512"),
    "PBKDF2_SHA256" => Says::Nothing("pbkdf2-sha256"),
    "PBKDF2-HMAC-SHA1" => Says::Nothing("pbkdf2-sha1"),
    "PBKDF2-HMAC-SHA256" => Says::Nothing("pbkdf2-sha256"),
    "PBKDF2-HMAC-SHA384" => Says::Nothing("pbkdf2"),
    "PBKDF2-HMAC-SHA512" => Says::Nothing("pbkdf2-sha512"),
    "PKCS5S2" => Says::Nothing("pbkdf2-sha1"),
    "CRAM-MD5" => Says::Nothing("cram"),
    "HMAC-MD5" => Says::Nothing("cram"),
    "DIGEST-MD5" => Says::Nothing("cram"),
    "SCRAM-SHA-1" => Says::Nothing("scram"),
    "SCRAM-SHA-256" => Says::Nothing("scram"),
    "NT" => Says::Nothing("ntlm"),
    "NTLM" => Says::Nothing("ntlm"),
    "LM" => Says::Nothing("lm"),
    "LANMAN" => Says::Nothing("lm"),
    "MD4" => Says::Nothing("md4"),
    "PLAIN-MD4" => Says::Nothing("md4"),
};

pub fn unwrap<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    let Some((name, body)) = text[1..].split_once('}').filter(|(name, _)| name.len() <= 40) else {
        return job.unrecognised().into();
    };
    if name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("FSHP")) {
        return job.unsupported("fshp").into();
    }
    let name = name.split('@').next().unwrap_or(name);
    let suffix = |end: &str| {
        name.len()
            .checked_sub(end.len())
            .filter(|&at| name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(end))
    };
    let bare = [".B64", ".BASE64", ".HEX"].iter().find_map(|end| suffix(end)).map_or(name, |at| &name[..at]);
    let Some(&(_, conversion, says)) = WRAPPERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(bare)) else {
        return job.unrecognised().into();
    };
    let behind = match says {
        Says::Nothing(scheme) => return job.unsupported(scheme).into(),
        Says::Read(behind) => behind,
    };
    // Dovecot writes any of its schemes in base64 or hexadecimal, too; digests are read in either.
    let is_text = matches!(behind, Behind::Itself | Behind::Crypt | Behind::Plain);
    if is_text && bare.len() < name.len() {
        let bytes = if name[bare.len()..].eq_ignore_ascii_case(".hex") { unhex(body) } else { encoding::base64(body) };
        let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return job.unrecognised().into();
        };
        job.converted("base64 or hexadecimal -> text");
        return job.uncovered(conversion, behind, text);
    }
    match behind {
        Behind::Plain => {
            if let Some(verdict) = job.contradiction("plain") {
                return verdict.into();
            }
        }
        // Dovecot's {MD5} is MD5-crypt; Spring's old {MD5}{salt}… is salted.
        Behind::Digest("md5") if body.starts_with('$') => return job.uncovered(conversion, Behind::Itself, body),
        Behind::Digest(scheme) if body.starts_with('{') => {
            return job.unsupported(salted_digest(digest_length(scheme).unwrap_or_default())).into();
        }
        // Joomla before 3.2 and Zope: a digest, and its salt behind a colon.
        Behind::Digest(scheme) if body.contains(':') => {
            return job.unsupported(salted_digest(digest_length(scheme).unwrap_or_default())).into();
        }
        Behind::Crypt if bare.eq_ignore_ascii_case("BSDMD5") && !body.starts_with('$') => {
            return match bsd_md5(body) {
                Some(hash) => job.uncovered("{BSDMD5} -> $1$salt$hash", Behind::Itself, hash),
                None => job.malformed("md5crypt", "{BSDMD5} is base64 of a digest and its salt").into(),
            };
        }
        Behind::Digest("sha256") if body.len() == 80 && is_hex(body) => {
            return job.unsupported("spring-standard").into();
        }
        Behind::Digest(_) => job.parts.salt = None,
        Behind::Same | Behind::Itself | Behind::Crypt | Behind::Spring => {}
    }
    job.uncovered(conversion, behind, body)
}

/// OpenLDAP's pw-apr1 keeps the 16 bytes of MD5-crypt and its salt as base64.
fn bsd_md5(body: &str) -> Option<String> {
    let bytes = encoding::base64(body)?;
    let (digest, salt) = bytes.split_first_chunk::<16>()?;
    let salt = std::str::from_utf8(salt).ok().filter(|salt| salt.len() <= 8)?;
    Some(format!("$1${salt}${}", md5_crypt::encode(digest)))
}
