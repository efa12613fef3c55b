//! The report itself: the document that every command fills, `report.json` stores, and every renderer reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pace::Pace;
use crate::format::Position;
pub use crate::plan::proof::{Known, Wrong};

/// The version of the document. It changes when a member changes its meaning or goes; new members do not change it.
pub const SCHEMA: u32 = 1;

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The program's version, `0.1.0`.
    pub rehome: String,
    /// The command that wrote it: `check`, `import`, `verify`, `rollback`.
    pub command: String,
    /// When, RFC 3339 in UTC.
    pub written: String,
    /// The version of Appwrite that was planned for.
    pub appwrite: String,
    /// Whether addresses and ids may stand in it (`--with-pii`).
    pub with_pii: bool,
    /// The files of the export, and the source that was detected.
    pub source: Origin,
    /// User records in it.
    pub records: u64,
    /// What becomes of them; sums to `records`.
    pub outcomes: Outcomes,
    /// Of those that are ready, with or without a warning: created without a password, which the sign-in bridge keeps.
    #[serde(default)]
    pub bridged: u64,
    /// Of the others: refused or to be reset, where `--unsupported bridge` would keep the password.
    #[serde(default)]
    pub bridgeable: u64,
    /// Users that are created disabled.
    pub disabled: u64,
    /// Who can sign in afterwards as they did before, and why the others cannot; sums to `records`.
    #[serde(default)]
    pub sign_in: SignIn,
    /// How many users get each label, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Why, by severity and then by count.
    pub reasons: Vec<Reason>,
    /// Password schemes, most frequent first.
    pub schemes: Vec<Scheme>,
    /// Records that share an id, address or number with another.
    pub duplicates: Duplicates,
    /// What passwords known in advance proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// Requests, time and later logins that the import takes.
    pub estimate: Estimate,
    /// What becomes of every column of the source.
    pub columns: Vec<Column>,
    /// Values in columns beyond those listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub columns_elsewhere: u64,
    /// What no importer can hand to Appwrite.
    pub never_carried: Vec<NeverCarried>,
    /// What makes a login fail although the hash is right.
    pub traps: Vec<TrapCount>,
    /// When users signed up, by year, in UTC.
    pub sign_up_years: BTreeMap<i16, u64>,
    /// The first problems of each kind, in the order of the export.
    pub problems: Vec<Problem>,
    /// How this export differs from an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// What the target says before anything is sent (`check --live`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// The import's counts and pace, once there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// What the last sync did, once there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<Second>,
    /// What reading back showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
    /// The rollback's counts, once there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// What to do next, in order.
    pub next: Vec<Next>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The files of an export, and the source that was detected.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The source's name, `firebase`.
    #[serde(rename = "dialect")]
    pub source: String,
    /// Why it was taken for that.
    pub why: String,
    /// The files, in the order in which positions count them.
    pub files: Vec<File>,
    /// Anything else a person should know of the export as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Something in the files says that users may be missing; a finding tells what.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// A file of the export.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct File {
    /// As given on the command line.
    pub path: String,
    /// `csv`, `json`, ….
    pub format: String,
}

/// Records by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcomes {
    /// Created as the source has them, with nothing to be looked at.
    pub ready: u64,
    /// Created, but something deserves a look.
    pub warning: u64,
    /// Created without a usable password.
    pub needs_reset: u64,
    /// Nothing is created.
    pub refused: u64,
}

/// Records by how their user stands before the login form afterwards. Each is in the first that holds of it, from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignIn {
    /// Enabled, with an address, and with a password that Appwrite verifies.
    pub as_before: u64,
    /// Enabled, and with a password that the sign-in bridge keeps.
    #[serde(default)]
    pub through_bridge: u64,
    /// Of those, the ones whose hash is only taken for one of the bare password; a known password proves it.
    pub assumed: u64,
    /// Of those, the ones whose hash is of a scheme that a person declared, where many write the like.
    #[serde(default)]
    pub declared: u64,
    /// Never had a password, and have to come in another way: by provider, phone or link.
    pub no_password: u64,
    /// Have no address to sign in with.
    pub no_address: u64,
    /// Had a password that is not carried.
    pub needs_reset: u64,
    /// Created disabled.
    pub disabled: u64,
    /// Not created.
    pub refused: u64,
}

/// The second step of a move: what a sync brought over from a later export.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Second {
    /// When, RFC 3339 in UTC.
    pub written: String,
    /// Users for whom the source says what was sent before.
    pub unchanged: u64,
    /// The others by what is the matter, as `changes.csv` names it.
    pub counts: BTreeMap<String, u64>,
    /// Of them, those whom a person has to look at.
    pub look: u64,
    /// Requests that changed something.
    pub edits: u64,
}

/// A label, and who gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// As Appwrite gets it.
    pub label: String,
    /// Users who get the label.
    pub users: u64,
}

/// A kind of problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code.
    pub code: String,
    /// `info`, `warning`, `needs-reset` or `refused`.
    pub severity: String,
    /// The scheme, where the hash is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// One line about the code.
    pub title: String,
    /// What is said of the first record, where that says more and holds for others too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The way out, as a sentence.
    pub remedy: String,
    /// Records it was said of.
    pub count: u64,
    /// Where the first few stand.
    pub examples: Vec<Place>,
}

/// A position, under the names of report.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Counting user records of the whole export from 1.
    pub record: u64,
    /// Counting lines of its file from 1.
    pub line: u64,
    /// Byte offset into its decompressed file.
    pub byte: u64,
    /// Which of `source.files`, counting from 0.
    pub file: u16,
}

