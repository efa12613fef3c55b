//! Strings that a system writes around a hash: Django, Magento, MediaWiki, XenForo, Keycloak, htpasswd lines, Request Tracker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::account::Hint;
use crate::bytes::{is_hex, unhex};
use crate::code::Code;
use crate::format::{Value, php};
use crate::scheme::job::{Behind, Job, Step};
use crate::scheme::registry::{self, salted_digest};
use crate::scheme::{encoding, itoa64, recipe};

/// A digest behind Django's `md5$$` or `sha1$$`, or a salted one.
pub fn django_digest<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    let (scheme, conversion, salted) = if text.starts_with("md5$") {
        ("md5", "strip md5$$", "salted-md5")
    } else {
        ("sha1", "strip sha1$$", "salted-sha1")
    };
    // npm password-hash: the digest, the salt, the rounds and an HMAC.
    if text.split('$').count() == 4 {
        return job.unsupported(if scheme == "md5" { "hmac-md5" } else { "hmac-sha1" }).into();
    }
    match text.split_once("$$") {
        Some((name, hash)) if name == scheme => job.uncovered(conversion, Behind::Digest(scheme), hash),
        _ => job.unsupported(salted).into(),
    }
}

/// Django's `crypt$salt$hash`, of which the hash is a whole DES string; old versions repeat its salt before it.
pub fn django_crypt<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    match text["crypt$".len()..].split_once('$') {
        Some((_, hash)) => job.uncovered("strip crypt$$", Behind::Crypt, hash),
        None => job.malformed("descrypt", "Django writes crypt$salt$hash").into(),
    }
}

/// MediaWiki: `:type:…`.
pub fn mediawiki<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    if let Some(hash) = text.strip_prefix(":argon2:") {
        return job.uncovered("strip :argon2:", Behind::Itself, hash);
    }
    if let Some(hash) = text.strip_prefix(":A:") {
        return job.uncovered("strip :A:", Behind::Digest("md5"), hash);
    }
    if text.starts_with(":B:") {
        return job.unsupported("salted-md5").into();
    }
    if text.starts_with(":pbkdf2") {
        return job.unsupported("mediawiki-pbkdf2").into();
    }
    job.unrecognised().into()
}

/// XenForo: `xf_user_authenticate.data`, a serialized array with `hash` and, in version 1, `hashFunc` and `salt`.
pub fn xenforo<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    let Ok(data) = php::unserialize(text) else { return job.unrecognised().into() };
    if let Some(function) = data.member("hashFunc").and_then(Value::text) {
        return job.unsupported(if function == "sha1" { "salted-sha1" } else { "salted-sha256" }).into();
    }
    let Some(hash) = data.member("hash").and_then(Value::text) else { return job.unrecognised().into() };
    job.uncovered("extract from PHP-serialized data", Behind::Itself, hash.into_owned())
}

/// A digest with what it is made of.
pub fn recipe<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    let Some(recipe) = recipe::Recipe::parse(text) else { return job.unrecognised().into() };
    if let Some(pbkdf2) = recipe.pbkdf2() {
        let scheme = registry::find(&format!("pbkdf2-{}", pbkdf2.digest));
        return job.unsupported(scheme.map_or("pbkdf2", |scheme| scheme.name)).into();
    }
    if let ("firebase-scrypt", [salt, key, separator, rounds, mem_cost, ..]) = (&*recipe.algorithm, &recipe.parts[..]) {
        let hash = &recipe.result;
        let written = format!("$fbscrypt$v=1,n={mem_cost},r={rounds},p=1,ss={separator},sk={key}${salt}${hash}");
        return job.uncovered("take Firebase's parameters out of their recipe", Behind::Itself, written);
    }
    if !is_hex(&recipe.result) || recipe.algorithm.starts_with("pbkdf2") {
        return job.unrecognised().into();
    }
    let bare = registry::find(&recipe.algorithm).filter(|scheme| registry::digest_length(scheme.name).is_some());
    match bare.filter(|_| recipe.parts == [recipe::PASSWORD]) {
        Some(scheme) => job.uncovered("take the digest out of its recipe", Behind::Digest(scheme.name), recipe.result),
        None => job.unsupported("salted-digest").into(),
    }
}

