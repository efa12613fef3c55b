//! From the export to jobs: every record of this shard, planned, beside what the ledger says of it.

use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_64;

use super::job::Job;
use crate::code::Refusal;
use crate::error::RunError;
use crate::event::Listener;
use crate::ledger::{Entry, Event, Reader, State, Steps};
use crate::plan::Planned;
use crate::plan::duplicates::Duplicates;
use crate::plan::planner::Planner;

/// A stable part of the users: the `index`th of `of`, counting from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shard {
    /// Which part.
    pub index: u32,
    /// Of how many; 0 and 1 both mean all users.
    pub of: u32,
}

impl Shard {
    /// Whether a user belongs here, by a hash of the user id (of the record's number where there is none).
    #[must_use]
    pub fn takes(self, user_id: &str, record: u64) -> bool {
        if self.of <= 1 {
            return true;
        }
        let hash = if user_id.is_empty() { record } else { xxh3_64(user_id.as_bytes()) };
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

/// A record of the export.
pub enum Fed {
    /// A user to be created.
    User(Box<Job>),
    /// A record without a plan.
    Refused {
        /// The record's number.
        record: u64,
        /// The source's own id.
        source_id: String,
        /// Why.
        refusal: Refusal,
    },
}

impl Fed {
    fn record(&self) -> u64 {
        match self {
            Self::User(job) => job.record,
            Self::Refused { record, .. } => *record,
        }
    }
}

/// Plans every record of the shard and hands them over in order, in batches.
///
/// # Errors
/// As [`Planner::scan`], and what `sink` returns.
pub fn scan(
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    shard: Shard,
    listener: &dyn Listener,
    sink: impl FnMut(Vec<Fed>) -> Result<ControlFlow<()>, RunError>,
) -> Result<(), RunError> {
    planner.scan(
        duplicates,
        listener,
        Vec::new,
        |batch, item| {
            let record = item.position.record;
            match item.planned {
                Planned::Create(plan) if shard.takes(&plan.user_id, record) => {
                    batch.push(Fed::User(Box::new(Job::new(record, &plan))));
                }
                Planned::Refused { source_id, refusal, .. } if shard.takes("", record) => {
                    batch.push(Fed::Refused { record, source_id: source_id.into_owned(), refusal });
                }
                Planned::Create(_) | Planned::Refused { .. } => {}
            }
        },
        sink,
    )
}

/// What a batch means for the ledger, and who of it is to be worked on.
pub struct Intents {
    /// Rows to make durable before anything is sent.
    pub rows: Vec<Entry>,
    /// Users to bring to their end, in order.
    pub jobs: Vec<Job>,
}

/// Compares a batch with the ledger.
///
/// # Errors
/// [`RunError::Ledger`]; [`RunError::ForeignLedger`] if the ledger knows one of the records as somebody else.
pub fn intend(batch: Vec<Fed>, reader: &Reader, now: jiff::Timestamp) -> Result<Intents, RunError> {
    let mut intents = Intents { rows: Vec::new(), jobs: Vec::new() };
    let (Some(first), Some(last)) = (batch.first().map(Fed::record), batch.last().map(Fed::record)) else {
        return Ok(intents);
    };
    let mut known = reader.range(first, last)?.into_iter().peekable();
    for fed in batch {
        let record = fed.record();
        while known.next_if(|entry| entry.record < record).is_some() {}
        let entry = known.next_if(|entry| entry.record == record);
        match fed {
            Fed::Refused { record, source_id, refusal } => {
                let code = Some(refusal.code.name().to_owned());
                if entry.is_some_and(|entry| entry.state == State::Refused && entry.code == code) {
                    continue;
                }
                intents.rows.push(Entry {
                    record,
                    user_id: String::new(),
                    source_id,
                    state: State::Refused,
                    steps: Steps::NONE,
                    at: now.as_millisecond(),
                    code,
                    text: Some(refusal.text.into_owned()),
                });
            }
            Fed::User(mut job) => {
                let (state, steps, at) =
                    entry.as_ref().map_or((State::Planned, Steps::NONE, 0), |e| (e.state, e.steps, e.at));
                if entry.as_ref().is_some_and(|entry| !entry.user_id.is_empty() && entry.user_id != job.user_id) {
                    return Err(RunError::ForeignLedger(format!(
                        "the ledger knows record {record} as another user: it belongs to another export"
                    )));
                }
                if state.is_settled() {
                    continue;
                }
                let next = state.next(steps, Event::Intend).map_err(|e| RunError::Internal(e.to_string()))?;
                (job.state, job.known) = next;
                // Only these say that a create may have been sent and not taken back.
                let tried = matches!(state, State::Intended | State::Created | State::Failed);
                job.tried_since = tried.then_some(at);
                if next.0 != state || entry.is_none() {
                    intents.rows.push(Entry {
                        record,
                        user_id: job.user_id.clone(),
                        source_id: job.source_id.clone(),
                        state: next.0,
                        steps: next.1,
                        at: if tried { at } else { now.as_millisecond() },
                        code: None,
                        text: None,
                    });
                }
                intents.jobs.push(*job);
            }
        }
    }
    Ok(intents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_in_exactly_one_shard() {
        for of in [2, 3, 8] {
            let mut sizes = vec![0; of as usize];
            for record in 0..3_000_u64 {
                let id = if record % 10 == 0 { String::new() } else { format!("user-{record}") };
                let takers: Vec<_> = (0..of).filter(|&index| Shard { index, of }.takes(&id, record)).collect();
                assert_eq!(takers.len(), 1);
                sizes[takers[0] as usize] += 1;
            }
            let fair = 3_000 / of as usize;
            assert!(sizes.iter().all(|size| *size > fair * 8 / 10), "{sizes:?}");
        }
        assert!(Shard::default().takes("anybody", 1));
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
