//! The file itself: schema, reading, counting.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, params};

use super::counts::Counts;
use super::left::Left;
use super::state::{State, Steps};
use crate::code::Code;
use crate::error::RunError;
use crate::folder::{Folder, Locked};

/// The file in the run folder.
pub const LEDGER: &str = "ledger.sqlite";
/// The ledger's name for a sync that was begun and has not ended: the words after `rehome sync` that go on with it.
pub const SYNCING: &str = "syncing";
/// The ledger's name for the fingerprint of the export that such a sync reads.
pub const SYNCING_EXPORT: &str = "syncing_export";
/// The ledger's name for a sync whose export is the run's by now, and which may yet have somebody new to create: what it has found
/// is not over.
pub const SYNCED: &str = "synced";
/// The ledger's name for the moment since which a person holds the run that works on it; empty while nobody does.
pub const PAUSED: &str = "paused";
/// The ledger's name for how many seconds the session was held before that.
pub const HELD: &str = "held";
/// The ledger's name for the moment after which the session begins nobody; empty where there is none.
pub const UNTIL: &str = "until";

/// The ledger's name for what ended the last session, if a person had asked for that: `until`; else empty.
pub const ENDED: &str = "ended";

/// The ledger's name for the fingerprint of the export that the run began with, once a sync has given it another.
pub const FIRST_EXPORT: &str = "first_export";

/// Beyond the last record of any export: where those stand whom it no longer has.
pub(super) const BEYOND: i64 = 1 << 40;

/// Whether the row of this number is of somebody whom the export no longer has.
pub(crate) const fn is_beyond(record: u64) -> bool {
    record > BEYOND.cast_unsigned()
}

/// The schema this program reads and writes.
pub(super) const SCHEMA: i64 = 2;
/// The oldest schema that is read: it lacks a column.
const OLDEST: i64 = 1;
const APPLICATION: i64 = 0x7265_6869;

/// The columns of `users`.
pub(super) const USERS: &str = "(
        record INTEGER PRIMARY KEY, user_id TEXT NOT NULL, source_id TEXT,
        state INTEGER NOT NULL, steps INTEGER NOT NULL, at INTEGER NOT NULL, code TEXT, text TEXT, left BLOB
    ) STRICT";

/// One row of `users`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record's number, from 1.
    pub record: u64,
    /// The Appwrite id; empty where none was planned.
    pub user_id: String,
    /// The source's own id.
    pub source_id: String,
    /// The state of the user's saga.
    pub state: State,
    /// What the target is known to have done.
    pub steps: Steps,
    /// Unix milliseconds: of the intent by this machine's clock, once created the server's `$updatedAt` after this
    /// run's last change.
    pub at: i64,
    /// The stable reason of everything that is not done, or not quite as planned.
    pub code: Option<String>,
    /// The sentence to it.
    pub text: Option<String>,
    /// What was sent, or is to be; `None` for users who were there before, and in ledgers of older versions.
    pub left: Option<Left>,
}

impl Entry {
    /// Whether the target has the user, as far as is known.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.steps.has(Steps::CREATED) || self.state == State::Present
    }

    /// Whether the target has the user without the number that was planned, because it refuses it.
    #[must_use]
    pub fn has_no_phone(&self) -> bool {
        self.state.is_settled() && self.code.as_deref() == Some(Code::PhoneLeftOut.name())
    }

    /// Whether a run has given the user up while others were served: it is known to be about this user.
    #[must_use]
    pub fn was_given_up(&self) -> bool {
        self.state == State::Failed && self.code.as_deref() == Some(Code::GivenUp.name())
    }
}

/// That the ledger and what SQLite keeps beside it are files as a run makes them.
///
/// # Errors
/// As [`Folder::check_file`].
pub(super) fn check_files(folder: &Folder) -> Result<(), RunError> {
    ["", "-wal", "-shm", "-journal"].iter().try_for_each(|end| folder.check_file(&format!("{LEDGER}{end}")))
}

/// Whether a folder holds a run: a ledger with at least one record. One that ended before anything was meant holds none.
///
/// # Errors
/// [`RunError::foreign_ledger`] for a ledger that is not this program's, [`RunError::ledger`].
pub fn holds_run(folder: &Path) -> Result<bool, RunError> {
    match existing(folder)? {
        None => Ok(false),
        Some(connection) => Ok(!is_empty(&connection)?),
    }
}

