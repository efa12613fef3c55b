//! How a run ends early: asked to by a person or the system, or because nobody can be served.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::error::RunError;
use crate::signals::Signals;

/// Shared by everything that works on a run.
#[derive(Clone, Default)]
pub struct Stop {
    /// Begin nothing; finish what is begun.
    finishing: CancellationToken,
    /// Leave everything as it is: the ledger knows what to look at.
    leaving: CancellationToken,
    reason: Arc<Mutex<Option<RunError>>>,
}

impl Stop {
    /// A person or the system asks for the end: users that are begun are finished.
    pub fn finish(&self) {
        self.finish_because(RunError::interrupted());
    }

    /// The same, for a reason of its own.
    pub fn finish_because(&self, reason: RunError) {
        self.because(reason);
        self.finishing.cancel();
    }

    /// Nobody can be served any more.
    pub fn leave(&self, reason: RunError) {
        self.because(reason);
        self.finishing.cancel();
        self.leaving.cancel();
    }

    /// Whether no new user is to be begun.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.finishing.is_cancelled()
    }

    /// Waits until [`Stop::is_set`].
    pub async fn set_by_anyone(&self) {
        self.finishing.cancelled().await;
    }

    /// Waits until users that are begun are left as they are, too.
    pub async fn leaving(&self) {
        self.leaving.cancelled().await;
    }

    /// Why, once; the first reason wins.
    #[must_use]
    pub fn take_reason(&self) -> Option<RunError> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn because(&self, reason: RunError) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    /// Listens to Ctrl-C and SIGTERM: the first finishes the run, the second ends the process at once.
    pub async fn on_signals(self, said: impl Fn() + Send) {
        let Ok(mut signals) = Signals::new() else { return };
        let mut asked = false;
        loop {
            signals.wait().await;
            if asked {
                std::process::exit(i32::from(RunError::interrupted().exit_code()));
            }
            asked = true;
            said();
            self.finish();
        }
    }
}
