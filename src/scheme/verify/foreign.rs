//! Verifiers of what no endpoint of Appwrite takes: a known password proves such a hash as well, and the sign-in bridge lets
//! its user in.
//!
//! Each takes the string as it was exported, apart once, into a [`Check`]. What cannot be computed (a secret that nobody
//! gave, parameters that take minutes) makes none, never a guess.

mod devices;
mod digests;
mod kdf;
mod pepper;
mod peppered;
mod pre_hashed;
mod scram;
mod unix;

use base64::Engine as _;
use subtle::ConstantTimeEq as _;

use super::{Login, crypt};
use crate::account::HashInput;
use crate::scheme::cost::{Cost, Work};
use crate::scheme::encoding;

pub(in crate::scheme) use pre_hashed::wordpress;
pub(crate) use scram::prepared as saslprep;

/// Rounds of PBKDF2 or of a digest that are not computed beyond: they take minutes.
const MAX_ROUNDS: u32 = 20_000_000;

/// A hash taken apart, on which passwords can be tried.
pub struct Check<'h> {
    /// What one try takes.
    pub work: Work,
    /// Whether a password that fails is certainly another one: false where the source may have hashed in an order that nobody
    /// thought of.
    certain: bool,
    test: Test<'h>,
}

/// Whether a password is the one; `None` where it cannot be one at all.
type Test<'h> = Box<dyn Fn(&[u8]) -> Option<bool> + 'h>;

impl<'h> Check<'h> {
    fn new(work: Work, test: impl Fn(&[u8]) -> Option<bool> + 'h) -> Self {
        Self { work, certain: true, test: Box::new(test) }
    }

    /// bcrypt of so many messages, one of which is the right one.
    fn bcrypt(hash: String, messages: u32, of: impl Fn(&[u8]) -> Option<Vec<Vec<u8>>> + 'h) -> Option<Self> {
        let cost = Cost::of_string(&hash).filter(|cost| matches!(cost, Cost::Bcrypt(_)) && hash.len() == 60)?;
        if matches!(cost, Cost::Bcrypt(log2) if u32::from(log2) > super::bcrypt::MAX_COST) {
            return None;
        }
        Some(Self::new(Work::from(cost).times(messages), move |password| {
            let messages = of(password)?;
            Some(messages.iter().any(|message| crypt::password_verify(message, &hash) == Login::Match))
        }))
    }

    fn uncertain(self) -> Self {
        Self { certain: false, ..self }
    }

    /// Whether this is the password, as far as the formulas go that are known.
    #[must_use]
    pub fn fits(&self, password: &[u8]) -> bool {
        (self.test)(password) == Some(true)
    }
}

