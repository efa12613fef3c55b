//! bcrypt of something else than the password.

use super::peppered::of_message;
use super::{Check, base64, digest, same};
use crate::bytes::hex;
use crate::scheme::cost::Cost;
use crate::scheme::verify::bcrypt::{Computed, MAX_COST, crypt};
use crate::scheme::verify::{Login, crypt::password_verify};
use hmac::{Hmac, KeyInit as _, Mac as _};

/// bcrypt of what the scheme makes of a password.
pub(super) fn check<'h>(scheme: &str, text: &'h str, salt: Option<&'h str>) -> Option<Check<'h>> {
    let bcrypt = |of: fn(&[u8]) -> Option<Vec<u8>>| {
        Check::bcrypt(text.to_owned(), 1, move |password| of(password).map(|message| vec![message]))
    };
    // Who hashes a digest may do it by Argon2 as well: Matomo and Myth:Auth, if they are told to.
    if text.starts_with("$argon2") {
        return match scheme {
            "bcrypt-digest" => of_message(text, |password| Some(hex(&digest("md5", password)?).into_bytes())),
            "bcrypt-sha384" => of_message(text, |password| Some(base64(digest("sha384", password)?).into_bytes())),
            _ => None,
        };
    }
    match scheme {
        "wp-bcrypt" => {
            let hash = format!("${}", text.strip_prefix("$wp$")?);
            // Its forms put \ before quotes, and some of them leave it there.
            Check::bcrypt(hash, 1, |password| {
                let slashed: Vec<u8> = password
                    .iter()
                    .flat_map(|&byte| matches!(byte, b'\'' | b'"' | b'\\').then_some(b'\\').into_iter().chain([byte]))
                    .collect();
                let mut messages = vec![wordpress(password)];
                messages.extend((slashed != password).then(|| wordpress(&slashed)));
                Some(messages)
            })
        }
        "meteor" => bcrypt(|password| Some(hex(&digest("sha256", password)?).into_bytes())),
        "nodebb" => bcrypt(|password| Some(hex(&digest("sha512", password)?).into_bytes())),
        "bcrypt-sha384" => bcrypt(|password| Some(base64(digest("sha384", password)?).into_bytes())),
        "bcrypt-2" => {
            let hash = format!("$2a${}", text.strip_prefix("$2$")?);
            Check::bcrypt(hash, 1, |password| Some(vec![password.to_vec()]))
        }
        "bcrypt-sha256" => passlib(text),
        // Request Tracker runs bcrypt on the digest's bytes, NULs among them, and writes `!bcrypt!cost!salt and hash`.
        "bcrypt-sha512" if text.starts_with("!bcrypt!") => {
            let (cost, rest) = text["!bcrypt!".len()..].split_once('!')?;
            of_bytes(format!("$2a${:02}${rest}", cost.parse::<u8>().ok()?), |password| digest("sha512", password))
        }
        // PHP's crypt() ends at a NUL, so that a raw digest is written out by whoever hashes it.
        "bcrypt-sha512" => Check::bcrypt(text.to_owned(), 2, |password| {
            let digest = digest("sha512", password)?;
            Some(vec![hex(&digest).into_bytes(), base64(&digest).into_bytes()])
        }),
        "bcrypt-digest" => Check::bcrypt(text.to_owned(), 2, |password| {
            ["md5", "sha1"].iter().map(|name| Some(hex(&digest(name, password)?).into_bytes())).collect()
        }),
        "bcrypt-salted" => {
            let salt = salt?.as_bytes();
            Check::bcrypt(text.to_owned(), 2, move |password| {
                Some(vec![[salt, password].concat(), [password, salt].concat()])
            })
        }
        // SMF 2.1: the member name in lower case stands before the password.
        "smf-bcrypt" => {
            let name = salt?.to_lowercase();
            Check::bcrypt(text.to_owned(), 1, move |password| Some(vec![[name.as_bytes(), password].concat()]))
        }
        "double-bcrypt" => double(text.strip_prefix("Bcrypt:").unwrap_or(text)),
        _ => None,
    }
}

/// bcrypt of bytes, which end at no NUL.
fn of_bytes<'h>(hash: String, of: fn(&[u8]) -> Option<Vec<u8>>) -> Option<Check<'h>> {
    let cost = Cost::of_string(&hash)
        .filter(|cost| matches!(cost, Cost::Bcrypt(log2) if u32::from(*log2) <= MAX_COST) && hash.len() == 60)?;
    Some(Check::new(crate::scheme::cost::Work::from(cost), move |password| {
        let Computed::Hash(computed) = crypt(&of(password)?, &hash) else { return None };
        Some(same(computed.as_bytes(), hash.as_bytes()))
    }))
}

/// Woltlab: both times with the salt of the string.
fn double(hash: &str) -> Option<Check<'_>> {
    let cost = Cost::of_string(hash)
        .filter(|cost| matches!(cost, Cost::Bcrypt(log2) if u32::from(*log2) <= MAX_COST) && hash.len() == 60)?;
    Some(Check::new(crate::scheme::cost::Work::from(cost).times(2), move |password| {
        let Computed::Hash(inner) = crypt(password, hash) else { return None };
        Some(password_verify(inner.as_bytes(), hash) == Login::Match)
    }))
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
fn passlib(text: &str) -> Option<Check<'_>> {
    if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
        return Check::bcrypt(hash.to_owned(), 1, |password| {
            Some(vec![hex(&digest("sha256", password)?).into_bytes()])
        });
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
    Check::bcrypt(format!("${label}${:02}${salt}{hash}", rounds?), 1, move |password| {
        let message = if version == 2 {
            let mac = Hmac::<sha2::Sha256>::new_from_slice(salt.as_bytes()).ok()?;
            mac.chain_update(password).finalize().into_bytes().to_vec()
        } else {
            digest("sha256", password)?
        };
        Some(vec![base64(message).into_bytes()])
    })
}
