//! Two exports of the same source, the rehearsal's and the evening's: who is new, who changed, who is gone.
//!
//! Users are told apart by the source's own id. *Changed* means that something else would be sent for them: a later last
//! sign-in, which is never sent, changes nobody. Twenty-four bytes a record go to temporary files, split by their keys, so
//! that one part of both exports fits in memory at a time; what stays in memory is three bits a record.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_64;

use super::lists::Table;
use super::summary::Compare;
use crate::error::RunError;
use crate::event::Listener;
use crate::folder::Folder;
use crate::plan::Planned;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::{PlannedItem, Planner};

/// Records that are new or changed since an earlier export, or gone.
pub const CHANGES: &str = "changes.csv";
const PARTS: usize = 64;

/// What a record is in comparison with the earlier export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The same would be sent.
    Same,
    /// Something else would be sent.
    Changed,
    /// The earlier export does not have it.
    New,
}

/// The result for every record.
#[derive(Debug, Default)]
pub struct Changes {
    /// Two bits a record: changed, new.
    bits: Bits,
    /// Records of the earlier export that the later one does not have.
    gone: Bits,
    /// Records by change, for the report.
    pub counts: Compare,
}

impl Changes {
    /// What a record is, by its number in the later export.
    #[must_use]
    pub fn of(&self, record: u64) -> Change {
        if self.bits.get(2 * record + 1) {
            Change::New
        } else if self.bits.get(2 * record) {
            Change::Changed
        } else {
            Change::Same
        }
    }

    /// Writes `changes.csv`: new and changed records by their number in the later export, gone ones by their number in
    /// the earlier.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<(), RunError> {
        let mut table = Table::begin(folder, CHANGES, &["record", "change"])?;
        let records = self.counts.new + self.counts.changed + self.counts.same;
        for record in 1..=records {
            match self.of(record) {
                Change::Same => {}
                Change::Changed => table.row(&[&record.to_string(), "changed"])?,
                Change::New => table.row(&[&record.to_string(), "new"])?,
            }
        }
        for record in self.gone.iter() {
            table.row(&[&record.to_string(), "gone"])?;
        }
        table.file.finish()
    }
}

/// Compares two planned exports.
///
/// # Errors
/// [`RunError::usage`] if they are of different sources; what reading them ends with; [`RunError::io`] for the temporary
/// files.
pub fn compare(earlier: &Planner<'_>, later: &Planner<'_>, listener: &dyn Listener) -> Result<Changes, RunError> {
    let (a, b) = (earlier.export.source().name(), later.export.source().name());
    if a != b {
        return Err(RunError::usage(format!("the exports are of different sources, {a} and {b}")));
    }
    let mut sides = Sides::begin().map_err(RunError::temporary)?;
    for (planner, side) in [(earlier, &mut sides.earlier), (later, &mut sides.later)] {
        let each = |batch: &mut Vec<Entry>, item: &PlannedItem<'_, '_>| batch.push(Entry::of(item));
        planner.scan(&Duplicates::default(), listener, Vec::new, each, |batch| {
            batch.into_iter().try_for_each(|entry| side.put(entry)).map_err(RunError::temporary)?;
            Ok(ControlFlow::Continue(()))
        })?;
    }
    sides.finish().map_err(RunError::temporary)
}

/// A record, as far as comparing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// A digest of the source id, or of what stands for it.
    key: u64,
    /// A digest of all that would be sent for the record.
    content: u64,
    /// The record's number in its export, from 1.
    record: u64,
}

const ENTRY: usize = 24;

impl Entry {
    fn of(item: &PlannedItem<'_, '_>) -> Self {
        let (source_id, email, sent) = match &*item.planned {
            Planned::Create(plan) => {
                let body = serde_json::to_string(&plan.create.body).unwrap_or_default();
                let sent = format!("{}{body}{:?}", plan.create.endpoint.path(), plan.steps);
                (&plan.source_id, &plan.email, sent)
            }
            Planned::Refused(refused) => (&refused.source_id, &refused.email, refused.refusal.code.name().to_owned()),
        };
        let key = match (source_id.as_ref(), email.as_deref()) {
            ("", None) => item.raw,
            ("", Some(email)) => email.as_bytes(),
            (id, _) => id.as_bytes(),
        };
        Self { key: xxh3_64(key), content: xxh3_64(sent.as_bytes()), record: item.position.record }
    }

    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        for (place, word) in bytes.chunks_exact_mut(8).zip([self.key, self.content, self.record]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let mut words = bytes.chunks_exact(8).map(|word| word.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b)));
        let mut next = || words.next().unwrap_or_default();
        Self { key: next(), content: next(), record: next() }
    }
}

/// Both exports, in parts by key.
struct Sides {
    earlier: Side,
    later: Side,
}

struct Side {
    parts: Vec<BufWriter<File>>,
}

