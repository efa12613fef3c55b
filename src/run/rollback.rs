//! Taking back what a run created: users that this run's ledger says it created, that are still as it left them, and
//! nobody else.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tracing::Instrument as _;

use super::context::{Context, Reply, Stopped};
use super::feed::{self, Intents};
use super::folder::RunFolder;
use super::gate::Gate;
use super::job::Job;
use super::mark::Marker;
use super::parallel::{Parallel, together};
use super::saga;
use super::session::Session;
use super::stop::Stop;
use super::verify::SESSIONS_ASKED;
use super::window::Hold;
use crate::appwrite::Client;
use crate::appwrite::preflight::{self, Preflight, chunks, in_chunks};
use crate::appwrite::wire::{Request, User};
use crate::code::Code;
use crate::error::RunError;
use crate::event::{self, Listener, Silent};
use crate::ledger::{Change, Counts, Entry, Event, Field, Reader, State, Steps};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::report::summary::Rollback;
use crate::report::{Report, figures};
use crate::runtime::{self, block_on};

/// What is done with a user.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// Deleted now; in a dry run: would be.
    Deleted,
    /// The target no longer has the user.
    Gone,
    /// Kept, and why.
    Kept(String),
    /// Could not be deleted, and why.
    Failed(String),
}

/// A user that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spared {
    /// The record.
    pub record: u64,
    /// The id at the target.
    pub user_id: String,
    /// The reason, for a person.
    pub text: String,
}

/// Users that are looked at together before they are deleted: nobody shall have long to sign in between.
const PAGE: usize = 10;

/// How far a rollback goes.
#[derive(Clone, Copy)]
struct Mode {
    /// Delete; otherwise only look.
    delete: bool,
    /// Delete users that were changed or signed in since, too.
    force: bool,
    /// Ask for the sessions of each, which no list of users tells.
    ask_sessions: bool,
}

/// What somebody is held against.
struct Look {
    mode: Mode,
    marker: Marker,
}

/// What a rollback did, or would do.
pub struct Taken {
    /// The counts.
    pub counts: Rollback,
    /// Who is not deleted, and why.
    pub spared: Vec<Spared>,
    /// Whether anybody was to be deleted; otherwise this is what would be done.
    pub deleted: bool,
}

/// What a person says to a rollback.
pub struct Choices<'c> {
    /// `--force`: users that were changed or signed in since, too.
    pub force: bool,
    /// Whether this many users are to be deleted. Asked once they are known.
    pub agreed: &'c dyn Fn(u64) -> Result<bool, RunError>,
    /// `--yes`: nobody is asked, and nobody looks first.
    pub yes: bool,
}

/// Takes back what the run of a folder created: what `rollback` does. Its report is told further if anybody was deleted.
///
/// # Errors
/// What keeps the run from being opened, or stops it.
pub fn take_back(
    path: &Path,
    key_file: Option<&Path>,
    choices: &Choices<'_>,
    listener: &Arc<dyn Listener>,
) -> Result<Taken, RunError> {
    let session = Session::of(path)?;
    let folder = RunFolder::open(path)?;
    let (ledger, reader) = folder.begun_ledger(Arc::new(Silent))?;
    let open = session.destination.open(key_file, &folder)?;
    let found = block_on(preflight::preflight(&Client::new(open.target.clone(), 1)?))??;

    let runtime = runtime::workers()?;
    let stop = Stop::default();
    let context = Arc::new(Context {
        gate: Gate::new(Client::new(open.target.clone(), session.concurrency)?, session.limits(), listener.clone()),
        ledger: ledger.sender(),
        stop: stop.clone(),
        hold: Hold::default(),
    });
    let signals = runtime.spawn(stop.on_signals(|| {}));
    let done = look_and_delete(&session, choices, &context, &runtime, &reader, &**listener, &found);
    signals.abort();
    drop(context);
    drop(runtime);
    ledger.close()?;
    // Also of a rollback that was stopped: whoever is gone signs in no more.
    super::bridge::forget_rolled_back(path, &reader)?;
    listener.on(&event::Event::Over);
    let taken = done?;

    if taken.deleted
        && let Some(report) = Report::load(&folder)?
    {
        let mut report = report.continued("rollback", jiff::Timestamp::now());
        report.rollback = Some(taken.counts.clone());
        report.suggest(session.typed(&session.export.words(None), path, None));
        report.save(&folder)?;
    }
    Ok(taken)
}

