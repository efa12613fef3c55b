//! The limit of sign-ins per address, for clients without a key: ten an hour.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::traits::Traits;

const ATTEMPTS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(3600);

/// Addresses remembered at most; beyond it the oldest windows are forgotten.
const REMEMBERED: usize = 100_000;

struct Window {
    since: Instant,
    attempts: u32,
}

/// Attempts by project and address.
pub struct Abuse {
    enabled: bool,
    windows: Mutex<HashMap<(i64, String), Window>>,
}

impl Abuse {
    /// A limit that is enforced, or not.
    pub fn new(enabled: bool) -> Self {
        Self { enabled, windows: Mutex::default() }
    }

    /// Whether another attempt is allowed.
    ///
    /// # Errors
    /// 429, however right the password would be.
    pub fn check(&self, project: i64, email: &str) -> ApiResult<()> {
        let windows = self.windows();
        let window = windows.get(&(project, email.to_owned()));
        let exhausted = window.is_some_and(|w| w.since.elapsed() < WINDOW && w.attempts >= ATTEMPTS);
        if self.enabled && exhausted { Err(ApiError::rate_limited()) } else { Ok(()) }
    }

    /// Counts an attempt as the version does.
    pub fn note(&self, project: i64, email: &str, success: bool, traits: &Traits) {
        if !self.enabled {
            return;
        }
        let mut windows = self.windows();
        let key = (project, email.to_owned());
        if success && traits.abuse_counts_failures {
            windows.remove(&key);
            return;
        }
        if windows.len() >= REMEMBERED {
            windows.retain(|_, window| window.since.elapsed() < WINDOW / 2);
        }
        let window = windows.entry(key).or_insert_with(|| Window { since: Instant::now(), attempts: 0 });
        if window.since.elapsed() >= WINDOW {
            *window = Window { since: Instant::now(), attempts: 0 };
        }
        window.attempts += 1;
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<(i64, String), Window>> {
        // Every change is one step: a panic elsewhere leaves the map whole.
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appwrite::Version;

    /// Observed on running servers.
    #[test]
    fn ten_failures_are_the_limit_and_a_success_resets_them_from_1_9() {
        let (old, new) = (Traits::of(Version::new(1, 8, 1)), Traits::of(Version::NEWEST));
        let count = |traits: &Traits, successes: bool| {
            let abuse = Abuse::new(true);
            (0..20)
                .take_while(|_| abuse.check(1, "a@b.c").map(|()| abuse.note(1, "a@b.c", successes, traits)).is_ok())
                .count()
        };
        assert_eq!((count(&new, false), count(&new, true)), (10, 20));
        assert_eq!((count(&old, false), count(&old, true)), (10, 10));
    }
}
