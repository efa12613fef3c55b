//! Rows of related tables, by kind and key, until the users they belong to are read; and which of them nobody asked for.
//!
//! A few are kept in memory. More go into a file that has no name, in the order in which they come, so that a site's millions of
//! `wp_usermeta` rows cost disk and little memory: twelve bytes a key up to a million keys, and hardly a bit beyond. Dumps mostly have
//! the rows of a user side by side, and users in the order of their rows; neither is relied upon.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::index::{Index, Place, read_at};
use crate::error::RunError;
use crate::source::{Found, Related};

/// Rows beyond this estimate of their memory go to the disk.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;

/// What a group costs beside its text.
const GROUP_OVERHEAD_BYTES: usize = 128;

/// What of the file is read at a time where look-ups follow its order, in bytes.
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
    held: Vec<Group>,
    /// By kind and key, the place among those held.
    places: HashMap<u8, HashMap<Vec<u8>, usize>>,
    held_bytes: usize,
    disk: Option<Disk>,
}

/// Rows of one key.
struct Group {
    kind: u8,
    /// In UTF-8.
    key: Vec<u8>,
    /// As a JSON list that is not closed yet: a fraction of what they take as values.
    list: Vec<u8>,
    asked: AtomicBool,
}

struct Disk {
    /// Groups: kind, length of the key, length of the list, the key, the list.
    file: File,
    writer: Option<BufWriter<File>>,
    length: u64,
    index: Index,
    /// One bit for each group in the index: whether somebody asked for it.
    asked: Vec<AtomicU64>,
    windows: Vec<Mutex<Window>>,
    /// The first error of a look-up, which has nobody to be returned to.
    failed: Mutex<Option<io::Error>>,
}

/// A part of the file.
#[derive(Default)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
}

/// The bytes before a group's key: the kind, and two lengths of four bytes, the lesser ones first.
const HEAD: usize = 9;

impl Default for Store {
    fn default() -> Self {
        let seed = fastrand::u64(..);
        Self { kinds: Vec::new(), seed, held: Vec::new(), places: HashMap::new(), held_bytes: 0, disk: None }
    }
}

impl Store {
    /// Adds rows after those already there.
    pub fn take(&mut self, found: &Found) -> Result<(), RunError> {
        found.groups().try_for_each(|(kind, key, rows)| self.insert(kind, key, rows))
    }

    /// Adds the rows of a key, as JSON text with commas between them.
    fn insert(&mut self, kind: &'static str, key: &[u8], list: &[u8]) -> Result<(), RunError> {
        let kind = self.number(kind);
        let is_last = self.held.last().is_some_and(|last| last.kind == kind && last.key == key);
        let held = if is_last {
            self.held.len().checked_sub(1)
        } else {
            self.places.get(&kind).and_then(|keys| keys.get(key)).copied()
        };
        self.held_bytes += list.len() + 1;
        if let Some(group) = held.and_then(|at| self.held.get_mut(at)) {
            group.list.push(b',');
            group.list.extend_from_slice(list);
        } else {
            self.held_bytes += GROUP_OVERHEAD_BYTES + 2 * key.len();
            self.places.entry(kind).or_default().insert(key.to_owned(), self.held.len());
            let (key, list) = (key.to_owned(), [b"[", list].concat());
            self.held.push(Group { kind, key, list, asked: AtomicBool::new(false) });
        }
        if self.held_bytes > MEMORY_BYTES {
            self.spill().map_err(failed)?;
        }
        Ok(())
    }

    /// To be called after the last row, before the first look-up.
    pub fn complete(&mut self) -> Result<(), RunError> {
        if self.disk.is_some() {
            self.spill().map_err(failed)?;
        }
        self.disk.as_mut().map_or(Ok(()), |disk| disk.complete().map_err(failed))
    }

