//! Whom the ledger has and whom the later export has met of them, 40 bytes a user in memory, and 16 more at the end: read in one go,
//! then looked into by all threads that plan.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::deleted::DELETING;
use super::user::REMAKING;
use crate::code::{Code, Refusal};
use crate::error::RunError;
use crate::ledger::{Reader, Standing, State, Steps};
use crate::plan::planner::PlannedItem;
use crate::plan::shard::Shard;
use crate::plan::{Plan, Planned};
use crate::run::feed::id_digest;
use crate::run::findings::MISSING;
use crate::run::job::Job;
use crate::run::mark::Marker;

/// A row of the ledger.
pub(super) struct Row {
    key: u64,
    record: u64,
    /// What was left, or why the record is refused, as a digest; 0 for whoever has to be looked at whatever the source says.
    mark: u64,
}

/// In the upper bits of a record's number, which are never used: the target has the user, as far as is known;
const THERE: u64 = 1 << 63;
/// somebody was on the way.
const ON_THE_WAY: u64 = 1 << 62;

impl Row {
    /// The record's number.
    pub(super) const fn record(&self) -> u64 {
        self.record & !(THERE | ON_THE_WAY)
    }

    /// Whether the target has the user, as far as is known.
    pub(super) const fn is_there(&self) -> bool {
        self.record & THERE != 0
    }

    /// Whether somebody was on the way when a sync or an import was cut off.
    pub(super) const fn is_on_the_way(&self) -> bool {
        self.record & ON_THE_WAY != 0
    }
}

/// All rows that are somebody's, by their keys.
pub(super) struct Table {
    rows: Vec<Row>,
    /// Where the rows begin whose keys begin with so many bits: nearly always one or two of them.
    begin: Vec<usize>,
    bits: u32,
}

impl Table {
    /// Reads the ledger.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub(super) fn of(reader: &Reader) -> Result<Self, RunError> {
        let mut rows = Vec::with_capacity(reader.rows()?);
        reader.each_standing(|one| {
            // A record that does not say whose it is is nobody in a later export.
            if !one.source_id.is_empty() || !one.user_id.is_empty() {
                rows.push(Row::of(one));
            }
        })?;
        Ok(Self::in_order(rows))
    }

    /// Of two with one key the user, or else whoever was on the way to be one, and of two refusals the later.
    fn in_order(mut rows: Vec<Row>) -> Self {
        rows.sort_unstable_by_key(|row| {
            (row.key, Reverse(row.is_there()), Reverse(row.is_on_the_way()), Reverse(row.record()))
        });
        rows.dedup_by_key(|row| row.key);
        Self::indexed(rows)
    }

    /// Of rows in order.
    fn indexed(rows: Vec<Row>) -> Self {
        let bits = rows.len().max(2).ilog2();
        let mut begin = Vec::with_capacity((1 << bits) + 1);
        for (at, row) in rows.iter().enumerate() {
            while begin.len() <= Self::head(row.key, bits) {
                begin.push(at);
            }
        }
        begin.resize((1 << bits) + 1, rows.len());
        Self { rows, begin, bits }
    }

    const fn head(key: u64, bits: u32) -> usize {
        (key >> (u64::BITS - bits)) as usize
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn find(&self, key: u64) -> Option<usize> {
        let head = Self::head(key, self.bits);
        (self.begin[head]..self.begin[head + 1]).find(|at| self.rows[*at].key == key)
    }
}

impl Row {
    fn of(one: &Standing<'_>) -> Self {
        let created = one.steps.has(Steps::CREATED);
        let is_there = created || one.state == State::Present;
        let remaking = one.text.starts_with(REMAKING);
        let on_the_way = match one.state {
            State::Intended | State::Created => true,
            State::Failed => remaking,
            _ => false,
        };
        let settled = match one.state {
            State::Done | State::Present => true,
            State::Failed => created && !remaking && one.text != MISSING && !one.text.starts_with(DELETING),
            _ => false,
        };
        let mark = match one.state {
            State::Refused if one.user_id.is_empty() => refusal(one.code, one.text),
            _ => one.left.filter(|_| settled).map_or(0, crate::ledger::Left::digest),
        };
        let flags = if is_there { THERE } else { 0 } | if on_the_way { ON_THE_WAY } else { 0 };
        Self { key: key(one.source_id, one.user_id), record: one.record | flags, mark }
    }
}

/// Whose record a later export has, by the source's id, or by the user's where the source has none.
fn key(source_id: &str, user_id: &str) -> u64 {
    id_digest(if source_id.is_empty() { user_id } else { source_id })
}

fn refusal(code: &str, text: &str) -> u64 {
    id_digest(code) ^ id_digest(text).rotate_left(1)
}

