//! PBKDF2 in the writing of everybody who uses it; Argon2d, yescrypt, and scrypt where Appwrite cannot take it.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use hmac::Hmac;
use yescrypt::{PasswordVerifier as _, Yescrypt};

use super::pepper::Secret;
use super::{Check, MAX_ROUNDS, ab64, digest, same};
use crate::account::{HashInput, SaltEncoding};
use crate::bytes::{is_hex, unhex};
use crate::scheme::cost::{Cost as CostOf, Work};
use crate::scheme::encoding::{base64, decimal};
use crate::scheme::itoa64;
use crate::scheme::recipe::{Pbkdf2, Recipe};
use crate::scheme::verify::scrypt::{Cost, derive, sign};
use crate::scheme::verify::{MEMORY_LIMIT, argon2::MAX_WORK};

/// A PBKDF2 hash in its parts.
struct Derived {
    digest: String,
    rounds: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Derived {
    fn new(digest: &str, rounds: &str, salt: Option<Vec<u8>>, key: Option<Vec<u8>>) -> Option<Self> {
        Some(Self { digest: digest.to_owned(), rounds: rounds.parse().ok()?, salt: salt?, key: key? })
    }

    /// None for a digest that is not known, and for what takes minutes.
    fn check<'h>(self) -> Option<Check<'h>> {
        let work = pbkdf2_work(&self.digest, self.rounds, self.key.len())?;
        Some(Check::new(work, move |password| {
            let key = derive_key(&self.digest, password, &self.salt, self.rounds, self.key.len())?;
            Some(same(&key, &self.key))
        }))
    }
}

/// What deriving a key of so many bytes takes.
pub(super) fn pbkdf2_work(name: &str, rounds: u32, length: usize) -> Option<Work> {
    let name = plain_name(name);
    let size = match name.as_str() {
        "md5" => 16,
        "sha" | "sha1" => 20,
        "sha224" => 28,
        "sha256" => 32,
        "sha384" => 48,
        "sha512" => 64,
        other => digest(other, b"")?.len(),
    };
    let blocks = u32::try_from(length.div_ceil(size)).ok().filter(|blocks| *blocks > 0)?;
    let all = rounds.checked_mul(blocks).filter(|all| (1..=MAX_ROUNDS).contains(all) && length <= 1024)?;
    // An HMAC is two digests.
    Some(Work::rounds(all.into(), &name))
}

fn plain_name(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '_'], "")
}

