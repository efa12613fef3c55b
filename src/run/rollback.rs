//! Taking back what a run created: users that this run's ledger says it created, that are still as it left them, and
//! nobody else.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::context::{Context, Reply, Stopped};
use super::feed;
use super::folder::RunFolder;
use super::gate::Gate;
use super::saga;
use super::session::Session;
use super::stop::Stop;
use super::verify::stopped;
use crate::appwrite::Client;
use crate::appwrite::preflight::{self, Preflight};
use crate::appwrite::wire::{Request, User};
use crate::error::RunError;
use crate::event::{self, Listener, Silent};
use crate::ledger::{Change, Entry, Event, Reader, State, Steps};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::report::Report;
use crate::report::summary::Rollback;
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

/// How far a rollback goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Delete; otherwise only look.
    pub delete: bool,
    /// Delete users that were changed or signed in since, too.
    pub force: bool,
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
    });
    let signals = runtime.spawn(stop.on_signals(|| {}));
    let done = look_and_delete(&session, choices, &context, &runtime, &reader, &**listener, &found);
    signals.abort();
    drop(context);
    drop(runtime);
    ledger.close()?;
    listener.on(&event::Event::Over);
    let taken = done?;

    if taken.deleted
        && let Some(report) = Report::load(&folder)?
    {
        let mut report = report.continued("rollback", jiff::Timestamp::now());
        report.rollback = Some(taken.counts.clone());
        report.suggest(&session.export.words(None), path);
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
        listener.on(&event::Event::Said(format!("asking the target about {open} users whose create was not answered")));
        let export = session.open_export()?;
        let planner = session.planner(&export, reader, found.version.profile())?;
        let duplicates = planner.duplicates(&Silent)?;
        recover(context, runtime, &planner, &duplicates, reader)?;
    }
    let go = |delete: bool| {
        let mut spared = Vec::new();
        let mode = Mode { delete, force: choices.force };
        listener.on(&event::Event::Expecting { users: reader.counts()?.created });
        let counts = rollback(context, runtime, reader, session.concurrency, mode, listener, |who| spared.push(who))?;
        Ok::<_, RunError>(Taken { counts, spared, deleted: delete })
    };
    if choices.yes {
        return go(true);
    }
    let looked = go(false)?;
    if looked.counts.deleted > 0 && (choices.agreed)(looked.counts.deleted)? { go(true) } else { Ok(looked) }
}

