//! Users of the run whom the source no longer has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::seal;
use super::user::{Came, STILL_THERE};
use super::{Gone, Mode, Work};
use crate::appwrite::preflight::in_chunks;
use crate::appwrite::wire::{Edit, Request, User};
use crate::error::RunError;
use crate::ledger::{Change, Entry, Event, Field, Left, State, Steps};
use crate::report::sync::{Finding, Kind};
use crate::run::context::{Context, Reply, Stopped};
use crate::run::parallel::{Parallel, together};

/// What begins the reason of a user whose deletion began.
const DELETING: &str = "is deleted: the source no longer has the user";

impl Work<'_> {
    /// Everybody of the ledger whom the export has not met, as `--gone` says.
    pub(super) fn look_for_gone(&mut self, met: &HashMap<u64, (u64, bool)>) -> Result<(), RunError> {
        let mut gone: Vec<Entry> = Vec::new();
        self.each_row(|_, entry| {
            if !met.contains_key(&entry.record) && entry.is_there() {
                gone.push(entry);
            }
            Ok(())
        })?;
        if self.mode.gone == Gone::Keep {
            return gone.iter().try_for_each(|entry| self.find(finding(entry, "kept", true)));
        }
        let left = Arc::new(Mutex::new(Vec::new()));
        let (context, mode) = (self.context.clone(), self.mode);
        let mut asked = Parallel::new(self.context, self.runtime, self.at_once.div_ceil(10));
        let mut came = Vec::new();
        let ask = || {
            for entries in in_chunks(gone, |entry| entry.user_id.len()) {
                if self.context.stop.is_set() {
                    break;
                }
                self.begin()?;
                asked.add(several(context.clone(), entries, mode, left.clone()), &mut |one| {
                    came.push(one);
                    Ok(())
                })?;
            }
            asked.finish(&mut |one| {
                came.push(one);
                Ok(())
            })
        };
        let asked = ask();
        // Whatever ended it: who was deleted is met by no later sync, and no hash of theirs is to stay.
        let left = std::mem::take(&mut *left.lock().unwrap_or_else(PoisonError::into_inner));
        if self.seals.is_some() {
            seal::forget(&self.store, &left)?;
        }
        asked?;
        came.into_iter().try_for_each(|one| self.take(one))
    }
}

/// Who can no longer sign in.
type Departed = Arc<Mutex<Vec<String>>>;

fn finding(entry: &Entry, done: &str, look: bool) -> Finding {
    Finding {
        record: 0,
        user_id: entry.user_id.clone(),
        email: None,
        kind: Kind::Gone,
        fields: Vec::new(),
        done: done.to_owned(),
        look,
    }
}

async fn several(context: Arc<Context>, entries: Vec<Entry>, mode: Mode, left: Departed) -> Result<Came, Stopped> {
    let ids: Vec<&str> = entries.iter().map(|entry| &*entry.user_id).collect();
    let mut users = context.users(&ids).await?;
    let all = entries.into_iter().map(|entry| {
        let (context, user, left) = (context.clone(), users.remove(&entry.user_id), left.clone());
        async move {
            let mut came = Came::default();
            let Some(user) = context.to_begin(&entry.user_id, user).await? else { return Ok(came) };
            let (done, look) = match user {
                None => gone_already(&context, &entry, mode).await?,
                Some(user) if mode.gone == Gone::Disable => disable(&context, &entry, &user, mode, &mut came).await?,
                Some(user) => delete(&context, &entry, &user, mode, &mut came).await?,
            };
            came.findings.push(finding(&entry, &done, look));
            if !look && !mode.dry_run {
                left.lock().unwrap_or_else(PoisonError::into_inner).push(entry.user_id);
            }
            Ok(came)
        }
    });
    let mut came = Came::default();
    for one in together(&context, all).await? {
        came.findings.extend(one.findings);
        came.edits += one.edits;
    }
    Ok(came)
}

type Done = (String, bool);

async fn gone_already(context: &Context, entry: &Entry, mode: Mode) -> Result<Done, Stopped> {
    if mode.gone == Gone::Delete {
        note_deleted(context, entry, mode).await?;
    }
    Ok(("the target no longer has the user either".into(), false))
}

async fn disable(context: &Context, entry: &Entry, user: &User, mode: Mode, came: &mut Came) -> Result<Done, Stopped> {
    if user.status == Some(false) {
        return Ok(("is disabled".into(), false));
    }
    if mode.dry_run {
        return Ok(("to be disabled".into(), false));
    }
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
            note(context, context.ledger.change_left(change, left).await)?;
            Ok(("disabled".into(), false))
        }
        Reply::Gone => Ok(("the target no longer has the user either".into(), false)),
        Reply::Refused { problem, .. } => Ok((problem.text, true)),
    }
}

/// Deletes whoever is as the run left them, and nobody else.
async fn delete(context: &Context, entry: &Entry, user: &User, mode: Mode, came: &mut Came) -> Result<Done, Stopped> {
    if !entry.steps.has(Steps::CREATED) {
        return Ok(("kept: was there before this run".into(), true));
    }
    let begun = entry.text.as_deref().is_some_and(|text| text.starts_with(DELETING));
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
    // Whoever may be gone is not done any more, whatever becomes of this process.
    if !begun && let Ok((state, steps)) = entry.state.next(entry.steps, Event::Doubted) {
        let doomed = Entry { state, steps, code: None, text: Some(DELETING.into()), ..entry.clone() };
        note(context, context.ledger.intend(vec![doomed]).await)?;
    }
    match context.ask(&Request::delete(&entry.user_id)).await? {
        Reply::Answer(_) | Reply::Gone => {
            came.edits += 1;
            if context.listed(&[&entry.user_id]).await?.contains_key(&entry.user_id) {
                return Ok((STILL_THERE.into(), true));
            }
            note_deleted(context, entry, mode).await?;
            Ok(("deleted".into(), false))
        }
        Reply::Refused { problem, .. } => Ok((problem.text, true)),
    }
}

async fn note_deleted(context: &Context, entry: &Entry, mode: Mode) -> Result<(), Stopped> {
    match entry.state.next(entry.steps, Event::Deleted) {
        Ok((state, steps)) if !mode.dry_run => {
            debug_assert_eq!(state, State::RolledBack);
            let change = Change { record: entry.record, state, steps, at: None, code: None, text: None };
            note(context, context.ledger.change(change).await)
        }
        _ => Ok(()),
    }
}

fn note(context: &Context, noted: Result<(), RunError>) -> Result<(), Stopped> {
    noted.map_err(|error| {
        context.stop.leave(error);
        Stopped
    })
}