pub(super) fn derive_key(name: &str, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Option<Vec<u8>> {
    use pbkdf2::pbkdf2_hmac;
    pbkdf2_work(name, rounds, length)?;
    let mut key = vec![0; length];
    match plain_name(name).as_str() {
        "md5" => pbkdf2_hmac::<md5::Md5>(password, salt, rounds, &mut key),
        "sha1" | "sha" => pbkdf2_hmac::<sha1::Sha1>(password, salt, rounds, &mut key),
        "sha224" => pbkdf2_hmac::<sha2::Sha224>(password, salt, rounds, &mut key),
        "sha256" => pbkdf2_hmac::<sha2::Sha256>(password, salt, rounds, &mut key),
        "sha384" => pbkdf2_hmac::<sha2::Sha384>(password, salt, rounds, &mut key),
        "sha512" => pbkdf2_hmac::<sha2::Sha512>(password, salt, rounds, &mut key),
        _ => return None,
    }
    Some(key)
}

/// Every PBKDF2 that rehome names.
pub(super) fn pbkdf2<'h>(scheme: &str, text: &str, input: &HashInput<'_>) -> Option<Check<'h>> {
    if scheme == "aspnet-identity" {
        return aspnet(text)?.check();
    }
    if let Some(derived) = written(text) {
        return derived.check();
    }
    let salt = input.salt.as_deref().filter(|salt| !salt.is_empty())?;
    // Everything in a column of its own: FusionAuth.
    if let Some(rounds) = input.rounds {
        let salt = match input.salt_encoding {
            SaltEncoding::Utf8 => Some(salt.as_bytes().to_vec()),
            SaltEncoding::Hex => unhex(salt),
            SaltEncoding::Base64 => base64(salt),
        };
        let key = if is_hex(text) { unhex(text) } else { base64(text) };
        return Derived::new(scheme.strip_prefix("pbkdf2-")?, &rounds.to_string(), salt, key)?.check();
    }
    // A key in hexadecimal whose salt stands in a column, as text: Discourse, Payload, passport-local-mongoose.
    let salt = salt.as_bytes().to_vec();
    let (recent, key) = match text.strip_prefix("pbkdf2-sha256-v1:") {
        Some(key) => (true, unhex(key)?),
        None => (false, unhex(text)?),
    };
    let settings: &'static [(&str, u32)] = match (key.len(), recent) {
        (_, true) => &[("sha256", 600_000)],
        (512, _) => &[("sha256", 25_000), ("sha512", 25_000), ("sha1", 25_000)],
        (32, _) if scheme == "discourse" => &[("sha256", 64_000), ("sha256", 600_000)],
        _ => return None,
    };
    let each = settings.iter().map(|&(name, rounds)| pbkdf2_work(name, rounds, key.len()));
    let millis = each.map(|work| Some(work?.millis)).sum::<Option<f64>>()?;
    Some(Check::new(Work { millis, bytes: 0 }, move |password| {
        let fits = |&(name, rounds): &(&str, u32)| {
            derive_key(name, password, &salt, rounds, key.len()).is_some_and(|derived| same(&derived, &key))
        };
        Some(settings.iter().any(fits))
    }))
}

