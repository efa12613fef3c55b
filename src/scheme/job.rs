//! One hash on its way to a verdict: what is said of it, and what has been done to it so far.

use std::borrow::Cow;

use super::registry::{self, Scheme};
use super::{Mapped, PasswordFields, Verdict};
use crate::account::HashInput;
use crate::appwrite::{Endpoint, Profile, rules};
use crate::code::{Code, Note, Refusal};

/// A [`HashInput`] whose strings live as long as the verdict and whose scheme is looked up.
#[derive(Clone, Copy)]
pub(super) struct Parts<'s, 'p> {
    pub declared: Option<&'static Scheme>,
    pub salt: Option<&'s str>,
    pub signer_key: Option<&'s str>,
    pub salt_separator: Option<&'s str>,
    /// The rest of it.
    pub input: &'p HashInput<'p>,
}

/// The work on one hash.
pub(super) struct Job<'s, 'p> {
    pub parts: Parts<'s, 'p>,
    pub profile: &'p Profile,
    pub conversion: Vec<&'static str>,
    pub notes: Vec<Note>,
    /// Wrappers taken off so far; a limit keeps nesting from costing anything.
    pub unwrapped: u8,
}

impl<'s> Job<'s, '_> {
    /// Lists a rewrite.
    pub fn converted(&mut self, how: &'static str) {
        self.conversion.push(how);
    }

    /// Adds a note.
    #[cold]
    pub fn note(&mut self, code: Code, text: impl Into<Cow<'static, str>>) {
        self.notes.push(Note::new(code, text));
    }

    /// The name of the declared scheme.
    pub fn declared(&self) -> Option<&'static str> {
        self.parts.declared.map(|scheme| scheme.name)
    }

    /// The refusal of a string that says itself to be of another scheme than was declared.
    pub fn contradiction(&self, found: &'static str) -> Option<Verdict<'s>> {
        let declared = self.parts.declared.filter(|declared| declared.name != found)?;
        self.contradicted(declared, found)
    }

    #[cold]
    fn contradicted(&self, declared: &Scheme, found: &'static str) -> Option<Verdict<'s>> {
        let fits = declared.is_system()
            || (declared.name == "phpass" && found == "bcrypt")
            // Appwrite's own export: these three endpoints ask one function, which goes by the string.
            || (self.parts.input.origin == "appwrite" && matches!(declared.name, "bcrypt" | "argon2" | "phpass"))
            || (declared.name == "crypt" && (found.ends_with("crypt") || found == "scrypt"));
        (!fits).then(|| {
            self.refuse(
                Code::MalformedHash,
                found,
                format!("declared as {}, but the string is of the scheme {found}", declared.name),
            )
        })
    }

    /// Nothing is created, for this reason.
    #[expect(clippy::unused_self, reason = "every way out of a job reads alike")]
    #[cold]
    pub fn refuse(&self, code: Code, scheme: &'static str, text: impl Into<Cow<'static, str>>) -> Verdict<'s> {
        Verdict::Refused(Refusal::new(code, text).scheme(scheme))
    }

    /// No endpoint verifies a scheme of the table, for the table's reason.
    #[cold]
    pub fn unsupported(&self, scheme: &'static str) -> Verdict<'s> {
        let why = registry::reason(scheme, self.profile);
        self.refuse(Code::UnsupportedScheme, scheme, format!("{scheme} cannot be verified: {why}"))
    }

    /// The string is not what its scheme writes.
    #[cold]
    pub fn malformed(&self, scheme: &'static str, what: &'static str) -> Verdict<'s> {
        self.refuse(Code::MalformedHash, scheme, what)
    }

    /// The string fits all of these.
    #[expect(clippy::unused_self, reason = "every way out of a job reads alike")]
    #[cold]
    pub fn ambiguous(&self, candidates: &[&'static str], text: impl Into<Cow<'static, str>>) -> Verdict<'s> {
        let mut refusal = Refusal::new(Code::AmbiguousScheme, text);
        refusal.ambiguous = candidates.to_vec();
        Verdict::Refused(refusal)
    }

    /// An endpoint whose only password member is the hash.
    pub fn maps(self, scheme: &'static str, endpoint: Endpoint, hash: Cow<'s, str>) -> Verdict<'s> {
        self.maps_fields(scheme, endpoint, PasswordFields { password: hash, ..PasswordFields::default() })
    }

    /// An endpoint with all its password members. Checks the length of the hash, which every endpoint does.
    pub fn maps_fields(self, scheme: &'static str, endpoint: Endpoint, fields: PasswordFields<'s>) -> Verdict<'s> {
        let length = fields.password.len();
        if length < rules::PASSWORD_MIN || (self.profile.max_256_bytes && length > rules::PASSWORD_MAX) {
            return self.refuse(
                Code::HashLength,
                scheme,
                format!("the hash is {length} bytes long; Appwrite takes 8 to 256"),
            );
        }
        Verdict::Maps(Mapped { scheme, endpoint, fields, conversion: self.conversion, notes: self.notes })
    }
}
