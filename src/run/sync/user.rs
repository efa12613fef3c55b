//! One user of the run who changed: looked at, and brought up to date where that takes nothing away from anybody.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::decide::{Side, Sides};
use super::seal::Seals;
use super::{Mode, Stale};
use crate::appwrite::ask::{Asking, Told};
use crate::appwrite::wire::{Edit, Request, Step, User};
use crate::code::Code;
use crate::error::RunError;
use crate::ledger::{Change, Entry, Event, Field, Left, State, Steps};
use crate::report::sync::{Finding, Kind};
use crate::run::context::{Context, Reply, Stopped, Way};
use crate::run::findings::MISSING;
use crate::run::job::{Job, Noted};
use crate::run::mark::Marker;
use crate::run::parallel::together;
use crate::run::saga;

/// What begins the reason of a user who is being made again.
const REMAKING: &str = "is made again with the source's new password";

/// Why a user is not brought up to date whom somebody deleted meanwhile.
const NO_LONGER: &str = "the target no longer has the user";

/// Why nobody is deleted of whom one answer says that they are gone.
const UNSEEN: &str =
    "could not be looked at before being deleted: the target said a moment later that there is no such user";

/// What a deletion came to that only said that it was done.
pub(super) const STILL_THERE: &str = "the target says that the user is deleted, and has them still";

/// A user of the ledger beside their record of the later export.
pub(super) struct Known {
    /// The record's number in the later export.
    pub(super) later: u64,
    /// The plan, under the ledger's number.
    pub(super) job: Job,
    /// What is planned.
    pub(super) planned: Left,
    /// The ledger's row.
    pub(super) entry: Entry,
}

/// What came of some users.
#[derive(Default)]
pub(super) struct Came {
    pub(super) findings: Vec<Finding>,
    /// Requests that changed something.
    pub(super) edits: u64,
}

/// Whether the row is of somebody whom a sync has begun to make again.
pub(super) fn is_being_remade(entry: &Entry) -> bool {
    entry.state == State::Failed && entry.text.as_deref().is_some_and(|text| text.starts_with(REMAKING))
}

/// Whether `verify` found that the target no longer has the user.
pub(super) fn is_missing(entry: &Entry) -> bool {
    entry.state == State::Failed && entry.text.as_deref() == Some(MISSING)
}

/// Looks at these users, at most as many as fit into one question, and brings them up to date.
pub(super) async fn page(
    context: Arc<Context>,
    marker: Marker,
    known: Vec<Known>,
    mode: Mode,
    passwords: Passwords,
) -> Result<Came, Stopped> {
    let ids: Vec<&str> = known.iter().map(|known| known.job.user_id()).collect();
    let mut users = context.users(&ids).await?;
    let all = known.into_iter().map(|known| {
        let (context, marker, passwords) = (context.clone(), marker.clone(), passwords.clone());
        let user = users.remove(known.job.user_id());
        let came = Came::default();
        async move {
            let Some(user) = context.to_begin(known.job.user_id(), user).await? else { return Ok(came) };
            Sync { context: &context, marker: &marker, mode, passwords, known, came }.go(user).await
        }
    });
    let mut came = Came::default();
    for one in together(&context, all).await? {
        came.findings.extend(one.findings);
        came.edits += one.edits;
    }
    Ok(came)
}

/// What becomes of passwords that are others at the source now.
#[derive(Clone)]
pub(super) struct Passwords {
    pub(super) stale: Stale,
    /// The run's bridge, where it has one.
    pub(super) seals: Option<Seals>,
    /// Places for those who are deleted and made again.
    pub(super) places: Arc<Semaphore>,
}

struct Sync<'c> {
    context: &'c Context,
    marker: &'c Marker,
    mode: Mode,
    passwords: Passwords,
    known: Known,
    came: Came,
}

