//! The one writer of a ledger: a thread that commits in groups.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use super::left::Left;
use super::notes::{self, Note};
use super::state::{State, Steps};
use super::store::{self, Entry, sql};
use crate::code::Code;
use crate::error::RunError;
use crate::event::{self, Listener};

/// Rows a commit holds at most.
const GROUP: usize = 1000;
/// How long the first row of a group waits for others; nobody waits on outcomes but the person who watches.
const GATHER: Duration = Duration::from_millis(25);
/// Messages that wait for the writer at most.
const QUEUE: usize = 4096;

/// A change of a row that exists.
#[derive(Debug, Clone)]
pub struct Change {
    /// The number of the record whose row changes.
    pub record: u64,
    /// The new state.
    pub state: State,
    /// The new steps.
    pub steps: Steps,
    /// The server's `$updatedAt` in Unix milliseconds, where its answer told; else the old value stays.
    pub at: Option<i64>,
    /// The stable reason of everything that is not done.
    pub code: Option<Code>,
    /// The sentence to it.
    pub text: Option<String>,
}

enum Write {
    Insert(Vec<Entry>),
    Change(Change, Option<Left>),
    Meta(&'static str, String),
    BeginNotes { anew: bool },
    Notes(String, Vec<Note>),
    Sync(oneshot::Sender<()>),
}

/// An open ledger. Dropping it without [`Ledger::close`] commits what is queued but hides its errors.
pub struct Ledger {
    sender: Option<Sender>,
    thread: Option<std::thread::JoinHandle<Result<(), RunError>>>,
}

/// Where rows are handed in; cheap to clone. Blocks (asynchronously) while the writer is behind.
#[derive(Clone)]
pub struct Sender(mpsc::Sender<Write>);

impl Ledger {
    /// Starts the writer of a ledger that [`super::open`] has opened. `listener` hears of users once their row is
    /// durable.
    pub(super) fn start(connection: Connection, listener: Arc<dyn Listener>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::spawn(move || write(connection, receiver, &*listener));
        Self { sender: Some(Sender(sender)), thread: Some(thread) }
    }

    /// Where rows are handed in.
    ///
    /// # Panics
    /// Never: the sender is there until [`Ledger::close`] takes the ledger.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the sender is taken only by close, which consumes the ledger")]
    pub fn sender(&self) -> Sender {
        self.sender.clone().expect("taken only by close, which consumes the ledger")
    }

