//! The asynchronous runtimes there are. Commands are not asynchronous; what asks or serves over the network is.

use tokio::runtime::{Builder, Runtime};

use crate::error::RunError;

/// For many requests at a time: as much work as two threads do keeps any target busy.
///
/// # Errors
/// [`RunError::internal`] if the system refuses the threads.
pub fn workers() -> Result<Runtime, RunError> {
    built(Builder::new_multi_thread().worker_threads(2))
}

/// For a server: a thread a core.
///
/// # Errors
/// As [`workers`].
pub fn server() -> Result<Runtime, RunError> {
    built(&mut Builder::new_multi_thread())
}

/// For one errand at a time, on the calling thread.
///
/// # Errors
/// As [`workers`].
pub fn errands() -> Result<Runtime, RunError> {
    built(&mut Builder::new_current_thread())
}

/// Runs one asynchronous errand of something that is otherwise not.
///
/// # Errors
/// As [`workers`].
pub fn block_on<F: Future>(future: F) -> Result<F::Output, RunError> {
    errands().map(|runtime| runtime.block_on(future))
}

fn built(builder: &mut Builder) -> Result<Runtime, RunError> {
    builder.enable_all().build().map_err(RunError::bug("no runtime"))
}
