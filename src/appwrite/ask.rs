//! The one retry loop: a request is sent until it is known what came of it. Who sends, who waits, and how much is enough
//! differs between a run and a command that only looks; that is a [`Door`].

use std::time::{Duration, Instant};

use tracing::Instrument as _;

use super::answer::{Answer, Lost};
use super::verdict::{Cause, Trouble, Verdict, back_off, judge};
use super::wire::{Kind, Request};
use crate::event::HTTP;

/// How requests get to the target.
pub trait Door {
    /// Why it does not open any more.
    type Stopped;

    /// Sends the request once, when its turn has come.
    fn send(&mut self, request: &Request) -> impl Future<Output = Result<Outcome, Self::Stopped>> + Send;

    /// Waits before the next try.
    fn rest(&mut self, pause: Duration) -> impl Future<Output = Result<(), Self::Stopped>> + Send;

    /// Whether the tries so far are enough: the trouble is this request's own, and waiting will not help.
    fn enough(&mut self, tries: &Tries) -> impl Future<Output = Result<bool, Self::Stopped>> + Send;

    /// How many requests of this kind have had a proper answer so far.
    fn served(&self, _: Kind) -> u64 {
        0
    }
}

/// The end of one try: its verdict, and the answer that led to it.
pub struct Outcome {
    /// As [`super::verdict`] judges it.
    pub verdict: Verdict,
    /// What came back, if anything.
    pub answer: Option<Answer>,
}

impl Outcome {
    /// Judges what came back.
    #[must_use]
    pub fn of(request: &Request, came: Result<Answer, Lost>) -> Self {
        let verdict = judge(request, came.as_ref());
        Self { verdict, answer: came.ok() }
    }
}

/// The tries of one request that led to nothing.
#[derive(Debug, Clone)]
pub struct Tries {
    /// What the request is for.
    pub kind: Kind,
    /// All of them.
    pub count: u32,
    by_cause: [u32; Cause::ALL],
    /// What was wrong with the last one.
    pub trouble: Trouble,
    /// [`Door::served`] when the one before the last had failed.
    pub mark: u64,
    /// [`Door::served`] when the last was sent.
    pub sent: u64,
    /// When the first of them had failed.
    pub began: Instant,
    /// [`Door::served`] at the first of them.
    pub first: u64,
    served: u64,
}

impl Tries {
    /// How many of them had the cause of the last.
    #[must_use]
    pub fn alike(&self) -> u32 {
        self.by_cause[self.trouble.cause as usize]
    }
}

/// What is known of a request in the end.
pub enum Told {
    /// It is done, and the answer proves it.
    Done(Answer),
    /// 409: something of this user is there already.
    AlreadyThere,
    /// The user is not there.
    Gone,
    /// Appwrite itself refuses it for good.
    Refused {
        /// Appwrite's name for it, `general_argument_invalid`.
        kind: String,
        /// Its sentence, without secrets.
        text: String,
    },
    /// It may have been done: read back, and go on asking if it was not.
    Unknown,
    /// It was tried often enough, and others were served meanwhile.
    GivenUp {
        /// How often, and what was wrong last, without secrets.
        text: String,
        /// The last answer, if there was one.
        answer: Option<Answer>,
    },
}

/// A request that is being asked.
pub struct Asking<'r> {
    request: &'r Request,
    tries: Option<Tries>,
    answer: Option<Answer>,
}

impl<'r> Asking<'r> {
    /// Begins to ask.
    #[must_use]
    pub const fn new(request: &'r Request) -> Self {
        Self { request, tries: None, answer: None }
    }

    /// Sends until there is something to tell. After [`Told::Unknown`] it can be called again.
    ///
    /// # Errors
    /// What the door says when it does not open any more.
    pub async fn go<D: Door>(&mut self, door: &mut D) -> Result<Told, D::Stopped> {
        loop {
            if let Some(tries) = &self.tries {
                if door.enough(tries).await? {
                    let text = format!("given up after {} tries: {}", tries.count, tries.trouble.text);
                    return Ok(Told::GivenUp { text, answer: self.answer.take() });
                }
                // Who is throttled waits for the pace rather than for themselves.
                let attempt = if tries.trouble.cause == Cause::Throttled { 1 } else { tries.alike() };
                let range = back_off(attempt);
                let pause = range.start + range.end.saturating_sub(range.start).mul_f64(fastrand::f64());
                let (tries, cause, pause_ms) = (tries.count, tries.trouble.cause, pause.as_millis() as u64);
                tracing::debug!(target: HTTP, tries, ?cause, pause_ms, "trying again");
                door.rest(pause).await?;
            }
            let span = self.request.span(self.tries.as_ref().map_or(1, |tries| tries.count + 1));
            let sent = door.served(self.request.kind);
            let Outcome { verdict, answer } = door.send(self.request).instrument(span).await?;
            self.answer = answer;
            match verdict {
                Verdict::Done => {
                    if let Some(answer) = self.answer.take() {
                        return Ok(Told::Done(answer));
                    }
                }
                Verdict::AlreadyThere => return Ok(Told::AlreadyThere),
                Verdict::Gone => return Ok(Told::Gone),
                Verdict::Refused(text) => {
                    let kind = self.answer.take().map(|answer| answer.said.kind).unwrap_or_default();
                    return Ok(Told::Refused { kind, text });
                }
                Verdict::Retry(trouble) => self.note(trouble, sent, door.served(self.request.kind)),
                Verdict::Unknown(trouble) => {
                    self.note(trouble, sent, door.served(self.request.kind));
                    return Ok(Told::Unknown);
                }
            }
        }
    }

    /// The cause of the last try, if it led to nothing.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.tries.as_ref().map(|tries| tries.trouble.cause)
    }

    fn note(&mut self, trouble: Trouble, sent: u64, served: u64) {
        let mut tries = self.tries.take().unwrap_or_else(|| Tries {
            kind: self.request.kind,
            count: 0,
            by_cause: [0; Cause::ALL],
            trouble: trouble.clone(),
            mark: served,
            sent,
            began: Instant::now(),
            first: served,
            served,
        });
        tries.count += 1;
        tries.by_cause[trouble.cause as usize] += 1;
        tries.trouble = trouble;
        (tries.mark, tries.sent, tries.served) = (tries.served, sent, served);
        self.tries = Some(tries);
    }
}
