//! How far a run is, from its ledger alone: while it runs, or after it stopped.

use std::path::Path;

use serde::Serialize;

use super::RunFolder;
use crate::error::RunError;
use crate::ledger::{Counts, Reader};

/// Troubles that are shown.
const TROUBLES: usize = 5;

/// How far a run is; what `rehome status --format json` prints.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The version of this form.
    pub schema: u32,
    /// Whether a process works on it now.
    pub running: bool,
    /// The ledger's counts.
    #[serde(flatten)]
    pub counts: Counts,
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

/// Reads how far the run of this folder is. Its lock is not taken: that works beside a run as well.
///
/// # Errors
/// As [`Reader::open`], and [`RunError::ledger`].
pub fn status(folder: &Path) -> Result<Status, RunError> {
    let reader = Reader::open(folder)?;
    let running = RunFolder::is_taken(folder);
    let counts = reader.counts()?;
    let per_second = if running { pace(&reader, counts)? } else { None };
    let errors = reader.troubles(TROUBLES)?.into_iter().map(|entry| Trouble {
        record: entry.record,
        code: entry.code.unwrap_or_default(),
        text: entry.text.unwrap_or_default(),
    });
    Ok(Status {
        schema: 1,
        running,
        counts,
        started: reader.meta("started")?,
        per_second,
        seconds_left: per_second.filter(|rate| *rate > 0.0).map(|rate| (counts.left as f64 / rate).round()),
        errors: errors.collect(),
    })
}

fn pace(reader: &Reader, counts: Counts) -> Result<Option<f64>, RunError> {
    let began = reader.meta("session")?.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let before = reader.meta("session_done")?.and_then(|text| text.parse::<u64>().ok());
    let (Some(began), Some(before)) = (began, before) else { return Ok(None) };
    let elapsed = jiff::Timestamp::now().duration_since(began).as_secs_f64().max(0.001);
    let rate = (counts.records - counts.left).saturating_sub(before) as f64 / elapsed;
    Ok(Some((rate * 10.0).round() / 10.0))
}