/// The strings that say their parameters.
fn written(text: &str) -> Option<Derived> {
    let dollars: Vec<&str> = text.split('$').collect();
    let colons: Vec<&str> = text.split(':').collect();
    let text_salt = |salt: &str| Some(salt.as_bytes().to_vec());
    match (dollars.as_slice(), colons.as_slice()) {
        // Django
        ([name, rounds, salt, key], _) if name.starts_with("pbkdf2_") => {
            // Clerk writes the key in hexadecimal.
            let is_hex = is_hex(key) && matches!(key.len(), 64 | 128);
            let key = if is_hex { unhex(key) } else { base64(key) };
            Derived::new(name[7..].trim_end_matches("_hex"), rounds, text_salt(salt), key)
        }
        // Galaxy: the salt is the text, the key has 24 bytes
        (["PBKDF2", digest, rounds, salt, key], _) => Derived::new(digest, rounds, text_salt(salt), base64(key)),
        // Mattermost 11: the digest and the rounds are parameters with names
        (["", "pbkdf2", parameters, salt, key], _) if parameters.contains('=') => {
            let of = |name| parameters.split(',').find_map(|parameter| parameter.strip_prefix(name));
            Derived::new(of("f=")?, of("w=")?, base64(salt), base64(key))
        }
        // passlib, and roundup's {PBKDF2S5}
        (["", name @ ("pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512"), rounds, salt, key], _) => {
            let digest = name.strip_prefix("pbkdf2-").unwrap_or("sha1");
            Derived::new(digest, rounds, ab64(salt), ab64(key))
        }
        ([head, salt, key], _) if head.starts_with("{PBKDF2") => {
            let (name, rounds) = head[1..].split_once('}')?;
            let digest = match name {
                "PBKDF2S5" => "sha512",
                "PBKDF2" => "sha1",
                _ => name.get("PBKDF2-".len()..)?,
            };
            Derived::new(digest, rounds, ab64(salt), ab64(key))
        }
        // dlitz: the salt is everything before the key, the rounds hexadecimal
        (["", "p5k2", rounds, salt, key], _) => {
            let number = if rounds.is_empty() { 400 } else { u32::from_str_radix(rounds, 16).ok()? };
            let salt = format!("$p5k2${rounds}${salt}").into_bytes();
            Derived::new("sha1", &number.to_string(), Some(salt), ab64(key))
        }
        // mosquitto
        (["", "7", rounds, salt, key], _) => Derived::new("sha512", rounds, base64(salt), base64(key)),
        // hashcat's NetIQ
        (["", name, rounds, salt, key], _) if name.starts_with("pbkdf2-hmac-") => {
            Derived::new(&name["pbkdf2-hmac-".len()..], rounds, unhex(salt), unhex(key))
        }
        // macOS
        (["", "ml", rounds, salt, key], _) => Derived::new("sha512", rounds, unhex(salt), unhex(key)),
        // Werkzeug, and pydal's pbkdf2(rounds,bytes,digest)
        ([head, salt, key], _) if head.starts_with("pbkdf2:") => {
            let mut fields = head.split(':').skip(1);
            let (digest, rounds) = (fields.next()?, fields.next().unwrap_or("1000"));
            Derived::new(digest, rounds, text_salt(salt), unhex(key))
        }
        ([head, salt, key], _) if head.starts_with("pbkdf2(") => {
            let mut fields = head.strip_prefix("pbkdf2(")?.strip_suffix(')')?.split(',');
            let (rounds, _, digest) = (fields.next()?, fields.next()?, fields.next()?);
            Derived::new(digest, rounds, text_salt(salt), unhex(key))
        }
        // MediaWiki
        (_, ["", "pbkdf2", digest, rounds, _, salt, key]) => Derived::new(digest, rounds, base64(salt), base64(key)),
        // sha256:1000:salt:key of many tutorials
        (_, [digest @ ("md5" | "sha1" | "sha256" | "sha512"), rounds, salt, key]) => {
            Derived::new(digest, rounds, base64(salt), base64(key))
        }
        _ if text.starts_with('[') => {
            let recipe = Recipe::parse(text)?;
            let Pbkdf2 { digest, rounds, salt } = recipe.pbkdf2()?;
            Derived::new(&digest, &rounds, Some(salt), unhex(&recipe.result))
        }
        _ if text.starts_with("{PBKDF2") => directory(text),
        _ if text.starts_with("{PKCS5S2}") => {
            let bytes = base64(&text["{PKCS5S2}".len()..])?;
            let (salt, key) = bytes.split_at_checked(16)?;
            Derived::new("sha1", "10000", Some(salt.to_vec()), Some(key.to_vec()))
        }
        _ if text.starts_with("grub.pbkdf2.") => {
            let mut fields = text.split('.').skip(2);
            Derived::new(fields.next()?, fields.next()?, unhex(fields.next()?), unhex(fields.next()?))
        }
        // Spring, whose names stand for the numbers: hexadecimal of salt and key
        _ if text.starts_with("{pbkdf2") => {
            let (name, bytes) = text.split_once('}')?;
            let (digest, rounds, salt) = match name {
                "{pbkdf2@SpringSecurity_v5_8" => ("sha256", "310000", 16),
                "{pbkdf2" => ("sha1", "185000", 8),
                _ => return None,
            };
            let bytes = unhex(bytes)?;
            let (salt, key) = bytes.split_at_checked(salt)?;
            Derived::new(digest, rounds, Some(salt.to_vec()), Some(key.to_vec()))
        }
        _ if text.starts_with('{') => keycloak(text),
        _ => None,
    }
}

