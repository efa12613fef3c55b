//! The file: schema, opening, counting, settling, purging. None of it needs the key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, params};

use super::key::Tag;
use super::state::{Entry, State, Status};
use crate::error::RunError;
use crate::folder::Folder;

/// The file in the run folder.
pub const STORE: &str = "bridge.sqlite";
/// The schema this program reads and writes; also bound into every seal.
pub(super) const SCHEMA: i64 = 1;
/// How long somebody waits for another process that is busy with the file, and how long housekeeping does.
const PATIENTLY: Duration = Duration::from_secs(10);
const BRIEFLY: Duration = Duration::from_millis(50);
const APPLICATION: i64 = 0x7265_6862;

// Tags and seals are all that is known of a user besides the id. The states outlive the hashes, for who asks what became of
// everybody.
const CREATE: &str = "
    CREATE TABLE meta    (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE scheme  (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE entry   (
        user_id TEXT NOT NULL UNIQUE, mail_tag BLOB, name_tag BLOB, left_tag BLOB NOT NULL, sealed BLOB,
        scheme INTEGER NOT NULL REFERENCES scheme (id), state INTEGER NOT NULL,
        failures INTEGER NOT NULL, window INTEGER NOT NULL, changed INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX entry_mail ON entry (mail_tag) WHERE mail_tag IS NOT NULL;
    CREATE INDEX entry_name ON entry (name_tag) WHERE name_tag IS NOT NULL;
    CREATE TABLE counter (tag BLOB PRIMARY KEY, window INTEGER NOT NULL, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE audit   (time INTEGER NOT NULL, user_id TEXT NOT NULL, event TEXT NOT NULL) STRICT;";

const COLUMNS: &str = "user_id, state, (SELECT name FROM scheme WHERE id = entry.scheme), failures, window, changed, \
                       left_tag, sealed";

/// Whose users a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The endpoint, for people.
    pub endpoint: String,
    /// The project's id. A store is of one project alone.
    pub project: String,
}

/// How durable a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// Survives a power cut: for sealing, which comes before something that cannot be repeated.
    Fully,
    /// Survives the death of the process: for serving, where whatever is lost is found out again at the next sign-in.
    ByProcess,
}

/// The store of a bridge. Can be used from several threads, and beside other processes.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// Nobody who looks somebody up waits for a commit.
    reader: Mutex<Connection>,
    /// Whether something was purged that the files may still hold.
    purged: AtomicBool,
}

fn sql(error: rusqlite::Error) -> RunError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => foreign("it is no SQLite database"),
        _ => RunError::ledger("the bridge's store").because(error),
    }
}

fn foreign(why: impl std::fmt::Display) -> RunError {
    RunError::foreign_ledger(format!("that is no store of a bridge that this rehome knows: {why}"))
}

