//! Rows of related tables, by kind and key, until the users they belong to are read; and which of them nobody asked for.
//!
//! They are written one after the other as they come, into memory as long as they are few, and then into a file that has no name, so
//! that a site's millions of `wp_usermeta` rows cost disk and little memory: twelve bytes a key up to a million keys, and hardly a
//! bit beyond. Dumps mostly have the rows of a user side by side, and users in the order of their rows, which is made use of, and not
//! relied upon.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::index::{Index, read_at};
use crate::error::RunError;
use crate::source::{Found, Related};

/// Rows beyond so many bytes go to the disk.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;

/// What of the file is written at a time, and read where look-ups follow its order, in bytes.
const AHEAD: usize = 64 * 1024;

/// What is read where they do not: most groups are shorter.
const APART: usize = 2 * 1024;

/// Threads that look rows up, each where it was last; more share.
const WINDOWS: usize = 16;

/// What [`crate::source::Source::relate`] kept.
pub(super) struct Store {
    /// A group's kind is its place in this list.
    kinds: Vec<&'static str>,
    /// Nobody can make keys that are alike to it.
    seed: u64,
    log: Log,
    index: Index,
    groups: u32,
    /// One bit for each group: whether somebody asked for it.
    asked: Vec<AtomicU64>,
    windows: [Mutex<Window>; WINDOWS],
    /// The first error of a look-up, which has nobody to be returned to.
    failed: Mutex<Option<io::Error>>,
}

/// Groups, one after the other.
#[derive(Default)]
struct Log {
    /// All of them, or what is not written yet.
    held: Vec<u8>,
    file: Option<File>,
    length: u64,
}

/// Rows of one key that came side by side.
struct Group<'b> {
    kind: u8,
    /// Its place among all.
    number: u32,
    /// In UTF-8.
    key: &'b [u8],
    /// As [`Found`] has them.
    list: &'b [u8],
}

/// A part of the file.
#[derive(Default)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// Behind the group that was looked up last.
    next: u64,
}

/// The bytes before a group's key: the kind, its number, and the lengths of its key and list, four bytes each.
const HEAD: usize = 13;

impl Default for Store {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            seed: fastrand::u64(..),
            log: Log::default(),
            index: Index::default(),
            groups: 0,
            asked: Vec::new(),
            windows: std::array::from_fn(|_| Mutex::default()),
            failed: Mutex::new(None),
        }
    }
}

impl Store {
    /// Adds rows after those already there.
    pub fn take(&mut self, found: &Found) -> Result<(), RunError> {
        found.groups().try_for_each(|(kind, key, list)| {
            let (kind, number) = (self.number(kind), self.groups);
            self.groups = number.checked_add(1).ok_or_else(|| failed(io::Error::other("related rows without end")))?;
            self.index.add(digest(self.seed, kind, key), self.log.length).map_err(failed)?;
            self.log.append(&Group { kind, number, key, list }).map_err(failed)
        })
    }

    /// To be called after the last row, before the first look-up.
    pub fn complete(&mut self) -> Result<(), RunError> {
        self.log.complete().and_then(|()| self.index.complete()).map_err(failed)?;
        self.asked.resize_with(self.groups as usize / 64 + 1, AtomicU64::default);
        Ok(())
    }

    /// What went wrong while rows were looked up.
    pub fn check(&self) -> Result<(), RunError> {
        lock(&self.failed).take().map_or(Ok(()), |error| Err(failed(error)))
    }

    /// Hands over the keys of this kind that nobody asked for so far, in the order of their first rows.
    pub fn unasked(
        &self,
        kind: &'static str,
        mut each: impl FnMut(&str) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let Some(kind) = self.known(kind) else { return Ok(()) };
        let (mut window, mut offset) = (Window::default(), 0);
        while offset < self.log.length {
            let group = window.group(&self.log, offset).map_err(failed)?;
            let here = offset;
            offset += group.length();
            if group.kind == kind && !self.was_asked(&group) && self.is_first(&group, here).map_err(failed)? {
                each(&String::from_utf8_lossy(group.key))?;
            }
        }
        Ok(())
    }

