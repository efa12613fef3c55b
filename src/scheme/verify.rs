//! What Appwrite's login computes for a stored credential: one verifier, used to prove known passwords before an import
//! and by the sandbox's login.
//!
//! Sources: Appwrite's `src/Appwrite/Auth/Hash/*` up to 1.8.0, utopia-php/auth `Hashes/*` from 1.8.1, and the functions
//! of PHP they call.

pub mod argon2;
pub mod bcrypt;
pub mod crypt;
pub mod des;
pub mod foreign;
pub mod md5_crypt;
pub mod phpass;
pub mod scrypt;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq as _;

use crate::appwrite::Profile;
use crate::bytes::hex;
use scrypt::Cost;

/// Memory that no login is computed beyond, in bytes: a PHP worker has less.
pub const MEMORY_LIMIT: u64 = 1 << 30;

/// phpass rounds (log₂) that no login is computed beyond: they take minutes.
const MAX_PHPASS_LOG2: u8 = 24;

/// A credential as Appwrite stores it: `hash`, `password` and `hashOptions` of the user document.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// `argon2`, `bcrypt`, `md5`, `phpass`, `scrypt`, `scryptMod` or `sha`.
    pub hash: &'a str,
    /// The stored string.
    pub password: &'a str,
    /// `hashOptions`: `version`, `salt`, `costCpu`, `costMemory`, `costParallel`, `length`, `saltSeparator`, `signerKey`.
    pub options: &'a serde_json::Map<String, serde_json::Value>,
}

/// The answer to a login with a password against what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// The password verifies.
    Match,
    /// It does not: 401 `user_invalid_credentials`.
    Mismatch,
    /// The server fails on the stored parameters: 500. Also where computing would take more than [`MEMORY_LIMIT`] or
    /// minutes, in which a server does no better.
    ServerError,
}

impl Login {
    const fn matches(equal: bool) -> Self {
        if equal { Self::Match } else { Self::Mismatch }
    }
}

/// Computes what Appwrite of this profile answers for a password (after its 8–256 byte rule, which is the caller's).
#[must_use]
pub fn login(stored: Stored<'_>, password: &[u8], profile: &Profile) -> Login {
    match stored.hash {
        "argon2" | "bcrypt" => crypt::password_verify(password, stored.password),
        "phpass" => phpass_login(stored.password, password),
        "md5" => equal(&hex(&Md5::digest(password)), stored.password),
        "sha" => sha_login(stored, password, profile),
        "scrypt" => scrypt_login(stored, password, profile),
        "scryptMod" => scrypt_modified_login(stored, password, profile),
        // Appwrite throws for a name it does not know.
        _ => Login::ServerError,
    }
}

fn equal(computed: &str, stored: &str) -> Login {
    Login::matches(computed.as_bytes().ct_eq(stored.as_bytes()).into())
}

/// The digest that PHP's `hash()` gives under one of Appwrite's `passwordVersion` names; `None` for other names.
#[must_use]
pub fn sha(version: &str, message: &[u8]) -> Option<Vec<u8>> {
    Some(match version {
        "sha1" => sha1::Sha1::digest(message).to_vec(),
        "sha224" => sha2::Sha224::digest(message).to_vec(),
        "sha256" => sha2::Sha256::digest(message).to_vec(),
        "sha384" => sha2::Sha384::digest(message).to_vec(),
        "sha512" => sha2::Sha512::digest(message).to_vec(),
        "sha512/224" => sha2::Sha512_224::digest(message).to_vec(),
        "sha512/256" => sha2::Sha512_256::digest(message).to_vec(),
        "sha3-224" => sha3::Sha3_224::digest(message).to_vec(),
        "sha3-256" => sha3::Sha3_256::digest(message).to_vec(),
        "sha3-384" => sha3::Sha3_384::digest(message).to_vec(),
        "sha3-512" => sha3::Sha3_512::digest(message).to_vec(),
        _ => return None,
    })
}