fn damaged(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RunError {
    RunError::ledger("the bridge's store is damaged").because(why)
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

impl Store {
    /// Opens a store that is there.
    ///
    /// # Errors
    /// [`RunError::usage`] if it is not; [`RunError::foreign_ledger`] for another file, for one of a newer rehome, and for
    /// one that others can change; [`RunError::ledger`].
    pub fn open(path: &Path, durable: Durable) -> Result<Self, RunError> {
        Self::must_be_there(path)?;
        Self::connect(path, durable, false)
    }

    /// The file that is meant: of a folder, the store of the run in it.
    #[must_use]
    pub fn at(path: &Path) -> PathBuf {
        if path.is_dir() { path.join(STORE) } else { path.to_owned() }
    }

    /// # Errors
    /// [`RunError::usage`] if there is no such file.
    pub fn must_be_there(path: &Path) -> Result<(), RunError> {
        if path.is_file() {
            return Ok(());
        }
        Err(RunError::usage(format!("{} is not there", path.display())).remedy(
            "`rehome import --unsupported bridge` and `rehome bridge add` make the store of a bridge, in the run folder",
        ))
    }

    /// Opens a store, or makes it, readable by its owner only.
    ///
    /// # Errors
    /// As [`Store::open`], but for one that is not there; [`RunError::io`].
    pub fn create(path: &Path, durable: Durable) -> Result<Self, RunError> {
        let (folder, name) = parts(path)?;
        folder.own_file(name)?;
        Self::connect(path, durable, true)
    }

    fn connect(path: &Path, durable: Durable, create: bool) -> Result<Self, RunError> {
        let (folder, name) = parts(path)?;
        for end in ["", "-wal", "-shm"] {
            folder.check_file(&format!("{name}{end}"))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connect = || -> Result<Connection, RunError> {
            let connection = Connection::open_with_flags(path, flags).map_err(sql)?;
            connection.busy_timeout(PATIENTLY).map_err(sql)?;
            // Bundled SQLite plans a query anew for every value it is asked with, which takes longer than the query.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql)?;
            Ok(connection)
        };
        let writer = connect()?;
        writer.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
        writer.pragma_update(None, "secure_delete", true).map_err(sql)?;
        // 128 MiB, as far as they are needed, hold the indexes of a million users, which are written in no order.
        writer.pragma_update(None, "cache_size", -131_072).map_err(sql)?;
        // A batch changes pages all over the indexes; what the log holds is not to be copied after each.
        if durable == Durable::Fully {
            writer.pragma_update(None, "wal_autocheckpoint", 16_384).map_err(sql)?;
        }
        let synchronous = if durable == Durable::Fully { "FULL" } else { "NORMAL" };
        writer.pragma_update(None, "synchronous", synchronous).map_err(sql)?;
        let empty: bool =
            writer.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(sql)?;
        if empty && create {
            writer
                .execute_batch(&format!(
                    "BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; {CREATE} COMMIT;"
                ))
                .map_err(sql)?;
        }
        if empty && !create {
            // Killed between making the file and its first rows.
            return Err(RunError::usage(format!("{} holds nothing yet: nobody was sealed", path.display()))
                .remedy("give the same `rehome import` again"));
        }
        let pragma = |name| writer.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(sql);
        if pragma("application_id")? != APPLICATION {
            return Err(foreign(path.display()));
        }
        if pragma("user_version")? != SCHEMA {
            return Err(foreign(format_args!("{} is of another version", path.display())).remedy("use that one"));
        }
        let reader = connect()?;
        // Whoever was here before may have been killed.
        let purged = AtomicBool::new(true);
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), reader: Mutex::new(reader), purged })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panic between statements leaves an open transaction at worst, which the next one ends.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does all of it, or nothing.
    pub(super) fn transaction<T>(&self, work: impl FnOnce(&Connection) -> Result<T, RunError>) -> Result<T, RunError> {
        let mut writer = self.writer();
        let transaction = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(sql)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(sql)?;
        Ok(done)
    }

    /// A value of the store's own rows.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn meta(&self, key: &str) -> Result<Option<String>, RunError> {
        meta(&self.reader(), key)
    }

    /// Sets such a value.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), RunError> {
        set_meta(&self.writer(), key, value)
    }

    /// When the hashes are to be purged, in Unix seconds.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn until(&self) -> Result<Option<i64>, RunError> {
        Ok(self.meta(UNTIL)?.and_then(|until| until.parse().ok()))
    }

    /// Says when the hashes are to be purged.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn set_until(&self, until: Timestamp) -> Result<(), RunError> {
        self.set_meta(UNTIL, &until.as_second().to_string())
    }

    /// Says whether an import is under way, whose users need not be there yet: see [`Store::settle`].
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn set_importing(&self, importing: bool) -> Result<(), RunError> {
        self.set_meta(IMPORTING, if importing { "1" } else { "0" })
    }

    /// The entry of a user.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn by_id(&self, user_id: &str) -> Result<Option<Entry>, RunError> {
        self.one("user_id = ?1", &user_id)
    }

    pub(super) fn by_mail_tag(&self, tag: &Tag) -> Result<Option<Entry>, RunError> {
        self.one("mail_tag = ?1", tag)
    }

    /// None also where several have the name: nothing says who of them it is.
    pub(super) fn by_name_tag(&self, tag: &Tag) -> Result<Option<Entry>, RunError> {
        self.one("name_tag = ?1", tag)
    }

    fn one(&self, condition: &str, value: &dyn rusqlite::ToSql) -> Result<Option<Entry>, RunError> {
        let reader = self.reader();
        let query = format!("SELECT {COLUMNS} FROM entry WHERE {condition} LIMIT 2");
        let mut statement = reader.prepare_cached(&query).map_err(sql)?;
        let mut rows = statement.query([value]).map_err(sql)?;
        let Some(found) = rows.next().map_err(sql)?.map(entry).transpose()? else { return Ok(None) };
        let several = rows.next().map_err(sql)?.is_some();
        Ok((!several).then_some(found))
    }

    /// Brings a user to another state, and purges the hash where that state needs none. `event` goes into the audit. False,
    /// and nothing is done, where the user is not there or has come to an end before; also for [`State::Gone`] while an
    /// import is under way, whose users are still to come.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn settle(&self, user_id: &str, to: State, event: &str) -> Result<bool, RunError> {
        self.transaction(|store| {
            if to == State::Gone && meta(store, IMPORTING)?.as_deref() == Some("1") {
                return Ok(false);
            }
            let mut statement = store
                .prepare_cached(
                    "UPDATE entry SET state = ?2, changed = ?3, failures = 0, window = 0,
                     sealed = CASE WHEN ?4 THEN sealed END WHERE user_id = ?1 AND state IN (0, 1)",
                )
                .map_err(sql)?;
            let settled = statement.execute(params![user_id, to as i64, now(), to.holds_hash()]).map_err(sql)? > 0;
            if settled {
                audit(store, user_id, event)?;
                self.purged.fetch_or(!to.holds_hash(), Ordering::Relaxed);
            }
            Ok(settled)
        })
    }

    /// Has a user who waits be found by this address alone. Whoever had it before waits on, without one.
    pub(super) fn set_mail(&self, user_id: &str, tag: &Tag) -> Result<(), RunError> {
        self.transaction(|store| {
            for update in [
                "UPDATE entry SET mail_tag = NULL WHERE mail_tag = ?1 AND user_id <> ?2",
                "UPDATE entry SET mail_tag = ?1 WHERE user_id = ?2 AND state IN (0, 1)",
            ] {
                store
                    .prepare_cached(update)
                    .and_then(|mut update| update.execute(params![tag, user_id]))
                    .map_err(sql)?;
            }
            Ok(())
        })
    }

    /// Notes an event of a user, a sign-in by token for one.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn note(&self, user_id: &str, event: &str) -> Result<(), RunError> {
        audit(&self.writer(), user_id, event)
    }

    /// Counts a wrong password of a user at `now` (Unix seconds) and gives how many there were since the first in a window of
    /// `length` seconds.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn count_failure(&self, user_id: &str, now: i64, length: i64) -> Result<u32, RunError> {
        let writer = self.writer();
        let mut statement = writer
            .prepare_cached(
                "UPDATE entry SET failures = CASE WHEN failures > 0 AND ?2 - window BETWEEN 0 AND ?3 - 1 THEN failures + 1 ELSE 1 END,
                 window = CASE WHEN failures > 0 AND ?2 - window BETWEEN 0 AND ?3 - 1 THEN window ELSE ?2 END
                 WHERE user_id = ?1 RETURNING failures",
            )
            .map_err(sql)?;
        Ok(statement.query_row(params![user_id, now, length], |row| row.get(0)).optional().map_err(sql)?.unwrap_or(0))
    }

    /// Forgets the wrong passwords of a user.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn forgive(&self, user_id: &str) -> Result<(), RunError> {
        let writer = self.writer();
        let forgiven = writer.execute("UPDATE entry SET failures = 0, window = 0 WHERE user_id = ?1", [user_id]);
        forgiven.map(|_| ()).map_err(sql)
    }

    /// As [`Store::count_failure`], for what a tag stands for.
    pub(super) fn count_tag(&self, tag: &Tag, now: i64, length: i64) -> Result<u32, RunError> {
        let writer = self.writer();
        let mut statement = writer
            .prepare_cached(
                "INSERT INTO counter (tag, window, count) VALUES (?1, ?2, 1) ON CONFLICT (tag) DO UPDATE SET
                 count = CASE WHEN ?2 - window BETWEEN 0 AND ?3 - 1 THEN count + 1 ELSE 1 END,
                 window = CASE WHEN ?2 - window BETWEEN 0 AND ?3 - 1 THEN window ELSE ?2 END RETURNING count",
            )
            .map_err(sql)?;
        statement.query_row(params![tag, now, length], |row| row.get(0)).map_err(sql)
    }

    /// What [`Store::count_tag`] has counted.
    pub(super) fn counted(&self, tag: &Tag, now: i64, length: i64) -> Result<u32, RunError> {
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached("SELECT count FROM counter WHERE tag = ?1 AND ?2 - window BETWEEN 0 AND ?3 - 1")
            .map_err(sql)?;
        let count = statement.query_row(params![tag, now, length], |row| row.get(0)).optional().map_err(sql)?;
        Ok(count.unwrap_or(0))
    }

    /// Forgets counters whose window began before `before` (Unix seconds).
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn sweep_counters(&self, before: i64) -> Result<(), RunError> {
        self.writer().execute("DELETE FROM counter WHERE window < ?1", [before]).map(|_| ()).map_err(sql)
    }

    /// Moves what was committed into the file and empties the log beside it, in which purged pages live on until then.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn checkpoint(&self) -> Result<(), RunError> {
        self.writer().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(sql)
    }

    /// Does so where something was purged since, unless others are busy with the file just now: then the next time.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn wipe(&self) -> Result<(), RunError> {
        if !self.purged.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let writer = self.writer();
        // Nobody who signs in waits for this.
        writer.busy_timeout(BRIEFLY).map_err(sql)?;
        let wiped = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        writer.busy_timeout(PATIENTLY).map_err(sql)?;
        let busy: bool = match wiped {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => true,
            wiped => wiped.map_err(sql)?,
        };
        self.purged.fetch_or(busy, Ordering::Relaxed);
        Ok(())
    }

    /// Takes users out, whatever their state: those of a run that was rolled back.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn forget<'i>(&self, users: impl IntoIterator<Item = &'i str>) -> Result<u64, RunError> {
        self.transaction(|store| {
            let mut statement = store.prepare_cached("DELETE FROM entry WHERE user_id = ?1").map_err(sql)?;
            users
                .into_iter()
                .try_fold(0, |forgotten, user| Ok(forgotten + statement.execute([user]).map_err(sql)? as u64))
        })
    }

    /// Users whose hash is still there, by id, at most `limit` after this one.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn holding(&self, after: &str, limit: usize) -> Result<Vec<String>, RunError> {
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached(
                "SELECT user_id FROM entry WHERE user_id > ?1 AND state IN (0, 1) ORDER BY user_id LIMIT ?2",
            )
            .map_err(sql)?;
        let users = statement
            .query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))
            .map_err(sql)?;
        users.collect::<Result<_, _>>().map_err(sql)
    }

    /// How many users' hashes are still there.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn waiting(&self) -> Result<u64, RunError> {
        let query = "SELECT count(*) FROM entry WHERE state IN (0, 1)";
        self.reader().query_row(query, [], |row| row.get(0)).map_err(sql)
    }

    /// Purges every hash that is still there, whose users are expired from now on. Gives how many.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn expire(&self) -> Result<u64, RunError> {
        let expired = self.transaction(|store| {
            let statement = "INSERT INTO audit SELECT ?1, user_id, 'expired' FROM entry WHERE state IN (0, 1)";
            store.execute(statement, [now()]).map_err(sql)?;
            let statement = "UPDATE entry SET state = ?1, changed = ?2, sealed = NULL, failures = 0, window = 0 \
                             WHERE state IN (0, 1)";
            Ok(store.execute(statement, params![State::Expired as i64, now()]).map_err(sql)? as u64)
        })?;
        self.checkpoint()?;
        Ok(expired)
    }

    /// Purges everything but who stood where in the end: hashes, tags, counters, and what tells the key from others.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn end(&self) -> Result<u64, RunError> {
        let expired = self.expire()?;
        self.transaction(|store| {
            store
                .execute_batch(
                    "UPDATE entry SET mail_tag = NULL, name_tag = NULL, left_tag = x''; DELETE FROM counter;
                     DELETE FROM meta WHERE key IN ('check', 'until');",
                )
                .map_err(sql)?;
            set_meta(store, ENDED, &now().to_string())
        })?;
        let _ = self.writer().execute_batch("VACUUM");
        self.checkpoint()?;
        Ok(expired)
    }

    /// Counts everybody, and what happened on each of the last `days` days.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn status(&self, days: u32) -> Result<Status, RunError> {
        let until = self.until()?;
        let project = self.meta(PROJECT)?.unwrap_or_default();
        let mut status = Status { project, until, ..Status::default() };
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached(
                "SELECT name, state, count(*) FROM entry JOIN scheme ON scheme.id = entry.scheme GROUP BY 1, 2",
            )
            .map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let scheme: String = row.get(0).map_err(sql)?;
            let state = state(row.get(1).map_err(sql)?)?;
            status.by_scheme.entry(scheme).or_default().insert(state, row.get(2).map_err(sql)?);
        }
        let mut statement = reader
            .prepare_cached(
                "SELECT date(time, 'unixepoch'), event, count(*) FROM audit WHERE time >= ?1 GROUP BY 1, 2 ORDER BY 1 DESC",
            )
            .map_err(sql)?;
        let since = now() - i64::from(days) * 86_400;
        let mut rows = statement.query([since]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let day: String = row.get(0).map_err(sql)?;
            if status.by_day.last().is_none_or(|(last, _)| *last != day) {
                status.by_day.push((day, BTreeMap::new()));
            }
            if let Some((_, events)) = status.by_day.last_mut() {
                events.insert(row.get(1).map_err(sql)?, row.get(2).map_err(sql)?);
            }
        }
        Ok(status)
    }
}

