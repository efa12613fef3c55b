//! Rows of related tables, by kind and key, until the users they belong to are read; and which of them nobody asked for.
//!
//! A few are kept in memory. More go into an SQLite file that has no name any more, so that a site's millions of
//! `wp_usermeta` rows cost disk and no memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde_json::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::error::RunError;
use crate::source::Related;

/// Rows beyond this estimate of their memory go to the disk.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;

/// What a row costs beside its text.
const ROW_OVERHEAD_BYTES: usize = 64;

/// How many threads may look rows up at a time.
const READERS: usize = 4;

/// What [`crate::source::Source::relate`] kept.
#[derive(Default)]
pub(super) struct Store {
    /// By kind and key.
    held: HashMap<&'static str, HashMap<String, Rows>>,
    held_bytes: usize,
    disk: Option<Disk>,
}

/// The rows of one key.
#[derive(Default)]
struct Rows {
    /// As JSON text with commas between them: a fraction of what they take as values.
    list: String,
    asked: AtomicBool,
}

struct Disk {
    connections: Vec<Mutex<Connection>>,
    /// One bit for each rowid: whether somebody asked for it.
    asked: Vec<AtomicU64>,
    /// The first error of a look-up, which has nobody to be returned to.
    failed: Mutex<Option<rusqlite::Error>>,
}

impl Store {
    /// Adds a row, as JSON text, after those already there.
    pub fn insert(&mut self, kind: &'static str, key: String, row: &str) -> Result<(), RunError> {
        self.held_bytes += ROW_OVERHEAD_BYTES + key.len() + row.len();
        let list = &mut self.held.entry(kind).or_default().entry(key).or_default().list;
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(row);
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
        if let Some(disk) = &mut self.disk {
            let index = "CREATE INDEX related ON group_of_rows (digest)";
            let first = lock(&disk.connections[0]);
            first.execute_batch(index).map_err(failed)?;
            let last = "SELECT coalesce(max(rowid), 0) FROM group_of_rows";
            let last: usize = first.query_row(last, [], |row| row.get(0)).map_err(failed)?;
            drop(first);
            disk.asked.resize_with(last / 64 + 1, AtomicU64::default);
            // Nothing is written from here on: one transaction for all lookups spares the file's locks at each of them.
            for connection in &disk.connections {
                lock(connection).execute_batch("BEGIN").map_err(failed)?;
            }
        }
        Ok(())
    }

    /// What went wrong while rows were looked up.
    pub fn check(&self) -> Result<(), RunError> {
        let error = self.disk.as_ref().and_then(|disk| lock(&disk.failed).take());
        error.map_or(Ok(()), |error| Err(failed(error)))
    }

    /// Hands over the keys of this kind that nobody asked for so far, in their order.
    pub fn unasked(
        &self,
        kind: &'static str,
        mut each: impl FnMut(&str) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        if let Some(disk) = &self.disk {
            return disk.unasked(kind, each);
        }
        let held = self.held.get(kind).into_iter().flatten();
        let mut keys: Vec<_> =
            held.filter(|(_, held)| !held.asked.load(Ordering::Relaxed)).map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys.into_iter().try_for_each(&mut each)
    }

    fn spill(&mut self) -> rusqlite::Result<()> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            none => none.insert(Disk::create()?),
        };
        let mut connection = lock(&disk.connections[0]);
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO group_of_rows VALUES (?1, ?2, ?3, ?4)")?;
            for (kind, keys) in self.held.drain() {
                for (key, held) in keys {
                    insert.execute((digest(kind, &key), kind, &key, held.list))?;
                }
            }
        }
        transaction.commit()?;
        self.held_bytes = 0;
        Ok(())
    }
}

