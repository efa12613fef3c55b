//! What everything that works on a run shares, and how it asks the target patiently.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::gate::{Entry, Gate};
use super::stop::Stop;
use super::window::Hold;
use crate::appwrite::answer::Answer;
use crate::appwrite::ask::{Asking, Door, Outcome, Told, Tries};
use crate::appwrite::verdict::{Cause, Verdict};
use crate::appwrite::wire::user::Page;
use crate::appwrite::wire::{Kind, Request, User, equal, limit};
use crate::code::Code;
use crate::error::RunError;
use crate::ledger::Sender;

/// How exactly the server's time has to be known to decide whether a user is older than a request, in milliseconds.
const EXACT: i64 = 60;
/// How often a second is looked at until the next one begins.
const SECOND_IN_PARTS: u32 = 60;

/// How often it is looked whether a create was answered, before a user's age is decided by a `Date`.
const PARTS_OF_A_WAIT: u32 = 100;

/// How many tries are enough that took longer than a target may be gone.
const LONG_TRIES: u32 = 2;

/// What all users of a run share.
pub struct Context {
    /// Passes every request to the target, at the pace it can take.
    pub gate: Gate,
    /// Takes every change of a user's row.
    pub ledger: Sender,
    /// When to stop.
    pub stop: Stop,
    /// When nobody new is to be begun.
    pub hold: Hold,
}

/// The user is left as they are, for the next run to pick up; [`Stop`] knows why.
pub struct Stopped;

/// Why a user could not be brought to the end, though others can.
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// The sentence, without secrets.
    pub text: String,
}