/// The ledger of a folder, also while another process writes it; none where nothing has begun.
fn existing(folder: &Path) -> Result<Option<Connection>, RunError> {
    let path = folder.join(LEDGER);
    check_files(&Folder::open(folder)?)?;
    if !path.is_file() {
        return Ok(None);
    }
    // Not read-only: the first reader after a crash has to recover the write-ahead log.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(sql)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(sql)?;
    let connection = match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(error) if cannot_write(&error) && is_at_rest(folder) => at_rest(&path)?,
        _ => connection,
    };
    if has_nothing(&connection, &path)? {
        return Ok(None);
    }
    check_schema(&connection, &path)?;
    check_owner(&connection)?;
    Ok(Some(connection))
}

/// Whether SQLite could not make the files that it needs beside a ledger, even for reading it.
fn cannot_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::DiskFull))
}

/// Whether the ledger's file is all there is of it: nobody writes it, and nothing waits in its write-ahead log.
fn is_at_rest(folder: &Path) -> bool {
    let log = std::fs::metadata(folder.join(format!("{LEDGER}-wal")));
    log.map_or(true, |log| log.len() == 0) && !Locked::is_taken(folder)
}

/// A ledger at rest, as it lies there: on a full disk, or in a copy that cannot be written to.
fn at_rest(path: &Path) -> Result<Connection, RunError> {
    let path = std::path::absolute(path).map_err(RunError::io(path))?;
    let mut uri =
        reqwest::Url::from_file_path(&path).map_err(|()| RunError::ledger(format!("{}: no path", path.display())))?;
    uri.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri.as_str(), flags).map_err(sql)
}

pub(super) fn sql(error: rusqlite::Error) -> RunError {
    match error.sqlite_error_code() {
        // The latter is of no table, or no column, as only another program leaves it.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => damaged(error),
        Some(ErrorCode::NotADatabase) => RunError::foreign_ledger(format!("{LEDGER} is no SQLite database"))
            .remedy("put the run's own back from a backup, or give this run a folder of its own with --run"),
        Some(ErrorCode::DiskFull) => RunError::ledger(LEDGER)
            .because(error)
            .remedy("make room on the disk; whatever is written there stays, and the same command, or `resume` of a run that has begun, goes on"),
        Some(
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied,
        ) => RunError::ledger(LEDGER)
            .because(error)
            .remedy("is the disk full, or the folder one that cannot be written to?"),
        _ => RunError::ledger(LEDGER).because(error),
    }
}

/// For a ledger that cannot be what this program wrote.
pub(super) fn damaged(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RunError {
    RunError::ledger(format!("{LEDGER} is damaged")).because(why).remedy(
        "nothing was changed; put a backup of the run folder in its place, and `resume` asks the target about everything \
         since. Without one, an import into a folder of its own (--run) recognises whom the target has, but `rollback` \
         will know only those whom it creates itself",
    )
}

/// Opens for writing and creates what is missing. The caller holds the run's lock.
pub(super) fn open(path: &Path) -> Result<Connection, RunError> {
    connect(path, true)
}

/// The same for whoever has had it open, and its pages looked at, until now.
pub(super) fn reopen(path: &Path) -> Result<Connection, RunError> {
    connect(path, false)
}

fn connect(path: &Path, looks: bool) -> Result<Connection, RunError> {
    let connection = Connection::open(path).map_err(sql)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(sql)?;
    // Bundled SQLite plans a query anew for every value it is asked with, which takes longer than the query.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
    // In WAL mode FULL is what makes a commit survive a power cut.
    connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
    if has_nothing(&connection, path)? {
        connection
            .execute_batch(&format!(
                "BEGIN; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA};
                 CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT; CREATE TABLE users {USERS}; COMMIT;"
            ))
            .map_err(sql)?;
    }
    let schema = check_schema(&connection, path)?;
    if looks || schema < SCHEMA {
        check_pages(&connection)?;
    }
    if schema < SCHEMA {
        connection
            .execute_batch(&format!(
                "BEGIN; ALTER TABLE users ADD COLUMN left BLOB; PRAGMA user_version = {SCHEMA}; COMMIT;"
            ))
            .map_err(sql)?;
    }
    check_owner(&connection)?;
    Ok(connection)
}

/// Nobody is meant before it is written down what they belong to.
fn check_owner(connection: &Connection) -> Result<(), RunError> {
    match meta(connection, "identity")? {
        None if !is_empty(connection)? => Err(damaged("it has users, and does not say what they belong to")),
        _ => Ok(()),
    }
}

/// Whether the file has no schema: a run ended between making the file and beginning the ledger.
fn has_nothing(connection: &Connection, path: &Path) -> Result<bool, RunError> {
    let nothing: bool =
        connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(sql)?;
    if nothing && let Some(trace) = path.parent().and_then(trace_of_a_run) {
        return Err(RunError::ledger(format!("{} is empty, and {trace}", path.display())).remedy(LOST));
    }
    Ok(nothing)
}

/// What to do about a ledger that is gone.
const LOST: &str = "put it back from a backup, and `resume` asks the target about everything since. Without one, give an \
                    import a folder of its own with --run: it recognises whom the target has";

/// What only an import that has begun leaves in its folder, beside the ledger.
fn trace_of_a_run(folder: &Path) -> Option<&'static str> {
    let began = || {
        let report = Folder::open(folder).and_then(|folder| folder.read("report.json")).ok()??;
        let report: serde_json::Value = serde_json::from_slice(&report).ok()?;
        report.get("import").filter(|import| import.is_object()).map(|_| ())
    };
    if folder.join("id-map.csv").exists() {
        Some("id-map.csv beside it is of a run that created users")
    } else {
        began().map(|()| "report.json beside it is of a run that began to create users")
    }
}

