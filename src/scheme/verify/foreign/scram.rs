//! SCRAM's credentials, as PostgreSQL, Dovecot, passlib, MongoDB and XMPP servers keep them.

use unicode_normalization::UnicodeNormalization as _;

use super::devices::keyed;
use super::kdf::{derive_key, pbkdf2_work};
use super::{Check, ab64, digest, same};
use crate::bytes::{hex, unhex};
use crate::scheme::encoding::{base64, decimal};

/// What is kept of a password, by RFC 5802.
#[derive(Clone, Copy)]
enum Keeps {
    Salted,
    Stored,
    Server,
}

/// A credential in its parts.
struct Credential {
    digest: String,
    rounds: u32,
    salt: Vec<u8>,
    keeps: Keeps,
    key: Vec<u8>,
    /// The name that MongoDB's SCRAM-SHA-1 hashes with the password first.
    mongo: Option<String>,
}

/// PostgreSQL's `SCRAM-SHA-256$rounds:salt$stored:server`, Dovecot's `{SCRAM-…}rounds,salt,stored,server`, passlib's
/// `$scram$rounds$salt$digest=salted password,…`, hashcat's `$xmpp-scram$` and `$mongodb-scram$`, and the `credentials` of
/// MongoDB's `system.users` as JSON; `name` is the user's, which MongoDB's SCRAM-SHA-1 takes.
pub(super) fn scram<'h>(text: &str, name: Option<&str>) -> Option<Check<'h>> {
    let credential = read(text, name)?;
    let Credential { digest: ref algorithm, rounds, ref key, .. } = credential;
    let length = digest(algorithm, b"")?.len();
    if key.len() != length {
        return None;
    }
    // SASLprep comes before the hash.
    let work = pbkdf2_work(algorithm, rounds, length)?.times(2);
    Some(Check::new(work, move |password| {
        if let Some(name) = &credential.mongo {
            let message = [name.as_bytes(), b":mongo:", password].concat();
            return credential.fits(hex(&digest("md5", &message)?).as_bytes(), length);
        }
        if password.is_ascii() || credential.fits(password, length)? {
            return credential.fits(password, length);
        }
        credential.fits(prepared(std::str::from_utf8(password).ok()?).as_bytes(), length)
    }))
}

impl Credential {
    fn fits(&self, password: &[u8], length: usize) -> Option<bool> {
        let salted = derive_key(&self.digest, password, &self.salt, self.rounds, length)?;
        let computed = match self.keeps {
            Keeps::Salted => salted,
            Keeps::Stored => digest(&self.digest, &keyed(&salted, b"Client Key", length)?)?,
            Keeps::Server => keyed(&salted, b"Server Key", length)?,
        };
        Some(same(&computed, &self.key))
    }
}

/// SASLprep (RFC 4013): some characters are nothing, others are blanks, and the rest is NFKC.
pub fn prepared(password: &str) -> String {
    let mapped = password.chars().filter_map(|c| match c {
        '\u{ad}'
        | '\u{34f}'
        | '\u{1806}'
        | '\u{180b}'..='\u{180d}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => None,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        c => Some(c),
    });
    mapped.nfkc().collect()
}

fn read(text: &str, name: Option<&str>) -> Option<Credential> {
    let new = |digest: &str, rounds: &str, salt: Option<Vec<u8>>, keeps, key: Option<Vec<u8>>| {
        let (digest, rounds) = (digest.to_owned(), decimal(rounds)?);
        Some(Credential { digest, rounds, salt: salt?, keeps, key: key?, mongo: None })
    };
    if let Some(rest) = text.strip_prefix("$scram$") {
        let mut fields = rest.split('$');
        let (rounds, salt, keys) = (fields.next()?, fields.next()?, fields.next()?);
        let (digest, key) = keys.split(',').next_back()?.split_once('=')?;
        return new(digest, rounds, ab64(salt), Keeps::Salted, ab64(key));
    }
    if let Some(rest) = text.strip_prefix("$xmpp-scram$") {
        let mut fields = rest.split('$');
        let (_, rounds, _, salt, key) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        return new("sha1", rounds, unhex(salt), Keeps::Stored, unhex(key));
    }
    if let Some(rest) = text.strip_prefix("$mongodb-scram$*") {
        let [kind, name, rounds, salt, key] = rest.split('*').collect::<Vec<_>>()[..] else { return None };
        let digest = if kind == "0" { "sha1" } else { "sha256" };
        let credential = new(digest, rounds, base64(salt), Keeps::Server, base64(key))?;
        let mongo = if kind == "0" { Some(String::from_utf8(base64(name)?).ok()?) } else { None };
        return Some(Credential { mongo, ..credential });
    }
    if text.starts_with('{') && !text.starts_with("{SCRAM-") {
        let whole: serde_json::Value = serde_json::from_str(text).ok()?;
        let (digest, part) = if let Some(part) = whole.get("SCRAM-SHA-256") {
            ("sha256", part)
        } else {
            ("sha1", whole.get("SCRAM-SHA-1")?)
        };
        let bytes = |name: &str| base64(part.get(name)?.as_str()?);
        let rounds = part.get("iterationCount")?;
        let rounds = rounds.as_u64().or_else(|| rounds.get("$numberInt")?.as_str()?.parse().ok())?.to_string();
        let credential = new(digest, &rounds, bytes("salt"), Keeps::Stored, bytes("storedKey"))?;
        let mongo = if digest == "sha1" { Some(name?.to_owned()) } else { None };
        return Some(Credential { mongo, ..credential });
    }
    let rest = text.strip_prefix("SCRAM-").or_else(|| text.strip_prefix("{SCRAM-"))?;
    let (digest, rest) = rest.split_once(['$', '}'])?;
    let mut fields = rest.split([':', '$', ',']);
    let (rounds, salt, stored) = (fields.next()?, fields.next()?, fields.next()?);
    new(digest, rounds, base64(salt), Keeps::Stored, base64(stored))
}
