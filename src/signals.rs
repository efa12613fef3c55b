//! What a person or a supervisor ends a process with: Ctrl-C and SIGTERM.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::RunError;
use crate::runtime;

/// How many wait for a signal, and see to what follows.
static HEEDED: AtomicUsize = AtomicUsize::new(0);

/// How many signals somebody has waited for and got. Whoever got one may be done with it, and gone, before the thread below sees it.
static CAUGHT: AtomicUsize = AtomicUsize::new(0);

/// Ctrl-C, and what a supervisor sends.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on, so that none is missed; within a runtime.
    ///
    /// # Errors
    /// [`RunError::internal`] if the system refuses.
    pub fn new() -> Result<Self, RunError> {
        let signals = Self::listening()?;
        HEEDED.fetch_add(1, Ordering::SeqCst);
        end_where_nobody_listens();
        Ok(signals)
    }

    #[cfg(unix)]
    fn listening() -> Result<Self, RunError> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error| RunError::internal("cannot listen for signals").because(error);
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "fails elsewhere")]
    fn listening() -> Result<Self, RunError> {
        Ok(Self {})
    }

    /// Waits for the next one.
    pub async fn wait(&mut self) {
        self.next().await;
        CAUGHT.fetch_add(1, Ordering::SeqCst);
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // Without signals there is nothing to wait for but the process's end.
        let _ = tokio::signal::ctrl_c().await;
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        HEEDED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// From the first moment, where the system does not end a process that says nothing of signals: the first one of a container.
/// Elsewhere it does, until somebody has listened once.
pub fn begin() {
    if std::process::id() == 1 {
        end_where_nobody_listens();
    }
}

/// From now on a signal that nobody listens for ends the process at once, as it would if nobody had ever listened.
fn end_where_nobody_listens() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (ready, listens) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let ended = runtime::block_on(async {
                let mut signals = Signals::listening()?;
                let _ = ready.send(());
                let mut excused = 0;
                loop {
                    signals.next().await;
                    if HEEDED.load(Ordering::SeqCst) > 0 || CAUGHT.load(Ordering::SeqCst) > excused {
                        excused += 1;
                    } else {
                        std::process::exit(i32::from(RunError::interrupted().exit_code()));
                    }
                }
            });
            // Without the thread it is as the system has it.
            let _: Result<Result<(), RunError>, RunError> = ended;
        });
        let _ = listens.recv();
    });
}
