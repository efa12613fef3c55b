//! One user of the run who changed: looked at, and brought up to date where that takes nothing away from anybody.

use std::sync::Arc;

use super::Stale;
use super::asking::Asking;
use super::decide::{Side, Sides};
use super::deleted::{is_being_deleted, note_deleted};
use super::found::{MEANT, note, with_earlier};
use super::seal::{Anew, SEALED, Seals};
use crate::appwrite::wire::{Request, User};
use crate::error::RunError;
use crate::ledger::{Entry, Event, Field, Left, Note, State, Steps};
use crate::report::sync::Kind;
use crate::run::context::{Context, Reply, Stopped, Way};
use crate::run::findings::MISSING;
use crate::run::job::Job;
use crate::run::parallel::together;

/// What begins the reason of a user who is being made again.
pub(super) const REMAKING: &str = "is made again with the source's new password";

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
    /// What was noted of them since this sync began.
    pub(super) noted: Vec<Note>,
    /// What somebody else has who may leave it yet.
    pub(super) waits: Vec<Field>,
    /// Whether they are given an address in between, so that somebody else can have theirs.
    pub(super) park: bool,
    /// The address that the target has of them, as it was seen last.
    pub(super) has: String,
    /// The address that they had before that, and whether it was verified.
    pub(super) parked: Option<(String, bool)>,
}

/// What came of some users.
#[derive(Default)]
pub(super) struct Came {
    /// What a dry run found. Everybody else's stands in the ledger.
    pub(super) notes: Vec<Note>,
    /// Requests that changed something.
    pub(super) edits: u64,
    /// Whose new address or number somebody else has as yet.
    pub(super) again: Vec<Known>,
    /// Addresses and numbers that nobody has any more, by their digests.
    pub(super) freed: Vec<u64>,
}

impl Came {
    /// Adds what came of others.
    pub(super) fn add(&mut self, other: Self) {
        self.notes.extend(other.notes);
        self.edits += other.edits;
        self.again.extend(other.again);
        self.freed.extend(other.freed);
    }
}

/// Whether the row is of somebody whom a sync has begun to make again.
pub(super) fn is_being_remade(entry: &Entry) -> bool {
    entry.state == State::Failed && was_to_be_remade(entry)
}

/// Whether somebody was deleted, or was about to be, to be made again.
pub(super) fn was_to_be_remade(entry: &Entry) -> bool {
    entry.text.as_deref().is_some_and(|text| text.starts_with(REMAKING))
}

/// Whether `verify` found that the target no longer has the user.
pub(super) fn is_missing(entry: &Entry) -> bool {
    entry.state == State::Failed && entry.text.as_deref() == Some(MISSING)
}

/// Looks at these users, at most as many as fit into one question, and brings them up to date.
pub(super) async fn page(context: Arc<Context>, asking: Asking, known: Vec<Known>) -> Result<Came, Stopped> {
    let ids: Vec<&str> = known.iter().map(|known| known.job.user_id()).collect();
    let mut users = context.users(&ids).await?;
    let all = known.into_iter().map(|known| {
        let (context, asking) = (context.clone(), asking.clone());
        let user = users.remove(known.job.user_id());
        async move {
            let Some(user) = context.to_begin(known.job.user_id(), user).await? else { return Ok(Came::default()) };
            Syncing::new(&context, asking, known).go(user).await
        }
    });
    let mut came = Came::default();
    for one in together(&context, all).await? {
        came.add(one);
    }
    Ok(came)
}

/// A user who is looked at.
pub(super) struct Syncing<'c> {
    pub(super) context: &'c Context,
    /// To the target: who is looked at is changed next, without a queue in between.
    pub(super) way: Way<'c>,
    pub(super) asking: Asking,
    pub(super) known: Known,
    /// What is found of them now.
    pub(super) found: Vec<Note>,
    /// Attributes that are as the source has them, or as the run left them for that, and whether the run knows of it; `None`
    /// before the user is seen.
    agreed: Option<Vec<(Field, bool)>>,
    /// Whether they were disabled to be made again.
    pub(super) disabled: bool,
    /// Requests that changed something.
    pub(super) edits: u64,
    /// What somebody else has who may leave it yet: then they are looked at again.
    pub(super) waits: Vec<Field>,
    /// What they had, and left: digests.
    pub(super) freed: Vec<u64>,
}

