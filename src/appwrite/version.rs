//! Appwrite's versions, and what differs between them for an importer: one table, [`PROFILES`].

use std::fmt;
use std::str::FromStr;

/// A server version, `1.9.6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The major version.
    pub major: u16,
    /// The minor version.
    pub minor: u16,
    /// The patch version.
    pub patch: u16,
}

impl Version {
    /// `Version::new(1, 9, 6)`
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// The newest version that the table knows; the default of offline commands. What is known of it and how, says
    /// [`PROFILES`].
    pub const NEWEST: Self = Self::new(2, 6, 2);

    /// Whether it is newer than what the table knows, and so taken for its newest row.
    #[must_use]
    pub fn is_beyond_the_table(self) -> bool {
        self > Self::NEWEST
    }

    /// What an importer must know of this version. Versions newer than the table are taken for its newest row, older
    /// ones than 1.4 for its oldest.
    #[must_use]
    pub fn profile(self) -> &'static Profile {
        PROFILES.iter().rev().find(|p| p.since <= self).unwrap_or(&PROFILES[0])
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = String;

    /// `1.9.6`, `1.9` (patch 0 is assumed to be meant as the newest of the line's behaviour: 1.8 reads as 1.8.1) and a
    /// suffix such as `-RC1`, which is ignored.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let bad = || format!("`{s}` is not a version like 1.9.6");
        let core = s.trim().trim_start_matches('v').split(['-', '+', ' ']).next().unwrap_or_default();
        let mut parts = core.split('.').map(|p| p.parse::<u16>().map_err(|_| bad()));
        let major = parts.next().ok_or_else(bad)??;
        let minor = parts.next().ok_or_else(bad)??;
        let patch = parts.next().transpose()?;
        if parts.next().is_some() {
            return Err(bad());
        }
        let patch = patch.unwrap_or(u16::from((major, minor) == (1, 8)));
        Ok(Self { major, minor, patch })
    }
}

/// What an importer must know of a range of versions.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of independent facts")]
pub struct Profile {
    /// The name of the range, for people: `1.5–1.8.0`.
    pub name: &'static str,
    /// The first version of the range.
    pub since: Version,
    /// `passwordVersion` when omitted.
    pub sha_default: &'static str,
    /// `sha512/224` and `sha512/256` are created and sign in; else the create answers 500.
    pub sha512_truncated: bool,
    /// Impossible scrypt parameters are created (201) and every login answers 500; else the create answers 500.
    pub scrypt_unchecked: bool,
    /// URL-safe base64 in a scrypt-modified salt, separator or key is created and mis-decoded; else the create answers 500.
    pub base64_unchecked: bool,
    /// scrypt-modified verifies passwords with non-ASCII characters.
    pub scrypt_modified_utf8: bool,
    /// Hashes and login passwords may be at most 256 bytes long.
    pub max_256_bytes: bool,
    /// Labels a user may have.
    pub max_labels: usize,
    /// Longest user id that is certain to be accepted.
    pub max_user_id: usize,
    /// `queries[]` are JSON (else `limit(25)` text, which is not spoken here: such a server is planned for, never sent to).
    pub json_queries: bool,
    /// Leading and trailing blanks of an address are stored verbatim; else the create answers 400.
    pub email_blanks_stored: bool,
    /// Numbers of the calling codes in [`super::rules::REFUSED_CALLING_CODES`] are refused (400), though they exist.
    pub calling_codes_refused: bool,
    /// A sign-in stores Argon2 hashes of other costs than the server's own anew; else hashes of other schemes alone. Not
    /// known of 2.3 and 2.4, where it may be: an Argon2 hash that has become another one is a re-hash there.
    pub argon2_rehashed: bool,
    /// A project may refuse addresses: free, disposable, aliased or not corporate ones (400 `user_email_…`).
    pub email_policies: bool,
    /// A project may have passwords looked up among breached ones: 412 at a sign-in with the right password, 503 where the
    /// service that knows them is away.
    pub pwned_policy: bool,
}