/// Finds out about the users of whom a crash left only the intent, so that those this run did create are not left behind.
///
/// # Errors
/// What ends the reading of the export, or the run.
pub fn recover(
    context: &Arc<Context>,
    runtime: &Runtime,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    reader: &Reader,
) -> Result<(), RunError> {
    feed::scan(planner, duplicates, &Silent, |batch| {
        let open = feed::open(batch, reader)?;
        runtime.block_on(async {
            for job in open {
                saga::recover(context, job).await.map_err(|Stopped| stopped(context))?;
            }
            Ok::<_, RunError>(())
        })?;
        Ok(if context.stop.is_set() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    runtime.block_on(context.ledger.sync())
}

/// Goes through everybody whom the ledger says this run created. Can be repeated: who is deleted is not looked at again.
///
/// # Errors
/// [`RunError::target`], [`RunError::ledger`], [`RunError::interrupted`].
pub fn rollback(
    context: &Arc<Context>,
    runtime: &Runtime,
    reader: &Reader,
    concurrency: usize,
    mode: Mode,
    listener: &dyn Listener,
    mut spared: impl FnMut(Spared),
) -> Result<Rollback, RunError> {
    let mut counts = Rollback::default();
    let mut asked: JoinSet<Result<(Entry, Fate), Stopped>> = JoinSet::new();
    let mut count = |(entry, fate): (Entry, Fate)| {
        let text = match fate {
            Fate::Deleted => {
                counts.deleted += 1;
                None
            }
            Fate::Gone => {
                counts.gone += 1;
                None
            }
            Fate::Kept(text) => {
                counts.kept += 1;
                Some(text)
            }
            Fate::Failed(text) => {
                counts.failed += 1;
                Some(text)
            }
        };
        if let Some(text) = text {
            spared(Spared { record: entry.record, user_id: entry.user_id, text });
        }
        listener.on(&event::Event::UserDone { record: entry.record });
    };
    let joined = |joined: Result<Result<(Entry, Fate), Stopped>, tokio::task::JoinError>| {
        joined.map_err(|_| RunError::internal("a deletion died"))?.map_err(|Stopped| stopped(context))
    };
    let mut after = 0;
    'pages: loop {
        let page = reader.page(after, 1000)?;
        let Some(last) = page.last() else { break };
        after = last.record;
        for entry in page.into_iter().filter(|entry| entry.steps.has(Steps::CREATED)) {
            if context.stop.is_set() {
                break 'pages;
            }
            while asked.len() >= concurrency.max(1) {
                if let Some(result) = runtime.block_on(asked.join_next()) {
                    count(joined(result)?);
                }
            }
            let context = context.clone();
            let span = tracing::debug_span!(target: event::USER, "user", record = entry.record);
            asked.spawn_on(async move { one(&context, entry, mode).await }.instrument(span), runtime.handle());
        }
    }
    while let Some(result) = runtime.block_on(asked.join_next()) {
        count(joined(result)?);
    }
    match context.stop.take_reason() {
        Some(reason) => Err(reason),
        None => Ok(counts),
    }
}

async fn one(context: &Context, entry: Entry, mode: Mode) -> Result<(Entry, Fate), Stopped> {
    let fate = match context.ask(&Request::read(&entry.user_id)).await? {
        Reply::Gone => Fate::Gone,
        Reply::Refused { problem, .. } => Fate::Failed(problem.text),
        Reply::Answer(answer) => match answer.read::<User>() {
            None => Fate::Failed("the target answers with something else than a user".into()),
            Some(user) => delete(context, &entry, &user, mode).await?,
        },
    };
    if mode.delete
        && matches!(fate, Fate::Deleted | Fate::Gone)
        && let Ok((state, steps)) = entry.state.next(entry.steps, Event::Deleted)
    {
        let change = Change { record: entry.record, state, steps, at: None, code: None, text: None };
        context.ledger.change(change).await.map_err(|error| {
            context.stop.leave(error);
            Stopped
        })?;
    }
    Ok((entry, fate))
}

async fn delete(context: &Context, entry: &Entry, user: &User, mode: Mode) -> Result<Fate, Stopped> {
    Ok(match changed(context, entry, user).await? {
        Some(why) if !mode.force => Fate::Kept(why),
        _ if !mode.delete => Fate::Deleted,
        _ => match context.ask(&Request::delete(&entry.user_id)).await? {
            Reply::Answer(_) | Reply::Gone => Fate::Deleted,
            Reply::Refused { problem, .. } => Fate::Failed(problem.text),
        },
    })
}

/// Why the user is not as this run left them, if so.
async fn changed(context: &Context, entry: &Entry, user: &User) -> Result<Option<String>, Stopped> {
    if user.updated_at != Some(entry.at) {
        return Ok(Some(format!("changed or signed in since, last at {}", user.changed_at())));
    }
    // A first sign-in re-hashes every password but Argon2, which changes the user; only these can have been quiet.
    if user.hash == "argon2"
        && !user.password.is_empty()
        && let Reply::Answer(sessions) = context.ask(&Request::sessions(&entry.user_id)).await?
        && sessions.json().get("total").and_then(serde_json::Value::as_u64).unwrap_or_default() > 0
    {
        return Ok(Some("signed in since: has a session".into()));
    }
    Ok(None)
}

/// Rows whose create may have been sent, or whose last step is not known.
///
/// # Errors
/// [`RunError::ledger`]
pub fn open_rows(reader: &Reader) -> Result<u64, RunError> {
    reader.count_of(&[State::Intended, State::Created])
}
