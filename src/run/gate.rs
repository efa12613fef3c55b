//! Where every request passes: as many at a time and a second as the pace allows, never more than the limits, none
//! during a pause, and none at all once the target has been gone for too long.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use super::gauges::Gauges;
use super::health::{self, Health};
use super::metrics::Metrics;
use crate::appwrite::answer::{Answer, Lost};
use crate::appwrite::ask::Outcome;
use crate::appwrite::pace::{Pace, Signal};
use crate::appwrite::verdict::{Cause, Trouble, Verdict};
use crate::appwrite::wire::{Kind, Request, limit};
use crate::appwrite::{Client, Clock};
use crate::event::{Event, Listener};
use crate::ledger::Steps;

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

/// Users made again who are named.
const NAMED: u64 = 100;

/// The gate of one run.
pub struct Gate {
    client: Client,
    permits: Semaphore,
    limiter: Option<DefaultDirectRateLimiter>,
    shared: Mutex<Shared>,
    started: Instant,
    give_up_after: Duration,
    listener: Arc<dyn Listener>,
    gauges: Gauges,
    made_again: AtomicU64,
    #[cfg(test)]
    sent: std::sync::atomic::AtomicU32,
}

struct Shared {
    pace: Pace,
    granted: usize,
    in_flight: usize,
    next: Duration,
    health: Health,
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
                health: Health::default(),
                metrics: Metrics::default(),
                told: granted,
            }),
            started: Instant::now(),
            give_up_after: limits.give_up_after,
            listener,
            gauges: Gauges::default(),
            made_again: AtomicU64::new(0),
            #[cfg(test)]
            sent: std::sync::atomic::AtomicU32::new(0),
        }
    }

    /// The same, whose requests are counted there.
    #[must_use]
    pub fn counting(self, gauges: Gauges) -> Self {
        gauges.may_have_in_flight(self.shared().granted);
        Self { gauges, ..self }
    }

    /// An earlier run had these done: the target serves them.
    pub fn remember(&self, done: Steps) {
        self.shared().health.remember(done);
    }

    /// Waits for its turn.
    pub async fn enter(&self) -> Entry<'_> {
        // The semaphore is never closed; and without a permit nobody may pass.
        match self.permits.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => std::future::pending().await,
        }
        let entry = Entry { gate: self };
        self.turn().await;
        entry
    }

    /// Waits until the next request may begin: who keeps a permit obeys a pause like everybody else.
    pub async fn turn(&self) {
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
                self.sleep(wait).await;
            }
            // Somebody may have been told to pause meanwhile.
            if self.shared().pace.pause_until() <= pause.max(self.started.elapsed()) {
                break;
            }
        }
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
    }

    /// Sends a request whose turn it is and says what came of it. What does not go well `counts` against the target, unless
    /// it is known to be about this request alone.
    ///
    /// # Errors
    /// The sentence with which the run ends, if requests of this kind have not been served for too long.
    pub async fn send(&self, _entry: &Entry<'_>, request: &Request, counts: bool) -> Result<Outcome, String> {
        let in_flight = {
            let mut shared = self.shared();
            shared.in_flight += 1;
            shared.in_flight
        };
        let sent = self.started.elapsed();
        self.gauges.sent();
        let outcome = Outcome::of(request, self.carry(request).await);
        self.gauges.answered(request.kind, &outcome.verdict, self.started.elapsed().saturating_sub(sent));
        match self.ended(sent, in_flight, request, counts, &outcome.verdict) {
            Err(text) if !self.is_about_it(request.kind, &outcome.verdict).await? => Err(text),
            _ => Ok(outcome),
        }
    }

    /// Whether what is always lost on the way, or waited for in vain, is about who is in it, though a network looks at nobody: those
    /// who are left are few, and somebody else would be served.
    async fn is_about_it(&self, kind: Kind, verdict: &Verdict) -> Result<bool, String> {
        let lost = verdict.trouble().is_some_and(|t| matches!(t.cause, Cause::Network | Cause::Overloaded));
        if !lost || !self.shared().health.may_be_theirs(kind) {
            return Ok(false);
        }
        Ok(self.probe(kind).await?.trouble().is_none())
    }

    async fn carry(&self, request: &Request) -> Result<Answer, Lost> {
        #[cfg(test)]
        self.sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.client.send(request).await
    }

    /// Asks whether requests of this kind are served at all, by one that changes nothing. One that is not served counts; one
    /// that is proves only that something is, and says nothing once many others are not.
    ///
    /// # Errors
    /// As [`Gate::send`].
    pub async fn probe(&self, kind: Kind) -> Result<Verdict, String> {
        let request = match kind {
            Kind::Create | Kind::Step(_) | Kind::Phone => Request::probe_create(),
            Kind::Read | Kind::Delete | Kind::SignIn => Request::list(&[limit(1)]),
        };
        self.turn().await;
        let verdict = Outcome::of(&request, self.carry(&request).await).verdict;
        let now = self.waited();
        if verdict.trouble().is_none() {
            self.shared().health.proven(kind, now);
        }
        if let Some(trouble) = verdict.trouble() {
            let gone = self.shared().health.bad(&request, true, trouble, now, self.give_up_after);
            if let Some(gone) = gone {
                return Err(self.without_answer(&request, gone, trouble));
            }
        }
        Ok(verdict)
    }

    /// The sentence with which a run ends that nobody serves.
    fn without_answer(&self, request: &Request, gone: Duration, trouble: &Trouble) -> String {
        format!(
            "no proper answer from {} to any {} for {} seconds: {}",
            self.client.target().endpoint,
            health::name(request.kind),
            gone.as_secs(),
            trouble.text
        )
    }

    /// How long the target has had to answer. In a simulation a request takes a hundredth of a second, however busy this
    /// machine is.
    fn waited(&self) -> Duration {
        #[cfg(test)]
        if self.client.is_scripted() {
            return Duration::from_millis(10) * self.sent.load(std::sync::atomic::Ordering::Relaxed);
        }
        self.started.elapsed()
    }

    /// Waits; in a simulation a thousandth of it.
    pub async fn sleep(&self, pause: Duration) {
        #[cfg(test)]
        let pause = if self.client.is_scripted() { pause / 1000 } else { pause };
        tokio::time::sleep(pause).await;
    }

    /// How many requests of this kind have been served.
    #[must_use]
    pub fn served(&self, kind: Kind) -> u64 {
        self.shared().health.served(kind)
    }

    /// Whether the requests of this kind that fail may be to blame themselves, if others would be served.
    #[must_use]
    pub fn may_be_to_blame(&self, kind: Kind) -> bool {
        self.shared().health.may_be_to_blame(kind, self.waited(), self.give_up_after)
    }

    /// How long a target may be gone.
    #[must_use]
    pub const fn give_up_after(&self) -> Duration {
        self.give_up_after
    }

    /// The target's time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.client.target().clock
    }

    /// A user was made again whom somebody had deleted at the target.
    pub fn made_again(&self, record: u64, user_id: &str) {
        let text = match self.made_again.fetch_add(1, Ordering::Relaxed) {
            n if n < NAMED => format!(
                "record {record}: user {user_id} was created by this run and deleted at the target since: made again"
            ),
            NAMED => "more users were deleted at the target since, and are made again".into(),
            _ => return,
        };
        self.listener.on(&Event::Said(text));
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

    fn ended(
        &self,
        sent: Duration,
        in_flight: usize,
        request: &Request,
        counts: bool,
        verdict: &Verdict,
    ) -> Result<(), String> {
        let now = self.started.elapsed();
        let mut shared = self.shared();
        shared.in_flight -= 1;
        let trouble = verdict.trouble();
        let signal = match trouble.map(|t| t.cause) {
            None | Some(Cause::ServerError | Cause::Foreign | Cause::Denied | Cause::Full) => Signal::Answered,
            Some(Cause::Throttled) => Signal::Throttled,
            Some(Cause::Overloaded) => Signal::Overloaded,
            Some(Cause::Network) => Signal::Lost,
        };
        shared.metrics.answer(now, now.saturating_sub(sent), trouble.is_some());
        let asked = trouble.and_then(|t| t.after);
        let pause = asked.map(|pause| pause.min(health::longest_pause(self.give_up_after)));
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
        let gone = match trouble {
            Some(trouble) if counts => shared.health.bad(request, false, trouble, self.waited(), self.give_up_after),
            Some(_) => None,
            None => {
                shared.health.good(request.kind);
                None
            }
        };
        let news = std::mem::replace(&mut shared.told, limit) != limit || longer;
        drop(shared);
        if news {
            self.gauges.may_have_in_flight(limit);
            let pause_ms =
                pause.filter(|_| longer).map_or(0, |pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
            self.listener.on(&Event::Pace { limit, pause_ms });
        }
        if let (true, Some(asked), Some(kept)) = (longer, asked, pause)
            && asked > kept
        {
            self.listener.on(&Event::Warned(format!(
                "the target asks for a pause of {} seconds; it is asked again after {}",
                asked.as_secs(),
                kept.as_secs()
            )));
        }
        match (gone, trouble) {
            (Some(gone), Some(trouble)) => Err(self.without_answer(request, gone, trouble)),
            _ => Ok(()),
        }
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