fn look_and_delete(
    session: &Session,
    choices: &Choices<'_>,
    context: &Arc<Context>,
    runtime: &Runtime,
    reader: &Reader,
    listener: &dyn Listener,
    found: &Preflight,
) -> Result<Taken, RunError> {
    let open = open_rows(reader)?;
    if open > 0 {
        let open_users = figures::users(open);
        listener.on(&event::Event::Said(format!("asking the target about {open_users} whose create was not answered")));
        listener.on(&event::Event::Expecting { users: open });
        let export = session.open_export()?;
        let planner = session.planner(&export, reader, found.version.profile())?;
        let duplicates = planner.duplicates(&Silent)?;
        recover(context, runtime, &planner, &duplicates, reader, session.concurrency, listener)?;
    }
    let rollback = Way { context, runtime, reader, listener, at_once: session.concurrency, force: choices.force };
    if choices.yes {
        return rollback.go(true);
    }
    let looked = rollback.go(false)?;
    if looked.counts.deleted > 0 && (choices.agreed)(looked.counts.deleted)? { rollback.go(true) } else { Ok(looked) }
}

/// Finds out about the users of whom a crash left only the intent, so that those this run did create are not left behind.
fn recover(
    context: &Arc<Context>,
    runtime: &Runtime,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    reader: &Reader,
    at_once: usize,
    listener: &dyn Listener,
) -> Result<(), RunError> {
    let mut take = |records: Vec<u64>| {
        for record in records {
            listener.on(&event::Event::UserDone { record });
        }
        Ok(())
    };
    let mut asked = Parallel::new(context, runtime, at_once);
    feed::scan(planner, duplicates, &Silent, |batch| {
        let Intents { jobs, unplanned, .. } = feed::open(batch, reader)?;
        for jobs in in_chunks(jobs, |job| job.user_id().len()) {
            asked.add(recover_page(context.clone(), jobs), &mut take)?;
        }
        for rows in in_chunks(unplanned, |row| row.user_id.len()) {
            let context = context.clone();
            let records = rows.iter().map(|row| row.record).collect();
            asked.add(async move { saga::refused_since(&context, rows).await.map(|()| records) }, &mut take)?;
        }
        Ok(if context.stop.is_set() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    asked.finish(&mut take)?;
    runtime.block_on(context.ledger.sync())
}

async fn recover_page(context: Arc<Context>, jobs: Vec<Job>) -> Result<Vec<u64>, Stopped> {
    let ids: Vec<&str> = jobs.iter().map(Job::user_id).collect();
    let users = context.listed(&ids).await?;
    let records = jobs.iter().map(|job| job.record).collect();
    for job in jobs {
        // Whoever is not there was not created, or is gone.
        if let Some(user) = users.get(job.user_id()) {
            saga::recover(&context, job, user).await?;
        }
    }
    Ok(records)
}

/// Going through everybody whom the ledger says this run created. Can be repeated: who is deleted is not looked at again.
struct Way<'r> {
    context: &'r Arc<Context>,
    runtime: &'r Runtime,
    reader: &'r Reader,
    listener: &'r dyn Listener,
    at_once: usize,
    force: bool,
}

impl Way<'_> {
    /// Deletes, or says what would be deleted. The deletion looks again, at fewer at a time.
    fn go(&self, delete: bool) -> Result<Taken, RunError> {
        let Counts { created, gone_created, .. } = self.reader.counts()?;
        let created = created + gone_created;
        self.listener.on(&event::Event::Expecting { users: created });
        let mode = Mode { delete, force: self.force, ask_sessions: delete || created <= SESSIONS_ASKED };
        if !mode.ask_sessions && !mode.force {
            let text = "too many to ask for the sessions of each: whoever has one is kept when it comes to deleting";
            self.listener.on(&event::Event::Said(text.into()));
        }
        let mut counts = Rollback::default();
        let mut spared = Vec::new();
        let mut take = |fates: Vec<(Entry, Fate)>| {
            for (entry, fate) in fates {
                let (counter, text) = match fate {
                    Fate::Deleted => (&mut counts.deleted, None),
                    Fate::Gone => (&mut counts.gone, None),
                    Fate::Kept(text) => (&mut counts.kept, Some(text)),
                    Fate::Failed(text) => (&mut counts.failed, Some(text)),
                };
                *counter += 1;
                self.listener.on(&event::Event::UserDone { record: entry.record });
                spared.extend(text.map(|text| Spared { record: entry.record, user_id: entry.user_id, text }));
            }
            Ok(())
        };
        let how = Arc::new(Look { mode, marker: Marker::of(self.reader)? });
        let at_once = if mode.delete { self.at_once.div_ceil(PAGE) } else { self.at_once };
        let mut asked = Parallel::new(self.context, self.runtime, at_once);
        let mut after = 0;
        'pages: loop {
            let page = self.reader.page(after, 1000)?;
            let Some(last) = page.last() else { break };
            after = last.record;
            let mut created: Vec<Entry> = page.into_iter().filter(|entry| entry.steps.has(Steps::CREATED)).collect();
            let sizes: Vec<usize> = if mode.delete {
                created.chunks(PAGE).map(<[Entry]>::len).collect()
            } else {
                chunks(&created, |entry| entry.user_id.len()).map(<[Entry]>::len).collect()
            };
            for size in sizes {
                if self.context.stop.is_set() {
                    break 'pages;
                }
                let later = created.split_off(size);
                let entries = std::mem::replace(&mut created, later);
                asked.add(several(self.context.clone(), entries, how.clone()), &mut take)?;
            }
        }
        asked.finish(&mut take)?;
        match self.context.stop.take_reason() {
            Some(reason) => Err(reason),
            None => Ok(Taken { counts, spared, deleted: delete }),
        }
    }
}

