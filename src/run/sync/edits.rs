//! What the source changed of a user, attribute by attribute.

use super::decide::Sides;
use super::found::{MEANT, note};
use super::seal::Anew;
use super::user::Syncing;
use crate::appwrite::ask::{Asking, Told};
use crate::appwrite::wire::{Edit, Request, Step, User};
use crate::code::Code;
use crate::ledger::{Change, Field, Left};
use crate::report::sync::Kind;
use crate::run::context::{Reply, Stopped};
use crate::run::feed::id_digest;
use crate::run::mark::parking;

/// Why a user is not brought up to date whom somebody deleted meanwhile.
const NO_LONGER: &str = "the target no longer has the user";

/// Why an address or a number is not given to a user who is to have it.
pub(super) const SOMEBODY: &str = "somebody else has it";
/// What Appwrite calls that.
const TAKEN: [&str; 3] = ["user_email_already_exists", "user_phone_already_exists", "user_target_already_exists"];

/// Why an attribute was not changed.
pub(super) struct Refused {
    pub(super) why: String,
    /// Somebody else has it.
    pub(super) is_taken: bool,
}

/// What came of several changes.
#[derive(Default)]
struct Sent {
    fields: Vec<Field>,
    refused: Vec<Field>,
    at: Option<i64>,
    /// As the target has the user after that, if nobody else changes them.
    expected: Left,
    /// What somebody else changed after the look.
    meanwhile: Vec<Field>,
}

impl Sent {
    fn take(&mut self, field: Field, planned: Left) {
        self.fields.push(field);
        self.expected.set(field, planned.get(field));
        // Changing it resets the verification.
        match field {
            Field::Email => self.expected.set(Field::EmailVerification, 0),
            Field::Phone => self.expected.set(Field::PhoneVerification, 0),
            _ => {}
        }
    }
}

