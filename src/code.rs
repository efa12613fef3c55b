//! Every stable code that a note, a refusal or a report may carry, in one table.
//!
//! Codes are part of the interface: scripts match on them. They are kebab-case, never renamed, and listed by
//! `rehome schemes` and in `docs/codes.md`.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

/// What a code means for the user it stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Said for completeness; nothing is lost by it.
    Info,
    /// The user is created and should sign in, but something deserves a look.
    Warning,
    /// The user is created without a usable password.
    NeedsReset,
    /// Nothing is created for this record.
    Refused,
}

macro_rules! codes {
    ($($(#[$section:meta])* $variant:ident = $name:literal, $severity:ident, $title:literal, $remedy:literal;)*) => {
        /// A stable, kebab-case code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$section])* #[doc = $title] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The name scripts match on.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            /// What the code means for its user unless a policy changes it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity),* }
            }

            /// One line for a heading.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$variant => $title),* }
            }

            /// What a person can do about it; empty where nothing needs doing.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Code::$variant => $remedy),* }
            }
        }
    };
}

codes! {
    // ── reading (source/) ─────────────────────────────────────────────────────────────────────────────────────
    DamagedRecord = "damaged-record", Refused, "the record cannot be read",
        "repair the row in a copy of the rejects file, and import that into a folder of its own (--run)";
    NotUtf8 = "not-utf8", Warning, "the record is not UTF-8, in a file that is, and is read as Latin-1",
        "look at the name; if it is wrong, export again as UTF-8";

    // ── interpreting (source/) ───────────────────────────────────────────────────────────────────────────────
    SkippedBySource = "skipped-by-source", Refused, "not a person: service account, bot or deleted user",
        "nothing to do unless the record is a customer after all";
    InvalidValue = "invalid-value", Refused, "a column holds a value that cannot be understood",
        "rejects.log.ndjson may name the line of a mapping file that reads it; else correct it in a copy of the rejects file, \
         and import that into a folder of its own (--run)";
    InvalidDate = "invalid-date", Warning, "a date cannot be understood and is left out",
        "write it as 2024-01-31T12:00:00Z";
    UnknownScheme = "unknown-scheme", Refused, "the declared password scheme is not one rehome knows",
        "use a name that `rehome schemes` lists";
    RedactedHash = "redacted-hash", Refused, "the exporter was not allowed to read the hash and wrote a placeholder",
        "export again as somebody who may read password hashes (of Firebase: firebaseauth.configs.getHashConfig)";
    ForeignHashVersion = "foreign-hash-version", Refused, "the hash is not of the project's own algorithm",
        "the original hash exists only in the system it came from; otherwise reset the password";
    HashConfigMissing = "hash-config-missing", Refused, "Firebase hash parameters are needed and were not given",
        "copy the console's password hash parameters into a file and pass --firebase-hash-config FILE";
    SeveralPasswords = "several-passwords", Warning, "the user has several passwords, of which one is carried",
        "whoever signs in with another one has to reset it";
    HashNotExported = "hash-not-exported", NeedsReset, "the user had a sign-in that the export does not carry",
        "tell them to reset their password";
    NoPassword = "no-password", Info, "the user never had a password here",
        "they sign in by provider, phone or link";

    LockedInSource = "locked-in-source", Warning, "the source had locked the user out for a while",
        "enable them in Appwrite once they are who they say";

    // ── schemes (scheme/) ─────────────────────────────────────────────────────────────────────────────────────
    UnsupportedScheme = "unsupported-scheme", Refused, "no Appwrite endpoint verifies this scheme",
        "create without a password (--unsupported without-password) and run a recovery campaign";
    AmbiguousScheme = "ambiguous-scheme", Refused, "the string fits several schemes and nothing says which",
        "declare it: --scheme NAME or a password_scheme column";
    MalformedHash = "malformed-hash", Refused, "the hash is damaged or not of its declared scheme",
        "export the row again; never repair a hash by hand";
    UnrecognisedHash = "unrecognised-hash", Refused, "the string has the form of no password hash rehome knows",
        "declare it if you know what it is: --scheme NAME or a password_scheme column";
    UnusablePassword = "unusable-password", Refused, "the hash is a marker for an account without a usable password",
        "nothing verifies against it; create without a password (--unsupported without-password)";
    ParametersMissing = "parameters-missing", Refused, "the hash needs a salt or parameters that the record does not hold",
        "export the columns that hold them, or name them with a mapping file";
    HashLength = "hash-length", Refused, "Appwrite takes hashes of 8 to 256 bytes",
        "create without a password (--unsupported without-password) and run a recovery campaign";
    TooExpensive = "too-expensive", Refused, "one login would need more memory or time than a server has",
        "create without a password (--unsupported without-password) and run a recovery campaign";
    CostlyLogin = "costly-login", Warning, "the first login of this user needs much memory or time",
        "make sure that a PHP worker of the target has it, or sign in with one known password first";
    SchemeAssumed = "scheme-assumed", Info, "the hash is taken for one of the bare password",
        "prove it with one known password (--known), or declare it (--scheme NAME)";
    PepperPossible = "pepper-possible", Warning, "the source may hash more than the bare password",
        "prove it with one known password (--known) before importing everybody";
    SaltAssumed = "salt-assumed", Warning, "the salt is taken for text, although it looks encoded",
        "say how it is written (password_salt_encoding: utf8, hex or base64), and prove it with a known password";
    SignExtension = "sign-extension", Warning, "$2x$ marks the sign-extension bug of old crypt_blowfish",
        "passwords with letters beyond ASCII may fail if the label is wrong; prove one with --known";
    PasswordPrepared = "password-prepared", Info, "the source changes a password before it hashes it",
        "users whose password is changed by that must reset it";
    ShortMemory = "short-memory", Info, "only the first characters of the password count until the first login",
        "";
    AsciiOnly = "ascii-only", Warning, "passwords with letters beyond ASCII fail on this version of Appwrite",
        "upgrade the target to 1.5 or newer before those users sign in";

    // ── planning (plan/) ──────────────────────────────────────────────────────────────────────────────────────
    InvalidEmail = "invalid-email", Refused, "Appwrite would refuse the e-mail address",
        "correct the address in the source or in the rejects file";
    PasswordLeftOut = "password-left-out", Warning, "a user without an e-mail address keeps the phone, not the password",
        "give the user an address, or tell them to sign in by phone";
    MissingEmail = "missing-email", Refused, "a user with a hash needs an e-mail address",
        "add an address; make one of the login where that is none (--email-domain DOMAIN); or create without a password \
         (--unsupported without-password)";
    InvalidPhone = "invalid-phone", Warning, "the phone number is not E.164 and is left out",
        "write it as +COUNTRYNUMBER without spaces";
    RefusedCallingCode = "refused-calling-code", Warning,
        "the phone number's calling code is one that Appwrite refuses from 2.0 on",
        "servers that refuse it get the user without the number";
    PhoneRefused = "phone-refused", Refused, "the target refuses the phone number, and the user has no e-mail address",
        "give the user an address, or import into a server that takes the number";
    PasswordLength = "password-length", Refused, "the password is shorter or longer than a login accepts",
        "create without a password (--unsupported without-password) and run a recovery campaign";
    DerivedId = "derived-id", Info, "the source id is not one Appwrite accepts; a stable one is derived",
        "id-map.csv maps old ids to new ones";
    NothingIdentifies = "nothing-identifies", Refused, "the record has no id, no e-mail address and no phone number",
        "give it one, or leave it";
    NoSignIn = "no-sign-in", Warning, "the user has no address, no phone number and no password",
        "give them an address or a number that Appwrite takes; until then they are found by their id alone";
    NameTruncated = "name-truncated", Warning, "the name is longer than 128 characters and is cut",
        "shorten it at the source if the end matters";
    LabelDropped = "label-dropped", Warning, "a role has no form Appwrite accepts as a label, or no name in the export",
        "map it with [user.labels.map] in a mapping file";
    LabelRewritten = "label-rewritten", Info, "a role is written without its punctuation",
        "labels take letters and digits only; map it with [user.labels.map] for another spelling";
    PrefsNested = "prefs-nested", Info, "preferences that the server would read as a list are kept under `values`", "";
    PrefsTooLarge = "prefs-too-large", Warning, "custom data exceeds 64 kB and is left out",
        "keep it in a database and refer to it by id";
    DuplicateId = "duplicate-id", Refused, "another record of this export has the same id",
        "decide which of the two is the customer and remove the other";
    DuplicateEmail = "duplicate-email", Refused, "another record of this export has the same e-mail address",
        "decide which of the two is the customer and remove the other";
    DuplicatePhone = "duplicate-phone", Warning, "another record of this export has the same phone number",
        "the number stays with the first; the others are created without";
    SharedPhone = "shared-phone", Refused, "another record has the same phone number, and this one nothing else to sign in by",
        "decide which of the two is the customer and remove the other, or give this one an e-mail address";
    Bridged = "bridged", Info, "signs in as before, through the bridge",
        "run `rehome bridge serve` before anybody signs in";
    NeedsReset = "needs-reset", NeedsReset, "created without a password",
        "write to everybody in needs-reset.csv before the old system goes";

    // ── sending (import/) ─────────────────────────────────────────────────────────────────────────────────────
    TargetTaken = "target-taken", Warning, "somebody at the target has this id, e-mail address or phone number already",
        "an import takes who is the very same for done, and names the others; it never overwrites";
    TargetConflict = "target-conflict", Refused, "the target already has another user with this id, e-mail or phone",
        "look at the user named in the report; rehome never overwrites";
    PhoneLeftOut = "phone-left-out", Warning, "the target refused the phone number; the user was created without it",
        "correct the number, or tell the user to sign in by e-mail";
    EmailFree = "email-free", Refused, "the project refuses addresses of free providers (user_email_free)",
        "switch the policy off until the import is done (console: Auth, Security)";
    EmailDisposable = "email-disposable", Refused,
        "the project refuses addresses of throw-away providers (user_email_disposable)",
        "switch the policy off until the import is done (console: Auth, Security)";
    EmailAliased = "email-aliased", Refused,
        "the project refuses aliases such as name+tag@gmail.com (user_email_not_canonical)",
        "switch the policy off until the import is done (console: Auth, Security)";
    EmailNotCorporate = "email-not-corporate", Refused,
        "the project takes corporate addresses alone (user_email_not_corporate)",
        "switch the policy off until the import is done (console: Auth, Security)";
    GivenUp = "given-up", Refused, "the target did not do it, however often it was asked",
        "run the same command again";
    ChangedSince = "changed-since", Refused, "the user was changed or deleted at the target after this run created them",
        "look at the user; rehome never overwrites";
    TargetRefused = "target-refused", Refused, "the target refused the request",
        "read the message; it is the server's own";
}

