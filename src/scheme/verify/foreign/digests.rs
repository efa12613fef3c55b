//! Digests with salts, of digests, of other encodings of the password, and those that are iterated.

use hmac::Hmac;

use super::kdf::mac;
use super::{MAX_ROUNDS, digest, same};
use crate::bytes::{hex, is_hex, unhex};
use crate::format::Value;
use crate::scheme::encoding::base64;
use crate::scheme::{itoa64, verify::md5_crypt};

fn utf16(password: &[u8]) -> Option<Vec<u8>> {
    Some(std::str::from_utf8(password).ok()?.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

fn md4(message: &[u8]) -> Vec<u8> {
    use md4::{Digest as _, Md4};
    Md4::digest(message).to_vec()
}

/// Digests of this many bytes.
fn names(bytes: usize) -> &'static [&'static str] {
    match bytes {
        16 => &["md5"],
        20 => &["sha1"],
        28 => &["sha224", "sha3-224"],
        32 => &["sha256", "sha3-256"],
        48 => &["sha384", "sha3-384"],
        64 => &["sha512", "sha3-512"],
        _ => &[],
    }
}

/// Hexadecimal or base64.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if is_hex(text) { unhex(text) } else { base64(text) }
}

/// What has no salt and is no digest that Appwrite computes.
pub(super) fn unsalted(scheme: &str, text: &str, password: &[u8]) -> Option<bool> {
    let wanted = match scheme {
        "ntlm" => unhex(text.rsplit(['$', '}']).next()?)?,
        "mysql41" => unhex(text.strip_prefix("{MYSQL}").unwrap_or(text).trim_start_matches('*'))?,
        _ => bytes(text)?,
    };
    match scheme {
        "ntlm" => Some(same(&md4(&utf16(password)?), &wanted)),
        "md4" => Some(same(&md4(password), &wanted)),
        "mysql41" => Some(same(&digest("sha1", &digest("sha1", password)?)?, &wanted)),
        "utf16-digest" => {
            let message = utf16(password)?;
            Some(names(wanted.len()).iter().any(|name| digest(name, &message).is_some_and(|d| same(&d, &wanted))))
        }
        "keccak" => {
            use sha3::Digest as _;
            let computed = match wanted.len() {
                28 => sha3::Keccak224::digest(password).to_vec(),
                32 => sha3::Keccak256::digest(password).to_vec(),
                48 => sha3::Keccak384::digest(password).to_vec(),
                64 => sha3::Keccak512::digest(password).to_vec(),
                _ => return None,
            };
            Some(same(&computed, &wanted))
        }
        // A digest of a digest: of its bytes, or of its hexadecimal in either case.
        _ => {
            let inner = ["md5", "sha1", "sha256", "sha512"].into_iter().filter_map(|name| digest(name, password));
            let mut messages = inner.flat_map(|d| {
                let lower = hex(&d);
                [lower.to_uppercase().into_bytes(), lower.into_bytes(), d]
            });
            let outer = |message: Vec<u8>| {
                names(wanted.len()).iter().any(|name| digest(name, &message).is_some_and(|d| same(&d, &wanted)))
            };
            // The right password is found; that none is found may be for a nesting that nobody thought of.
            messages.any(outer).then_some(true)
        }
    }
}

/// A digest with a salt, in any of the orders that systems have. The right password is found; a wrong one cannot be told
/// from an order that nobody thought of, which is no answer.
pub(super) fn salted(text: &str, column: Option<&str>, password: &[u8]) -> Option<bool> {
    let candidates = salt_and_digest(text, column);
    candidates
        .iter()
        .any(|(salt, wanted)| orders(salt, password, wanted.len()).any(|d| same(&d, wanted)))
        .then_some(true)
}

