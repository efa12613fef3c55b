//! Whom the ledger has and whom the later export has met of them, 32 bytes a user in memory: read in one go, then looked into
//! by all threads that plan. Both are in the same order as a rule, so that each user stands beside the last one's row; an index
//! by keys is made once somebody does not.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;

use super::deleted::DELETING;
use super::joined;
use super::user::REMAKING;
use crate::code::{Code, Refusal};
use crate::error::RunError;
use crate::ledger::{Left, NoPlan, Places, Reader, Standing, State, Steps, is_beyond};
use crate::plan::planner::PlannedItem;
use crate::plan::shard::Shard;
use crate::plan::{Plan, Planned};
use crate::run::feed::id_digest;
use crate::run::findings::MISSING;
use crate::run::job::Job;
use crate::run::mark::Marker;

/// A row of the ledger.
pub(super) struct Row {
    /// Of whose record it is; 0 where that does not say.
    key: u64,
    record: u64,
    /// What was left, or why the record is refused, as a digest; 0 for whoever has to be looked at whatever the source says.
    mark: u64,
}

/// In the upper bits of a record's number, which are never used: the target has the user, as far as is known;
const THERE: u64 = 1 << 63;
/// somebody was on the way;
const ON_THE_WAY: u64 = 1 << 62;
/// nobody is there by this row, for certain.
const NOBODY: u64 = 1 << 61;

impl Row {
    /// The record's number.
    pub(super) const fn record(&self) -> u64 {
        self.record & !(THERE | ON_THE_WAY | NOBODY)
    }

    /// Whether the target has the user, as far as is known.
    pub(super) const fn is_there(&self) -> bool {
        self.record & THERE != 0
    }

    /// Whether somebody was on the way when a sync or an import was cut off.
    pub(super) const fn is_on_the_way(&self) -> bool {
        self.record & ON_THE_WAY != 0
    }

    /// Whether the record was refused, somebody else has what it claims, or the user was deleted.
    pub(super) const fn is_nobodys(&self) -> bool {
        self.record & NOBODY != 0
    }

    fn of(one: &Standing<'_>) -> Self {
        let created = one.steps.has(Steps::CREATED);
        let is_there = created || one.state == State::Present;
        let remaking = one.text.starts_with(REMAKING);
        let on_the_way = match one.state {
            State::Intended | State::Created => true,
            State::Failed => remaking,
            _ => false,
        };
        let nobodys = matches!(one.state, State::Refused | State::Conflict | State::RolledBack);
        let settled = match one.state {
            State::Done | State::Present => true,
            State::Failed => created && !remaking && one.text != MISSING && !one.text.starts_with(DELETING),
            _ => false,
        };
        let mark = match one.state {
            State::Refused if one.user_id.is_empty() => refusal(one.code, one.text),
            _ => one.left.filter(|_| settled).map_or(0, Left::digest),
        };
        let flag = |is, flag| if is { flag } else { 0 };
        let flags = flag(is_there, THERE) | flag(on_the_way, ON_THE_WAY) | flag(nobodys, NOBODY);
        Self { key: key(one.source_id, one.user_id), record: one.record | flags, mark }
    }
}

/// What else the reading of the ledger showed.
#[derive(Default)]
pub(super) struct Told {
    /// Rows of records of the export.
    pub(super) records: u64,
    /// Users of whom it is not known what was left.
    pub(super) open: u64,
    /// Users who were tried and given up, or doubted.
    pub(super) failed: u64,
    /// Records for which nothing was created.
    pub(super) refused: u64,
    /// Whether a number was left out that the target refused.
    pub(super) left_out: bool,
    /// All that the target has done for anybody.
    pub(super) done_before: Steps,
}

impl Told {
    /// Records of the export that have not reached their end.
    pub(super) fn left(&self, reader: &Reader) -> Result<u64, RunError> {
        let records = reader.meta("records")?.and_then(|records| records.parse().ok()).unwrap_or(0);
        Ok(self.records.max(records) - (self.records - self.open))
    }

