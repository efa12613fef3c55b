//! The few errors that end a run, and the exit code of each.
//!
//! An error about one record is never one of these: it is a [`crate::code::Refusal`] and costs nobody else anything.

use std::path::PathBuf;

/// What ends a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Wrong usage or settings: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// A file could not be read or written: exit code 1.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The export cannot be read as what it was taken for: exit code 1.
    #[error("{0}")]
    Export(String),
    /// The ledger could not be read or written: exit code 1.
    #[error("ledger: {0}")]
    Ledger(String),
    /// The target is unreachable, or refused project, key or scopes: exit code 4.
    #[error("{0}")]
    Target(String),
    /// The ledger belongs to another export, project or newer version, or another process holds it: exit code 5.
    #[error("{0}")]
    ForeignLedger(String),
    /// Interrupted; the same command resumes: exit code 130.
    #[error("interrupted; run the same command again to go on")]
    Interrupted,
    /// A bug or something the program cannot go on from: exit code 1.
    #[error("{0}")]
    Internal(String),
}

impl RunError {
    /// The process's exit code, as the README's table documents it.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } | Self::Export(_) | Self::Ledger(_) | Self::Internal(_) => 1,
            Self::Usage(_) => 2,
            Self::Target(_) => 4,
            Self::ForeignLedger(_) => 5,
            Self::Interrupted => 130,
        }
    }

    /// For `map_err` on file operations.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Everything asked for was done: exit code 0.
    Done,
    /// Finished, but some users were refused, failed or did not match: exit code 3.
    Partial,
}

impl Finish {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partial => 3,
        }
    }

    /// [`Finish::Partial`] if `partial`.
    #[must_use]
    pub const fn partial_if(partial: bool) -> Self {
        if partial { Self::Partial } else { Self::Done }
    }
}
