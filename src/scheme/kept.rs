//! A credential that is kept so that a password can be tried on it later, without the export: the scheme, the hash, and
//! every parameter beside it. What a secret of the application adds (a pepper) is kept as the name of where it is found,
//! never as itself.

use std::borrow::Cow;

use argon2::{Argon2, PasswordHasher as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::cost::{Cost, Work};
use super::registry;
use super::verdict::{Mapped, Verdict};
use super::verify::{self, Login, Stored, foreign};
use crate::account::{HashInput, Hint, SaltEncoding};
use crate::appwrite::{Endpoint, Version};
use crate::code::{Code, Refusal};

/// The form that [`Kept::encode`] writes.
const FORM: u8 = 1;

/// A credential that a password can be tried on. Serialized under short names: it is kept once a user.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    #[serde(rename = "v")]
    form: u8,
    /// A name of `rehome schemes`.
    #[serde(rename = "s")]
    scheme: Cow<'static, str>,
    /// As it was exported; of a hash that Appwrite verifies, as it was sent.
    #[serde(rename = "h")]
    hash: String,
    /// Appwrite's name of the algorithm, where the hash is kept as it was sent.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    sent_as: Option<Cow<'static, str>>,
    /// Appwrite's `hashOptions`, likewise.
    #[serde(rename = "o", default, skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
    /// What the source does to a password before it is hashed, likewise.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    prepared: Vec<Preparation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    salt_encoding: Option<Encoding>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    signer_key: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    separator: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    rounds: Option<u64>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    mem_cost: Option<u64>,
    /// `env:NAME`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pepper: Option<String>,
}

/// How a salt is written that is no text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Hex,
    Base64,
}

/// What a source hashes in the place of what was typed.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Preparation {
    /// White space around the password is removed.
    Trim,
    /// Quotes and backslashes have a backslash before them.
    Slash,
    /// `& < >` and quotes are HTML entities.
    Entities,
    /// Unicode's NFKC form.
    Nfkc,
}

impl Preparation {
    fn of(self, password: &str) -> String {
        match self {
            Self::Trim => password.trim_ascii().to_owned(),
            Self::Slash => {
                let slash = |c| matches!(c, '\'' | '"' | '\\').then_some('\\');
                password.trim_ascii().chars().flat_map(|c| slash(c).into_iter().chain([c])).collect()
            }
            Self::Entities => {
                password.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
            }
            Self::Nfkc => password.nfkc().collect(),
        }
    }
}

