//! An export as a whole: its files opened, its dialect found, its tables joined, its records interpreted in parallel and
//! handed over in order.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::{Dialect, FirebaseHashConfig, mapping::Mapping};
use crate::account::Account;
use crate::code::Refusal;
use crate::error::RunError;
use crate::event::Listener;
use crate::source::{Position, Record, TableSample};

/// How an export is to be read, as meant.
#[derive(Default)]
pub struct ReadOptions {
    /// `--from`
    pub from: Option<String>,
    /// `--firebase-hash-config`
    pub firebase: Option<FirebaseHashConfig>,
    /// `--scheme`
    pub scheme: Option<String>,
    /// `--map`; a mapping is a dialect of its own and comes before `from` and detection. It lives as long as the process
    /// ([`Mapping::read`] leaks the one there is), as every dialect does.
    pub mapping: Option<&'static Mapping>,
    /// `--keep-dates`
    pub keep_dates: bool,
    /// `--email-domain`
    pub email_domain: Option<String>,
    /// The moment "banned until" is compared with; the epoch stands for now.
    pub now: jiff::Timestamp,
}

/// An export whose dialect is known and whose related tables are loaded. Can be read any number of times (standard input
/// is spooled into an unlinked temporary file first).
pub struct Export {
    tables: Vec<TableSample>,
    dialect: &'static dyn Dialect,
}

/// One record on its way to the caller.
pub struct Item<'r> {
    /// Where it stands.
    pub position: Position,
    /// Its bytes as they stand in the file.
    pub raw: &'r [u8],
    /// The record, unless it could not even be decoded.
    pub record: Option<&'r Record<'r>>,
    /// What the dialect made of it.
    pub account: Result<Account<'r>, Refusal>,
}

impl Export {
    /// Opens the files, finds dialect and tables, and loads what has to be joined.
    ///
    /// # Errors
    /// [`RunError::Io`] for files that cannot be read, [`RunError::Export`] for files that are nothing that is read,
    /// [`RunError::Usage`] for an unknown `--from`.
    pub fn open(paths: &[PathBuf], options: ReadOptions) -> Result<Self, RunError> {
        let _ = (paths, options);
        Err(RunError::Internal("no format is read yet".into()))
    }

    /// Whose export it is.
    #[must_use]
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    /// What was found in the files.
    #[must_use]
    pub fn tables(&self) -> &[TableSample] {
        &self.tables
    }

    /// Reads every user record. `each` runs on worker threads and folds the records of a batch into a `B`; `sink` runs on
    /// the calling thread and takes the batches in the order of the file. At most a fixed number of batches is in
    /// memory at any time.
    ///
    /// # Errors
    /// What `sink` returned, or what ended the reading: [`RunError::Io`], [`RunError::Export`] (a truncated file: what
    /// was whole before the damage has been handed over by then).
    pub fn scan<B: Send>(
        &self,
        threads: usize,
        listener: &dyn Listener,
        init: impl Fn() -> B + Sync,
        each: impl Fn(&mut B, Item<'_>) + Sync,
        mut sink: impl FnMut(B) -> Result<ControlFlow<()>, RunError>,
    ) -> Result<(), RunError> {
        let _ = (threads, listener, init, each, &mut sink);
        Ok(())
    }
}
