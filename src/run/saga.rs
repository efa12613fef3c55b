//! One user, from the intent to the end: create, then the follow-ups that are missing, each recorded. The same code
//! begins users and picks them up after a crash; what was sent and not answered is found out by reading the user back.

mod follow_up;

use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::compare::compare;
use super::context::{Context, Problem, Reply, Stopped, Way};
use super::feed::{DATE_AHEAD, SINCE};
use super::job::{Job, Noted, Unplanned};
use crate::appwrite::Endpoint;
use crate::appwrite::ask::{Asking, Told};
use crate::appwrite::verdict::{Cause, refusal};
use crate::appwrite::wire::user::Page;
use crate::appwrite::wire::{Request, Step, User, equal, limit};
use crate::code::Code;
use crate::error::RunError;
use crate::event::USER;
use crate::ledger::{Change, Event, Left, State, Steps};

/// Brings a user to the end of the saga, or leaves them open; gives where they stand then.
///
/// # Errors
/// [`Stopped`] if the run is to stop first.
pub async fn run(context: &Context, job: Job) -> Result<State, Stopped> {
    let mut saga = Saga::new(context, job);
    if saga.ensure_created().await?.is_some() {
        saga.follow_up().await?;
    }
    context.gate.user_done();
    Ok(saga.state)
}

/// Finds out whose user it is that the target has under the id of one who was intended or half done, and does nothing else:
/// what `rollback` asks first.
///
/// # Errors
/// [`Stopped`] if the run is to stop first.
pub async fn recover(context: &Context, job: Job, user: &User) -> Result<(), Stopped> {
    let mut saga = Saga::new(context, job);
    // Nothing is created, so nothing that may come tells the time any better.
    let since = saga.job.tried_since.map(|noted| Since::At(noted.by(context.gate.clock())));
    saga.recognise(user, since, false).await.map(|_| ())
}

/// Appwrite's name for a parameter that it does not take.
const INVALID: &str = "general_argument_invalid";

/// Finds out whether the target has these users, whose records are refused since: whoever was created after this run may
/// have sent them is this run's, and stays so. At most as many as [`chunks`](crate::appwrite::preflight::chunks) puts
/// together.
///
/// # Errors
/// [`Stopped`] if the run is to stop first.
pub async fn refused_since(context: &Context, rows: Vec<Unplanned>) -> Result<(), Stopped> {
    let ids: Vec<&str> = rows.iter().map(|row| row.user_id.as_str()).collect();
    let users = context.users(&ids).await?;
    for row in rows {
        let since = row.since.by(context.gate.clock());
        let ours = |user: &&User| user.created_at.is_none_or(|created| created >= since);
        end_refused(context, users.get(&row.user_id).filter(ours), row).await?;
    }
    Ok(())
}

async fn end_refused(context: &Context, user: Option<&User>, row: Unplanned) -> Result<(), Stopped> {
    let events: &[Event] =
        if user.is_some() { &[Event::Intend, Event::Created, Event::Refused] } else { &[Event::Refused] };
    let next = events.iter().try_fold((row.state, row.steps), |(state, steps), event| state.next(steps, *event));
    let (state, steps) = next.map_err(|illegal| {
        context.stop.leave(RunError::internal(format!("record {}: {illegal}", row.record)));
        Stopped
    })?;
    let text = if user.is_some() { format!("{SINCE}{}", row.text) } else { row.text };
    let at = user.and_then(|user| user.updated_at);
    let change = Change { record: row.record, state, steps, at, code: Some(row.code), text: Some(text) };
    context.ledger.change(change).await.map_err(|error| {
        context.stop.leave(error);
        Stopped
    })
}

/// The target has the user, and follow-ups are missing.
struct Begun;

/// By how much an import that is at work as well may be ahead of a create of this one, in milliseconds.
const AHEAD: i64 = 2000;

/// Since when the target can have a user by this run.
#[derive(Clone, Copy)]
enum Since {
    /// By the target's clock, in Unix milliseconds.
    At(i64),
    /// As the ledger has it.
    Noted(Noted),
    /// By this machine's: what that is by the target's is asked when it decides, since it may be known better by then.
    Sent(Instant),
}

