//! What everything that works on a run shares, and how it asks the target patiently.

use tracing::Instrument as _;

use super::gate::{Entry, Gate};
use super::stop::Stop;
use crate::appwrite::client::Answer;
use crate::appwrite::verdict::{Cause, Trouble, Verdict, back_off};
use crate::appwrite::wire::Request;
use crate::code::Code;
use crate::error::RunError;
use crate::event::HTTP;
use crate::ledger::Sender;

/// What all users of a run share.
pub struct Context {
    /// Where requests pass.
    pub gate: Gate,
    /// Where outcomes go.
    pub ledger: Sender,
    /// When to stop.
    pub stop: Stop,
}

/// The user is left as they are, for the next run to pick up; [`Stop`] knows why.
pub struct Left;

/// Why a user could not be brought to the end, though others can.
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// The sentence, without secrets.
    pub text: String,
}

/// Tries of one request, by the kind of trouble.
#[derive(Default)]
pub struct Tries {
    count: u32,
    by_cause: [u32; 4],
}

/// What came of a request that can be repeated.
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// The user is not there.
    Gone,
    /// It will not be had.
    Refused(Problem),
}

impl Tries {
    /// The number of the next one, from 1.
    #[must_use]
    pub const fn next(&self) -> u32 {
        self.count + 1
    }
}

impl Context {
    /// Sends a request that can be repeated, until it is answered or has been tried often enough.
    ///
    /// # Errors
    /// [`Left`] if the run is to stop first.
    pub async fn ask(&self, request: &Request) -> Result<Reply, Left> {
        let mut tries = Tries::default();
        loop {
            let entry = self.next().await?;
            let (verdict, answer) = self.gate.send(&entry, request).instrument(request.span(tries.next())).await;
            drop(entry);
            let refused = |text| Ok(Reply::Refused(Problem { code: Code::TargetRefused, text }));
            let trouble = match (verdict, answer) {
                (Verdict::Done, Some(answer)) => return Ok(Reply::Answer(answer)),
                (Verdict::Done | Verdict::Gone, _) => return Ok(Reply::Gone),
                (Verdict::Refused(text), _) => return refused(text),
                (Verdict::AlreadyThere, _) => return refused("HTTP 409".into()),
                (Verdict::StopRun(text), _) => return Err(self.stop_run(text)),
                (Verdict::Retry(trouble) | Verdict::Ambiguous(trouble), _) => trouble,
            };
            if let Err(problem) = self.wait(&mut tries, trouble, true).await? {
                return Ok(Reply::Refused(problem));
            }
        }
    }

    /// Waits before the next try; a problem if there have been enough. `urgent` waits are kept up when no new user is to
    /// be begun.
    ///
    /// # Errors
    /// [`Left`] if the run is to stop first.
    pub async fn wait(&self, tries: &mut Tries, trouble: Trouble, urgent: bool) -> Result<Result<(), Problem>, Left> {
        let Trouble { cause, text, .. } = trouble;
        tries.count += 1;
        let of_cause = &mut tries.by_cause[cause as usize];
        *of_cause += 1;
        if *of_cause >= cause.attempts() {
            let text = format!("given up after {} tries: {text}", tries.count);
            return Ok(Err(Problem { code: Code::GivenUp, text }));
        }
        // Throttled users wait for the pace rather than for themselves.
        let attempt = if cause == Cause::Throttled { 1 } else { *of_cause };
        let range = back_off(attempt);
        let pause = range.start + range.end.saturating_sub(range.start).mul_f64(fastrand::f64());
        tracing::debug!(target: HTTP, tries = tries.count, ?cause, pause_ms = pause.as_millis() as u64, "trying again");
        let stopped = async {
            if urgent {
                self.stop.leaving().await;
            } else {
                self.stop.set_by_anyone().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(Ok(())),
            () = stopped => Err(Left),
        }
    }

    /// A permit to begin a user.
    ///
    /// # Errors
    /// [`Left`] if nobody is to be begun any more.
    pub async fn begin(&self) -> Result<Entry<'_>, Left> {
        tokio::select! {
            biased;
            () = self.stop.set_by_anyone() => Err(Left),
            entry = self.gate.enter() => Ok(entry),
        }
    }

    /// A permit to go on.
    ///
    /// # Errors
    /// [`Left`] if everything is to be left as it is.
    pub async fn next(&self) -> Result<Entry<'_>, Left> {
        tokio::select! {
            biased;
            () = self.stop.leaving() => Err(Left),
            entry = self.gate.enter() => Ok(entry),
        }
    }

    /// Nobody can be served: ends the run.
    #[must_use]
    pub fn stop_run(&self, text: String) -> Left {
        self.stop.leave(RunError::target(text));
        Left
    }
}
