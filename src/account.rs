//! The neutral user: what a source makes of a record, before anything about Appwrite is known.
//!
//! Strings borrow from the record wherever they can, so that planning a million users allocates little.

use std::borrow::Cow;

use crate::code::{Code, Note};

/// A user as the source describes them, in the source's own spelling.
///
/// Normalising (trimming, lower-casing, E.164, label syntax, id rules) is `plan/`'s business: a source only says which
/// value means what.
#[derive(Debug, Clone, Default)]
pub struct Account<'a> {
    /// The source's own id, as a string; empty where the source has none.
    pub source_id: Cow<'a, str>,
    /// The address as exported.
    pub email: Option<Cow<'a, str>>,
    /// Whether the source had proof of the address.
    pub email_verified: bool,
    /// The number as exported, with what the source knows to be missing (Supabase: `+`) put back.
    pub phone: Option<Cow<'a, str>>,
    /// Whether the source had proof of the number.
    pub phone_verified: bool,
    /// The name to show.
    pub name: Option<Cow<'a, str>>,
    /// False for banned, blocked, locked or inactive users.
    pub enabled: bool,
    /// Roles under the source's names; `plan/` turns them into labels.
    pub roles: Vec<Cow<'a, str>>,
    /// Custom data to keep in Appwrite's preferences.
    pub prefs: serde_json::Map<String, serde_json::Value>,
    /// When the user signed up.
    pub created_at: Option<jiff::Timestamp>,
    /// When the user last signed in.
    pub last_seen: Option<jiff::Timestamp>,
    /// The password, in whatever form.
    pub credential: Credential<'a>,
    /// What the source has to say about this user.
    pub notes: Vec<Note>,
}

impl Account<'_> {
    /// Takes the address out of what mail programs write, and the name where there is no other. Done before anybody is known by the address.
    pub fn unwrap_mailbox(&mut self) {
        if self.email.as_deref().is_some_and(|email| email.trim_end().ends_with('>')) {
            self.take_from_mailbox();
        }
    }

    #[cold]
    fn take_from_mailbox(&mut self) {
        let Some((name, address)) = self.email.as_deref().and_then(mailbox) else { return };
        let (name, address) = (name.to_owned(), address.to_owned());
        self.email = Some(address.into());
        if self.name.is_none() && !name.is_empty() {
            self.name = Some(name.into());
        }
    }
}

/// The name and the address of what mail programs write: `Ann Archer <ann@example.com>`.
#[must_use]
pub fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (name, address) = text.trim().strip_suffix('>')?.rsplit_once('<')?;
    (!name.contains(['<', '@'])).then(|| (name.trim().trim_matches('"').trim(), address.trim()))
}

/// A password in whatever form the source has it.
#[derive(Clone)]
pub enum Credential<'a> {
    /// The record holds no password. The code says which kind of none:
    /// [`Code::NoPassword`], [`Code::HashNotExported`], [`Code::RedactedHash`], [`Code::ForeignHashVersion`] ….
    None(Note),
    /// A plain-text password, which Appwrite will hash itself.
    Plain(Cow<'a, str>),
    /// A hash, with all that the record says of it.
    Hash(HashInput<'a>),
}

impl Default for Credential<'_> {
    fn default() -> Self {
        Self::None(Note::new(Code::NoPassword, "the source holds no password for this user"))
    }
}

// Secrets must not reach a log or a panic by way of `{:?}`.
impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None(note) => f.debug_tuple("None").field(note).finish(),
            Self::Plain(_) => f.debug_tuple("Plain").finish_non_exhaustive(),
            Self::Hash(input) => f.debug_tuple("Hash").field(input).finish(),
        }
    }
}

