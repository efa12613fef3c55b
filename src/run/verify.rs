//! Reading everybody back: each user beside their plan, everybody whom no plan explains, and the known passwords at the
//! door where they will be used.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use xxhash_rust::xxh3::xxh3_64;

use super::compare::compare;
use super::context::{Context, Reply, Stopped};
use super::engine::BEGAN;
use super::feed::{self, Fed};
use super::findings::{Finding, Log, Sink, Verified};
use super::gate::Gate;
use super::job::Job;
use super::session::{Session, Stage};
use super::sign_in::{SignIn, SignIns, sign_in};
use super::stop::Stop;
use crate::appwrite::Client;
use crate::appwrite::preflight::chunks;
use crate::appwrite::wire::user::Page;
use crate::appwrite::wire::{Request, User, cursor_after, equal, limit};
use crate::error::{Finish, RunError};
use crate::event::{self, Listener, Silent};
use crate::ledger::{Change, Entry, Event, Ledger, Reader, State};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::report::Report;
use crate::runtime;
use crate::scheme::known::{self, KnownPassword};

/// Users a page.
const PAGE: usize = 100;
/// Every finding, one JSON object a line.
const LOG: &str = "verify.log.ndjson";
/// Findings that are told one by one.
const TOLD: usize = 20;

/// Reads back everybody whom the run of a folder created, compares, and signs in with the passwords known in advance: what
/// `verify` does. The report and the findings are written into the folder.
///
/// # Errors
/// What keeps the run from being opened, or everybody from being read.
pub fn verify(
    session: Session,
    path: &Path,
    key_file: Option<&Path>,
    listener: Arc<dyn Listener>,
) -> Result<(Report, Finish), RunError> {
    let (stage, ledger) = Stage::open(session, path, key_file, listener)?;
    let (planner, survey) = stage.survey(None)?;
    // The import's report knows whom the target refused; a plan does not.
    let mut report = match Report::load(&stage.folder)? {
        Some(earlier) if earlier.import.is_some() => earlier.continued("verify", jiff::Timestamp::now()),
        _ => stage.report("verify", &survey.tally),
    };
    let log = Log::new(stage.folder.begin(LOG)?);
    let found =
        read_back(&stage, &planner, &survey.duplicates, ledger, |finding| log.add(finding).map_err(RunError::io(LOG)))?;
    log.into_inner().finish()?;
    let counts = stage.reader.counts()?;
    tell(&*stage.listener, &found, counts.left);
    let bad = found.counts.different + found.counts.missing + found.counts.stray + found.counts.not_signed_in;
    report.verify = Some(found.counts);
    report.suggest(&stage.session.export.words(None), path);
    report.save(&stage.folder)?;
    stage.listener.on(&event::Event::Over);
    Ok((report, Finish::partial_if(bad + counts.left > 0)))
}

/// Reads everybody back and signs in; each finding is handed on as it comes.
pub(super) fn read_back(
    stage: &Stage,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    ledger: Ledger,
    keep: impl Fn(&Finding) -> Result<(), RunError>,
) -> Result<Verified, RunError> {
    let client = Client::new(stage.target.clone(), stage.session.concurrency)?;
    let known = match &stage.session.export.known {
        Some(path) => known::read(path)?,
        None => Vec::new(),
    };
    let runtime = runtime::workers()?;
    let stop = Stop::default();
    let context = Arc::new(Context {
        gate: Gate::new(client, stage.session.limits(), stage.listener.clone()),
        ledger: ledger.sender(),
        stop: stop.clone(),
    });
    let signals = runtime.spawn(stop.on_signals(|| {}));
    let began = stage.reader.meta("started")?.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let verification = Verification {
        planner,
        duplicates,
        reader: &stage.reader,
        concurrency: stage.session.concurrency,
        known: &known,
        began: began.map_or(i64::MIN, jiff::Timestamp::as_millisecond),
    };
    let told = Cell::new(0);
    let found = verification.run(&context, &runtime, &|finding| {
        if told.replace(told.get() + 1) < TOLD {
            let Finding { record, user_id, what, text } = &finding;
            let whose = if *record == 0 { String::new() } else { format!("record {record}, ") };
            stage.listener.on(&event::Event::Said(format!("{what}: {whose}user {user_id}: {text}")));
        }
        keep(&finding)
    });
    signals.abort();
    let stopped = context.stop.take_reason();
    drop(context);
    drop(runtime);
    ledger.close()?;
    match stopped {
        Some(reason) if found.is_ok() => Err(reason),
        _ => found,
    }
}

/// What the counts alone do not say.
fn tell(listener: &dyn Listener, found: &Verified, left: u64) {
    let say = |n: u64, text: &str| {
        if n > 0 {
            listener.on(&event::Event::Said(format!("{n} {text}")));
        }
    };
    say(
        found.upgraded,
        "of the same have signed in since: Appwrite re-hashed their passwords, which is as it should be",
    );
    say(found.blocked, "of those who signed in are disabled, and were refused for that alone, as planned");
    say(found.others, "other users of the project were there before this run");
    say(left, "records have not reached their end: rehome resume goes on");
    for text in &found.untested {
        listener.on(&event::Event::Said(format!("not tried: {text}")));
    }
}