/// The ways in which salt and digest can stand in a string or beside it.
fn salt_and_digest(text: &str, column: Option<&str>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut add = |salt: &[u8], digest: &str| {
        if let Some(digest) = bytes(digest).filter(|digest| !names(digest.len()).is_empty()) {
            found.push((salt.to_vec(), digest));
        }
    };
    let body = text.split_once('}').map_or(text, |(_, body)| body);
    if let Some(salt) = column {
        add(salt.as_bytes(), body);
        for decoded in [unhex(salt), base64(salt)].into_iter().flatten() {
            add(&decoded, body);
        }
    }
    for at in [':', '$', '.'] {
        let fields: Vec<&str> = body.split(at).collect();
        match fields.as_slice() {
            // Joomla, Magento, vBulletin; and the other way round.
            [first, second] => {
                add(second.as_bytes(), first);
                add(first.as_bytes(), second);
            }
            // Magento 2's `hash:salt:version`, Django's `sha1$salt$hash`.
            [first, middle, last] => {
                add(middle.as_bytes(), first);
                add(middle.as_bytes(), last);
            }
            // `$SHA$salt$hash`, `:B:salt:hash`, `$5$salt$hash`; mosquitto's salt is base64.
            ["", _, salt, hash] => {
                add(salt.as_bytes(), hash);
                for decoded in [unhex(salt), base64(salt)].into_iter().flatten() {
                    add(&decoded, hash);
                }
            }
            _ => {}
        }
    }
    // LDAP: the digest and then the salt, as base64 of both.
    if let Some((name, body)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        let length = name.bytes().filter(u8::is_ascii_digit).fold(0_usize, |n, b| n * 10 + usize::from(b - b'0'));
        let length = if name.to_ascii_uppercase().contains("MD5") {
            16
        } else if length < 224 {
            20
        } else {
            length / 8
        };
        if let Some((digest, salt)) = bytes(body).as_deref().and_then(|bytes| bytes.split_at_checked(length)) {
            found.push((salt.to_vec(), digest.to_vec()));
        }
    }
    // XenForo 1.
    if text.starts_with("a:")
        && let Ok(data) = crate::format::php::unserialize(text)
        && let (Some(hash), Some(salt)) =
            (data.member("hash").and_then(Value::text), data.member("salt").and_then(Value::text))
        && let Some(hash) = unhex(&hash)
    {
        found.push((salt.as_bytes().to_vec(), hash));
    }
    found
}

/// The digests of this length that systems make of a salt and a password.
fn orders(salt: &[u8], password: &[u8], length: usize) -> impl Iterator<Item = Vec<u8>> {
    names(length).iter().flat_map(move |name| {
        let of = |parts: &[&[u8]]| digest(name, &parts.concat()).unwrap_or_default();
        let in_hex = |parts: &[&[u8]]| hex(&of(parts)).into_bytes();
        let (hashed, hashed_salt) = (in_hex(&[password]), in_hex(&[salt]));
        let md5 = hex(&digest("md5", password).unwrap_or_default()).into_bytes();
        let wide = utf16(password).unwrap_or_default();
        let keyed = |key: &[u8], message: &[u8]| match length {
            16 => mac::<Hmac<md5::Md5>>(key, message),
            20 => mac::<Hmac<sha1::Sha1>>(key, message),
            32 => mac::<Hmac<sha2::Sha256>>(key, message),
            64 => mac::<Hmac<sha2::Sha512>>(key, message),
            _ => None,
        };
        vec![
            of(&[salt, password]),
            of(&[password, salt]),
            of(&[salt, password, salt]),
            // MediaWiki :B:
            of(&[salt, b"-", &md5]),
            // IPB, MyBB
            of(&[&hashed_salt, &hashed]),
            // vBulletin, XenForo 1, AuthMe
            of(&[&hashed, salt]),
            of(&[salt, &hashed]),
            // OpenCart, WoltLab 3
            of(&[salt, &in_hex(&[salt, &hashed])]),
            of(&[&md5, salt]),
            of(&[salt, &md5]),
            // NetWitness, Episerver, MSSQL
            of(&[&wide, salt]),
            of(&[salt, &wide]),
            of(&[&in_hex(&[password, salt])]),
            // Symfony's merge, once
            of(&[password, b"{", salt, b"}"]),
            symfony(name, salt, password),
            keyed(salt, password).unwrap_or_default(),
            keyed(password, salt).unwrap_or_default(),
        ]
    })
}

/// Symfony's `MessageDigestPasswordEncoder` with its 5000 rounds.
fn symfony(name: &str, salt: &[u8], password: &[u8]) -> Vec<u8> {
    let message = [password, b"{", salt, b"}"].concat();
    let first = digest(name, &message).unwrap_or_default();
    (1..5000).fold(first, |last, _| digest(name, &[&last[..], &message].concat()).unwrap_or_default())
}

