//! What ends a server.

use crate::error::RunError;

/// Ctrl-C, and what a supervisor sends.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on, so that none is missed.
    #[cfg(unix)]
    pub fn new() -> Result<Self, RunError> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error| RunError::internal("cannot listen for signals").because(error);
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    #[cfg(unix)]
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "fails elsewhere")]
    pub fn new() -> Result<Self, RunError> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub async fn wait(&mut self) {
        // Without signals there is nothing to wait for but the process's end.
        let _ = tokio::signal::ctrl_c().await;
    }
}
