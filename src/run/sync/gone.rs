//! Users of the run whom the source no longer has, or whose record is refused now.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::begun::{LOST, Settled, is_on_the_way, settle};
use super::deleted::{DELETING, is_being_deleted, note_deleted, noted};
use super::found::note;
use super::look::Refused;
use super::met::{Met, Record};
use super::seal;
use super::table::Table;
use super::user::{Came, STILL_THERE};
use super::work::Work;
use super::{Gone, Mode};
use crate::appwrite::preflight::in_chunks;
use crate::appwrite::wire::{Edit, Request, User};
use crate::error::RunError;
use crate::event::Event as Said;
use crate::ledger::{Change, Entry, Event, Field, Left, Note, Steps};
use crate::read::Export;
use crate::report::figures::{count, users};
use crate::report::sync::Kind;
use crate::run::context::{Context, Reply, Stopped};
use crate::run::feed::id_digest;
use crate::run::mark::parking;
use crate::run::parallel::{Parallel, together};

/// So many may be gone without a word,
const FEW: u64 = 3;
/// and one in so many.
const ONE_IN: u64 = 10;

/// Somebody of the ledger of whom the export has no user.
struct Missed {
    entry: Entry,
    /// The record that is refused now, or says that the user was deleted.
    refused: Option<Refused>,
    /// Whether a sync that was cut off gave them an address in between, or was about to.
    is_parked: bool,
}

impl Work<'_> {
    /// Whoever is missing from a part of an export is not gone from the source.
    pub(super) fn stop_at_part(&self, export: &Export) -> Result<(), RunError> {
        let said: Vec<String> = export.findings().iter().cloned().chain(export.noticed()).collect();
        if !export.is_incomplete() {
            for finding in said.into_iter().filter(|_| !self.goes_on) {
                self.listener.on(&Said::Warned(finding));
            }
            return Ok(());
        }
        let said = said.join("; ");
        if self.asking.mode.gone != Gone::Keep {
            return Err(RunError::export(format!(
                "users may be missing from the export, and would be taken for gone: {said}; nothing was sent"
            ))
            .remedy("make the export anew, or sync it with --gone keep"));
        }
        self.listener.on(&Said::Warned(said));
        Ok(())
    }

    /// Everybody of the ledger whom the export has not met as a user: those who are gone as `--gone` says.
    pub(super) fn look_for_gone(&mut self, table: &Table, met: &Met) -> Result<(), RunError> {
        if self.context.stop.is_set() {
            // Of an export that was not read to its end nobody is known to be missing.
            return Ok(());
        }
        let mut places: Vec<(u64, Option<Refused>)> = Vec::new();
        for (at, row) in table.rows().iter().enumerate() {
            let refused = match met.get(at) {
                Record::User => continue,
                Record::Refused(why) => Some(why),
                Record::None => None,
            };
            if row.is_there() || row.is_on_the_way() {
                places.push((table.record(at), refused));
            }
        }
        places.sort_unstable_by_key(|(record, _)| *record);
        let mut missed: Vec<Missed> = Vec::new();
        for (record, refused) in places {
            for entry in self.reader.range(record, record)? {
                let parked = self.asking.marker.parked(&entry.user_id);
                let is_parked = entry.left.is_some_and(|left| left.get(Field::Email) == parked);
                missed.push(Missed { entry, refused, is_parked });
            }
        }
        let gone = met.gone(table);
        let of = table.rows().iter().filter(|row| row.is_there()).count() as u64;
        let mode = self.asking.mode;
        let allowed = mode.gone_up_to.unwrap_or(FEW.max(of / ONE_IN));
        let stops = mode.gone != Gone::Keep && gone > allowed;
        let (asked, plain): (Vec<Missed>, Vec<Missed>) = missed
            .into_iter()
            .partition(|missed| is_on_the_way(&missed.entry) || (missed.is_gone() && mode.gone != Gone::Keep));
        for missed in &plain {
            self.find(missed.note("kept", true), &[])?;
        }
        if mode.gone != Gone::Keep && gone > 0 && met.unnamed > 0 {
            return Err(unnamed(met.unnamed, mode));
        }
        if stops && !mode.dry_run {
            return Err(too_many(gone, of, mode));
        }
        self.ask_about(asked)?;
        if stops { Err(too_many(gone, of, mode)) } else { Ok(()) }
    }

    fn ask_about(&mut self, missed: Vec<Missed>) -> Result<(), RunError> {
        let departed = Departed::default();
        let (context, mode, places) = (self.context.clone(), self.asking.mode, &self.asking.places.clone());
        let mut asked = Parallel::new(self.context, self.runtime, self.at_once.div_ceil(10));
        let mut came = Came::default();
        let ask = || {
            for some in in_chunks(missed, |missed| missed.entry.user_id.len()) {
                if self.context.stop.is_set() {
                    break;
                }
                self.begin()?;
                asked.add(several(context.clone(), some, mode, places.clone(), departed.clone()), &mut |one| {
                    came.add(one);
                    Ok(())
                })?;
            }
            asked.finish(&mut |one| {
                came.add(one);
                Ok(())
            })
        };
        let asked = ask();
        // Whatever ended it: who was deleted is met by no later sync, and no hash of theirs is to stay.
        let departed = std::mem::take(&mut *departed.lock().unwrap_or_else(PoisonError::into_inner));
        if self.asking.seals.is_some() {
            seal::forget(&self.store, &departed)?;
        }
        asked?;
        self.take(came).map(|_| ())
    }
}

