//! A credential that is kept so that a password can be tried on it later, without the export: the scheme, the hash, and
//! every parameter beside it. What a secret of the application adds (a pepper) is kept as the name of where it is found,
//! never as itself.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cost::Cost;
use super::registry;
use super::verdict::{Mapped, Verdict};
use super::verify::{self, Login, Stored, foreign};
use crate::account::{HashInput, SaltEncoding};
use crate::appwrite::Version;

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
    #[serde(rename = "o", default, skip_serializing_if = "serde_json::Map::is_empty")]
    options: serde_json::Map<String, serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// `hex` or `base64`; text where it is not there.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    salt_encoding: Option<Cow<'static, str>>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    signer_key: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    separator: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    rounds: Option<u64>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    mem_cost: Option<u64>,
}

// The hash must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// What trying one password takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Milliseconds of one core, an order of magnitude (see [`Cost::millis`]).
    pub millis: f64,
    /// Memory, in bytes.
    pub bytes: u64,
}

impl Kept {
    /// Keeps the credential of a record that `verdict` was given for; `None` where no password could ever be tried on it.
    #[must_use]
    pub fn of(input: &HashInput<'_>, verdict: &Verdict<'_>) -> Option<Self> {
        match verdict {
            Verdict::Maps(mapped) => Some(Self::sent(mapped)),
            Verdict::Refused(refusal) => Self::exported(refusal.scheme?, input),
        }
    }

    /// Keeps a hash as it is sent to Appwrite.
    #[must_use]
    pub fn sent(mapped: &Mapped<'_>) -> Self {
        Self {
            form: FORM,
            scheme: mapped.scheme.into(),
            hash: mapped.fields.password.to_string(),
            sent_as: Some(mapped.endpoint.stored_as().into()),
            options: mapped.fields.options(),
            ..Self::default()
        }
    }

    /// Keeps a hash that Appwrite does not verify, as it was exported.
    fn exported(scheme: &'static str, input: &HashInput<'_>) -> Option<Self> {
        let own = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let encoding = match input.salt_encoding {
            SaltEncoding::Utf8 => None,
            SaltEncoding::Hex => Some("hex".into()),
            SaltEncoding::Base64 => Some("base64".into()),
        };
        foreign::can_verify(scheme).then(|| Self {
            form: FORM,
            scheme: scheme.into(),
            hash: input.hash.to_string(),
            salt: own(&input.salt),
            salt_encoding: encoding,
            signer_key: own(&input.signer_key),
            separator: own(&input.salt_separator),
            rounds: input.rounds,
            mem_cost: input.mem_cost,
            ..Self::default()
        })
    }

    /// The scheme's name, as `rehome schemes` lists it.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether this is the password, exactly as it was typed; `None` where that cannot be computed here and now (a pepper
    /// that is not in the environment). Takes as long as [`Kept::work`] says: not for an asynchronous thread.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> Option<bool> {
        if let Some(hash) = &self.sent_as {
            // The version that takes everything that any version took.
            let profile = Version::new(1, 6, 2).profile();
            let stored = Stored { hash, password: &self.hash, options: &self.options };
            return Some(verify::login(stored, password, profile) == Login::Match);
        }
        // Of a hash whose salt can stand in several orders, only the right password is known for certain.
        Some(foreign::verify(&self.scheme, &self.input(), password).unwrap_or(false))
    }

    /// What one [`Kept::verify`] takes.
    #[must_use]
    pub fn work(&self) -> Work {
        let cost = match &self.sent_as {
            Some(_) => Cost::of_stored(&self.hash, &self.options),
            None => Cost::of_stored(self.hash.trim_start_matches("$wp"), &self.options),
        };
        cost.map_or(Work { millis: 0.1, bytes: 0 }, |cost| Work {
            millis: cost.millis(),
            bytes: cost.mebibytes() << 20,
        })
    }

    fn input(&self) -> HashInput<'_> {
        let text = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
        HashInput {
            hash: Cow::Borrowed(&self.hash),
            salt: text(&self.salt),
            salt_encoding: match self.salt_encoding.as_deref() {
                Some("hex") => SaltEncoding::Hex,
                Some(_) => SaltEncoding::Base64,
                None => SaltEncoding::Utf8,
            },
            signer_key: text(&self.signer_key),
            salt_separator: text(&self.separator),
            rounds: self.rounds,
            mem_cost: self.mem_cost,
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
