//! The store: one SQLite connection on one thread, which takes jobs from a queue and commits them in groups.
//!
//! A job is answered after the commit that made it durable. Being alone with its connection a job may look first and
//! write then, as Appwrite does, without anybody in between.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::collation::{self, Search};
use super::errors::{ApiError, ApiResult};
use super::seal;
use crate::error::RunError;

/// Jobs that may wait; beyond it requests wait for a place.
const QUEUE: usize = 4096;

/// Jobs committed together at most.
const GROUP: usize = 512;

/// What runs after the commit, or not at all.
type Reply = Box<dyn FnOnce(bool) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;

/// SQLite's `application_id` of a store: "rehs".
const APPLICATION: i64 = 0x7265_6873;

/// SQLite's `user_version`: changes with the schema.
const SCHEMA_VERSION: i64 = 1;

/// No index begins with the project: a list without a filter follows the order of creation, which is the table's own.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS projects(
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, jwt_secret TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS keys(
        secret TEXT NOT NULL, project INTEGER NOT NULL, scopes TEXT NOT NULL, PRIMARY KEY(secret, project)) STRICT;
    CREATE TABLE IF NOT EXISTS users(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL COLLATE mariadb,
        created TEXT NOT NULL, updated TEXT NOT NULL, name TEXT NOT NULL COLLATE mariadb,
        email TEXT COLLATE mariadb, phone TEXT COLLATE mariadb,
        email_verification INTEGER NOT NULL, phone_verification INTEGER NOT NULL, status INTEGER NOT NULL,
        labels TEXT NOT NULL, prefs TEXT NOT NULL, password TEXT, hash TEXT NOT NULL, hash_options TEXT NOT NULL,
        password_update TEXT, registration TEXT NOT NULL, accessed_at TEXT, mfa INTEGER NOT NULL,
        impersonator INTEGER NOT NULL, recovery_codes TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS users_id ON users(id, project);
    CREATE UNIQUE INDEX IF NOT EXISTS users_email ON users(email, project) WHERE email IS NOT NULL;
    CREATE UNIQUE INDEX IF NOT EXISTS users_phone ON users(phone, project) WHERE phone IS NOT NULL;
    CREATE TABLE IF NOT EXISTS targets(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL COLLATE mariadb,
        user INTEGER NOT NULL, user_id TEXT NOT NULL COLLATE mariadb, created TEXT NOT NULL, updated TEXT NOT NULL,
        name TEXT NOT NULL COLLATE mariadb, provider_type TEXT NOT NULL COLLATE mariadb,
        identifier TEXT NOT NULL COLLATE mariadb, expired INTEGER NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS targets_id ON targets(id, project);
    CREATE UNIQUE INDEX IF NOT EXISTS targets_identifier ON targets(identifier, project);
    CREATE INDEX IF NOT EXISTS targets_user ON targets(user_id, user);
    CREATE TABLE IF NOT EXISTS sessions(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL COLLATE mariadb,
        user INTEGER NOT NULL, secret TEXT NOT NULL, document TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS sessions_id ON sessions(id, project);
    CREATE INDEX IF NOT EXISTS sessions_user ON sessions(user);
";

/// The handle that requests hold.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
}

/// The thread behind the handles; it ends when the last of them is gone.
pub struct StoreThread(JoinHandle<()>);

impl StoreThread {
    /// Waits until everything is written. Every [`Store`] must be dropped before.
    pub fn join(self) {
        // A panic of the thread has been printed where it happened.
        let _ = self.0.join();
    }
}

impl Store {
    /// Opens the file, or a store in memory, and brings its schema up.
    ///
    /// # Errors
    /// [`RunError::Internal`] if the file cannot be opened; [`RunError::Usage`] if it is a database of something else.
    pub fn open(path: Option<&Path>) -> Result<(Self, StoreThread), RunError> {
        let name = || path.map_or_else(|| "the store in memory".into(), |p| p.display().to_string());
        let failed = |error: rusqlite::Error| {
            RunError::Internal(match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy) => format!("{}: another process has it open", name()),
                _ => format!("{}: {error}", name()),
            })
        };
        let connection = connect(path).map_err(failed)?;
        if !is_ours(&connection).map_err(failed)? {
            return Err(RunError::Usage(format!("{} is a database of something else; --store wants its own", name())));
        }
        set_up(&connection).map_err(failed)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sandbox-store".into())
            .spawn(move || work(&connection, queue))
            .map_err(|error| RunError::Internal(format!("no thread for the store: {error}")))?;
        Ok((Self { jobs }, StoreThread(thread)))
    }

    /// Runs a job whose statements are all kept or, if it fails, all undone; returns after the commit.
    pub async fn run<T, F>(&self, job: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> ApiResult<T> + Send + 'static,
    {
        self.send(move |connection| {
            connection.execute_batch_cached("SAVEPOINT job")?;
            let result = job(connection);
            if result.is_err() {
                connection.execute_batch_cached("ROLLBACK TO job")?;
            }
            connection.execute_batch_cached("RELEASE job")?;
            result
        })
        .await
    }

    /// Runs a job that only reads, or that writes with one statement at most, and needs nothing undone.
    pub async fn single<T, F>(&self, job: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> ApiResult<T> + Send + 'static,
    {
        self.send(job).await
    }

    async fn send<T, F>(&self, job: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> ApiResult<T> + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let outcome = job(connection);
            Box::new(move |committed| {
                // The request may be gone; what it wanted is done all the same.
                let _ = answer.send(if committed { outcome } else { Err(ApiError::server_error()) });
            })
        });
        self.jobs.send(job).await.map_err(|_| ApiError::server_error())?;
        result.await.map_err(|_| ApiError::server_error())?
    }
}

