//! Strings that a system writes around a hash: Django, Magento, MediaWiki, XenForo, Keycloak, Lucia, htpasswd lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::job::Job;
use super::{Verdict, crypt, digest, encoding, recognise, scrypt};
use crate::code::Code;
use crate::format::Value;
use crate::format::php;

type System = for<'s, 'p> fn(Job<'s, 'p>, &'s str) -> Verdict<'s>;

/// Beginnings that no digest and no user name has. The first that fits decides.
const NAMED: &[(&str, System)] = &[
    ("argon2$argon2", |mut job, text| {
        job.converted("strip leading \"argon2\"");
        recognise::inner(job, &text["argon2".len()..])
    }),
    ("bcrypt$$2", |mut job, text| {
        job.converted("strip leading \"bcrypt$\"");
        recognise::inner(job, &text["bcrypt$".len()..])
    }),
    ("bcrypt_sha256$", |job, _| job.unsupported("bcrypt-sha256")),
    ("pbkdf2_sha256$", |job, _| job.unsupported("pbkdf2-sha256")),
    ("pbkdf2_sha1$", |job, _| job.unsupported("pbkdf2-sha1")),
    ("pbkdf2_", |job, _| job.unsupported("pbkdf2")),
    ("pbkdf2:sha1:", |job, _| job.unsupported("pbkdf2-sha1")),
    ("pbkdf2:sha256:", |job, _| job.unsupported("pbkdf2-sha256")),
    ("pbkdf2:sha512:", |job, _| job.unsupported("pbkdf2-sha512")),
    ("pbkdf2", |job, _| job.unsupported("pbkdf2")),
    ("grub.pbkdf2.", |job, _| job.unsupported("pbkdf2-sha512")),
    ("sha1:1000:", |job, _| job.unsupported("pbkdf2-sha1")),
    ("sha256:1000:", |job, _| job.unsupported("pbkdf2-sha256")),
    ("sha512:1000:", |job, _| job.unsupported("pbkdf2-sha512")),
    ("md5:1000:", |job, _| job.unsupported("pbkdf2")),
    ("scrypt$", scrypt::django),
    ("scrypt:", scrypt::werkzeug),
    ("md5$", crypt::django_digest),
    ("sha1$", crypt::django_digest),
    ("sha256$", |job, _| job.unsupported("salted-sha256")),
    ("sha512$", |job, _| job.unsupported("salted-sha512")),
    ("crypt$", django_crypt),
    ("s2:", lucia_2),
    ("U$S$", |job, _| job.unsupported("drupal7")),
    ("U$P$", |job, _| job.unsupported("drupal7")),
    ("SCRAM-SHA-", |job, _| job.unsupported("scram")),
    ("0x0100", |job, _| job.unsupported("mssql")),
    ("0x0200", |job, _| job.unsupported("mssql")),
    ("S:", |job, _| job.unsupported("oracle")),
    ("T:", |job, _| job.unsupported("oracle")),
    ("SCRYPT:", |job, _| recognise::unrecognised(job)),
];

/// The system whose beginning the string has.
pub(super) fn named(text: &str) -> Option<System> {
    NAMED.iter().find(|(beginning, _)| text.starts_with(beginning)).map(|&(_, system)| system)
}

/// Django's `crypt$salt$hash`, of which the hash is a whole DES string; old versions repeat its salt before it.
fn django_crypt<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    job.converted("strip crypt$$");
    match text["crypt$".len()..].split_once('$') {
        Some((_, hash)) => crypt::des_named(job, hash),
        None => job.malformed("descrypt", "Django writes crypt$salt$hash"),
    }
}

/// Lucia v2: `s2:salt:key`.
fn lucia_2<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(verdict) = job.contradiction("lucia") {
        return verdict;
    }
    match text["s2:".len()..].split_once(':') {
        Some((salt, key)) => {
            job.converted("strip s2:");
            scrypt::salt_and_key(job, "lucia", salt, key)
        }
        None => job.malformed("lucia", "Lucia v2 writes s2:salt:key"),
    }
}

/// MediaWiki: `:type:…`.
pub(super) fn mediawiki<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    if let Some(hash) = text.strip_prefix(":argon2:") {
        job.converted("strip :argon2:");
        return recognise::inner(job, hash);
    }
    if let Some(hash) = text.strip_prefix(":A:") {
        job.converted("strip :A:");
        return digest::named(job, "md5", hash);
    }
    if text.starts_with(":B:") {
        return job.unsupported("salted-md5");
    }
    if text.starts_with(":pbkdf2") {
        return job.unsupported("mediawiki-pbkdf2");
    }
    recognise::unrecognised(job)
}

