//! What an administrator sets for a project: policies for passwords, addresses and sessions, sign-in methods, platforms.

use serde::{Deserialize, Serialize};

/// The settings of a project. What nobody set is as a new project of the version has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Sessions that sign-ins keep per user: unset, `Some(0)` for no limit, or so many.
    pub session_limit: Option<usize>,
    /// How long a session lasts, in seconds.
    pub session_duration: i64,
    /// A new password ends the user's sessions; unset where the version decides.
    pub session_invalidation: Option<bool>,
    /// Earlier passwords that a new one may not repeat.
    pub password_history: usize,
    /// Common passwords are refused.
    pub password_dictionary: bool,
    /// Passwords (and hashes, as the server compares them) may not hold id, name, address or number.
    pub personal_data: bool,
    /// What a plain password must have.
    pub strength: Strength,
    /// Breached passwords.
    pub pwned: Pwned,
    /// How long a password is good, in seconds.
    pub rotation: Option<i64>,
    /// Which addresses are refused.
    pub emails: Emails,
    /// Signing in by address and password is possible.
    pub email_password: bool,
    /// Host names of web platforms; `*.` begins a wildcard.
    pub hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_limit: None,
            session_duration: YEAR,
            session_invalidation: None,
            password_history: 0,
            password_dictionary: false,
            personal_data: false,
            strength: Strength::default(),
            pwned: Pwned::default(),
            rotation: None,
            emails: Emails::default(),
            email_password: true,
            hosts: Vec::new(),
        }
    }
}

/// Seconds of 365 days.
pub const YEAR: i64 = 31_536_000;

/// What a plain password must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "switches")]
pub struct Strength {
    /// Bytes at least.
    pub min: usize,
    /// An upper-case letter, A to Z.
    pub uppercase: bool,
    /// A lower-case letter, a to z.
    pub lowercase: bool,
    /// A digit, 0 to 9.
    pub number: bool,
    /// Something else that can be seen, of ASCII.
    pub symbols: bool,
}

impl Default for Strength {
    fn default() -> Self {
        Self {
            min: crate::appwrite::rules::PASSWORD_MIN,
            uppercase: false,
            lowercase: false,
            number: false,
            symbols: false,
        }
    }
}

impl Strength {
    /// Whether a password is strong enough; its greatest length is another rule's business.
    pub fn accepts(&self, password: &str) -> bool {
        let has = |wanted: bool, is: fn(&u8) -> bool| !wanted || password.as_bytes().iter().any(is);
        password.len() >= self.min
            && has(self.uppercase, u8::is_ascii_uppercase)
            && has(self.lowercase, u8::is_ascii_lowercase)
            && has(self.number, u8::is_ascii_digit)
            && has(self.symbols, u8::is_ascii_punctuation)
    }

    /// The sentence of a refusal.
    pub fn description(&self) -> String {
        let mut text = format!("Password must be between {} and 256 characters long", self.min);
        for (wanted, what) in [
            (self.uppercase, "an uppercase letter"),
            (self.lowercase, "a lowercase letter"),
            (self.number, "a number"),
            (self.symbols, "a symbol"),
        ] {
            if wanted {
                text.push_str(", include ");
                text.push_str(what);
            }
        }
        text.push('.');
        text
    }
}

/// What becomes of breached passwords.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pwned {
    /// They are looked for at all.
    pub enabled: bool,
    /// Refused at sign-in.
    pub sessions: bool,
    /// Refused when set.
    pub users: bool,
}

/// Which addresses are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "switches")]
pub struct Emails {
    /// At providers that give mailboxes away.
    pub free: bool,
    /// At throw-away providers.
    pub disposable: bool,
    /// Written otherwise than canonically: with `+tag`, or dots where they do not count.
    pub canonical: bool,
    /// At free or throw-away providers.
    pub corporate: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed on a running server: letters of other alphabets are none, and symbols are those of ASCII.
    #[test]
    fn strength_is_a_matter_of_ascii() {
        let strength = Strength { min: 12, uppercase: true, lowercase: true, number: true, symbols: true };
        for weak in ["Short-9", "Elevenlong-", "nouppercase-9", "NOLOWERCASE-9", "No-number-here", "NoSymbolHere9"] {
            assert!(!strength.accepts(weak), "{weak}");
        }
        for weak in ["ПарольПароль-9", "NoSymbol Here9", "NoSymbolHereé9", "NoSymbolHere٣-Aa"] {
            assert!(!strength.accepts(weak), "{weak}");
        }
        assert!(strength.accepts("Correct-Horse-9") && strength.accepts("ПарольПароль-9aA"));
        assert_eq!(Strength::default().description(), "Password must be between 8 and 256 characters long.");
    }

    #[test]
    fn settings_of_an_older_store_are_read() {
        let settings: Settings = serde_json::from_str(r#"{"password_history":3}"#).expect("settings");
        assert_eq!(settings, Settings { password_history: 3, ..Settings::default() });
    }
}