impl<'c> Syncing<'c> {
    const fn new(context: &'c Context, asking: Asking, known: Known) -> Self {
        Self {
            context,
            way: Way::going_on(context),
            asking,
            known,
            found: Vec::new(),
            agreed: None,
            disabled: false,
            edits: 0,
            waits: Vec::new(),
            freed: Vec::new(),
        }
    }

    async fn go(mut self, mut user: Option<User>) -> Result<Came, Stopped> {
        // So many at a time, however many were looked at: the fewer are away, the sooner each is back.
        let places = self.asking.places.clone();
        let mut _place = None;
        if let Some(there) = &user
            && !self.asking.mode.dry_run
            && self.changes(there)?
        {
            _place = places.acquire().await.ok();
            self.context.hold.over(&self.context.stop).await;
            if self.context.stop.is_set() {
                // The next sync does.
                return Ok(Came::default());
            }
            // A page is looked at long before the last of it has their turn: whoever was changed since must not be overwritten.
            user = self.look().await?;
        }
        while let Some(now) = self.bring(user).await? {
            self.found.clear();
            user = Some(now);
        }
        self.way.let_go();
        let mut came = Came { edits: self.edits, freed: self.freed.clone(), ..Came::default() };
        if self.asking.mode.dry_run {
            came.notes = self.found;
            return Ok(came);
        }
        self.known.noted = self.note_all().await?;
        if !self.waits.is_empty() {
            self.known.waits = self.waits;
            came.again.push(self.known);
        }
        Ok(came)
    }

    /// Whether something is to be sent for the user, as they were looked at.
    fn changes(&self, user: &User) -> Result<bool, Stopped> {
        let remaking = is_being_remade(&self.known.entry);
        Ok(self.known.park || remaking || !self.sides(user, remaking)?.fields(Side::Source).is_empty())
    }

    /// The user right before the first change, which takes the same permit.
    async fn look(&mut self) -> Result<Option<User>, Stopped> {
        self.way.hold = true;
        let user = self.context.user_by(&mut self.way, self.known.job.user_id()).await;
        self.way.hold = false;
        user
    }

    /// All that is to be told of the user.
    fn notes(&self) -> Vec<Note> {
        let holds = |note: &Note, field| {
            let Some(agreed) = &self.agreed else { return true };
            // What was meant was sent where the target has it, and the run does not know.
            agreed.iter().any(|(one, is_known)| *one == field && !(*is_known && note.done == MEANT))
        };
        with_earlier(self.found.clone(), &self.known.noted, holds)
    }

    /// Puts that in the place of what was noted, and gives it.
    pub(super) async fn note_all(&self) -> Result<Vec<Note>, Stopped> {
        let notes = self.notes();
        let noted = self.context.ledger.note(self.known.job.user_id(), notes.clone()).await;
        self.note(noted).map(|()| notes)
    }

    /// Makes durable what is about to be done: whoever goes on with a sync that is cut off now tells it, too.
    pub(super) async fn note_first(&self, meant: Option<Note>) -> Result<(), Stopped> {
        let mut notes = self.notes();
        if let Some(meant) = meant {
            notes = with_earlier(vec![meant], &notes, |_, _| true);
        }
        let noted = self.context.ledger.note(self.known.job.user_id(), notes).await;
        self.note(noted)?;
        let durable = self.context.ledger.sync().await;
        self.note(durable)
    }