    fn take(&mut self, one: &Standing<'_>) {
        self.records += u64::from(!is_beyond(one.record));
        match one.state {
            State::Intended | State::Created => self.open += 1,
            State::Failed => self.failed += 1,
            State::Refused | State::Conflict => self.refused += 1,
            _ => {}
        }
        self.left_out |= one.code == Code::PhoneLeftOut.name();
        self.done_before = self.done_before.with(one.steps);
    }

    fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.open += other.open;
        self.failed += other.failed;
        self.refused += other.refused;
        self.left_out |= other.left_out;
        self.done_before = self.done_before.with(other.done_before);
    }
}

/// All rows, by record.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    index: OnceLock<Index>,
    /// What else there is to say of them.
    pub(super) told: Told,
}

impl Table {
    /// Reads the ledger of a folder, on two threads.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub(super) fn of(folder: &Path) -> Result<Self, RunError> {
        let middle = Reader::open(folder)?.last_record()? / 2;
        let (first, second) = std::thread::scope(|scope| {
            let second = scope.spawn(|| Self::part(folder, middle + 1, u64::MAX >> 1));
            let first = Self::part(folder, 0, middle);
            (first, joined(second.join()))
        });
        let (mut table, second) = (first?, second?);
        table.rows.extend(second.rows);
        table.told.add(&second.told);
        Ok(table)
    }

    fn part(folder: &Path, first: u64, last: u64) -> Result<Self, RunError> {
        let reader = Reader::open(folder)?;
        let mut table = Self::default();
        table.rows.reserve(reader.rows_at_most(first, last)?);
        reader.each_standing(first, last, |one| {
            table.told.take(one);
            table.rows.push(Row::of(one));
        })?;
        Ok(table)
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where the row of this record stands, or the next one.
    fn place_of(&self, record: u64) -> usize {
        self.rows.partition_point(|row| row.record() < record)
    }

    /// Of rows with one key the user's, or else whoever was on the way to be one, and of two refusals the later.
    fn find(&self, key: u64) -> Option<usize> {
        self.index.get_or_init(|| Index::of(&self.rows)).find(&self.rows, key)
    }
}

/// Where the rows stand, by their keys: an open table of at least twice as many places.
struct Index {
    /// The row's place and one; 0 for none.
    places: Vec<u32>,
    bits: u32,
}