    /// Waits until everything that was handed in is durable, and says what went wrong on the way.
    ///
    /// # Errors
    /// [`RunError::ledger`]: the disk is full, or the file was damaged or removed.
    pub fn close(mut self) -> Result<(), RunError> {
        self.sender = None;
        match self.thread.take().map(std::thread::JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(RunError::ledger("the writer died")),
            None => Ok(()),
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Sender {
    /// Makes rows durable: returns once they are. New records get a row, known ones lose nothing but their reason; a user whom
    /// the target has by this run stays one, whatever is handed in.
    ///
    /// # Errors
    /// [`RunError::ledger`] once the writer has given up; [`Ledger::close`] has the cause.
    pub async fn intend(&self, entries: Vec<Entry>) -> Result<(), RunError> {
        self.send(Write::Insert(entries)).await?;
        self.sync().await
    }

    /// Hands in a change; it counts, and is told to the listener, once it is durable.
    ///
    /// # Errors
    /// As [`Sender::intend`].
    pub async fn change(&self, change: Change) -> Result<(), RunError> {
        self.send(Write::Change(change, None)).await
    }

    /// The same, with what is left of the user now.
    ///
    /// # Errors
    /// As [`Sender::intend`].
    pub async fn change_left(&self, change: Change, left: Option<Left>) -> Result<(), RunError> {
        self.send(Write::Change(change, left)).await
    }

    /// Sets a value of the run's own rows.
    ///
    /// # Errors
    /// As [`Sender::intend`].
    pub async fn meta(&self, key: &'static str, value: String) -> Result<(), RunError> {
        self.send(Write::Meta(key, value)).await
    }

    /// Makes room for the notes of a sync; those of the one before go where it begins `anew`.
    ///
    /// # Errors
    /// As [`Sender::intend`].
    pub async fn begin_notes(&self, anew: bool) -> Result<(), RunError> {
        self.send(Write::BeginNotes { anew }).await
    }

    /// Puts these in the place of all that was noted of a user.
    ///
    /// # Errors
    /// As [`Sender::intend`].
    pub async fn note(&self, user_id: &str, notes: Vec<Note>) -> Result<(), RunError> {
        self.send(Write::Notes(user_id.to_owned(), notes)).await
    }

    /// Waits until everything that was handed in before is durable.
    ///
    /// # Errors
    /// As [`Sender::intend`].
    pub async fn sync(&self) -> Result<(), RunError> {
        let (done, wait) = oneshot::channel();
        self.send(Write::Sync(done)).await?;
        wait.await.map_err(|_| gone())
    }

    async fn send(&self, write: Write) -> Result<(), RunError> {
        self.0.send(write).await.map_err(|_| gone())
    }
}

fn gone() -> RunError {
    RunError::ledger("the writer has given up")
}

fn write(
    mut connection: Connection,
    mut receiver: mpsc::Receiver<Write>,
    listener: &dyn Listener,
) -> Result<(), RunError> {
    let mut told = Vec::new();
    while let Some(first) = receiver.blocking_recv() {
        let mut waiting = Vec::new();
        let transaction = connection.transaction().map_err(sql)?;
        {
            let mut group = Group { transaction: &transaction, rows: 0, told: &mut told, waiting: &mut waiting };
            group.apply(first)?;
            let started = Instant::now();
            loop {
                match receiver.try_recv() {
                    Ok(next) => group.apply(next)?,
                    Err(mpsc::error::TryRecvError::Disconnected) => break,
                    Err(mpsc::error::TryRecvError::Empty) => {
                        if !group.waiting.is_empty() || started.elapsed() >= GATHER {
                            break;
                        }
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                if group.rows >= GROUP {
                    break;
                }
            }
        }
        transaction.commit().map_err(sql)?;
        for done in waiting {
            let _ = done.send(());
        }
        for event in told.drain(..) {
            listener.on(&event);
        }
    }
    Ok(())
}

struct Group<'g> {
    transaction: &'g rusqlite::Transaction<'g>,
    rows: usize,
    told: &'g mut Vec<event::Event>,
    waiting: &'g mut Vec<oneshot::Sender<()>>,
}

impl Group<'_> {
    fn apply(&mut self, write: Write) -> Result<(), RunError> {
        match write {
            Write::Insert(entries) => {
                let mut insert = self
                    .transaction
                    .prepare_cached(
                        "INSERT INTO users (record, user_id, source_id, state, steps, at, code, text, left)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                         ON CONFLICT (record) DO UPDATE SET user_id = excluded.user_id,
                           source_id = excluded.source_id, state = excluded.state, steps = excluded.steps,
                           at = excluded.at, code = excluded.code, text = excluded.text, left = excluded.left
                         WHERE (users.steps & 1) = 0
                           OR ((excluded.steps & 1) = 1 AND excluded.user_id = users.user_id)",
                    )
                    .map_err(sql)?;
                self.rows += entries.len();
                for e in entries {
                    let source_id = (e.source_id != e.user_id).then_some(&e.source_id);
                    let changed = insert
                        .execute(params![
                            e.record,
                            e.user_id,
                            source_id,
                            e.state as u8,
                            e.steps.to_number(),
                            e.at,
                            e.code,
                            e.text,
                            e.left.map(Left::to_bytes)
                        ])
                        .map_err(sql)?;
                    if changed == 0 {
                        // No caller does: the table of states keeps whom the target has.
                        return Err(RunError::internal(format!(
                            "record {} is a user whom this run created, and was to be forgotten",
                            e.record
                        )));
                    }
                    if e.state.is_terminal() {
                        let record = e.record;
                        let refused = e.state == State::Refused;
                        self.told.push(if refused {
                            event::Event::LeftOut { record }
                        } else {
                            event::Event::UserDone { record }
                        });
                    }
                }
            }
            Write::Change(c, left) => {
                self.transaction
                    .prepare_cached(
                        "UPDATE users SET state = ?2, steps = ?3, at = coalesce(?4, at), code = ?5, text = ?6,
                           left = coalesce(?7, left)
                         WHERE record = ?1",
                    )
                    .map_err(sql)?
                    .execute(params![
                        c.record,
                        c.state as u8,
                        c.steps.to_number(),
                        c.at,
                        c.code.map(Code::name),
                        c.text,
                        left.map(Left::to_bytes)
                    ])
                    .map_err(sql)?;
                self.rows += 1;
                match c.code {
                    Some(code) if c.state.is_terminal() => self.told.push(event::Event::UserFailed {
                        record: c.record,
                        code,
                        text: c.text.unwrap_or_default(),
                    }),
                    _ if c.state.is_terminal() => self.told.push(event::Event::UserDone { record: c.record }),
                    _ => {}
                }
            }
            Write::Meta(key, value) => {
                store::set_meta(self.transaction, key, &value)?;
            }
            Write::BeginNotes { anew } => notes::begin(self.transaction, anew)?,
            Write::Notes(user_id, all) => {
                notes::put(self.transaction, &user_id, &all)?;
                self.rows += 1;
            }
            Write::Sync(done) => self.waiting.push(done),
        }
        Ok(())
    }
}

/// Opens the file and sets the run's rows that have no value yet.
pub(super) fn prepare(path: &Path, meta: &[(&str, String)]) -> Result<Connection, RunError> {
    set_missing(store::open(path)?, meta)
}

/// Sets those of the run's rows that have no value yet.
pub(super) fn set_missing(connection: Connection, meta: &[(&str, String)]) -> Result<Connection, RunError> {
    for (key, value) in meta {
        connection
            .execute("INSERT OR IGNORE INTO meta (key, value) VALUES (?1, ?2)", params![key, value])
            .map_err(sql)?;
    }
    Ok(connection)
}