/// JSON: Keycloak's credential, whose `credentialData` and `secretData` are JSON in strings (or plain objects).
pub fn json<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Step<'s> {
    let Ok(credential) = serde_json::from_str::<serde_json::Value>(text) else { return job.unrecognised().into() };
    if let Some(hash) = credential.get("hash").and_then(|hash| hash.as_str()) {
        return job.uncovered("extract from JSON", Behind::Itself, hash.to_owned());
    }
    if credential.get("hashedSaltedValue").is_some() {
        // Keycloak before 8 kept PBKDF2 in members of their own.
        return job.unsupported("pbkdf2").into();
    }
    let part = |name: &str| match credential.get(name)? {
        serde_json::Value::String(text) => serde_json::from_str(text).ok(),
        object => Some(object.clone()),
    };
    let (Some(data), Some(secret)) = (part("credentialData"), part("secretData")) else {
        return job.unrecognised().into();
    };
    match keycloak(&data, &secret) {
        Ok(phc) => job.uncovered("credentialData/secretData -> PHC string", Behind::Itself, phc),
        Err(Some(scheme)) => job.unsupported(scheme).into(),
        Err(None) => {
            job.refuse(Code::MalformedHash, "argon2", "credentialData or secretData is not what Keycloak writes").into()
        }
    }
}

/// The PHC string of a Keycloak credential, or the scheme that nothing verifies.
fn keycloak(data: &serde_json::Value, secret: &serde_json::Value) -> Result<String, Option<&'static str>> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    // Keycloak keeps a list of values under every parameter.
    let parameter = |name: &str| match data.get("additionalParameters").and_then(|p| p.get(name)) {
        Some(serde_json::Value::Array(values)) => values.first().and_then(text),
        Some(value) => text(value),
        None => None,
    };
    let algorithm = data.get("algorithm").and_then(|a| a.as_str()).unwrap_or_default();
    let value = secret.get("value").and_then(text).ok_or(None)?;
    match algorithm {
        "argon2" => {}
        "pbkdf2" => return Err(Some("pbkdf2-sha1")),
        "pbkdf2-sha256" => return Err(Some("pbkdf2-sha256")),
        "pbkdf2-sha512" => return Err(Some("pbkdf2-sha512")),
        // The common extensions keep self-describing strings.
        _ if value.starts_with('$') => return Ok(value),
        _ => return Err(None),
    }
    let kind = match parameter("type").as_deref() {
        Some("id") | None => "argon2id",
        Some("i") => "argon2i",
        Some("d") => return Err(Some("argon2d")),
        Some(_) => return Err(None),
    };
    let version = match parameter("version").as_deref() {
        Some("1.3") | None => 19,
        Some("1.0") => 16,
        Some(_) => return Err(None),
    };
    let memory = parameter("memory").ok_or(None)?;
    let passes = data.get("hashIterations").and_then(text).ok_or(None)?;
    let lanes = parameter("parallelism").ok_or(None)?;
    let salt = secret.get("salt").and_then(text).ok_or(None)?;
    let (salt, value) = (salt.trim_end_matches('='), value.trim_end_matches('='));
    Ok(format!("${kind}$v={version}$m={memory},t={passes},p={lanes}${salt}${value}"))
}

/// Strings of single systems that no endpoint verifies, by signs that no other hash begins with: Request Tracker's `!bcrypt!`
/// and `!sha512!`, Galaxy's `PBKDF2$`, and `*salt*` before a digest of AWL's (DAViCal).
pub fn of_one_system(text: &str) -> Option<&'static str> {
    match text.as_bytes() {
        [b'!', ..] => match text[1..].split_once('!')? {
            ("bcrypt", _) => Some("bcrypt-sha512"),
            ("sha512", _) => Some("salted-sha512"),
            _ => None,
        },
        [b'P', ..] => match text.strip_prefix("PBKDF2$")?.split_once('$')? {
            ("sha1", _) => Some("pbkdf2-sha1"),
            ("sha256", _) => Some("pbkdf2-sha256"),
            ("sha512", _) => Some("pbkdf2-sha512"),
            _ => None,
        },
        [b'*', ..] => match text[1..].split_once('*')? {
            ("", _) => None,
            (_, digest) if digest.starts_with("{SSHA}") => Some("salted-sha1"),
            (_, digest) if is_hex(digest) && digest.len() == 32 => Some("salted-md5"),
            _ => None,
        },
        _ => None,
    }
}