impl Index {
    fn of(rows: &[Row]) -> Self {
        let bits = (rows.len() * 2).max(2).ilog2() + 1;
        let mut index = Self { places: vec![0; 1 << bits], bits };
        let counts = |row: &Row| (row.is_there(), row.is_on_the_way(), row.record());
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.key != 0) {
            let place = index.place(rows, row.key);
            let before = (index.places[place] as usize).checked_sub(1);
            if before.is_none_or(|before| counts(&rows[before]) < counts(row)) {
                index.places[place] = at as u32 + 1;
            }
        }
        index
    }

    /// The place of a key, or where it would be.
    fn place(&self, rows: &[Row], key: u64) -> usize {
        let mut place = (key >> (u64::BITS - self.bits)) as usize;
        while let Some(at) = (self.places[place] as usize).checked_sub(1) {
            if rows[at].key == key {
                break;
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        place
    }

    fn find(&self, rows: &[Row], key: u64) -> Option<usize> {
        (self.places[self.place(rows, key)] as usize).checked_sub(1).filter(|_| key != 0)
    }
}

/// Whose record a later export has, by the source's id, or by the user's where the source has none.
fn key(source_id: &str, user_id: &str) -> u64 {
    let id = if source_id.is_empty() { user_id } else { source_id };
    if id.is_empty() { 0 } else { id_digest(id).max(1) }
}

fn refusal(code: &str, text: &str) -> u64 {
    id_digest(code) ^ id_digest(text).rotate_left(1)
}

/// Records of the later export beside the ledger; `at` is the row's place in the table.
pub(super) enum Seen {
    /// So many users one after the other who are as the run left them.
    Same { at: usize, later: u64, users: u64 },
    /// The user is to be looked at, or is new.
    User { at: Option<usize>, job: Box<Job> },
    /// The record is refused.
    Refused(Box<SeenRefused>),
}

/// A refused record beside the ledger.
pub(super) struct SeenRefused {
    pub(super) why: Refused,
    /// The row of whoever has the record's key.
    pub(super) at: Option<usize>,
    pub(super) is_named: bool,
    /// Of this shard: how the ledger says it.
    pub(super) row: Option<Says>,
}

/// Where the ledger says that a record is refused.
pub(super) enum Says {
    /// In the row at this place, under this very number.
    Already(usize),
    /// Nowhere yet.
    NotYet(NoPlan),
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

/// Records one after the other.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) seen: Vec<Seen>,
    /// Where the next one stands, if nobody came or went in between.
    next: Option<usize>,
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
    /// A record beside the ledger, but for users of other shards. Refused records are those of all: in a later export another number
    /// may make them another's.
    pub(super) fn see(&self, batch: &mut Batch, item: &PlannedItem<'_, '_>) {
        let later = item.position.record;
        let is_ours = self.shard.takes(later, item.planned);
        match &*item.planned {
            Planned::Create(plan) if is_ours => self.user(batch, later, plan),
            Planned::Create(_) => {}
            Planned::Refused(refused) => {
                let Refusal { code, text, deleted, .. } = &refused.refusal;
                let why = Refused { later, code: *code, deleted: *deleted };
                let key = key(&refused.source_id, "");
                let at = self.table.find(key);
                let row = is_ours.then(|| {
                    let place = self.next(batch, later);
                    let is_said =
                        |row: &&Row| row.record() == later && row.key == key && row.mark == refusal(code.name(), text);
                    if self.table.rows.get(place).filter(is_said).is_some_and(Row::is_nobodys) {
                        batch.next = Some(place + 1);
                        return Says::Already(place);
                    }
                    let source_id = refused.source_id.clone().into_owned();
                    Says::NotYet(NoPlan { record: later, source_id, code: *code, text: text.clone().into_owned() })
                });
                let refused = SeenRefused { why, at, is_named: !refused.source_id.is_empty(), row };
                batch.seen.push(Seen::Refused(Box::new(refused)));
            }
        }
    }

    /// Where the next row stands in all likelihood.
    fn next(&self, batch: &Batch, later: u64) -> usize {
        batch.next.unwrap_or_else(|| self.table.place_of(later))
    }

    fn user(&self, batch: &mut Batch, later: u64, plan: &Plan<'_>) {
        let key = key(&plan.source_id, &plan.user_id);
        let is_it = |row: &&Row| row.key == key && !row.is_nobodys();
        let next = Some(self.next(batch, later)).filter(|next| self.table.rows.get(*next).filter(is_it).is_some());
        let at = next.or_else(|| self.table.find(key));
        if let Some(at) = at {
            batch.next = Some(at + 1);
        }
        // What the bridge keeps of whoever has no password is compared with its store.
        let is_sealed = plan.bridged.is_some() && plan.create.body.password.is_none();
        let is_noted = || !self.noted.is_empty() && self.noted.contains(&id_digest(&plan.user_id));
        if let Some(at) = at.filter(|_| !is_sealed && !is_noted())
            && self.table.rows[at].mark == self.marker.of_plan(&plan.create, &plan.steps).digest()
        {
            return match batch.seen.last_mut() {
                Some(Seen::Same { at: first, later: one, users })
                    if *first + *users as usize == at && *one + *users == later =>
                {
                    *users += 1;
                }
                _ => batch.seen.push(Seen::Same { at, later, users: 1 }),
            };
        }
        batch.seen.push(Seen::User { at, job: Box::new(Job::new(later, plan)) });
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
        Self { of: vec![0; table.rows.len()], refused: HashMap::new(), unnamed: 0, said: 0 }
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
        table.rows.iter().enumerate().filter(|(at, row)| row.is_there() && is_gone(*at)).count() as u64
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
        let rows = || table.rows.iter().enumerate();
        let is_complete = refused.is_some()
            && rows().filter(|(at, row)| row.is_nobodys() && self.has(*at) == As::Refused).count() as u64 == self.said;
        let mut refused = refused.unwrap_or_default();
        refused.retain(|one| !people.contains(&one.record));
        let stay = refused.is_empty()
            && rows().all(|(at, row)| {
                let kept = if is_beyond(row.record()) { None } else { Some(row.record()) };
                stays(at, row) == kept
            });
        let moved = if stay {
            None
        } else {
            let mut moved = Vec::with_capacity(table.rows.len());
            moved.extend(rows().filter_map(|(at, row)| Some((stays(at, row)?, row.record()))));
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
    use super::*;

    #[test]
    fn everybody_is_found_and_nobody_else() {
        for n in [0_u64, 1, 2, 3, 100, 5000] {
            let rows = (0..n).map(|i| Row { key: id_digest(&format!("user-{i}")), record: i + 1, mark: 0 }).collect();
            let table = Table { rows, ..Table::default() };
            for i in 0..n {
                let at = table.find(id_digest(&format!("user-{i}"))).expect("there");
                assert_eq!(table.rows()[at].record(), i + 1);
            }
            for key in [0, 1, u64::MAX, id_digest("nobody")] {
                assert_eq!(table.find(key), None);
            }
        }
    }

    #[test]
    fn of_two_rows_of_one_person_the_one_that_may_be_a_user_is_found() {
        let row = |record| Row { key: 7, record, mark: 0 };
        for (rows, kept) in [
            ([row(1 | ON_THE_WAY), row(2)], 1),
            ([row(1), row(2 | ON_THE_WAY)], 2),
            ([row(1 | THERE), row(2 | ON_THE_WAY)], 1),
            ([row(1 | NOBODY), row(2)], 2),
        ] {
            let table = Table { rows: Vec::from(rows), ..Table::default() };
            assert_eq!(table.find(7).map(|at| table.rows()[at].record()), Some(kept));
        }
    }

    #[test]
    fn a_ledger_of_which_every_row_stays_is_left_as_it_is() {
        let refusal = |record| Row { key: 0, record: record | NOBODY, mark: 5 };
        let rows =
            || vec![Row { key: 1, record: 1 | THERE, mark: 9 }, refusal(2), Row { key: 3, record: 3 | THERE, mark: 9 }];
        let of = |rows: Vec<Row>, met: &[(usize, u64)], says: &[(usize, u64)], new: Vec<NoPlan>| {
            let table = Table { rows, ..Table::default() };
            let mut all = Met::none_of(&table);
            met.iter().for_each(|(at, later)| assert!(all.user(*at, *later)));
            says.iter().for_each(|(at, later)| all.says(*at, *later));
            all.places(&table, 3, Some(new))
        };
        assert!(of(rows(), &[(0, 1), (2, 3)], &[(1, 2)], Vec::new()).places.moved.is_none());
        let no_plan = NoPlan { record: 2, source_id: String::new(), code: Code::MalformedHash, text: String::new() };
        let other = of(rows(), &[(0, 1), (2, 3)], &[], vec![no_plan]);
        assert_eq!(other.places.moved, Some(vec![(1, 1), (3, 3)]), "it is refused for another reason now");
        let gone = of(rows(), &[(0, 1)], &[(1, 2)], Vec::new());
        assert_eq!(gone.places.moved, Some(vec![(1, 1), (2, 2)]));
        assert!(gone.is_complete && gone.is_said);
        let anothers = of(rows(), &[(0, 1), (1, 2), (2, 3)], &[(1, 2)], Vec::new());
        assert!(!anothers.is_complete, "the row became somebody's, and the refused record has none");
    }

    #[test]
    fn a_user_counts_for_more_than_a_refusal_and_that_for_more_than_a_mark() {
        let rows = (1..=3).map(|n| Row { key: n << 60, record: n | THERE, mark: 0 }).collect();
        let table = Table { rows, ..Table::default() };
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