/// `execute_batch` without parsing the statement anew.
trait ExecuteCached {
    fn execute_batch_cached(&self, sql: &str) -> rusqlite::Result<()>;
}

impl ExecuteCached for Connection {
    fn execute_batch_cached(&self, sql: &str) -> rusqlite::Result<()> {
        self.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

fn work(connection: &Connection, mut queue: mpsc::Receiver<Job>) {
    let mut replies: Vec<Reply> = Vec::with_capacity(GROUP);
    while let Some(first) = queue.blocking_recv() {
        let begun = connection.execute_batch_cached("BEGIN").is_ok();
        replies.push(first(connection));
        while replies.len() < GROUP
            && let Ok(job) = queue.try_recv()
        {
            replies.push(job(connection));
        }
        let committed = begun && connection.execute_batch_cached("COMMIT").is_ok();
        if !committed {
            // After a failed commit the transaction may still be open; if not, there is nothing to roll back.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for reply in replies.drain(..) {
            reply(committed);
        }
    }
}

fn connect(path: Option<&Path>) -> rusqlite::Result<Connection> {
    let connection = match path {
        Some(path) => {
            create_private(path);
            Connection::open(path)?
        }
        None => Connection::open_in_memory()?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.create_collation(collation::NAME, collation::compare)?;
    add_functions(&connection)?;
    Ok(connection)
}

/// Whether the file is empty, or was written by this schema.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let ours = number("PRAGMA application_id")? == APPLICATION && number("PRAGMA user_version")? == SCHEMA_VERSION;
    Ok(ours || number("SELECT count(*) FROM sqlite_schema")? == 0)
}

/// Takes the file for this process and creates what is not there yet.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // Durable against the process ending at any moment; a power failure may cost the last commits, never the file.
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;",
    )?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    connection.execute_batch(SCHEMA)?;
    seal::add_functions(connection)
}

/// Creates the file readable by its owner only: it holds hashes and keys, and what opens them. SQLite gives its other files
/// the same mode, and tells what is wrong if the file cannot be made.
fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// `fold(text)`, and `found(term, text)` with the term read once per statement.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("fold", 1, flags, |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(|text| collation::fold(text).into_owned()))
    })?;
    connection.create_scalar_function("found", 2, flags, |context| {
        let search: Arc<Search> =
            context.get_or_create_aux(0, |term| Ok::<_, rusqlite::types::FromSqlError>(Search::new(term.as_str()?)))?;
        Ok(context.get_raw(1).as_str_or_null()?.is_some_and(|text| search.matches(text)))
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An empty store in memory, without its thread.
    pub fn connection() -> Connection {
        let connection = connect(None).expect("a store");
        set_up(&connection).expect("a schema");
        connection
    }

    #[tokio::test]
    async fn a_failed_job_leaves_nothing_behind_and_others_stay() {
        let (store, thread) = Store::open(None).expect("a store");
        let insert = |id: &'static str, fail: bool| {
            store.run(move |c| {
                c.execute("INSERT INTO projects(id, jwt_secret) VALUES(?1, '')", [id])?;
                if fail { Err(ApiError::unauthorized()) } else { Ok(()) }
            })
        };
        let (kept, lost) = tokio::join!(insert("kept", false), insert("lost", true));
        assert!(kept.is_ok() && lost.is_err());
        let ids = store
            .single(|c| {
                let mut statement = c.prepare("SELECT id FROM projects")?;
                let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?)
            })
            .await;
        assert_eq!(ids.expect("rows"), ["kept"]);
        drop(store);
        thread.join();
    }
}
