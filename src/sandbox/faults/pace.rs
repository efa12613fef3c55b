//! How fast the sandbox is: latency, a limit of requests a second, and a knee beyond which it slows down.

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sandbox::faults::duration;

/// How long an answer takes, to about a millisecond, unless its work takes longer: the same always, or anything between two
/// bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    from: Duration,
    to: Duration,
}

impl FromStr for Latency {
    type Err = String;

    /// `20`, `20ms` or `20..80`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let latency = Self { from: duration(from)?, to: duration(to)? };
        if latency.from > latency.to { Err(format!("`{text}` ends before it begins")) } else { Ok(latency) }
    }
}

impl Latency {
    /// The next one.
    pub fn sample(&self) -> Duration {
        self.from + self.to.saturating_sub(self.from).mul_f64(fastrand::f64())
    }
}

/// Requests a second, counted in whole seconds as Appwrite counts its windows.
pub struct Limit {
    per_second: u32,
    /// Whether a refusal says when to come back, as a proxy does and Appwrite does not.
    retry_after: bool,
    window: Mutex<(Instant, u32)>,
}

/// Where a request stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Requests a window.
    pub limit: u32,
    /// Requests left in this one.
    pub remaining: u32,
    /// When the next window begins, in seconds since 1970.
    pub reset: i64,
    /// Whether this one is refused.
    pub refused: bool,
    /// Whether the refusal says when to come back.
    pub retry_after: bool,
}

impl Limit {
    /// A limit.
    pub fn new(per_second: u32, retry_after: bool) -> Self {
        Self { per_second, retry_after, window: Mutex::new((Instant::now(), 0)) }
    }

    /// Takes a place in the window.
    pub fn take(&self) -> Place {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0.elapsed() >= Duration::from_secs(1) {
            *window = (Instant::now(), 0);
        }
        let refused = window.1 >= self.per_second;
        if !refused {
            window.1 += 1;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX - 1);
        let remaining = self.per_second - window.1;
        Place { limit: self.per_second, remaining, reset: now + 1, refused, retry_after: self.retry_after }
    }
}

/// A knee: up to so many requests in flight each takes its time, beyond it all take longer in proportion.
pub struct Capacity {
    knee: usize,
    in_flight: AtomicUsize,
}

/// What a request costs at the knee: the time that grows beyond it.
const SERVICE_TIME: Duration = Duration::from_millis(5);

/// A request in flight.
pub struct InFlight<'a>(&'a Capacity);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Capacity {
    /// A knee at so many requests.
    pub fn new(knee: usize) -> Self {
        Self { knee: knee.max(1), in_flight: AtomicUsize::new(0) }
    }

    /// Counts a request in, and says how long it takes.
    pub fn enter(&self) -> (InFlight<'_>, Duration) {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let load = f64::from(u32::try_from(now).unwrap_or(u32::MAX)) / self.knee as f64;
        // Quadratic beyond the knee: more concurrency gives less throughput, as an overloaded server does.
        (InFlight(self), SERVICE_TIME.mul_f64(if load <= 1.0 { 1.0 } else { load * load }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_have_one_bound_or_two() {
        let fixed: Latency = "20".parse().expect("a latency");
        assert_eq!(fixed.sample(), Duration::from_millis(20));
        let range: Latency = "10ms..30ms".parse().expect("a latency");
        assert!((0..100).all(|_| (range.from..=range.to).contains(&range.sample())));
        assert!("30..10".parse::<Latency>().is_err() && "fast".parse::<Latency>().is_err());
    }

    #[test]
    fn requests_beyond_the_limit_are_refused() {
        let limit = Limit::new(3, false);
        let refused: Vec<bool> = (0..5).map(|_| limit.take().refused).collect();
        assert_eq!(refused, [false, false, false, true, true]);
    }

    #[test]
    fn beyond_the_knee_everything_takes_longer() {
        let capacity = Capacity::new(2);
        let (_first, a) = capacity.enter();
        let (_second, b) = capacity.enter();
        let (third, c) = capacity.enter();
        assert!(a == b && c > b);
        drop(third);
        assert_eq!(capacity.in_flight.load(Ordering::Relaxed), 2);
    }
}
