//! The end of a bridge: whoever has not signed in is named in the run's `needs-reset.csv` before the hashes go.

use std::collections::HashSet;
use std::path::Path;

use super::store::Store;
use crate::error::RunError;
use crate::folder::Folder;
use crate::report::bridged::to_be_reset;

/// Ids that are read at a time.
const PAGE: usize = 10_000;

/// Purges the hashes that are left, whose users are named. Gives how many.
///
/// # Errors
/// [`RunError::io`] if the list cannot be written, and nothing is purged then; [`RunError::ledger`].
pub fn expire(store: &Store) -> Result<u64, RunError> {
    name(store)?;
    store.expire()
}

/// The same, and forgets everything but who stood where.
///
/// # Errors
/// As [`expire`].
pub fn end(store: &Store) -> Result<u64, RunError> {
    name(store)?;
    store.end()
}

fn name(store: &Store) -> Result<(), RunError> {
    let (mut left, mut after) = (HashSet::new(), String::new());
    loop {
        let page = store.holding(&after, PAGE)?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        left.extend(page);
    }
    if left.is_empty() {
        return Ok(());
    }
    let folder = store.path().parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    to_be_reset(&Folder::open(folder)?, &left)
}
