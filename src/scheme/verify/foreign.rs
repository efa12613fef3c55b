//! Verifiers of what no endpoint of Appwrite takes, so that a known password proves such a hash as well.
//!
//! Each takes the string as it was exported. What cannot be computed (a secret that nobody gave, a name that is hashed too,
//! parameters that take minutes) is answered with `None`, never with a guess.

mod digests;
mod kdf;
mod pre_hashed;

use base64::Engine as _;
use subtle::ConstantTimeEq as _;

use crate::account::HashInput;
use crate::scheme::encoding;

pub(in crate::scheme) use pre_hashed::wordpress;

/// Rounds of PBKDF2 or of a digest that are not computed beyond: they take minutes.
const MAX_ROUNDS: u32 = 20_000_000;

/// Whether the password is the one of a hash of this scheme; `None` where that cannot be computed.
#[must_use]
pub fn verify(scheme: &str, input: &HashInput<'_>, password: &[u8]) -> Option<bool> {
    let text = input.hash.trim_ascii();
    // `user:` of a password file.
    let bare = text.split_once(':').map_or(text, |(_, rest)| if rest.starts_with(['$', '{']) { rest } else { text });
    let salt = input.salt.as_deref().filter(|salt| !salt.is_empty());
    match scheme {
        "wp-bcrypt" | "meteor" | "nodebb" | "bcrypt-sha256" | "bcrypt-sha384" | "bcrypt-sha512" | "bcrypt-digest"
        | "bcrypt-2" | "bcrypt-salted" | "double-bcrypt" => pre_hashed::verify(scheme, bare, salt, password),
        "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" | "discourse" | "aspnet-identity" | "scram"
        | "mediawiki-pbkdf2" => kdf::pbkdf2(scheme, bare, salt, password),
        "argon2d" | "argon2-data" => kdf::argon2(bare, password),
        "yescrypt" => kdf::yescrypt(bare, password),
        "scrypt" => kdf::scrypt(bare, password),
        "scrypt-kdf" => kdf::scrypt_kdf(bare, password),
        "firebase-scrypt" => kdf::firebase(input, password),
        "drupal7" => digests::drupal7(bare, password),
        "apr1" => digests::apr1(bare, password),
        "sha1crypt" => digests::sha1crypt(bare, password),
        "fshp" => digests::fshp(bare, password),
        "spring-standard" => digests::spring(bare, password),
        "ntlm" | "md4" | "utf16-digest" | "keccak" | "nested-digest" | "mysql41" => {
            digests::unsalted(scheme, bare, password)
        }
        "mssql" => digests::mssql(bare, password),
        "oracle" => digests::oracle(bare, password),
        name if name.starts_with("salted-") || name.starts_with("hmac-") => digests::salted(text, salt, password),
        _ => None,
    }
}

/// Whether hashes of this scheme can be verified, as far as the scheme tells.
#[must_use]
pub fn can_verify(scheme: &str) -> bool {
    // A string without anything in it reaches the arm of its scheme, and no computation.
    super::super::registry::find(scheme).is_some()
}

fn same(computed: &[u8], stored: &[u8]) -> bool {
    !stored.is_empty() && computed.ct_eq(stored).into()
}

/// passlib's base64: `.` for `+`, no padding.
fn ab64(text: &str) -> Option<Vec<u8>> {
    encoding::base64(&text.replace('.', "+"))
}

/// Standard base64 with padding.
fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The digest of this name, however it is written (`sha-256`, `SHA256`, `sha256`).
fn digest(name: &str, message: &[u8]) -> Option<Vec<u8>> {
    use md5::{Digest as _, Md5};
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    if name == "md5" { Some(Md5::digest(message).to_vec()) } else { super::sha(&name, message) }
}

#[cfg(test)]
mod tests;