/// XenForo: `xf_user_authenticate.data`, a serialized array with `hash` and, in version 1, `hashFunc` and `salt`.
pub(super) fn xenforo<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let Ok(data) = php::unserialize(text) else { return recognise::unrecognised(job) };
    if let Some(function) = data.member("hashFunc").and_then(Value::text) {
        return job.unsupported(if function == "sha1" { "salted-sha1" } else { "salted-sha256" });
    }
    let Some(hash) = data.member("hash").and_then(Value::text) else { return recognise::unrecognised(job) };
    job.converted("extract from PHP-serialized data");
    recognise::inner_owned(job, &hash)
}

/// JSON: Keycloak's credential, whose `credentialData` and `secretData` are JSON in strings (or plain objects).
pub(super) fn json<'s>(mut job: Job<'s, '_>, text: &'s str) -> Verdict<'s> {
    let Ok(credential) = serde_json::from_str::<serde_json::Value>(text) else { return recognise::unrecognised(job) };
    if let Some(hash) = credential.get("hash").and_then(|hash| hash.as_str()) {
        job.converted("extract from JSON");
        return recognise::inner_owned(job, hash);
    }
    if credential.get("hashedSaltedValue").is_some() {
        // Keycloak before 8 kept PBKDF2 in members of their own.
        return job.unsupported("pbkdf2");
    }
    let part = |name: &str| match credential.get(name)? {
        serde_json::Value::String(text) => serde_json::from_str(text).ok(),
        object => Some(object.clone()),
    };
    let (Some(data), Some(secret)) = (part("credentialData"), part("secretData")) else {
        return recognise::unrecognised(job);
    };
    match keycloak(&data, &secret) {
        Ok(phc) => {
            job.converted("credentialData/secretData -> PHC string");
            recognise::inner_owned(job, &phc)
        }
        Err(Some(scheme)) => job.unsupported(scheme),
        Err(None) => {
            job.refuse(Code::MalformedHash, "argon2", "credentialData or secretData is not what Keycloak writes")
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

/// `before:after`, in which only the shapes of the parts tell what it is.
pub(super) fn colons<'s>(mut job: Job<'s, '_>, before: &'s str, after: &'s str) -> Verdict<'s> {
    if after.len() == 128 && encoding::is_hex(after) {
        return scrypt::colons(job, before, after);
    }
    let line = after.split(':').next().unwrap_or_default();
    let crypt =
        matches!(job.parts.input.origin, "htpasswd" | "shadow") || matches!(job.declared(), Some("descrypt" | "crypt"));
    if crypt || line.starts_with(['$', '{']) {
        job.converted("strip \"user:\"");
        return recognise::inner(job, line);
    }
    if encoding::is_hex(before) && matches!(before.len(), 32 | 40 | 56 | 64 | 96 | 128) {
        return match after.rsplit_once(':') {
            // Magento's digests of an empty salt are of the password alone.
            Some(("", "0")) if before.len() == 32 => unsalted(job, "md5", before),
            Some(("", "1")) if before.len() == 64 => unsalted(job, "sha256", before),
            Some((salt, version)) if before.len() == 64 => magento(job, before, salt, version),
            _ if after.is_empty() && before.len() == 32 && job.parts.input.origin == "magento" => {
                unsalted(job, "md5", before)
            }
            _ => digest::salted(job, before.len() / 2),
        };
    }
    recognise::unrecognised(job)
}

fn unsalted<'s>(mut job: Job<'s, '_>, scheme: &'static str, digest: &'s str) -> Verdict<'s> {
    job.converted("strip the empty salt");
    digest::named(job, scheme, digest)
}

/// Magento 2: `hex:salt:version`; `:1` is SHA-256, `:2` is libsodium's Argon2id 1.3 with its interactive limits, and
/// `:3_<length>_<passes>_<bytes of memory>` is that with its own. libsodium takes 16 bytes of the salt's text.
fn magento<'s>(mut job: Job<'s, '_>, hash: &'s str, salt: &'s str, version: &'s str) -> Verdict<'s> {
    if salt.contains(':') {
        return job.unsupported("magento2-chained");
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
    let Some((passes, memory)) = parameters else { return digest::salted(job, hash.len() / 2) };
    if let Some(verdict) = job.contradiction("argon2") {
        return verdict;
    }
    let (Some(salt), Some(output)) = (salt.as_bytes().get(..16), encoding::hex(hash)) else {
        return job.malformed("argon2", "Magento's Argon2 has a salt of 16 characters or more");
    };
    job.converted("hex:salt:ver -> PHC (salt = first 16 bytes of the salt text)");
    let phc = format!(
        "$argon2id$v=19$m={memory},t={passes},p=1${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    );
    recognise::inner_owned(job, &phc)
}
