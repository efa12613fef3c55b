//! Before a real target: what is about to be created there, for a person to agree to. Sandboxes and whatever is on this machine
//! need no word.

use super::target::Destination;
use crate::appwrite::client::stays_on_this_machine;
use crate::error::RunError;
use crate::ledger::{Counts, Reader};
use crate::report::Report;
use crate::report::figures;

/// The ledger's name for how many users a session was last told to create: a number, or [`ALL`].
pub const AGREED: &str = "agreed";
/// Everybody.
pub const ALL: &str = "all";

/// What is about to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// With `/v1`.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// Records of the export.
    pub records: u64,
    /// Users who are created now.
    pub users: u64,
    /// Users who are there already.
    pub done: u64,
    /// Of all users: created disabled.
    pub disabled: u64,
    /// Created without a password, though they had one.
    pub needs_reset: u64,
    /// Sign in through the bridge.
    pub bridged: u64,
    /// Records for which nothing is created.
    pub refused: u64,
}

/// What a person says to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    All,
    /// Only the first so many.
    First(u64),
    /// Nothing is to be sent.
    None,
}

/// Whoever is asked.
pub type Ask = fn(&Before) -> Result<Answer, RunError>;

/// Has a person agree, where that is needed and there is one; the limit of the session from then on.
///
/// # Errors
/// [`RunError::interrupted`] if they do not, and what the question ends with.
pub fn limit(
    ask: Option<Ask>,
    destination: &Destination,
    report: &Report,
    reader: &Reader,
    counts: Counts,
    limit: Option<u64>,
) -> Result<Option<u64>, RunError> {
    let (endpoint, project) = destination.names();
    let Some(ask) = asks(ask, destination) else { return Ok(limit) };
    let outcomes = &report.outcomes;
    let all = report.records.saturating_sub(outcomes.refused);
    let agreed = match reader.meta(AGREED)?.as_deref() {
        Some(ALL) => u64::MAX,
        Some(number) => number.parse().unwrap_or(0),
        None => 0,
    };
    let wanted = limit.unwrap_or(u64::MAX).min(all);
    let users = wanted.saturating_sub(counts.done);
    if users == 0 || wanted <= agreed {
        return Ok(limit);
    }
    let before = Before {
        endpoint: endpoint.to_owned(),
        project: project.to_owned(),
        records: report.records,
        users,
        done: counts.done,
        disabled: report.disabled,
        needs_reset: outcomes.needs_reset,
        bridged: report.bridged,
        refused: outcomes.refused,
    };
    match ask(&before)? {
        Answer::All => Ok(limit),
        Answer::First(n) => Ok(Some(n)),
        Answer::None => Err(RunError::not_agreed()),
    }
}

/// What a sync has before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ahead {
    /// Records of the later export.
    pub records: u64,
    /// Users who are as the run left them.
    pub unchanged: u64,
    /// Users who are created.
    pub new: u64,
    /// Users who are looked at, and brought up to date where that takes nothing away from anybody.
    pub different: u64,
    /// Users whom the source no longer has.
    pub gone: u64,
    /// Records that are refused.
    pub refused: u64,
}

/// Whoever is asked before a sync; gives whether they agree.
pub type AskSync = fn(&[(&'static str, String)]) -> Result<bool, RunError>;

/// Has a person agree to a sync that changes anybody at a real target; `gone` is what becomes of those whom the source no longer
/// has, where something does.
///
/// # Errors
/// [`RunError::interrupted`] if they do not, and what the question ends with.
pub fn sync(
    ask: Option<AskSync>,
    destination: &Destination,
    ahead: &Ahead,
    gone: Option<&'static str>,
) -> Result<(), RunError> {
    let Some(ask) = asks(ask, destination) else { return Ok(()) };
    if ahead.new + ahead.different + gone.map_or(0, |_| ahead.gone) == 0 {
        return Ok(());
    }
    let (endpoint, project) = destination.names();
    let unchanged = format!("{} of {}", figures::count(ahead.unchanged), figures::records(ahead.records));
    let mut lines = vec![("endpoint", endpoint.to_owned()), ("project", project.to_owned()), ("unchanged", unchanged)];
    for (heading, n, means) in [
        ("new", ahead.new, "created"),
        ("different", ahead.different, "brought up to date, but for what the target has changed"),
        ("gone", ahead.gone, gone.unwrap_or("kept")),
        ("refused", ahead.refused, "nothing is done"),
    ] {
        lines.push((heading, figure(n, means)));
    }
    if ask(&lines)? { Ok(()) } else { Err(RunError::not_agreed()) }
}

/// The question, where there is one.
fn asks<T>(ask: Option<T>, destination: &Destination) -> Option<T> {
    ask.filter(|_| !destination.is_own() && !stays_on_this_machine(destination.names().0))
}

/// A figure, and what it means where it is one.
fn figure(n: u64, means: &str) -> String {
    let means = if n > 0 { format!(": {means}") } else { String::new() };
    format!("{}{means}", figures::count(n))
}

impl Before {
    /// As a person reads it, in lines of a heading and a figure.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let Self { endpoint, project, records, users, done, disabled, needs_reset, bridged, refused } = self;
        let mut lines = vec![("endpoint", endpoint.clone()), ("project", project.clone())];
        let there = if *done > 0 { format!(", {} are there already", figures::count(*done)) } else { String::new() };
        lines.push(("users", format!("{} of {}{there}", figures::count(*users), figures::records(*records))));
        for (heading, n, means) in [
            ("disabled", disabled, "created, and cannot sign in"),
            ("needs reset", needs_reset, "created without a password"),
            ("bridged", bridged, "sign in through the bridge"),
            ("refused", refused, "nothing is created"),
        ] {
            lines.push((heading, figure(*n, means)));
        }
        lines
    }
}
