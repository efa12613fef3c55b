//! Whom of the ledger a later export has met, 8 bytes a row in memory, and what the ledger becomes by that.

use std::collections::{HashMap, HashSet};

use super::look::Refused;
use super::table::{Row, Table};
use crate::ledger::{NoPlan, Places, is_beyond};

/// What the later export has of somebody in the ledger. What counts for more comes later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum As {
    Nobody,
    /// A record that is marked as deleted.
    Deleted,
    Refused,
    User,
}

/// Whom of the ledger the later export has.
pub(super) struct Met {
    /// The new number and as what, by the place in the table.
    of: Vec<u64>,
    /// Why the record is refused, of those that are.
    refused: HashMap<usize, Refused>,
    /// Refused records that do not say whose they are: any of them may be of somebody who seems to be gone.
    pub(super) unnamed: u64,
    /// Rows that say already that a record is refused.
    said: u64,
}

/// A user's record in the later export.
pub(super) enum Record {
    /// Is there.
    User,
    /// Is refused, or marked as deleted.
    Refused(Refused),
    /// Is missing.
    None,
}

impl Met {
    pub(super) fn none_of(table: &Table) -> Self {
        Self { of: vec![0; table.rows().len()], refused: HashMap::new(), unnamed: 0, said: 0 }
    }

    fn has(&self, at: usize) -> As {
        match self.of[at] & 3 {
            0 => As::Nobody,
            1 => As::Deleted,
            2 => As::Refused,
            _ => As::User,
        }
    }

    /// Takes a user; false if they had a record before.
    pub(super) fn user(&mut self, at: usize, later: u64) -> bool {
        self.take(at, later, As::User)
    }

    /// Takes a refused record.
    pub(super) fn refused(&mut self, at: usize, why: Refused) {
        let by = if why.deleted { As::Deleted } else { As::Refused };
        if self.take(at, why.later, by) {
            self.refused.insert(at, why);
        }
    }

    /// Takes a row that says already that this record is refused.
    pub(super) fn says(&mut self, at: usize, later: u64) {
        self.said += 1;
        self.take(at, later, As::Refused);
    }

    fn take(&mut self, at: usize, later: u64, by: As) -> bool {
        let takes = self.has(at) < by;
        if takes {
            self.of[at] = later << 2 | by as u64;
        }
        takes
    }

    /// Whether it was this record that somebody was met by.
    pub(super) fn is_by(&self, at: usize, later: u64) -> bool {
        self.has(at) == As::User && self.of[at] >> 2 == later
    }

    /// What the later export has of somebody.
    pub(super) fn get(&self, at: usize) -> Record {
        match (self.has(at), self.refused.get(&at)) {
            (As::User, _) => Record::User,
            (As::Deleted | As::Refused, Some(why)) => Record::Refused(*why),
            _ => Record::None,
        }
    }

    /// How many users of the ledger the source no longer has.
    pub(super) fn gone(&self, table: &Table) -> u64 {
        let is_gone = |at: usize| match self.get(at) {
            Record::User => false,
            Record::Refused(why) => why.deleted,
            Record::None => true,
        };
        table.rows().iter().enumerate().filter(|(at, row)| row.is_there() && is_gone(*at)).count() as u64
    }

