//! Bad evenings: faults that strike at random, the same ones for the same seed.

pub mod pace;

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is done, then the connection is closed without an answer.
    DropAfterCommit,
    /// The connection is closed before anything is done.
    Reset,
    /// 429, as Appwrite answers it: without saying when to come back.
    RateLimit,
    /// 429 with `Retry-After: 1`, as a proxy in front may answer.
    RateLimitRetryAfter,
    /// 500
    ServerError,
    /// 503
    Unavailable,
    /// 503 where a password is typed, because the service that knows breached ones is away.
    PwnedUnavailable,
    /// Everything takes so much longer.
    Delay(Duration),
}

/// Faults and how often each strikes.
#[derive(Debug, Clone)]
pub struct Faults {
    seed: u64,
    odds: Vec<(Fault, f64)>,
}

impl FromStr for Faults {
    type Err = String;

    /// `seed=7,drop-after-commit=0.01,429=0.02,429-retry-after=0.01,500=0.01,503=0.01,pwned-503=0.01,reset=0.01,delay=0.02:200ms`:
    /// every part is a probability between 0 and 1; together at most 1.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self { seed: 1, odds: Vec::new() };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=PROBABILITY"))?;
            if name == "seed" {
                faults.seed = value.parse().map_err(|_| format!("seed `{value}` is not a whole number"))?;
                continue;
            }
            let (odds, rest) = value.split_once(':').map_or((value, None), |(odds, rest)| (odds, Some(rest)));
            let fault = match (name, rest) {
                ("drop-after-commit", None) => Fault::DropAfterCommit,
                ("reset", None) => Fault::Reset,
                ("429", None) => Fault::RateLimit,
                ("429-retry-after", None) => Fault::RateLimitRetryAfter,
                ("500", None) => Fault::ServerError,
                ("503", None) => Fault::Unavailable,
                ("pwned-503", None) => Fault::PwnedUnavailable,
                ("delay", Some(delay)) => Fault::Delay(duration(delay)?),
                _ => return Err(format!("`{part}` is not a fault")),
            };
            let odds: f64 = odds.parse().map_err(|_| format!("`{odds}` is not a probability"))?;
            if !(0.0..=1.0).contains(&odds) {
                return Err(format!("`{odds}` is not a probability between 0 and 1"));
            }
            faults.odds.push((fault, odds));
        }
        let sum: f64 = faults.odds.iter().map(|(_, odds)| odds).sum();
        if sum > 1.0 { Err(format!("the probabilities sum to {sum}, more than 1")) } else { Ok(faults) }
    }
}

/// `200ms`, `2s`, or a bare number of milliseconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => text.strip_suffix('s').map_or((text, 1), |number| (number, 1000)),
    };
    let number: u64 = number.trim().parse().map_err(|_| format!("`{text}` is not a duration like 200ms"))?;
    Ok(Duration::from_millis(number.saturating_mul(unit)))
}

/// Draws the faults of each request, the same ones for the same seed.
pub struct Dice {
    faults: Faults,
    random: Mutex<fastrand::Rng>,
}

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(faults: Faults) -> Self {
        let random = Mutex::new(fastrand::Rng::with_seed(faults.seed));
        Self { faults, random }
    }

    /// What happens to the next request.
    pub fn throw(&self) -> Option<Fault> {
        let mut fallen = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        self.faults.odds.iter().find_map(|(fault, odds)| {
            fallen -= odds;
            (fallen < 0.0).then_some(*fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_faults() {
        let throw = || {
            let dice = Dice::new("seed=7,429=0.2,reset=0.1,delay=0.1:20ms".parse().expect("faults"));
            (0..100).map(|_| dice.throw()).collect::<Vec<_>>()
        };
        let thrown = throw();
        assert_eq!(thrown, throw());
        assert!(thrown.contains(&Some(Fault::RateLimit)) && thrown.contains(&None));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["x=0.1", "429", "429=2", "429=0.6,500=0.6", "delay=0.1", "delay=0.1:soon", "seed=x"] {
            assert!(bad.parse::<Faults>().is_err(), "{bad}");
        }
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
    }
}