struct Saga<'c> {
    context: &'c Context,
    way: Way<'c>,
    job: Job,
    state: State,
    steps: Steps,
    /// What is done already for a user whom another import began.
    adopted: Option<Steps>,
    /// Why the user is left without the planned number.
    no_phone: Option<Problem>,
    /// Whether somebody else was seen to have changed the user, or to have signed in: no moment of theirs is this run's from then on.
    touched: bool,
}

impl<'c> Saga<'c> {
    fn new(context: &'c Context, job: Job) -> Self {
        let (state, steps) = (job.state, job.known);
        // Whom the target has is finished even if no new user is to be begun.
        let finishes = state == State::Created || job.remade;
        let mut way = if finishes { Way::going_on(context) } else { Way::beginning(context) };
        way.given_up_before = job.given_up_before;
        Self { context, way, job, state, steps, adopted: None, no_phone: None, touched: false }
    }

    /// `None` if the user has reached another end.
    async fn ensure_created(&mut self) -> Result<Option<Begun>, Stopped> {
        // Since when, by the server's clock, a create of this run may have reached the target; and whether one may
        // have that was not answered.
        let mut since = self.job.tried_since.map(Since::Noted);
        let mut look = since.is_some() && !self.job.is_missing;
        let mut create = self.job.create.request();
        let mut asking = Asking::new(&create);
        loop {
            if look {
                match self.read_back().await? {
                    Err(problem) => return self.give_up(problem).await,
                    Ok(Some(user)) => return self.recognise(&user, since, false).await,
                    // Taken for created, and not there: somebody else's 201, or deleted since. The plan wants them.
                    // Durable before they are made again: whoever reads the row meanwhile must not take them for gone.
                    Ok(None) if self.state == State::Created => {
                        self.advance(Event::Unseen);
                        self.write_left(self.job.planned).await?;
                        self.durable().await?;
                    }
                    Ok(None) => {}
                }
            }
            let sent = Instant::now();
            self.way.hold = matches!(self.job.steps.first(), Some(Step::Disable));
            let told = asking.go(&mut self.way).await?;
            if !matches!(told, Told::Done(_)) {
                self.way.let_go();
            }
            match told {
                Told::Done(answer) => {
                    self.note_date_ahead().await?;
                    if self.is_created() {
                        self.context.gate.made_again(self.job.record, self.job.user_id());
                    }
                    self.advance(Event::Created);
                    if !self.job.steps.is_empty() {
                        self.write(answer.updated_at(), None).await?;
                        return Ok(Some(Begun));
                    }
                    self.advance(Event::Finished);
                    self.finish(answer.updated_at()).await?;
                    return Ok(None);
                }
                Told::AlreadyThere => {
                    // Nothing of this run can have reached the target before but what was turned away.
                    let throttled = asking.cause().is_none_or(|cause| cause == Cause::Throttled);
                    let turned_away = throttled && !self.way.perhaps_begun && (since.is_none() || self.is_created());
                    return match self.read_back().await? {
                        Err(problem) => self.give_up(problem).await,
                        Ok(Some(user)) => {
                            if since.is_none() {
                                since = self.context.time_of(sent).await.map(Since::At);
                            }
                            self.recognise(&user, since, turned_away).await
                        }
                        Ok(None) => self.clash(since.is_some()).await,
                    };
                }
                Told::Unknown => {
                    (look, self.way.perhaps_begun) = (true, true);
                    since = since.or(Some(Since::Sent(sent)));
                }
                Told::Gone => return self.end(Event::Refused, Code::TargetRefused, "user_not_found".into()).await,
                Told::Refused { kind, text } if self.is_about_the_phone(&kind, &text) => {
                    if self.job.email().is_none() {
                        return self.end(Event::Refused, Code::PhoneRefused, text).await;
                    }
                    self.leave_phone_out(text);
                    create = self.job.create.request();
                    asking = Asking::new(&create);
                }
                Told::Refused { kind, text } => return self.end(Event::Refused, refusal(&kind), text).await,
                Told::GivenUp { text, .. } => {
                    return self.give_up(Problem { code: Code::GivenUp, text }).await;
                }
            }
        }
    }

