//! What a run left of a user at the target, a few bytes an attribute: enough to see later which attributes the source has
//! changed since, and which somebody else has, without keeping any.

use xxhash_rust::xxh3::xxh3_64;

/// An attribute of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The hash, or the plain password.
    Password,
    /// The address.
    Email,
    /// The number.
    Phone,
    /// The name.
    Name,
    /// The labels, as a set.
    Labels,
    /// The preferences.
    Prefs,
    /// Whether the user may sign in.
    Status,
    /// Whether the address is verified.
    EmailVerification,
    /// Whether the number is verified.
    PhoneVerification,
}

impl Field {
    /// All of them: first those that have a digest, then those that are true or false.
    pub const ALL: [Self; 9] = [
        Self::Password,
        Self::Email,
        Self::Phone,
        Self::Name,
        Self::Labels,
        Self::Prefs,
        Self::Status,
        Self::EmailVerification,
        Self::PhoneVerification,
    ];

    /// The attribute's name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Email => "e-mail",
            Self::Phone => "phone",
            Self::Name => "name",
            Self::Labels => "labels",
            Self::Prefs => "preferences",
            Self::Status => "status",
            Self::EmailVerification => "e-mail verification",
            Self::PhoneVerification => "phone verification",
        }
    }

    /// The attribute of a name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Fields that have a digest: the first of [`Field::ALL`].
pub const DIGESTS: usize = 6;
/// Bytes in the file.
const BYTES: usize = 1 + 4 * DIGESTS;

/// A user's attributes as they were left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    flags: u8,
    digests: [u32; DIGESTS],
}

impl Left {
    /// The value of a field: a digest, 0 for none; or 1 for true.
    #[must_use]
    pub const fn get(&self, field: Field) -> u32 {
        let place = field as usize;
        if place < DIGESTS { self.digests[place] } else { (self.flags >> (place - DIGESTS) & 1) as u32 }
    }

    /// Sets the value of a field.
    pub const fn set(&mut self, field: Field, value: u32) {
        let place = field as usize;
        if place < DIGESTS {
            self.digests[place] = value;
        } else {
            let bit = 1 << (place - DIGESTS);
            self.flags = if value == 0 { self.flags & !bit } else { self.flags | bit };
        }
    }

    /// Eight bytes that stand for all of it where millions are kept in memory.
    #[must_use]
    pub fn digest(self) -> u64 {
        xxh3_64(&self.to_bytes())
    }

    pub(super) fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [self.flags; BYTES];
        for (place, digest) in bytes[1..].chunks_exact_mut(4).zip(self.digests) {
            place.copy_from_slice(&digest.to_le_bytes());
        }
        bytes
    }

    /// `None` for what this program never writes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (flags, rest) = bytes.split_first().filter(|(flags, rest)| **flags < 8 && rest.len() == 4 * DIGESTS)?;
        let mut left = Self { flags: *flags, ..Self::default() };
        for (digest, word) in left.digests.iter_mut().zip(rest.chunks_exact(4)) {
            *digest = u32::from_le_bytes(word.try_into().ok()?);
        }
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_keeps_its_own_value_through_the_file() {
        let mut left = Left::default();
        for (n, field) in Field::ALL.into_iter().enumerate() {
            let value = if n < DIGESTS { n as u32 + 0xabcd_0001 } else { 1 };
            left.set(field, value);
            assert_eq!(Field::ALL.map(|other| left.get(other) != 0).iter().filter(|set| **set).count(), n + 1);
            assert_eq!(Left::from_bytes(&left.to_bytes()).map(|left| left.get(field)), Some(value));
        }
        left.set(Field::Status, 0);
        assert_eq!(left.get(Field::Status), 0);
        assert_eq!(left.to_bytes().len(), 25);
        assert_eq!(Left::from_bytes(&[0; 24]), None);
        assert_eq!(Left::from_bytes(&[9; 25]), None);
    }
}