    /// Whether a group is the first of its key: a look-up finds all of them, so that the first stands for the others.
    fn is_first(&self, group: &Group<'_>, here: u64) -> io::Result<bool> {
        let digest = digest(self.seed, group.kind, group.key);
        if !self.index.repeats(digest) {
            return Ok(true);
        }
        let mut window = Window::default();
        for offset in self.index.find(digest)?.into_iter().take_while(|offset| *offset < here) {
            if window.group(&self.log, offset)?.is_of(group.kind, group.key) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn was_asked(&self, group: &Group<'_>) -> bool {
        let word = self.asked.get(group.number as usize / 64).map_or(0, |word| word.load(Ordering::Relaxed));
        word & (1 << (group.number % 64)) != 0
    }

    fn note_asked(&self, group: &Group<'_>) {
        if let Some(word) = self.asked.get(group.number as usize / 64) {
            word.fetch_or(1 << (group.number % 64), Ordering::Relaxed);
        }
    }

    /// The number of a kind, of which no source has more than a few.
    fn number(&mut self, kind: &'static str) -> u8 {
        self.known(kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            u8::try_from(self.kinds.len() - 1).unwrap_or(u8::MAX)
        })
    }

    fn known(&self, kind: &'static str) -> Option<u8> {
        let at = self.kinds.iter().position(|known| *known == kind)?;
        u8::try_from(at).ok()
    }

    fn each_list(&self, kind: u8, key: &[u8], each: Each<'_>) -> io::Result<()> {
        let digest = digest(self.seed, kind, key);
        let mut window = lock(&self.windows[slot()]);
        // Whoever comes next mostly has what stands next.
        if !self.index.repeats(digest)
            && let Some(group) = Group::first(window.at_hand(&self.log, window.next))
            && group.is_of(kind, key)
        {
            self.note_asked(&group);
            each(group.list)?;
            window.next += group.length();
            return Ok(());
        }
        for offset in self.index.find(digest)? {
            let group = window.group(&self.log, offset)?;
            if group.is_of(kind, key) {
                self.note_asked(&group);
                each(group.list)?;
                window.next = offset + group.length();
            }
        }
        Ok(())
    }
}

impl Related for Store {
    fn lists(&self, kind: &'static str, key: &str, each: Each<'_>) {
        if let Some(kind) = self.known(kind)
            && let Err(error) = self.each_list(kind, key.as_bytes(), each)
        {
            lock(&self.failed).get_or_insert(error);
        }
    }
}

impl Log {
    fn append(&mut self, group: &Group<'_>) -> io::Result<()> {
        // No export has a row of that size.
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| io::Error::other("a user's rows take 4 GiB"));
        self.held.push(group.kind);
        for number in [group.number, size(group.key)?, size(group.list)?] {
            self.held.extend_from_slice(&number.to_le_bytes());
        }
        self.held.extend_from_slice(group.key);
        self.held.extend_from_slice(group.list);
        self.length += group.length();
        match &self.file {
            None if self.held.len() <= MEMORY_BYTES => Ok(()),
            Some(_) if self.held.len() <= AHEAD => Ok(()),
            _ => self.write(),
        }
    }

    /// The file is its owner's only, and has no name from the beginning.
    fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    fn complete(&mut self) -> io::Result<()> {
        if self.file.is_some() {
            self.write()?;
            self.held = Vec::new();
        }
        Ok(())
    }
}

impl<'b> Group<'b> {
    /// The group that begins there, if all of it is there.
    fn first(bytes: &'b [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        let Head { kind, number, key, list } = Head::of(*head);
        let (key, rest) = rest.split_at_checked(key)?;
        Some(Self { kind, number, key, list: rest.get(..list)? })
    }

    fn is_of(&self, kind: u8, key: &[u8]) -> bool {
        self.kind == kind && self.key == key
    }

    fn length(&self) -> u64 {
        (HEAD + self.key.len() + self.list.len()) as u64
    }
}

struct Head {
    kind: u8,
    number: u32,
    key: usize,
    list: usize,
}

impl Head {
    fn of([kind, numbers @ ..]: [u8; HEAD]) -> Self {
        let (numbers, _) = numbers.as_chunks::<4>();
        let at = |index: usize| numbers.get(index).map_or(0, |number| u32::from_le_bytes(*number));
        Self { kind, number: at(0), key: at(1) as usize, list: at(2) as usize }
    }
}