/// `before:after`, in which only the shapes of the parts tell what it is.
pub fn colons<'s>(job: &mut Job<'s, '_>, before: &'s str, after: &'s str) -> Step<'s> {
    let line = after.split(':').next().unwrap_or_default();
    let crypt = job.has(Hint::Crypt) || matches!(job.declared(), Some("descrypt" | "crypt"));
    if crypt || line.starts_with(['$', '{']) {
        return job.uncovered("strip \"user:\"", Behind::Itself, line);
    }
    if is_hex(before) && matches!(before.len(), 32 | 40 | 56 | 64 | 96 | 128) {
        let empty =
            |job: &mut Job<'s, '_>, scheme| job.uncovered("strip the empty salt", Behind::Digest(scheme), before);
        return match after.rsplit_once(':') {
            // Magento's digests of an empty salt are of the password alone.
            Some(("", "0")) if before.len() == 32 => empty(job, "md5"),
            Some(("", "1")) if before.len() == 64 => empty(job, "sha256"),
            Some((salt, version)) if before.len() == 64 => magento(job, before, salt, version),
            _ if after.is_empty() && before.len() == 32 && job.has(Hint::Digest("md5")) => empty(job, "md5"),
            _ => job.unsupported(salted_digest(before.len() / 2)).into(),
        };
    }
    if job.declared().is_none() && line.len() == 13 && itoa64::is_valid(line) {
        return job
            .ambiguous(&["descrypt", "plain"], "a name and 13 characters are a line of htpasswd, or any text")
            .into();
    }
    job.unrecognised().into()
}

/// Magento 2: `hex:salt:version`; `:1` is SHA-256, `:2` is libsodium's Argon2id 1.3 with its interactive limits, and
/// `:3_<length>_<passes>_<bytes of memory>` is that with its own. libsodium takes 16 bytes of the salt's text.
fn magento<'s>(job: &mut Job<'s, '_>, hash: &'s str, salt: &'s str, version: &'s str) -> Step<'s> {
    if salt.contains(':') {
        return job.unsupported("magento2-chained").into();
    }
    let parameters = if version == "2" {
        Some((2, 65536))
    } else {
        version.strip_prefix("3_").and_then(|rest| {
            let mut numbers = rest.split('_').map(encoding::decimal::<u64>);
            let (32, passes, bytes) = (numbers.next()??, numbers.next()??, numbers.next()??) else { return None };
            numbers.next().is_none().then_some((passes, bytes / 1024))
        })
    };
    let Some((passes, memory)) = parameters else { return job.unsupported(salted_digest(hash.len() / 2)).into() };
    if let Some(verdict) = job.contradiction("argon2") {
        return verdict.into();
    }
    let (Some(salt), Some(output)) = (salt.as_bytes().get(..16), unhex(hash)) else {
        return job.malformed("argon2", "Magento's Argon2 has a salt of 16 characters or more").into();
    };
    let phc = format!(
        "$argon2id$v=19$m={memory},t={passes},p=1${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    );
    job.uncovered("hex:salt:ver -> PHC (salt = first 16 bytes of the salt text)", Behind::Itself, phc)
}

/// Strings of systems that took a tag of crypt(3) for something else: mosquitto's `$6$` (a salted SHA-512) and `$7$101$`
/// (PBKDF2), turnadmin's `$5$` in hexadecimal, and pagure's `$2$` before a whole bcrypt string.
pub fn borrowed_tag<'s>(job: &mut Job<'s, '_>, text: &'s str) -> Option<Step<'s>> {
    if let Some(hash) = text.strip_prefix("$2$").filter(|rest| rest.starts_with("$2")) {
        return Some(job.uncovered("strip pagure's $2$", Behind::Itself, hash));
    }
    let fields: Vec<&str> = text.splitn(6, '$').collect();
    let scheme = match fields[..] {
        ["", "5", salt, hash] if is_hex(salt) && is_hex(hash) && hash.len() == 64 => "salted-sha256",
        ["", "6", _, hash] if hash.len() == 88 && hash.ends_with("==") => "salted-sha512",
        ["", "7", rounds, _, hash] if encoding::decimal::<u32>(rounds).is_some() && hash.len() >= 86 => "pbkdf2-sha512",
        _ => return None,
    };
    Some(job.unsupported(scheme).into())
}
