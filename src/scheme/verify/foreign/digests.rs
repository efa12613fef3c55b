//! Digests with salts, of digests, of other encodings of the password, and those that are iterated.

use hmac::Hmac;

use super::kdf::mac;
use super::pepper::Secret;
use super::{Check, MAX_ROUNDS, digest, same};
use crate::bytes::{hex, is_hex, unhex};
use crate::format::Value;
use crate::scheme::cost::Work;
use crate::scheme::encoding::base64;
use crate::scheme::itoa64;
use crate::scheme::recipe::Recipe;
use crate::scheme::verify::{des, md5_crypt};

pub(super) fn utf16(password: &[u8]) -> Option<Vec<u8>> {
    Some(std::str::from_utf8(password).ok()?.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

/// The bytes in Latin-1, if it has all letters and they are others than in UTF-8.
fn latin1(password: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(password).ok().filter(|text| !text.is_ascii())?;
    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}

pub(super) fn md4(message: &[u8]) -> Vec<u8> {
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
pub(super) fn unsalted<'h>(scheme: &str, text: &'h str) -> Option<Check<'h>> {
    let wanted = match scheme {
        "ntlm" => unhex(text.rsplit(['$', '}']).next()?)?,
        "mysql41" => unhex(text.strip_prefix("{MYSQL}").unwrap_or(text).trim_start_matches('*'))?,
        _ => bytes(text)?,
    };
    let test: super::Test<'_> = match (scheme, wanted.len()) {
        ("ntlm", 16) => Box::new(move |password| Some(same(&md4(&utf16(password)?), &wanted))),
        ("mysql41", 20) => Box::new(move |password| Some(same(&digest("sha1", &digest("sha1", password)?)?, &wanted))),
        ("mysql323", 8) => Box::new(move |password| Some(same(&mysql323(password), &wanted))),
        ("utf16-digest", length) if !names(length).is_empty() => Box::new(move |password| {
            let message = utf16(password)?;
            Some(names(wanted.len()).iter().any(|name| digest(name, &message).is_some_and(|d| same(&d, &wanted))))
        }),
        // The right password is found; that none is found may be for a nesting that nobody thought of.
        ("nested-digest", length) if !names(length).is_empty() => {
            return Some(Check::new(Work::DIGEST, move |password| Some(nested(password, &wanted))).uncertain());
        }
        (_, length) if other(scheme, b"", length).is_some() => {
            let scheme = scheme.to_owned();
            Box::new(move |password| Some(same(&other(&scheme, password, wanted.len())?, &wanted)))
        }
        _ => return None,
    };
    Some(Check::new(Work::DIGEST, test))
}

/// Digests of the bare password that Appwrite's `sha` does not compute.
fn other(scheme: &str, message: &[u8], length: usize) -> Option<Vec<u8>> {
    use sha3::Digest as _;
    Some(match (scheme, length) {
        ("md4", 16) => md4(message),
        ("ripemd160", 20) => ripemd::Ripemd160::digest(message).to_vec(),
        ("whirlpool", 64) => whirlpool::Whirlpool::digest(message).to_vec(),
        ("streebog", 32) => streebog::Streebog256::digest(message).to_vec(),
        ("streebog", 64) => streebog::Streebog512::digest(message).to_vec(),
        ("blake2b-512", 64) => blake2::Blake2b512::digest(message).to_vec(),
        ("blake2s-256" | "blake2b-512", 32) => blake2::Blake2s256::digest(message).to_vec(),
        ("sha512/224" | "sha512/256", 28 | 32) => digest(scheme, message)?,
        ("keccak", 28) => sha3::Keccak224::digest(message).to_vec(),
        ("keccak", 32) => sha3::Keccak256::digest(message).to_vec(),
        ("keccak", 48) => sha3::Keccak384::digest(message).to_vec(),
        ("keccak", 64) => sha3::Keccak512::digest(message).to_vec(),
        _ => return None,
    })
}

/// PostgreSQL before 14: MD5 of the password and the role's name.
pub(super) fn postgres<'h>(text: &str, role: &str) -> Option<Check<'h>> {
    let (wanted, role) = (unhex(text.strip_prefix("md5")?)?, role.as_bytes().to_vec());
    Some(Check::new(Work::DIGEST, move |password| Some(same(&digest("md5", &[password, &role].concat())?, &wanted))))
}