    /// What went wrong while rows were looked up.
    pub fn check(&self) -> Result<(), RunError> {
        let error = self.disk.as_ref().and_then(|disk| lock(&disk.failed).take());
        error.map_or(Ok(()), |error| Err(failed(error)))
    }

    /// Hands over the keys of this kind that nobody asked for so far, in the order of their first rows.
    pub fn unasked(
        &self,
        kind: &'static str,
        mut each: impl FnMut(&str) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let Some(kind) = self.kinds.iter().position(|known| *known == kind).and_then(|at| u8::try_from(at).ok()) else {
            return Ok(());
        };
        if let Some(disk) = &self.disk {
            return disk.unasked(self.seed, kind, each);
        }
        let unasked = self.held.iter().filter(|group| group.kind == kind && !group.asked.load(Ordering::Relaxed));
        unasked.into_iter().try_for_each(|group| each(&String::from_utf8_lossy(&group.key)))
    }

    /// The number of a kind, of which no source has more than a few.
    fn number(&mut self, kind: &'static str) -> u8 {
        let known = self.kinds.iter().position(|known| *known == kind);
        let at = known.unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        u8::try_from(at).unwrap_or(u8::MAX)
    }

    fn spill(&mut self) -> io::Result<()> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            none => none.insert(Disk::create()?),
        };
        for group in self.held.drain(..) {
            disk.write(digest(self.seed, group.kind, &group.key), &group)?;
        }
        self.places.clear();
        self.held_bytes = 0;
        Ok(())
    }
}