async fn several(context: Arc<Context>, entries: Vec<Entry>, how: Arc<Look>) -> Result<Vec<(Entry, Fate)>, Stopped> {
    let ids: Vec<&str> = entries.iter().map(|entry| &*entry.user_id).collect();
    let mut users = context.users(&ids).await?;
    let looks = entries.into_iter().map(|entry| {
        let (context, user, span) = (context.clone(), users.remove(&entry.user_id), span(&entry));
        let how = how.clone();
        async move { look(&context, &entry, user.as_ref(), &how).await.map(|fate| (entry, fate)) }.instrument(span)
    });
    let looked = together(&context, looks).await?;
    if !how.mode.delete {
        return Ok(looked);
    }
    // Whoever may be deleted is not done any more, whatever becomes of this process.
    let doomed = looked.iter().filter(|(_, fate)| *fate == Fate::Deleted).map(|(entry, _)| begun(entry));
    let doomed: Vec<Entry> = doomed.collect();
    if !doomed.is_empty() {
        context.ledger.intend(doomed).await.map_err(|error| leave(&context, error))?;
    }
    let deletions = looked.into_iter().map(|(entry, fate)| {
        let (context, span) = (context.clone(), span(&entry));
        async move { delete(&context, entry, fate).await }.instrument(span)
    });
    let deleted = together(&context, deletions).await?;
    confirm(&context, deleted).await
}

/// Notes who is deleted. Anybody can say 204, so the list of users is asked once more.
async fn confirm(context: &Context, mut deleted: Vec<(Entry, Fate)>) -> Result<Vec<(Entry, Fate)>, Stopped> {
    let ids: Vec<&str> =
        deleted.iter().filter(|(_, fate)| *fate == Fate::Deleted).map(|(entry, _)| &*entry.user_id).collect();
    let there = if ids.is_empty() { HashMap::new() } else { context.listed(&ids).await? };
    for (entry, fate) in &mut deleted {
        if *fate == Fate::Deleted && there.contains_key(&entry.user_id) {
            *fate = Fate::Failed("the target says that the user is deleted, and has them still".into());
        }
        if matches!(fate, Fate::Deleted | Fate::Gone)
            && let Ok((state, steps)) = entry.state.next(entry.steps, Event::Deleted)
        {
            let change = Change { record: entry.record, state, steps, at: None, code: None, text: None };
            context.ledger.change(change).await.map_err(|error| leave(context, error))?;
        }
    }
    Ok(deleted)
}

