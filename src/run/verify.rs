//! Reading everybody back: each user beside their plan, everybody whom no plan explains, and the known passwords at the
//! door where they will be used.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use xxhash_rust::xxh3::xxh3_64;

use super::compare::compare;
use super::context::{Context, Left, Reply};
use super::engine::BEGAN;
use super::feed::{self, Fed};
use super::gate::Gate;
use super::job::Job;
use super::session::{Session, Stage};
use super::stop::Stop;
use crate::appwrite::Client;
use crate::appwrite::preflight::chunks;
use crate::appwrite::wire::user::Page;
use crate::appwrite::wire::{Request, User, cursor_after, equal, limit};
use crate::error::{Finish, RunError};
use crate::event::{self, Listener, Silent};
use crate::ledger::{Change, Entry, Event, Ledger, Reader, State, Steps};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::report::Report;
use crate::report::summary::Verify;
use crate::report::survey::survey;
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
    let planner = stage.planner();
    let survey = survey(&planner, stage.observer(), None, &*stage.listener)?;
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
) -> Result<Found, RunError> {
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
fn tell(listener: &dyn Listener, found: &Found, left: u64) {
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

/// Something that is not as planned.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The record; 0 for users whom no record explains.
    pub record: u64,
    /// The id at the target.
    pub user_id: String,
    /// `different`, `missing`, `stray` or `sign-in`.
    pub what: &'static str,
    /// The sentence, without secrets.
    pub text: String,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    /// The counts.
    pub counts: Verify,
    /// Of the same: Appwrite re-hashed the password at a first sign-in.
    pub upgraded: u64,
    /// Users of the target that were there before this run.
    pub others: u64,
    /// Known passwords that could not be tried, and why.
    pub untested: Vec<String>,
    /// Blocked users among those who signed in: refused for that reason and no other.
    pub blocked: u64,
}

/// Where findings go, as they come.
pub type Sink<'s> = &'s dyn Fn(Finding) -> Result<(), RunError>;

/// A verification. `context.ledger` takes notice of sign-ins, so that rollback does not take them for somebody else's.
pub struct Verification<'v> {
    /// The run's planner.
    pub planner: &'v Planner<'v>,
    /// The export's duplicates.
    pub duplicates: &'v Duplicates,
    /// What the run did.
    pub reader: &'v Reader,
    /// Requests at a time.
    pub concurrency: usize,
    /// The passwords known in advance.
    pub known: &'v [KnownPassword],
    /// When the run began by this machine's clock, in Unix milliseconds, if the ledger has no better.
    pub began: i64,
}