impl Code {
    /// The code of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Something said about one record, which does not stop it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What kind of thing is said.
    pub code: Code,
    /// The sentence for this record. Never holds a secret.
    pub text: Cow<'static, str>,
}

impl Note {
    /// A note with its sentence.
    #[cold]
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Why nothing is created for a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The stable reason.
    pub code: Code,
    /// The scheme, where the reason is the hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<&'static str>,
    /// The sentence for this record. Never holds a secret.
    pub text: Cow<'static, str>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub hint: Cow<'static, str>,
    /// The schemes the string could be, where that is the reason.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub ambiguous: Vec<&'static str>,
    /// Whether it is because the source marks the user as deleted.
    #[serde(skip)]
    pub deleted: bool,
}

impl Refusal {
    /// A refusal with its sentence and the code's own remedy.
    #[cold]
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        let (text, hint) = (text.into(), Cow::Borrowed(code.remedy()));
        Self { code, scheme: None, text, hint, ambiguous: Vec::new(), deleted: false }
    }

    /// The refusal of somebody whom the source keeps, and marks as deleted.
    #[cold]
    pub fn deleted(text: impl Into<Cow<'static, str>>) -> Self {
        Self { deleted: true, ..Self::new(Code::SkippedBySource, text) }
    }

    /// Names the scheme the refusal is about.
    #[must_use]
    pub fn scheme(mut self, scheme: &'static str) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Replaces the code's own remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = hint.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_are_kebab_case_and_unique() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            let name = code.name();
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
            assert!(seen.insert(name), "{name} stands twice");
        }
    }
}