impl Sync<'_> {
    async fn go(mut self, user: Option<User>) -> Result<Came, Stopped> {
        let remaking = is_being_remade(&self.known.entry);
        let Some(user) = user else {
            if remaking {
                self.tell(Kind::Password, vec![Field::Password], "made again", false);
                if !self.mode.dry_run {
                    self.make().await?;
                }
            } else {
                self.tell(Kind::GoneAtTarget, Vec::new(), "nothing", true);
                // Whom the target has deleted stays away: that `verify` looked does not make a repair of a sync.
                if is_missing(&self.known.entry) && !self.mode.dry_run {
                    self.done_as_before(None).await?;
                }
            }
            return Ok(self.came);
        };
        let sides = self.sides(&user, remaking)?;
        let there = self.marker.there(&user);
        if remaking && there.get(Field::Password) == self.known.planned.get(Field::Password) {
            // The create was answered, and nobody wrote it down.
            self.tell(Kind::Password, vec![Field::Password], "made again", false);
            if !self.mode.dry_run {
                self.make().await?;
            }
            return Ok(self.came);
        }
        let (both, mut theirs) = (sides.fields(Side::Both), sides.fields(Side::Target));
        // Whoever signs in through the bridge has their password from there.
        if theirs.contains(&Field::Password) && self.bridge(|seals| seals.knows(&user.id))?.unwrap_or(false) {
            theirs.retain(|field| *field != Field::Password);
        }
        let mut send = sides.fields(Side::Source);
        if !both.is_empty() {
            self.tell(Kind::ChangedOnBoth, both, "nothing", true);
            self.give_back(&user, remaking).await?;
            return Ok(self.came);
        }
        let kept = !theirs.is_empty();
        if kept {
            self.tell(Kind::ChangedAtTarget, theirs, "kept", true);
        }
        let mut sealed = false;
        if send.contains(&Field::Password) && self.is_sealed() {
            send.retain(|field| *field != Field::Password);
            self.tell(Kind::Password, vec![Field::Password], "sealed for the bridge", false);
            if !self.mode.dry_run {
                let (job, left) = (self.known.job.clone(), user.password.clone());
                sealed = self.bridge(|seals| seals.seal(&job, &left))?.unwrap_or(false);
                if !sealed {
                    self.came.findings.pop();
                    let why = "kept: it came through the bridge before, or cannot be kept";
                    self.tell(Kind::StalePassword, vec![Field::Password], why, true);
                }
            }
            self.give_back(&user, remaking).await?;
        } else if send.contains(&Field::Password) {
            match self.stale(&user, &sides, kept).await? {
                None => {
                    self.tell(Kind::Password, send, "made again", false);
                    if !self.mode.dry_run {
                        self.remake(&user, &sides).await?;
                    }
                    return Ok(self.came);
                }
                Some(why) => {
                    self.tell(Kind::StalePassword, vec![Field::Password], &format!("kept: {why}"), true);
                    send.retain(|field| *field != Field::Password);
                    self.give_back(&user, remaking).await?;
                }
            }
        }
        if self.mode.dry_run {
            if !send.is_empty() {
                self.tell(Kind::Changed, send, "to be sent", false);
            }
            return Ok(self.came);
        }
        self.edit(&user, &sides, &send, kept, sealed).await?;
        Ok(self.came)
    }

    fn tell(&mut self, kind: Kind, fields: Vec<Field>, done: &str, look: bool) {
        self.came.findings.push(Finding {
            record: self.known.later,
            user_id: self.known.job.user_id().to_owned(),
            email: self.known.job.email().map(str::to_owned),
            kind,
            fields: fields.into_iter().map(Field::name).collect(),
            done: done.to_owned(),
            look,
        });
    }

    /// Asks the store of the bridge, if there is one.
    fn bridge<T>(&self, ask: impl FnOnce(&Seals) -> Result<T, RunError>) -> Result<Option<T>, Stopped> {
        let Some(seals) = &self.passwords.seals else { return Ok(None) };
        // A store is asked as quickly as the ledger is.
        tokio::task::block_in_place(|| ask(seals)).map(Some).map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }

    /// Whether another password of the source goes to the bridge: where that is asked for, and wherever Appwrite cannot
    /// verify it.
    fn is_sealed(&self) -> bool {
        let Passwords { stale, seals, .. } = &self.passwords;
        let job = &self.known.job;
        let must = job.create.body.password.is_none() && *stale != Stale::Keep;
        let has_store = seals.is_some() || self.mode.dry_run && *stale == Stale::Bridge;
        has_store && job.bridged.is_some() && (*stale == Stale::Bridge || must)
    }

    fn sides(&self, user: &User, remaking: bool) -> Result<Sides, Stopped> {
        let Known { planned, entry, .. } = &self.known;
        let mut left = entry.left;
        if entry.has_no_phone()
            && let Some(left) = &mut left
        {
            left.set(Field::Phone, 0);
            left.set(Field::PhoneVerification, 0);
        }
        let mut target = self.marker.there(user);
        if remaking && let Some(left) = &left {
            // Disabled by the sync that was cut off.
            target.set(Field::Status, left.get(Field::Status));
        }
        // What waits at the bridge was left there, and the target has what it had.
        if let Some(left) = &left
            && left.get(Field::Password) != target.get(Field::Password)
            && self.bridge(|seals| seals.waits(&user.id, &user.password))?.unwrap_or(false)
        {
            target.set(Field::Password, left.get(Field::Password));
        }
        let untouched = user.updated_at == Some(entry.at);
        let rehashed = user.hash == "argon2" && !user.has_new_password();
        Ok(Sides { left, source: *planned, target, untouched, rehashed })
    }

    /// Why a user is not made again for a new password, if so: nobody who has been there since is deleted.
    async fn stale(&self, user: &User, sides: &Sides, kept: bool) -> Result<Option<String>, Stopped> {
        let Known { job, entry, .. } = &self.known;
        if self.passwords.stale == Stale::Keep {
            return Ok(Some("--stale-passwords keep".into()));
        }
        if !entry.steps.has(Steps::CREATED) {
            return Ok(Some("was there before this run".into()));
        }
        if kept {
            return Ok(Some("was changed at the target".into()));
        }
        if sides.left.is_none() && sides.rehashed {
            let text =
                "the ledger is of an older rehome, which did not note whether this is the password that was sent";
            return Ok(Some(text.into()));
        }
        let as_left = sides.left.is_none_or(|left| left.get(Field::Password) == sides.target.get(Field::Password));
        if !as_left && !sides.untouched {
            return Ok(Some("signed in since, which keeps the password they used".into()));
        }
        let mut why = user.extras();
        why.extend(self.has_any(&Request::sessions(job.user_id()), "sessions").await?);
        why.extend(self.has_any(&Request::memberships(job.user_id()), "memberships").await?);
        Ok((!why.is_empty()).then(|| why.join("; ")))
    }

    /// What a user has of these, in words; who cannot be asked about might have some.
    async fn has_any(&self, request: &Request, list: &str) -> Result<Option<String>, Stopped> {
        Ok(match self.context.ask(request).await? {
            Reply::Answer(answer) => match answer.json().get(list).and_then(|list| list.as_array()) {
                Some(items) if items.is_empty() => None,
                _ => Some(format!("has {list}")),
            },
            Reply::Gone => None,
            Reply::Refused { problem, .. } => Some(format!("the target does not tell the {list}: {}", problem.text)),
        })
    }

    /// Sends what the source changed, attribute by attribute, and notes what is left now.
    async fn edit(
        &mut self,
        user: &User,
        sides: &Sides,
        send: &[Field],
        kept: bool,
        sealed: bool,
    ) -> Result<(), Stopped> {
        let mut sent = Vec::new();
        let mut at = user.updated_at;
        let mut refused = Vec::new();
        for (field, edit) in self.edits(send) {
            // What is verified is not there.
            let of = match field {
                Field::EmailVerification => Some(Field::Email),
                Field::PhoneVerification => Some(Field::Phone),
                _ => None,
            };
            if of.is_some_and(|of| refused.contains(&of)) {
                continue;
            }
            match self.send(&edit).await? {
                Ok(updated) => {
                    sent.push(field);
                    at = updated;
                    self.came.edits += 1;
                }
                Err(why) => {
                    refused.push(field);
                    self.tell(Kind::Failed, vec![field], &why, true);
                }
            }
        }
        if !sent.is_empty() {
            self.tell(Kind::Changed, sent.clone(), "sent", false);
        }
        if at.is_none() {
            at = self.read().await?.ok().flatten().and_then(|user| user.updated_at);
        }
        // Whoever was changed by somebody else stays so for a rollback.
        let at = if kept || (!sides.untouched && sides.left != Some(sides.target)) { None } else { at };
        let entry = &self.known.entry;
        let phone = entry.has_no_phone() && !sent.contains(&Field::Phone);
        let change = Change {
            record: entry.record,
            state: entry.state,
            steps: entry.steps,
            at,
            code: phone.then_some(Code::PhoneLeftOut),
            text: entry.text.clone().filter(|_| phone),
        };
        let left = sides.after(|field| sent.contains(&field) || (sealed && field == Field::Password));
        self.note(self.context.ledger.change_left(change, left).await)
    }

    /// The changes, in an order that nothing undoes and nobody gets in between.
    fn edits(&self, send: &[Field]) -> Vec<(Field, Edit)> {
        let job = &self.known.job;
        let is = |field| self.known.planned.get(field) == 1;
        let labels = job.steps.iter().find_map(|step| match step {
            Step::Labels(labels) => Some(labels.iter().map(|label| label.clone().into_owned()).collect()),
            _ => None,
        });
        let prefs = job.steps.iter().find_map(|step| match step {
            Step::Prefs(prefs) => Some(prefs.clone()),
            _ => None,
        });
        let name = job.create.body.name.as_deref().unwrap_or_default().to_owned();
        let mut edits = vec![
            (Field::Prefs, Edit::Prefs(prefs.unwrap_or_default())),
            (Field::Email, Edit::Email(job.email().unwrap_or_default().to_owned())),
            (Field::EmailVerification, Edit::EmailVerification(is(Field::EmailVerification))),
            (Field::Phone, Edit::Phone(job.phone().unwrap_or_default().to_owned())),
            (Field::PhoneVerification, Edit::PhoneVerification(is(Field::PhoneVerification))),
            (Field::Name, Edit::Name(name)),
            (Field::Labels, Edit::Labels(labels.unwrap_or_default())),
        ];
        let status = (Field::Status, Edit::Status(is(Field::Status)));
        if is(Field::Status) {
            edits.push(status);
        } else {
            edits.insert(0, status);
        }
        edits.retain(|(field, _)| send.contains(field));
        edits
    }

    /// Sends one change until it is known what came of it; why not, if it is refused.
    async fn send(&self, edit: &Edit) -> Result<Result<Option<i64>, String>, Stopped> {
        let request = edit.request(self.known.job.user_id());
        let mut asking = Asking::new(&request);
        let mut way = Way::going_on(self.context);
        loop {
            let why = match asking.go(&mut way).await? {
                Told::Done(answer) => return Ok(Ok(answer.updated_at())),
                Told::Gone => return Ok(Err(NO_LONGER.into())),
                Told::Unknown => None,
                Told::AlreadyThere => Some("somebody else has it".to_owned()),
                Told::Refused { text, .. } | Told::GivenUp { text, .. } => Some(text),
            };
            // A second answer to one request is an error as often as not.
            match self.read().await? {
                Ok(Some(user)) if edit.is_shown_by(&user) => return Ok(Ok(user.updated_at)),
                Ok(None) => return Ok(Err(NO_LONGER.into())),
                _ => {}
            }
            if let Some(why) = why {
                return Ok(Err(why));
            }
        }
    }

    /// The user as they are now, `None` for one who is not there; or why that cannot be told.
    async fn read(&self) -> Result<Result<Option<User>, String>, Stopped> {
        Ok(match self.context.ask(&Request::read(self.known.job.user_id())).await? {
            Reply::Answer(answer) => {
                answer.read().map(Some).ok_or_else(|| "the target answers with something else than a user".into())
            }
            Reply::Gone => Ok(None),
            Reply::Refused { problem, .. } => Err(problem.text),
        })
    }

    /// Makes a user again: noted, disabled, looked at once more, deleted, created. Whatever ends it in between, the next
    /// sync goes on, and nobody can sign in meanwhile.
    async fn remake(&mut self, user: &User, sides: &Sides) -> Result<(), Stopped> {
        // So many at a time, however many are looked at: the fewer are away, the sooner each is back.
        let places = self.passwords.places.clone();
        let _place = places.acquire().await;
        self.context.hold.over().await;
        if self.context.stop.is_set() {
            // The next sync does.
            self.came.findings.retain(|finding| finding.kind != Kind::Password);
            return Ok(());
        }
        // Whose new address or number is somebody else's would not be created again.
        let claims = [Field::Email, Field::Phone].into_iter().filter(|field| sides.of(*field) == Side::Source);
        let claims: Vec<Field> = claims.collect();
        for (field, edit) in self.edits(&claims) {
            match self.send(&edit).await? {
                Ok(_) => self.came.edits += 1,
                Err(why) => return self.not_remade(field, &why, user, false).await,
            }
        }
        let entry = &self.known.entry;
        let (state, steps) = self.next(entry.state, entry.steps, &[Event::Doubted])?;
        let begun = Entry { state, steps, code: None, text: Some(REMAKING.into()), ..entry.clone() };
        self.note(self.context.ledger.intend(vec![begun.clone()]).await)?;
        self.known.entry = begun;
        if user.status != Some(false) {
            if let Err(why) = self.send(&Edit::Status(false)).await? {
                return self.not_remade(Field::Password, &why, user, true).await;
            }
            self.came.edits += 1;
        }
        // Nobody is deleted unseen; who was just disabled and is said to be gone was not seen.
        let now = match self.read().await? {
            Ok(Some(now)) => now,
            Ok(None) => return self.not_remade(Field::Password, UNSEEN, user, true).await,
            Err(why) => return self.not_remade(Field::Password, &why, user, true).await,
        };
        let session = self.has_any(&Request::sessions(&now.id), "sessions").await?.is_some();
        if now.password != user.password || session {
            return self.not_remade(Field::Password, "signed in meanwhile", &now, true).await;
        }
        match self.context.ask(&Request::delete(self.known.job.user_id())).await? {
            Reply::Answer(_) | Reply::Gone => self.came.edits += 1,
            Reply::Refused { problem, .. } => {
                return self.not_remade(Field::Password, &problem.text, user, true).await;
            }
        }
        // Anybody can say 204; who is there still would not be made, and stay disabled.
        if self.context.listed(&[self.known.job.user_id()]).await?.contains_key(self.known.job.user_id()) {
            return self.not_remade(Field::Password, STILL_THERE, user, true).await;
        }
        // Whatever was sealed of them beside the hash is of the earlier one.
        let id = self.known.job.user_id().to_owned();
        self.bridge(|seals| seals.forget(&id))?;
        self.make().await
    }

    /// Takes back what was said and done of making a user again.
    async fn not_remade(&mut self, field: Field, why: &str, user: &User, begun: bool) -> Result<(), Stopped> {
        self.came.findings.retain(|finding| finding.kind != Kind::Password);
        self.tell(Kind::Failed, vec![field], why, true);
        self.give_back(user, begun).await
    }

    /// A user who is not made again after all may sign in as before, and is done as before.
    async fn give_back(&mut self, user: &User, remaking: bool) -> Result<(), Stopped> {
        if !remaking || self.mode.dry_run {
            return Ok(());
        }
        let enabled = self.known.entry.left.is_none_or(|left| left.get(Field::Status) == 1);
        let mut at = user.updated_at;
        if enabled {
            match self.send(&Edit::Status(true)).await? {
                Ok(updated) => (at, self.came.edits) = (updated, self.came.edits + 1),
                Err(why) => {
                    self.tell(Kind::Failed, vec![Field::Status], &why, true);
                    return Ok(());
                }
            }
        }
        self.done_as_before(at).await
    }

    /// Notes that nothing is to be done for the user.
    async fn done_as_before(&mut self, at: Option<i64>) -> Result<(), Stopped> {
        let entry = &self.known.entry;
        let events = [Event::Intend, Event::Created, Event::Finished];
        let (state, steps) = self.next(entry.state, entry.steps, &events)?;
        let change = Change { record: entry.record, state, steps, at, code: None, text: None };
        (self.known.entry.state, self.known.entry.steps, self.known.entry.text) = (state, steps, None);
        self.note(self.context.ledger.change(change).await)
    }

    /// Creates a user who was deleted for it, as an import does.
    async fn make(&mut self) -> Result<(), Stopped> {
        let entry = &self.known.entry;
        // Who cannot be looked at is there, as far as is known: whoever creates them finds out.
        let there = !matches!(self.read().await?, Ok(None));
        let events: &[Event] = if there { &[Event::Intend] } else { &[Event::Intend, Event::Vanished] };
        let (state, steps) = self.next(entry.state, entry.steps, events)?;
        let now = if there { entry.at } else { self.context.gate.clock().earliest() };
        let change = Change { record: entry.record, state, steps, at: Some(now), code: None, text: None };
        self.note(self.context.ledger.change_left(change, Some(self.known.planned)).await)?;
        self.note(self.context.ledger.sync().await)?;
        self.came.edits += 1;
        let mut job = Job { state, known: steps, remade: true, ..self.known.job.clone() };
        job.tried_since = Some(Noted { at: now, ahead: 0 });
        if saga::run(self.context, job).await? != State::Done {
            self.came.findings.retain(|finding| finding.kind != Kind::Password);
            let text = "was deleted to be made again, and could not be created; the report says why";
            self.tell(Kind::Failed, vec![Field::Password], text, true);
        }
        Ok(())
    }

    /// The way through the table of states.
    fn next(&self, state: State, steps: Steps, events: &[Event]) -> Result<(State, Steps), Stopped> {
        let end = events.iter().try_fold((state, steps), |(state, steps), event| state.next(steps, *event));
        end.map_err(|illegal| {
            let record = self.known.entry.record;
            self.context.stop.leave(RunError::internal(format!("record {record}: {illegal}")));
            Stopped
        })
    }

    fn note(&self, noted: Result<(), RunError>) -> Result<(), Stopped> {
        noted.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }
}
