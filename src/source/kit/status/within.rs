//! What stands within something else, which may turn it around: a ban that is active keeps its user out.

use super::Meaning;
use super::names::{is, is_end, meaning};
use super::tables::names_barred;
use super::told_at;
use super::words::LOCKS;

/// [`meaning`] of what stands at a path: within what is called after a ban or a lock, that it is active keeps somebody out.
#[must_use]
pub fn meaning_at(path: &str) -> Option<Meaning> {
    let name = told_at(path);
    let Some((outer, _)) = path.rsplit_once('.') else { return meaning(name) };
    let bars = |part: &str| {
        matches!(meaning(part), Some(Meaning::Bars | Meaning::BarsUntil)) || names_barred(part) || is(LOCKS, part)
    };
    if outer.split('.').any(bars) { of_a_ban(name) } else { meaning(name) }
}

/// What a member of a ban is about.
pub(super) fn of_a_ban(name: &str) -> Option<Meaning> {
    match meaning(name) {
        Some(Meaning::Allows | Meaning::State | Meaning::StateOrRegion) => Some(Meaning::BarsWhile),
        None if is_end(name) => Some(Meaning::BarsUntil),
        meaning => meaning,
    }
}