/// A digest of a digest: of its bytes, or of its hexadecimal in either case.
fn nested(password: &[u8], wanted: &[u8]) -> bool {
    let inner = ["md5", "sha1", "sha256", "sha512"].into_iter().filter_map(|name| digest(name, password));
    let mut messages = inner.flat_map(|d| {
        let lower = hex(&d);
        [lower.to_uppercase().into_bytes(), lower.into_bytes(), d]
    });
    messages
        .any(|message| names(wanted.len()).iter().any(|name| digest(name, &message).is_some_and(|d| same(&d, wanted))))
}

/// MySQL's `PASSWORD()` before 4.1: two sums of 31 bits; blanks and tabs do not count.
fn mysql323(password: &[u8]) -> Vec<u8> {
    let (mut nr, mut add, mut nr2) = (1_345_345_333_u32, 7_u32, 0x1234_5671_u32);
    for byte in password.iter().filter(|byte| !matches!(byte, b' ' | b'\t')).map(|&byte| u32::from(byte)) {
        nr ^= (nr & 63).wrapping_add(add).wrapping_mul(byte).wrapping_add(nr << 8);
        nr2 = nr2.wrapping_add((nr2 << 8) ^ nr);
        add = add.wrapping_add(byte);
    }
    [nr & 0x7fff_ffff, nr2 & 0x7fff_ffff].iter().flat_map(|sum| sum.to_be_bytes()).collect()
}

/// A digest with a salt, in any of the orders that systems have. The right password is found; a wrong one cannot be told
/// from an order that nobody thought of.
pub(super) fn salted<'h>(text: &str, column: Option<&str>) -> Option<Check<'h>> {
    if let Some(recipe) = Recipe::parse(text) {
        let (name, message) = recipe.message(b"");
        let length = digest(name, &message)?.len();
        let wanted = unhex(&recipe.result).filter(|wanted| wanted.len() == length)?;
        return Some(Check::new(Work::rounds(1, name), move |password| {
            let (name, message) = recipe.message(password);
            Some(same(&digest(name, &message)?, &wanted))
        }));
    }
    if let Some(iterated) = shopware(text) {
        return Some(iterated);
    }
    let candidates = salt_and_digest(text, column);
    // Symfony's five thousand rounds are the most of it.
    let work = Work::rounds(5000, "").times(u32::try_from(candidates.len()).ok().filter(|n| *n > 0)?);
    let in_braces = text.starts_with('{');
    let test = move |password: &[u8]| {
        let fits = |password: &[u8]| {
            let of = |(salt, wanted): &(Vec<u8>, Vec<u8>)| {
                orders(salt, password, wanted.len()).any(|digest| same(&digest, wanted))
            };
            candidates.iter().any(of)
        };
        // Zope hashes a password in Latin-1 where that has all of its letters.
        Some(fits(password) || in_braces && latin1(password).is_some_and(|password| fits(&password)))
    };
    Some(Check::new(work, test).uncertain())
}

/// Shopware 5's `Sha256`, `rounds:salt:digest`: SHA-256 of the last digest in hexadecimal, the password and the salt, once more
/// than the rounds say.
fn shopware<'h>(text: &str) -> Option<Check<'h>> {
    let fields: Vec<&str> = text.split(':').collect();
    let [rounds, salt, wanted] = fields[..] else { return None };
    let rounds = rounds.parse::<u32>().ok().filter(|rounds| *rounds < MAX_ROUNDS)?;
    let (salt, wanted) = (salt.as_bytes().to_vec(), unhex(wanted).filter(|bytes| bytes.len() == 32)?);
    Some(Check::new(Work::rounds(u64::from(rounds) + 1, "sha256"), move |password| {
        let once = |last: Vec<u8>, _| Some(hex(&digest("sha256", &[&last, password, &salt].concat())?).into_bytes());
        Some(same(&(0..=rounds).try_fold(Vec::new(), once)?, hex(&wanted).as_bytes()))
    }))
}

/// SMF up to 2.0: SHA-1 of the member name in lower case and the password.
pub(super) fn smf<'h>(text: &str, name: &str) -> Option<Check<'h>> {
    let (wanted, name) = (unhex(text).filter(|bytes| bytes.len() == 20)?, name.to_lowercase());
    Some(Check::new(Work::DIGEST, move |password| {
        Some(same(&digest("sha1", &[name.as_bytes(), password].concat())?, &wanted))
    }))
}