    /// What the rows become in the later export, of which so many records are this shard's. `refused` are those of whom the ledger
    /// does not say so yet, as far as they were kept.
    pub(super) fn places(&self, table: &Table, records: u64, refused: Option<Vec<NoPlan>>) -> Placed {
        // People whose record is refused now, and who stay all the same: theirs is the row of that record.
        let people = self.refused.iter().filter(|(at, _)| self.has(**at) == As::Refused);
        let people: HashSet<u64> = people.map(|(_, why)| why.later).collect();
        let stays = |at: usize, row: &Row| {
            let new = self.of[at] >> 2;
            let has = self.has(at);
            let is_anothers = has == As::Refused && row.is_nobodys() && people.contains(&new);
            (has > As::Deleted && !is_anothers).then_some(new)
        };
        let rows = || table.rows().iter().enumerate();
        let is_complete = refused.is_some()
            && rows().filter(|(at, row)| row.is_nobodys() && self.has(*at) == As::Refused).count() as u64 == self.said;
        let mut refused = refused.unwrap_or_default();
        refused.retain(|one| !people.contains(&one.record));
        let stay = refused.is_empty()
            && rows().all(|(at, row)| {
                let record = table.record(at);
                stays(at, row) == (!is_beyond(record)).then_some(record)
            });
        let moved = if stay {
            None
        } else {
            let mut moved = Vec::with_capacity(table.rows().len());
            moved.extend(rows().filter_map(|(at, row)| Some((stays(at, row)?, table.record(at)))));
            moved.sort_unstable();
            Some(moved)
        };
        Placed { places: Places { moved, refused, records }, is_complete, is_said: people.is_empty() }
    }
}

/// The ledger of a later export.
pub(super) struct Placed {
    pub(super) places: Places,
    /// Whether every refused record has a row.
    pub(super) is_complete: bool,
    /// Whether nobody has to be told of who was created, and is refused now.
    pub(super) is_said: bool,
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::table;
    use super::*;
    use crate::code::Code;

    /// As the table has them.
    const THERE: u64 = 4;
    const NOBODY: u64 = 1;

    #[test]
    fn a_ledger_of_which_every_row_stays_is_left_as_it_is() {
        let of = |met: &[(usize, u64)], says: &[(usize, u64)], new: Vec<NoPlan>| {
            let table = table([(1, 8 | THERE, 9), (2, NOBODY, 5), (3, 16 | THERE, 9)]);
            let mut all = Met::none_of(&table);
            for (at, later) in met {
                assert!(all.user(*at, *later));
            }
            for (at, later) in says {
                all.says(*at, *later);
            }
            all.places(&table, 3, Some(new))
        };
        assert!(of(&[(0, 1), (2, 3)], &[(1, 2)], Vec::new()).places.moved.is_none());
        let no_plan = NoPlan { record: 2, source_id: String::new(), code: Code::MalformedHash, text: String::new() };
        let other = of(&[(0, 1), (2, 3)], &[], vec![no_plan]);
        assert_eq!(other.places.moved, Some(vec![(1, 1), (3, 3)]), "it is refused for another reason now");
        let gone = of(&[(0, 1)], &[(1, 2)], Vec::new());
        assert_eq!(gone.places.moved, Some(vec![(1, 1), (2, 2)]));
        assert!(gone.is_complete && gone.is_said);
        let anothers = of(&[(0, 1), (1, 2), (2, 3)], &[(1, 2)], Vec::new());
        assert!(!anothers.is_complete, "the row became somebody's, and the refused record has none");
    }

    #[test]
    fn a_user_counts_for_more_than_a_refusal_and_that_for_more_than_a_mark() {
        let table = table((1..=3).map(|n| (n, n << 60 | THERE, 0)));
        let mut met = Met::none_of(&table);
        let marked = |later| Refused { later, code: Code::SkippedBySource, deleted: true };
        let refused = |later| Refused { later, code: Code::MalformedHash, deleted: false };
        met.refused(0, marked(7));
        assert!(matches!(met.get(0), Record::Refused(why) if why == marked(7)));
        met.refused(0, refused(8));
        met.refused(0, marked(9));
        assert!(matches!(met.get(0), Record::Refused(why) if why == refused(8)));
        assert!(met.user(0, 10) && !met.user(0, 11) && met.is_by(0, 10) && !met.is_by(0, 11));
        met.refused(1, marked(12));
        let placed = met.places(&table, 1, Some(Vec::new()));
        assert_eq!(placed.places.moved, Some(vec![(10, 1)]), "whoever is marked stays where all are who are gone");
        assert!(matches!(met.get(2), Record::None));
    }
}