/// A record of the later export beside the ledger; `at` is the row's place in the table.
pub(super) enum Seen {
    /// The user is as the run left them.
    Same { at: usize, later: u64 },
    /// The user is to be looked at, or is new.
    User { at: Option<usize>, job: Box<Job> },
    /// The record is refused, and the ledger says so already, or not.
    Refused { at: Option<usize>, why: Refused, is_named: bool, is_known: bool },
}

/// A record for which nothing is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// The number in the later export.
    pub(super) later: u64,
    pub(super) code: Code,
    /// Whether the source marks the user as deleted. Applications mark a row oftener than they delete it.
    pub(super) deleted: bool,
}

/// Looks into the table, on any thread.
pub(super) struct Look<'t> {
    pub(super) table: &'t Table,
    pub(super) marker: &'t Marker,
    /// Whom an earlier part of this sync has noted.
    pub(super) noted: &'t HashSet<u64>,
    pub(super) shard: Shard,
}

impl Look<'_> {
    /// A record beside the ledger; `None` for users of other shards. Refused records are those of all: in a later export another
    /// number may make them another's.
    pub(super) fn see(&self, item: &PlannedItem<'_, '_>) -> Option<Seen> {
        let later = item.position.record;
        match &*item.planned {
            planned @ Planned::Create(plan) => self.shard.takes(later, planned).then(|| self.user(later, plan)),
            Planned::Refused(refused) => {
                let is_named = !refused.source_id.is_empty();
                let at = if is_named { self.table.find(key(&refused.source_id, "")) } else { None };
                let Refusal { code, text, deleted, .. } = &refused.refusal;
                let is_known = at.is_some_and(|at| self.table.rows[at].mark == refusal(code.name(), text));
                let why = Refused { later, code: *code, deleted: *deleted };
                Some(Seen::Refused { at, why, is_named, is_known })
            }
        }
    }

    fn user(&self, later: u64, plan: &Plan<'_>) -> Seen {
        let at = self.table.find(key(&plan.source_id, &plan.user_id));
        // What the bridge keeps of whoever has no password is compared with its store.
        let is_sealed = plan.bridged.is_some() && plan.create.body.password.is_none();
        if let Some(at) = at.filter(|_| !is_sealed && !self.noted.contains(&id_digest(&plan.user_id)))
            && self.table.rows[at].mark == self.marker.of_plan(&plan.create, &plan.steps).digest()
        {
            return Seen::Same { at, later };
        }
        Seen::User { at, job: Box::new(Job::new(later, plan)) }
    }
}

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
        Self { of: vec![0; table.rows.len()], refused: HashMap::new(), unnamed: 0 }
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
        table.rows.iter().enumerate().filter(|(at, row)| row.is_there() && is_gone(*at)).count() as u64
    }

    /// The new and old numbers of those whom the export still has, by the new ones.
    pub(super) fn moved(&self, table: &Table) -> Vec<(u64, u64)> {
        let all = table.rows.iter().zip(&self.of).enumerate();
        let still = all.filter(|(at, _)| self.has(*at) > As::Deleted);
        let mut moved = Vec::with_capacity(table.rows.len());
        moved.extend(still.map(|(_, (row, new))| (new >> 2, row.record())));
        moved.sort_unstable();
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_found_and_nobody_else() {
        for n in [0_u64, 1, 2, 3, 100, 5000] {
            let mut rows: Vec<Row> =
                (0..n).map(|i| Row { key: id_digest(&format!("user-{i}")), record: i + 1, mark: 0 }).collect();
            rows.sort_unstable_by_key(|row| row.key);
            let table = Table::indexed(rows);
            for i in 0..n {
                let at = table.find(id_digest(&format!("user-{i}"))).expect("there");
                assert_eq!(table.rows()[at].record(), i + 1);
            }
            for key in [0, u64::MAX, id_digest("nobody")] {
                assert_eq!(table.find(key), None);
            }
        }
    }

    #[test]
    fn of_two_rows_of_one_person_the_one_that_may_be_a_user_is_kept() {
        let row = |record| Row { key: 7, record, mark: 0 };
        for (rows, kept) in [
            ([row(1 | ON_THE_WAY), row(2)], 1),
            ([row(1), row(2 | ON_THE_WAY)], 2),
            ([row(1 | THERE), row(2 | ON_THE_WAY)], 1),
            ([row(1), row(2)], 2),
        ] {
            let table = Table::in_order(Vec::from(rows));
            assert_eq!(table.rows().iter().map(Row::record).collect::<Vec<_>>(), [kept]);
        }
    }

    #[test]
    fn a_user_counts_for_more_than_a_refusal_and_that_for_more_than_a_mark() {
        let rows = (1..=3).map(|n| Row { key: n << 60, record: n | THERE, mark: 0 }).collect();
        let table = Table::indexed(rows);
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
        assert_eq!(met.moved(&table), [(10, 1)], "whoever is marked stays where all are who are gone");
        assert!(matches!(met.get(2), Record::None));
    }
}
