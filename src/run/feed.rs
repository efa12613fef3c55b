//! From the export to jobs: every record of this shard, planned, beside what the ledger says of it.

use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_64;

use super::job::{Job, Noted, Unplanned};
use super::mark::Marker;
use crate::code::Refusal;
use crate::error::RunError;
use crate::event::Listener;
use crate::ledger::{Entry, Event, IllegalTransition, Reader, State, Steps};
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
    fn of(record: u64, planned: &Planned<'_>) -> Self {
        match planned {
            Planned::Create(plan) => Self::User(Box::new(Job::new(record, plan))),
            Planned::Refused(refused) => Self::Refused {
                record,
                source_id: refused.source_id.clone().into_owned(),
                refusal: refused.refusal.clone(),
            },
        }
    }

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
            match &*item.planned {
                planned if !planner.shard.takes(record, planned) => {
                    if let Planned::Create(plan) = planned {
                        elsewhere.push(id_digest(&plan.user_id));
                    }
                }
                planned => batch.push(Fed::of(record, planned)),
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

/// `DATE_AHEAD`, 0 where nothing is known.
///
/// # Errors
/// [`RunError::ledger`]
pub fn date_ahead(reader: &Reader) -> Result<i64, RunError> {
    Ok(reader.meta(DATE_AHEAD)?.and_then(|ahead| ahead.parse().ok()).unwrap_or(0))
}

/// What a batch means for the ledger, and who of it is to be worked on.
#[derive(Default)]
pub struct Intents {
    /// Rows to make durable before anything is sent.
    pub rows: Vec<Entry>,
    /// Users to bring to their end, in order.
    pub jobs: Vec<Job>,
    /// Records that were users when a create of this run may have been sent, and are refused now.
    pub unplanned: Vec<Unplanned>,
}

/// What begins the reason of a user whom this run created, and whose record is refused since.
pub const SINCE: &str = "created, refused since: ";

impl Unplanned {
    fn of(entry: &Entry, refusal: &Refusal, ahead: i64) -> Self {
        Self {
            record: entry.record,
            user_id: entry.user_id.clone(),
            state: entry.state,
            steps: entry.steps,
            since: Noted { at: entry.at, ahead },
            code: refusal.code,
            text: refusal.text.clone().into_owned(),
        }
    }
}

/// Whether a create of this run may have been sent, and nothing says what came of it.
fn may_be_there(entry: &Entry) -> bool {
    matches!(entry.state, State::Intended | State::Failed) && !entry.steps.has(Steps::CREATED)
}

/// The users of a batch of whom the ledger knows an intent and not the end.
///
/// # Errors
/// [`RunError::ledger`]
pub fn open(batch: Vec<Fed>, reader: &Reader) -> Result<Intents, RunError> {
    let mut open = Intents::default();
    let (Some(first), Some(last)) = (batch.first().map(Fed::record), batch.last().map(Fed::record)) else {
        return Ok(open);
    };
    let mut known = reader.range(first, last)?.into_iter().peekable();
    let ahead = date_ahead(reader)?;
    for fed in batch {
        let record = fed.record();
        while known.next_if(|entry| entry.record < record).is_some() {}
        let Some(entry) = known.next_if(|entry| entry.record == record) else { continue };
        match fed {
            Fed::User(mut job) if !entry.state.is_terminal() => {
                (job.state, job.known) = (entry.state, entry.steps);
                job.tried_since = Some(Noted { at: entry.at, ahead });
                open.jobs.push(*job);
            }
            Fed::Refused { refusal, .. } if may_be_there(&entry) => {
                open.unplanned.push(Unplanned::of(&entry, &refusal, ahead));
            }
            _ => {}
        }
    }
    Ok(open)
}

/// Compares a batch with the ledger. `now` is a moment that the server's clock has passed, in Unix milliseconds.
///
/// # Errors
/// [`RunError::ledger`]; [`RunError::foreign_ledger`] if the ledger knows one of the records as somebody else.
pub fn intend(batch: Vec<Fed>, reader: &Reader, marker: &Marker, now: i64) -> Result<Intents, RunError> {
    let mut intents = Intents::default();
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
                let Some(entry) = entry else {
                    let new = Entry {
                        record,
                        user_id: String::new(),
                        source_id,
                        state: State::Planned,
                        steps: Steps::NONE,
                        at: now,
                        code: None,
                        text: None,
                        left: None,
                    };
                    intents.rows.extend(refused(new, &refusal)?);
                    continue;
                };
                if may_be_there(&entry) {
                    intents.unplanned.push(Unplanned::of(&entry, &refusal, ahead));
                } else {
                    intents.rows.extend(refused(entry, &refusal)?);
                }
            }
            Fed::User(mut job) => {
                let (state, steps, at) =
                    entry.as_ref().map_or((State::Planned, Steps::NONE, 0), |e| (e.state, e.steps, e.at));
                if entry.as_ref().is_some_and(|entry| !entry.user_id.is_empty() && entry.user_id != job.user_id()) {
                    return Err(RunError::foreign_ledger(format!(
                        "the ledger knows record {record} as another user: it belongs to another export, or is damaged"
                    )));
                }
                if state.is_settled() {
                    continue;
                }
                let next = state.next(steps, Event::Intend).map_err(|e| RunError::internal(e.to_string()))?;
                (job.state, job.known) = next;
                job.planned = Some(marker.planned(&job));
                // Only these say that a create may have been sent and not taken back.
                let tried = matches!(state, State::Intended | State::Created | State::Failed);
                job.tried_since = tried.then_some(Noted { at, ahead });
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
                        // Nothing was sent of what the plan says by now to whoever is there.
                        left: match &entry {
                            Some(entry) if entry.is_there() => entry.left,
                            _ => job.planned,
                        },
                    });
                }
                intents.jobs.push(*job);
            }
        }
    }
    Ok(intents)
}

/// The row of a record that is refused, as the table of states has it; `None` if it says so already.
fn refused(before: Entry, refusal: &Refusal) -> Result<Option<Entry>, RunError> {
    let illegal = |e: IllegalTransition| RunError::internal(format!("record {}: {e}", before.record));
    let (state, steps) = before.state.next(before.steps, Event::Refused).map_err(illegal)?;
    if state == State::Present {
        // There before this run, and still: nothing of it was ever this run's.
        return Ok(None);
    }
    let since = if steps.has(Steps::CREATED) { SINCE } else { "" };
    let after = Entry {
        state,
        steps,
        code: Some(refusal.code.name().to_owned()),
        text: Some(format!("{since}{}", refusal.text)),
        ..before.clone()
    };
    Ok((after != before).then_some(after))
}
