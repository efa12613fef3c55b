//! The limits of sign-ins for clients without a key: so many an hour for each address, counted in hours of the clock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sandbox::clock;

/// Seconds of a window.
const WINDOW: i64 = 3600;

/// Windows remembered at most; beyond it those that are over are forgotten, and then all.
const REMEMBERED: usize = 100_000;

/// Attempts by project and what they are counted for.
pub struct Attempts {
    enforced: bool,
    windows: Mutex<HashMap<(i64, String), Window>>,
}

struct Window {
    hour: i64,
    attempts: u32,
}

/// Where an attempt stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Attempts a window.
    pub limit: u32,
    /// Attempts left after this one.
    pub remaining: u32,
    /// When the next window begins, in seconds since 1970.
    pub reset: i64,
    /// There was none left for this one.
    pub exhausted: bool,
}

impl Attempts {
    /// Limits that are enforced, or only shown.
    pub fn new(enforced: bool) -> Self {
        Self { enforced, windows: Mutex::default() }
    }

    /// Takes an attempt. One that is exempt (a key's) is told where it would stand, and is neither counted nor refused.
    pub fn take(&self, project: i64, what: &str, limit: u32, exempt: bool) -> Standing {
        let hour = clock::now_ms() / 1000 / WINDOW;
        let mut windows = self.windows();
        let taken =
            windows.get(&(project, what.to_owned())).filter(|window| window.hour == hour).map_or(0, |w| w.attempts);
        let counted = self.enforced && !exempt;
        let exhausted = counted && taken >= limit;
        if counted && !exhausted {
            if windows.len() >= REMEMBERED {
                windows.retain(|_, window| window.hour == hour);
            }
            if windows.len() >= REMEMBERED {
                windows.clear();
            }
            windows.insert((project, what.to_owned()), Window { hour, attempts: taken + 1 });
        }
        Standing { limit, remaining: limit.saturating_sub(taken + 1), reset: (hour + 1) * WINDOW, exhausted }
    }

    /// Forgets the attempts, as after a success.
    pub fn forget(&self, project: i64, what: &str) {
        if self.enforced {
            self.windows().remove(&(project, what.to_owned()));
        }
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<(i64, String), Window>> {
        // Every change is one step: a panic elsewhere leaves the map whole.
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Observed on a running server.
    #[test]
    fn ten_attempts_are_the_limit_and_a_key_is_exempt() {
        let attempts = Attempts::new(true);
        let left: Vec<u32> = (0..10).map(|_| attempts.take(1, "a@b.c", 10, false).remaining).collect();
        assert_eq!(left, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert!(attempts.take(1, "a@b.c", 10, false).exhausted);
        let keys = attempts.take(1, "a@b.c", 10, true);
        assert_eq!((keys.exhausted, keys.remaining), (false, 0));
        assert!(!attempts.take(2, "a@b.c", 10, false).exhausted);
        attempts.forget(1, "a@b.c");
        assert_eq!(attempts.take(1, "a@b.c", 10, false).remaining, 9);
        let shown = Attempts::new(false);
        assert!((0..20).all(|_| shown.take(1, "a@b.c", 10, false).remaining == 9));
    }
}
