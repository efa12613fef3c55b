//! The dispatcher: the calling thread reads and plans, the ledger's thread writes, and on the runtime users are brought
//! to their ends. Every queue in between is bounded.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tracing::Instrument as _;

use super::bridge;
use super::context::{Context, Stopped};
use super::feed::{self, Intents};
use super::gate::{Gate, Limits};
use super::gauges::Gauges;
use super::job::Job;
use super::mark::Marker;
use super::metrics::Metrics;
use super::saga;
use super::stop::Stop;
use super::window::{Hold, Window};
use crate::appwrite::Client;
use crate::appwrite::preflight::{chunks, in_chunks};
use crate::bridge::Vault;
use crate::error::RunError;
use crate::event::{Event, Listener, USER};
use crate::ledger::{Ledger, Reader, State};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::runtime;

/// Batches between the feed and the dispatcher: what a crash leaves intended and perhaps unsent.
const BATCHES: usize = 2;
/// The ledger's name for when the run began by the target's clock, in Unix milliseconds.
pub const BEGAN: &str = "began_at_target";
/// Users at work for each request in flight: the others wait for their back-off, or for a permit.
const USERS_A_PERMIT: usize = 2;

/// All that a run needs beside its ledger.
pub struct Engine<'i> {
    /// The export.
    pub planner: &'i Planner<'i>,
    /// Its duplicates.
    pub duplicates: &'i Duplicates,
    /// The target.
    pub client: Client,
    /// Requests in flight and a second, at most, and how long to wait for a target.
    pub limits: Limits,
    /// Only the first of this many planned users.
    pub limit: Option<u64>,
    /// When to hold, and when to end.
    pub window: &'i Window,
    /// What is counted for whoever looks at the session from outside.
    pub gauges: Gauges,
    /// Where hashes are sealed for the sign-in bridge, before their users are created.
    pub vault: Option<&'i Vault>,
    /// Hears what happens.
    pub listener: Arc<dyn Listener>,
}

impl Engine<'_> {
    /// Brings every user to their end, or as many as can be before something stops the run. Takes the ledger to its
    /// close, so that everything that is known is durable, whatever the result.
    ///
    /// # Errors
    /// What stopped the run: [`RunError::interrupted`], [`RunError::target`], [`RunError::ledger`], or what ended the
    /// reading.
    pub fn run(self, ledger: Ledger, reader: &Reader) -> (Result<(), RunError>, Metrics) {
        let runtime = match runtime::workers() {
            Ok(runtime) => runtime,
            Err(error) => return (Err(error), Metrics::default()),
        };
        let stop = Stop::default();
        let context = Arc::new(Context {
            gate: Gate::new(self.client.clone(), self.limits, self.listener.clone()).counting(self.gauges.clone()),
            ledger: ledger.sender(),
            stop: stop.clone(),
            hold: Hold::default(),
        });
        let keeper = self.window.keeper(&stop, &context.hold, &context.ledger, &self.listener);
        let keeper = runtime.spawn(keeper.keep());
        match runtime.block_on(note_beginning(&context, reader)).and_then(|()| reader.done_before()) {
            Ok(done) => context.gate.remember(done),
            Err(error) => return (Err(error), Metrics::default()),
        }
        let (sender, receiver) = mpsc::channel(BATCHES);
        let listener = self.listener.clone();
        let signals = runtime.spawn(stop.clone().on_signals(move || {
            listener.on(&Event::Said("finishing the users that are begun; once more to stop at once".into()));
        }));
        let users = self.limits.concurrency.max(1) * USERS_A_PERMIT;
        let dispatcher = runtime.spawn(dispatch(context.clone(), receiver, users).in_current_span());
        let read = self.feed(&context, reader, runtime.handle(), sender);
        let sent = runtime.block_on(dispatcher);
        signals.abort();
        keeper.abort();
        // The last sender: the ledger's thread ends when it is gone.
        let metrics = context.gate.metrics();
        drop(context);
        drop(runtime);
        let closed = ledger.close();
        let result = match (stop.take_reason(), read) {
            // The ledger's own error is the cause of all that follows from it.
            _ if closed.is_err() => closed,
            (Some(reason), _) => Err(reason),
            (None, _) if sent.is_err() => Err(RunError::internal("the dispatcher died")),
            (None, read) => read,
        };
        (result, metrics)
    }

    fn feed(
        &self,
        context: &Context,
        reader: &Reader,
        handle: &tokio::runtime::Handle,
        sender: mpsc::Sender<Vec<Job>>,
    ) -> Result<(), RunError> {
        let mut room = self.limit.unwrap_or(u64::MAX);
        let marker = Marker::of(reader)?;
        feed::scan(self.planner, self.duplicates, &*self.listener, |mut batch| {
            if context.stop.is_set() {
                return Ok(ControlFlow::Break(()));
            }
            let full = feed::keep_first(&mut batch, &mut room);
            let Intents { rows, mut jobs, unplanned } =
                feed::intend(batch, reader, &marker, context.gate.clock().earliest())?;
            if !rows.is_empty() {
                handle.block_on(context.ledger.intend(rows))?;
            }
            if let Some(vault) = self.vault {
                bridge::seal(vault, &jobs)?;
            }
            for rows in in_chunks(unplanned, |row| row.user_id.len()) {
                if handle.block_on(saga::refused_since(context, rows)).is_err() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if handle.block_on(look_for_tried(context, &mut jobs)).is_err() {
                return Ok(ControlFlow::Break(()));
            }
            // The dispatcher is gone only if the run stops.
            Ok(match sender.blocking_send(jobs) {
                Ok(()) if !full => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            })
        })
    }
}

/// Since when users at the target can be this run's, by the target's own clock.
async fn note_beginning(context: &Context, reader: &Reader) -> Result<(), RunError> {
    match reader.meta(BEGAN)? {
        Some(_) => Ok(()),
        None => context.ledger.meta(BEGAN, context.gate.clock().earliest().to_string()).await,
    }
}

/// Asks about those whose create may have been sent, many at a time: nearly all of them are whom a run that was stopped had
/// meant and not come to.
async fn look_for_tried(context: &Context, jobs: &mut [Job]) -> Result<(), Stopped> {
    let is_tried = |job: &Job| job.tried_since.is_some() && job.state == State::Intended;
    let tried: Vec<String> = jobs.iter().filter(|job| is_tried(job)).map(|job| job.user_id().to_owned()).collect();
    let mut missing = HashSet::new();
    for chunk in chunks(&tried, String::len) {
        let ids: Vec<&str> = chunk.iter().map(String::as_str).collect();
        missing.extend(context.missing(&ids).await?);
    }
    for job in jobs.iter_mut().filter(|job| is_tried(job)) {
        job.is_missing = missing.contains(job.user_id());
    }
    Ok(())
}

async fn dispatch(context: Arc<Context>, mut batches: mpsc::Receiver<Vec<Job>>, users: usize) {
    let places = Arc::new(Semaphore::new(users));
    'run: while let Some(batch) = batches.recv().await {
        for job in batch {
            // The semaphore is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { break 'run };
            context.hold.over(&context.stop).await;
            if context.stop.is_set() {
                break 'run;
            }
            let context = context.clone();
            let span = tracing::debug_span!(target: USER, "user", record = job.record);
            let work = async move {
                // Whoever is left open is known to the ledger, and why to the stop.
                let _ = saga::run(&context, job).await;
                drop(context);
                drop(place);
            };
            tokio::spawn(work.instrument(span));
        }
    }
    batches.close();
    let _ = places.acquire_many(u32::try_from(users).unwrap_or(u32::MAX)).await;
}