/// Whoever seems to be gone may be of a record that cannot be read.
fn unnamed(records: u64, mode: Mode) -> RunError {
    let what = if mode.gone == Gone::Delete { "deleted" } else { "disabled" };
    let said = if records == 1 {
        "1 record is refused and does not say whose it is"
    } else {
        &format!("{} records are refused and do not say whose they are", count(records))
    };
    RunError::usage(format!("{said}; whoever is missing from the source may be meant: nobody is {what}"))
        .remedy("mend the records (`rehome check` names them), or sync with --gone keep")
}

/// An export that lacks so many is cut off, or another one, as often as not.
fn too_many(gone: u64, of: u64, mode: Mode) -> RunError {
    let what = if mode.gone == Gone::Delete { "deleted" } else { "disabled" };
    RunError::usage(format!(
        "{} of {} are gone from the source, more than one in {ONE_IN}: none of them is {what}",
        count(gone),
        users(of)
    ))
    .remedy(format!(
        "is it all of the export? If they are meant to be {what}, say so: --gone-up-to {gone}; --gone keep leaves them"
    ))
}

/// Who can no longer sign in.
type Departed = Arc<Mutex<Vec<String>>>;

impl Missed {
    /// Whether the source has the user no more, or as one who was deleted. Whoever is left out for another reason is refused.
    fn is_gone(&self) -> bool {
        self.refused.is_none_or(|why| why.deleted)
    }

    fn note(&self, done: &str, look: bool) -> Note {
        let user_id = &self.entry.user_id;
        let in_between = format!("{done}; perhaps with the address {} of a sync that was cut off", parking(user_id));
        let (done, look) = if self.is_parked { (&*in_between, true) } else { (done, look) };
        match self.refused {
            None => note(user_id, 0, Kind::Gone, Vec::new(), done, look),
            Some(Refused { later, code, .. }) => {
                let (kind, look) = if self.is_gone() { (Kind::Gone, look) } else { (Kind::Refused, true) };
                let done = format!("{done}: {}; the rejects say why", code.name());
                note(user_id, later, kind, Vec::new(), &done, look)
            }
        }
    }

    /// Makes durable what is to be told, unless it is a dry run's.
    async fn tell(&self, context: &Context, mode: Mode, done: &str, look: bool) -> Result<Note, Stopped> {
        let told = self.note(done, look);
        if !mode.dry_run {
            noted(context, context.ledger.note(&told.user_id, vec![told.clone()]).await)?;
        }
        Ok(told)
    }

    /// The same before it is done.
    async fn tell_first(&self, context: &Context, mode: Mode, done: &str) -> Result<(), Stopped> {
        self.tell(context, mode, done, false).await?;
        noted(context, context.ledger.sync().await)
    }
}

async fn several(
    context: Arc<Context>,
    missed: Vec<Missed>,
    mode: Mode,
    places: Arc<Semaphore>,
    left: Departed,
) -> Result<Came, Stopped> {
    let ids: Vec<&str> = missed.iter().map(|missed| &*missed.entry.user_id).collect();
    let mut users = context.users(&ids).await?;
    let all = missed.into_iter().map(|missed| {
        let (context, places, left) = (context.clone(), places.clone(), left.clone());
        let user = users.remove(&missed.entry.user_id);
        async move {
            let mut came = Came::default();
            let _place = places.acquire().await;
            let Some(mut user) = context.to_begin(&missed.entry.user_id, user).await? else { return Ok(came) };
            // A page is looked at long before the last of it has their turn.
            if user.is_some() && mode.gone != Gone::Keep && !mode.dry_run {
                user = context.user(&missed.entry.user_id).await?;
            }
            let Some((missed, done, look)) = one(&context, missed, user, mode, &mut came).await? else {
                return Ok(came);
            };
            let told = missed.tell(&context, mode, &done, look).await?;
            if mode.dry_run {
                came.notes.push(told);
            } else if !look && missed.is_gone() {
                left.lock().unwrap_or_else(PoisonError::into_inner).push(missed.entry.user_id);
            }
            Ok(came)
        }
    });
    let mut came = Came::default();
    for one in together(&context, all).await? {
        came.add(one);
    }
    Ok(came)
}