impl<'a> Credential<'a> {
    /// What else is known of the hash, if this is one.
    #[must_use]
    pub fn map_hash(self, map: impl FnOnce(HashInput<'a>) -> HashInput<'a>) -> Self {
        match self {
            Self::Hash(input) => Self::Hash(map(input)),
            other => other,
        }
    }
}

/// A hash with everything the record, the source and the person say of it.
#[derive(Clone, Default)]
pub struct HashInput<'a> {
    /// The string as exported, not trimmed, not unwrapped.
    pub hash: Cow<'a, str>,
    /// The scheme as a column, the source or `--scheme` names it (a name of `rehome schemes`).
    pub declared: Option<Cow<'a, str>>,
    /// What the source settles that the string cannot say.
    pub hints: &'static [Hint],
    /// A salt that stands in a column of its own.
    pub salt: Option<Cow<'a, str>>,
    /// How that column writes the salt.
    pub salt_encoding: SaltEncoding,
    /// scrypt's N (not its logarithm).
    pub scrypt_n: Option<u64>,
    /// scrypt's r.
    pub scrypt_r: Option<u64>,
    /// scrypt's p.
    pub scrypt_p: Option<u64>,
    /// scrypt's output length in bytes.
    pub scrypt_length: Option<u64>,
    /// Firebase: the project's signer key, base64 of either alphabet.
    pub signer_key: Option<Cow<'a, str>>,
    /// Firebase: the project's salt separator, base64 of either alphabet; may be empty.
    pub salt_separator: Option<Cow<'a, str>>,
    /// Firebase: rounds (8 is all that Appwrite can verify).
    pub rounds: Option<u64>,
    /// Firebase: `mem_cost` (14 is all that Appwrite can verify).
    pub mem_cost: Option<u64>,
    /// Where the application's secret is found, `env:NAME`, if one is hashed with every password. Never the secret itself.
    pub pepper: Option<Cow<'a, str>>,
}

/// What is known of all hashes of a source, which settles what a string alone cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The source is known to hash the bare password: nobody has to assume it of its bcrypt.
    Bare,
    /// What looks like bcrypt or Argon2 is of something else than the password: the scheme that says of what.
    PreHashed(&'static str),
    /// A pepper may be hashed with the password, where the source is configured so. The sentence says it.
    PepperPossible(&'static str),
    /// phpass of this source is of a password that the source changed first. The sentence says how.
    Prepared(&'static str),
    /// Strings are of crypt(3): 13 characters are DES, and a line may have its user before it.
    Crypt,
    /// A bare digest of this scheme's length is of this scheme: none other was ever written.
    Digest(&'static str),
    /// `salt:key` is scrypt of this scheme.
    SaltedKey(&'static str),
    /// What says nothing of itself is Firebase's scrypt.
    Firebase,
    /// The declared scheme is one of three that one function verifies, which goes by the string.
    Interchangeable,
}

impl Hint {
    /// Of a source that is known and has nothing else to say.
    pub const KNOWN: &'static [Self] = &[Self::Bare];
}

/// How a salt column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaltEncoding {
    /// The text itself is the salt.
    #[default]
    Utf8,
    /// Hexadecimal of the salt's bytes.
    Hex,
    /// Base64 of the salt's bytes, either alphabet, padded or not.
    Base64,
}

impl HashInput<'_> {
    /// The same, borrowing from nothing.
    #[must_use]
    pub fn into_owned(self) -> HashInput<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|t| Cow::Owned(t.into_owned()));
        HashInput {
            hash: Cow::Owned(self.hash.into_owned()),
            declared: own(self.declared),
            hints: self.hints,
            salt: own(self.salt),
            salt_encoding: self.salt_encoding,
            scrypt_n: self.scrypt_n,
            scrypt_r: self.scrypt_r,
            scrypt_p: self.scrypt_p,
            scrypt_length: self.scrypt_length,
            signer_key: own(self.signer_key),
            salt_separator: own(self.salt_separator),
            rounds: self.rounds,
            mem_cost: self.mem_cost,
            pepper: own(self.pepper),
        }
    }
}

impl std::fmt::Debug for HashInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashInput")
            .field("hash", &format_args!("<{} bytes>", self.hash.len()))
            .field("declared", &self.declared)
            .field("hints", &self.hints)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_out_of_what_mail_programs_write() {
        for (email, name, expected) in [
            ("Ann Archer <Ann@Example.com>", None, (Some("Ann@Example.com"), Some("Ann Archer"))),
            ("\"Archer, Ann\" <ann@example.com> ", None, (Some("ann@example.com"), Some("Archer, Ann"))),
            ("<ann@example.com>", None, (Some("ann@example.com"), None)),
            ("Ann <ann@example.com>", Some("A. Archer"), (Some("ann@example.com"), Some("A. Archer"))),
            ("a@x.de, Bob <bob@x.de>", None, (Some("a@x.de, Bob <bob@x.de>"), None)),
        ] {
            let mut account =
                Account { email: Some(email.into()), name: name.map(Cow::Borrowed), ..Account::default() };
            account.unwrap_mailbox();
            assert_eq!((account.email.as_deref(), account.name.as_deref()), expected, "{email}");
        }
    }
}