    /// Decides, and does it. Gives a user who was disabled to be made again, as they are now: that is decided anew.
    async fn bring(&mut self, user: Option<User>) -> Result<Option<User>, Stopped> {
        let dry_run = self.asking.mode.dry_run;
        let remaking = is_being_remade(&self.known.entry);
        let deleting = is_being_deleted(&self.known.entry);
        let Some(mut user) = user else {
            if remaking {
                self.tell(Kind::Password, vec![Field::Password], "made again", false);
                if !dry_run {
                    self.make().await?;
                }
            } else if deleting {
                // Gone from the source, deleted, and back at the source: an import creates them.
                self.tell(Kind::New, Vec::new(), "to be created", false);
                note_deleted(self.context, &self.known.entry, dry_run).await?;
            } else {
                self.tell(Kind::GoneAtTarget, Vec::new(), "nothing", true);
                // Whom the target has deleted stays away: that `verify` looked does not make a repair of a sync.
                if is_missing(&self.known.entry) && !dry_run {
                    self.done_as_before(None).await?;
                }
            }
            return Ok(None);
        };
        self.known.has.clone_from(&user.email);
        if self.known.park {
            return self.park(&user).await.map(|()| None);
        }
        if deleting && !dry_run {
            self.done_as_before(None).await?;
        }
        let sides = self.sides(&user, remaking)?;
        let left = |field| self.known.entry.left.is_some_and(|left| left.get(field) == sides.source.get(field));
        let agreed = Field::ALL.into_iter().filter(|field| sides.of(*field) == Side::Same || left(*field));
        self.agreed = Some(agreed.map(|field| (field, left(field))).collect());
        let there = self.asking.marker.there(&user);
        if remaking && there.get(Field::Password) == self.known.planned.get(Field::Password) {
            // The create was answered, and nobody wrote it down.
            self.tell(Kind::Password, vec![Field::Password], "made again", false);
            if !dry_run {
                self.make().await?;
            }
            return Ok(None);
        }
        let (both, mut theirs) = (sides.fields(Side::Both), sides.fields(Side::Target));
        // Whoever signs in through the bridge has their password from there.
        if theirs.contains(&Field::Password) && self.bridge(|seals| seals.knows(&user.id))?.unwrap_or(false) {
            theirs.retain(|field| *field != Field::Password);
        }
        let mut send = sides.fields(Side::Source);
        if !both.is_empty() {
            self.tell(Kind::ChangedOnBoth, both, "nothing", true);
            return self.give_back(&mut user, remaking).await.map(|()| None);
        }
        let kept = !theirs.is_empty();
        if kept {
            self.tell(Kind::ChangedAtTarget, theirs, "kept", true);
        }
        let seals = send.contains(&Field::Password) && self.is_sealed();
        if seals {
            self.tell(Kind::Password, vec![Field::Password], SEALED, false);
            self.give_back(&mut user, remaking).await?;
        } else if send.contains(&Field::Password) {
            match self.stale(&user, &sides, kept).await? {
                None => {
                    self.tell(Kind::Password, send, "made again", false);
                    return if dry_run { Ok(None) } else { self.remake(&mut user, &sides).await };
                }
                Some(why) => {
                    self.tell(Kind::StalePassword, vec![Field::Password], &format!("kept: {why}"), true);
                    self.give_back(&mut user, remaking).await?;
                }
            }
        }
        send.retain(|field| *field != Field::Password);
        if dry_run {
            if let Some((done, look)) =
                self.ask(|asking, known| asking.anew(&known.job, known.entry.left, known.job.email()).map(Anew::told))?
            {
                let kind = if look { Kind::StalePassword } else { Kind::Password };
                self.tell(kind, vec![Field::Password], done, look);
            }
            if !send.is_empty() {
                self.tell(Kind::Changed, send, "to be sent", false);
            }
            return Ok(None);
        }
        self.edit(&user, &sides, &send, kept, seals).await.map(|()| None)
    }

    pub(super) fn tell(&mut self, kind: Kind, mut fields: Vec<Field>, done: &str, look: bool) {
        // One line of each kind.
        if let Some(told) = self.found.iter_mut().find(|note| note.kind == kind.name() && note.done == done) {
            told.fields.append(&mut fields);
            told.fields.sort_by_key(|field| *field as usize);
            told.fields.dedup();
            return;
        }
        self.found.push(note(self.known.job.user_id(), self.known.later, kind, fields, done, look));
    }

    /// Takes back what was said.
    pub(super) fn untell(&mut self, kind: Kind) {
        self.found.retain(|note| note.kind != kind.name());
    }

    /// Asks the store of the bridge, if there is one.
    pub(super) fn bridge<T>(&self, ask: impl FnOnce(&Seals) -> Result<T, RunError>) -> Result<Option<T>, Stopped> {
        self.ask(|asking, _| asking.seals.as_ref().map(ask).transpose())
    }