/// That the ledger of a run that has begun is there. The caller is about to begin one.
///
/// # Errors
/// [`RunError::ledger`] for a folder whose other files say that users were created.
pub(super) fn not_lost(folder: &Path) -> Result<(), RunError> {
    match trace_of_a_run(folder) {
        Some(trace) if !folder.join(LEDGER).exists() => {
            Err(RunError::ledger(format!("{} has no {LEDGER}, and {trace}", folder.display())).remedy(LOST))
        }
        _ => Ok(()),
    }
}

/// Reads every page of the file for what a disk or a copy may have broken: rows out of order would be read in a circle, and a
/// row that cannot be read would be somebody who is lost. Linear: a
/// third of a second, beside the disk, for two million users.
fn check_pages(connection: &Connection) -> Result<(), RunError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sql)?;
    if said == "ok" { Ok(()) } else { Err(damaged(said.replace('\n', " "))) }
}

/// For a folder whose run ended before it began.
pub(crate) fn not_begun(folder: &Path) -> RunError {
    RunError::usage(format!("{} holds no run yet: it ended before anything was sent", folder.display()))
        .remedy("give the same `rehome import` again")
}

fn check_schema(connection: &Connection, path: &Path) -> Result<i64, RunError> {
    let pragma = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(sql);
    if pragma("application_id")? != APPLICATION {
        return Err(RunError::foreign_ledger(format!("{} is not a ledger of rehome", path.display()))
            .remedy("give this run a folder of its own with --run"));
    }
    let version = pragma("user_version")?;
    if version < OLDEST {
        return Err(RunError::foreign_ledger(format!(
            "{} was written by an older rehome (schema {version}, this one knows {SCHEMA})",
            path.display()
        ))
        .remedy("finish or roll back the run with that one"));
    }
    if version > SCHEMA {
        return Err(RunError::foreign_ledger(format!(
            "{} was written by a newer rehome (schema {version}, this one knows {SCHEMA})",
            path.display()
        ))
        .remedy("use that one"));
    }
    Ok(version)
}

