//! Where every request passes: as many at a time and a second as the pace allows, never more than the limits, none
//! during a pause, and none at all once the target has been gone for too long.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use super::metrics::Metrics;
use crate::appwrite::Client;
use crate::appwrite::client::Answer;
use crate::appwrite::pace::{Pace, Signal};
use crate::appwrite::verdict::{Cause, Verdict, judge};
use crate::appwrite::wire::Request;
use crate::event::{Event, Listener};

/// Failures in a row, without any good answer, that a circuit needs beside the time.
const FAILURES: u32 = 5;

/// How hard the target may be pushed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests in flight at most.
    pub concurrency: usize,
    /// Requests a second at most.
    pub rate: Option<NonZeroU32>,
    /// How long the target may give no proper answer before the run stops.
    pub give_up_after: Duration,
}

/// The gate of one run.
pub struct Gate {
    client: Client,
    permits: Semaphore,
    limiter: Option<DefaultDirectRateLimiter>,
    shared: Mutex<Shared>,
    started: Instant,
    give_up_after: Duration,
    listener: Arc<dyn Listener>,
}

struct Shared {
    pace: Pace,
    granted: usize,
    in_flight: usize,
    next: Duration,
    bad_since: Option<Duration>,
    bad: u32,
    metrics: Metrics,
    told: usize,
}

/// The right to have one request in flight.
pub struct Entry<'g> {
    gate: &'g Gate,
}

impl Gate {
    /// A gate in front of this client.
    #[must_use]
    pub fn new(client: Client, limits: Limits, listener: Arc<dyn Listener>) -> Self {
        let pace = Pace::new(limits.concurrency);
        let granted = pace.limit();
        let limiter = limits.rate.map(|rate| {
            // A hundredth of a second's worth at once: timers are not finer than a millisecond.
            let burst = NonZeroU32::new(rate.get() / 100).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
        });
        Self {
            client,
            permits: Semaphore::new(granted),
            limiter,
            shared: Mutex::new(Shared {
                pace,
                granted,
                in_flight: 0,
                next: Duration::ZERO,
                bad_since: None,
                bad: 0,
                metrics: Metrics::default(),
                told: granted,
            }),
            started: Instant::now(),
            give_up_after: limits.give_up_after,
            listener,
        }
    }

    /// Waits for its turn.
    pub async fn enter(&self) -> Entry<'_> {
        // The semaphore is never closed; and without a permit nobody may pass.
        match self.permits.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => std::future::pending().await,
        }
        let entry = Entry { gate: self };
        loop {
            let (wait, pause) = {
                let mut shared = self.shared();
                let now = self.started.elapsed();
                let pause = shared.pace.pause_until();
                let slot = now.max(shared.next).max(pause);
                shared.next = slot + shared.pace.interval();
                (slot.saturating_sub(now), pause)
            };
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            // Somebody may have been told to pause meanwhile.
            if self.shared().pace.pause_until() <= pause.max(self.started.elapsed()) {
                break;
            }
        }
        entry
    }

    /// Sends a request and says what came of it.
    pub async fn send(&self, _entry: &Entry<'_>, request: &Request) -> (Verdict, Option<Answer>) {
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
        let in_flight = {
            let mut shared = self.shared();
            shared.in_flight += 1;
            shared.in_flight
        };
        let sent = self.started.elapsed();
        let outcome = self.client.send(request).await;
        let verdict = judge(request.kind, outcome.as_ref());
        let verdict = self.ended(sent, in_flight, verdict);
        (verdict, outcome.ok())
    }

    /// A user has reached their end.
    pub fn user_done(&self) {
        let now = self.started.elapsed();
        self.shared().metrics.user_done(now);
    }

    /// What the run's requests looked like so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared().metrics.clone()
    }

    fn ended(&self, sent: Duration, in_flight: usize, verdict: Verdict) -> Verdict {
        let now = self.started.elapsed();
        let mut shared = self.shared();
        shared.in_flight -= 1;
        let trouble = match &verdict {
            Verdict::Retry(trouble) | Verdict::Ambiguous(trouble) => Some(trouble),
            _ => None,
        };
        let signal = match trouble.map(|t| t.cause) {
            None | Some(Cause::ServerError) => Signal::Answered,
            Some(Cause::Throttled) => Signal::Throttled,
            Some(Cause::Overloaded) => Signal::Overloaded,
            Some(Cause::Network) => Signal::Lost,
        };
        shared.metrics.answer(now, now.saturating_sub(sent), trouble.is_some());
        let pause = trouble.and_then(|t| t.after);
        let paused = shared.pace.pause_until();
        if let Some(pause) = pause {
            shared.pace.pause(now, pause);
        }
        // Everybody who was in flight is told the same; it is news once.
        let longer = shared.pace.pause_until().saturating_sub(paused.max(now)) > Duration::from_millis(500);
        shared.pace.ended(sent, now, in_flight, signal);
        let limit = shared.pace.limit();
        let before = shared.granted;
        if limit > before {
            self.permits.add_permits(limit - before);
            shared.granted = limit;
        }
        let broken = match trouble {
            Some(trouble) if trouble.cause != Cause::Throttled => {
                let since = *shared.bad_since.get_or_insert(now);
                shared.bad += 1;
                (shared.bad >= FAILURES && now.saturating_sub(since) >= self.give_up_after).then(|| {
                    Verdict::StopRun(format!(
                        "no proper answer from {} for {} seconds: {}",
                        self.client.target().endpoint,
                        now.saturating_sub(since).as_secs(),
                        trouble.text
                    ))
                })
            }
            _ => {
                (shared.bad_since, shared.bad) = (None, 0);
                None
            }
        };
        let news = std::mem::replace(&mut shared.told, limit) != limit || longer;
        drop(shared);
        if news {
            let pause_ms =
                pause.filter(|_| longer).map_or(0, |pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
            self.listener.on(&Event::Pace { limit, pause_ms });
        }
        broken.unwrap_or(verdict)
    }

    fn release(&self) {
        let mut shared = self.shared();
        if shared.granted > shared.pace.limit() {
            shared.granted -= 1;
        } else {
            self.permits.add_permits(1);
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // What is in there is counted, not built: a panic in between leaves nothing half-done.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.gate.release();
    }
}
