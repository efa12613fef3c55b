//! Users whom a sync deletes: what the ledger says of them until it is known that they are gone.

use crate::error::RunError;
use crate::ledger::{Change, Entry, Event, State};
use crate::run::context::{Context, Stopped};

/// What begins the reason of a user whose deletion began.
pub(super) const DELETING: &str = "is deleted: the source no longer has the user";

/// Whether somebody's deletion began, and nobody wrote down what came of it.
pub(super) fn is_being_deleted(entry: &Entry) -> bool {
    entry.state == State::Failed && entry.text.as_deref().is_some_and(|text| text.starts_with(DELETING))
}

/// Notes that the target no longer has the user.
pub(super) async fn note_deleted(context: &Context, entry: &Entry, dry_run: bool) -> Result<(), Stopped> {
    match entry.state.next(entry.steps, Event::Deleted) {
        Ok((state, steps)) if !dry_run => {
            debug_assert_eq!(state, State::RolledBack);
            let change = Change { record: entry.record, state, steps, at: None, code: None, text: None };
            noted(context, context.ledger.change(change).await)
        }
        _ => Ok(()),
    }
}

/// What was handed to the ledger, or the end of the run.
pub(super) fn noted(context: &Context, noted: Result<(), RunError>) -> Result<(), Stopped> {
    noted.map_err(|error| {
        context.stop.leave(error);
        Stopped
    })
}