impl Window {
    /// What there is from an offset on without reading.
    fn at_hand<'w>(&'w self, log: &'w Log, offset: u64) -> &'w [u8] {
        let (bytes, start) = if log.file.is_some() { (&self.bytes, self.start) } else { (&log.held, 0) };
        let at = offset.checked_sub(start).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| bytes.get(at..)).unwrap_or_default()
    }

    /// The group that begins there.
    fn group<'w>(&'w mut self, log: &'w Log, offset: u64) -> io::Result<Group<'w>> {
        if Group::first(self.at_hand(log, offset)).is_none()
            && let Some(file) = &log.file
        {
            self.read(file, log.length, offset, HEAD)?;
            let head = self.at_hand(log, offset).first_chunk().copied().unwrap_or_default();
            let Head { key, list, .. } = Head::of(head);
            if self.at_hand(log, offset).len() < HEAD + key + list {
                self.read(file, log.length, offset, HEAD + key + list)?;
            }
        }
        Group::first(self.at_hand(log, offset)).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads so many bytes of the file, or more.
    fn read(&mut self, file: &File, length: u64, offset: u64, size: usize) -> io::Result<()> {
        // Look-ups that go on about where the last one ended will go on so.
        let end = self.start + self.bytes.len() as u64;
        let follows = self.start <= offset && offset <= end + AHEAD as u64;
        let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes.resize(if follows { AHEAD } else { APART }.max(size).min(left), 0);
        self.start = offset;
        read_at(file, &mut self.bytes, offset).inspect_err(|_| self.bytes.clear())
    }
}

/// Takes the rows of a group.
type Each<'e> = &'e mut dyn FnMut(&[u8]) -> serde_json::Result<()>;

/// What groups are found by.
fn digest(seed: u64, kind: u8, key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, seed ^ u64::from(kind))
}

/// The window of this thread.
fn slot() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SLOT: usize = THREADS.fetch_add(1, Ordering::Relaxed) % WINDOWS;
    }
    SLOT.with(|slot| *slot)
}

fn failed(error: io::Error) -> RunError {
    RunError::temporary(error)
}

/// Nothing is left half-done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::Value;

    use super::*;

    fn add(store: &mut Store, kind: &'static str, key: &str, row: &Value) {
        let mut found = Found::default();
        found.add(kind, key, row);
        store.take(&found).unwrap();
    }

    fn unasked(store: &Store, kind: &'static str) -> Vec<String> {
        let mut keys = Vec::new();
        let keep = |key: &str| {
            keys.push(key.to_owned());
            Ok(())
        };
        store.unasked(kind, keep).unwrap();
        keys
    }

    #[test]
    fn rows_are_found_in_order_whether_in_memory_or_on_disk() {
        for filling in [0, 30_000] {
            let mut store = Store::default();
            add(&mut store, "meta", "7", &"first".into());
            for n in 0..filling {
                add(&mut store, "meta", &format!("x{n}"), &"y".repeat(200).into());
            }
            add(&mut store, "meta", "7", &"second".into());
            add(&mut store, "other", "7", &"else".into());
            store.complete().unwrap();
            assert_eq!(store.log.file.is_some(), filling > 0);
            assert_eq!(store.rows("meta", "7"), [Value::from("first"), Value::from("second")]);
            assert!(store.rows("meta", "8").is_empty() && store.rows("else", "7").is_empty());
            assert_eq!(unasked(&store, "other"), ["7"]);
            assert_eq!(unasked(&store, "meta").len(), filling);
            assert!(!unasked(&store, "meta").contains(&"7".to_owned()));
            store.rows("other", "7");
            assert!(unasked(&store, "other").is_empty() && unasked(&store, "nothing").is_empty());
            assert!(store.check().is_ok());
            assert!(store.log.held.len() <= MEMORY_BYTES);
        }
    }

    /// Whatever the order in which rows come and are asked for, and however long they are.
    #[test]
    fn every_key_has_its_rows_and_nobody_elses() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut store = Store::default();
        let mut expected: HashMap<String, Vec<Value>> = HashMap::new();
        let mut first = Vec::new();
        let mut found = Found::default();
        for n in 0..40_000_u64 {
            let key = if random.u8(..) < 200 { (n / 9).to_string() } else { random.u64(..12_000).to_string() };
            let long = if n % 9_999 == 0 { 3 * AHEAD } else { random.usize(..300) };
            let row = Value::from(vec![n.to_string(), "\"]".repeat(long / 2)]);
            found.add("meta", &key, &row);
            let rows = expected.entry(key.clone()).or_default();
            if rows.is_empty() {
                first.push(key);
            }
            rows.push(row);
            if n % 500 == 0 {
                store.take(&std::mem::take(&mut found)).unwrap();
            }
        }
        store.take(&found).unwrap();
        store.complete().unwrap();
        assert!(store.log.file.is_some());
        assert_eq!(unasked(&store, "meta"), first);
        let mut keys = first.clone();
        random.shuffle(&mut keys);
        for key in keys.iter().chain(&first).skip(100) {
            assert_eq!(store.rows("meta", key), expected[key], "{key}");
        }
        assert!(unasked(&store, "meta").is_empty());
        store.check().unwrap();
    }
}