/// A known password and its user.
struct SignIn {
    record: u64,
    user_id: String,
    email: String,
    password: String,
    blocked: bool,
    entry: Entry,
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
    ) -> Result<Found, RunError> {
        let mut found = Found::default();
        let sign_ins = self.compare_all(context, runtime, &mut found, sink)?;
        self.stray(context, runtime, &mut found, sink)?;
        runtime.block_on(self.sign_in(context, sign_ins, &mut found, sink))?;
        Ok(found)
    }

    fn compare_all(
        &self,
        context: &Arc<Context>,
        runtime: &tokio::runtime::Runtime,
        found: &mut Found,
        sink: Sink<'_>,
    ) -> Result<Vec<SignIn>, RunError> {
        let mut sign_ins = SignIns::of(self.known);
        let mut asked: JoinSet<Result<Vec<Compared>, Left>> = JoinSet::new();
        let mut waiting: Vec<Job> = Vec::new();
        feed::scan(self.planner, self.duplicates, &Silent, |batch| {
            if context.stop.is_set() {
                return Ok(ControlFlow::Break(()));
            }
            for (mut job, entry) in self.expected(batch)? {
                sign_ins.look_up(&job, &entry);
                (job.state, job.known) = (entry.state, entry.steps);
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
        found: &mut Found,
        sink: Sink<'_>,
    ) -> Result<(), RunError> {
        let ours = self.our_ids()?;
        let began = self.reader.meta(BEGAN)?.and_then(|at| at.parse().ok()).unwrap_or(self.began);
        let mut last: Option<String> = None;
        loop {
            let mut queries = vec![limit(PAGE)];
            queries.extend(last.as_deref().map(cursor_after));
            let users = runtime.block_on(list(context, &queries)).map_err(|Left| stopped(context))?;
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

    async fn sign_in(
        &self,
        context: &Context,
        sign_ins: Vec<SignIn>,
        found: &mut Found,
        sink: Sink<'_>,
    ) -> Result<(), RunError> {
        for sign_in in sign_ins {
            if context.stop.is_set() {
                break;
            }
            let text = match self.try_sign_in(context, &sign_in).await {
                Ok(blocked) => {
                    found.counts.signed_in += 1;
                    found.blocked += u64::from(blocked);
                    continue;
                }
                Err(text) => text,
            };
            found.counts.not_signed_in += 1;
            sink(Finding { record: sign_in.record, user_id: sign_in.user_id, what: "sign-in", text })?;
        }
        Ok(())
    }

    /// Whether the user is blocked, as planned; the session is ended again.
    async fn try_sign_in(&self, context: &Context, sign_in: &SignIn) -> Result<bool, String> {
        let untouched = self.is_as_left(context, sign_in).await;
        let stopped = |Left| "the run was stopped".to_owned();
        match context.ask(&Request::sign_in(&sign_in.email, &sign_in.password)).await.map_err(stopped)? {
            // The target says so only to whom it believes the password.
            Reply::Refused { kind, .. } if kind == "user_blocked" && sign_in.blocked => Ok(true),
            // So does one whose policy wants the password changed: it has verified it first.
            Reply::Refused { kind, .. } if kind == "user_password_reset_required" => Ok(true),
            Reply::Refused { kind, .. } if kind == "user_blocked" => {
                Err("the user is blocked at the target, and was not planned to be".into())
            }
            Reply::Refused { kind, .. } if kind == "user_invalid_credentials" => {
                Err("the target does not accept the password".into())
            }
            Reply::Refused { problem, .. } => Err(format!("the target refuses the sign-in: {}", problem.text)),
            Reply::Gone => Err("the target has no such user".into()),
            Reply::Answer(_) if sign_in.blocked => Err("the user can sign in, and was planned to be disabled".into()),
            Reply::Answer(answer) => {
                if let Some(session) = answer.json().get("$id").and_then(Value::as_str) {
                    let _ = context.ask(&Request::end_session(&sign_in.user_id, session)).await;
                }
                if untouched {
                    self.note_sign_in(context, sign_in).await;
                }
                Ok(false)
            }
        }
    }

    /// Whether the user is as this run left them: a sign-in here must not hide from `rollback` what others did before.
    async fn is_as_left(&self, context: &Context, sign_in: &SignIn) -> bool {
        match context.ask(&Request::read(&sign_in.user_id)).await {
            Ok(Reply::Answer(answer)) => {
                answer.read::<User>().and_then(|user| user.updated_at) == Some(sign_in.entry.at)
            }
            _ => false,
        }
    }

    /// The sign-in re-hashed the password, which is no change by somebody else.
    async fn note_sign_in(&self, context: &Context, sign_in: &SignIn) {
        let Ok((state, steps)) = sign_in.entry.state.next(sign_in.entry.steps, Event::SignedIn) else { return };
        if let Ok(Reply::Answer(answer)) = context.ask(&Request::read(&sign_in.user_id)).await {
            let at = answer.read::<User>().and_then(|user| user.updated_at);
            let change = Change { record: sign_in.record, state, steps, at, code: None, text: None };
            // Closing the ledger tells of a writer that has given up.
            let _ = context.ledger.change(change).await;
        }
    }
}

/// Finds the users of the known passwords among the jobs.
struct SignIns<'k> {
    known: &'k [KnownPassword],
    by_email: HashMap<String, Vec<usize>>,
    by_id: HashMap<String, Vec<usize>>,
    met: Vec<Option<&'static str>>,
    found: Vec<SignIn>,
}

impl<'k> SignIns<'k> {
    fn of(known: &'k [KnownPassword]) -> Self {
        let mut sign_ins = Self {
            known,
            by_email: HashMap::new(),
            by_id: HashMap::new(),
            met: vec![Some("the run created no such user"); known.len()],
            found: Vec::new(),
        };
        for (i, pair) in known.iter().enumerate() {
            if let Some(email) = &pair.email {
                sign_ins.by_email.entry(email.trim().to_lowercase()).or_default().push(i);
            } else if let Some(id) = &pair.id {
                sign_ins.by_id.entry(id.trim().to_owned()).or_default().push(i);
            }
        }
        sign_ins
    }

    fn look_up(&mut self, job: &Job, entry: &Entry) {
        if self.by_email.is_empty() && self.by_id.is_empty() {
            return;
        }
        let email = job.email();
        let by_email = email.as_ref().and_then(|email| self.by_email.get(*email));
        let by_id = [self.by_id.get(&job.source_id), self.by_id.get(job.user_id())];
        let mut pairs: Vec<usize> =
            by_email.into_iter().chain(by_id.into_iter().flatten()).flatten().copied().collect();
        pairs.sort_unstable();
        pairs.dedup();
        for i in pairs {
            let has_password = job.create.body.password.is_some();
            self.met[i] = match email {
                _ if !has_password => Some("the user was created without a password"),
                None => Some("the user has no e-mail address to sign in with"),
                Some(email) => {
                    self.found.push(SignIn {
                        record: job.record,
                        user_id: job.user_id().to_owned(),
                        email: email.to_owned(),
                        password: self.known[i].password.clone(),
                        blocked: job.plans(Steps::DISABLE),
                        entry: entry.clone(),
                    });
                    None
                }
            };
        }
    }

    fn untested(&self) -> Vec<String> {
        let who = |pair: &KnownPassword| pair.email.clone().or_else(|| pair.id.clone()).unwrap_or_default();
        self.known.iter().zip(&self.met).filter_map(|(pair, met)| Some(format!("{}: {}", who(pair), (*met)?))).collect()
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
    asked: &mut JoinSet<Result<Vec<Compared>, Left>>,
    jobs: Vec<Job>,
) {
    let context = context.clone();
    asked.spawn_on(async move { compare_page(&context, jobs).await }.in_current_span(), runtime.handle());
}

async fn take(
    context: &Context,
    asked: &mut JoinSet<Result<Vec<Compared>, Left>>,
    found: &mut Found,
    sink: Sink<'_>,
) -> Result<(), RunError> {
    let Some(joined) = asked.join_next().await else { return Ok(()) };
    let page = joined.map_err(|_| RunError::internal("a comparison died"))?.map_err(|Left| stopped(context))?;
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

async fn compare_page(context: &Context, jobs: Vec<Job>) -> Result<Vec<Compared>, Left> {
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
async fn doubt(context: &Context, job: &Job, compared: &Compared) -> Result<(), Left> {
    let (Compared::Missing(finding) | Compared::Different(finding)) = compared else { return Ok(()) };
    let Ok((state, steps)) = job.state.next(job.known, Event::Doubted) else { return Ok(()) };
    // Whom this run did not create was there before; if they are created now, it is from now on.
    let at = (job.state == State::Present).then(|| context.gate.clock().earliest());
    let change = Change { record: job.record, state, steps, at, code: None, text: Some(finding.text.clone()) };
    context.ledger.change(change).await.map_err(|error| {
        context.stop.leave(error);
        Left
    })
}

async fn list(context: &Context, queries: &[Value]) -> Result<Vec<User>, Left> {
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

/// Why everything stops.
pub(super) fn stopped(context: &Context) -> RunError {
    context.stop.take_reason().unwrap_or(RunError::interrupted())
}

/// Findings in a file, one JSON object a line.
pub struct Log<W>(RefCell<W>);

impl<W: std::io::Write> Log<W> {
    /// A log into this file.
    pub const fn new(file: W) -> Self {
        Self(RefCell::new(file))
    }

    /// Adds a finding.
    ///
    /// # Errors
    /// What the file says.
    pub fn add(&self, finding: &Finding) -> std::io::Result<()> {
        let mut line = serde_json::to_string(finding).map_err(std::io::Error::other)?;
        line = crate::report::escape::json(line) + "\n";
        self.0.borrow_mut().write_all(line.as_bytes())
    }

    /// The file.
    pub fn into_inner(self) -> W {
        self.0.into_inner()
    }
}
