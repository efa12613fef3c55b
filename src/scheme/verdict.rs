//! The answer to a hash: the endpoint that verifies it and what is sent there, or why there is none.

use std::borrow::Cow;

use super::verify;
pub use crate::appwrite::wire::PasswordFields;
use crate::appwrite::{Endpoint, Profile, rules};
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

impl Mapped<'_> {
    /// What the login of a user with this hash answers for a password, after the 8–256 byte rule.
    #[must_use]
    pub fn login(&self, password: &[u8], profile: &Profile) -> verify::Login {
        let (hash, options) = (self.endpoint.stored_as(), self.fields.options());
        verify::login(verify::Stored { hash, password: &self.fields.password, options: &options }, password, profile)
    }
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

impl Verdict<'_> {
    /// The same verdict, borrowing from nothing.
    #[must_use]
    pub fn into_owned(self) -> Verdict<'static> {
        match self {
            Verdict::Refused(refusal) => Verdict::Refused(refusal),
            Verdict::Maps(Mapped { scheme, endpoint, fields, conversion, notes }) => {
                let fields = fields.into_owned();
                Verdict::Maps(Mapped { scheme, endpoint, fields, conversion, notes })
            }
        }
    }
}

/// A plain-text password, which Appwrite hashes itself.
#[must_use]
pub fn plain<'a>(password: Cow<'a, str>, profile: &Profile) -> Verdict<'a> {
    let length = password.len();
    if length < rules::PASSWORD_MIN || (profile.max_256_bytes && length > rules::PASSWORD_MAX) {
        let text = format!("the password is {length} bytes long; Appwrite takes 8 to 256");
        return Verdict::Refused(Refusal::new(Code::PasswordLength, text).scheme("plain"));
    }
    Verdict::Maps(Mapped {
        scheme: "plain",
        endpoint: Endpoint::Plain,
        fields: PasswordFields { password, ..PasswordFields::default() },
        conversion: Vec::new(),
        notes: Vec::new(),
    })
}
