//! Whom the ledger has, 16 bytes a user in memory: read in one go, then looked into by all threads that plan. An export is in the
//! same order as a rule, so that each user stands beside the last one's row; an index by keys is made once somebody does not.

use std::path::Path;
use std::sync::OnceLock;

use super::deleted::DELETING;
use super::joined;
use super::user::REMAKING;
use crate::code::Code;
use crate::error::RunError;
use crate::ledger::{Left, Reader, Standing, State, Steps, is_beyond};
use crate::run::feed::id_digest;
use crate::run::findings::MISSING;

/// A row of the ledger.
pub(super) struct Row {
    /// Of whose record it is, but for its last bits; 0 where that does not say.
    keyed: u64,
    /// What was left, or why the record is refused, as a digest; 0 for whoever has to be looked at whatever the source says.
    pub(super) mark: u64,
}

/// In the last bits of a key: the target has the user, as far as is known;
const THERE: u64 = 4;
/// somebody was on the way;
const ON_THE_WAY: u64 = 2;
/// nobody is there by this row, for certain.
const NOBODY: u64 = 1;
const FLAGS: u64 = THERE | ON_THE_WAY | NOBODY;

impl Row {
    pub(super) const fn key(&self) -> u64 {
        self.keyed & !FLAGS
    }

    /// Whether the target has the user, as far as is known.
    pub(super) const fn is_there(&self) -> bool {
        self.keyed & THERE != 0
    }

    /// Whether somebody was on the way when a sync or an import was cut off.
    pub(super) const fn is_on_the_way(&self) -> bool {
        self.keyed & ON_THE_WAY != 0
    }

    /// Whether the record was refused, somebody else has what it claims, or the user was deleted.
    pub(super) const fn is_nobodys(&self) -> bool {
        self.keyed & NOBODY != 0
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
        Self { keyed: key(one.source_id, one.user_id) | flags, mark }
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
    /// Where rows begin whose records follow one another, and the first one's number.
    runs: Vec<(usize, u64)>,
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
        let before = table.rows.len();
        table.rows.extend(second.rows);
        table.runs.extend(second.runs.into_iter().map(|(at, record)| (before + at, record)));
        table.told.add(&second.told);
        Ok(table)
    }

    fn part(folder: &Path, first: u64, last: u64) -> Result<Self, RunError> {
        let reader = Reader::open(folder)?;
        let mut table = Self::default();
        // The first part gets the second as well.
        table.rows.reserve(reader.rows_at_most(first, if first == 0 { u64::MAX >> 1 } else { last })?);
        reader.each_standing(first, last, |one| {
            table.told.take(one);
            table.push(one.record, Row::of(one));
        })?;
        Ok(table)
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn push(&mut self, record: u64, row: Row) {
        let at = self.rows.len();
        if self.runs.last().is_none_or(|(first, one)| one + (at - first) as u64 != record) {
            self.runs.push((at, record));
        }
        self.rows.push(row);
    }

    /// The number of the record whose row stands at this place.
    pub(super) fn record(&self, at: usize) -> u64 {
        let run = self.runs.partition_point(|(first, _)| *first <= at);
        run.checked_sub(1).map_or(0, |run| self.runs[run].1 + (at - self.runs[run].0) as u64)
    }

    /// Where the row of this record stands, or the next one.
    pub(super) fn place_of(&self, record: u64) -> usize {
        let run = self.runs.partition_point(|(_, one)| *one <= record);
        let end = self.runs.get(run).map_or(self.rows.len(), |(first, _)| *first);
        run.checked_sub(1).map_or(0, |run| end.min(self.runs[run].0 + (record - self.runs[run].1) as usize))
    }

    /// Of rows with one key the user's, or else whoever was on the way to be one, and of two refusals the later.
    pub(super) fn find(&self, key: u64) -> Option<usize> {
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
        let counts = |row: &Row| (row.is_there(), row.is_on_the_way());
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.key() != 0) {
            let place = index.place(rows, row.key());
            let before = (index.places[place] as usize).checked_sub(1);
            if before.is_none_or(|before| counts(&rows[before]) <= counts(row)) {
                index.places[place] = at as u32 + 1;
            }
        }
        index
    }

    /// The place of a key, or where it would be.
    fn place(&self, rows: &[Row], key: u64) -> usize {
        let mut place = (key >> (u64::BITS - self.bits)) as usize;
        while let Some(at) = (self.places[place] as usize).checked_sub(1) {
            if rows[at].key() == key {
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
pub(super) fn key(source_id: &str, user_id: &str) -> u64 {
    let id = if source_id.is_empty() { user_id } else { source_id };
    if id.is_empty() { 0 } else { (id_digest(id) & !FLAGS).max(FLAGS + 1) }
}

/// What stands for the reason of a refused record.
pub(super) fn refusal(code: &str, text: &str) -> u64 {
    id_digest(code) ^ id_digest(text).rotate_left(1)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Of numbers, keys with flags, and marks.
    pub(in crate::run::sync) fn table(rows: impl IntoIterator<Item = (u64, u64, u64)>) -> Table {
        let mut table = Table::default();
        rows.into_iter().for_each(|(record, keyed, mark)| table.push(record, Row { keyed, mark }));
        table
    }

    #[test]
    fn everybody_is_found_and_nobody_else() {
        for n in [0_u64, 1, 2, 3, 100, 5000] {
            // Every third record is another shard's.
            let number = |i| i + i / 2 + 1;
            let table = table((0..n).map(|i| (number(i), key(&format!("user-{i}"), ""), 0)));
            for i in 0..n {
                let at = table.find(key(&format!("user-{i}"), "")).expect("there");
                assert_eq!((at as u64, table.record(at), table.place_of(number(i))), (i, number(i), at));
            }
            for key in [0, FLAGS + 1, !FLAGS, key("nobody", "")] {
                assert_eq!(table.find(key), None);
            }
            assert_eq!((table.place_of(0), table.place_of(u64::MAX >> 1)), (0, n as usize));
            assert_eq!(table.place_of(3), 2.min(n as usize), "the next one's");
        }
    }

    #[test]
    fn of_two_rows_of_one_person_the_one_that_may_be_a_user_is_found() {
        for (flags, kept) in
            [([ON_THE_WAY, 0], 1), ([0, ON_THE_WAY], 2), ([THERE, ON_THE_WAY], 1), ([NOBODY, 0], 2), ([0, NOBODY], 2)]
        {
            let table = table([(1, 8 | flags[0], 0), (2, 8 | flags[1], 0)]);
            assert_eq!(table.find(8).map(|at| table.record(at)), Some(kept));
        }
    }
}
