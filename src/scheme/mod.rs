//! Credential → [`Verdict`]: which endpoint verifies this hash, after which lossless rewrite; or why none can.

pub mod columns;
#[cfg(test)]
mod corpus_tests;
pub mod cost;
mod crypt;
mod digest;
mod encoding;
mod firebase;
pub mod itoa64;
mod job;
pub mod known;
#[cfg(test)]
mod properties;
mod recognise;
pub mod registry;
mod scrypt;
mod systems;
#[cfg(test)]
mod tests;
pub mod verify;
mod wrapper;

use std::borrow::Cow;

pub use crate::appwrite::wire::PasswordFields;
pub use columns::origin;
pub use recognise::unusable_marker;
pub use registry::{Becomes, SCHEMES, Scheme};

use crate::account::HashInput;
use crate::appwrite::{Endpoint, Profile, rules};
use crate::code::{Code, Note, Refusal};
use job::{Job, Parts};

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
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Verdict::Refused(refusal) => Verdict::Refused(refusal),
            Verdict::Maps(Mapped { scheme, endpoint, fields, conversion, notes }) => {
                let fields = PasswordFields {
                    password: own(fields.password),
                    password_salt: fields.password_salt.map(own),
                    password_salt_separator: fields.password_salt_separator.map(own),
                    password_signer_key: fields.password_signer_key.map(own),
                    password_version: fields.password_version,
                    password_cpu: fields.password_cpu,
                    password_memory: fields.password_memory,
                    password_parallel: fields.password_parallel,
                    password_length: fields.password_length,
                };
                Verdict::Maps(Mapped { scheme, endpoint, fields, conversion, notes })
            }
        }
    }
}

/// Decides what a hash becomes on a version of Appwrite. Pure, total and linear in the input's length; what passes
/// unchanged is borrowed.
#[must_use]
pub fn resolve<'a>(input: &HashInput<'a>, profile: &Profile) -> Verdict<'a> {
    let borrowed = |text: &Cow<'a, str>| match text {
        Cow::Borrowed(text) => Some(*text),
        Cow::Owned(_) => None,
    };
    // All of the record's strings live as long as the verdict, or none is borrowed by it.
    let all = || -> Option<[Option<&'a str>; 4]> {
        let optional = |text: &Option<Cow<'a, str>>| match text {
            None => Some(None),
            Some(text) => borrowed(text).map(Some),
        };
        Some([
            Some(borrowed(&input.hash)?),
            optional(&input.salt)?,
            optional(&input.signer_key)?,
            optional(&input.salt_separator)?,
        ])
    };
    if let Some(strings) = all() {
        return resolve_strings(input, strings, profile);
    }
    let strings =
        [Some(&*input.hash), input.salt.as_deref(), input.signer_key.as_deref(), input.salt_separator.as_deref()];
    resolve_strings(input, strings, profile).into_owned()
}

fn resolve_strings<'s>(
    input: &HashInput<'_>,
    [hash, salt, signer_key, salt_separator]: [Option<&'s str>; 4],
    profile: &Profile,
) -> Verdict<'s> {
    let name = input.declared.as_deref().map(crate::bytes::trim).filter(|name| !name.is_empty());
    let declared = name.and_then(registry::find);
    if let (Some(name), None) = (name, declared) {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        return Verdict::Refused(Refusal::new(Code::UnknownScheme, format!("`{shown}` is no scheme rehome knows")));
    }
    let parts = Parts { declared, salt, signer_key, salt_separator, input };
    let job = Job { parts, profile, conversion: Vec::new(), notes: Vec::new(), unwrapped: 0 };
    recognise::resolve(job, hash.unwrap_or_default())
}

/// Declares a scheme for every hash of an export, `--scheme`: it holds where the record declares none and the string is
/// not one that says itself to be something else (exports hold old digests beside newer bcrypt).
pub fn declare(input: &mut HashInput<'_>, scheme: &str) {
    let says_itself = input.hash.trim_ascii_start().starts_with(['$', '{']);
    let shapeless = registry::find(scheme).is_some_and(|scheme| {
        digest::length(scheme.name).is_some() || matches!(scheme.name, "descrypt" | "scrypt" | "firebase-scrypt")
    });
    if input.declared.is_none() && !(says_itself && shapeless) {
        input.declared = Some(Cow::Owned(scheme.to_owned()));
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
