//! The same question about many, a stated number of them at a time.

use std::future::Future;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::context::{Context, Stopped};
use crate::error::RunError;

/// Questions that are under way, and who takes what comes of them.
pub struct Parallel<'p, T> {
    context: &'p Context,
    runtime: &'p Runtime,
    at_once: usize,
    asked: JoinSet<Result<T, Stopped>>,
}

impl<'p, T: Send + 'static> Parallel<'p, T> {
    /// At most so many at a time, and at least one.
    #[must_use]
    pub fn new(context: &'p Context, runtime: &'p Runtime, at_once: usize) -> Self {
        Self { context, runtime, at_once: at_once.max(1), asked: JoinSet::new() }
    }

    /// Begins one more as soon as there is room, and hands over what came of those that made it.
    ///
    /// # Errors
    /// What stopped the run, and what `take` returns.
    pub fn add(
        &mut self,
        work: impl Future<Output = Result<T, Stopped>> + Send + 'static,
        take: &mut impl FnMut(T) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        while self.asked.len() >= self.at_once {
            self.next(take)?;
        }
        self.asked.spawn_on(work.in_current_span(), self.runtime.handle());
        Ok(())
    }

    /// Waits for all that are under way.
    ///
    /// # Errors
    /// As [`Parallel::add`].
    pub fn finish(mut self, take: &mut impl FnMut(T) -> Result<(), RunError>) -> Result<(), RunError> {
        while !self.asked.is_empty() {
            self.next(take)?;
        }
        Ok(())
    }

    fn next(&mut self, take: &mut impl FnMut(T) -> Result<(), RunError>) -> Result<(), RunError> {
        let Some(joined) = self.runtime.block_on(self.asked.join_next()) else { return Ok(()) };
        let done = joined.map_err(|_| RunError::internal("a question to the target died"))?;
        let Ok(done) = done else {
            // Whatever is under way comes to its own end: somebody may be deleted and not yet made again.
            while let Some(joined) = self.runtime.block_on(self.asked.join_next()) {
                if let Ok(Ok(done)) = joined {
                    take(done)?;
                }
            }
            return Err(self.context.stopped());
        };
        take(done)
    }
}

/// Does all of this at once, which is to be little: the gate keeps the pace. In no order. All of it comes to its own end, also
/// where something stops the run.
///
/// # Errors
/// [`Stopped`] if the run is to stop first.
pub async fn together<T: Send + 'static>(
    context: &Context,
    work: impl Iterator<Item = impl Future<Output = Result<T, Stopped>> + Send + 'static>,
) -> Result<Vec<T>, Stopped> {
    let mut asked: JoinSet<_> = work.map(tracing::Instrument::in_current_span).collect();
    let (mut done, mut stopped) = (Vec::with_capacity(asked.len()), false);
    while let Some(joined) = asked.join_next().await {
        match joined.map_err(|_| context.stop_run("a question to the target died".into()))? {
            Ok(one) => done.push(one),
            Err(Stopped) => stopped = true,
        }
    }
    if stopped { Err(Stopped) } else { Ok(done) }
}