impl Disk {
    /// The file is its owner's only, and gone from the folder before anything is in it.
    fn create() -> rusqlite::Result<Self> {
        let file = tempfile::NamedTempFile::new()
            .map_err(|e| rusqlite::Error::InvalidPath(format!("{}: {e}", std::env::temp_dir().display()).into()))?;
        let mut connections = Vec::new();
        for reader in 0..READERS {
            let connection = Connection::open(file.path())?;
            connection.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024; PRAGMA temp_store = FILE;",
            )?;
            // Bundled SQLite plans a query anew for every value it is asked with, which takes longer than the query.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            if reader == 0 {
                connection
                    .execute_batch("CREATE TABLE group_of_rows (digest INTEGER, kind TEXT, key TEXT, list TEXT)")?;
            }
            connections.push(Mutex::new(connection));
        }
        // SQLite opens its file lazily.
        for connection in &connections {
            lock(connection).query_row("SELECT count(*) FROM group_of_rows", [], |_| Ok(()))?;
        }
        Ok(Self { connections, asked: Vec::new(), failed: Mutex::new(None) })
    }

    fn rows(&self, kind: &str, key: &str) -> rusqlite::Result<Vec<Value>> {
        let connection = self.reader();
        let mut select = connection.prepare_cached(
            "SELECT list, rowid FROM group_of_rows WHERE digest = ?1 AND kind = ?2 AND key = ?3 ORDER BY rowid",
        )?;
        let mut found = select.query((digest(kind, key), kind, key))?;
        let mut rows = Vec::new();
        while let Some(group) = found.next()? {
            rows.extend(parse(group.get_ref(0)?.as_str()?));
            let (word, bit) = place(group.get(1)?);
            if let Some(word) = self.asked.get(word) {
                word.fetch_or(bit, Ordering::Relaxed);
            }
        }
        Ok(rows)
    }

    fn unasked(&self, kind: &str, mut each: impl FnMut(&str) -> Result<(), RunError>) -> Result<(), RunError> {
        let connection = lock(&self.connections[0]);
        // A look-up finds all rows of its key, so that one stands for them.
        let sql = "SELECT key, min(rowid) FROM group_of_rows WHERE kind = ?1 GROUP BY key ORDER BY key";
        let mut select = connection.prepare(sql).map_err(failed)?;
        let mut keys = select.query([kind]).map_err(failed)?;
        while let Some(row) = keys.next().map_err(failed)? {
            let (word, bit) = place(row.get(1).map_err(failed)?);
            if self.asked.get(word).is_some_and(|word| word.load(Ordering::Relaxed) & bit == 0) {
                let key: String = row.get(0).map_err(failed)?;
                each(&key)?;
            }
        }
        Ok(())
    }

    /// A connection that nobody uses, or the first to become free.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        for connection in &self.connections {
            match connection.try_lock() {
                Ok(free) => return free,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        lock(&self.connections[0])
    }
}

impl Related for Store {
    fn rows(&self, kind: &'static str, key: &str) -> Cow<'_, [Value]> {
        if let Some(disk) = &self.disk {
            return match disk.rows(kind, key) {
                Ok(rows) => Cow::Owned(rows),
                Err(error) => {
                    lock(&disk.failed).get_or_insert(error);
                    Cow::Borrowed(&[])
                }
            };
        }
        let Some(held) = self.held.get(kind).and_then(|keys| keys.get(key)) else { return Cow::Borrowed(&[]) };
        held.asked.store(true, Ordering::Relaxed);
        Cow::Owned(parse(&held.list))
    }
}

/// What rows are found by: a number is sorted and compared in a fraction of the time that text takes.
fn digest(kind: &str, key: &str) -> i64 {
    xxh3_64_with_seed(key.as_bytes(), xxh3_64(kind.as_bytes())).cast_signed()
}

/// The word and the bit of a rowid.
fn place(rowid: usize) -> (usize, u64) {
    (rowid / 64, 1 << (rowid % 64))
}

fn failed(error: rusqlite::Error) -> RunError {
    RunError::internal("the temporary file of related rows").because(error)
}

fn parse(list: &str) -> Vec<Value> {
    serde_json::from_str(&format!("[{list}]")).unwrap_or_default()
}

/// Nothing is left half-done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_in_order_whether_in_memory_or_on_disk() {
        for filling in [0, 30_000] {
            let mut store = Store::default();
            store.insert("meta", "7".into(), "\"first\"").unwrap();
            for n in 0..filling {
                store.insert("meta", format!("x{n}"), &format!("\"{}\"", "y".repeat(100))).unwrap();
            }
            store.insert("meta", "7".into(), "\"second\"").unwrap();
            store.insert("other", "7".into(), "\"else\"").unwrap();
            store.complete().unwrap();
            assert_eq!(store.disk.is_some(), filling > 0);
            assert_eq!(store.rows("meta", "7").as_ref(), [Value::from("first"), Value::from("second")]);
            assert!(store.rows("meta", "8").is_empty());
            let unasked = |kind| {
                let mut keys = Vec::new();
                let keep = |key: &str| {
                    keys.push(key.to_owned());
                    Ok(())
                };
                store.unasked(kind, keep).unwrap();
                keys
            };
            assert_eq!(unasked("other"), ["7"]);
            assert_eq!(unasked("meta").len(), filling);
            assert!(!unasked("meta").contains(&"7".to_owned()));
            store.rows("other", "7");
            assert!(unasked("other").is_empty() && unasked("nothing").is_empty());
            assert!(store.check().is_ok());
            assert!(store.held_bytes <= MEMORY_BYTES);
        }
    }
}