fn sha_login(stored: Stored<'_>, password: &[u8], profile: &Profile) -> Login {
    let version = match stored.options.get("version") {
        None | Some(serde_json::Value::Null) => profile.sha_default,
        Some(version) => version.as_str().unwrap_or_default(),
    };
    // Up to 1.8.0 the name went straight to hash(), which ignores case; since then a list is consulted first.
    let lower = version.to_ascii_lowercase();
    let allowed = profile.sha512_truncated || (lower == version && !version.starts_with("sha512/"));
    match sha(&lower, password) {
        Some(digest) if allowed => equal(&hex(&digest), stored.password),
        _ => Login::ServerError,
    }
}

fn phpass_login(stored: &str, password: &[u8]) -> Login {
    let log2 = stored.as_bytes().get(3).and_then(|&c| super::itoa64::value(c));
    if (stored.starts_with("$P$") || stored.starts_with("$H$")) && log2.is_some_and(|n| n > MAX_PHPASS_LOG2 && n <= 30)
    {
        return Login::ServerError;
    }
    match phpass::portable(password, stored) {
        Some(computed) => equal(&computed, stored),
        None => crypt::crypt_equals(password, stored),
    }
}

/// An integer option, or what Appwrite takes where it is absent; `None` for negative numbers and other types.
fn integer(stored: Stored<'_>, name: &str, default: u64) -> Option<u64> {
    stored.options.get(name).map_or(Some(default), serde_json::Value::as_u64)
}

fn text<'a>(stored: Stored<'a>, name: &str) -> &'a str {
    stored.options.get(name).and_then(serde_json::Value::as_str).unwrap_or_default()
}

fn scrypt_login(stored: Stored<'_>, password: &[u8], profile: &Profile) -> Login {
    let salt = text(stored, "salt");
    // From 1.8.1 the setter takes `empty("0")` for no salt at all.
    if !profile.scrypt_unchecked && matches!(salt, "" | "0") {
        return Login::ServerError;
    }
    let parameters = || {
        let cost = Cost {
            n: integer(stored, "costCpu", 8)?,
            r: integer(stored, "costMemory", 14)?,
            p: integer(stored, "costParallel", 1)?,
        };
        let length = integer(stored, "length", 64).and_then(|n| usize::try_from(n).ok())?;
        // The extension refuses fewer than 16 bytes; what is longer than 4 KiB cannot equal a stored string.
        (16..=4096).contains(&length).then_some((cost, length))
    };
    let derived = parameters().and_then(|(cost, length)| scrypt::derive(password, salt.as_bytes(), cost, length));
    derived.map_or(Login::ServerError, |derived| equal(&hex(&derived), stored.password))
}

fn scrypt_modified_login(stored: Stored<'_>, password: &[u8], profile: &Profile) -> Login {
    let [salt, separator, signer_key] = ["salt", "saltSeparator", "signerKey"].map(|name| text(stored, name));
    let accepted = [salt, separator, signer_key].into_iter().all(is_base64) && salt != "0" && signer_key != "0";
    if !(accepted || profile.base64_unchecked) {
        return Login::ServerError;
    }
    let twice_encoded;
    let password = if profile.scrypt_modified_utf8 {
        password
    } else {
        // Up to 1.4 utf8_encode() took the UTF-8 bytes for Latin-1.
        twice_encoded = password.iter().map(|&byte| char::from(byte)).collect::<String>();
        twice_encoded.as_bytes()
    };
    let mut salt = scrypt::base64_lax(salt);
    salt.extend(scrypt::base64_lax(separator));
    scrypt::derive(password, &salt, Cost::FIREBASE, 64)
        .and_then(|derived| scrypt::sign(&derived, &scrypt::base64_lax(signer_key)))
        .map_or(Login::ServerError, |computed| equal(&computed, stored.password))
}

/// `/^[A-Za-z0-9+\/]+={0,2}$/`, in which PCRE's `$` allows one newline at the end.
fn is_base64(text: &str) -> bool {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

#[cfg(test)]
mod tests;
