//! What databases, directories and devices make of their users' passwords: Windows' LAN Manager hash and cached credentials,
//! Oracle's, Cisco's.

use hmac::Hmac;
use subtle::ConstantTimeEq as _;

use super::digests::{md4, utf16};
use super::kdf::{derive_key, mac, pbkdf2_work, scrypt_key};
use super::{Check, digest, same};
use crate::bytes::{is_hex, unhex};
use crate::scheme::cost::Work;
use crate::scheme::encoding::base64;
use crate::scheme::itoa64;
use crate::scheme::verify::des;
use crate::scheme::verify::scrypt::Cost;

/// The upper half of code page 437, which LAN Manager wrote passwords in.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The LAN Manager hash: DES of a constant under each half of fourteen capitals.
pub(super) fn lm<'h>(text: &str) -> Option<Check<'h>> {
    let wanted = unhex(text.rsplit(['$', '}']).next()?).filter(|bytes| bytes.len() == 16)?;
    Some(Check::new(Work::DIGEST, move |password| {
        let mut capitals = Vec::with_capacity(14);
        for c in std::str::from_utf8(password).ok()?.chars() {
            // A capital that the code page has not stays as it is.
            let upper = c.to_uppercase().next().filter(|upper| oem(*upper).is_some()).unwrap_or(c);
            capitals.push(oem(upper)?);
        }
        capitals.resize(14, 0);
        let half = |bytes: &[u8]| {
            let bits = bytes.iter().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
            // Seven bits a byte, and one that DES ignores.
            let key = (0..8).fold(0, |key, i| key << 8 | (bits >> (49 - 7 * i) & 0x7f) << 1);
            des::block(key, u64::from_be_bytes(*b"KGS!@#$%")).to_be_bytes()
        };
        Some(same(&[half(&capitals[..7]), half(&capitals[7..])].concat(), &wanted))
    }))
}

fn oem(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    CODE_PAGE_437.chars().position(|other| other == c).and_then(|at| u8::try_from(at + 128).ok())
}

/// Windows' cached credentials: MD4 of the NT hash and the name in small letters; `$DCC2$rounds#name#` is PBKDF2 of that.
pub(super) fn msdcc<'h>(text: &str, salt: Option<&str>) -> Option<Check<'h>> {
    let (rounds, name, wanted) = match text.strip_prefix("$DCC2$") {
        Some(rest) => {
            let mut fields = rest.split('#');
            let (rounds, name, wanted) = (fields.next()?, fields.next()?, fields.next()?);
            (rounds.parse().ok()?, name, wanted)
        }
        None => (0, salt?, text),
    };
    let name = utf16(name.to_lowercase().as_bytes())?;
    let wanted = unhex(wanted).filter(|bytes| bytes.len() == 16)?;
    // Of what stands in a column nothing says which of both it is.
    let rounds = if rounds == 0 { 10_240 } else { rounds };
    let is_second = text.starts_with('$');
    let work = pbkdf2_work("sha1", rounds, 16)?;
    Some(Check::new(work, move |password| {
        let first = md4(&[md4(&utf16(password)?), name.clone()].concat());
        let fits = !is_second && same(&first, &wanted);
        Some(fits || same(&derive_key("sha1", &first, &name, rounds, 16)?, &wanted))
    }))
}

/// Oracle: `S:` and 20 bytes of SHA-1, then 10 of salt (11); `T:` and SHA-512 of PBKDF2, then 16 of salt (12); 16 digits
/// with the user's name beside them (10 and before). A row of `SPARE4` may have several, of which the last is taken.
pub(super) fn oracle<'h>(text: &str, name: Option<&str>) -> Option<Check<'h>> {
    let field = |name| text.split(';').find_map(|field| field.trim().strip_prefix(name));
    if let Some(bytes) = field("T:").and_then(unhex).filter(|bytes| bytes.len() == 80) {
        let salt = [&bytes[64..], b"AUTH_PBKDF2_SPEEDY_KEY"].concat();
        return Some(Check::new(pbkdf2_work("sha512", 4096, 64)?, move |password| {
            let key = derive_key("sha512", password, &salt, 4096, 64)?;
            Some(same(&digest("sha512", &[&key, &bytes[64..]].concat())?, &bytes[..64]))
        }));
    }
    if let Some(bytes) = field("S:").and_then(unhex).filter(|bytes| bytes.len() == 30) {
        return Some(Check::new(Work::DIGEST, move |password| {
            Some(same(&digest("sha1", &[password, &bytes[20..]].concat())?, &bytes[..20]))
        }));
    }
    let (wanted, name) = (unhex(text).filter(|bytes| bytes.len() == 8)?, name?.to_uppercase());
    Some(Check::new(Work::DIGEST, move |password| {
        let text = format!("{name}{}", std::str::from_utf8(password).ok()?.to_uppercase());
        let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let chained = |key: u64| {
            bytes.chunks(8).fold(0, |last, chunk| {
                des::block(key, last ^ chunk.iter().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte)))
            })
        };
        Some(same(&chained(chained(0x0123_4567_89ab_cdef)).to_be_bytes(), &wanted))
    }))
}