/// What came of a request that can be repeated.
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// The user is not there.
    Gone,
    /// The target refuses it for good, or it was given up after the last try.
    Refused {
        /// Appwrite's name for it; empty if it was given up.
        kind: String,
        /// The code and sentence of the reason.
        problem: Problem,
    },
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
    /// [`Stopped`] if the run is to stop first.
    pub async fn ask(&self, request: &Request) -> Result<Reply, Stopped> {
        Self::ask_by(&mut Way::going_on(self), request).await
    }

    async fn ask_by(way: &mut Way<'_>, request: &Request) -> Result<Reply, Stopped> {
        let mut asking = Asking::new(request);
        loop {
            let (kind, code, text) = match asking.go(way).await? {
                Told::Done(answer) => return Ok(Reply::Answer(answer)),
                Told::Gone => return Ok(Reply::Gone),
                // Only what can be repeated is asked here.
                Told::Unknown => continue,
                Told::Refused { kind, text } => (kind, Code::TargetRefused, text),
                Told::AlreadyThere => (String::new(), Code::TargetRefused, "HTTP 409".into()),
                Told::GivenUp { text, .. } => (String::new(), Code::GivenUp, text),
            };
            return Ok(Reply::Refused { kind, problem: Problem { code, text } });
        }
    }

    /// The server's time when something was sent, as exactly as it decides whether a user is older: `Date` has whole
    /// seconds, so if nothing better is known it is watched until the next one begins.
    pub async fn time_of(&self, sent: Instant) -> Option<i64> {
        let clock = self.gate.clock();
        for _ in 0..SECOND_IN_PARTS {
            if clock.width() <= EXACT || self.stop.is_set() {
                break;
            }
            let _ = self.gate.probe(Kind::Read).await;
            self.gate.sleep(Duration::from_millis(20)).await;
        }
        clock.at(sent)
    }

    /// The users that these queries select, in their order, and the bytes of the answer.
    ///
    /// # Errors
    /// [`Stopped`] if the run is to stop first, or the target does not list users.
    pub async fn list<U: DeserializeOwned>(&self, queries: &[Value]) -> Result<(Vec<U>, usize), Stopped> {
        match self.ask(&Request::list(queries)).await? {
            Reply::Answer(answer) => match answer.read::<Page<U>>() {
                Some(page) => Ok((page.users, answer.body.len())),
                None => Err(self.something_else()),
            },
            Reply::Gone => Err(self.stop_run("the target has no list of users".into())),
            Reply::Refused { problem, .. } => {
                Err(self.stop_run(format!("the target refuses to list users: {}", problem.text)))
            }
        }
    }

    /// The users of these ids whom the target has, by id; at most as many as [`chunks`](crate::appwrite::preflight::chunks) puts together.
    /// Whom the list lacks is asked for alone before they count as gone: a list can be an old one, or half of one.
    ///
    /// # Errors
    /// As [`Context::list`].
    pub async fn users(&self, ids: &[&str]) -> Result<HashMap<String, User>, Stopped> {
        let mut found = self.listed(ids).await?;
        for id in ids {
            if !found.contains_key(*id)
                && let Some(user) = self.user(id).await?
            {
                found.insert((*id).to_owned(), user);
            }
        }
        Ok(found)
    }

    /// The user of exactly this id, asked for alone.
    ///
    /// # Errors
    /// [`Stopped`] if the run is to stop first, or that cannot be told.
    pub async fn user(&self, id: &str) -> Result<Option<User>, Stopped> {
        self.user_by(&mut Way::going_on(self), id).await
    }

    /// The same on somebody's way, whose permit is kept where the way holds it.
    ///
    /// # Errors
    /// As [`Context::user`].
    pub async fn user_by(&self, way: &mut Way<'_>, id: &str) -> Result<Option<User>, Stopped> {
        let unknown =
            |why: &str| self.stop_run(format!("the target does not tell whether it has the user {id}: {why}"));
        match Self::ask_by(way, &Request::read_holder(id)).await? {
            Reply::Answer(answer) => match answer.read::<User>() {
                Some(user) => Ok(Some(user).filter(|user| user.id == id)),
                None => Err(unknown("it answers with something else")),
            },
            Reply::Gone => Ok(None),
            Reply::Refused { problem, .. } => Err(unknown(&problem.text)),
        }
    }

    /// Somebody whom the target was asked about before, once they may be begun: asked about again where a person held the
    /// run meanwhile, since what was read before is old. `None` if the run ends first.
    ///
    /// # Errors
    /// As [`Context::user`].
    pub async fn to_begin(&self, id: &str, user: Option<User>) -> Result<Option<Option<User>>, Stopped> {
        if self.stop.is_set() {
            return Ok(None);
        }
        if !self.hold.is_on() {
            return Ok(Some(user));
        }
        self.hold.over(&self.stop).await;
        if self.stop.is_set() {
            return Ok(None);
        }
        self.user(id).await.map(Some)
    }

    /// The same by the list alone: where most are not there, or it has said that they are deleted.
    ///
    /// # Errors
    /// As [`Context::list`].
    pub async fn listed(&self, ids: &[&str]) -> Result<HashMap<String, User>, Stopped> {
        let (users, _) = self.list::<User>(&[equal("$id", ids), limit(ids.len())]).await?;
        if !users.iter().all(User::is_whole) {
            return Err(self.something_else());
        }
        Ok(users.into_iter().map(|user| (user.id.clone(), user)).collect())
    }

    /// Whom of these ids the target does not have, by its list: for whoever is only to be begun then, so that an old list, or
    /// half of one, does no harm. None of them where it does not say.
    ///
    /// # Errors
    /// [`Stopped`] if the run is to stop first, by whoever's wish.
    pub async fn missing(&self, ids: &[&str]) -> Result<HashSet<String>, Stopped> {
        let request = Request::list(&[equal("$id", ids), limit(ids.len())]);
        let reply = tokio::select! {
            biased;
            () = self.stop.set_by_anyone() => return Err(Stopped),
            reply = self.ask(&request) => reply?,
        };
        let page = if let Reply::Answer(answer) = reply { answer.read::<Page<User>>() } else { None };
        let Some(page) = page.filter(|page| page.users.iter().all(User::is_whole)) else { return Ok(HashSet::new()) };
        let mut missing: HashSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        for user in page.users {
            missing.remove(&user.id);
        }
        Ok(missing)
    }

    /// How many sessions a user has; `None` if that cannot be told.
    ///
    /// # Errors
    /// [`Stopped`] if the run is to stop first.
    pub async fn sessions(&self, user_id: &str) -> Result<Option<u64>, Stopped> {
        Ok(match self.ask(&Request::sessions(user_id)).await? {
            Reply::Answer(answer) => {
                answer.json().get("sessions").and_then(Value::as_array).map(|sessions| sessions.len() as u64)
            }
            Reply::Gone => Some(0),
            Reply::Refused { .. } => None,
        })
    }

    /// Why everything stops.
    #[must_use]
    pub fn stopped(&self) -> RunError {
        self.stop.take_reason().unwrap_or(RunError::interrupted())
    }

    /// Waits a little for an answer that tells the time of the clock that decides, if none has yet.
    pub async fn stamped(&self) {
        for _ in 0..PARTS_OF_A_WAIT {
            if self.gate.clock().is_stamped() || self.stop.is_set() {
                break;
            }
            self.gate.sleep(Duration::from_millis(50)).await;
        }
    }

    fn something_else(&self) -> Stopped {
        self.stop_run("the target answers a list of users with something else".into())
    }

    /// Nobody can be served: ends the run.
    #[must_use]
    pub fn stop_run(&self, text: String) -> Stopped {
        self.stop.leave(RunError::target(text));
        Stopped
    }
}

/// One user's way through the gate.
#[expect(clippy::struct_excessive_bools, reason = "what is known of one user's way, each by itself")]
pub struct Way<'c> {
    context: &'c Context,
    /// A permit that is kept from one request to the next.
    held: Option<Entry<'c>>,
    /// Whether a step follows its create, or a change its look, and is repeated, without a queue in between.
    pub hold: bool,
    /// Whether the user is only to be begun: then even a person's wish to stop ends it.
    pub beginning: bool,
    /// Whether the user may be at the target already: then nobody's wish to hold the run keeps them half-done.
    pub perhaps_begun: bool,
    /// Whether an earlier run has given this user up: then it says nothing about others, nor do they about it.
    pub given_up_before: bool,
    /// After how many tries of the request that is asked others would have been served.
    proven_at: Option<u32>,
}

