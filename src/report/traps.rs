//! Traps: what makes a login fail although the hash is right, each with how many users it can touch at most.

use crate::plan::{CreateBody, Facts, Plan};
use crate::report::{Cost, Outcome};

/// One trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// Passwords under 8 bytes.
    ShortPassword,
    /// The source trims, and escapes quotes, before hashing.
    TrimmedPassword,
    /// The source hashes the NFKC form.
    NormalisedPassword,
    /// The source escapes markup before hashing.
    EscapedPassword,
    /// Ids that a case-insensitive comparison could merge.
    CaseInsensitiveIds,
    /// Short ids, names and addresses occur by chance in a hash.
    PersonalData,
    /// Addresses of a syntax that few systems agree on: of those Appwrite takes, the ones at an IP address.
    UnusualEmail,
    /// Numbers without a country code.
    PhoneWithoutCountry,
    /// Values that a spreadsheet has rewritten.
    SpreadsheetValues,
    /// Users of a provider whose link cannot be carried over.
    ProviderSignIn,
    /// Logins that take much memory.
    HeavyLogin,
}

impl Trap {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::ShortPassword,
        Self::TrimmedPassword,
        Self::NormalisedPassword,
        Self::EscapedPassword,
        Self::ProviderSignIn,
        Self::PersonalData,
        Self::CaseInsensitiveIds,
        Self::UnusualEmail,
        Self::PhoneWithoutCountry,
        Self::SpreadsheetValues,
        Self::HeavyLogin,
    ];

    /// The stable name in report.json.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShortPassword => "short-password",
            Self::TrimmedPassword => "trimmed-password",
            Self::NormalisedPassword => "normalised-password",
            Self::EscapedPassword => "escaped-password",
            Self::CaseInsensitiveIds => "case-insensitive-ids",
            Self::PersonalData => "personal-data",
            Self::UnusualEmail => "unusual-email",
            Self::PhoneWithoutCountry => "phone-without-country",
            Self::SpreadsheetValues => "spreadsheet-values",
            Self::ProviderSignIn => "provider-sign-in",
            Self::HeavyLogin => "heavy-login",
        }
    }

    /// What happens, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ShortPassword => "passwords under 8 bytes cannot sign in",
            Self::TrimmedPassword => "passwords with outer blanks, quotes or backslashes may not match",
            Self::NormalisedPassword => "passwords typed in another Unicode form may not match",
            Self::EscapedPassword => "passwords with & < > or quotes do not match",
            Self::CaseInsensitiveIds => "ids that differ only in case are one id to Appwrite",
            Self::PersonalData => "the personal-data check can refuse a hash by accident",
            Self::UnusualEmail => "mail to these addresses may never arrive",
            Self::PhoneWithoutCountry => "phone numbers without a country code are left out",
            Self::SpreadsheetValues => "values look rewritten by a spreadsheet",
            Self::ProviderSignIn => "sign-in by a provider is linked anew, by verified e-mail",
            Self::HeavyLogin => "each login takes more than 128 MiB of memory",
        }
    }

    /// The sentence that says whom it concerns, and why.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::ShortPassword => {
                "the source allowed shorter passwords; their hash is right, but Appwrite refuses them at the login form"
            }
            Self::TrimmedPassword => {
                "WordPress trims passwords and escapes quotes and backslashes in them; Appwrite takes them as typed"
            }
            Self::NormalisedPassword => {
                "the source hashed the NFKC form of the password; Appwrite does not normalise what is typed"
            }
            Self::EscapedPassword => {
                "the source hashed & < > and quotes as HTML entities; Appwrite takes them as typed"
            }
            Self::CaseInsensitiveIds => {
                "these short ids have upper-case letters; another user of the project may have the same with other upper and lower case"
            }
            Self::PersonalData => {
                "where a project has the check on, a hash is refused that happens to contain a user's short id, name or \
                 address"
            }
            Self::UnusualEmail => "the domain is an IP address in brackets: few mail systems deliver there",
            Self::PhoneWithoutCountry => "Appwrite takes numbers with + and country code only",
            Self::SpreadsheetValues => "such as 1.5E+10 or #NAME?; the original value is gone",
            Self::ProviderSignIn => {
                "users without a password here: Appwrite links a provider to the user with the same address only if the \
                 provider says that the address is verified"
            }
            Self::HeavyLogin => "many logins at once can exhaust the server",
        }
    }

    /// The way out, as a sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ShortPassword => "tell support before the day; a password reset is the only cure",
            Self::TrimmedPassword | Self::NormalisedPassword | Self::EscapedPassword => {
                "few users are touched; a password reset cures it"
            }
            Self::CaseInsensitiveIds => "nothing for an empty project; else --ids derive avoids the question",
            Self::PersonalData => "switch off Auth → Security → Personal data in the project while importing",
            Self::UnusualEmail => "write to a few of them before the day",
            Self::PhoneWithoutCountry => "write them as +COUNTRYNUMBER in the source",
            Self::SpreadsheetValues => "export again and do not open the file in a spreadsheet",
            Self::ProviderSignIn => "set up the same providers in the project, and try one user of each",
            Self::HeavyLogin => "give the login servers memory, or spread the first evening",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The traps one record can fall into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrapSet(u16);

