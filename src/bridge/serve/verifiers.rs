//! Verifying beside everything else: a few at a time, within the memory that there is, and never so many waiting that nobody
//! gets an answer in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

/// Longest wait for a turn: whoever waits longer has given up.
const PATIENCE: Duration = Duration::from_secs(25);
/// How many may wait for each that works.
const WAITING: usize = 256;

/// The threads and the memory for verifying.
pub struct Verifiers {
    turns: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    mebibytes: u32,
    most: usize,
    here: AtomicUsize,
}

/// Nobody can be verified now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

impl Verifiers {
    /// So many at a time, with so many MiB in all.
    #[must_use]
    pub fn new(jobs: usize, mebibytes: u32) -> Self {
        let mebibytes = mebibytes.max(1);
        Self {
            turns: Arc::new(Semaphore::new(jobs)),
            memory: Arc::new(Semaphore::new(mebibytes as usize)),
            mebibytes,
            most: jobs * (WAITING + 1),
            here: AtomicUsize::new(0),
        }
    }

    /// How many are worked on or waited for.
    #[must_use]
    pub fn here(&self) -> usize {
        self.here.load(Ordering::Relaxed)
    }

    /// Does work that needs so much memory on a thread of its own, when its turn has come.
    ///
    /// # Errors
    /// [`Busy`] if that does not come soon, and for work that needs more memory than there is.
    pub async fn work<T: Send + 'static>(
        &self,
        mebibytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let Ok(mebibytes) = u32::try_from(mebibytes.max(1)) else { return Err(Busy) };
        if mebibytes > self.mebibytes {
            return Err(Busy);
        }
        let _place = Place::take(&self.here, self.most).ok_or(Busy)?;
        let turn = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let memory = Arc::clone(&self.memory).acquire_many_owned(mebibytes).await;
            (turn, memory)
        };
        let turn = tokio::time::timeout(PATIENCE, turn).await.map_err(|_| Busy)?;
        // The turn goes with the work: whoever asked may have hung up, and the thread is busy all the same.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| Busy)
    }
}

/// A place among those who wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(here: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(here);
        (here.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_are_never_more_at_a_time_than_turns_and_memory() {
        for (jobs, memory, each, most) in [(2, 100, 1, 2), (8, 100, 40, 2)] {
            let verifiers = Arc::new(Verifiers::new(jobs, memory));
            let (now, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let work = (0..12).map(|_| {
                let (verifiers, now, seen) = (verifiers.clone(), now.clone(), seen.clone());
                tokio::spawn(async move {
                    let work = move || {
                        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(3));
                        now.fetch_sub(1, Ordering::SeqCst);
                    };
                    verifiers.work(each, work).await
                })
            });
            for done in work.collect::<Vec<_>>() {
                done.await.expect("it ends").expect("its turn came");
            }
            assert!(seen.load(Ordering::SeqCst) <= most);
            assert_eq!(verifiers.here(), 0);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_said_at_once() {
        let verifiers = Verifiers::new(1, 10);
        assert_eq!(verifiers.work(11, || ()).await, Err(Busy));
        assert_eq!(verifiers.work(10, || 7).await, Ok(7));
        let none = Verifiers { most: 0, ..Verifiers::new(1, 10) };
        assert_eq!(none.work(1, || ()).await, Err(Busy));
        assert_eq!(none.here(), 0);
    }
}
