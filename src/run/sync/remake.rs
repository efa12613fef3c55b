//! A user whom the source has with another password: deleted and created with the same id.

use super::decide::{Side, Sides};
use super::edits::Refused;
use super::user::{REMAKING, STILL_THERE, Syncing, is_being_remade};
use crate::appwrite::wire::{Edit, Request, User};
use crate::ledger::{Change, Entry, Event, Field, State};
use crate::report::sync::Kind;
use crate::run::context::{Reply, Stopped};
use crate::run::job::{Job, Noted};
use crate::run::saga;

/// Why nobody is deleted of whom one answer says that they are gone.
const UNSEEN: &str =
    "could not be looked at before being deleted: the target said a moment later that there is no such user";

/// What came of disabling a user that only said that it was done.
const STILL_ENABLED: &str = "the target says that the user is disabled, and has them enabled still";

/// Who was not deleted by the sync.
const DELETED_MEANWHILE: &str = "made again: somebody deleted the user at the target while the sync was at it";

impl Syncing<'_> {
    /// Makes a user again: noted, disabled, looked at and decided anew, deleted, created. Whatever ends it in between, the next
    /// sync goes on, and nobody can sign in meanwhile. Gives the user who is to be decided on anew.
    pub(super) async fn remake(&mut self, user: &mut User, sides: &Sides) -> Result<Option<User>, Stopped> {
        // Nobody is deleted whom something was changed of since they were disabled.
        if is_being_remade(&self.known.entry) && user.status == Some(false) {
            return self.delete(user).await.map(|()| None);
        }
        if std::mem::replace(&mut self.disabled, true) {
            return self.not_remade(Field::Password, STILL_ENABLED, user, true).await.map(|()| None);
        }
        self.note_first(None).await?;
        let mut left = sides.target;
        // Whose new address or number is somebody else's would not be created again.
        let claims = [Field::Email, Field::Phone].into_iter().filter(|field| sides.of(*field) == Side::Source);
        let claims: Vec<Field> = claims.collect();
        for (field, edit) in self.edits(&claims) {
            match self.send(&edit).await? {
                Ok(_) => {
                    self.edits += 1;
                    self.leave(user, field);
                    left.set(field, self.known.planned.get(field));
                    let verification =
                        if field == Field::Email { Field::EmailVerification } else { Field::PhoneVerification };
                    left.set(verification, 0);
                }
                Err(Refused { is_taken: true, .. }) if !self.asking.is_last => {
                    self.untell(Kind::Password);
                    self.waits.push(field);
                    return Ok(None);
                }
                Err(refused) => {
                    let why = if field == Field::Email { self.unpark(refused.why).await? } else { refused.why };
                    return self.not_remade(field, &why, user, false).await.map(|()| None);
                }
            }
        }
        // As they were looked at: what is another then, somebody changed who saw what nobody had to see.
        if let Some(before) = sides.left {
            left.set(Field::Status, before.get(Field::Status));
        }
        let entry = &self.known.entry;
        let (state, steps) = self.next(entry.state, entry.steps, &[Event::Doubted])?;
        let begun = Entry { state, steps, code: None, text: Some(REMAKING.into()), left: Some(left), ..entry.clone() };
        let noted = self.context.ledger.intend(vec![begun.clone()]).await;
        self.note(noted)?;
        self.known.entry = begun;
        if user.status != Some(false) {
            if let Err(refused) = self.send(&Edit::Status(false)).await? {
                return self.not_remade(Field::Password, &refused.why, user, true).await.map(|()| None);
            }
            self.edits += 1;
        }
        match self.read().await? {
            Ok(Some(now)) => return Ok(Some(now)),
            Err(why) => self.not_remade(Field::Password, &why, user, true).await?,
            // One answer may be wrong; who is in no list either is gone, and the source has them.
            Ok(None) if self.context.listed(&[&user.id]).await?.is_empty() => {
                self.untell(Kind::Password);
                self.tell(Kind::Password, vec![Field::Password], DELETED_MEANWHILE, true);
                self.make().await?;
            }
            Ok(None) => self.not_remade(Field::Password, UNSEEN, user, true).await?,
        }
        Ok(None)
    }

    async fn delete(&mut self, user: &mut User) -> Result<(), Stopped> {
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
    async fn not_remade(&mut self, field: Field, why: &str, user: &mut User, begun: bool) -> Result<(), Stopped> {
        self.untell(Kind::Password);
        self.tell(Kind::Failed, vec![field], why, true);
        self.give_back(user, begun).await
    }

    /// A user who is not made again after all may sign in as before, and is done as before.
    pub(super) async fn give_back(&mut self, user: &mut User, remaking: bool) -> Result<(), Stopped> {
        if !remaking || self.asking.mode.dry_run {
            return Ok(());
        }
        let enabled = self.known.entry.left.is_none_or(|left| left.get(Field::Status) == 1);
        if enabled {
            match self.send(&Edit::Status(true)).await? {
                Ok(now) => {
                    self.edits += 1;
                    if let Some(now) = now {
                        *user = now;
                    }
                }
                Err(refused) => {
                    self.tell(Kind::Failed, vec![Field::Status], &refused.why, true);
                    return Ok(());
                }
            }
        }
        // Whoever was changed by somebody else stays so for a rollback.
        let there = self.asking.marker.there(user);
        let as_left = self.known.entry.left.is_none_or(|left| left == there);
        self.done_as_before(user.updated_at.filter(|_| as_left)).await
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
        // Who cannot be looked at is there, as far as is known: whoever creates them finds out.
        let there = !matches!(self.read().await?, Ok(None));
        let entry = &self.known.entry;
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
