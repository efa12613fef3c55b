//! Appwrite's versions, and what differs between them for an importer: one table, [`PROFILES`].

use std::fmt;
use std::str::FromStr;

/// A server version, `1.9.6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 1 in every version that has the Users API.
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

    /// The newest version whose behaviour was observed; the default of offline commands.
    pub const NEWEST: Self = Self::new(1, 9, 6);

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

/// What an importer must know of a range of versions. Source: the Appwrite tags 1.4.0 … 1.9.6 and running 1.6.2, 1.7.5,
/// 1.8.0, 1.8.1 and 1.9.6 servers.
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
}

/// One row a range of versions, oldest first.
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
    },
    Profile {
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
    },
];

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
        assert_eq!(profile("2.0.0"), "1.9");
        assert_eq!(profile("1.2.0"), "1.4");
    }

    #[test]
    fn versions_that_are_none_are_refused() {
        for s in ["", "1", "1.x", "1.2.3.4", "nine"] {
            assert!(s.parse::<Version>().is_err(), "{s}");
        }
    }
}
