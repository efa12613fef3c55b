//! The few errors that end a run, and the exit code of each.
//!
//! An error about one record is never one of these: it is a [`crate::code::Refusal`] and costs nobody else anything.

use std::borrow::Cow;
use std::error::Error;
use std::path::PathBuf;

/// In what way a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage or settings.
    Usage,
    /// A file could not be read or written.
    File,
    /// The export cannot be read as what it was taken for.
    Export,
    /// The ledger could not be read or written.
    Ledger,
    /// The target is unreachable, or refused project, key or scopes.
    Target,
    /// The ledger belongs to another export, project or newer version, or another process holds it.
    ForeignLedger,
    /// Somebody stopped it; the same command resumes.
    Interrupted,
    /// The time that it was given is over; the same command resumes.
    TimeIsUp,
    /// A bug, or something that the program cannot go on from.
    Internal,
}

impl Kind {
    /// The process's exit code, as `docs/codes.md` has it.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::File | Self::Export | Self::Ledger | Self::Internal => 1,
            Self::Usage => 2,
            Self::Target => 4,
            Self::ForeignLedger => 5,
            // EX_TEMPFAIL of sysexits.h: nothing failed, try again later.
            Self::TimeIsUp => 75,
            Self::Interrupted => 130,
        }
    }
}

/// Every exit code of the program, with what it means, as `docs/codes.md` and the manual page have them.
pub const EXIT_CODES: [(u8, &str); 8] = [
    (0, "everything asked for was done"),
    (1, "the run could not go on (I/O, ledger, a bug)"),
    (2, "wrong usage or settings"),
    (3, "finished, but some users were refused, failed, or did not match"),
    (4, "target unreachable, or it refused project, key or scopes"),
    (5, "the ledger belongs to another export, project or newer version, or another process holds it"),
    (
        75,
        "stopped at the time that `--until` gave; the same command goes on (`TEMPFAIL` of sysexits.h, so that a supervisor can tell it from a failure)",
    ),
    (130, "interrupted; the same command resumes"),
];

/// What ends a run: in what way, what happened, what lay below, and what is to be done about it. It reads as one line, all of
/// that in this order; what is there to be pasted stands below it.
#[derive(Debug, thiserror::Error)]
#[error("{what}{}{}", below(source.as_deref()), advice(remedy.as_deref()))]
pub struct RunError {
    kind: Kind,
    what: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
    remedy: Option<Cow<'static, str>>,
}

fn below(source: Option<&(dyn Error + Send + Sync)>) -> String {
    source.map(|source| format!(": {source}")).unwrap_or_default()
}

fn advice(remedy: Option<&str>) -> String {
    remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default()
}

/// What the system said, without the name of the temporary file that a library adds.
fn bare(error: std::io::Error) -> std::io::Error {
    let below = error.get_ref().and_then(Error::source).and_then(|below| below.downcast_ref::<std::io::Error>());
    below.and_then(std::io::Error::raw_os_error).map_or(error, std::io::Error::from_raw_os_error)
}

impl RunError {
    fn new(kind: Kind, what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, what: what.into(), source: None, remedy: None }
    }

    /// [`Kind::Usage`].
    pub fn usage(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// [`Kind::File`], for `map_err` on file operations.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| {
            let full = matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
            let ended = Self::new(Kind::File, path.display().to_string()).because(bare(error));
            if full { ended.remedy("make room, then run the same command again") } else { ended }
        }
    }

    /// [`Kind::File`], for `map_err` where what does not fit into memory could not be spilled.
    pub fn temporary(error: std::io::Error) -> Self {
        Self::io(std::env::temp_dir())(error).remedy("TMPDIR names the folder for what does not fit into memory")
    }

    /// [`Kind::Export`].
    pub fn export(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Export, what)
    }

    /// [`Kind::Ledger`].
    pub fn ledger(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Ledger, what)
    }

    /// [`Kind::Target`].
    pub fn target(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Target, what)
    }

    /// [`Kind::ForeignLedger`].
    pub fn foreign_ledger(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::ForeignLedger, what)
    }

    /// [`Kind::Interrupted`].
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted").remedy("run the same command again to go on")
    }

    /// [`Kind::Interrupted`]: a person was asked, and did not agree.
    #[must_use]
    pub fn not_agreed() -> Self {
        Self::new(Kind::Interrupted, "nothing was sent").remedy("run the same command again to be asked again")
    }

    /// [`Kind::TimeIsUp`].
    pub fn time_is_up(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::TimeIsUp, what).remedy("run the same command again to go on")
    }

    /// [`Kind::Internal`].
    pub fn internal(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Internal, what)
    }

    /// [`Kind::Internal`], for `map_err` on what can hardly fail.
    pub fn bug<E: Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::internal(what).because(error)
    }

    /// With what lay below, which is kept as the source.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// With what is to be done about it.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// In what way the run ends.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finish {
    /// Everything asked for was done: exit code 0.
    Done,
    /// Everything was done but for users who were refused, each of them named in the lists: exit code 3.
    Refused,
    /// Finished, but some users were refused, failed or did not match: exit code 3.
    Partial,
}

impl Finish {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused | Self::Partial => 3,
        }
    }

    /// The same, but for refused users if those are `fine`.
    #[must_use]
    pub const fn forgiving(self, fine: bool) -> Self {
        match self {
            Self::Refused if fine => Self::Done,
            other => other,
        }
    }

    /// [`Finish::Partial`] if `partial`.
    #[must_use]
    pub const fn partial_if(partial: bool) -> Self {
        if partial { Self::Partial } else { Self::Done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_line_and_keeps_what_lay_below() {
        let below = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = RunError::io("users.json")(below).remedy("name the export");
        assert_eq!(error.to_string(), "users.json: no such file; name the export");
        let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::NotFound));
        assert_eq!((error.kind(), error.exit_code()), (Kind::File, 1));
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(RunError::io("ledger")(full).to_string().ends_with("; make room, then run the same command again"));
        let error = RunError::interrupted();
        assert_eq!(error.to_string(), "interrupted; run the same command again to go on");
        assert!(error.source().is_none());
    }
}