impl<'c> Way<'c> {
    /// For a user who is not begun yet.
    #[must_use]
    pub fn beginning(context: &'c Context) -> Self {
        Self { beginning: true, ..Self::going_on(context) }
    }

    /// For everything that is to be finished once it is begun.
    #[must_use]
    pub const fn going_on(context: &'c Context) -> Self {
        Self {
            context,
            held: None,
            hold: false,
            beginning: false,
            perhaps_begun: false,
            given_up_before: false,
            proven_at: None,
        }
    }

    /// Gives a permit back that was kept.
    pub fn let_go(&mut self) {
        (self.held, self.hold) = (None, false);
    }

    async fn stopped(context: &Context, beginning: bool) {
        if beginning {
            context.stop.set_by_anyone().await;
        } else {
            context.stop.leaving().await;
        }
    }

    /// Whether requests of this kind are served when one is sent that nobody can mind; ends the run if nobody is served.
    async fn others_are_served(&self, kind: Kind) -> Result<bool, Stopped> {
        match self.context.gate.probe(kind).await.map_err(|text| self.context.stop_run(text))? {
            Verdict::Retry(trouble) if trouble.cause == Cause::Denied => Err(self.context.stop_run(trouble.text)),
            verdict => Ok(verdict.trouble().is_none()),
        }
    }
}

impl Door for Way<'_> {
    type Stopped = Stopped;

    async fn send(&mut self, request: &Request) -> Result<Outcome, Stopped> {
        let context = self.context;
        let held = self.held.take();
        let entry = async {
            match held {
                Some(entry) => {
                    context.gate.turn().await;
                    entry
                }
                None => loop {
                    let waits = self.beginning && !self.perhaps_begun;
                    if waits {
                        context.hold.over(&context.stop).await;
                    }
                    let entry = context.gate.enter().await;
                    if !(waits && context.hold.is_on()) {
                        break entry;
                    }
                },
            }
        };
        let entry = tokio::select! {
            biased;
            () = Self::stopped(context, self.beginning) => return Err(Stopped),
            entry = entry => entry,
        };
        let counts = !self.given_up_before;
        let outcome = context.gate.send(&entry, request, counts).await.map_err(|text| context.stop_run(text))?;
        if outcome.verdict.trouble().is_none() {
            self.proven_at = None;
        }
        // Who has to be read back first must not keep what the reading needs.
        let next = match outcome.verdict {
            Verdict::Done => matches!(request.kind, Kind::Create | Kind::Read),
            Verdict::Retry(_) => matches!(request.kind, Kind::Step(_)),
            _ => false,
        };
        self.held = (self.hold && next).then_some(entry);
        Ok(outcome)
    }

    async fn rest(&mut self, pause: Duration) -> Result<(), Stopped> {
        tokio::select! {
            () = self.context.gate.sleep(pause) => Ok(()),
            () = Self::stopped(self.context, self.beginning) => Err(Stopped),
        }
    }

    /// A user is given up only if it is theirs: others are served, or would be. Else it is the target's trouble, which
    /// costs no user anything: it passes, or ends the run.
    async fn enough(&mut self, tries: &Tries) -> Result<bool, Stopped> {
        let (kind, cause) = (tries.kind, tries.trouble.cause);
        // Not about this user, as likely as not, so it is asked about at once.
        if cause == Cause::Denied && tries.alike() == 1 {
            self.others_are_served(kind).await?;
        }
        let gate = &self.context.gate;
        // What the network loses is nobody's in particular as long as others are served in between; of who is left alone with it
        // no more tries tell any more, nor do many of a minute each.
        let lost = matches!(cause, Cause::Network | Cause::Overloaded);
        let attempts = match cause {
            _ if lost && tries.began.elapsed() >= gate.give_up_after() => LONG_TRIES,
            _ if lost && tries.sent == tries.mark => Cause::ServerError.attempts(),
            cause => cause.attempts(),
        };
        if tries.alike() < attempts {
            return Ok(false);
        }
        // Before this one was tried for the last time, another was served, or would have been: whatever was wrong with the
        // target may have passed after the last try just as well.
        if tries.sent > tries.mark || self.proven_at.is_some_and(|count| tries.count > count) {
            return Ok(true);
        }
        // Nobody else may be left to be served, so it is asked whether they would be.
        let perhaps = self.given_up_before || gate.may_be_to_blame(kind) || gate.served(kind) > tries.first;
        if perhaps && self.others_are_served(kind).await? {
            self.proven_at = Some(tries.count);
        }
        Ok(false)
    }

    fn served(&self, kind: Kind) -> u64 {
        self.context.gate.served(kind)
    }
}
