//! A user whom the source has with another password: deleted and created with the same id.

use super::decide::{Side, Sides};
use super::edits::Refused;
use super::user::{REMAKING, STILL_THERE, Syncing};
use crate::appwrite::wire::{Edit, Request, User};
use crate::ledger::{Change, Entry, Event, Field, State};
use crate::report::sync::Kind;
use crate::run::context::{Reply, Stopped};
use crate::run::job::{Job, Noted};
use crate::run::saga;

/// Why nobody is deleted of whom one answer says that they are gone.
const UNSEEN: &str =
    "could not be looked at before being deleted: the target said a moment later that there is no such user";

impl Syncing<'_> {
    /// Makes a user again: noted, disabled, looked at once more, deleted, created. Whatever ends it in between, the next
    /// sync goes on, and nobody can sign in meanwhile.
    pub(super) async fn remake(&mut self, user: &User, sides: &Sides) -> Result<(), Stopped> {
        // So many at a time, however many are looked at: the fewer are away, the sooner each is back.
        let places = self.asking.places.clone();
        let _place = places.acquire().await;
        self.context.hold.over(&self.context.stop).await;
        if self.context.stop.is_set() {
            // The next sync does.
            self.untell(Kind::Password);
            return Ok(());
        }
        self.note_first(None).await?;
        // Whose new address or number is somebody else's would not be created again.
        let claims = [Field::Email, Field::Phone].into_iter().filter(|field| sides.of(*field) == Side::Source);
        let claims: Vec<Field> = claims.collect();
        for (field, edit) in self.edits(&claims) {
            match self.send(&edit).await? {
                Ok(_) => {
                    self.edits += 1;
                    self.leave(user, field);
                }
                Err(Refused { is_taken: true, .. }) if !self.asking.is_last => {
                    self.untell(Kind::Password);
                    self.waits.push(field);
                    return Ok(());
                }
                Err(refused) => {
                    let why = if field == Field::Email { self.unpark(refused.why).await? } else { refused.why };
                    return self.not_remade(field, &why, user, false).await;
                }
            }
        }
        let entry = &self.known.entry;
        let (state, steps) = self.next(entry.state, entry.steps, &[Event::Doubted])?;
        let begun = Entry { state, steps, code: None, text: Some(REMAKING.into()), ..entry.clone() };
        let noted = self.context.ledger.intend(vec![begun.clone()]).await;
        self.note(noted)?;
        self.known.entry = begun;
        if user.status != Some(false) {
            if let Err(refused) = self.send(&Edit::Status(false)).await? {
                return self.not_remade(Field::Password, &refused.why, user, true).await;
            }
            self.edits += 1;
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
            Reply::Answer(_) | Reply::Gone => self.edits += 1,
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
        self.untell(Kind::Password);
        self.tell(Kind::Failed, vec![field], why, true);
        self.give_back(user, begun).await
    }

    /// A user who is not made again after all may sign in as before, and is done as before.
    pub(super) async fn give_back(&mut self, user: &User, remaking: bool) -> Result<(), Stopped> {
        if !remaking || self.asking.mode.dry_run {
            return Ok(());
        }
        let enabled = self.known.entry.left.is_none_or(|left| left.get(Field::Status) == 1);
        let mut at = user.updated_at;
        if enabled {
            match self.send(&Edit::Status(true)).await? {
                Ok(updated) => (at, self.edits) = (updated, self.edits + 1),
                Err(refused) => {
                    self.tell(Kind::Failed, vec![Field::Status], &refused.why, true);
                    return Ok(());
                }
            }
        }
        self.done_as_before(at).await
    }

    /// Notes that nothing is to be done for the user.
    pub(super) async fn done_as_before(&mut self, at: Option<i64>) -> Result<(), Stopped> {
        let entry = &self.known.entry;
        let events = [Event::Intend, Event::Created, Event::Finished];
        let (state, steps) = self.next(entry.state, entry.steps, &events)?;
        let change = Change { record: entry.record, state, steps, at, code: None, text: None };
        (self.known.entry.state, self.known.entry.steps, self.known.entry.text) = (state, steps, None);
        let noted = self.context.ledger.change(change).await;
        self.note(noted)
    }

    /// Creates a user who was deleted for it, as an import does.
    pub(super) async fn make(&mut self) -> Result<(), Stopped> {
        let entry = &self.known.entry;
        // Who cannot be looked at is there, as far as is known: whoever creates them finds out.
        let there = !matches!(self.read().await?, Ok(None));
        let events: &[Event] = if there { &[Event::Intend] } else { &[Event::Intend, Event::Vanished] };
        let (state, steps) = self.next(entry.state, entry.steps, events)?;
        let now = if there { entry.at } else { self.context.gate.clock().earliest() };
        // Whoever finds the row has to know that there was somebody.
        let text = Some(REMAKING.into());
        let change = Change { record: entry.record, state, steps, at: Some(now), code: None, text };
        let noted = self.context.ledger.change_left(change, Some(self.known.planned)).await;
        self.note(noted)?;
        let durable = self.context.ledger.sync().await;
        self.note(durable)?;
        self.edits += 1;
        let mut job = Job { state, known: steps, remade: true, ..self.known.job.clone() };
        job.tried_since = Some(Noted { at: now, ahead: 0 });
        if saga::run(self.context, job).await? != State::Done {
            self.untell(Kind::Password);
            let text = "was deleted to be made again, and could not be created; the report says why";
            self.tell(Kind::Failed, vec![Field::Password], text, true);
        }
        Ok(())
    }
}