/// The names of the store's own rows.
pub(super) const PROJECT: &str = "project";
pub(super) const ENDPOINT: &str = "endpoint";
pub(super) const CHECK: &str = "check";
pub(super) const CREATED: &str = "created";
pub(super) const UNTIL: &str = "until";
pub(super) const ENDED: &str = "ended";
const IMPORTING: &str = "importing";

fn parts(path: &Path) -> Result<(Folder, &str), RunError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| RunError::usage(format!("{} names no file", path.display())))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Folder::open(folder)?, name))
}

pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<String>, RunError> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional().map_err(sql)
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), RunError> {
    let set = connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [key, value]);
    set.map(|_| ()).map_err(sql)
}

fn audit(connection: &Connection, user_id: &str, event: &str) -> Result<(), RunError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO audit (time, user_id, event) VALUES (?1, ?2, ?3)").map_err(sql)?;
    statement.execute(params![now(), user_id, event]).map(|_| ()).map_err(sql)
}

/// Writes one user. Whoever has come to an end by signing in, or by setting a password, stays there, and false is given; one
/// who is gone or expired begins again.
pub(super) fn put(connection: &Connection, row: &NewEntry<'_>) -> Result<bool, RunError> {
    let mut known = connection.prepare_cached("SELECT id FROM scheme WHERE name = ?1").map_err(sql)?;
    let known = known.query_row([row.scheme], |row| row.get(0)).optional().map_err(sql)?;
    let scheme: i64 = if let Some(id) = known {
        id
    } else {
        connection.execute("INSERT INTO scheme (name) VALUES (?1)", [row.scheme]).map_err(sql)?;
        connection.last_insert_rowid()
    };
    // An address is one user's: whoever had it before has left.
    let mut other =
        connection.prepare_cached("DELETE FROM entry WHERE mail_tag = ?1 AND user_id <> ?2").map_err(sql)?;
    other.execute(params![row.mail, row.user_id]).map_err(sql)?;
    let mut statement = connection
        .prepare_cached(
            "INSERT INTO entry (user_id, mail_tag, name_tag, left_tag, sealed, scheme, state, failures, window, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, ?7)
             ON CONFLICT (user_id) DO UPDATE SET mail_tag = ?2, name_tag = ?3, left_tag = ?4, sealed = ?5, scheme = ?6,
             state = CASE state WHEN 1 THEN 1 ELSE 0 END, changed = ?7 WHERE state IN (0, 1, 4, 5)",
        )
        .map_err(sql)?;
    let values = params![row.user_id, row.mail, row.name, row.left, row.sealed, scheme, now()];
    statement.execute(values).map(|written| written > 0).map_err(sql)
}

/// A user as written.
pub(super) struct NewEntry<'s> {
    pub user_id: &'s str,
    pub mail: Option<Tag>,
    pub name: Option<Tag>,
    pub left: Tag,
    pub scheme: &'s str,
    pub sealed: Vec<u8>,
}

fn state(number: i64) -> Result<State, RunError> {
    State::from_number(number).ok_or_else(|| damaged(format!("a user is in state {number}, which there is not")))
}

fn entry(row: &Row<'_>) -> Result<Entry, RunError> {
    let left: Vec<u8> = row.get(6).map_err(damaged)?;
    Ok(Entry {
        user_id: row.get(0).map_err(damaged)?,
        state: state(row.get(1).map_err(damaged)?)?,
        scheme: row.get(2).map_err(damaged)?,
        failures: row.get(3).map_err(damaged)?,
        window: row.get(4).map_err(damaged)?,
        changed: row.get(5).map_err(damaged)?,
        left: left.try_into().unwrap_or_default(),
        sealed: row.get(7).map_err(damaged)?,
    })
}