fn span(entry: &Entry) -> tracing::Span {
    tracing::debug_span!(target: event::USER, "user", record = entry.record)
}

/// What is to be done with a user.
async fn look(context: &Context, entry: &Entry, user: Option<&User>, how: &Look) -> Result<Fate, Stopped> {
    Ok(match user {
        None => Fate::Gone,
        Some(_) if how.mode.force => Fate::Deleted,
        Some(user) => changed(context, entry, user, how).await?.map_or(Fate::Deleted, Fate::Kept),
    })
}

/// What begins the reason of a user whose deletion began.
const TAKING_BACK: &str = "rollback began to delete the user";

/// The row of a user who is about to be deleted: the next run, or the next rollback, asks whether they are there.
fn begun(entry: &Entry) -> Entry {
    let (state, steps) = entry.state.next(entry.steps, Event::Doubted).unwrap_or((entry.state, entry.steps));
    Entry { state, steps, code: None, text: Some(TAKING_BACK.into()), ..entry.clone() }
}

fn leave(context: &Context, error: RunError) -> Stopped {
    context.stop.leave(error);
    Stopped
}

async fn delete(context: &Context, entry: Entry, fate: Fate) -> Result<(Entry, Fate), Stopped> {
    let fate = match fate {
        Fate::Deleted => match context.ask(&Request::delete(&entry.user_id)).await? {
            Reply::Answer(_) | Reply::Gone => Fate::Deleted,
            Reply::Refused { problem, .. } => Fate::Failed(problem.text),
        },
        other => other,
    };
    Ok((entry, fate))
}

/// Why the user is not as this run left them, if so. Sessions, targets and the like change no user.
async fn changed(context: &Context, entry: &Entry, user: &User, how: &Look) -> Result<Option<String>, Stopped> {
    if user.updated_at != Some(entry.at) {
        return Ok(Some(format!("changed or signed in since, last at {}", user.changed_at())));
    }
    let extras = user.extras();
    if !extras.is_empty() {
        return Ok(Some(format!("used since: {}", extras.join("; "))));
    }
    // What a run or `verify` saw of it, and what the user shows: a moment can be wrong.
    if entry.code.as_deref() == Some(Code::ChangedSince.name()) {
        return Ok(Some(entry.text.clone().unwrap_or_else(|| "changed since".into())));
    }
    let fields = how.marker.changed_since(entry, user);
    if !fields.is_empty() {
        let names: Vec<&str> = fields.into_iter().map(Field::name).collect();
        return Ok(Some(format!("changed since: {}", names.join(", "))));
    }
    if !how.mode.ask_sessions {
        return Ok(None);
    }
    Ok(match context.sessions(&entry.user_id).await? {
        Some(0) => None,
        Some(_) => Some("signed in since: has a session".into()),
        None => Some("may have signed in since: the target does not tell the sessions".into()),
    })
}

/// That the users of a run were not all taken back: to go on with it would create them again, which nobody has asked for.
///
/// # Errors
/// [`RunError::usage`] if they were, and what keeps the ledger from being read.
pub fn not_taken_back(path: &Path) -> Result<(), RunError> {
    let counts = Reader::open(path)?.counts()?;
    if !counts.is_taken_back() {
        return Ok(());
    }
    let were = if counts.rolled_back == 1 { "user of this run was" } else { "users of this run were" };
    let what = format!(
        "{} {were} taken back by a rollback: nothing is left to go on with",
        figures::count(counts.rolled_back)
    );
    Err(RunError::usage(what).remedy("if they are to be created after all, give the `rehome import` of this run again"))
}

/// Rows whose create may have been sent, or whose last step is not known.
///
/// # Errors
/// [`RunError::ledger`]
pub fn open_rows(reader: &Reader) -> Result<u64, RunError> {
    reader.count_of(&[State::Intended, State::Created])
}