    /// Whether the ledger says that this run created the user.
    fn is_created(&self) -> bool {
        self.state == State::Created
    }

    /// Decides whose user it is that the target has under our id: this run's, if they were created `since` a create of
    /// this run may have been sent, and that was not `turned_away`.
    async fn recognise(
        &mut self,
        user: &User,
        since: Option<Since>,
        turned_away: bool,
    ) -> Result<Option<Begun>, Stopped> {
        // Created without it, because the target refuses it, and the end was not written down any more.
        if user.phone.is_empty() && self.job.email().is_some() {
            self.job.phone_as_step();
        }
        let comparison = compare(&self.job, user);
        let clock = self.context.gate.clock();
        let since_then = |ahead: i64| {
            since.is_some_and(|since| {
                let since = match since {
                    Since::At(at) => at,
                    Since::Noted(noted) => noted.by(clock),
                    Since::Sent(sent) => clock.surely_passed(sent),
                };
                user.created_at.is_none_or(|created| created.saturating_add(ahead) >= since)
            })
        };
        // Created after all that is known of this run's user, who is gone then.
        let noted = self.job.tried_since.map(|noted| noted.at);
        if turned_away && self.is_created() && matches!((user.created_at, noted), (Some(made), Some(at)) if made > at) {
            self.advance(Event::Replaced);
        }
        let mut by_us = self.is_created() || (since_then(0) && !turned_away);
        if !by_us && !turned_away && matches!(since, Some(Since::Noted(_) | Since::Sent(_))) && comparison.agrees() {
            // Whoever would be somebody else's by a `Date` may be ours by the clock that decides.
            self.context.stamped().await;
            by_us = since_then(0);
        }
        if comparison.agrees() && by_us {
            self.touched = !comparison.is_left_by(self.steps);
            self.advance(Event::Created);
            self.advance(Event::Stepped(comparison.done));
            if comparison.is_same() {
                self.advance(Event::Finished);
            }
            self.write(user.updated_at.filter(|_| !self.touched), None).await?;
            return Ok((!comparison.is_same()).then_some(Begun));
        }
        if comparison.is_same() {
            self.advance(Event::Found);
            self.write(user.updated_at, None).await?;
            return Ok(None);
        }
        // The same hash is no coincidence: an import whose ledger is lost began this user, or one that is at work as well.
        let meanwhile = turned_away && since_then(AHEAD);
        let has_hash = self.job.create.endpoint != Endpoint::Plain;
        if comparison.agrees() && !comparison.upgraded && (has_hash || meanwhile) {
            self.adopted = Some(comparison.done);
            return Ok(Some(Begun));
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

    /// Whether a create was refused for its number.
    fn is_about_the_phone(&self, kind: &str, text: &str) -> bool {
        kind == INVALID && text.contains("`phone`") && self.job.create.body.phone.is_some()
    }

    fn leave_phone_out(&mut self, text: String) {
        self.job.leave_phone_out();
        self.no_phone = Some(Problem { code: Code::PhoneLeftOut, text });
    }

    /// The user as the target has them; `None` if it has not. A 404 is not enough for that: where something on the way, or a
    /// copy of the database, remembers how it was, the list of users knows better.
    async fn read_back(&self) -> Result<Result<Option<User>, Problem>, Stopped> {
        let id = self.job.user_id();
        match self.read(&Request::read_holder(id)).await? {
            Ok(None) => self.first(&[equal("$id", &[id]), limit(1)]).await,
            read => Ok(read),
        }
    }

    async fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<Result<Option<T>, Problem>, Stopped> {
        Ok(match self.context.ask(request).await? {
            Reply::Answer(answer) => answer.read().map(Some).ok_or_else(|| {
                let text = "the target answers with something else than was asked for".into();
                Problem { code: Code::TargetRefused, text }
            }),
            Reply::Gone => Ok(None),
            Reply::Refused { problem, .. } => Err(problem),
        })
    }

    /// Ends a user whose create is a 409, and whom the target does not show. Whoever may be there by this run stays so.
    async fn clash(&mut self, perhaps_ours: bool) -> Result<Option<Begun>, Stopped> {
        match self.find_clash().await? {
            Err(problem) => self.give_up(problem).await,
            Ok(Some(text)) if self.is_created() => self.give_up(Problem { code: Code::TargetConflict, text }).await,
            Ok(Some(text)) => self.end(Event::Conflicted, Code::TargetConflict, text).await,
            Ok(None) if perhaps_ours => {
                let text = "the target says that the user is there, and does not show them";
                self.give_up(Problem { code: Code::GivenUp, text: text.into() }).await
            }
            Ok(None) => {
                let text = "the target says that the id, the e-mail address or the phone number is taken, and shows nobody who has \
                            it: perhaps the id with other upper and lower case, or the address in somebody's linked account";
                self.end(Event::Conflicted, Code::TargetConflict, text.into()).await
            }
        }
    }

    /// A create's 409 does not say what of the user is taken, so it is looked up.
    async fn find_clash(&self) -> Result<Result<Option<String>, Problem>, Stopped> {
        for (attribute, name, value) in
            [("email", "e-mail address", self.job.email()), ("phone", "phone number", self.job.phone())]
        {
            let Some(value) = value else { continue };
            match self.holder(attribute, value).await? {
                Err(problem) => return Ok(Err(problem)),
                // The target has them after all: it contradicts itself, and may not the next time.
                Ok(Some(id)) if id == self.job.user_id() => {
                    let text = "the target has the user, and does not give them when asked".into();
                    return Ok(Err(Problem { code: Code::GivenUp, text }));
                }
                Ok(Some(id)) => return Ok(Ok(Some(format!("the {name} belongs to the target's user {id}")))),
                Ok(None) => {}
            }
        }
        Ok(Ok(None))
    }

    /// The user of the target who has this address or number.
    async fn holder(&self, attribute: &str, value: &str) -> Result<Result<Option<String>, Problem>, Stopped> {
        Ok(self.first(&[equal(attribute, &[value]), limit(1)]).await?.map(|user| user.map(|user| user.id)))
    }

    /// The first user whom these queries select.
    async fn first(&self, queries: &[Value]) -> Result<Result<Option<User>, Problem>, Stopped> {
        let page = self.read::<Page<User>>(&Request::list(queries)).await?;
        Ok(page.map(|page| page.and_then(|page| page.users.into_iter().next())))
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

    /// Intents that were noted by a `Date` that is ahead are too late: whoever goes on has to know.
    async fn note_date_ahead(&self) -> Result<(), Stopped> {
        let ahead = self.context.gate.clock().take_date_ahead();
        if ahead == 0 {
            return Ok(());
        }
        self.context.ledger.meta(DATE_AHEAD, ahead.to_string()).await.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }

    /// Ends without a user of ours.
    async fn end<T>(&mut self, event: Event, code: Code, text: String) -> Result<Option<T>, Stopped> {
        self.advance(event);
        self.write(None, Some(Problem { code, text })).await?;
        Ok(None)
    }

    /// Ends for this run.
    async fn give_up<T>(&mut self, problem: Problem) -> Result<Option<T>, Stopped> {
        self.end(Event::Failed, problem.code, problem.text).await
    }

    /// Writes down somebody at whom nothing is missing, but perhaps a number that the target refuses.
    async fn finish(&mut self, at: Option<i64>) -> Result<(), Stopped> {
        let no_phone = self.no_phone.take();
        self.write(at, no_phone).await
    }

    async fn durable(&self) -> Result<(), Stopped> {
        self.context.ledger.sync().await.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }

    /// Writes down somebody of whom this is left from now on.
    async fn write_left(&self, left: Option<Left>) -> Result<(), Stopped> {
        let (state, steps) = (self.state, self.steps);
        let change = Change { record: self.job.record, state, steps, at: None, code: None, text: None };
        self.context.ledger.change_left(change, left).await.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }

    async fn write(&self, at: Option<i64>, problem: Option<Problem>) -> Result<(), Stopped> {
        let (code, text) = problem.map(|p| (p.code, p.text)).unzip();
        let change = Change { record: self.job.record, state: self.state, steps: self.steps, at, code, text };
        self.context.ledger.change(change).await.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }
}