/// Drupal 7: phpass over SHA-512, cut at 55 characters; `U$` where it was made of an MD5 in hexadecimal.
pub(super) fn drupal7(text: &str, password: &[u8]) -> Option<bool> {
    let (setting, message) = match text.strip_prefix('U') {
        Some(rest) => (rest, hex(&digest("md5", password)?).into_bytes()),
        None => (text, password.to_vec()),
    };
    let name = if setting.starts_with("$P$") { "md5" } else { "sha512" };
    let log2 = itoa64::value(*setting.as_bytes().get(3)?).filter(|log2| (7..=24).contains(log2))?;
    let first = digest(name, &[setting.get(4..12)?.as_bytes(), &message].concat())?;
    let key = (0..1_u32 << log2).try_fold(first, |last, _| digest(name, &[&last[..], &message].concat()))?;
    let whole = format!("{}{}", setting.get(..12)?, itoa64::encode(&key));
    Some(same(whole.get(..setting.len())?.as_bytes(), setting.as_bytes()))
}

/// Apache's MD5.
pub(super) fn apr1(text: &str, password: &[u8]) -> Option<bool> {
    Some(same(md5_crypt::apr1(password, text)?.as_bytes(), text.as_bytes()))
}

/// NetBSD's SHA1-crypt: `$sha1$rounds$salt$`, an HMAC iterated.
pub(super) fn sha1crypt(text: &str, password: &[u8]) -> Option<bool> {
    let mut fields = text.strip_prefix("$sha1$")?.split('$');
    let (rounds, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
    let number: u32 = rounds.parse().ok().filter(|n| (1..=MAX_ROUNDS).contains(n))?;
    let first = mac::<Hmac<sha1::Sha1>>(password, format!("{salt}$sha1${rounds}").as_bytes())?;
    let key = (1..number).try_fold(first, |last, _| mac::<Hmac<sha1::Sha1>>(password, &last))?;
    // Groups of three bytes, the first highest; the last group ends with the first byte again, or (hashcat's) with nothing.
    let encoded = |last: u8| {
        let order = [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 17, 16, 15];
        let ordered = order.iter().map(|&at| key[at]).chain([last, key[19], key[18]]);
        itoa64::encode(&ordered.collect::<Vec<u8>>())
    };
    Some([key[0], 0].iter().any(|&last| same(encoded(last).as_bytes(), hash.as_bytes())))
}

/// Fairly Secure Hashed Passwords: `{FSHP1|salt bytes|rounds}base64`, PBKDF1 with salt and password in each other's places.
pub(super) fn fshp(text: &str, password: &[u8]) -> Option<bool> {
    let (head, body) = text.strip_prefix("{FSHP")?.split_once('}')?;
    let mut fields = head.split('|');
    let name = *["sha1", "sha256", "sha384", "sha512"].get(fields.next()?.parse::<usize>().ok()?)?;
    let (length, rounds): (usize, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let bytes = base64(body)?;
    let (salt, wanted) = bytes.split_at_checked(length)?;
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return None;
    }
    let first = digest(name, &[salt, password].concat())?;
    Some(same(&(1..rounds).try_fold(first, |last, _| digest(name, &last))?, wanted))
}

/// Spring's `StandardPasswordEncoder` without a secret: 8 bytes of salt, and SHA-256 1,024 times.
pub(super) fn spring(text: &str, password: &[u8]) -> Option<bool> {
    let bytes = unhex(text.rsplit('}').next()?).filter(|bytes| bytes.len() == 40)?;
    let first = digest("sha256", &[&bytes[..8], password].concat())?;
    let key = (1..1024).try_fold(first, |last, _| digest("sha256", &last))?;
    // A secret of the application may have been hashed as well: then no password is wrong.
    same(&key, &bytes[8..]).then_some(true)
}

/// Microsoft SQL Server: `0x0100` (SHA-1; 2000 has the upper-case one behind it) and `0x0200` (SHA-512).
pub(super) fn mssql(text: &str, password: &[u8]) -> Option<bool> {
    let bytes = unhex(text.strip_prefix("0x")?)?;
    let name = if bytes.first()? & 2 == 0 { "sha1" } else { "sha512" };
    let message = [utf16(password)?, bytes.get(2..6)?.to_vec()].concat();
    let key = digest(name, &message)?;
    Some(same(&key, bytes.get(6..6 + key.len())?))
}

/// Oracle 11: `S:` and 20 bytes of SHA-1, then 10 of salt.
pub(super) fn oracle(text: &str, password: &[u8]) -> Option<bool> {
    let bytes = unhex(text.strip_prefix("S:")?).filter(|bytes| bytes.len() == 30)?;
    Some(same(&digest("sha1", &[password, &bytes[20..]].concat())?, &bytes[..20]))
}
