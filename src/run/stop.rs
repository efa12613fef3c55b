//! How a run ends early: asked to by a person or the system, or because nobody can be served.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::error::RunError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Running,
    /// Begin nothing; finish what is begun.
    Finishing,
    /// Leave everything as it is: the ledger knows what to look at.
    Leaving,
}

/// Shared by everything that works on a run.
#[derive(Clone)]
pub struct Stop {
    level: Arc<watch::Sender<Level>>,
    reason: Arc<Mutex<Option<RunError>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { level: Arc::new(watch::Sender::new(Level::Running)), reason: Arc::default() }
    }
}

impl Stop {
    /// A person or the system asks for the end: users that are begun are finished.
    pub fn finish(&self) {
        self.set(Level::Finishing, RunError::Interrupted);
    }

    /// Nobody can be served any more.
    pub fn leave(&self, reason: RunError) {
        self.set(Level::Leaving, reason);
    }

    /// Whether no new user is to be begun.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.level.borrow() > Level::Running
    }

    /// Waits until [`Stop::is_set`].
    pub async fn set_by_anyone(&self) {
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = self.level.subscribe().wait_for(|level| *level > Level::Running).await;
    }

    /// Waits until users that are begun are left as they are, too.
    pub async fn leaving(&self) {
        let _ = self.level.subscribe().wait_for(|level| *level > Level::Finishing).await;
    }

    /// Why, once; the first reason wins.
    #[must_use]
    pub fn take_reason(&self) -> Option<RunError> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, level: Level, reason: RunError) {
        self.level.send_if_modified(|now| {
            let first = *now == Level::Running;
            if first {
                *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            }
            let more = level > *now;
            *now = (*now).max(level);
            more
        });
    }

    /// Listens to Ctrl-C and SIGTERM: the first finishes the run, the second ends the process at once.
    pub async fn on_signals(self, said: impl Fn() + Send) {
        let mut asked = false;
        loop {
            if signal().await.is_err() {
                return;
            }
            if asked {
                std::process::exit(i32::from(RunError::Interrupted.exit_code()));
            }
            asked = true;
            said();
            self.finish();
        }
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
