//! bcrypt of something else than the password.

use super::{base64, digest};
use crate::bytes::hex;
use crate::scheme::verify::{Login, crypt};
use hmac::{Hmac, KeyInit as _, Mac as _};

/// Whether bcrypt of what the scheme makes of the password is the hash.
pub(super) fn verify(scheme: &str, text: &str, salt: Option<&str>, password: &[u8]) -> Option<bool> {
    let bcrypt = |message: &[u8], hash: &str| Some(crypt::password_verify(message, hash) == Login::Match);
    let of = |name: &str| digest(name, password);
    match scheme {
        "wp-bcrypt" => bcrypt(&wordpress(password), &format!("${}", text.strip_prefix("$wp$")?)),
        "meteor" => bcrypt(hex(&of("sha256")?).as_bytes(), text),
        "nodebb" => bcrypt(hex(&of("sha512")?).as_bytes(), text),
        "bcrypt-2" => bcrypt(password, &format!("$2a${}", text.strip_prefix("$2$")?)),
        "bcrypt-sha256" => passlib(text, password),
        "bcrypt-sha384" => bcrypt(base64(of("sha384")?).as_bytes(), text),
        "bcrypt-sha512" => {
            let digest = of("sha512")?;
            // PHP's crypt() ends at a NUL, so that a raw digest is written out by whoever hashes it.
            let hashed = [hex(&digest), base64(&digest)];
            Some(hashed.iter().any(|hashed| bcrypt(hashed.as_bytes(), text) == Some(true)))
        }
        "bcrypt-digest" => {
            let digests = [of("md5")?, of("sha1")?];
            Some(digests.iter().any(|digest| bcrypt(hex(digest).as_bytes(), text) == Some(true)))
        }
        "bcrypt-salted" => {
            let salt = salt?.as_bytes();
            let messages = [[salt, password].concat(), [password, salt].concat()];
            Some(messages.iter().any(|message| bcrypt(message, text) == Some(true)))
        }
        // Woltlab: both times with the salt of the string.
        "double-bcrypt" => {
            let text = text.strip_prefix("Bcrypt:").unwrap_or(text);
            let crate::scheme::verify::bcrypt::Computed::Hash(inner) =
                crate::scheme::verify::bcrypt::crypt(password, text)
            else {
                return None;
            };
            bcrypt(inner.as_bytes(), text)
        }
        _ => None,
    }
}

/// What WordPress 6.8 runs bcrypt on: base64 of the HMAC-SHA384 of the trimmed password (`wp_hash_password`).
pub(in crate::scheme) fn wordpress(password: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<sha2::Sha384>::new_from_slice(b"wp-sha384").map_or_else(
        |_| Vec::new(),
        |mac| base64(mac.chain_update(password.trim_ascii()).finalize().into_bytes()).into_bytes(),
    )
}

/// Django's `bcrypt_sha256$$2b$…` (hex), and passlib's `$bcrypt-sha256$`, whose version 2 is an HMAC under bcrypt's salt.
fn passlib(text: &str, password: &[u8]) -> Option<bool> {
    if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
        let hexadecimal = hex(&digest("sha256", password)?);
        return Some(crypt::password_verify(hexadecimal.as_bytes(), hash) == Login::Match);
    }
    let mut fields = text.strip_prefix("$bcrypt-sha256$")?.split('$');
    let (parameters, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
    let (mut version, mut label, mut rounds) = (1, "2a", None);
    for parameter in parameters.split(',') {
        match parameter.split_once('=') {
            Some(("v", value)) => version = value.parse().ok()?,
            Some(("t", value)) => label = value,
            Some(("r", value)) => rounds = value.parse::<u32>().ok(),
            // Version 1 writes `2a,12`.
            _ if parameter.starts_with('2') => label = parameter,
            _ => rounds = parameter.parse().ok(),
        }
    }
    let message = if version == 2 {
        let mac = Hmac::<sha2::Sha256>::new_from_slice(salt.as_bytes()).ok()?;
        mac.chain_update(password).finalize().into_bytes().to_vec()
    } else {
        digest("sha256", password)?
    };
    let hash = format!("${label}${:02}${salt}{hash}", rounds?);
    Some(crypt::password_verify(base64(message).as_bytes(), &hash) == Login::Match)
}
