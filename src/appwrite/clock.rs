//! The server's time, learnt from its answers. What is ours, what is new and how long a pause lasts is decided by it alone:
//! this machine's own clock may be hours off, jump, or go backwards, so only its monotonic one is used.
//!
//! `Date` has whole seconds and may be a proxy's; the `$createdAt` of a create that was just answered has milliseconds and
//! is of the clock that later decides, so the first of these takes the place of all dates. Every sample bounds the server's
//! time from both sides, because it was taken between sending and receiving; together they leave milliseconds.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// By how much the clocks of servers behind one name may differ, in milliseconds.
const SPREAD: i64 = 2000;
/// By how much this machine's clock may be wrong while no answer has told the time, in milliseconds.
const UNKNOWN: i64 = 15 * 60 * 1000;

/// The clock of one server. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started: Instant,
    known: Mutex<Option<Bounds>>,
    /// By how much `Date` turned out to be ahead, in milliseconds.
    ahead: AtomicI64,
    /// Whether nobody has taken notice of it yet.
    news: AtomicBool,
}

/// The server's time at `started`, in Unix milliseconds, lies between these.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    low: i64,
    high: i64,
    stamped: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            known: Mutex::new(None),
            ahead: AtomicI64::new(0),
            news: AtomicBool::new(false),
        }))
    }
}

impl Clock {
    /// An answer to what was sent at `sent`, and has arrived now, carries this `Date` (Unix seconds).
    pub fn saw_date(&self, sent: Instant, seconds: i64) {
        let date = seconds.saturating_mul(1000);
        self.saw(sent, date, date.saturating_add(999), false);
    }

    /// Something was made between `sent` and now, and the server says when (Unix milliseconds).
    pub fn saw_stamp(&self, sent: Instant, at: i64) {
        self.saw(sent, at, at, true);
    }

    fn saw(&self, sent: Instant, first: i64, last: i64, stamped: bool) {
        let low = first.saturating_sub(self.elapsed(Instant::now()));
        let high = last.saturating_sub(self.elapsed(sent));
        let mut known = self.known();
        if let Some(before) = *known
            && stamped
            && !before.stamped
            && before.low > high + SPREAD
        {
            // From bound to bound: a create may take seconds, and what was noted must not stay too late by them.
            self.0.ahead.store(before.low - low, Ordering::Relaxed);
            self.0.news.store(true, Ordering::Relaxed);
        }
        *known = match *known {
            Some(before) if before.stamped && !stamped => Some(before),
            Some(before) if before.stamped == stamped && low <= before.high && before.low <= high => {
                Some(Bounds { low: low.max(before.low), high: high.min(before.high), stamped })
            }
            // The first, a better one, or the server's clock was set.
            _ => Some(Bounds { low, high: high.max(low), stamped }),
        };
    }

    /// By how many milliseconds `Date` was ahead of the clock that decides, once it turns out: moments that were noted by it
    /// before are too late by so much. 0 if it is not known to be.
    #[must_use]
    pub fn date_ahead(&self) -> i64 {
        self.0.ahead.load(Ordering::Relaxed)
    }

    /// [`Clock::date_ahead`] to the first who asks, 0 afterwards.
    #[must_use]
    pub fn take_date_ahead(&self) -> i64 {
        let news = self.0.news.load(Ordering::Relaxed) && self.0.news.swap(false, Ordering::Relaxed);
        if news { self.date_ahead() } else { 0 }
    }

    /// Whether a create was answered, which tells the time of the clock that decides.
    #[must_use]
    pub fn is_stamped(&self) -> bool {
        self.known().is_some_and(|known| known.stamped)
    }

