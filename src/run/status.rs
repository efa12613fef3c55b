//! How far a run is, from its ledger alone: while it runs, or after it stopped.

use std::path::Path;

use serde::Serialize;

use super::RunFolder;
use super::agree::AGREED;
use super::parts::Parts;
use super::session::Session;
use crate::error::RunError;
use crate::ledger::{Counts, ENDED, HELD, PAUSED, Reader, SYNCING, State, UNTIL, going_on};

/// Troubles that are shown.
const TROUBLES: usize = 5;

/// How far a run is; what `rehome status --format json` prints.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The version of this form.
    pub schema: u32,
    /// Whether a process works on it now.
    pub running: bool,
    /// The command that goes on with a sync that was begun and has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syncing: Option<String>,
    /// What ended the last session as it was asked to, if it left anybody: `limit` or `until`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<&'static str>,
    /// The ledger's counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Since when a person holds it, RFC 3339, if it is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<String>,
    /// After when it begins nobody, RFC 3339, if it is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// When it began, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// Users a second, of the session that is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// What that makes of the users that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
    /// The last ones first.
    pub errors: Vec<Trouble>,
    /// Where several folders are named: how far each of them is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Part>,
    /// Shards of the run that were not named, `2/4`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shards_missing: Vec<String>,
}

/// A folder among several.
#[derive(Debug, Serialize)]
pub struct Part {
    /// As the person wrote it.
    pub run: String,
    /// `1/4`; empty for a run of its own.
    pub shard: String,
    /// Whether a process works on it now.
    pub running: bool,
    /// The command that goes on with a sync of it that was begun and has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syncing: Option<String>,
    /// What ended its last session as it was asked to, if it left anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<&'static str>,
    /// Its ledger's counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A record that failed, or was refused.
#[derive(Debug, Serialize)]
pub struct Trouble {
    /// Its number, from 1.
    pub record: u64,
    /// The stable code.
    pub code: String,
    /// The sentence, without secrets.
    pub text: String,
}

/// Reads how far a run is whose parts these are.
///
/// # Errors
/// As [`status`].
pub fn of_parts(parts: &Parts) -> Result<Status, RunError> {
    let mut whole: Option<Status> = None;
    for path in &parts.folders {
        let mut status = status(path)?;
        if parts.folders.len() > 1 {
            status.shards.push(Part {
                run: path.display().to_string(),
                shard: Session::of(path)?.shard.to_string(),
                running: status.running,
                syncing: status.syncing.take(),
                ended_by: status.ended_by,
                counts: status.counts,
            });
        }
        match &mut whole {
            Some(whole) => whole.add(status),
            None => whole = Some(status),
        }
    }
    let mut status = whole.ok_or_else(|| RunError::usage("name a run folder"))?;
    status.shards_missing.clone_from(&parts.missing);
    Ok(status)
}

impl Status {
    /// Adds another part of the same run.
    fn add(&mut self, other: Self) {
        self.running |= other.running;
        self.ended_by = self.ended_by.filter(|by| other.ended_by == Some(by));
        self.counts.add(other.counts);
        self.paused_since = [self.paused_since.take(), other.paused_since].into_iter().flatten().min();
        self.until = [self.until.take(), other.until].into_iter().flatten().max();
        self.started = [self.started.take(), other.started].into_iter().flatten().min();
        self.per_second = [self.per_second, other.per_second].into_iter().flatten().reduce(|a, b| a + b);
        // The whole takes as long as its slowest part.
        self.seconds_left = [self.seconds_left, other.seconds_left].into_iter().flatten().reduce(f64::max);
        self.errors.extend(other.errors);
        self.errors.truncate(TROUBLES);
        self.shards.extend(other.shards);
    }
}

/// Reads how far the run of this folder is. Its lock is not taken: that works beside a run as well.
///
/// # Errors
/// As [`Reader::open`], and [`RunError::ledger`].
pub fn status(folder: &Path) -> Result<Status, RunError> {
    let reader = Reader::open(folder)?;
    let running = RunFolder::is_taken(folder);
    let counts = reader.counts()?;
    let per_second = if running { pace(&reader, counts)? } else { None };
    let while_running = |key| Ok(reader.meta(key)?.filter(|text| running && !text.is_empty()));
    let paused_since = while_running(PAUSED)?;
    let ended_by = if running || counts.left == 0 { None } else { ended_by(&reader, counts)? };
    let errors = reader.troubles(TROUBLES)?.into_iter().map(|entry| Trouble {
        record: entry.record,
        code: entry.code.unwrap_or_default(),
        text: entry.text.unwrap_or_default(),
    });
    Ok(Status {
        schema: 1,
        running,
        syncing: reader.meta(SYNCING)?.map(|words| going_on(folder, &words)),
        ended_by,
        counts,
        until: while_running(UNTIL)?,
        started: reader.meta("started")?,
        per_second,
        // How long somebody holds it, nobody knows.
        seconds_left: per_second
            .filter(|rate| *rate > 0.0 && paused_since.is_none())
            .map(|rate| (counts.left as f64 / rate).round()),
        errors: errors.collect(),
        paused_since,
        shards: Vec::new(),
        shards_missing: Vec::new(),
    })
}

/// What ended the last session, if that was asked for.
fn ended_by(reader: &Reader, counts: Counts) -> Result<Option<&'static str>, RunError> {
    let limit = reader.meta(AGREED)?.and_then(|limit| limit.parse::<u64>().ok());
    let tried = reader.count_of(&[State::Done, State::Present, State::Failed, State::Conflict])?;
    let tried = tried + counts.refused_by_target;
    if limit.is_some_and(|limit| tried >= limit) {
        return Ok(Some("limit"));
    }
    Ok(reader.meta(ENDED)?.filter(|ended| ended == "until").map(|_| "until"))
}

fn pace(reader: &Reader, counts: Counts) -> Result<Option<f64>, RunError> {
    let began = reader.meta("session")?.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let before = reader.meta("session_done")?.and_then(|text| text.parse::<u64>().ok());
    let (Some(began), Some(before)) = (began, before) else { return Ok(None) };
    let now = jiff::Timestamp::now();
    let paused = reader.meta(PAUSED)?.and_then(|since| since.parse().ok()).unwrap_or(now);
    let held = reader.meta(HELD)?.and_then(|held| held.parse::<f64>().ok()).unwrap_or(0.0);
    let elapsed = (paused.duration_since(began).as_secs_f64() - held).max(0.001);
    let rate = (counts.records - counts.left).saturating_sub(before) as f64 / elapsed;
    Ok(Some((rate * 10.0).round() / 10.0))
}