    /// Does what a store takes part in, which is asked as quickly as the ledger is.
    pub(super) fn ask<T>(&self, ask: impl FnOnce(&Asking, &Known) -> Result<T, RunError>) -> Result<T, Stopped> {
        let asked = || ask(&self.asking, &self.known);
        // Each thread that waits for a store has another take its place, with memory of its own.
        let asked = if self.asking.seals.is_some() { tokio::task::block_in_place(asked) } else { asked() };
        asked.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }

    /// Whether another password of the source goes to the bridge: where that is asked for, and wherever Appwrite cannot
    /// verify it.
    fn is_sealed(&self) -> bool {
        let Asking { stale, seals, mode, .. } = &self.asking;
        let job = &self.known.job;
        let must = job.create.body.password.is_none() && *stale != Stale::Keep;
        let has_store = seals.is_some() || mode.dry_run && *stale == Stale::Bridge;
        has_store && job.bridged.is_some() && (*stale == Stale::Bridge || must)
    }

    fn sides(&self, user: &User, remaking: bool) -> Result<Sides, Stopped> {
        let Known { planned, entry, job, .. } = &self.known;
        let mut left = entry.left;
        let mut target = self.asking.marker.there(user);
        if let Some(left) = &mut left {
            if entry.has_no_phone() {
                left.set(Field::Phone, 0);
                left.set(Field::PhoneVerification, 0);
            }
            // Given an address in between, or about to be, which is not verified: whichever it is now, nobody else has changed it.
            if left.get(Field::Email) == self.asking.marker.parked(job.user_id()) {
                for field in [Field::Email, Field::EmailVerification] {
                    left.set(field, target.get(field));
                }
            }
        }
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
    async fn stale(&mut self, user: &User, sides: &Sides, kept: bool) -> Result<Option<String>, Stopped> {
        let Known { job, entry, .. } = &self.known;
        if self.asking.stale == Stale::Keep {
            return Ok(Some("--stale-passwords keep".into()));
        }
        if job.create.body.password.is_none() {
            return Ok(Some("the source has none that the target could verify".into()));
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
        why.extend(self.has_any(&Request::sessions(&user.id), "sessions").await?);
        why.extend(self.has_any(&Request::memberships(&user.id), "memberships").await?);
        why.extend(self.has_authenticator(&user.id).await?);
        Ok((!why.is_empty()).then(|| why.join("; ")))
    }

    /// What a user has of these, in words; who cannot be asked about might have some.
    pub(super) async fn has_any(&mut self, request: &Request, list: &str) -> Result<Option<String>, Stopped> {
        self.way.let_go();
        Ok(match self.context.ask(request).await? {
            Reply::Answer(answer) => match answer.json().get(list).and_then(|list| list.as_array()) {
                Some(items) if items.is_empty() => None,
                _ => Some(format!("has {list}")),
            },
            Reply::Gone => None,
            Reply::Refused { problem, .. } => Some(format!("the target does not tell the {list}: {}", problem.text)),
        })
    }

    /// An authenticator outlives the session in which it was set up, and the user does not show it.
    async fn has_authenticator(&mut self, id: &str) -> Result<Option<String>, Stopped> {
        Ok(match self.context.ask(&Request::factors(id)).await? {
            Reply::Answer(answer) => (answer.json()["totp"] == true).then(|| "has an authenticator".to_owned()),
            Reply::Gone => None,
            Reply::Refused { problem, .. } => {
                Some(format!("the target does not tell the second factors: {}", problem.text))
            }
        })
    }

    /// The way through the table of states.
    pub(super) fn next(&self, state: State, steps: Steps, events: &[Event]) -> Result<(State, Steps), Stopped> {
        let end = events.iter().try_fold((state, steps), |(state, steps), event| state.next(steps, *event));
        end.map_err(|illegal| {
            let record = self.known.entry.record;
            self.context.stop.leave(RunError::internal(format!("record {record}: {illegal}")));
            Stopped
        })
    }

    pub(super) fn note(&self, noted: Result<(), RunError>) -> Result<(), Stopped> {
        noted.map_err(|error| {
            self.context.stop.leave(error);
            Stopped
        })
    }
}