/// Reads a ledger, also while another process writes it, and without the run's lock.
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens the ledger of a run folder.
    ///
    /// # Errors
    /// [`RunError::usage`] where there is none, [`RunError::foreign_ledger`] for one of a newer version.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        match existing(folder)? {
            Some(connection) => Ok(Self { connection }),
            None if folder.join(LEDGER).exists() => Err(not_begun(folder)),
            None if trace_of_a_run(folder).is_some() => not_lost(folder).and(Err(not_begun(folder))),
            None => Err(RunError::usage(format!("{} is not a run folder: it has no {LEDGER}", folder.display()))),
        }
    }

    /// Looks at every page, for what a disk or a copy may have broken.
    ///
    /// # Errors
    /// [`RunError::ledger`] for a ledger that is not whole.
    pub fn look(&self) -> Result<(), RunError> {
        check_pages(&self.connection)
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A value of the run's own rows.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn meta(&self, key: &str) -> Result<Option<String>, RunError> {
        meta(&self.connection, key)
    }

    /// Counts everything.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn counts(&self) -> Result<Counts, RunError> {
        let mut counts = Counts::default();
        let mut statement = self
            .connection
            .prepare_cached("SELECT state, steps & 1, record > ?1, count(*), count(nullif(user_id, '')) FROM users GROUP BY 1, 2, 3")
            .map_err(sql)?;
        let mut rows = statement.query([BEYOND]).map_err(sql)?;
        let mut seen = 0;
        while let Some(row) = rows.next().map_err(sql)? {
            let n: u64 = row.get(3).map_err(sql)?;
            let created = row.get::<_, bool>(1).map_err(sql)?;
            let state = state(row.get(0).map_err(sql)?)?;
            if !state.goes_with(if created { Steps::CREATED } else { Steps::NONE }) {
                return Err(damaged(format!(
                    "{n} rows are {state:?}, which does not go with what the target has done"
                )));
            }
            let is_beyond = row.get::<_, bool>(2).map_err(sql)?;
            if is_beyond && state != State::RolledBack {
                counts.gone += if created || state == State::Present { n } else { 0 };
                counts.gone_created += if created { n } else { 0 };
                continue;
            }
            seen += n;
            if created {
                counts.created += n;
            }
            match state {
                State::Done => counts.done += n,
                State::Present => (counts.done, counts.present) = (counts.done + n, counts.present + n),
                State::Refused => {
                    counts.refused += n;
                    let by_target: u64 = row.get(4).map_err(sql)?;
                    (counts.refused_by_target, counts.absent) =
                        (counts.refused_by_target + by_target, counts.absent + by_target);
                }
                State::Conflict => {
                    (counts.refused, counts.conflicts) = (counts.refused + n, counts.conflicts + n);
                    counts.absent += n;
                }
                State::Failed => {
                    counts.failed += n;
                    counts.absent += if created { 0 } else { n };
                }
                State::RolledBack => counts.rolled_back += n,
                State::Planned | State::Intended | State::Created => {}
            }
        }
        let records = self.meta("records")?.and_then(|n| n.parse().ok()).unwrap_or(0);
        counts.records = seen.max(records);
        counts.left = counts.records - counts.done - counts.refused - counts.failed - counts.rolled_back;
        Ok(counts)
    }

    /// All that the target has done for anybody.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn done_before(&self) -> Result<Steps, RunError> {
        let mut statement = self.connection.prepare_cached("SELECT DISTINCT steps FROM users").map_err(sql)?;
        let numbers = statement.query_map([], |row| row.get(0)).map_err(sql)?;
        let mut all = Steps::NONE;
        for number in numbers {
            let number: i64 = number.map_err(unreadable)?;
            let steps = Steps::from_number(number).ok_or_else(|| damaged(format!("{number} stands for no steps")))?;
            all = all.with(steps);
        }
        Ok(all)
    }

    /// How many records carry this code.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn count_with(&self, code: Code) -> Result<u64, RunError> {
        let query = "SELECT count(*) FROM users WHERE code = ?1";
        self.connection.query_row(query, [code.name()], |row| row.get(0)).map_err(sql)
    }

    /// How many records stand in one of these states.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn count_of(&self, states: &[State]) -> Result<u64, RunError> {
        let numbers: Vec<String> = states.iter().map(|state| (*state as u8).to_string()).collect();
        let query = format!("SELECT count(*) FROM users WHERE state IN ({})", numbers.join(","));
        self.connection.query_row(&query, [], |row| row.get(0)).map_err(sql)
    }

    /// The entries from `first` to `last`, both included, by record.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn range(&self, first: u64, last: u64) -> Result<Vec<Entry>, RunError> {
        rising(
            first.saturating_sub(1),
            self.select("WHERE record BETWEEN ?1 AND ?2 ORDER BY record", params![first, last])?,
        )
    }

    /// At most `limit` entries after record `after`, by record. Pages through the ledger at constant memory.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn page(&self, after: u64, limit: usize) -> Result<Vec<Entry>, RunError> {
        rising(after, self.select("WHERE record > ?1 ORDER BY record LIMIT ?2", params![after, limit])?)
    }

    /// How many users are on the way or failed, and of how many a number was left out that the target refused.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn unfinished(&self) -> Result<(u64, u64), RunError> {
        let query =
            "SELECT count(*) FILTER (WHERE state IN (?1, ?2, ?3)), count(*) FILTER (WHERE code = ?4) FROM users";
        let of = params![State::Intended as u8, State::Created as u8, State::Failed as u8, Code::PhoneLeftOut.name()];
        self.connection.query_row(query, of, |row| Ok((row.get(0)?, row.get(1)?))).map_err(sql)
    }

    /// The last `limit` entries that carry this kind of trouble, newest record first.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn troubles(&self, limit: usize) -> Result<Vec<Entry>, RunError> {
        self.select(
            "WHERE state IN (?1, ?2) OR (state = ?3 AND user_id <> '') ORDER BY record DESC LIMIT ?4",
            params![State::Failed as u8, State::Conflict as u8, State::Refused as u8, limit],
        )
    }

    pub(super) fn lacks_left(&self) -> Result<bool, RunError> {
        let mut version = self.connection.prepare_cached("PRAGMA user_version").map_err(sql)?;
        version.query_row([], |row| row.get::<_, i64>(0)).map(|v| v < SCHEMA).map_err(sql)
    }

    fn select(&self, condition: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Vec<Entry>, RunError> {
        // Another process may have given it the column since it was opened.
        let left = if self.lacks_left()? { "NULL" } else { "left" };
        let sql_text =
            format!("SELECT record, user_id, source_id, state, steps, at, code, text, {left} FROM users {condition}");
        let mut statement = self.connection.prepare_cached(&sql_text).map_err(sql)?;
        let mut rows = statement.query(parameters).map_err(sql)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next().map_err(sql)? {
            entries.push(entry(row)?);
        }
        Ok(entries)
    }
}

pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<String>, RunError> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional().map_err(sql)
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), RunError> {
    connection
        .execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![key, value])
        .map(|_| ())
        .map_err(sql)
}

/// Whether no record has a row yet.
pub(super) fn is_empty(connection: &Connection) -> Result<bool, RunError> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0)).map_err(sql)
}

/// The entries, unless a record is not greater than the one before: whoever pages through them would never end.
fn rising(mut before: u64, entries: Vec<Entry>) -> Result<Vec<Entry>, RunError> {
    for Entry { record, .. } in &entries {
        if *record <= before {
            return Err(damaged(format!("record {record} follows record {before}")));
        }
        before = *record;
    }
    Ok(entries)
}

pub(super) fn state(number: i64) -> Result<State, RunError> {
    State::from_number(number).ok_or_else(|| damaged(format!("a row is in state {number}, which there is not")))
}

/// The steps of a record.
pub(super) fn steps(record: u64, state: State, number: i64) -> Result<Steps, RunError> {
    let steps = Steps::from_number(number).filter(|steps| state.goes_with(*steps));
    steps.ok_or_else(|| damaged(format!("record {record} is {state:?} after steps that do not go with it")))
}

/// What was left of a record.
pub(super) fn left(record: u64, bytes: Option<&[u8]>) -> Result<Option<Left>, RunError> {
    match bytes.map(Left::from_bytes) {
        Some(None) => Err(damaged(format!("record {record} does not say what was left"))),
        left => Ok(left.flatten()),
    }
}

fn entry(row: &Row<'_>) -> Result<Entry, RunError> {
    let text = |column: usize| row.get::<_, Option<String>>(column).map_err(unreadable);
    let number = |column: usize| row.get::<_, i64>(column).map_err(unreadable);
    let record = row.get(0).map_err(unreadable)?;
    let user_id = text(1)?.unwrap_or_default();
    let state = state(number(3)?)?;
    Ok(Entry {
        record,
        source_id: text(2)?.unwrap_or_else(|| user_id.clone()),
        user_id,
        state,
        steps: steps(record, state, number(4)?)?,
        at: number(5)?,
        code: text(6)?,
        text: text(7)?,
        left: left(record, row.get::<_, Option<Vec<u8>>>(8).map_err(unreadable)?.as_deref())?,
    })
}

/// A value that is not of its column's type, or no UTF-8.
fn unreadable(error: rusqlite::Error) -> RunError {
    damaged(error)
}