impl Disk {
    /// The file is its owner's only, and has no name from the beginning.
    fn create() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self {
            writer: Some(BufWriter::with_capacity(AHEAD, file.try_clone()?)),
            file,
            length: 0,
            index: Index::default(),
            asked: Vec::new(),
            windows: (0..WINDOWS).map(|_| Mutex::default()).collect(),
            failed: Mutex::new(None),
        })
    }

    fn write(&mut self, digest: u64, group: &Group) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Err(io::Error::other("a row after the last")) };
        // A group goes to the disk long before that.
        let size = |bytes: usize| u32::try_from(bytes).map_err(|_| io::Error::other("a user's rows take 4 GiB"));
        writer.write_all(&[group.kind])?;
        writer.write_all(&size(group.key.len())?.to_le_bytes())?;
        writer.write_all(&size(group.list.len() + 1)?.to_le_bytes())?;
        for part in [&*group.key, &group.list, b"]"] {
            writer.write_all(part)?;
        }
        self.index.add(digest, self.length)?;
        self.length += (HEAD + group.key.len() + group.list.len() + 1) as u64;
        Ok(())
    }

    fn complete(&mut self) -> io::Result<()> {
        if let Some(mut writer) = self.writer.take() {
            writer.flush()?;
        }
        self.index.complete()?;
        self.asked.resize_with(self.index.len() / 64 + 1, AtomicU64::default);
        Ok(())
    }

    fn lists(&self, seed: u64, kind: u8, key: &str, each: Each<'_>) -> io::Result<()> {
        let mut window = lock(&self.windows[slot()]);
        for Place { number, offset } in self.index.find(digest(seed, kind, key.as_bytes()))? {
            let (of, is, list) = window.group(&self.file, self.length, offset)?;
            if of != kind || is != key.as_bytes() {
                continue;
            }
            each(list)?;
            if let Some(word) = self.asked.get(number / 64) {
                word.fetch_or(1 << (number % 64), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn unasked(&self, seed: u64, kind: u8, mut each: impl FnMut(&str) -> Result<(), RunError>) -> Result<(), RunError> {
        let (mut window, mut offset) = (Window::default(), 0);
        while offset < self.length {
            let (of, key, list) = window.group(&self.file, self.length, offset).map_err(failed)?;
            let here = offset;
            offset += (HEAD + key.len() + list.len()) as u64;
            if of == kind && self.is_first_and_unasked(seed, kind, key, here).map_err(failed)? {
                each(&String::from_utf8_lossy(key))?;
            }
        }
        Ok(())
    }

    /// A look-up finds all groups of its key, so that the first stands for them.
    fn is_first_and_unasked(&self, seed: u64, kind: u8, key: &[u8], here: u64) -> io::Result<bool> {
        let places = self.index.find(digest(seed, kind, key))?;
        let mut window = lock(&self.windows[slot()]);
        for Place { number, offset } in &places {
            if *offset == here {
                let word = self.asked.get(number / 64).map_or(0, |word| word.load(Ordering::Relaxed));
                return Ok(word & (1 << (number % 64)) == 0);
            }
            let (of, is, _) = window.group(&self.file, self.length, *offset)?;
            if of == kind && is == key {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

impl Window {
    /// The kind, key and list of the group that begins there, in a file of that length.
    fn group(&mut self, file: &File, length: u64, offset: u64) -> io::Result<(u8, &[u8], &[u8])> {
        let head = self.read(file, length, offset, HEAD)?.first_chunk().copied().unwrap_or_default();
        let (kind, key, list) = parts(head);
        let group = self.read(file, length, offset, HEAD + key + list)?;
        let (key, list) = group[HEAD..].split_at(key);
        Ok((kind, key, list))
    }

    /// So many bytes of the file.
    fn read(&mut self, file: &File, length: u64, offset: u64, size: usize) -> io::Result<&[u8]> {
        let end = self.start + self.bytes.len() as u64;
        if offset < self.start || offset + size as u64 > end {
            // Look-ups that go on about where the last one ended will go on so.
            let follows = self.start <= offset && offset <= end + AHEAD as u64;
            let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
            self.bytes.resize(if follows { AHEAD } else { APART }.max(size).min(left), 0);
            self.start = offset;
            if let Err(error) = read_at(file, &mut self.bytes, offset) {
                self.bytes.clear();
                return Err(error);
            }
        }
        let at = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        self.bytes.get(at..at + size).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Related for Store {
    fn lists(&self, kind: &'static str, key: &str, each: Each<'_>) {
        let known = self.kinds.iter().position(|known| *known == kind).and_then(|at| u8::try_from(at).ok());
        let Some(kind) = known else { return };
        if let Some(disk) = &self.disk {
            if let Err(error) = disk.lists(self.seed, kind, key, each) {
                lock(&disk.failed).get_or_insert(error);
            }
            return;
        }
        let held = self.places.get(&kind).and_then(|keys| keys.get(key.as_bytes())).and_then(|&at| self.held.get(at));
        if let Some(group) = held {
            group.asked.store(true, Ordering::Relaxed);
            // What memory holds was written as JSON here.
            let _ = each(&[&*group.list, b"]"].concat());
        }
    }
}

/// Takes a list of rows, as JSON.
type Each<'e> = &'e mut dyn FnMut(&[u8]) -> serde_json::Result<()>;

/// A group's kind, and the lengths of its key and of its list.
fn parts([kind, lengths @ ..]: [u8; HEAD]) -> (u8, usize, usize) {
    let lengths = u64::from_le_bytes(lengths);
    (kind, (lengths & u64::from(u32::MAX)) as usize, (lengths >> 32) as usize)
}

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
            assert_eq!(store.disk.is_some(), filling > 0);
            assert_eq!(store.rows("meta", "7"), [Value::from("first"), Value::from("second")]);
            assert!(store.rows("meta", "8").is_empty() && store.rows("else", "7").is_empty());
            assert_eq!(unasked(&store, "other"), ["7"]);
            assert_eq!(unasked(&store, "meta").len(), filling);
            assert!(!unasked(&store, "meta").contains(&"7".to_owned()));
            store.rows("other", "7");
            assert!(unasked(&store, "other").is_empty() && unasked(&store, "nothing").is_empty());
            assert!(store.check().is_ok());
            assert!(store.held_bytes <= MEMORY_BYTES);
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
        assert!(store.disk.is_some());
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
