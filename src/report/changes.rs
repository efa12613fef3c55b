//! Two exports of the same source, the rehearsal's and the evening's: who is new, who changed, who is gone.
//!
//! Users are told apart by the source's own id. *Changed* means that something else would be sent for them: a later last
//! sign-in, which is never sent, changes nobody. Forty bytes a record go to temporary files, split by their keys, so
//! that one part of both exports fits in memory at a time; what stays in memory is three bits a record, and two bytes for
//! those up to the last one that changed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::ops::ControlFlow;

use xxhash_rust::xxh3::xxh3_64;

use super::lists::Table;
use super::summary::Compare;
use crate::appwrite::wire::Step;
use crate::error::RunError;
use crate::event::Listener;
use crate::folder::Folder;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::{PlannedItem, Planner};
use crate::plan::{Plan, Planned};

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
    /// By record: what changed, a bit for each of [`FIELDS`].
    fields: Vec<u16>,
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
        let mut table = Table::begin(folder, CHANGES, &["record", "change", "fields"])?;
        let records = self.counts.new + self.counts.changed + self.counts.same;
        for record in 1..=records {
            match self.of(record) {
                Change::Same => {}
                Change::Changed => table.row(&[&record.to_string(), "changed", &self.names(record)])?,
                Change::New => table.row(&[&record.to_string(), "new", ""])?,
            }
        }
        for record in self.gone.iter() {
            table.row(&[&record.to_string(), "gone", ""])?;
        }
        table.file.finish()
    }

    /// The names of what changed of a record, as a sync has them.
    fn names(&self, record: u64) -> String {
        let bits = self.fields.get(record as usize).copied().unwrap_or_default();
        let changed = FIELDS.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
        changed.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
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
    /// Sixteen bits of a digest of each of [`FIELDS`].
    fields: [u16; 8],
}

const ENTRY: usize = 40;

/// What can change of a record. Some stand together.
const FIELDS: [&str; 8] =
    ["password", "e-mail", "phone", "name", "labels", "preferences", "status and verification", "what becomes of it"];

impl Entry {
    fn of(item: &PlannedItem<'_, '_>) -> Self {
        let (source_id, email, sent, fields) = match &*item.planned {
            Planned::Create(plan) => {
                let body = serde_json::to_string(&plan.create.body).unwrap_or_default();
                let sent = format!("{}{body}{:?}", plan.create.endpoint.path(), plan.steps);
                (&plan.source_id, &plan.email, sent, fields(plan))
            }
            Planned::Refused(refused) => {
                let code = refused.refusal.code.name();
                let mut fields = [0; 8];
                fields[7] = digest(code);
                (&refused.source_id, &refused.email, code.to_owned(), fields)
            }
        };
        let key = match (source_id.as_ref(), email.as_deref()) {
            ("", None) => item.raw,
            ("", Some(email)) => email.as_bytes(),
            (id, _) => id.as_bytes(),
        };
        Self { key: xxh3_64(key), content: xxh3_64(sent.as_bytes()), record: item.position.record, fields }
    }

    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let (words, fields) = bytes.split_at_mut(24);
        for (place, word) in words.chunks_exact_mut(8).zip([self.key, self.content, self.record]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        for (place, field) in fields.chunks_exact_mut(2).zip(self.fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let (words, places) = bytes.split_at(24);
        let mut words = words.chunks_exact(8).map(|word| word.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b)));
        let mut next = || words.next().unwrap_or_default();
        let mut fields = [0; 8];
        for (field, place) in fields.iter_mut().zip(places.chunks_exact(2)) {
            *field = u16::from_le_bytes([place[0], place[1]]);
        }
        Self { key: next(), content: next(), record: next(), fields }
    }

    /// What two entries of one user differ in.
    fn differences(&self, other: &Self) -> u16 {
        let pairs = self.fields.iter().zip(&other.fields).enumerate();
        pairs.filter(|(_, (a, b))| a != b).fold(0, |bits, (i, _)| bits | 1 << i)
    }
}

fn digest(text: &str) -> u16 {
    if text.is_empty() { 0 } else { (xxh3_64(text.as_bytes()) as u16).max(1) }
}

/// Digests of what would be sent, by [`FIELDS`].
fn fields(plan: &Plan<'_>) -> [u16; 8] {
    let body = &plan.create.body;
    let password = body.password.as_ref().map(|fields| serde_json::to_string(fields).unwrap_or_default());
    let password = password.map(|fields| format!("{} {fields}", plan.create.endpoint.path())).unwrap_or_default();
    let (mut labels, mut prefs, mut standing) = (String::new(), String::new(), String::new());
    for step in &plan.steps {
        match step {
            Step::Labels(all) => labels = all.join("\n"),
            Step::Prefs(all) => prefs = serde_json::to_string(all).unwrap_or_default(),
            Step::Disable => standing.push('d'),
            Step::VerifyEmail => standing.push('e'),
            Step::VerifyPhone => standing.push('p'),
            Step::Phone(_) => {}
        }
    }
    let (email, phone) = (plan.email.as_deref().unwrap_or_default(), plan.phone.as_deref().unwrap_or_default());
    [&password, email, phone, body.name.as_deref().unwrap_or_default(), &labels, &prefs, &standing, ""].map(digest)
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
            let mut before: HashMap<u64, (&Entry, bool)> = HashMap::with_capacity(earlier.len());
            for entry in &earlier {
                before.entry(entry.key).or_insert((entry, false));
            }
            for entry in later {
                match before.get_mut(&entry.key) {
                    None => changes.add(entry.record, Change::New, 0),
                    Some((first, met)) => {
                        *met = true;
                        let change = if first.content == entry.content { Change::Same } else { Change::Changed };
                        changes.add(entry.record, change, first.differences(&entry));
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
    fn add(&mut self, record: u64, change: Change, fields: u16) {
        match change {
            Change::Same => self.counts.same += 1,
            Change::Changed => {
                self.counts.changed += 1;
                self.bits.set(2 * record);
                if self.fields.len() <= record as usize {
                    self.fields.resize(record as usize + 1, 0);
                }
                self.fields[record as usize] = fields;
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
                let fields = [0, 0, 0, *content as u16, 0, 0, 0, 0];
                side.put(Entry { key, content: *content, record: i as u64 + 1, fields }).expect("written");
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
        assert_eq!(text, "record,change,fields\n2,changed,name\n3,new,\n1,gone,\n");
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
