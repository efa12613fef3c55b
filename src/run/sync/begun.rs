//! Users who were on their way when a sync or an import was cut off, and of whom the source says nothing more that could be sent:
//! whether the target has them is asked, and whoever is there is no worse off than before.

use super::user::{is_being_remade, was_to_be_remade};
use crate::appwrite::wire::{Edit, User};
use crate::error::RunError;
use crate::ledger::{Change, Entry, Event, Field, State};
use crate::run::context::{Context, Reply, Stopped};
use crate::run::job::Noted;

/// What is said of somebody who is away for good.
pub(super) const LOST: &str =
    "was deleted to be made again with another password; the source says nothing more of the user: nobody is there now";

/// What came of a user who was on the way.
pub(super) enum Settled {
    /// Nobody was ever created, or the target has somebody else.
    Never,
    /// Deleted to be made again, and away.
    Lost,
    /// There, as before.
    There(Box<Entry>, Box<User>),
    /// There, and the target refuses what would let them in, or keep them out, as before.
    Refused(String),
}

/// Whether somebody was on the way.
pub(super) fn is_on_the_way(entry: &Entry) -> bool {
    is_being_remade(entry) || matches!(entry.state, State::Intended | State::Created)
}

/// Finds out what became of a user who was on the way, and gives them back what they had.
pub(super) async fn settle(
    context: &Context,
    entry: Entry,
    user: Option<User>,
    dry_run: bool,
) -> Result<Settled, Stopped> {
    let since = Noted { at: entry.at, ahead: 0 }.by(context.gate.clock());
    let is_ours = |user: &User| entry.is_there() || user.created_at.is_none_or(|created| created >= since);
    let Some(user) = user.filter(is_ours) else {
        if !entry.is_there() && !was_to_be_remade(&entry) {
            return Ok(Settled::Never);
        }
        if !dry_run && let Ok((state, steps)) = entry.state.next(entry.steps, Event::Deleted) {
            change(context, &entry, state, steps, None).await?;
        }
        return Ok(if was_to_be_remade(&entry) { Settled::Lost } else { Settled::Never });
    };
    if dry_run {
        return Ok(Settled::There(Box::new(entry), Box::new(user)));
    }
    let mut at = user.updated_at;
    if let Some(enabled) = entry.left.map(|left| left.get(Field::Status) == 1).filter(|on| user.status != Some(*on)) {
        match context.ask(&Edit::Status(enabled).request(&user.id)).await? {
            Reply::Answer(answer) => at = answer.updated_at(),
            Reply::Gone => {}
            Reply::Refused { problem, .. } => return Ok(Settled::Refused(problem.text)),
        }
    }
    let events = [Event::Intend, Event::Created, Event::Finished];
    let next = events.iter().try_fold((entry.state, entry.steps), |(state, steps), event| state.next(steps, *event));
    let (state, steps) = next.map_err(|illegal| {
        context.stop.leave(RunError::internal(format!("record {}: {illegal}", entry.record)));
        Stopped
    })?;
    change(context, &entry, state, steps, at).await?;
    let entry = Entry { state, steps, at: at.unwrap_or(entry.at), code: None, text: None, ..entry };
    Ok(Settled::There(Box::new(entry), Box::new(User { updated_at: at, ..user })))
}

async fn change(
    context: &Context,
    entry: &Entry,
    state: State,
    steps: crate::ledger::Steps,
    at: Option<i64>,
) -> Result<(), Stopped> {
    let change = Change { record: entry.record, state, steps, at, code: None, text: None };
    context.ledger.change(change).await.map_err(|error| {
        context.stop.leave(error);
        Stopped
    })
}