impl Origin {
    /// Whether a file has lines; a database that is in use has none.
    #[must_use]
    pub fn has_lines(&self, file: u16) -> bool {
        let file = self.files.get(usize::from(file));
        file.is_none_or(|file| !["sqlite", "postgresql", "firebase"].contains(&&*file.format))
    }

    /// Where something is, for people.
    #[must_use]
    pub fn spot(&self, place: Place) -> String {
        if self.has_lines(place.file) { format!("line {}", place.line) } else { format!("record {}", place.record) }
    }
}

impl From<Position> for Place {
    fn from(Position { record, line, byte, file }: Position) -> Self {
        Self { record, line, byte, file }
    }
}

/// A password scheme found in the export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scheme {
    /// As `rehome schemes` lists it; `none`, `plain` and `unknown` beside.
    pub name: String,
    /// Records that have it.
    pub count: u64,
    /// How many of those are refused, for whatever reason.
    pub refused: u64,
    /// How many hashes are rewritten without loss on the way.
    pub converted: u64,
    /// Where they go; absent where none verifies them.
    pub endpoint: Option<String>,
    /// Work factors, cheapest first.
    pub costs: Vec<SchemeCost>,
}

/// A work factor of a scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemeCost {
    /// The parameters.
    pub label: String,
    /// Users that have them.
    pub users: u64,
    /// Milliseconds of one core for a login, roughly; 0 where not known.
    pub millis: f64,
}

/// Records that share something with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Duplicates {
    /// The id.
    pub ids: u64,
    /// The address.
    pub emails: u64,
    /// The number.
    pub phones: u64,
}

/// Requests, time and later logins that an import takes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// Creates and follow-up requests together.
    pub requests: u64,
    /// Requests a second that `seconds` assumes.
    pub rate: u32,
    /// Seconds for all requests at that rate.
    pub seconds: u64,
    /// Users who can sign in with a password.
    #[serde(default)]
    pub first_logins: u64,
    /// Core hours that the target spends on everybody's first login: it verifies the hash, and makes one of its own.
    pub login_core_hours: f64,
    /// First logins that one core of the target carries in a second; 0 where there are none.
    #[serde(default)]
    pub logins_a_second: f64,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name as the file writes it.
    pub name: String,
    /// `carried`, `transformed`, `prefs` or `dropped`.
    pub fate: String,
    /// The field it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How it changes, or why it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// Records with something in it.
    pub filled: u64,
    /// The first of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Place>,
}

/// Something that no importer can hand to Appwrite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeverCarried {
    /// The attribute that Appwrite has no parameter for.
    pub what: String,
    /// What that means, and what helps.
    pub text: String,
}

/// A trap, and how many it can touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrapCount {
    /// The stable name.
    pub trap: String,
    /// What happens, in a few words.
    pub title: String,
    /// The sentence that says whom it concerns, and why.
    pub text: String,
    /// The way out, as a sentence.
    pub advice: String,
    /// Users it can touch at most.
    pub at_most: u64,
}

/// A problem of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Record, line, byte and file.
    #[serde(flatten)]
    pub place: Place,
    /// The stable code.
    pub code: String,
    /// What it means for the user.
    pub severity: String,
    /// The sentence.
    pub text: String,
    /// Address or id; only with `--with-pii`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// How an export differs from an earlier one of the same source, by source id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Compare {
    /// Only in this one.
    pub new: u64,
    /// In both, with different content.
    pub changed: u64,
    /// In both, the same.
    pub same: u64,
    /// Only in the earlier one.
    pub gone: u64,
}

/// What a target says before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Live {
    /// Which target, without the key.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// Planned users whose id, address or number somebody there has already. An import takes those who are the very same
    /// for done, and names the others.
    pub taken: u64,
    /// By code, planned users whose address the project's policies refuse, at least: it knows more providers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
}

/// An import's counts over all its sessions, and the time and pace of the last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Import {
    /// Where to, without the key.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// Users whose create succeeded.
    pub created: u64,
    /// Users that are complete.
    pub done: u64,
    /// Users still to do.
    pub left: u64,
    /// Users that could not be done.
    pub failed: u64,
    /// Seconds the last session took.
    pub seconds: f64,
    /// Throughput, errors and latency, slot by slot.
    pub pace: Pace,
}

impl Import {
    /// What stands before the time and pace where they are not those of all that was created.
    #[must_use]
    pub fn of_session(&self) -> &'static str {
        if self.pace.users.iter().sum::<u64>() < self.done { "in the last session " } else { "" }
    }
}

/// What reading back showed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verify {
    /// As planned.
    pub same: u64,
    /// There, but different.
    pub different: u64,
    /// Not there.
    pub missing: u64,
    /// There, but made by nobody known to the ledger.
    pub stray: u64,
    /// Left by the run, and no longer in the export that a sync brought over: nothing says how they should be.
    #[serde(default)]
    pub gone: u64,
    /// Known passwords that signed in.
    pub signed_in: u64,
    /// Known passwords that did not.
    pub not_signed_in: u64,
    /// Known passwords that are right, and whose users the target keeps out: disabled as planned, or asked for a new password.
    #[serde(default)]
    pub kept_out: u64,
}

/// Counts of a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rollback {
    /// Deleted.
    pub deleted: u64,
    /// Already gone.
    pub gone: u64,
    /// Kept, because somebody used or changed them since.
    pub kept: u64,
    /// Could not be deleted.
    pub failed: u64,
}

/// Something to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The command line, or empty.
    pub command: String,
    /// The purpose of the command, as a sentence.
    pub text: String,
}
