//! How an import went over time: users and errors a slot, and how long answers took. A few kilobytes however long it
//! lasts: when the slots run out, neighbours are joined and each covers twice the time.

use std::time::Duration;

use crate::report::pace::{Pace, Quantile};

const SLOTS: usize = 240;
/// Histogram buckets for each doubling of the latency: values are kept to within 9 %.
const PER_OCTAVE: f64 = 8.0;
const BUCKETS: usize = 8 * 28;

/// What a run's requests looked like from here.
#[derive(Debug, Clone)]
pub struct Metrics {
    seconds_a_slot: u32,
    slots: Vec<Slot>,
    latency: Vec<u64>,
    slowest: Duration,
    answers: u64,
    errors: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    users: u64,
    answers: u64,
    errors: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            seconds_a_slot: 1,
            slots: Vec::new(),
            latency: vec![0; BUCKETS],
            slowest: Duration::ZERO,
            answers: 0,
            errors: 0,
        }
    }
}

impl Metrics {
    /// A request ended `at` this time after the start of the run, after `latency`. `error`: it has to be repeated, or
    /// was refused, or got no answer at all.
    pub fn answer(&mut self, at: Duration, latency: Duration, error: bool) {
        self.answers += 1;
        self.errors += u64::from(error);
        let slot = self.slot(at);
        slot.answers += 1;
        slot.errors += u64::from(error);
        self.latency[bucket(latency)] += 1;
        self.slowest = self.slowest.max(latency);
    }

    /// A user is complete.
    pub fn user_done(&mut self, at: Duration) {
        self.slot(at).users += 1;
    }

    fn slot(&mut self, at: Duration) -> &mut Slot {
        let index = |width: u32| usize::try_from(at.as_secs() / u64::from(width)).unwrap_or(usize::MAX);
        while index(self.seconds_a_slot) >= SLOTS {
            self.seconds_a_slot *= 2;
            self.slots = self
                .slots
                .chunks(2)
                .map(|pair| {
                    pair.iter().fold(Slot::default(), |sum, slot| Slot {
                        users: sum.users + slot.users,
                        answers: sum.answers + slot.answers,
                        errors: sum.errors + slot.errors,
                    })
                })
                .collect();
        }
        let index = index(self.seconds_a_slot);
        if self.slots.len() <= index {
            self.slots.resize(index + 1, Slot::default());
        }
        &mut self.slots[index]
    }

    /// The run's pace, for the report.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let quantile = |q: f64| {
            let rank = (q * self.answers as f64).ceil().max(1.0);
            let mut seen = 0.0;
            let found = self.latency.iter().position(|&count| {
                seen += count as f64;
                seen >= rank
            });
            found.map_or(0.0, upper_edge).min(self.slowest.as_secs_f64() * 1000.0)
        };
        let latency = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0]
            .into_iter()
            .map(|q| Quantile { percent: q * 100.0, millis: round(quantile(q)) })
            .collect();
        Pace {
            requests: self.answers,
            errors: self.errors,
            seconds_a_slot: self.seconds_a_slot,
            users: self.slots.iter().map(|slot| slot.users).collect(),
            requests_a_slot: self.slots.iter().map(|slot| slot.answers).collect(),
            errors_a_slot: self.slots.iter().map(|slot| slot.errors).collect(),
            latency: if self.answers == 0 { Vec::new() } else { latency },
        }
    }
}

// Bucket i holds latencies up to 2^(i/8) × 10 µs: 224 of them reach past 40 minutes.
fn bucket(latency: Duration) -> usize {
    let steps = (latency.as_secs_f64() / 1e-5).max(1.0).log2() * PER_OCTAVE;
    #[expect(clippy::cast_sign_loss, reason = "the logarithm of something that is at least one")]
    let i = steps.ceil() as usize;
    i.min(BUCKETS - 1)
}

fn upper_edge(bucket: usize) -> f64 {
    2f64.powf(bucket as f64 / PER_OCTAVE) * 1e-2
}

fn round(millis: f64) -> f64 {
    (millis * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_slots_are_joined() {
        let mut metrics = Metrics::default();
        for second in 0..5_000 {
            metrics.user_done(Duration::from_secs(second));
            metrics.answer(Duration::from_secs(second), Duration::from_millis(3), second % 10 == 0);
        }
        let pace = metrics.pace();
        assert_eq!(pace.seconds_a_slot, 32);
        assert!(pace.users.len() <= SLOTS);
        assert_eq!(pace.users.iter().sum::<u64>(), 5_000);
        assert_eq!(pace.errors_a_slot.iter().sum::<u64>(), 500);
        assert_eq!((pace.requests, pace.errors), (5_000, 500));
    }

    #[test]
    fn parts_of_an_import_add_up_slot_by_slot() {
        let part = |seconds: u64| {
            let mut metrics = Metrics::default();
            for second in 0..seconds {
                metrics.user_done(Duration::from_secs(second));
                metrics.answer(Duration::from_secs(second), Duration::from_millis(seconds), false);
            }
            metrics.pace()
        };
        let (short, long) = (part(100), part(1_000));
        let [mut a, mut b] = [short.clone(), long.clone()];
        a.merge(long);
        b.merge(short);
        assert_eq!(a, b);
        assert_eq!((a.seconds_a_slot, a.requests), (8, 1_100));
        assert_eq!(a.users.iter().sum::<u64>(), 1_100);
        assert_eq!((a.users[0], a.users[20]), (16, 8));
        assert!(a.latency[0].millis >= 1_000.0);
    }

    #[test]
    fn percentiles_are_within_a_tenth() {
        let mut metrics = Metrics::default();
        for i in 1..=1_000 {
            metrics.answer(Duration::ZERO, Duration::from_millis(i), false);
        }
        for Quantile { percent, millis } in metrics.pace().latency {
            let exact = percent * 10.0;
            assert!(millis >= exact * 0.99 && millis <= exact * 1.1, "p{percent}: {millis} for {exact}");
        }
        assert!(Metrics::default().pace().latency.is_empty());
    }
}