/// Somebody, and what is to be said of them; nothing of whoever was never created.
async fn one(
    context: &Context,
    mut missed: Missed,
    mut user: Option<User>,
    mode: Mode,
    came: &mut Came,
) -> Result<Option<(Missed, String, bool)>, Stopped> {
    if is_on_the_way(&missed.entry) {
        match settle(context, missed.entry.clone(), user, mode.dry_run).await? {
            Settled::Never => return Ok(None),
            Settled::Lost => return Ok(Some((missed, LOST.into(), true))),
            Settled::Refused(why) => return Ok(Some((missed, why, true))),
            Settled::There(entry, there) => (missed.entry, user) = (*entry, Some(*there)),
        }
    }
    let entry = &missed.entry;
    let (done, look) = match user {
        _ if !missed.is_gone() || mode.gone == Gone::Keep => ("kept".into(), true),
        None => gone_already(context, entry, mode).await?,
        Some(user) if mode.gone == Gone::Disable => disable(context, &missed, &user, mode, came).await?,
        Some(user) => delete(context, &missed, &user, mode, came).await?,
    };
    Ok(Some((missed, done, look)))
}

type Done = (String, bool);

async fn gone_already(context: &Context, entry: &Entry, mode: Mode) -> Result<Done, Stopped> {
    if mode.gone == Gone::Delete {
        note_deleted(context, entry, mode.dry_run).await?;
    }
    Ok((if is_being_deleted(entry) { "deleted" } else { "the target no longer has the user either" }.into(), false))
}

async fn disable(
    context: &Context,
    missed: &Missed,
    user: &User,
    mode: Mode,
    came: &mut Came,
) -> Result<Done, Stopped> {
    let entry = &missed.entry;
    if user.status == Some(false) {
        return Ok(("is disabled".into(), false));
    }
    if mode.dry_run {
        return Ok(("to be disabled".into(), false));
    }
    missed.tell_first(context, mode, "disabled").await?;
    let request = Edit::Status(false).request(&entry.user_id);
    match context.ask(&request).await? {
        Reply::Answer(answer) => {
            came.edits += 1;
            let untouched = user.updated_at == Some(entry.at);
            let at = answer.read::<User>().and_then(|user| user.updated_at).filter(|_| untouched);
            let left = entry.left.map(|mut left: Left| {
                left.set(Field::Status, 0);
                left
            });
            let change =
                Change { record: entry.record, state: entry.state, steps: entry.steps, at, code: None, text: None };
            noted(context, context.ledger.change_left(change, left).await)?;
            Ok(("disabled".into(), false))
        }
        Reply::Gone => Ok(("the target no longer has the user either".into(), false)),
        Reply::Refused { problem, .. } => Ok((problem.text, true)),
    }
}

/// Deletes whoever is as the run left them, and nobody else.
async fn delete(context: &Context, missed: &Missed, user: &User, mode: Mode, came: &mut Came) -> Result<Done, Stopped> {
    let entry = &missed.entry;
    if !entry.steps.has(Steps::CREATED) {
        return Ok(("kept: was there before this run".into(), true));
    }
    let sessions = context.sessions(&entry.user_id).await?;
    if user.updated_at != Some(entry.at) || !user.extras().is_empty() || sessions.is_some_and(|n| n > 0) {
        return Ok(("kept: changed or signed in since".into(), true));
    }
    if sessions.is_none() {
        return Ok(("kept: the target does not tell the sessions".into(), true));
    }
    if mode.dry_run {
        return Ok(("to be deleted".into(), false));
    }
    missed.tell_first(context, mode, "deleted").await?;
    // Whoever may be gone is not done any more, whatever becomes of this process.
    if !is_being_deleted(entry)
        && let Ok((state, steps)) = entry.state.next(entry.steps, Event::Doubted)
    {
        let doomed = Entry { state, steps, code: None, text: Some(DELETING.into()), ..entry.clone() };
        noted(context, context.ledger.intend(vec![doomed]).await)?;
    }
    match context.ask(&Request::delete(&entry.user_id)).await? {
        Reply::Answer(_) | Reply::Gone => {
            came.edits += 1;
            came.freed.extend([&user.email, &user.phone].map(|had| id_digest(had)));
            if context.listed(&[&entry.user_id]).await?.contains_key(&entry.user_id) {
                return Ok((STILL_THERE.into(), true));
            }
            note_deleted(context, entry, mode.dry_run).await?;
            Ok(("deleted".into(), false))
        }
        Reply::Refused { problem, .. } => Ok((problem.text, true)),
    }
}