/// Takes a hash of this scheme apart. The application's secret, where the scheme has one, is looked up where
/// [`HashInput::pepper`] says.
#[must_use]
pub fn check<'h>(scheme: &str, input: &'h HashInput<'_>) -> Option<Check<'h>> {
    let text = input.hash.trim_ascii();
    // LDAP's word for whatever crypt(3) makes.
    let crypt = text.get(..7).filter(|head| head.eq_ignore_ascii_case("{CRYPT}")).map(|_| &text[7..]);
    // `user:` of a password file.
    let bare = text.split_once(':').map_or(text, |(_, rest)| if rest.starts_with(['$', '{']) { rest } else { text });
    let bare = crypt.unwrap_or(bare);
    let salt = input.salt.as_deref().filter(|salt| !salt.is_empty());
    match scheme {
        "wp-bcrypt" | "meteor" | "nodebb" | "bcrypt-sha256" | "bcrypt-sha384" | "bcrypt-sha512" | "bcrypt-digest"
        | "bcrypt-2" | "bcrypt-salted" | "double-bcrypt" | "smf-bcrypt" => pre_hashed::check(scheme, bare, salt),
        "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" | "discourse" | "aspnet-identity"
        | "mediawiki-pbkdf2" => kdf::pbkdf2(scheme, bare, input),
        "scram" => scram::scram(text, salt),
        "argon2d" | "argon2-data" => kdf::argon2(bare, None),
        "yescrypt" => kdf::yescrypt(bare),
        "gost-yescrypt" => unix::gost_yescrypt(bare),
        "sm3crypt" => unix::sm3crypt(bare),
        "sunmd5" => unix::sunmd5(bare),
        "mysql-sha2" => unix::mysql_sha2(text),
        "magento2-chained" => devices::magento(text),
        "lm" => devices::lm(bare),
        "msdcc" => devices::msdcc(text, salt),
        "cisco" => devices::cisco(text, salt),
        "scrypt" => kdf::scrypt(bare),
        "scrypt-kdf" => kdf::scrypt_kdf(bare),
        "firebase-scrypt" => kdf::firebase(input),
        "bcrypt-peppered" | "argon2-peppered" | "flask-security" | "prestashop" | "hmac" | "hmac-md5" | "hmac-sha1"
        | "hmac-sha256" | "hmac-sha512"
            if input.pepper.is_some() =>
        {
            peppered::check(scheme, bare, pepper::secret(input.pepper.as_deref()?)?)
        }
        "drupal7" => digests::drupal7(bare),
        "apr1" => digests::apr1(bare),
        "bigcrypt" => either(digests::bigcrypt(bare), unix::crypt16(bare)),
        "sha1crypt" => digests::sha1crypt(bare),
        "fshp" => digests::fshp(bare),
        "spring-standard" => match &input.pepper {
            Some(reference) => digests::spring(bare, Some(pepper::secret(reference)?)),
            None => digests::spring(bare, None),
        },
        "ntlm" | "md4" | "utf16-digest" | "keccak" | "nested-digest" | "mysql41" | "mysql323" | "ripemd160"
        | "whirlpool" | "streebog" | "blake2b-512" | "blake2s-256" | "sha512/224" | "sha512/256" => {
            digests::unsalted(scheme, bare)
        }
        "postgres-md5" => digests::postgres(bare, salt?),
        "mssql" => digests::mssql(bare),
        "oracle" => devices::oracle(text, salt),
        "smf" => digests::smf(bare, salt?),
        name if name.starts_with("salted-") || name.starts_with("hmac-") => digests::salted(text, salt),
        _ => None,
    }
}

/// What two schemes have one shape for.
fn either<'h>(one: Option<Check<'h>>, other: Option<Check<'h>>) -> Option<Check<'h>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let work = Work { millis: one.work.millis + other.work.millis, ..one.work };
            Some(Check::new(work, move |password| Some(one.fits(password) || other.fits(password))))
        }
        (one, other) => one.or(other),
    }
}

/// Whether the password is the one of a hash of this scheme; `None` where that cannot be computed, or not said for certain.
#[must_use]
pub fn verify(scheme: &str, input: &HashInput<'_>, password: &[u8]) -> Option<bool> {
    let check = check(scheme, input)?;
    (check.test)(password).filter(|fits| *fits || check.certain)
}

/// Whether hashes of this scheme are made with a secret of the application's.
#[must_use]
pub fn needs_pepper(scheme: &str) -> bool {
    matches!(scheme, "bcrypt-peppered" | "argon2-peppered" | "flask-security" | "prestashop")
}

/// Whether the secret of a reference, `env:NAME`, is there.
#[must_use]
pub fn has_pepper(reference: &str) -> bool {
    pepper::secret(reference).is_some()
}

fn same(computed: &[u8], stored: &[u8]) -> bool {
    !stored.is_empty() && computed.ct_eq(stored).into()
}

/// passlib's base64: `.` for `+`, no padding.
fn ab64(text: &str) -> Option<Vec<u8>> {
    encoding::base64(&text.replace('.', "+"))
}

/// Standard base64 with padding.
fn base64(bytes: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The digest of this name, however it is written (`sha-256`, `SHA256`, `sha256`).
fn digest(name: &str, message: &[u8]) -> Option<Vec<u8>> {
    use md5::{Digest as _, Md5};
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    if name == "md5" { Some(Md5::digest(message).to_vec()) } else { super::sha(&name, message) }
}

#[cfg(test)]
mod known;
#[cfg(test)]
mod tests;
