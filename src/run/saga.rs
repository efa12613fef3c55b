//! One user, from the intent to the end: create, then the follow-ups that are missing, each recorded. The same code
//! begins users and picks them up after a crash; what was sent and not answered is found out by reading the user back.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

use super::compare::compare;
use super::context::{Context, Left, Problem, Reply, Tries};
use super::gate::Entry;
use super::job::Job;
use crate::appwrite::Endpoint;
use crate::appwrite::client::Answer;
use crate::appwrite::verdict::{Cause, Trouble, Verdict};
use crate::appwrite::wire::user::{Page, moment};
use crate::appwrite::wire::{Request, Step, User, equal, limit};
use crate::code::Code;
use crate::error::RunError;
use crate::event::USER;
use crate::ledger::{Change, Event, State, Steps};

/// By how much this machine's clock and the server's may differ when "created before this run tried" is decided.
const CLOCK_SKEW_MS: i64 = 15 * 60 * 1000;

/// Brings a user to the end of the saga, or leaves them open.
///
/// # Errors
/// [`Left`] if the run is to stop first.
pub async fn run(context: &Context, job: Job) -> Result<(), Left> {
    let (state, steps) = (job.state, job.known);
    let mut saga = Saga { context, job, state, steps, adopted: None };
    if let Some(held) = saga.ensure_created().await? {
        saga.follow_up(held).await?;
    }
    context.gate.user_done();
    Ok(())
}

/// Finds out what became of a user who was intended or half done, and does nothing else: what `rollback` asks first.
///
/// # Errors
/// [`Left`] if the run is to stop first.
pub async fn recover(context: &Context, job: Job) -> Result<(), Left> {
    let (state, steps) = (job.state, job.known);
    let mut saga = Saga { context, job, state, steps, adopted: None };
    match saga.read_back().await? {
        Ok(Some(user)) => saga.recognise(&user, true).await.map(|_| ()),
        // Whoever is not there was not created, or is gone; what cannot be read stays open.
        Ok(None) | Err(_) => Ok(()),
    }
}

/// The permit of the request that just created the user, if one did.
type Held<'c> = Option<Entry<'c>>;

struct Saga<'c> {
    context: &'c Context,
    job: Job,
    state: State,
    steps: Steps,
    /// What is done already for a user whom another import began.
    adopted: Option<Steps>,
}

