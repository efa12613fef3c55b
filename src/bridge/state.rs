//! What becomes of a sealed hash, and what there is to count.

use std::collections::BTreeMap;

use serde::Serialize;

use super::key::Tag;

/// Where a user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The hash waits for the first sign-in.
    Pending = 0,
    /// The password was right, and Appwrite would not take it: the user signs in by a token, and the hash stays.
    TokenOnly = 1,
    /// Appwrite has the password.
    Migrated = 2,
    /// The user set another password in the meantime, which is the one that counts.
    Superseded = 3,
    /// The target no longer has the user.
    Gone = 4,
    /// The time was up.
    Expired = 5,
}

impl State {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::TokenOnly, Self::Migrated, Self::Superseded, Self::Gone, Self::Expired];

    /// The state of a number in the store.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == number)
    }

    /// As `bridge status` writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::TokenOnly => "token_only",
            Self::Migrated => "migrated",
            Self::Superseded => "superseded",
            Self::Gone => "gone",
            Self::Expired => "expired",
        }
    }

    /// Whether the hash is still needed, and there.
    #[must_use]
    pub const fn holds_hash(self) -> bool {
        matches!(self, Self::Pending | Self::TokenOnly)
    }
}

/// One user of the store. Holds no address and no name, and the hash only sealed.
#[derive(Clone)]
pub struct Entry {
    /// The id at Appwrite.
    pub user_id: String,
    /// Where the user stands.
    pub state: State,
    /// The scheme of the hash, by `rehome schemes`.
    pub scheme: String,
    /// Wrong passwords within the window.
    pub failures: u32,
    /// When the first of them came, in Unix seconds; 0 for none.
    pub window: i64,
    /// When anything of the entry last changed, in Unix seconds.
    pub changed: i64,
    /// The credential as rehome left it at Appwrite.
    pub(super) left: Tag,
    /// None once it was purged.
    pub(super) sealed: Option<Vec<u8>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("user_id", &self.user_id).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Entry {
    /// Wrong passwords that still count at `now` (Unix seconds), where a window is `length` seconds.
    #[must_use]
    pub const fn failures_at(&self, now: i64, length: i64) -> u32 {
        // A clock that was set back begins a new window rather than one that never ends.
        let passed = now.saturating_sub(self.window);
        if passed >= 0 && passed < length { self.failures } else { 0 }
    }
}

/// How many users stand where. What `bridge status` shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The project at Appwrite.
    pub project: String,
    /// When the hashes are to be purged, in Unix seconds; none once the bridge was ended.
    pub until: Option<i64>,
    /// By scheme and state.
    pub by_scheme: BTreeMap<String, BTreeMap<State, u64>>,
    /// Events by day (`2026-11-27`, UTC), latest first.
    pub by_day: Vec<(String, BTreeMap<String, u64>)>,
}

impl Status {
    /// Both together, of two stores of one project; days are those of this one.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.until = self.until.max(other.until);
        for (scheme, states) in other.by_scheme {
            let all = self.by_scheme.entry(scheme).or_default();
            for (state, n) in states {
                *all.entry(state).or_default() += n;
            }
        }
        self
    }

    /// Users in a state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        self.by_scheme.values().filter_map(|states| states.get(&state)).sum()
    }
}