/// Cisco's types 4 (SHA-256), 8 (PBKDF2) and 9 (scrypt), in base64 of crypt(3)'s alphabet; 7, which is no hash; and the
/// sixteen characters of PIX and ASA, for which `name` is the user's.
pub(super) fn cisco<'h>(text: &str, name: Option<&str>) -> Option<Check<'h>> {
    let fields: Vec<&str> = text.split('$').collect();
    if let ["", kind @ ("8" | "9"), salt, key] = fields[..] {
        let (wanted, salt) = (decode(key).filter(|key| key.len() == 32)?, salt.as_bytes().to_vec());
        if kind == "9" {
            return scrypt_key(salt, Cost { n: 16384, r: 1, p: 1 }, wanted);
        }
        return Some(Check::new(pbkdf2_work("sha256", 20_000, 32)?, move |password| {
            Some(same(&derive_key("sha256", password, &salt, 20_000, 32)?, &wanted))
        }));
    }
    if let Some(wanted) = decode(text).filter(|bytes| text.len() == 43 && bytes.len() == 32) {
        return Some(Check::new(Work::DIGEST, move |password| Some(same(&digest("sha256", password)?, &wanted))));
    }
    if text.len() == 16 && itoa64::is_valid(text) {
        let (text, name) = (text.to_owned(), name.unwrap_or_default().as_bytes().to_vec());
        return Some(Check::new(Work::DIGEST, move |password| {
            let fits = |is_asa| pix(password, &name, is_asa).is_some_and(|made| same(&made, text.as_bytes()));
            Some(fits(false) || fits(true))
        }));
    }
    type_7(text)
}

/// MD5 of a password filled up to 16 or 32 bytes, of which every fourth byte is left out.
fn pix(password: &[u8], name: &[u8], is_asa: bool) -> Option<Vec<u8>> {
    let longest = if is_asa { 32 } else { 16 };
    let mut message = password.to_vec();
    if !name.is_empty() && (!is_asa || password.len() < 28) {
        message.extend(name.iter().cycle().take(4));
    }
    message.resize(if is_asa && message.len() > 16 { 32 } else { 16 }, 0);
    let kept: Vec<u8> =
        digest("md5", &message)?.into_iter().enumerate().filter(|(i, _)| i % 4 != 3).map(|(_, b)| b).collect();
    (password.len() <= longest).then(|| itoa64::encode(&kept).into_bytes())
}

/// Two digits of where a fixed key begins, and the password under it.
fn type_7<'h>(text: &str) -> Option<Check<'h>> {
    const KEY: &[u8] = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";
    let (begin, body) = (text.get(..2)?.parse::<usize>().ok()?, text.get(2..)?);
    let hidden = unhex(body).filter(|bytes| !bytes.is_empty() && is_hex(body))?;
    let plain: Vec<u8> = hidden.iter().zip(KEY.iter().cycle().skip(begin)).map(|(byte, key)| byte ^ key).collect();
    Some(Check::new(Work::DIGEST, move |password| Some(password.ct_eq(&plain).into())))
}

/// Base64 over crypt(3)'s alphabet, highest bits first, without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let translated: Option<String> =
        text.bytes().map(|byte| Some(char::from(STANDARD[usize::from(itoa64::value(byte)?)]))).collect();
    base64(&translated?)
}

/// Magento 2's hash of an earlier hash: `hex:salt:version:version…`, each version hashing what the one before gave: 0 is MD5
/// and 1 SHA-256 of salt and message, 2 and `3_length_passes_memory` libsodium's Argon2id of the message
/// (`Magento\Framework\Encryption\Encryptor`).
pub(super) fn magento<'h>(text: &str) -> Option<Check<'h>> {
    let mut fields = text.split(':');
    let (wanted, salt) = (unhex(fields.next()?)?, fields.next()?.as_bytes().to_vec());
    let mut bytes: Vec<u8> = salt.iter().copied().take(16).collect();
    bytes = bytes.iter().copied().cycle().take(16).collect();
    let mut steps = Vec::new();
    let mut work = Work::DIGEST;
    for version in fields {
        steps.push(match version {
            "0" => Step::Digest("md5"),
            "1" => Step::Digest("sha256"),
            _ => {
                let numbers: Vec<u32> = match version {
                    "2" => vec![32, 2, 67_108_864],
                    _ => version.strip_prefix("3_")?.split('_').map(|n| n.parse().ok()).collect::<Option<_>>()?,
                };
                let [length, passes, memory] = numbers[..] else { return None };
                let (cost, derive) = super::kdf::argon2id(memory >> 10, passes, length as usize, &bytes)?;
                work = Work { millis: work.millis + cost.millis, bytes: work.bytes.max(cost.bytes) };
                Step::Argon2(derive)
            }
        });
    }
    (steps.len() > 1).then(|| {
        Check::new(work, move |password| {
            let last = steps.iter().try_fold(password.to_vec(), |message, step| {
                let bytes = match step {
                    Step::Digest(name) => digest(name, &[&salt, &message[..]].concat())?,
                    Step::Argon2(derive) => derive(&message)?,
                };
                Some(crate::bytes::hex(&bytes).into_bytes())
            })?;
            Some(same(&unhex(std::str::from_utf8(&last).ok()?)?, &wanted))
        })
    })
}

/// What one version does.
enum Step {
    Digest(&'static str),
    Argon2(super::kdf::Derive),
}

/// An HMAC of the digest that makes so many bytes.
pub(super) fn keyed(key: &[u8], message: &[u8], length: usize) -> Option<Vec<u8>> {
    match length {
        20 => mac::<Hmac<sha1::Sha1>>(key, message),
        32 => mac::<Hmac<sha2::Sha256>>(key, message),
        64 => mac::<Hmac<sha2::Sha512>>(key, message),
        _ => None,
    }
}