/// The ways in which salt and digest can stand in a string or beside it.
fn salt_and_digest(text: &str, column: Option<&str>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut add = |salt: &[u8], digest: &str| {
        if let Some(digest) = bytes(digest).filter(|digest| !names(digest.len()).is_empty()) {
            found.push((salt.to_vec(), digest));
        }
    };
    // AWL (DAViCal) writes the salt of an {SSHA} once more before it.
    let text = match text.strip_prefix('*').and_then(|rest| rest.split_once('*')) {
        Some((_, rest)) if rest.starts_with('{') => rest,
        _ => text,
    };
    let body = text.split_once('}').map_or(text, |(_, body)| body);
    if let Some(salt) = column {
        add(salt.as_bytes(), body);
        for decoded in [unhex(salt), base64(salt)].into_iter().flatten() {
            add(&decoded, body);
        }
    }
    // vBulletin's in Vanilla: the MD5, and right behind it the salt.
    if let Some((digest, salt)) = body.split_at_checked(32).filter(|(_, salt)| !salt.is_empty())
        && bytes(body).is_none_or(|whole| names(whole.len()).is_empty())
    {
        add(salt.as_bytes(), digest);
    }
    for at in [':', '$', '.', '!', '*'] {
        let fields: Vec<&str> = body.split(at).collect();
        match fields.as_slice() {
            // Joomla, Magento, vBulletin; and the other way round.
            [first, second] => {
                add(second.as_bytes(), first);
                add(first.as_bytes(), second);
            }
            // Magento 2's `hash:salt:version`, Django's `sha1$salt$hash`, AWL's `*salt*hash`.
            [first, middle, last] => {
                add(middle.as_bytes(), first);
                add(middle.as_bytes(), last);
            }
            // `$SHA$salt$hash`, `:B:salt:hash`, `$5$salt$hash`, `!sha512!salt!hash`; mosquitto's salt is base64.
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
        let lower = |name, parts: &[&[u8]]| hex(&digest(name, &parts.concat()).unwrap_or_default()).into_bytes();
        let md5 = lower("md5", &[password]);
        let twice = in_hex(&[&hashed]);
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
            of(&[&lower("md5", &[password, salt])]),
            of(&[&lower("sha1", &[password, salt])]),
            of(&[&twice, salt]),
            of(&[&in_hex(&[&twice]), salt]),
            of(&[&hashed_salt, &twice]),
            of(&[salt, &of(&[password])]),
            // acts_as_authenticated, and restful_authentication without a key of the site's
            of(&[b"--", salt, b"--", password, b"--"]),
            of(&[b"--", salt, b"--", password, b"----"]),
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
pub(super) fn drupal7(text: &str) -> Option<Check<'_>> {
    let (setting, of_md5) = text.strip_prefix('U').map_or((text, false), |rest| (rest, true));
    let name = if setting.starts_with("$P$") { "md5" } else { "sha512" };
    let log2 = itoa64::value(*setting.as_bytes().get(3)?).filter(|log2| (7..=24).contains(log2))?;
    let (salt, head) = (setting.get(4..12)?.as_bytes(), setting.get(..12)?);
    if setting.len() < 34 {
        return None;
    }
    Some(Check::new(Work::rounds(1 << log2, name), move |password| {
        let message = if of_md5 { hex(&digest("md5", password)?).into_bytes() } else { password.to_vec() };
        let first = digest(name, &[salt, &message].concat())?;
        let key = (0..1_u32 << log2).try_fold(first, |last, _| digest(name, &[&last[..], &message].concat()))?;
        let whole = format!("{head}{}", itoa64::encode(&key));
        Some(same(whole.get(..setting.len())?.as_bytes(), setting.as_bytes()))
    }))
}

/// Apache's MD5.
pub(super) fn apr1(text: &str) -> Option<Check<'_>> {
    text.starts_with("$apr1$").then(|| {
        Check::new(Work::rounds(1000, "md5"), move |password| {
            Some(same(md5_crypt::apr1(password, text)?.as_bytes(), text.as_bytes()))
        })
    })
}

/// bigcrypt: DES of every eight characters, each block under the first two characters of the one before.
pub(super) fn bigcrypt(text: &str) -> Option<Check<'_>> {
    if text.len() < 24 || !(text.len() - 2).is_multiple_of(11) || !itoa64::is_valid(text) {
        return None;
    }
    let work = Work::rounds(25, "").times(u32::try_from(text.len() / 11).ok()?);
    Some(Check::new(work, move |password| {
        let mut whole = text.get(..2)?.to_owned();
        let mut salt = whole.clone();
        let mut blocks: Vec<&[u8]> = password.chunks(8).collect();
        blocks.resize((text.len() - 2) / 11, &[]);
        for block in blocks {
            let hash = des::traditional(block, &salt)?;
            let hash = hash.get(2..)?;
            whole.push_str(hash);
            hash.get(..2)?.clone_into(&mut salt);
        }
        Some(same(whole.as_bytes(), text.as_bytes()))
    }))
}