// The hash must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Kept {
    /// Keeps the hash that this verdict was given for; `None` where no password could ever be tried on it, or where nothing
    /// says for certain of which scheme it is.
    #[must_use]
    pub fn of(input: &HashInput<'_>, verdict: &Verdict<'_>) -> Option<Self> {
        match verdict {
            Verdict::Maps(mapped) => Some(Self::sent(mapped, input.hints)),
            Verdict::Refused(refusal) => Self::refused(input, refusal),
        }
    }

    /// The same for a refusal: what Appwrite cannot verify, or not at this cost, or would not take for its length.
    #[must_use]
    pub fn refused(input: &HashInput<'_>, refusal: &Refusal) -> Option<Self> {
        let sound = matches!(refusal.code, Code::UnsupportedScheme | Code::TooExpensive | Code::HashLength);
        Self::exported(refusal.scheme.filter(|_| sound)?, input)
    }

    /// Keeps a hash of this scheme that Appwrite does not verify, as it was exported; `None` where no password could ever be
    /// tried on it.
    #[must_use]
    pub fn exported(scheme: &'static str, input: &HashInput<'_>) -> Option<Self> {
        foreign::check(scheme, input)?;
        let own = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        Some(Self {
            form: FORM,
            scheme: scheme.into(),
            hash: input.hash.to_string(),
            salt: own(&input.salt),
            salt_encoding: match input.salt_encoding {
                SaltEncoding::Utf8 => None,
                SaltEncoding::Hex => Some(Encoding::Hex),
                SaltEncoding::Base64 => Some(Encoding::Base64),
            },
            signer_key: own(&input.signer_key),
            separator: own(&input.salt_separator),
            rounds: input.rounds,
            mem_cost: input.mem_cost,
            pepper: own(&input.pepper),
            ..Self::default()
        })
    }

    /// Keeps a hash as it is sent to Appwrite; `hints` are those of its source.
    #[must_use]
    pub fn sent(mapped: &Mapped<'_>, hints: &[Hint]) -> Self {
        let prepared = match mapped.scheme {
            "phpass" => hints.iter().find_map(|hint| match hint {
                Hint::Prepared(how) if how.starts_with("WordPress") => {
                    Some(vec![Preparation::Trim, Preparation::Slash])
                }
                Hint::Prepared(how) if how.starts_with("phpBB") => Some(vec![Preparation::Entities]),
                _ => None,
            }),
            "better-auth" | "lucia" | "lucia-v1" => Some(vec![Preparation::Nfkc]),
            _ => None,
        };
        Self {
            form: FORM,
            scheme: mapped.scheme.into(),
            hash: mapped.fields.password.to_string(),
            sent_as: Some(mapped.endpoint.stored_as().into()),
            options: mapped.fields.options(),
            prepared: prepared.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Keeps a password in plain text. What is sealed of it is what [`Kept::hashed`] gives.
    #[must_use]
    pub fn plain(password: &str) -> Option<Self> {
        (!password.is_empty()).then(|| Self {
            form: FORM,
            scheme: "plain".into(),
            hash: password.to_owned(),
            sent_as: Some(Endpoint::Plain.path().into()),
            ..Self::default()
        })
    }

    /// The same, with Argon2id (19 MiB, two passes) of a password in plain text: nobody who opens the seal reads it. Takes
    /// some milliseconds then. `None` if the system gives no random bytes.
    #[must_use]
    pub fn hashed(&self) -> Option<Cow<'_, Self>> {
        if self.sent_as.as_deref() != Some(Endpoint::Plain.path()) {
            return Some(Cow::Borrowed(self));
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let hash = Argon2::default().hash_password_with_salt(self.hash.as_bytes(), &salt).ok()?.to_string();
        let sent_as = Some(Endpoint::Argon2.stored_as().into());
        Some(Cow::Owned(Self { hash, sent_as, ..self.clone() }))
    }

    /// Whether `sealed` was made of the same by [`Kept::hashed`]. Takes some milliseconds for a password in plain text.
    #[must_use]
    pub fn is_sealed_as(&self, sealed: &Self) -> bool {
        if self.sent_as.as_deref() == Some(Endpoint::Plain.path()) {
            return sealed.scheme == self.scheme && sealed.verify(self.hash.as_bytes()) == Some(true);
        }
        self == sealed
    }

    /// The scheme's name, as `rehome schemes` lists it.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Where the secret is found that verifying takes, `env:NAME`, if it takes one.
    #[must_use]
    pub fn pepper(&self) -> Option<&str> {
        self.pepper.as_deref()
    }

    /// Whether this is the password, exactly as it was typed; `None` where that cannot be computed here and now (a pepper
    /// that is not in the environment). Takes as long as [`Kept::work`] says: not for an asynchronous thread.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> Option<bool> {
        let Some(hash) = &self.sent_as else {
            // Where the order of salt and password is not known, only the right one is certain: any other is wrong.
            return Some(foreign::check(&self.scheme, &self.input())?.fits(password));
        };
        let fits = |password: &[u8]| {
            if hash == Endpoint::Plain.path() {
                return password == self.hash.as_bytes();
            }
            // The version that takes everything that any version took.
            let profile = Version::new(1, 6, 2).profile();
            let stored = Stored { hash, password: &self.hash, options: &self.options };
            verify::login(stored, password, profile) == Login::Match
        };
        let typed = std::str::from_utf8(password).unwrap_or_default();
        let prepared = self.prepared.iter().map(|preparation| preparation.of(typed));
        Some(fits(password) || prepared.filter(|text| text != typed).any(|text| fits(text.as_bytes())))
    }

    /// What one [`Kept::verify`] takes.
    #[must_use]
    pub fn work(&self) -> Work {
        match self.sent_as {
            Some(_) => Cost::of_stored(&self.hash, &self.options).map_or(Work::DIGEST, Work::from),
            None => foreign::check(&self.scheme, &self.input()).map_or(Work::DIGEST, |check| check.work),
        }
    }

    fn input(&self) -> HashInput<'_> {
        fn text(text: Option<&String>) -> Option<Cow<'_, str>> {
            text.map(|text| Cow::Borrowed(text.as_str()))
        }
        HashInput {
            hash: Cow::Borrowed(&self.hash),
            salt: text(self.salt.as_ref()),
            salt_encoding: match self.salt_encoding {
                Some(Encoding::Hex) => SaltEncoding::Hex,
                Some(Encoding::Base64) => SaltEncoding::Base64,
                None => SaltEncoding::Utf8,
            },
            signer_key: text(self.signer_key.as_ref()),
            salt_separator: text(self.separator.as_ref()),
            rounds: self.rounds,
            mem_cost: self.mem_cost,
            pepper: text(self.pepper.as_ref()),
            ..HashInput::default()
        }
    }

    /// As bytes, to be encrypted.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Strings and numbers under fixed names always serialize.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What [`Kept::encode`] wrote; `None` for anything else, a newer form included.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes)
            .ok()
            .filter(|kept| kept.form == FORM && registry::find(&kept.scheme).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::{Verdict, resolve};

    fn mapped(hash: &str, hints: &'static [Hint], declared: Option<&'static str>) -> Kept {
        let input = HashInput { hash: hash.into(), hints, declared: declared.map(Into::into), ..HashInput::default() };
        let Verdict::Maps(mapped) = resolve(&input, Version::NEWEST.profile()) else { panic!("is mapped") };
        let kept = Kept::sent(&mapped, hints);
        Kept::decode(&kept.encode()).filter(|same| *same == kept).expect("comes back the same")
    }

    fn fits(kept: &Kept, password: &str) -> bool {
        kept.verify(password.as_bytes()) == Some(true)
    }

    #[test]
    fn a_hash_as_it_was_sent_is_tried_as_the_source_would() {
        // phpass's own test: test12345.
        const PHPASS: &str = "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0";
        const WORDPRESS: &[Hint] = &[Hint::Bare, Hint::Prepared("WordPress trims a password")];
        assert!(fits(&mapped(PHPASS, &[], None), "test12345"));
        assert!(!fits(&mapped(PHPASS, &[], None), " test12345 "));
        let trimmed = mapped(PHPASS, WORDPRESS, None);
        assert!(fits(&trimmed, " test12345 ") && fits(&trimmed, "test12345") && !fits(&trimmed, "test1234"));
        // Too short for Appwrite, and a hash all the same: md5 of "abc", RFC 1321.
        let short = mapped("900150983cd24fb0d6963f7d28e17f72", &[], Some("md5"));
        assert!(fits(&short, "abc") && !fits(&short, "abd") && short.work().millis < 1.0);
    }

    #[test]
    fn a_password_in_plain_text_is_kept_as_a_hash() {
        let kept = Kept::plain("short").expect("a password");
        let hashed = kept.hashed().expect("hashed").into_owned();
        assert!(!String::from_utf8_lossy(&hashed.encode()).contains("short"));
        assert!(fits(&kept, "short") && fits(&hashed, "short") && !fits(&hashed, "Short"));
        assert_eq!(hashed.scheme(), "plain");
        assert_eq!(hashed.work().bytes >> 20, 19);
        assert!(Kept::plain("").is_none());
    }

    #[test]
    fn what_a_try_takes_is_read_off_the_hash() {
        let work = |scheme, hash: &str| {
            let input = HashInput { hash: hash.into(), ..HashInput::default() };
            Kept::exported(scheme, &input).expect("can be kept").work()
        };
        let django = work("pbkdf2-sha256", "pbkdf2_sha256$870000$s$VrX+V8xNYZpZr+ZHHMVdUZkNvBhZUFSBLUMKYlXqCtE=");
        assert!((400.0..600.0).contains(&django.millis) && django.bytes == 0, "{django:?}");
        let argon2 = work(
            "argon2d",
            "$argon2d$v=19$m=65536,t=3,p=1$9dV0d/YkUNFbVnTBvrRkpg$clxaaohzmPoZ2j6SiHzAfXe8x3rOcHIOa1HquGBxvrU",
        );
        assert_eq!(argon2.bytes, 64 << 20);
        // What takes minutes, or more memory than there is, is not kept.
        for (scheme, hash) in [
            ("pbkdf2-sha256", "pbkdf2_sha256$4000000000$s$VrX+V8xNYZpZr+ZHHMVdUZkNvBhZUFSBLUMKYlXqCtE="),
            (
                "argon2d",
                "$argon2d$v=19$m=4194304,t=3,p=1$9dV0d/YkUNFbVnTBvrRkpg$clxaaohzmPoZ2j6SiHzAfXe8x3rOcHIOa1HquGBxvrU",
            ),
            ("wp-bcrypt", "$wp$2y$31$om09iMWf4DWlVP0F.5wz6u8EftoaltDzMR8/jHTeieOiTzwgE2pSm"),
            ("bcrypt-peppered", "$2y$10$om09iMWf4DWlVP0F.5wz6u8EftoaltDzMR8/jHTeieOiTzwgE2pSm"),
            ("gost-yescrypt", "$gy$jTT$p3zjnZs1THaA2bvAA3a4/1$LgQWbqIHvq0zKkqp9cxnujLToNBah10/OBhArQiX3a."),
        ] {
            let input = HashInput { hash: hash.into(), ..HashInput::default() };
            assert!(Kept::exported(scheme, &input).is_none(), "{scheme}");
        }
    }
}