/// A verification. `context.ledger` takes notice of sign-ins, so that rollback does not take them for somebody else's.
pub struct Verification<'v> {
    /// The run's planner.
    pub planner: &'v Planner<'v>,
    /// The export's duplicates.
    pub duplicates: &'v Duplicates,
    /// The run's ledger, which says who was created.
    pub reader: &'v Reader,
    /// Requests at a time.
    pub concurrency: usize,
    /// The passwords known in advance.
    pub known: &'v [KnownPassword],
    /// When the run began by this machine's clock, in Unix milliseconds, if the ledger has no better.
    pub began: i64,
}

impl Verification<'_> {
    /// Reads everybody back.
    ///
    /// # Errors
    /// What ended the reading, [`RunError::target`], or what `sink` returned.
    pub fn run(
        &self,
        context: &Arc<Context>,
        runtime: &tokio::runtime::Runtime,
        sink: Sink<'_>,
    ) -> Result<Verified, RunError> {
        let mut found = Verified::default();
        let sign_ins = self.compare_all(context, runtime, &mut found, sink)?;
        self.stray(context, runtime, &mut found, sink)?;
        runtime.block_on(sign_in(context, sign_ins, &mut found, sink))?;
        Ok(found)
    }

    fn compare_all(
        &self,
        context: &Arc<Context>,
        runtime: &tokio::runtime::Runtime,
        found: &mut Verified,
        sink: Sink<'_>,
    ) -> Result<Vec<SignIn>, RunError> {
        let mut sign_ins = SignIns::of(self.known);
        let mut asked: JoinSet<Result<Vec<Compared>, Stopped>> = JoinSet::new();
        let mut waiting: Vec<Job> = Vec::new();
        feed::scan(self.planner, self.duplicates, &Silent, |batch| {
            if context.stop.is_set() {
                return Ok(ControlFlow::Break(()));
            }
            for (mut job, entry) in self.expected(batch)? {
                sign_ins.look_up(&job, &entry);
                (job.state, job.known) = (entry.state, entry.steps);
                if entry.has_no_phone() {
                    job.leave_phone_out();
                }
                waiting.push(job);
            }
            let mut rest = std::mem::take(&mut waiting);
            while rest.len() >= PAGE {
                let later = rest.split_off(PAGE);
                ask(context, runtime, &mut asked, std::mem::replace(&mut rest, later));
                if asked.len() >= self.concurrency.max(1) {
                    runtime.block_on(take(context, &mut asked, found, sink))?;
                }
            }
            waiting = rest;
            Ok(ControlFlow::Continue(()))
        })?;
        if !waiting.is_empty() {
            ask(context, runtime, &mut asked, waiting);
        }
        while !asked.is_empty() {
            runtime.block_on(take(context, &mut asked, found, sink))?;
        }
        found.untested = sign_ins.untested();
        Ok(sign_ins.found)
    }

    /// The users of a batch that the ledger says are there.
    fn expected(&self, batch: Vec<Fed>) -> Result<Vec<(Job, Entry)>, RunError> {
        let (Some(first), Some(last)) = (batch.first().map(Fed::record), batch.last().map(Fed::record)) else {
            return Ok(Vec::new());
        };
        let mut known: HashMap<u64, Entry> =
            self.reader.range(first, last)?.into_iter().map(|entry| (entry.record, entry)).collect();
        let expected = batch.into_iter().filter_map(|fed| match fed {
            Fed::User(job) => known.remove(&job.record).filter(Entry::is_there).map(|entry| (*job, entry)),
            Fed::Refused { .. } => None,
        });
        Ok(expected.collect())
    }

    /// Pages through all users of the project and looks for those whom the ledger does not know.
    fn stray(
        &self,
        context: &Arc<Context>,
        runtime: &tokio::runtime::Runtime,
        found: &mut Verified,
        sink: Sink<'_>,
    ) -> Result<(), RunError> {
        let ours = self.our_ids()?;
        let began = self.reader.meta(BEGAN)?.and_then(|at| at.parse().ok()).unwrap_or(self.began);
        let mut last: Option<String> = None;
        loop {
            let mut queries = vec![limit(PAGE)];
            queries.extend(last.as_deref().map(cursor_after));
            let users = runtime.block_on(list(context, &queries)).map_err(|Stopped| stopped(context))?;
            for user in &users {
                if ours.binary_search(&xxh3_64(user.id.as_bytes())).is_ok() {
                    continue;
                }
                if user.created_at.is_some_and(|created| created < began) {
                    found.others += 1;
                    continue;
                }
                found.counts.stray += 1;
                let text = "created since this run began, and not by it".into();
                sink(Finding { record: 0, user_id: user.id.clone(), what: "stray", text })?;
            }
            let next = users.last().map(|user| user.id.clone());
            if next.is_some() && next == last {
                return Err(RunError::target(
                    "the target gives the same page of users again: it ignores `cursorAfter`",
                ));
            }
            last = next;
            if users.len() < PAGE || last.is_none() || context.stop.is_set() {
                return Ok(());
            }
        }
    }

    /// Eight bytes an id, sorted.
    fn our_ids(&self) -> Result<Vec<u64>, RunError> {
        let mut ids = Vec::new();
        let mut after = 0;
        loop {
            let page = self.reader.page(after, 1000)?;
            let Some(entry) = page.last() else { break };
            after = entry.record;
            ids.extend(page.iter().map(|entry| xxh3_64(entry.user_id.as_bytes())));
        }
        ids.sort_unstable();
        Ok(ids)
    }
}

