//! One hash on its way to a verdict: what is said of it, and what has been done to it so far.

use std::borrow::Cow;

use super::registry::{self, Scheme};
use super::verdict::{Mapped, PasswordFields, Verdict};
use super::verify::MEMORY_LIMIT;
use crate::account::{HashInput, Hint};
use crate::appwrite::{Endpoint, Profile, rules};
use crate::code::{Code, Note, Refusal};

/// Memory of one login from which a person is warned, in bytes.
const MEMORY_WARNING: u64 = 256 << 20;

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
    /// A wrapper said which scheme it is, so that nobody has to assume it.
    pub named: bool,
}

/// What a grammar makes of a string.
pub(super) enum Step<'s> {
    /// The verdict: nothing is left to look at.
    Answer(Verdict<'s>),
    /// It was written around another string.
    Behind(Behind, Cow<'s, str>),
}

/// How to read the string behind a wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// As if it had come without: the wrapper says nothing of its scheme.
    Same,
    /// It says itself what it is.
    Itself,
    /// crypt(3), traditional DES included.
    Crypt,
    /// An unsalted digest.
    Digest(&'static str),
    /// Spring's scrypt.
    Spring,
    /// A password in plain text.
    Plain,
}

impl<'s> From<Verdict<'s>> for Step<'s> {
    fn from(verdict: Verdict<'s>) -> Self {
        Self::Answer(verdict)
    }
}

impl<'s> Job<'s, '_> {
    /// Lists a rewrite.
    pub fn converted(&mut self, how: &'static str) {
        self.conversion.push(how);
    }

    /// Lists a rewrite that uncovers another string.
    pub fn uncovered(&mut self, how: &'static str, behind: Behind, text: impl Into<Cow<'s, str>>) -> Step<'s> {
        self.converted(how);
        Step::Behind(behind, text.into())
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

    /// Whether the source gave this hint.
    pub fn has(&self, hint: Hint) -> bool {
        self.parts.input.hints.contains(&hint)
    }

    /// What the source gave a hint of.
    pub fn hint<T>(&self, of: impl FnMut(&Hint) -> Option<T>) -> Option<T> {
        self.parts.input.hints.iter().find_map(of)
    }

    /// The scheme that the source says its hashes are of, where the string alone would say that they are of the password.
    pub fn pre_hashed(&self) -> Option<&'static str> {
        let scheme = |hint: &Hint| if let Hint::PreHashed(scheme) = hint { Some(*scheme) } else { None };
        self.hint(scheme).filter(|_| self.parts.declared.is_none() && !self.named)
    }

    /// The salt in a column of its own, where one is filled.
    pub fn salt(&self) -> Option<&'s str> {
        self.parts.salt.filter(|salt| !salt.is_empty())
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
            || (self.has(Hint::Interchangeable) && matches!(declared.name, "bcrypt" | "argon2" | "phpass"))
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
    #[cold]
    pub fn ambiguous(&self, candidates: &[&'static str], text: impl Into<Cow<'static, str>>) -> Verdict<'s> {
        self.ambiguous_of(candidates, text, Code::AmbiguousScheme.remedy())
    }

    /// The same, with how a person says which.
    #[expect(clippy::unused_self, reason = "every way out of a job reads alike")]
    #[cold]
    pub fn ambiguous_of(
        &self,
        candidates: &[&'static str],
        text: impl Into<Cow<'static, str>>,
        how: &'static str,
    ) -> Verdict<'s> {
        let mut refusal = Refusal::new(Code::AmbiguousScheme, text).hint(how);
        refusal.ambiguous = candidates.to_vec();
        Verdict::Refused(refusal)
    }

    /// Nothing fits.
    #[cold]
    pub fn unrecognised(&self) -> Verdict<'s> {
        match self.declared() {
            Some(name) => {
                self.refuse(Code::MalformedHash, name, format!("the string is not of the declared scheme {name}"))
            }
            None => Verdict::Refused(Refusal::new(Code::UnrecognisedHash, Code::UnrecognisedHash.title())),
        }
    }

    /// What a salt in a column of its own means to a hash that holds its salt already: where the two are not the same, the
    /// source hashed something else than the password, and nothing verifies. Whoever declares the scheme is warned alone.
    pub fn second_salt(&mut self, scheme: &'static str, text: &str) -> Option<Verdict<'s>> {
        let salt = self.salt().map(str::trim).filter(|salt| !salt.is_empty() && !text.contains(*salt))?;
        // Firebase's salt is of its own hashes, beside which others stand.
        let firebase = self.has(Hint::Firebase) || self.parts.signer_key.is_some();
        if self.named || firebase || self.has(Hint::Bare) || salt.eq_ignore_ascii_case("null") {
            return None;
        }
        if self.declared().is_some() {
            self.note(
                Code::PepperPossible,
                format!(
                    "{scheme} holds its own salt; if the source hashed the one beside it as well, no login matches"
                ),
            );
            return None;
        }
        Some(self.ambiguous(
            &[scheme, "bcrypt-salted"],
            format!("{scheme} holds its own salt, and another stands beside it: if both were hashed, no login matches"),
        ))
    }

    /// Refuses what no server has the memory for, and warns of much. `memory` is in bytes.
    pub fn affordable(&mut self, scheme: &'static str, memory: u64) -> Option<Verdict<'s>> {
        if memory > MEMORY_LIMIT {
            let text = format!("one login needs {} MiB of memory, more than a PHP worker has", memory >> 20);
            return Some(self.refuse(Code::TooExpensive, scheme, text));
        }
        if memory >= MEMORY_WARNING {
            self.note(Code::CostlyLogin, format!("one login needs {} MiB of memory", memory >> 20));
        }
        None
    }

    /// The warning that belongs to everything sent to `/users/scrypt-modified` on 1.4.
    pub fn ascii_only(&mut self) {
        if !self.profile.scrypt_modified_utf8 {
            self.note(Code::AsciiOnly, Code::AsciiOnly.title());
        }
    }

    /// An endpoint whose only password member is the hash.
    pub fn maps(&mut self, scheme: &'static str, endpoint: Endpoint, hash: Cow<'s, str>) -> Verdict<'s> {
        self.maps_fields(scheme, endpoint, PasswordFields { password: hash, ..PasswordFields::default() })
    }

    /// An endpoint with all its password members. Checks the length of the hash, which every endpoint does.
    pub fn maps_fields(&mut self, scheme: &'static str, endpoint: Endpoint, fields: PasswordFields<'s>) -> Verdict<'s> {
        let length = fields.password.len();
        if length < rules::PASSWORD_MIN || (self.profile.max_256_bytes && length > rules::PASSWORD_MAX) {
            return self.refuse(
                Code::HashLength,
                scheme,
                format!("the hash is {length} bytes long; Appwrite takes 8 to 256"),
            );
        }
        // Of a table that nobody knows, a secret may be hashed with the password. (bcrypt sees to itself.)
        let says_little = matches!(scheme, "argon2" | "scrypt" | "md5crypt" | "sha256crypt" | "sha512crypt");
        if says_little && self.parts.declared.is_none() && !self.named && self.parts.input.hints.is_empty() {
            self.note(Code::SchemeAssumed, Code::SchemeAssumed.title());
        }
        let (conversion, notes) = (std::mem::take(&mut self.conversion), std::mem::take(&mut self.notes));
        Verdict::Maps(Mapped { scheme, endpoint, fields, conversion, notes })
    }
}