/// Directories that put all bytes into one base64. 389-ds (`{PBKDF2_SHA256}`, its `pbkdf2_pwd.c`; `{PBKDF2-SHA256}` is another, above): four bytes of rounds, 64 of salt,
/// 256 of key. `OpenDJ` and `ForgeRock` (`{PBKDF2}rounds:`, `{PBKDF2-HMAC-SHA256}rounds:`) and Oracle's IDCS (`{PBKDF2-HMAC-SHA512}rounds$`): a key
/// as long as the digest, then the salt.
fn directory(text: &str) -> Option<Derived> {
    let (name, rest) = text[1..].split_once('}')?;
    if name == "PBKDF2_SHA256" {
        let bytes = base64(rest).filter(|bytes| bytes.len() == 4 + 64 + 256)?;
        let (rounds, salt, key) = (bytes.get(..4)?.try_into().ok()?, bytes.get(4..68)?, bytes.get(68..)?);
        return Derived::new(
            "sha256",
            &u32::from_be_bytes(rounds).to_string(),
            Some(salt.to_vec()),
            Some(key.to_vec()),
        );
    }
    let hash = if name == "PBKDF2" { "sha1" } else { name.strip_prefix("PBKDF2-HMAC-")? };
    let (rounds, bytes) = rest.split_once([':', '$'])?;
    let bytes = base64(bytes)?;
    let (key, salt) =
        bytes.split_at_checked(digest(&plain_name(hash), b"")?.len()).filter(|(_, salt)| !salt.is_empty())?;
    Derived::new(hash, rounds, Some(salt.to_vec()), Some(key.to_vec()))
}

/// Keycloak's credential as JSON.
fn keycloak(text: &str) -> Option<Derived> {
    let whole: serde_json::Value = serde_json::from_str(text).ok()?;
    let part = |name: &str| match whole.get(name)? {
        serde_json::Value::String(text) => serde_json::from_str::<serde_json::Value>(text).ok(),
        object => Some(object.clone()),
    };
    let (data, secret) = (part("credentialData")?, part("secretData")?);
    let digest = match data.get("algorithm")?.as_str()? {
        "pbkdf2" => "sha1",
        name => name.strip_prefix("pbkdf2-")?,
    };
    let rounds = data.get("hashIterations")?.as_u64()?.to_string();
    let bytes = |name: &str| base64(secret.get(name)?.as_str()?);
    Derived::new(digest, &rounds, bytes("salt"), bytes("value"))
}

/// ASP.NET Identity: a marker byte, 0 (version 2) or 1 (version 3: PRF, rounds and the salt's length as 32-bit numbers).
fn aspnet(text: &str) -> Option<Derived> {
    let bytes = base64(text)?;
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    match bytes.first()? {
        0 => Derived::new("sha1", "1000", Some(bytes.get(1..17)?.to_vec()), Some(bytes.get(17..)?.to_vec())),
        1 => {
            let digest = match number(1)? {
                0 => "sha1",
                1 => "sha256",
                2 => "sha512",
                _ => return None,
            };
            let key = 13_usize.checked_add(number(9)? as usize)?;
            let salt = bytes.get(13..key)?.to_vec();
            Derived::new(digest, &number(5)?.to_string(), Some(salt), Some(bytes.get(key..)?.to_vec()))
        }
        _ => None,
    }
}

/// An HMAC of whichever digest.
pub(super) fn mac<M: hmac::Mac + hmac::KeyInit>(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    Some(<M as hmac::KeyInit>::new_from_slice(key).ok()?.chain_update(message).finalize().into_bytes().to_vec())
}

