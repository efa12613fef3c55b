//! A very large import spread over several processes.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Planned;

/// A stable part of the users: the `index`th of `of`, counting from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shard {
    /// Which part.
    pub index: u32,
    /// Of how many; 0 and 1 both mean all users.
    pub of: u32,
}

impl Shard {
    /// Whether a record belongs here, by a hash of the user id, or by its number where no user comes of it.
    #[must_use]
    pub fn takes(self, record: u64, planned: &Planned<'_>) -> bool {
        match planned {
            _ if self.of <= 1 => true,
            Planned::Create(plan) => self.takes_hash(xxh3_64(plan.user_id.as_bytes())),
            Planned::Refused(_) => self.takes_hash(record),
        }
    }

    fn takes_hash(self, hash: u64) -> bool {
        hash % u64::from(self.of) == u64::from(self.index)
    }
}

impl std::fmt::Display for Shard {
    /// `I/N`; empty for all users.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.of > 1 { write!(f, "{}/{}", self.index, self.of) } else { Ok(()) }
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a shard like 0/8: I from 0 to N-1");
        let (index, of) = text.split_once('/').ok_or_else(bad)?;
        let shard = Self { index: index.parse().map_err(|_| bad())?, of: of.parse().map_err(|_| bad())? };
        if shard.index < shard.of { Ok(shard) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_in_exactly_one_shard() {
        for of in [2, 3, 8] {
            let mut sizes = vec![0; of as usize];
            for user in 0..3_000_u64 {
                let hash = xxh3_64(format!("user-{user}").as_bytes());
                let takers: Vec<_> = (0..of).filter(|&index| Shard { index, of }.takes_hash(hash)).collect();
                assert_eq!(takers.len(), 1);
                sizes[takers[0] as usize] += 1;
            }
            let fair = 3_000 / of as usize;
            assert!(sizes.iter().all(|size| *size > fair * 8 / 10), "{sizes:?}");
        }
    }
    #[test]
    fn shards_are_written_as_fractions() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, of: 8 }));
        assert_eq!(Shard { index: 2, of: 8 }.to_string(), "2/8");
        for bad in ["8/8", "1", "-1/2", "a/b", "0/0"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