impl TrapSet {
    /// Adds a trap where the condition holds.
    pub fn set(&mut self, trap: Trap, condition: bool) {
        if condition {
            self.0 |= trap.bit();
        }
    }

    /// Whether the trap is in the set.
    #[must_use]
    pub const fn has(self, trap: Trap) -> bool {
        self.0 & trap.bit() != 0
    }

    /// What the source's own spelling shows, before planning cleans it.
    #[must_use]
    pub fn of_facts(facts: Facts) -> Self {
        let mut set = Self::default();
        set.set(Trap::PhoneWithoutCountry, facts.phone_without_country);
        set.set(Trap::SpreadsheetValues, facts.rewritten_by_spreadsheet);
        set
    }

    /// Adds what only the plan shows.
    pub fn add_plan(&mut self, source: &str, plan: &Plan<'_>, cost: Option<Cost>) {
        let CreateBody { user_id, email, name, password, .. } = &plan.create.body;
        let hashed = cost.is_some();
        self.set(Trap::ShortPassword, hashed && !requires_eight_bytes(source));
        self.set(Trap::TrimmedPassword, hashed && source == "wordpress");
        self.set(Trap::NormalisedPassword, matches!(plan.scheme, "better-auth" | "lucia"));
        self.set(Trap::EscapedPassword, hashed && source == "phpbb");
        self.set(Trap::UnusualEmail, email.as_deref().is_some_and(|email| email.ends_with(']')));
        // Generated ids are too long to meet by chance.
        self.set(Trap::CaseInsensitiveIds, user_id.len() < 16 && user_id.bytes().any(|b| b.is_ascii_uppercase()));
        // A four-letter word is in one bcrypt hash of 10^5, a three-letter one in one of 600.
        let short = |length: usize| (1..=3).contains(&length);
        let local = email.as_deref().map_or(0, |e| memchr::memchr(b'@', e.as_bytes()).unwrap_or(e.len()));
        let name = name.as_deref().unwrap_or_default();
        self.set(Trap::PersonalData, hashed && (short(user_id.len()) || short(local) || short(name.len())));
        let by_provider = password.is_none()
            && plan.bridged.is_none()
            && email.is_some()
            && Outcome::of_notes(&plan.notes) != Outcome::NeedsReset;
        self.set(Trap::ProviderSignIn, by_provider);
        self.set(Trap::HeavyLogin, cost.is_some_and(|cost| cost.mebibytes() > 128));
    }
}

/// Systems that have refused shorter passwords for as long as they wrote the formats that are read. Firebase, Supabase
/// and Devise ask for 6; WordPress, LDAP, htpasswd and most home-grown systems for nothing.
fn requires_eight_bytes(source: &str) -> bool {
    matches!(source, "auth0" | "clerk" | "better-auth" | "django" | "nhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_names_and_bits_are_unique() {
        let mut names = std::collections::HashSet::new();
        for trap in Trap::ALL {
            assert!(names.insert(trap.name()));
            let mut set = TrapSet::default();
            set.set(trap, true);
            assert_eq!(Trap::ALL.iter().filter(|t| set.has(**t)).count(), 1);
        }
    }
}