    /// The server's time, as well as it is known, in Unix milliseconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        match *self.known() {
            Some(Bounds { low, high, .. }) => low + (high - low) / 2 + self.elapsed(Instant::now()),
            None => jiff::Timestamp::now().as_millisecond(),
        }
    }

    /// A moment that the server's clock has surely passed, whichever of its machines is asked.
    #[must_use]
    pub fn earliest(&self) -> i64 {
        self.surely_passed(Instant::now())
    }

    /// What the server's clock had surely passed at a moment of this machine, by all that is known now.
    #[must_use]
    pub fn surely_passed(&self, moment: Instant) -> i64 {
        if let Some(Bounds { low, .. }) = *self.known() {
            return low + self.elapsed(moment) - SPREAD;
        }
        let since = i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX);
        jiff::Timestamp::now().as_millisecond().saturating_sub(since) - UNKNOWN
    }

    /// The server's time at a moment of this machine, at the least; `None` if no answer has told it.
    #[must_use]
    pub fn at(&self, moment: Instant) -> Option<i64> {
        self.known().map(|known| known.low + self.elapsed(moment))
    }

    /// How far apart the bounds are, in milliseconds; `i64::MAX` if no answer has told the time.
    #[must_use]
    pub fn width(&self) -> i64 {
        self.known().map_or(i64::MAX, |known| known.high - known.low)
    }

    fn elapsed(&self, at: Instant) -> i64 {
        i64::try_from(at.saturating_duration_since(self.0.started).as_millis()).unwrap_or(i64::MAX)
    }

    fn known(&self) -> MutexGuard<'_, Option<Bounds>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn the_servers_clock_is_learnt_whatever_this_machines_says() {
        for off in [-2 * HOUR, 0, 2 * HOUR] {
            let clock = Clock::default();
            let truth = jiff::Timestamp::now().as_millisecond() + off;
            clock.saw_date(Instant::now(), truth.div_euclid(1000));
            assert!((clock.now() - truth).abs() <= 1100, "{}", clock.now() - truth);
            assert!(clock.earliest() <= truth && clock.at(Instant::now()).is_some_and(|at| at <= truth + 100));
            clock.saw_stamp(Instant::now(), truth + 250);
            assert!((clock.now() - truth - 250).abs() < 100);
        }
    }

    #[test]
    fn dates_around_the_turn_of_a_second_tell_milliseconds() {
        let clock = Clock::default();
        let began = Instant::now();
        while clock.width() > 60 {
            clock.saw_date(Instant::now(), jiff::Timestamp::now().as_second());
            assert!(began.elapsed().as_millis() < 1500, "{}", clock.width());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!((clock.now() - jiff::Timestamp::now().as_millisecond()).abs() < 100);
    }

    #[test]
    fn a_stamp_outweighs_a_date_that_is_wrong() {
        let clock = Clock::default();
        let truth = jiff::Timestamp::now().as_millisecond();
        clock.saw_date(Instant::now(), (truth + 2 * HOUR) / 1000);
        clock.saw_stamp(Instant::now(), truth);
        clock.saw_date(Instant::now(), (truth + 2 * HOUR) / 1000);
        assert!((clock.now() - truth).abs() < 1000);
        assert!((clock.take_date_ahead() - 2 * HOUR).abs() < 3000 && clock.take_date_ahead() == 0);
    }

    #[test]
    fn what_was_noted_by_a_date_that_is_ahead_is_early_enough_however_long_the_create_took() {
        let clock = Clock::default();
        let sent = Instant::now();
        let truth = jiff::Timestamp::now().as_millisecond();
        clock.saw_date(sent, (truth + 2 * HOUR) / 1000);
        let noted = clock.earliest();
        // Made at once, answered three seconds later.
        let started = sent.checked_sub(std::time::Duration::from_secs(3)).expect("the machine runs for longer");
        clock.saw_stamp(started, truth);
        assert!(noted - clock.take_date_ahead() <= truth);
        assert!(clock.surely_passed(sent) <= truth);
    }

    #[test]
    fn without_an_answer_the_bounds_are_wide() {
        let clock = Clock::default();
        let now = jiff::Timestamp::now().as_millisecond();
        assert!(clock.earliest() < now - HOUR / 5 && (clock.now() - now).abs() < 1000);
    }
}
