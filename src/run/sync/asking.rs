//! How the users of a sync are looked at.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::seal::{Anew, Seals};
use super::{Mode, Stale};
use crate::error::RunError;
use crate::ledger::{Field, Left};
use crate::run::job::Job;
use crate::run::mark::Marker;

/// How users are looked at, and what becomes of passwords that are others at the source now.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) marker: Marker,
    pub(super) mode: Mode,
    pub(super) stale: Stale,
    /// The run's bridge, where it has one.
    pub(super) seals: Option<Seals>,
    /// Places for those who are deleted and made again.
    pub(super) places: Arc<Semaphore>,
    /// Whether an address or number that somebody else has will stay theirs.
    pub(super) is_last: bool,
}

impl Asking {
    pub(super) fn new(marker: Marker, mode: Mode, stale: Stale, seals: Option<Seals>, at_once: usize) -> Self {
        Self { marker, mode, stale, seals, places: Arc::new(Semaphore::new(at_once.max(1))), is_last: mode.dry_run }
    }

    /// What becomes of a user's seal, whose address at the target this is.
    pub(super) fn anew(&self, job: &Job, left: Option<Left>, email: Option<&str>) -> Result<Anew, RunError> {
        let has_none = left.is_some_and(|left| left.get(Field::Password) == 0);
        if !has_none || job.create.body.password.is_some() {
            return Ok(Anew::Holds);
        }
        let anew = match &self.seals {
            Some(seals) => seals.differs(job, email)?,
            // A store that a dry run does not make.
            None if self.mode.dry_run && self.stale == Stale::Bridge && job.bridged.is_some() => Anew::Hash,
            None => Anew::Holds,
        };
        Ok(if anew == Anew::Hash && self.stale == Stale::Keep { Anew::Kept } else { anew })
    }
}