/// NetBSD's SHA1-crypt: `$sha1$rounds$salt$`, an HMAC iterated.
pub(super) fn sha1crypt(text: &str) -> Option<Check<'_>> {
    let mut fields = text.strip_prefix("$sha1$")?.split('$');
    let (rounds, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
    let number: u32 = rounds.parse().ok().filter(|n| (1..=MAX_ROUNDS).contains(n))?;
    Some(Check::new(Work::rounds(number.into(), "sha1"), move |password| {
        let first = mac::<Hmac<sha1::Sha1>>(password, format!("{salt}$sha1${rounds}").as_bytes())?;
        let key = (1..number).try_fold(first, |last, _| mac::<Hmac<sha1::Sha1>>(password, &last))?;
        // Groups of three bytes, the first highest; the last group ends with the first byte again, or (hashcat's) with nothing.
        let encoded = |last: u8| {
            let order = [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 17, 16, 15];
            let ordered = order.iter().map(|&at| key[at]).chain([last, key[19], key[18]]);
            itoa64::encode(&ordered.collect::<Vec<u8>>())
        };
        Some([key[0], 0].iter().any(|&last| same(encoded(last).as_bytes(), hash.as_bytes())))
    }))
}

/// Fairly Secure Hashed Passwords: `{FSHP1|salt bytes|rounds}base64`, PBKDF1 with salt and password in each other's places.
pub(super) fn fshp<'h>(text: &str) -> Option<Check<'h>> {
    let (head, body) = text.strip_prefix("{FSHP")?.split_once('}')?;
    let mut fields = head.split('|');
    let name = *["sha1", "sha256", "sha384", "sha512"].get(fields.next()?.parse::<usize>().ok()?)?;
    let (length, rounds): (usize, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let bytes = base64(body)?;
    let (salt, wanted) = bytes.split_at_checked(length).map(|(salt, wanted)| (salt.to_vec(), wanted.to_vec()))?;
    (1..=MAX_ROUNDS).contains(&rounds).then(|| {
        Check::new(Work::rounds(rounds.into(), name), move |password| {
            let first = digest(name, &[&salt, password].concat())?;
            Some(same(&(1..rounds).try_fold(first, |last, _| digest(name, &last))?, &wanted))
        })
    })
}

/// Spring's `StandardPasswordEncoder`: 8 bytes of salt, the application's secret, and SHA-256 1,024 times.
pub(super) fn spring<'h>(text: &str, secret: Option<Secret>) -> Option<Check<'h>> {
    let certain = secret.is_some();
    let bytes = unhex(text.rsplit('}').next()?).filter(|bytes| bytes.len() == 40)?;
    let test = move |password: &[u8]| {
        let first = digest("sha256", &[&bytes[..8], secret.as_deref().map_or(&[], Vec::as_slice), password].concat())?;
        let key = (1..1024).try_fold(first, |last, _| digest("sha256", &last))?;
        Some(same(&key, &bytes[8..]))
    };
    let check = Check::new(Work::rounds(1024, "sha256"), test);
    // A secret of the application may have been hashed as well: then no password is wrong.
    Some(if certain { check } else { check.uncertain() })
}

/// Microsoft SQL Server: `0x0100` (SHA-1; 2000 has the upper-case one behind it) and `0x0200` (SHA-512).
pub(super) fn mssql<'h>(text: &str) -> Option<Check<'h>> {
    let bytes = unhex(text.strip_prefix("0x")?)?;
    let name = if bytes.first()? & 2 == 0 { "sha1" } else { "sha512" };
    let salt = bytes.get(2..6)?.to_vec();
    let wanted = bytes.get(6..6 + digest(name, b"")?.len())?.to_vec();
    Some(Check::new(Work::DIGEST, move |password| {
        Some(same(&digest(name, &[utf16(password)?, salt.clone()].concat())?, &wanted))
    }))
}
