//! Hashes that are made with a secret of the application's.

use hmac::Hmac;

use super::kdf::{self, mac};
use super::pepper::Secret;
use super::{Check, base64, same};
use crate::account::HashInput;
use crate::appwrite::Version;
use crate::bytes::{is_hex, unhex};
use crate::scheme::cost::{Cost, Work};
use crate::scheme::verify::Login;
use crate::scheme::{Verdict, encoding, resolve};

/// A check with the secret.
pub(super) fn check(scheme: &str, text: &str, pepper: Secret) -> Option<Check<'static>> {
    match scheme {
        // Devise appends it; others put it before.
        "bcrypt-peppered" => Check::bcrypt(text.to_owned(), 2, move |password| {
            Some(vec![[password, &pepper[..]].concat(), [&pepper[..], password].concat()])
        }),
        // Argon2's own secret; most put it before the password, or behind it.
        "argon2-peppered" => {
            let bare = kdf::argon2(text, None)?;
            let secret = pepper.clone();
            let joined = Check::new(bare.work.times(2), move |password| {
                Some(bare.fits(&[&secret[..], password].concat()) || bare.fits(&[password, &secret[..]].concat()))
            });
            super::either(kdf::argon2(text, Some(pepper)), Some(joined))
        }
        "flask-security" => flask_security(text, pepper),
        // PrestaShop up to 1.6: MD5 of the shop's cookie key and the password.
        "prestashop" => {
            let wanted = unhex(text)?;
            Some(Check::new(Work::DIGEST, move |password| {
                Some(same(&super::digest("md5", &[&pepper[..], password].concat())?, &wanted))
            }))
        }
        _ => keyed(text, pepper),
    }
}

/// Flask-Security: what it hashes is the base64 of an HMAC-SHA512 of the password under `SECURITY_PASSWORD_SALT`; how, the
/// string says as it does anywhere else.
fn flask_security(text: &str, pepper: Secret) -> Option<Check<'static>> {
    of_message(text, move |password| Some(base64(mac::<Hmac<sha2::Sha512>>(&pepper, password)?).into_bytes()))
}

/// A hash of what `message` makes of the password, of the kind that the string says.
pub(super) fn of_message(text: &str, message: impl Fn(&[u8]) -> Option<Vec<u8>> + 'static) -> Option<Check<'static>> {
    let profile = Version::NEWEST.profile();
    let input = HashInput { hash: text.to_owned().into(), ..HashInput::default() };
    match resolve(&input, profile) {
        Verdict::Maps(mapped) => {
            let work = Cost::of(mapped.endpoint, &mapped.fields).map_or(Work::DIGEST, Work::from);
            Some(Check::new(work, move |password| Some(mapped.login(&message(password)?, profile) == Login::Match)))
        }
        Verdict::Refused(refusal) => {
            let scheme = refusal.scheme.filter(|scheme| *scheme != "flask-security")?;
            let work = super::check(scheme, &input)?.work;
            Some(Check::new(work, move |password| Some(super::check(scheme, &input)?.fits(&message(password)?))))
        }
    }
}

/// An HMAC of the password under the secret, in hexadecimal or base64.
fn keyed(text: &str, pepper: Secret) -> Option<Check<'static>> {
    let wanted = if is_hex(text) { unhex(text) } else { encoding::base64(text) }?;
    Some(Check::new(Work::DIGEST, move |password| {
        let computed = match wanted.len() {
            16 => mac::<Hmac<md5::Md5>>(&pepper, password)?,
            20 => mac::<Hmac<sha1::Sha1>>(&pepper, password)?,
            32 => mac::<Hmac<sha2::Sha256>>(&pepper, password)?,
            48 => mac::<Hmac<sha2::Sha384>>(&pepper, password)?,
            64 => mac::<Hmac<sha2::Sha512>>(&pepper, password)?,
            _ => return None,
        };
        Some(same(&computed, &wanted))
    }))
}
