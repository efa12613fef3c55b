//! What a sync found and did: its counts, and a line for everybody who changed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::changes::CHANGES;
use super::figures::{count, plural};
use super::lists::{REJECTS_LOG, Table};
use super::summary::Second;
use crate::error::RunError;
use crate::folder::Folder;
use crate::ledger::Note;

/// What is the matter with a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The source has somebody whom the run did not create yet.
    New,
    /// The source changed attributes that can be changed in place.
    Changed,
    /// The source has another hash: the user is made again.
    Password,
    /// The source has another hash, and the target keeps the password that it has.
    StalePassword,
    /// The target's users or administrators changed attributes, which are kept.
    ChangedAtTarget,
    /// Both changed an attribute, or it is not known who did: nothing was done.
    ChangedOnBoth,
    /// The target no longer has the user.
    GoneAtTarget,
    /// The source no longer has the user.
    Gone,
    /// The source has the user, and their record is refused now: nothing was done.
    Refused,
    /// Something was to be sent and could not be.
    Failed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::Changed,
        Self::Password,
        Self::StalePassword,
        Self::ChangedAtTarget,
        Self::ChangedOnBoth,
        Self::GoneAtTarget,
        Self::Gone,
        Self::Refused,
        Self::Failed,
    ];

    /// The name in lists and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Password => "password",
            Self::StalePassword => "stale-password",
            Self::ChangedAtTarget => "changed-at-target",
            Self::ChangedOnBoth => "changed-on-both",
            Self::GoneAtTarget => "gone-at-target",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// What it means of so many, for people.
    #[must_use]
    pub const fn says(self, n: u64) -> &'static str {
        match (self, n) {
            (Self::New, _) => "new at the source",
            (Self::Changed, _) => "changed at the source, and brought over",
            (Self::Password, 1) => "has a new password at the source, and gets it",
            (Self::Password, _) => "have a new password at the source, and get it",
            (Self::StalePassword, 1) => "has a new password at the source, and keeps the target's",
            (Self::StalePassword, _) => "have a new password at the source, and keep the target's",
            (Self::ChangedAtTarget, _) => "changed at the target, which is kept",
            (Self::ChangedOnBoth, _) => "changed on both sides: nothing was done",
            (Self::GoneAtTarget, _) => "no longer at the target: nothing was done",
            (Self::Gone, _) => "gone from the source",
            (Self::Refused, _) => "refused at the source now, and kept at the target",
            (Self::Failed, _) => "could not be brought up to date",
        }
    }
}

/// What was done with somebody who is gone, in a word. Why, and what else there is to say, follows it.
fn done_with_gone(done: &str) -> &'static str {
    match done.split([':', ';']).next().unwrap_or_default() {
        "disabled" | "is disabled" => "disabled",
        "to be disabled" => "to be disabled",
        "deleted" => "deleted",
        "to be deleted" => "to be deleted",
        "the target no longer has the user either" => "gone there too",
        "kept" => "kept",
        _ => "not done",
    }
}

/// The counts of a sync.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sync {
    /// 1
    pub schema: u32,
    /// Nothing was sent.
    pub dry_run: bool,
    /// Users for whom there was nothing to ask.
    pub unchanged: u64,
    /// Findings by kind.
    pub counts: BTreeMap<String, u64>,
    /// Of those who are gone from the source: how many by what was done.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<&'static str, u64>,
    /// Records of the later export for which nothing is created, each of them named in the rejects.
    pub refused: u64,
    /// Findings that a person has to look at.
    pub look: u64,
    /// Requests of this session that changed something, those of new users not among them.
    pub edits: u64,
}

impl Sync {
    /// Counts a finding.
    pub fn add(&mut self, note: &Note) {
        *self.counts.entry(note.kind.clone()).or_default() += 1;
        self.look += u64::from(note.look);
        if note.kind == Kind::Gone.name() {
            *self.gone.entry(done_with_gone(&note.done)).or_default() += 1;
        }
    }

    /// Findings of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        self.counts.get(kind.name()).copied().unwrap_or(0)
    }

    /// The same, for the report of the run.
    #[must_use]
    pub fn second(&self, now: jiff::Timestamp) -> Second {
        Second {
            written: super::build::timestamp(now),
            unchanged: self.unchanged,
            counts: self.counts.iter().map(|(kind, n)| (kind.clone(), *n)).collect(),
            look: self.look,
            edits: self.edits,
        }
    }

    /// For people.
    #[must_use]
    pub fn sentences(&self) -> String {
        let mut lines = vec![format!("{:>12}  unchanged: nothing was asked about them", count(self.unchanged))];
        for kind in Kind::ALL {
            let n = self.of(kind);
            let done: Vec<_> = self.gone.iter().map(|(done, n)| format!("{} {done}", count(*n))).collect();
            let done = if kind == Kind::Gone { format!(": {}", done.join(", ")) } else { String::new() };
            if n > 0 {
                lines.push(format!("{:>12}  {}{done}", count(n), kind.says(n)));
            }
        }
        if !self.counts.is_empty() {
            let them = if self.counts.values().sum::<u64>() == 1 { "the user" } else { "them" };
            let look = if self.look > 0 { format!(", {} to be looked at", count(self.look)) } else { String::new() };
            lines.push(format!("{CHANGES} names {them}{look}"));
        }
        if self.refused > 0 {
            let refused = plural(self.refused, "record is refused", "records are refused");
            lines.push(format!("{refused}, and not created: {REJECTS_LOG} says why"));
        }
        lines.join("\n") + "\n"
    }
}

/// `changes.csv` of a sync.
pub struct Changes {
    table: Table,
    with_pii: bool,
}

impl Changes {
    /// Begins the list; `with_pii` adds the addresses.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn begin(folder: &Folder, with_pii: bool) -> Result<Self, RunError> {
        let header = ["record", "user_id", "change", "fields", "done", "email"];
        let table = Table::begin(folder, CHANGES, &header[..if with_pii { 6 } else { 5 }])?;
        Ok(Self { table, with_pii })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// As [`Changes::begin`].
    pub fn add(&mut self, note: &Note, email: Option<&str>) -> Result<(), RunError> {
        let record = if note.record == 0 { String::new() } else { note.record.to_string() };
        let (fields, email) = (note.named(), email.unwrap_or_default());
        let cells = [&*record, &note.user_id, &note.kind, &fields, &note.done, email];
        self.table.row(&cells[..if self.with_pii { 6 } else { 5 }])
    }

    /// Puts the list into its place.
    ///
    /// # Errors
    /// As [`Changes::begin`].
    pub fn finish(self) -> Result<(), RunError> {
        self.table.file.finish()
    }
}
