//! The store: one SQLite connection on one thread, which takes jobs from a queue and commits them in groups.
//!
//! A job is answered after the commit that made it durable. Being alone with its connection a job may look first and
//! write then, as Appwrite does, without anybody in between.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::error::RunError;
use crate::sandbox::data::collation::{self, Search};
use crate::sandbox::data::seal;
use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::traits::Database;

/// Jobs that may wait; beyond it requests wait for a place.
const QUEUE: usize = 4096;

/// Jobs committed together at most.
const GROUP: usize = 512;

/// What runs after the commit, or the failure to commit.
type Reply = Box<dyn FnOnce(bool) + Send>;

/// Says, beside its reply, whether the transaction may still be committed.
type Job = Box<dyn FnOnce(&Connection) -> (Reply, bool) + Send>;

/// SQLite's `application_id` of a store: "rehs".
const APPLICATION: i64 = 0x7265_6873;

/// SQLite's `user_version`: changes with the schema.
const SCHEMA_VERSION: i64 = 3;

/// The indexes of a store hold keys as its database compares them.
const fn schema_version(database: Database) -> i64 {
    match database {
        Database::Mariadb => SCHEMA_VERSION,
        Database::Postgresql => 1000 + SCHEMA_VERSION,
    }
}

/// Text is looked up and ordered by its `key`. No index begins with the project: a list without a filter follows the order
/// of creation, which is the table's own. A partial index is taken only where its condition follows from the query's, so that
/// it has to speak of the key as well.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS projects(
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, jwt_secret TEXT NOT NULL,
        settings TEXT NOT NULL DEFAULT '{}') STRICT;
    CREATE TABLE IF NOT EXISTS keys(
        secret TEXT NOT NULL, project INTEGER NOT NULL, scopes TEXT NOT NULL, PRIMARY KEY(secret, project)) STRICT;
    CREATE TABLE IF NOT EXISTS users(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
        created TEXT NOT NULL, updated TEXT NOT NULL, name TEXT NOT NULL,
        email TEXT, phone TEXT,
        email_verification INTEGER NOT NULL, phone_verification INTEGER NOT NULL, status INTEGER NOT NULL,
        labels TEXT NOT NULL, prefs TEXT NOT NULL, password TEXT, hash TEXT NOT NULL, hash_options TEXT NOT NULL,
        password_update TEXT, registration TEXT NOT NULL, accessed_at TEXT, mfa INTEGER NOT NULL,
        impersonator INTEGER NOT NULL, recovery_codes TEXT NOT NULL,
        password_history TEXT NOT NULL DEFAULT '[]', password_pwned INTEGER) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS users_id ON users(key(id), project);
    CREATE UNIQUE INDEX IF NOT EXISTS users_email ON users(key(email), project) WHERE key(email) IS NOT NULL;
    CREATE UNIQUE INDEX IF NOT EXISTS users_phone ON users(key(phone), project) WHERE key(phone) IS NOT NULL;
    CREATE TABLE IF NOT EXISTS targets(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
        user INTEGER NOT NULL, user_id TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
        name TEXT NOT NULL, provider_type TEXT NOT NULL,
        identifier TEXT NOT NULL, expired INTEGER NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS targets_id ON targets(key(id), project);
    CREATE UNIQUE INDEX IF NOT EXISTS targets_identifier ON targets(key(identifier), project);
    CREATE INDEX IF NOT EXISTS targets_user ON targets(key(user_id), user);
    CREATE TABLE IF NOT EXISTS sessions(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
        user INTEGER NOT NULL, secret TEXT NOT NULL, expires INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS sessions_id ON sessions(key(id), project);
    CREATE INDEX IF NOT EXISTS sessions_user ON sessions(user);
    CREATE TABLE IF NOT EXISTS tokens(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL,
        user INTEGER NOT NULL, purpose TEXT NOT NULL, secret TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS tokens_user ON tokens(user);
    CREATE TABLE IF NOT EXISTS challenges(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL, id TEXT NOT NULL UNIQUE,
        user INTEGER NOT NULL, factor TEXT NOT NULL, code TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS challenges_user ON challenges(user);
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
    /// [`RunError::internal`] if the file cannot be opened; [`RunError::usage`] if it is a database of something else.
    pub fn open(path: Option<&Path>, database: Database) -> Result<(Self, StoreThread), RunError> {
        let name = || path.map_or_else(|| "the store in memory".into(), |p| p.display().to_string());
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => RunError::internal(format!("{}: another process has it open", name())),
            _ => RunError::internal(name()).because(error),
        };
        let connection = connect(path, database).map_err(failed)?;
        match owner(&connection, database).map_err(failed)? {
            Owner::Us => {}
            Owner::OtherVersion => {
                let text = "is the store of another version of rehome, or of another --database";
                return Err(RunError::usage(format!("{} {text}", name())).remedy("let --store name a new file"));
            }
            Owner::Others => {
                return Err(RunError::usage(format!("{} is a database of something else", name()))
                    .remedy("--store wants its own"));
            }
        }
        set_up(&connection, database).map_err(failed)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sandbox-store".into())
            .spawn(move || work(&connection, queue))
            .map_err(|error| RunError::internal("no thread for the store").because(error))?;
        Ok((Self { jobs }, StoreThread(thread)))
    }

    /// Runs a job that refuses, if it does, before it writes; returns after the commit. If it fails later all the same,
    /// because SQLite does, nothing of its group is kept.
    pub async fn run<T, F>(&self, job: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> ApiResult<T> + Send + 'static,
    {
        self.send(move |connection| {
            let before = connection.total_changes();
            let result = job(connection);
            let clean = result.is_ok() || connection.total_changes() == before;
            (result, clean)
        })
        .await
    }

    /// Runs a job that may refuse when it has written, and undoes that then. It takes a savepoint, for which SQLite
    /// copies every page that the job writes to.
    pub async fn run_undoable<T, F>(&self, job: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> ApiResult<T> + Send + 'static,
    {
        self.send(move |connection| {
            if let Err(error) = connection.execute_batch_cached("SAVEPOINT job") {
                return (Err(error.into()), true);
            }
            let result = job(connection);
            let undone = result.is_ok() || connection.execute_batch_cached("ROLLBACK TO job").is_ok();
            let released = connection.execute_batch_cached("RELEASE job").is_ok();
            (result, undone && released)
        })
        .await
    }

    /// Queues a job, which says with its result whether it is clean: whether nothing half done is left of it.
    async fn send<T, F>(&self, job: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> (ApiResult<T>, bool) + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let (result, clean) = job(connection);
            let reply = move |committed| {
                // The request may be gone; what it wanted is done all the same.
                let _ = answer.send(if committed { result } else { Err(ApiError::server_error()) });
            };
            // Some errors of SQLite end the transaction.
            (Box::new(reply), clean && !connection.is_autocommit())
        });
        self.jobs.send(job).await.map_err(|_| ApiError::server_error())?;
        answered.await.map_err(|_| ApiError::server_error())?
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
        let mut sound = begun;
        let mut next = Some(first);
        while let Some(job) = next {
            let (reply, still_sound) = job(connection);
            replies.push(reply);
            sound &= still_sound;
            next = if sound && replies.len() < GROUP { queue.try_recv().ok() } else { None };
        }
        let committed = sound && connection.execute_batch_cached("COMMIT").is_ok();
        if !committed {
            // After a failure the transaction may still be open; if not, there is nothing to roll back.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for reply in replies.drain(..) {
            reply(committed);
        }
    }
}

fn connect(path: Option<&Path>, database: Database) -> rusqlite::Result<Connection> {
    let connection = match path {
        Some(path) => {
            create_private(path);
            Connection::open(path)?
        }
        None => Connection::open_in_memory()?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    // Bundled SQLite plans a query anew for every value it is asked with, which takes longer than the query.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(256);
    add_functions(&connection, database)?;
    Ok(connection)
}

/// Whose a database file is, by its `application_id` and `user_version`.
enum Owner {
    /// This schema, or nobody yet.
    Us,
    OtherVersion,
    Others,
}

fn owner(connection: &Connection, database: Database) -> rusqlite::Result<Owner> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let ours = number("PRAGMA application_id")? == APPLICATION;
    let current = number("PRAGMA user_version")? == schema_version(database);
    let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    Ok(if empty || (ours && current) {
        Owner::Us
    } else if ours {
        Owner::OtherVersion
    } else {
        Owner::Others
    })
}

/// Takes the file for this process and creates what is not there yet.
fn set_up(connection: &Connection, database: Database) -> rusqlite::Result<()> {
    // Durable against the process ending at any moment. Nothing waits for the disk, since everybody would wait longer than
    // --latency says: a power failure may cost the file, which holds rehearsals.
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536;",
    )?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", schema_version(database))?;
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

/// `key(text)`, `same(text, text)` of two with the same key, `kept(text)`, `fold(text)`, and `found(term, text)` with the term
/// read once per statement.
fn add_functions(connection: &Connection, database: Database) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("key", 1, flags, move |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(|text| collation::key(text, database).into_owned()))
    })?;
    connection.create_scalar_function("same", 2, flags, move |context| {
        let (one, other) = (context.get_raw(0).as_str_or_null()?, context.get_raw(1).as_str_or_null()?);
        Ok(one.zip(other).is_some_and(|(one, other)| collation::same(one, other, database)))
    })?;
    connection.create_scalar_function("kept", 1, flags, move |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(|text| collation::kept(text, database).to_owned()))
    })?;
    connection.create_scalar_function("fold", 1, flags, |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(|text| collation::fold(text).into_owned()))
    })?;
    connection.create_scalar_function("found", 2, flags, move |context| {
        let search: Arc<Search> = context.get_or_create_aux(0, |term| {
            Ok::<_, rusqlite::types::FromSqlError>(Search::new(term.as_str()?, database))
        })?;
        Ok(context.get_raw(1).as_str_or_null()?.is_some_and(|text| search.matches(text)))
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::error::Kind;

    /// An empty store in memory, without its thread.
    pub fn connection() -> Connection {
        let connection = connect(None, Database::Mariadb).expect("a store");
        set_up(&connection, Database::Mariadb).expect("a schema");
        connection
    }

    #[tokio::test]
    async fn a_failed_job_leaves_nothing_behind_and_others_stay() {
        let (store, thread) = Store::open(None, Database::Mariadb).expect("a store");
        let insert = |id: &'static str, fail: bool| {
            store.run_undoable(move |c| {
                c.execute("INSERT INTO projects(id, jwt_secret) VALUES(?1, '')", [id])?;
                if fail { Err(ApiError::unauthorized()) } else { Ok(()) }
            })
        };
        let (kept, lost) = tokio::join!(insert("kept", false), insert("lost", true));
        assert!(kept.is_ok() && lost.is_err());
        assert_eq!(projects(&store).await, ["kept"]);
        drop(store);
        thread.join();
    }

    async fn projects(store: &Store) -> Vec<String> {
        let ids = store
            .run(|c| {
                let mut statement = c.prepare("SELECT id FROM projects ORDER BY number")?;
                let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?)
            })
            .await;
        ids.expect("rows")
    }

    fn insert(connection: &Connection, id: &str) -> ApiResult<()> {
        connection.execute("INSERT INTO projects(id, jwt_secret) VALUES(?1, '')", [id])?;
        Ok(())
    }

    #[test]
    fn the_store_of_another_version_is_told_from_other_databases() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users.sqlite");
        let refusal = || match Store::open(Some(&path), Database::Mariadb) {
            Err(error) if error.kind() == Kind::Usage => error.to_string(),
            _ => String::new(),
        };
        let other = Connection::open(&path).expect("a database");
        other.execute_batch("CREATE TABLE t(x); PRAGMA user_version = 2").expect("a table");
        assert!(refusal().contains("something else"), "{}", refusal());
        other.pragma_update(None, "application_id", APPLICATION).expect("ours");
        other.pragma_update(None, "user_version", SCHEMA_VERSION - 1).expect("older");
        drop(other);
        assert!(refusal().contains("another version"), "{}", refusal());
    }

    #[test]
    fn nobody_is_looked_for_through_the_whole_table() {
        let connection = connection();
        for (table, column) in [
            ("users", "id"),
            ("users", "email"),
            ("users", "phone"),
            ("targets", "id"),
            ("targets", "identifier"),
            ("targets", "user_id"),
            ("sessions", "id"),
        ] {
            for condition in ["= ?", "= key(?)", "IN (?, ?)"] {
                let sql = format!(
                    "EXPLAIN QUERY PLAN SELECT seq FROM {table} WHERE project = 1 AND key({column}) {condition} ORDER BY seq"
                );
                let mut statement = connection.prepare(&sql).expect("a statement");
                let rows = statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
                let plan = rows.expect("a plan").join("; ");
                assert!(plan.contains("SEARCH") && !plan.contains("SCAN"), "{sql}: {plan}");
            }
        }
    }

    /// The jobs of one group: the first holds the thread until the others are queued.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_without_a_savepoint_that_fails_half_done_takes_its_group_along() {
        let (store, thread) = Store::open(None, Database::Mariadb).expect("a store");
        let (queued, wait) = std::sync::mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let first = {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .run(move |c| {
                        started.send(()).expect("the test waits");
                        // Ends when the sender is dropped.
                        let _ = wait.recv();
                        insert(c, "first")
                    })
                    .await
            })
        };
        running.await.expect("the job runs");
        // Each is queued when first polled, and the thread goes on when all are.
        let refused = store.run(|_| Err::<(), _>(ApiError::unauthorized()));
        let half_done = store.run(|c| {
            insert(c, "half")?;
            Err::<(), _>(ApiError::unauthorized())
        });
        let later = store.run(|c| insert(c, "later"));
        let release = async { drop(queued) };
        let (refused, half_done, later, ()) = tokio::join!(refused, half_done, later, release);
        let first = first.await.expect("no panic");
        let kind = |result: ApiResult<()>| result.expect_err("an error").kind;
        assert_eq!(kind(first), "general_unknown");
        assert_eq!((kind(refused), kind(half_done)), ("general_unknown", "general_unknown"));
        assert!(later.is_ok(), "the group ends with the job that failed");
        assert_eq!(projects(&store).await, ["later"]);
        drop(store);
        thread.join();
    }

    #[tokio::test]
    async fn a_refusal_before_anything_is_written_costs_nobody_else() {
        let (store, thread) = Store::open(None, Database::Mariadb).expect("a store");
        let (kept, refused) =
            tokio::join!(store.run(|c| insert(c, "kept")), store.run(|_| Err::<(), _>(ApiError::unauthorized())));
        assert!(kept.is_ok());
        assert_eq!(refused.expect_err("a refusal").kind, ApiError::unauthorized().kind);
        assert_eq!(projects(&store).await, ["kept"]);
        drop(store);
        thread.join();
    }
}