/// Argon2 as PHP does not compute it: Argon2d, associated data, and a secret.
pub(super) fn argon2<'h>(text: &str, secret: Option<Secret>) -> Option<Check<'h>> {
    let mut fields = text.strip_prefix('$')?.split('$');
    let algorithm = Algorithm::new(fields.next()?).ok()?;
    let mut next = fields.next()?;
    let mut version = Version::V0x10;
    if let Some(number) = next.strip_prefix("v=") {
        version = if number == "19" { Version::V0x13 } else { Version::V0x10 };
        next = fields.next()?;
    }
    let (salt, output) = (base64(fields.next()?)?, base64(fields.next()?)?);
    let mut parameters = ParamsBuilder::new();
    let (mut memory, mut passes) = (0_u32, 0_u32);
    for parameter in next.split(',') {
        let (name, value) = parameter.split_once('=')?;
        match name {
            "m" => {
                memory = value.parse().ok()?;
                parameters.m_cost(memory);
            }
            "t" => {
                passes = value.parse().ok()?;
                parameters.t_cost(passes);
            }
            "p" => {
                parameters.p_cost(value.parse().ok()?);
            }
            "data" => {
                parameters.data(AssociatedData::new(&base64(value)?).ok()?);
            }
            _ => return None,
        }
    }
    if u64::from(memory) * 1024 > MEMORY_LIMIT || u64::from(memory) * u64::from(passes) > MAX_WORK {
        return None;
    }
    parameters.output_len(output.len());
    let parameters = parameters.build().ok()?;
    let work = Work { bytes: u64::from(memory) << 10, ..Work::from(CostOf::Argon2(memory, passes, 1)) };
    Some(Check::new(work, move |password| {
        let argon2 = match &secret {
            Some(secret) => Argon2::new_with_secret(secret, algorithm, version, parameters.clone()).ok()?,
            None => Argon2::new(algorithm, version, parameters.clone()),
        };
        let mut computed = vec![0; output.len()];
        argon2.hash_password_into(password, &salt, &mut computed).ok()?;
        Some(same(&computed, &output))
    }))
}

/// What a message's key is; `None` where it cannot be derived.
pub(super) type Derive = Box<dyn Fn(&[u8]) -> Option<Vec<u8>>>;

/// libsodium's Argon2id 1.3 with one lane, of so many KiB.
pub(super) fn argon2id(memory: u32, passes: u32, length: usize, salt: &[u8]) -> Option<(Work, Derive)> {
    if u64::from(memory) * 1024 > MEMORY_LIMIT || u64::from(memory) * u64::from(passes) > MAX_WORK || length > 1024 {
        return None;
    }
    let parameters = argon2::Params::new(memory, passes, 1, Some(length)).ok()?;
    let work = Work { bytes: u64::from(memory) << 10, ..Work::from(CostOf::Argon2(memory, passes, 1)) };
    let (argon2, salt) = (Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters), salt.to_vec());
    let derive = move |message: &[u8]| {
        let mut key = vec![0; length];
        argon2.hash_password_into(message, &salt, &mut key).ok().map(|()| key)
    };
    Some((work, Box::new(derive)))
}

/// What one key takes, and how it is derived.
pub(super) type Derives<'h> = (Work, Box<dyn Fn(&[u8]) -> Option<[u8; 32]> + 'h>);

/// yescrypt's key of 32 bytes, of the usual parameters, with a salt in crypt(3)'s base64.
pub(super) fn yescrypt_key<'h>(parameters: &str, salt: &str) -> Option<Derives<'h>> {
    let work = yescrypt_work(parameters)?;
    let (parameters, salt) = (parameters.parse::<yescrypt::Params>().ok()?, itoa64::decode(salt)?);
    let derive = move |password: &[u8]| {
        let mut key = [0; 32];
        yescrypt::yescrypt(password, &salt, &parameters, &mut key).ok().map(|()| key)
    };
    Some((work, Box::new(derive)))
}

/// None where it takes too much, and for parameters that nobody has by default.
fn yescrypt_work(parameters: &str) -> Option<Work> {
    let [b'j', n, r] = parameters.as_bytes() else { return None };
    let (n, r) = (1_u64.checked_shl(u32::from(itoa64::value(*n)?) + 1)?, u64::from(itoa64::value(*r)?) + 1);
    let cost = Cost { n, r, p: 1 };
    (cost.memory() <= MEMORY_LIMIT).then(|| scrypt_work(cost))
}

