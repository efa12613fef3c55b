//! The pace of an import as the report keeps it: what happened in each slot of time, and how long answers took.

use serde::{Deserialize, Serialize};

/// The pace of a session of an import.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// Requests that ended.
    pub requests: u64,
    /// Requests that have to be repeated, were refused, or got no answer.
    pub errors: u64,
    /// What one element of the following lists covers.
    pub seconds_a_slot: u32,
    /// Users completed in each slot.
    pub users: Vec<u64>,
    /// Requests ended in each slot.
    pub requests_a_slot: Vec<u64>,
    /// Errors in each slot.
    pub errors_a_slot: Vec<u64>,
    /// Latency at some percentiles, to within 9 %.
    pub latency: Vec<Quantile>,
}

/// A latency that so many per cent of the answers did not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// 50 for the median; 100 for the slowest.
    pub percent: f64,
    /// Milliseconds.
    pub millis: f64,
}

impl Pace {
    /// Adds the pace of another part of the same import, as if both had begun at the same moment. Percentiles cannot be
    /// added: the slower part's are kept.
    pub fn merge(&mut self, mut other: Self) {
        while self.seconds_a_slot < other.seconds_a_slot && self.seconds_a_slot > 0 {
            self.halve();
        }
        while other.seconds_a_slot < self.seconds_a_slot && other.seconds_a_slot > 0 {
            other.halve();
        }
        self.seconds_a_slot = self.seconds_a_slot.max(other.seconds_a_slot);
        self.requests += other.requests;
        self.errors += other.errors;
        for (mine, theirs) in [
            (&mut self.users, other.users),
            (&mut self.requests_a_slot, other.requests_a_slot),
            (&mut self.errors_a_slot, other.errors_a_slot),
        ] {
            mine.resize(mine.len().max(theirs.len()), 0);
            for (sum, n) in mine.iter_mut().zip(theirs) {
                *sum += n;
            }
        }
        if self.latency.is_empty() {
            self.latency = other.latency;
        } else {
            for (mine, theirs) in self.latency.iter_mut().zip(other.latency) {
                mine.millis = mine.millis.max(theirs.millis);
            }
        }
    }

    fn halve(&mut self) {
        self.seconds_a_slot *= 2;
        for slots in [&mut self.users, &mut self.requests_a_slot, &mut self.errors_a_slot] {
            *slots = slots.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
    }
}
