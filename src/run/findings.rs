//! What a verification finds: counts, what the counts do not say, and one line for everything that is not as planned.

use std::cell::RefCell;

use crate::error::RunError;
use crate::report::summary::Verify;

/// What the ledger keeps of a user whom `verify` did not find at the target.
pub const MISSING: &str = "the target has no such user";

/// Something that is not as planned, or that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The record; 0 for users whom no record explains.
    pub record: u64,
    /// The id at the target.
    pub user_id: String,
    /// `different`, `missing`, `stray` or `sign-in`; `used` for what contradicts nothing.
    pub what: &'static str,
    /// The sentence, without secrets.
    pub text: String,
}

/// What a verification came to.
#[derive(Default)]
pub struct Verified {
    /// The counts.
    pub counts: Verify,
    /// Of the same: Appwrite re-hashed the password at a first sign-in.
    pub upgraded: u64,
    /// Of the same: they have a session, a second factor or a target that no import makes.
    pub used: u64,
    /// Users whose sessions were not asked for, since there are too many.
    pub sessions_unasked: u64,
    /// Users of the target that were there before this run.
    pub others: u64,
    /// Users of the target that are planned for shards that are not looked at.
    pub elsewhere: u64,
    /// Known passwords that could not be tried: whose, and why.
    pub untested: Vec<(String, &'static str)>,
}

/// Where findings go, as they come.
pub type Sink<'s> = &'s dyn Fn(Finding) -> Result<(), RunError>;

/// Findings in a file, one JSON object a line.
pub struct Log<W>(RefCell<W>);

impl<W: std::io::Write> Log<W> {
    /// A log into this file.
    pub const fn new(file: W) -> Self {
        Self(RefCell::new(file))
    }

    /// Adds a finding.
    ///
    /// # Errors
    /// What the operating system says of the file.
    pub fn add(&self, finding: &Finding) -> std::io::Result<()> {
        let mut line = serde_json::to_string(finding).map_err(std::io::Error::other)?;
        line = crate::report::escape::json(line) + "\n";
        self.0.borrow_mut().write_all(line.as_bytes())
    }

    /// The file.
    pub fn into_inner(self) -> W {
        self.0.into_inner()
    }
}