/// yescrypt's `$y$`, of which the second character is log₂ N − 1 and the third r − 1; more there is nobody's default.
pub(super) fn yescrypt(text: &str) -> Option<Check<'_>> {
    let work = yescrypt_work(text.strip_prefix("$y$")?.split('$').next()?)?;
    (text.split('$').count() == 5)
        .then(|| Check::new(work, move |password| Some(Yescrypt::default().verify_password(password, text).is_ok())))
}

/// What one computation of scrypt takes; 55 ms for N=16384 r=8 p=1.
fn scrypt_work(cost: Cost) -> Work {
    let work = cost.n.saturating_mul(cost.r).saturating_mul(cost.p);
    Work { millis: 55.0 * work as f64 / (16384.0 * 8.0), bytes: cost.memory() }
}

/// scrypt as a check: the key of so many bytes is derived, and judged.
fn derived<'h>(
    salt: Vec<u8>,
    cost: Cost,
    length: usize,
    judge: impl Fn(&[u8]) -> Option<bool> + 'h,
) -> Option<Check<'h>> {
    (cost.is_affordable() && length <= 4096)
        .then(|| Check::new(scrypt_work(cost), move |password| judge(&derive(password, &salt, cost, length)?)))
}

/// scrypt with the key that is wanted.
pub(super) fn scrypt_key<'h>(salt: Vec<u8>, cost: Cost, wanted: Vec<u8>) -> Option<Check<'h>> {
    derived(salt, cost, wanted.len(), move |computed| Some(same(computed, &wanted)))
}

/// scrypt whose salt is binary, in its PHC form.
pub(super) fn scrypt<'h>(text: &str) -> Option<Check<'h>> {
    let mut fields = text.strip_prefix("$scrypt$")?.split('$');
    let (parameters, salt, key) = (fields.next()?, base64(fields.next()?)?, base64(fields.next()?)?);
    let mut cost = Cost { n: 0, r: 0, p: 0 };
    for parameter in parameters.split(',') {
        match parameter.split_once('=')? {
            ("ln", ln) => cost.n = 1_u64.checked_shl(decimal(ln)?)?,
            ("n", n) => cost.n = decimal(n)?,
            ("r", r) => cost.r = decimal(r)?,
            ("p", p) => cost.p = decimal(p)?,
            _ => return None,
        }
    }
    scrypt_key(salt, cost, key)
}

/// The header that scrypt's own file format begins with, alone: 48 bytes of parameters and salt, a checksum of them, and
/// an HMAC under the second half of the derived key (npm `scrypt-kdf`, Medusa).
pub(super) fn scrypt_kdf<'h>(text: &str) -> Option<Check<'h>> {
    let bytes = base64(text).filter(|bytes| bytes.len() == 96)?;
    let number = |at: usize| Some(u64::from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)));
    let cost = Cost { n: 1_u64.checked_shl(u32::from(bytes[7]))?, r: number(8)?, p: number(12)? };
    derived(bytes[16..48].to_vec(), cost, 64, move |key| {
        Some(same(&mac::<Hmac<sha2::Sha256>>(&key[32..], &bytes[..64])?, &bytes[64..]))
    })
}

/// Firebase's scrypt with any rounds and `mem_cost`.
pub(super) fn firebase<'h>(input: &HashInput<'_>) -> Option<Check<'h>> {
    let (rounds, mem_cost) = (input.rounds?, u32::try_from(input.mem_cost?).ok()?);
    let cost = Cost { n: 1_u64.checked_shl(mem_cost)?, r: rounds, p: 1 };
    let decode = |text: &str| if text.is_empty() { Some(Vec::new()) } else { base64(text) };
    let salt = [decode(input.salt.as_deref()?)?, decode(input.salt_separator.as_deref().unwrap_or_default())?].concat();
    let (signer_key, wanted) = (decode(input.signer_key.as_deref()?)?, base64(input.hash.trim())?);
    derived(salt, cost, 64, move |key| Some(same(&base64(&sign(key, &signer_key)?)?, &wanted)))
}
