//! Recipes: a digest with what it is made of, as JSON. `["sha256", ["salt", "@"], "digest"]` is SHA-256 of the parts one after the other,
//! with the password for `@`, in hexadecimal; PBKDF2's parts are salt, rounds, length and digest, Firebase's are salt, signer key, separator,
//! rounds and mem_cost. <https://docs.logto.io/user-management/user-migration>

use crate::bytes::unhex;

/// What stands for the password.
pub const PASSWORD: &str = "@";

/// A hash whose string says how it is made.
pub struct Recipe {
    /// A digest by its name in `OpenSSL`, `pbkdf2` or `firebase-scrypt`.
    pub algorithm: String,
    /// What it is made of.
    pub parts: Vec<String>,
    /// In hexadecimal, Firebase's in base64.
    pub result: String,
}

/// PBKDF2 as a recipe has it.
pub struct Pbkdf2 {
    pub digest: String,
    pub rounds: String,
    pub salt: Vec<u8>,
}

impl Recipe {
    /// A recipe; None for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_ascii().strip_prefix('[').map(|_| text)?;
        let (algorithm, parts, result): (String, Vec<String>, String) = serde_json::from_str(text).ok()?;
        parts.iter().any(|part| part == PASSWORD).then_some(Self { algorithm, parts, result })
    }

    /// The name of the digest and the message of it, for this password.
    pub fn message(&self, password: &[u8]) -> (&str, Vec<u8>) {
        let part = |part: &String| if part == PASSWORD { password.to_vec() } else { part.clone().into_bytes() };
        (&self.algorithm, self.parts.iter().flat_map(part).collect())
    }

    /// What it says of PBKDF2, if it is that.
    pub fn pbkdf2(&self) -> Option<Pbkdf2> {
        let ("pbkdf2" | "pbkdf2Sync", [salt, rounds, length, digest, ..]) = (&*self.algorithm, &self.parts[..]) else {
            return None;
        };
        let fits =
            length.parse::<usize>().is_ok_and(|length| length > 0 && length.checked_mul(2) == Some(self.result.len()));
        let salt = salt.strip_prefix("hex:").map_or_else(|| Some(salt.clone().into_bytes()), unhex);
        Some(Pbkdf2 { digest: digest.clone(), rounds: rounds.clone(), salt: salt.filter(|_| fits)? })
    }
}