impl<'c> Saga<'c> {
    /// `None` if the user has reached another end.
    async fn ensure_created(&mut self) -> Result<Option<Held<'c>>, Left> {
        // Whether a create of this run may have reached the target.
        let mut maybe = self.job.tried_since.is_some();
        let mut look = maybe;
        let mut tries = Tries::default();
        let create = self.job.create.request();
        loop {
            if look {
                match self.read_back().await? {
                    Err(problem) => return self.give_up(problem).await,
                    Ok(Some(user)) => return self.recognise(&user, maybe).await,
                    Ok(None) if self.state == State::Created => {
                        let text = "the target no longer has the user whom this run created".into();
                        return self.give_up(Problem { code: Code::ChangedSince, text }).await;
                    }
                    Ok(None) => look = false,
                }
            }
            let entry = self.context.begin().await?;
            let (verdict, answer) = self.context.gate.send(&entry, &create).instrument(create.span(tries.next())).await;
            let trouble = match verdict {
                Verdict::Done => {
                    self.advance(Event::Created);
                    if !self.job.steps.is_empty() {
                        self.write(updated_at(answer.as_ref()), None).await?;
                        return Ok(Some(Some(entry)));
                    }
                    self.advance(Event::Finished);
                    self.write(updated_at(answer.as_ref()), None).await?;
                    return Ok(None);
                }
                Verdict::AlreadyThere => {
                    drop(entry);
                    return match self.read_back().await? {
                        Err(problem) => self.give_up(problem).await,
                        Ok(Some(user)) => self.recognise(&user, maybe).await,
                        Ok(None) => {
                            let text = self.find_clash().await?;
                            self.end(Event::Conflicted, Code::TargetConflict, text).await
                        }
                    };
                }
                Verdict::Gone => return self.end(Event::Refused, Code::TargetRefused, "user_not_found".into()).await,
                Verdict::Refused(text) => return self.end(Event::Refused, Code::TargetRefused, text).await,
                Verdict::StopRun(text) => return Err(self.context.stop_run(text)),
                Verdict::Retry(trouble) => {
                    // A 503 may come from something in front of a server that was faster.
                    maybe |= trouble.cause == Cause::Overloaded;
                    trouble
                }
                Verdict::Ambiguous(trouble) => {
                    (maybe, look) = (true, true);
                    trouble
                }
            };
            drop(entry);
            if let Err(problem) = self.wait(&mut tries, trouble).await? {
                return self.give_up(problem).await;
            }
        }
    }

    /// Decides whose user it is that the target has under our id.
    async fn recognise(&mut self, user: &User, maybe: bool) -> Result<Option<Held<'c>>, Left> {
        let comparison = compare(&self.job, user);
        let since = self.job.tried_since.unwrap_or(i64::MIN);
        let older = user.created_at.is_some_and(|created| created < since.saturating_sub(CLOCK_SKEW_MS));
        let by_us = self.state == State::Created || (maybe && !older);
        if comparison.agrees() && by_us {
            self.advance(Event::Created);
            self.advance(Event::Stepped(comparison.done));
            if comparison.is_same() {
                self.advance(Event::Finished);
            }
            self.write(user.updated_at, None).await?;
            return Ok((!comparison.is_same()).then_some(None));
        }
        if comparison.is_same() {
            self.advance(Event::Found);
            self.write(user.updated_at, None).await?;
            return Ok(None);
        }
        // The same hash is no coincidence: an import whose ledger is lost began this user.
        if comparison.agrees() && !comparison.upgraded && self.job.create.endpoint != Endpoint::Plain {
            self.adopted = Some(comparison.done);
            return Ok(Some(None));
        }
        let (what, names) = if comparison.agrees() {
            ("was there before this run, and lacks", comparison.missing)
        } else {
            ("differs in", comparison.different)
        };
        let text = format!("the id belongs to the target's user {}, who {what}: {}", user.id, names.join(", "));
        if self.state == State::Created {
            self.give_up(Problem { code: Code::ChangedSince, text }).await
        } else {
            self.end(Event::Conflicted, Code::TargetConflict, text).await
        }
    }

    /// The follow-ups that are missing. What fails does not keep the others from being done.
    async fn follow_up(&mut self, mut held: Held<'c>) -> Result<(), Left> {
        let mut problem: Option<Problem> = None;
        let mut failed = Steps::NONE;
        let mut at = None;
        let steps = std::mem::take(&mut self.job.steps);
        let last = steps.len().saturating_sub(1);
        for (i, step) in steps.iter().enumerate() {
            let bit = Steps::of(step);
            if self.adopted.unwrap_or(self.steps).has(bit) || (bit == Steps::VERIFY_PHONE && failed.has(Steps::PHONE)) {
                continue;
            }
            // A disabled user must not wait in a queue between create and disable.
            let entry = held.take().filter(|_| bit == Steps::DISABLE);
            match self.step(step, entry).await? {
                Ok(updated) => {
                    at = updated;
                    if self.adopted.is_none() {
                        self.advance(Event::Stepped(bit));
                        if i < last {
                            self.write(at, None).await?;
                        }
                    }
                }
                Err(trouble) => {
                    failed = failed.with(bit);
                    problem = problem.or(Some(trouble));
                    if bit == Steps::DISABLE {
                        break;
                    }
                }
            }
        }
        self.job.steps = steps;
        if at.is_none()
            && let Ok(Some(user)) = self.read_back().await?
        {
            at = user.updated_at;
        }
        self.advance(match (&problem, self.adopted) {
            (Some(_), _) => Event::Failed,
            (None, Some(_)) => Event::Found,
            (None, None) => Event::Finished,
        });
        self.write(at, problem).await
    }

    async fn step(&self, step: &Step<'_>, held: Held<'c>) -> Result<Result<Option<i64>, Problem>, Left> {
        let mut held = held;
        let request = step.request(self.job.user_id());
        let mut tries = Tries::default();
        loop {
            let entry = match held.take() {
                Some(entry) => entry,
                None => self.context.next().await?,
            };
            let (verdict, answer) =
                self.context.gate.send(&entry, &request).instrument(request.span(tries.next())).await;
            let trouble = match verdict {
                Verdict::Done => return Ok(Ok(updated_at(answer.as_ref()))),
                // Repeating PATCH phone is a 409 even if the number is the user's own.
                Verdict::AlreadyThere | Verdict::Ambiguous(_) => {
                    drop(entry);
                    match self.read_back().await? {
                        Err(problem) => return Ok(Err(problem)),
                        Ok(Some(user)) if matches!(step, Step::Phone(number) if *number == user.phone) => {
                            return Ok(Ok(user.updated_at));
                        }
                        Ok(_) => {}
                    }
                    let Verdict::Ambiguous(trouble) = verdict else {
                        let number = if let Step::Phone(number) = step { number } else { "" };
                        let text = match self.holder("phone", number).await? {
                            Some(id) => format!("the phone number belongs to the target's user {id}"),
                            None => "the target has the phone number among the targets of another user, perhaps a deleted one".into(),
                        };
                        return Ok(Err(Problem { code: Code::TargetConflict, text }));
                    };
                    trouble
                }
                Verdict::Gone => {
                    let text = "the target no longer has the user whom this run created".into();
                    return Ok(Err(Problem { code: Code::ChangedSince, text }));
                }
                Verdict::Refused(text) => return Ok(Err(Problem { code: Code::TargetRefused, text })),
                Verdict::StopRun(text) => return Err(self.context.stop_run(text)),
                Verdict::Retry(trouble) => {
                    if matches!(step, Step::Disable) {
                        held = Some(entry);
                    }
                    trouble
                }
            };
            if let Err(problem) = self.wait(&mut tries, trouble).await? {
                return Ok(Err(problem));
            }
        }
    }

    /// The user as the target has them; `None` if it has not.
    async fn read_back(&self) -> Result<Result<Option<User>, Problem>, Left> {
        self.read(&Request::read(self.job.user_id())).await
    }

    async fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<Result<Option<T>, Problem>, Left> {
        Ok(match self.context.ask(request).await? {
            Reply::Answer(answer) => answer.read().map(Some).ok_or_else(|| {
                let text = "the target answers with something else than was asked for".into();
                Problem { code: Code::TargetRefused, text }
            }),
            Reply::Gone => Ok(None),
            Reply::Refused(problem) => Err(problem),
        })
    }

    /// A create's 409 does not say what of the user is taken, so it is looked up.
    async fn find_clash(&self) -> Result<String, Left> {
        for (attribute, name, value) in
            [("email", "e-mail address", self.job.email()), ("phone", "phone number", self.job.phone())]
        {
            let Some(value) = value else { continue };
            if let Some(id) = self.holder(attribute, value).await? {
                return Ok(format!("the {name} belongs to the target's user {id}"));
            }
        }
        Ok("the target has this id in other case, or the e-mail address in somebody's linked account".into())
    }

    /// The user of the target who has this address or number.
    async fn holder(&self, attribute: &str, value: &str) -> Result<Option<String>, Left> {
        let page: Option<Page> =
            self.read(&Request::list(&[equal(attribute, &[value]), limit(1)])).await?.ok().flatten();
        Ok(page.and_then(|page| page.users.into_iter().next()).map(|user| user.id))
    }

    /// Waits before the next try; whom the target has is finished even if no new user is to be begun.
    async fn wait(&self, tries: &mut Tries, trouble: Trouble) -> Result<Result<(), Problem>, Left> {
        self.context.wait(tries, trouble, self.state == State::Created).await
    }

    fn advance(&mut self, event: Event) {
        match self.state.next(self.steps, event) {
            Ok((state, steps)) => {
                tracing::trace!(target: USER, from = ?self.state, ?event, to = ?state, "state");
                (self.state, self.steps) = (state, steps);
            }
            Err(illegal) => {
                debug_assert!(false, "{illegal}");
                self.context.stop.leave(RunError::internal(format!("record {}: {illegal}", self.job.record)));
            }
        }
    }

    /// Ends without a user of ours.
    async fn end<T>(&mut self, event: Event, code: Code, text: String) -> Result<Option<T>, Left> {
        self.advance(event);
        self.write(None, Some(Problem { code, text })).await?;
        Ok(None)
    }

    /// Ends for this run.
    async fn give_up<T>(&mut self, problem: Problem) -> Result<Option<T>, Left> {
        self.end(Event::Failed, problem.code, problem.text).await
    }

    async fn write(&self, at: Option<i64>, problem: Option<Problem>) -> Result<(), Left> {
        let (code, text) = problem.map(|p| (p.code, p.text)).unzip();
        let change = Change { record: self.job.record, state: self.state, steps: self.steps, at, code, text };
        self.context.ledger.change(change).await.map_err(|error| {
            self.context.stop.leave(error);
            Left
        })
    }
}

/// `$updatedAt` of an answer that is a user document (`PATCH prefs` answers with the preferences alone).
fn updated_at(answer: Option<&Answer>) -> Option<i64> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(rename = "$updatedAt")]
        updated_at: String,
    }
    moment(&answer?.read::<Document>()?.updated_at)
}
