//! From the export to jobs: every record of this shard, planned, beside what the ledger says of it.

use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_64;

use super::job::Job;
use crate::code::Refusal;
use crate::error::RunError;
use crate::event::Listener;
use crate::ledger::{Entry, Event, Reader, State, Steps};
use crate::plan::Planned;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;

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
        /// The reason, told in the rejects.
        refusal: Refusal,
    },
}

impl Fed {
    /// The record's number.
    #[must_use]
    pub fn record(&self) -> u64 {
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
    listener: &dyn Listener,
    mut sink: impl FnMut(Vec<Fed>) -> Result<ControlFlow<()>, RunError>,
) -> Result<(), RunError> {
    scan_all(planner, duplicates, listener, |batch, _| sink(batch))
}

/// The same, with what stands for the ids that are planned for other shards: [`id_digest`].
///
/// # Errors
/// As [`scan`].
pub fn scan_all(
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    listener: &dyn Listener,
    mut sink: impl FnMut(Vec<Fed>, Vec<u64>) -> Result<ControlFlow<()>, RunError>,
) -> Result<(), RunError> {
    planner.scan(
        duplicates,
        listener,
        <(Vec<Fed>, Vec<u64>)>::default,
        |(batch, elsewhere), item| {
            let record = item.position.record;
            match &item.planned {
                planned if !planner.shard.takes(record, planned) => {
                    if let Planned::Create(plan) = planned {
                        elsewhere.push(id_digest(&plan.user_id));
                    }
                }
                Planned::Create(plan) => batch.push(Fed::User(Box::new(Job::new(record, plan)))),
                Planned::Refused(refused) => {
                    let source_id = refused.source_id.clone().into_owned();
                    batch.push(Fed::Refused { record, source_id, refusal: refused.refusal.clone() });
                }
            }
        },
        |(batch, elsewhere)| sink(batch, elsewhere),
    )
}

/// Eight bytes that stand for a user's id where millions are kept in memory.
#[must_use]
pub fn id_digest(user_id: &str) -> u64 {
    xxh3_64(user_id.as_bytes())
}

/// Cuts a batch before the first user for whom there is no `room`; whether it had to.
pub fn keep_first(batch: &mut Vec<Fed>, room: &mut u64) -> bool {
    let end = batch.iter().position(|fed| match fed {
        Fed::User(_) if *room == 0 => true,
        Fed::User(_) => {
            *room -= 1;
            false
        }
        Fed::Refused { .. } => false,
    });
    batch.truncate(end.unwrap_or(batch.len()));
    end.is_some()
}

/// The ledger's name for how many milliseconds moments noted by `Date` are too late.
pub(super) const DATE_AHEAD: &str = "date_ahead";

/// [`DATE_AHEAD`], 0 where nothing is known.
fn date_ahead(reader: &Reader) -> Result<i64, RunError> {
    Ok(reader.meta(DATE_AHEAD)?.and_then(|ahead| ahead.parse().ok()).unwrap_or(0))
}

/// What a batch means for the ledger, and who of it is to be worked on.
pub struct Intents {
    /// Rows to make durable before anything is sent.
    pub rows: Vec<Entry>,
    /// Users to bring to their end, in order.
    pub jobs: Vec<Job>,
}

/// The users of a batch of whom the ledger knows an intent and not the end.
///
/// # Errors
/// [`RunError::ledger`]
pub fn open(batch: Vec<Fed>, reader: &Reader) -> Result<Vec<Job>, RunError> {
    let (Some(first), Some(last)) = (batch.first().map(Fed::record), batch.last().map(Fed::record)) else {
        return Ok(Vec::new());
    };
    let mut known = reader.range(first, last)?.into_iter().peekable();
    let ahead = date_ahead(reader)?;
    let open = batch.into_iter().filter_map(|fed| match fed {
        Fed::User(mut job) => {
            while known.next_if(|entry| entry.record < job.record).is_some() {}
            let entry = known.next_if(|entry| entry.record == job.record && !entry.state.is_terminal())?;
            (job.state, job.known, job.tried_since) = (entry.state, entry.steps, Some(entry.at - ahead));
            Some(*job)
        }
        Fed::Refused { .. } => None,
    });
    Ok(open.collect())
}

/// Compares a batch with the ledger. `now` is a moment that the server's clock has passed, in Unix milliseconds.
///
/// # Errors
/// [`RunError::ledger`]; [`RunError::foreign_ledger`] if the ledger knows one of the records as somebody else.
pub fn intend(batch: Vec<Fed>, reader: &Reader, now: i64) -> Result<Intents, RunError> {
    let mut intents = Intents { rows: Vec::new(), jobs: Vec::new() };
    let (Some(first), Some(last)) = (batch.first().map(Fed::record), batch.last().map(Fed::record)) else {
        return Ok(intents);
    };
    let mut known = reader.range(first, last)?.into_iter().peekable();
    let ahead = date_ahead(reader)?;
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
                    at: now,
                    code,
                    text: Some(refusal.text.into_owned()),
                });
            }
            Fed::User(mut job) => {
                let (state, steps, at) =
                    entry.as_ref().map_or((State::Planned, Steps::NONE, 0), |e| (e.state, e.steps, e.at));
                if entry.as_ref().is_some_and(|entry| !entry.user_id.is_empty() && entry.user_id != job.user_id()) {
                    return Err(RunError::foreign_ledger(format!(
                        "the ledger knows record {record} as another user: it belongs to another export"
                    )));
                }
                if state.is_settled() {
                    continue;
                }
                let next = state.next(steps, Event::Intend).map_err(|e| RunError::internal(e.to_string()))?;
                (job.state, job.known) = next;
                // Only these say that a create may have been sent and not taken back.
                let tried = matches!(state, State::Intended | State::Created | State::Failed);
                job.tried_since = tried.then_some(at - ahead);
                job.given_up_before = entry.as_ref().is_some_and(Entry::was_given_up);
                if next.0 != state || entry.is_none() {
                    intents.rows.push(Entry {
                        record,
                        user_id: job.user_id().to_owned(),
                        source_id: job.source_id.clone(),
                        state: next.0,
                        steps: next.1,
                        at: if tried { at } else { now },
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