/// One row a range of versions, oldest first.
///
/// Up to 1.9 every value was observed on running servers, as was 2.0 on a main of August 2026 that was about to become it. Of
/// 2.2 and later the published source, tests, SDKs and documentation were read, and where they leave something open the row
/// says the answer with which nobody is lost.
pub const PROFILES: &[Profile] = &[
    Profile {
        name: "1.4",
        since: Version::new(1, 4, 0),
        sha_default: "sha3-512",
        sha512_truncated: true,
        scrypt_unchecked: true,
        base64_unchecked: true,
        scrypt_modified_utf8: false,
        max_256_bytes: false,
        max_labels: 100,
        max_user_id: 36,
        json_queries: false,
        email_blanks_stored: false,
        calling_codes_refused: false,
        argon2_rehashed: false,
        email_policies: false,
        pwned_policy: false,
    },
    Profile {
        name: "1.5–1.8.0",
        since: Version::new(1, 5, 0),
        sha_default: "sha3-512",
        sha512_truncated: true,
        scrypt_unchecked: true,
        base64_unchecked: true,
        scrypt_modified_utf8: true,
        max_256_bytes: true,
        max_labels: 1000,
        max_user_id: 36,
        json_queries: true,
        email_blanks_stored: false,
        calling_codes_refused: false,
        argon2_rehashed: false,
        email_policies: false,
        pwned_policy: false,
    },
    Profile {
        name: "1.8.1",
        since: Version::new(1, 8, 1),
        sha_default: "sha256",
        sha512_truncated: false,
        scrypt_unchecked: false,
        base64_unchecked: false,
        scrypt_modified_utf8: true,
        max_256_bytes: true,
        max_labels: 1000,
        max_user_id: 36,
        json_queries: true,
        email_blanks_stored: false,
        calling_codes_refused: false,
        argon2_rehashed: false,
        email_policies: false,
        pwned_policy: false,
    },
    ROW_1_9,
    Profile { name: "2.0–2.1", since: Version::new(2, 0, 0), calling_codes_refused: true, ..ROW_1_9 },
    Profile { name: "2.2", since: Version::new(2, 2, 0), calling_codes_refused: true, email_policies: true, ..ROW_1_9 },
    Profile {
        name: "2.3–2.4",
        since: Version::new(2, 3, 0),
        calling_codes_refused: true,
        email_policies: true,
        pwned_policy: true,
        argon2_rehashed: true,
        ..ROW_1_9
    },
    Profile { name: "2.5", since: Version::new(2, 5, 0), ..NEWEST_ROW },
    NEWEST_ROW,
];

const ROW_1_9: Profile = Profile {
    name: "1.9",
    since: Version::new(1, 9, 0),
    sha_default: "sha256",
    sha512_truncated: false,
    scrypt_unchecked: false,
    base64_unchecked: false,
    scrypt_modified_utf8: true,
    max_256_bytes: true,
    max_labels: 1000,
    max_user_id: 36,
    json_queries: true,
    email_blanks_stored: true,
    calling_codes_refused: false,
    argon2_rehashed: false,
    email_policies: false,
    pwned_policy: false,
};

/// What is known of 2.6, and what newer versions are taken for.
const NEWEST_ROW: Profile = Profile {
    name: "2.6",
    since: Version::new(2, 6, 0),
    calling_codes_refused: true,
    argon2_rehashed: true,
    email_policies: true,
    pwned_policy: true,
    ..ROW_1_9
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_break_is_between_1_8_0_and_1_8_1() {
        let profile = |v: &str| v.parse::<Version>().expect("a version").profile().name;
        assert_eq!(profile("1.4.13"), "1.4");
        assert_eq!(profile("1.6.2"), "1.5–1.8.0");
        assert_eq!(profile("1.8.0"), "1.5–1.8.0");
        assert_eq!(profile("1.8.1"), "1.8.1");
        assert_eq!(profile("1.8"), "1.8.1");
        assert_eq!(profile("1.9.6"), "1.9");
        assert_eq!(profile("1.9.10"), "1.9");
        assert_eq!(profile("2.0.0"), "2.0–2.1");
        assert_eq!(profile("2.1.3"), "2.0–2.1");
        assert_eq!(profile("2.2.0"), "2.2");
        assert_eq!(profile("2.4.1"), "2.3–2.4");
        assert_eq!(profile("2.5.0"), "2.5");
        assert_eq!(profile("2.6.2"), "2.6");
        assert_eq!(profile("3.0.0"), "2.6");
        assert_eq!(profile("1.2.0"), "1.4");
    }

    #[test]
    fn rows_are_in_order_and_the_last_is_the_newest() {
        assert!(PROFILES.windows(2).all(|rows| rows[0].since < rows[1].since));
        assert_eq!(Version::NEWEST.profile(), &PROFILES[PROFILES.len() - 1]);
        assert!(!Version::NEWEST.is_beyond_the_table() && Version::new(2, 6, 3).is_beyond_the_table());
    }

    #[test]
    fn versions_that_are_none_are_refused() {
        for s in ["", "1", "1.x", "1.2.3.4", "nine"] {
            assert!(s.parse::<Version>().is_err(), "{s}");
        }
    }
}