/// A user beside their plan.
enum Compared {
    Same { upgraded: bool },
    Different(Finding),
    Missing(Finding),
}

fn ask(
    context: &Arc<Context>,
    runtime: &tokio::runtime::Runtime,
    asked: &mut JoinSet<Result<Vec<Compared>, Stopped>>,
    jobs: Vec<Job>,
) {
    let context = context.clone();
    asked.spawn_on(async move { compare_page(&context, jobs).await }.in_current_span(), runtime.handle());
}

async fn take(
    context: &Context,
    asked: &mut JoinSet<Result<Vec<Compared>, Stopped>>,
    found: &mut Verified,
    sink: Sink<'_>,
) -> Result<(), RunError> {
    let Some(joined) = asked.join_next().await else { return Ok(()) };
    let page = joined.map_err(|_| RunError::internal("a comparison died"))?.map_err(|Stopped| stopped(context))?;
    for compared in page {
        match compared {
            Compared::Same { upgraded } => {
                found.counts.same += 1;
                found.upgraded += u64::from(upgraded);
            }
            Compared::Different(finding) => {
                found.counts.different += 1;
                sink(finding)?;
            }
            Compared::Missing(finding) => {
                found.counts.missing += 1;
                sink(finding)?;
            }
        }
    }
    Ok(())
}

async fn compare_page(context: &Context, jobs: Vec<Job>) -> Result<Vec<Compared>, Stopped> {
    let mut result = Vec::with_capacity(jobs.len());
    for chunk in chunks(&jobs, |job| job.user_id().len()) {
        let ids: Vec<&str> = chunk.iter().map(Job::user_id).collect();
        let users = list(context, &[equal("$id", &ids), limit(PAGE)]).await?;
        let users: HashMap<&str, &User> = users.iter().map(|user| (&*user.id, user)).collect();
        for job in chunk {
            let finding = |what, text| Finding { record: job.record, user_id: job.user_id().to_owned(), what, text };
            let compared = match users.get(job.user_id()).map(|user| compare(job, user)) {
                None => Compared::Missing(finding("missing", "the target has no such user".into())),
                Some(comparison) if comparison.is_same() => Compared::Same { upgraded: comparison.upgraded },
                Some(comparison) => {
                    let differs: Vec<_> = comparison.different.into_iter().chain(comparison.missing).collect();
                    Compared::Different(finding("different", format!("differs in: {}", differs.join(", "))))
                }
            };
            doubt(context, job, &compared).await?;
            result.push(compared);
        }
    }
    Ok(result)
}

/// A run that calls a user done who is not as planned is to look again: `resume`, and the same `import`.
async fn doubt(context: &Context, job: &Job, compared: &Compared) -> Result<(), Stopped> {
    let (Compared::Missing(finding) | Compared::Different(finding)) = compared else { return Ok(()) };
    let Ok((state, steps)) = job.state.next(job.known, Event::Doubted) else { return Ok(()) };
    // Whom this run did not create was there before; if they are created now, it is from now on.
    let at = (job.state == State::Present).then(|| context.gate.clock().earliest());
    let change = Change { record: job.record, state, steps, at, code: None, text: Some(finding.text.clone()) };
    context.ledger.change(change).await.map_err(|error| {
        context.stop.leave(error);
        Stopped
    })
}

async fn list(context: &Context, queries: &[Value]) -> Result<Vec<User>, Stopped> {
    match context.ask(&Request::list(queries)).await? {
        Reply::Answer(answer) => match answer.read::<Page>() {
            Some(page) => Ok(page.users),
            None => Err(context.stop_run("the target answers a list of users with something else".into())),
        },
        Reply::Gone => Err(context.stop_run("the target has no list of users".into())),
        Reply::Refused { problem, .. } => {
            Err(context.stop_run(format!("the target refuses to list users: {}", problem.text)))
        }
    }
}

/// The reason for which the run is stopped; [`RunError::interrupted`] where nobody gave one.
pub(super) fn stopped(context: &Context) -> RunError {
    context.stop.take_reason().unwrap_or(RunError::interrupted())
}