impl Syncing<'_> {
    /// Sends what the source changed, has the bridge follow, and notes what is left now.
    pub(super) async fn edit(
        &mut self,
        user: &User,
        sides: &Sides,
        send: &[Field],
        kept: bool,
        seals: bool,
    ) -> Result<(), Stopped> {
        let was_parked = self.known.parked.is_some();
        let mut sent = self.send_all(user, send).await?;
        let sealed = self.seal(user, sides, &sent, seals)?;
        let mut at = sent.at;
        // An address that was given back is a later change.
        if at.is_none() || was_parked {
            let now = self.read().await?.ok().flatten();
            if let Some(now) = now.as_ref().filter(|_| !was_parked) {
                self.meanwhile(&mut sent, &[], now);
            }
            at = now.and_then(|user| user.updated_at);
        }
        // Whoever was changed by somebody else stays so for a rollback.
        let as_left = sides.untouched || self.left_or_meant(sides) == Some(sides.target);
        let at = at.filter(|_| !kept && as_left && sent.meanwhile.is_empty());
        let entry = &self.known.entry;
        let phone = entry.has_no_phone() && !sent.fields.contains(&Field::Phone);
        let change = Change {
            record: entry.record,
            state: entry.state,
            steps: entry.steps,
            at,
            code: phone.then_some(Code::PhoneLeftOut),
            text: entry.text.clone().filter(|_| phone),
        };
        let mut left = sides.after(|field| sent.fields.contains(&field) || (sealed && field == Field::Password));
        // One that was given in between, or taken back.
        if let (Some(left), Some(now)) = (&mut left, entry.left)
            && sent.refused.contains(&Field::Email)
        {
            for field in [Field::Email, Field::EmailVerification] {
                left.set(field, now.get(field));
            }
        }
        // For whoever is looked at again.
        (self.known.entry.left, self.known.entry.at) = (left.or(entry.left), at.unwrap_or(entry.at));
        // Before the row: as long as that is the old one, what was meant is known not to be told yet.
        self.note_all().await?;
        let noted = self.context.ledger.change_left(change, left).await;
        self.note(noted)
    }

    /// As the run left the user, with what an earlier part of this sync was about to send where the target has it: nobody else's doing.
    fn left_or_meant(&self, sides: &Sides) -> Option<Left> {
        let mut left = sides.left?;
        let meant = self.known.noted.iter().filter(|note| note.done == MEANT).flat_map(|note| &note.fields);
        for field in meant.filter(|field| sides.target.get(**field) == sides.source.get(**field)) {
            left.set(*field, sides.target.get(*field));
            // Changing it resets the verification, which may not have been sent any more.
            match field {
                Field::Email => left.set(Field::EmailVerification, sides.target.get(Field::EmailVerification)),
                Field::Phone => left.set(Field::PhoneVerification, sides.target.get(Field::PhoneVerification)),
                _ => {}
            }
        }
        Some(left)
    }

    async fn send_all(&mut self, user: &User, send: &[Field]) -> Result<Sent, Stopped> {
        let expected = self.asking.marker.there(user);
        let mut sent = Sent { at: user.updated_at, expected, ..Sent::default() };
        if send.is_empty() {
            return Ok(sent);
        }
        let meant = note(&user.id, self.known.later, Kind::Changed, send.to_vec(), MEANT, false);
        self.note_first(Some(meant)).await?;
        for (field, edit) in self.edits(send) {
            // What is verified is not there.
            let of = match field {
                Field::EmailVerification => Some(Field::Email),
                Field::PhoneVerification => Some(Field::Phone),
                _ => None,
            };
            if of.is_some_and(|of| sent.refused.contains(&of)) || sent.refused.contains(&field) {
                continue;
            }
            match self.send(&edit).await? {
                Ok(now) => {
                    sent.take(field, self.known.planned);
                    if let Some(now) = &now {
                        self.meanwhile(&mut sent, send, now);
                    }
                    sent.at = now.and_then(|now| now.updated_at);
                    self.edits += 1;
                    self.leave(user, field);
                }
                Err(refused) => {
                    sent.refused.push(field);
                    if refused.is_taken && !self.asking.is_last {
                        self.waits.push(field);
                    } else {
                        let why = if field == Field::Email { self.unpark(refused.why).await? } else { refused.why };
                        self.tell(Kind::Failed, vec![field], &why, true);
                    }
                }
            }
        }
        if !sent.fields.is_empty() {
            self.tell(Kind::Changed, sent.fields.clone(), "sent", false);
        }
        Ok(sent)
    }

    /// Names what somebody else changed after the look, as the answer to a change of ours shows it. What was still `to_send` there
    /// is not sent.
    fn meanwhile(&mut self, sent: &mut Sent, to_send: &[Field], now: &User) {
        let there = self.asking.marker.there(now);
        for field in Field::ALL {
            if there.get(field) == sent.expected.get(field) {
                continue;
            }
            sent.expected.set(field, there.get(field));
            sent.meanwhile.push(field);
            // At a sign-in.
            if field == Field::Password && now.hash == "argon2" && !now.has_new_password() {
                continue;
            }
            if to_send.contains(&field) && !sent.fields.contains(&field) {
                sent.refused.push(field);
                self.tell(Kind::ChangedOnBoth, vec![field], "nothing", true);
            } else {
                self.tell(Kind::ChangedAtTarget, vec![field], "kept", true);
            }
        }
    }

    /// What the bridge keeps of the user follows, under the address that the target has by now: by another nobody gets in.
    /// Gives whether another hash waits there in the place of the target's.
    fn seal(&mut self, user: &User, sides: &Sides, sent: &Sent, seals: bool) -> Result<bool, Stopped> {
        let has_planned =
            sent.fields.contains(&Field::Email) || sides.source.get(Field::Email) == sides.target.get(Field::Email);
        let email =
            if has_planned { self.known.job.email() } else { Some(&*user.email).filter(|email| !email.is_empty()) };
        let email = email.map(str::to_owned);
        if seals {
            let (job, left) = (self.known.job.clone(), user.password.clone());
            let sealed = self.bridge(|seals| seals.seal(&job, email.as_deref(), Some(&left)))?.unwrap_or(false);
            if !sealed {
                self.untell(Kind::Password);
                let why = "kept: it came through the bridge before, or cannot be kept";
                self.tell(Kind::StalePassword, vec![Field::Password], why, true);
            }
            return Ok(sealed);
        }
        let anew = self.ask(|asking, known| {
            let anew = asking.anew(&known.job, known.entry.left, email.as_deref())?;
            match (&asking.seals, email.as_deref()) {
                (Some(seals), email) if anew.seals() => _ = seals.seal(&known.job, email, None)?,
                (Some(seals), Some(email)) => seals.follow(known.job.user_id(), email)?,
                _ => {}
            }
            Ok(anew)
        })?;
        if let Some((done, look)) = anew.told() {
            let kind = if anew == Anew::Kept { Kind::StalePassword } else { Kind::Password };
            self.tell(kind, vec![Field::Password], done, look);
        }
        Ok(false)
    }

    /// What a user had of this is free for somebody else.
    pub(super) fn leave(&mut self, user: &User, field: Field) {
        let had = match field {
            Field::Email => &user.email,
            Field::Phone => &user.phone,
            _ => return,
        };
        self.freed.push(id_digest(had));
    }

    /// Gives a user an address that nobody has, so that two who have each other's can change them.
    pub(super) async fn park(&mut self, user: &User) -> Result<(), Stopped> {
        (self.known.park, self.waits) = (false, vec![Field::Email]);
        let Some(mut left) = self.known.entry.left else { return Ok(()) };
        let parked = self.asking.marker.parked(&user.id);
        // Somebody else gave them another one meanwhile, and no sync that was cut off was about to: theirs stays.
        if ![parked, self.asking.marker.email(&user.email)].contains(&left.get(Field::Email)) {
            return Ok(());
        }
        left.set(Field::Email, parked);
        self.note_left(left).await?;
        let durable = self.context.ledger.sync().await;
        self.note(durable)?;
        if self.send(&Edit::Email(parking(&user.id))).await?.is_ok() {
            self.edits += 1;
            self.leave(user, Field::Email);
            self.known.parked = Some((user.email.clone(), user.email_verification == Some(true)));
        }
        Ok(())
    }

    /// Takes the address in between back, of a user who does not get the new one after all; gives what is to be said.
    pub(super) async fn unpark(&mut self, why: String) -> Result<String, Stopped> {
        let Some((before, verified)) = self.known.parked.take() else { return Ok(why) };
        match self.send(&Edit::Email(before.clone())).await? {
            Ok(_) => {
                // Another address is not verified, and so it is not any more once it is theirs again.
                let verified = verified && self.send(&Edit::EmailVerification(true)).await?.is_ok();
                if let Some(mut left) = self.known.entry.left {
                    left.set(Field::Email, self.asking.marker.email(&before));
                    left.set(Field::EmailVerification, u32::from(verified));
                    self.note_left(left).await?;
                }
                Ok(why)
            }
            Err(_) => Ok(format!("{why}; the address is {} now", parking(self.known.job.user_id()))),
        }
    }

    async fn note_left(&mut self, left: Left) -> Result<(), Stopped> {
        let entry = &mut self.known.entry;
        entry.left = Some(left);
        let change = Change {
            record: entry.record,
            state: entry.state,
            steps: entry.steps,
            at: None,
            code: entry.has_no_phone().then_some(Code::PhoneLeftOut),
            text: entry.text.clone(),
        };
        let noted = self.context.ledger.change_left(change, Some(left)).await;
        self.note(noted)
    }

    /// The changes, in an order that nothing undoes and nobody gets in between.
    pub(super) fn edits(&self, send: &[Field]) -> Vec<(Field, Edit)> {
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

    /// Sends one change until it is known what came of it: the user after that, as far as the target shows them; or why not, if
    /// it is refused.
    pub(super) async fn send(&mut self, edit: &Edit) -> Result<Result<Option<User>, Refused>, Stopped> {
        let request = edit.request(self.known.job.user_id());
        let mut asking = Asking::new(&request);
        let refused = |why: String, is_taken| Ok(Err(Refused { why, is_taken }));
        loop {
            let why = match asking.go(&mut self.way).await? {
                Told::Done(answer) => return Ok(Ok(answer.user().filter(|user| user.is_whole()).cloned())),
                Told::Gone => return refused(NO_LONGER.into(), false),
                Told::Unknown => None,
                Told::AlreadyThere => Some((SOMEBODY.to_owned(), true)),
                Told::Refused { kind, .. } if TAKEN.contains(&&*kind) => Some((SOMEBODY.to_owned(), true)),
                Told::Refused { text, .. } | Told::GivenUp { text, .. } => Some((text, false)),
            };
            // A second answer to one request is an error as often as not.
            match self.read().await? {
                Ok(Some(user)) if edit.is_shown_by(&user) => return Ok(Ok(Some(user))),
                Ok(None) => return refused(NO_LONGER.into(), false),
                _ => {}
            }
            if let Some((why, is_taken)) = why {
                return refused(why, is_taken);
            }
        }
    }

    /// The user as they are now, `None` for one who is not there; or why that cannot be told.
    pub(super) async fn read(&mut self) -> Result<Result<Option<User>, String>, Stopped> {
        self.way.let_go();
        Ok(match self.context.ask(&Request::read(self.known.job.user_id())).await? {
            Reply::Answer(answer) => {
                answer.read().map(Some).ok_or_else(|| "the target answers with something else than a user".into())
            }
            Reply::Gone => Ok(None),
            Reply::Refused { problem, .. } => Err(problem.text),
        })
    }
}