impl Side {
    fn begin() -> io::Result<Self> {
        // Unlinked files: nothing stays behind, whatever happens.
        let part = |_| tempfile::tempfile().map(|file| BufWriter::with_capacity(1 << 13, file));
        Ok(Self { parts: (0..PARTS).map(part).collect::<io::Result<_>>()? })
    }

    fn put(&mut self, entry: Entry) -> io::Result<()> {
        self.parts[(entry.key >> 58) as usize].write_all(&entry.to_bytes())
    }

    fn into_parts(self) -> impl Iterator<Item = io::Result<Vec<Entry>>> {
        self.parts.into_iter().map(|part| {
            let mut file = part.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes.chunks_exact(ENTRY).map(Entry::from_bytes).collect())
        })
    }
}

impl Sides {
    fn begin() -> io::Result<Self> {
        Ok(Self { earlier: Side::begin()?, later: Side::begin()? })
    }

    fn finish(self) -> io::Result<Changes> {
        let mut changes = Changes::default();
        for (earlier, later) in self.earlier.into_parts().zip(self.later.into_parts()) {
            let (earlier, later) = (earlier?, later?);
            // Where an export has somebody twice, the first is who they are.
            let mut before: HashMap<u64, (u64, bool)> = HashMap::with_capacity(earlier.len());
            for entry in &earlier {
                before.entry(entry.key).or_insert((entry.content, false));
            }
            for entry in later {
                match before.get_mut(&entry.key) {
                    None => changes.add(entry.record, Change::New),
                    Some((content, met)) => {
                        *met = true;
                        changes
                            .add(entry.record, if *content == entry.content { Change::Same } else { Change::Changed });
                    }
                }
            }
            for entry in earlier.iter().filter(|entry| before.get(&entry.key).is_some_and(|(_, met)| !met)) {
                changes.counts.gone += 1;
                changes.gone.set(entry.record);
            }
        }
        Ok(changes)
    }
}

impl Changes {
    fn add(&mut self, record: u64, change: Change) {
        match change {
            Change::Same => self.counts.same += 1,
            Change::Changed => {
                self.counts.changed += 1;
                self.bits.set(2 * record);
            }
            Change::New => {
                self.counts.new += 1;
                self.bits.set(2 * record + 1);
            }
        }
    }
}

/// A set of small numbers.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, i: u64) {
        let word = (i / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (i % 64);
    }

    fn get(&self, i: u64) -> bool {
        self.0.get((i / 64) as usize).is_some_and(|word| word >> (i % 64) & 1 == 1)
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.0.len() as u64 * 64).filter(|i| self.get(*i))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compared(earlier: &[(u64, u64)], later: &[(u64, u64)]) -> Changes {
        let mut sides = Sides::begin().expect("temporary files");
        for (side, entries) in [(&mut sides.earlier, earlier), (&mut sides.later, later)] {
            for (i, (key, content)) in entries.iter().enumerate() {
                // Spread over the parts as digests are.
                let key = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                side.put(Entry { key, content: *content, record: i as u64 + 1 }).expect("written");
            }
        }
        sides.finish().expect("read back")
    }

    #[test]
    fn new_changed_gone_and_the_same_are_told_apart() {
        let changes = compared(&[(1, 10), (2, 20), (3, 30)], &[(3, 30), (2, 21), (4, 40)]);
        assert_eq!([changes.of(1), changes.of(2), changes.of(3)], [Change::Same, Change::Changed, Change::New]);
        assert_eq!(changes.counts, Compare { new: 1, changed: 1, same: 1, gone: 1 });

        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        changes.write(&folder).expect("written");
        let text = std::fs::read_to_string(folder.file(CHANGES)).expect("is there");
        assert_eq!(text, "record,change\n2,changed\n3,new\n1,gone\n");
    }

    proptest! {
        // Every case makes 128 files.
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_record_of_the_later_export_is_one_of_three(
            earlier in proptest::collection::vec((0..40_u64, 0..3_u64), 0..60),
            later in proptest::collection::vec((0..40_u64, 0..3_u64), 0..60),
        ) {
            let changes = compared(&earlier, &later);
            let counts = changes.counts;
            prop_assert_eq!(counts.new + counts.changed + counts.same, later.len() as u64);
            let gone = earlier.iter().filter(|(key, _)| !later.iter().any(|(k, _)| k == key)).count();
            prop_assert_eq!(counts.gone, gone as u64);
            for (i, (key, content)) in later.iter().enumerate() {
                let before = earlier.iter().find(|(k, _)| k == key);
                let expected = match before {
                    None => Change::New,
                    Some((_, c)) if c == content => Change::Same,
                    Some(_) => Change::Changed,
                };
                prop_assert_eq!(changes.of(i as u64 + 1), expected);
            }
        }
    }
}
