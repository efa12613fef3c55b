//! Credential → [`Verdict`]: which endpoint verifies this hash, after which lossless rewrite; or why none can.

pub mod itoa64;
pub mod verify;

use std::borrow::Cow;

use crate::account::HashInput;
use crate::appwrite::{Endpoint, Profile};
use crate::code::{Code, Note, Refusal};

/// What rehome answers for a hash on one version of Appwrite.
#[derive(Debug, Clone)]
pub enum Verdict<'a> {
    /// This endpoint verifies it, sent like this.
    Maps(Mapped<'a>),
    /// No create is planned; the refusal says why, and names the candidates where the string alone cannot tell.
    Refused(Refusal),
}

/// A hash in the form that Appwrite verifies.
#[derive(Clone)]
pub struct Mapped<'a> {
    /// The scheme's name, as `rehome schemes` lists it.
    pub scheme: &'static str,
    /// Where to create the user.
    pub endpoint: Endpoint,
    /// The body's password members.
    pub fields: PasswordFields<'a>,
    /// Every rewrite that was applied, in order; empty where the string goes as it came.
    pub conversion: Vec<&'static str>,
    /// What a person should know of this hash.
    pub notes: Vec<Note>,
}

/// The password members of a create body, under Appwrite's names.
#[derive(Clone, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordFields<'a> {
    /// The hash (or the plain password for [`Endpoint::Plain`]).
    pub password: Cow<'a, str>,
    /// `/sha`: the algorithm, exact lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_version: Option<&'static str>,
    /// `/scrypt`: the salt's text; `/scrypt-modified`: standard base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_salt: Option<Cow<'a, str>>,
    /// `/scrypt-modified`: standard base64, not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_salt_separator: Option<Cow<'a, str>>,
    /// `/scrypt-modified`: standard base64, not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_signer_key: Option<Cow<'a, str>>,
    /// `/scrypt`: N itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_cpu: Option<u32>,
    /// `/scrypt`: r.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_memory: Option<u32>,
    /// `/scrypt`: p.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_parallel: Option<u32>,
    /// `/scrypt`: output length in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_length: Option<u32>,
}

impl std::fmt::Debug for Mapped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapped")
            .field("scheme", &self.scheme)
            .field("endpoint", &self.endpoint)
            .field("conversion", &self.conversion)
            .finish_non_exhaustive()
    }
}

/// Decides what a hash becomes on a version of Appwrite. Pure, total and linear in the input's length.
#[must_use]
pub fn resolve<'a>(input: &HashInput<'a>, profile: &Profile) -> Verdict<'a> {
    let _ = (input, profile);
    Verdict::Refused(Refusal::new(Code::UnsupportedScheme, "no scheme is known yet"))
}
