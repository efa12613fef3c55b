//! What a sync does for the sign-in bridge of a run: a hash that changed at the source is sealed in the place of the earlier
//! one, the address in the store is the one that the target has, and whoever is gone leaves the store.

use std::path::Path;
use std::sync::Arc;

use crate::appwrite::Target;
use crate::bridge::store::Durable;
use crate::bridge::{Sealing, Store, Vault};
use crate::error::RunError;
use crate::folder::Folder;
use crate::plan::Bridged;
use crate::run::bridge::{self, Keeping};
use crate::run::job::Job;

/// What is said of a hash that waits at the bridge.
pub(super) const SEALED: &str = "sealed for the bridge";

/// The store of the run's bridge, with its key.
#[derive(Clone)]
pub(super) struct Seals(Arc<Vault>);

/// What becomes of the seal of a user who was created without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anew {
    /// It holds.
    Holds,
    /// The address, or the login name, is another one.
    Name,
    /// The hash is.
    Hash,
    /// The hash is, and `--stale-passwords keep` keeps the earlier one.
    Kept,
}

impl Anew {
    /// What is told of it, and whether a person has to look. An address or a name is told as such.
    pub(super) const fn told(self) -> Option<(&'static str, bool)> {
        match self {
            Self::Holds | Self::Name => None,
            Self::Hash => Some((SEALED, false)),
            Self::Kept => Some(("kept: --stale-passwords keep", true)),
        }
    }

    /// Whether the user is sealed again.
    pub(super) const fn seals(self) -> bool {
        matches!(self, Self::Name | Self::Hash)
    }
}

impl Seals {
    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// As [`bridge::vault`]; [`RunError::usage`] for a bridge whose time is up.
    pub(super) fn open(folder: &Folder, target: &Target, keeping: &Keeping) -> Result<Self, RunError> {
        let vault = bridge::vault(folder, target, keeping)?;
        match bridge::is_over(&vault)? {
            Some(over) => Err(RunError::usage(format!("{over}, and what is sealed now would go at once"))
                .remedy("say how long hashes are kept: rehome bridge add RUN --bridge-until DATE")),
            None => Ok(Self(Arc::new(vault))),
        }
    }

    /// What the store has otherwise than the source now, of a user who was created without a password; a user it has not is
    /// a hash that it has not. Nobody who has come since is waited for again.
    pub(super) fn differs(&self, job: &Job, email: Option<&str>) -> Result<Anew, RunError> {
        let Some(Bridged { kept, login }) = job.bridged.as_deref() else { return Ok(Anew::Holds) };
        let Some(entry) = self.0.by_id(job.user_id())? else { return Ok(Anew::Hash) };
        if !entry.state.holds_hash() {
            return Ok(Anew::Holds);
        }
        let found = |found: Option<crate::bridge::Entry>| found.is_some_and(|found| found.user_id == entry.user_id);
        let as_sealed = self.0.unseal(&entry)?.is_some_and(|sealed| kept.is_sealed_as(&sealed));
        let address = email.map_or(Ok(true), |email| self.0.by_address(email).map(found))?;
        let name =
            login.as_deref().map_or(Ok(true), |login| self.0.by_login(login).map(|one| one.is_none() || found(one)))?;
        Ok(match (as_sealed, address && name) {
            (false, _) => Anew::Hash,
            (true, false) => Anew::Name,
            (true, true) => Anew::Holds,
        })
    }

    /// Whether the user waits for a first sign-in, with the credential at the target that this was left with.
    pub(super) fn waits(&self, user_id: &str, password: &str) -> Result<bool, RunError> {
        let entry = self.0.by_id(user_id)?.filter(|entry| entry.state.holds_hash());
        Ok(entry.is_some_and(|entry| self.0.is_as_left(&entry, password)))
    }

    /// Whether the user is one of the bridge's, whatever has become of them: their password is not the run's.
    pub(super) fn knows(&self, user_id: &str) -> Result<bool, RunError> {
        Ok(self.0.by_id(user_id)?.is_some())
    }

    /// Seals what is kept of a user under the address that the target has of them. `left` is their credential there, `None`
    /// the one that they were sealed with. False where nothing can be kept, or where the user has come to an end at the
    /// bridge.
    pub(super) fn seal(&self, job: &Job, email: Option<&str>, left: Option<&str>) -> Result<bool, RunError> {
        let sealing = sealing(job, email, left);
        self.0.seal(sealing).map(|sealed| sealed > 0)
    }

    /// Has whoever waits be found by the address that the target has of them.
    pub(super) fn follow(&self, user_id: &str, email: &str) -> Result<(), RunError> {
        self.0.follow(user_id, email)
    }

    /// Seals several once more, all of them or none.
    pub(super) fn seal_all(&self, jobs: &[Job]) -> Result<(), RunError> {
        self.0.seal(jobs.iter().filter_map(|job| sealing(job, job.email(), None))).map(|_| ())
    }

    /// Forgets a user.
    pub(super) fn forget(&self, user_id: &str) -> Result<(), RunError> {
        self.0.forget([user_id]).map(|_| ())
    }
}

fn sealing<'j>(job: &'j Job, email: Option<&'j str>, left: Option<&'j str>) -> Option<Sealing<'j>> {
    let bridged = job.bridged.as_deref()?;
    Some(Sealing { user_id: job.user_id(), email, login: bridged.login.as_deref(), left, kept: &bridged.kept })
}

/// Forgets these users in the store of a run, for which no key is needed.
pub(super) fn forget(path: &Path, users: &[String]) -> Result<(), RunError> {
    if users.is_empty() || !path.is_file() {
        return Ok(());
    }
    let store = Store::open(path, Durable::Fully)?;
    store.forget(users.iter().map(String::as_str))?;
    store.checkpoint()
}
