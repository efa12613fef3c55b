//! The run folder and its lock, which are opened together: whoever writes into a run's folder is alone there.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crate::error::RunError;
use crate::escape::quoted_path;
use crate::event::Listener;
use crate::folder::{Folder, Locked};
use crate::ledger::{self, Identity, LEDGER, Ledger, Reader};
use crate::report::REPORT_JSON;

/// The users of `--sandbox`.
pub const SANDBOX: &str = "sandbox.sqlite";

/// A run's folder, locked for as long as the value lives.
#[derive(Debug)]
pub struct RunFolder(Locked);

impl Deref for RunFolder {
    type Target = Locked;

    fn deref(&self) -> &Locked {
        &self.0
    }
}

impl RunFolder {
    /// Makes the folder, or takes one that is there.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be made, [`RunError::foreign_ledger`] while another process works on it.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        Self::lock(Folder::create(path, &[LEDGER, REPORT_JSON])?)
    }

    /// Takes a folder that must be there.
    ///
    /// # Errors
    /// [`RunError::usage`] if it is not, [`RunError::foreign_ledger`] while another process works on it.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        Self::lock(Folder::open(path)?)
    }

    /// Takes a folder that must be there, unless another process works on it.
    ///
    /// # Errors
    /// [`RunError::usage`] if it is not there.
    pub fn open_unless_taken(path: &Path) -> Result<Option<Self>, RunError> {
        Ok(Locked::take(Folder::open(path)?)?.map(Self))
    }

    /// Makes or takes a folder for lists and a report that belong to no run: not one that holds a run, whose own would be
    /// lost. `flag` names another folder.
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] for one that does, and as [`RunFolder::create`].
    pub fn for_lists(path: &Path, flag: &str) -> Result<Self, RunError> {
        let folder = Self::create(path)?;
        if ledger::holds_run(path)? {
            let what = format!("{} holds a run, whose lists and report these would replace", path.display());
            return Err(RunError::foreign_ledger(what).remedy(format!("name another folder with {flag}")));
        }
        Ok(folder)
    }

    fn lock(folder: Folder) -> Result<Self, RunError> {
        let path = folder.path().to_owned();
        Locked::take(folder)?.map(Self).ok_or_else(|| {
            RunError::foreign_ledger(format!("another rehome is working on {}", path.display()))
                .remedy(format!("wait for it to end: rehome status {}", quoted_path(&path)))
        })
    }

    /// Whether a process works on the folder now.
    #[must_use]
    pub fn is_taken(path: &Path) -> bool {
        Locked::is_taken(path)
    }

    /// Opens the run's ledger, or begins it: see [`ledger::open`].
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] if the ledger belongs to something else or was written by another version,
    /// [`RunError::ledger`] if it is damaged, or the folder says that there was one.
    pub fn ledger(
        &self,
        identity: &Identity,
        settings: &str,
        later: &str,
        listener: Arc<dyn Listener>,
    ) -> Result<(Ledger, Reader), RunError> {
        ledger::open(self, identity, settings, later, listener)
    }

    /// Opens the ledger of a run that exists, whatever it belongs to.
    ///
    /// # Errors
    /// [`RunError::usage`] where there is none.
    pub fn begun_ledger(&self, listener: Arc<dyn Listener>) -> Result<(Ledger, Reader), RunError> {
        ledger::reopen(self, listener)
    }

    /// The same for whoever looks at the ledger's pages beside, and writes nothing before they are found whole.
    ///
    /// # Errors
    /// As [`Self::begun_ledger`].
    pub fn begun_ledger_unseen(&self, listener: Arc<dyn Listener>) -> Result<(Ledger, Reader), RunError> {
        ledger::reopen_unseen(self, listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_process_s() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("deep/run");
        {
            let _run = RunFolder::create(&path).expect("a new folder");
            assert!(RunFolder::is_taken(&path));
            for again in [RunFolder::create(&path), RunFolder::open(&path)] {
                assert_eq!(again.expect_err("locked").exit_code(), 5);
            }
        }
        assert!(!RunFolder::is_taken(&path));
        RunFolder::open(&path).expect("the lock is free again");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_look_into_a_run() {
        use std::os::unix::fs::PermissionsExt;

        use crate::event::Silent;

        let mode = |path: &Path| std::fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        let home = tempfile::tempdir().expect("a folder");
        let run = RunFolder::create(&home.path().join("deep/run")).expect("a folder");
        let _open = run.ledger(&Identity::default(), "{}", "LATER", Arc::new(Silent)).expect("a ledger");
        assert_eq!(mode(run.path()), 0o700);
        for file in std::fs::read_dir(run.path()).expect("the folder").flatten() {
            assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
        }
    }
}
