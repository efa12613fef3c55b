//! A later export of the same users, brought over: the users of a run beside their records now and the target now; then
//! the ledger goes over to that export, and an import creates whoever is new.
//!
//! Nothing is asked about users whose record says what was sent before ([`Left`](crate::ledger::Left)). Everybody else is
//! looked at by `decide`, and what follows is noted user by user, so that whatever ends a sync, the next one of the same
//! export does what is left of it and nothing twice.

mod decide;
mod gone;
mod seal;
mod user;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::context::Context;
use super::feed::{self, Fed, id_digest};
use super::folder::RunFolder;
use super::gate::Gate;
use super::import::{self, Around, Imported};
use super::job::Job;
use super::mark::Marker;
use super::parallel::Parallel;
use super::session::Session;
use super::stop::Stop;
use super::window::Hold;
use crate::appwrite::Client;
use crate::appwrite::preflight::{self, chunks};
use crate::bridge::store::Durable;
use crate::bridge::{STORE, Store};
use crate::error::{Finish, RunError};
use crate::event::{self, Listener, Silent};
use crate::ledger::{self, Entry, Field, Reader, SYNCING, State, Steps};
use crate::plan::Keep;
use crate::plan::planner::Planner;
use crate::policy::Unsupported;
use crate::read::Export;
use crate::report::Report;
use crate::report::sync::{Changes, Finding, Kind, Sync};
use crate::runtime::{self, block_on};
use seal::{Differs, Seals};
use user::{Came, Known, is_being_remade, is_missing};

/// What becomes of users whose password is another one at the source now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum Stale {
    /// Made again with the same id, if nobody has signed in as them since
    Recreate,
    /// Sealed for the sign-in bridge, which gives the target the new one at the first sign-in; the old one works until then
    Bridge,
    /// The old one stays
    Keep,
}

/// What becomes of users whom the source no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
pub enum Gone {
    /// Nothing, and they are named
    #[default]
    Keep,
    /// They can no longer sign in
    Disable,
    /// Deleted, if they are as the run left them
    Delete,
}

/// How far a sync goes.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// `--stale-passwords`; by default the bridge where the run has one, else made again.
    pub stale: Option<Stale>,
    /// `--gone`
    pub gone: Gone,
    /// `--dry-run`: nothing is sent that changes anything.
    pub dry_run: bool,
    /// `--with-pii`: addresses in `changes.csv`.
    pub with_pii: bool,
}

/// What a sync found and did.
pub struct Synced {
    /// The counts.
    pub report: Sync,
    /// Its finish, or what ended it early.
    pub ended: Result<Finish, RunError>,
}

/// Brings what changed in a later export to the users of a run.
///
/// # Errors
/// What keeps it from beginning; what ends it later is [`Synced::ended`].
pub fn sync(
    later: &[PathBuf],
    path: &Path,
    key_file: Option<&Path>,
    mode: Mode,
    around: &Around,
    listener: &Arc<dyn Listener>,
) -> Result<Synced, RunError> {
    let Around { keeping, .. } = around;
    let folder = RunFolder::open(path)?;
    let earlier = Session::of(path)?;
    let mut session = earlier.clone();
    session.export.exports = later.to_vec();
    session.export = session.export.absolute()?;
    let (ledger, reader) = folder.begun_ledger(Arc::new(Silent))?;
    let has_store = folder.file(STORE).exists();
    // One that was ended is not taken up again without being asked for.
    let has_bridge =
        (has_store || session.policies.unsupported == Unsupported::Bridge) && !(has_store && was_ended(&folder)?);
    let stale = mode.stale.unwrap_or(if has_bridge { Stale::Bridge } else { Stale::Recreate });
    let export = session.open_export()?;
    listener.on(&event::Event::Said(format!("export: {}", export.why())));
    // The evening's moment decides who is banned until when; that of a sync that goes on stays its own.
    let same_export = same_run(&session, &export, &reader)?;
    // What a live source said then nobody can read again: whoever was begun is finished with what it says now.
    let can_resume = same_export || !earlier.export.is_live();
    if can_resume && open_rows(&reader)? > 0 && reader.meta(SYNCING)?.is_none() {
        if !same_export {
            return Err(RunError::usage("the import has not ended: some users are begun")
                .remedy(format!("first: rehome resume {}", path.display())));
        }
        // A sync that was cut off while it created new users: the ledger is this export's already.
        ledger.close()?;
        drop((reader, export, folder));
        let Imported { ended, .. } = create_new(session, path, key_file, around, listener)?;
        return match ended {
            Ok(_) if open_rows(&Reader::open(path)?)? == 0 => sync(later, path, key_file, mode, around, listener),
            Ok(_) => Ok(Synced { report: Sync::default(), ended: Ok(Finish::Partial) }),
            Err(error) => Ok(Synced { report: Sync::default(), ended: Err(error) }),
        };
    }
    let export = if same_export {
        export
    } else {
        session.now = jiff::Timestamp::now().to_string();
        session.open_export()?
    };
    let open = session.destination.open(key_file, &folder)?;
    let found = block_on(preflight::preflight(&Client::new(open.target.clone(), 1)?))??;
    let mut planner = session.planner(&export, &reader, found.version.profile())?;
    let seals = if has_bridge || stale == Stale::Bridge {
        planner.keep = if stale == Stale::Bridge { Keep::All } else { Keep::Unsupported };
        // What is only looked at makes no store.
        if has_store || !mode.dry_run { Some(Seals::open(&folder, &open.target, keeping)?) } else { None }
    } else {
        None
    };

    let runtime = runtime::workers()?;
    let stop = Stop::default();
    let context = Arc::new(Context {
        gate: Gate::new(Client::new(open.target.clone(), session.concurrency)?, session.limits(), listener.clone())
            .counting(around.gauges.clone()),
        ledger: ledger.sender(),
        stop: stop.clone(),
        hold: Hold::default(),
    });
    let keeper = around.window.keeper(&stop, &context.hold, &context.ledger, listener);
    let keeper = runtime.spawn(keeper.keep());
    context.gate.remember(reader.done_before()?);
    let signals = runtime.spawn(stop.on_signals(|| {}));
    let words: Vec<String> = later.iter().map(|path| path.display().to_string()).collect();
    let mut work = Work {
        context: &context,
        runtime: &runtime,
        reader: &reader,
        marker: Marker::of(&reader)?,
        at_once: session.concurrency,
        mode,
        stale,
        seals,
        store: folder.file(STORE),
        to_seal: Vec::new(),
        listener: &**listener,
        report: Sync { schema: 1, dry_run: mode.dry_run, ..Sync::default() },
        changes: Changes::begin(&folder, mode.with_pii)?,
        syncing: words.join(" "),
        begun: false,
    };
    let done = work.go(&planner);
    let Work { report, changes, .. } = work;
    signals.abort();
    keeper.abort();
    let stopped = context.stop.take_reason();
    drop(context);
    drop(runtime);
    ledger.close()?;
    listener.on(&event::Event::Over);
    let moved = match (stopped, done) {
        (Some(reason), _) => return Ok(Synced { report, ended: Err(reason) }),
        (None, done) => done?,
    };
    changes.finish()?;
    let looks = Finish::partial_if(report.look > 0);
    if mode.dry_run {
        return Ok(Synced { report, ended: Ok(looks) });
    }
    let open_still = reader.count_of(&[State::Intended, State::Created, State::Failed])?;
    drop(reader);
    let settings = serde_json::to_string(&session).map_err(RunError::bug("what was to be written is no JSON"))?;
    ledger::adopt(&folder, &session.identity(&export)?, &settings, &moved)?;
    drop((open, export, folder));
    if report.of(Kind::New) + open_still == 0 && same_export {
        tell_in_report(path, &report)?;
        return Ok(Synced { report, ended: Ok(looks) });
    }
    let Imported { ended, .. } = create_new(session, path, key_file, around, listener)?;
    tell_in_report(path, &report)?;
    let ended = ended.map(|finish| finish.max(looks));
    Ok(Synced { report, ended })
}

/// Adds what a sync did to the report of its run, if it has one.
fn tell_in_report(path: &Path, sync: &Sync) -> Result<(), RunError> {
    let folder = RunFolder::open(path)?;
    let Some(report) = Report::load(&folder)? else { return Ok(()) };
    let second = sync.second(jiff::Timestamp::now());
    Report { sync: Some(second), ..report }.save(&folder)
}

/// Whether the bridge of the run has ended: its store keeps no hash any more.
fn was_ended(folder: &RunFolder) -> Result<bool, RunError> {
    let store = Store::create(&folder.file(STORE), Durable::Fully)?;
    Ok(store.until()?.is_none())
}

/// Users of whom it is not known what was left.
fn open_rows(reader: &Reader) -> Result<u64, RunError> {
    reader.count_of(&[State::Intended, State::Created])
}

/// Creates whoever is new, and does what is missing of others, as an import of this export does.
fn create_new(
    session: Session,
    path: &Path,
    key_file: Option<&Path>,
    around: &Around,
    listener: &Arc<dyn Listener>,
) -> Result<Imported, RunError> {
    let choices = import::Choices { yes: true, around: around.clone(), ..import::Choices::default() };
    import::import(session, path, key_file, choices, listener.clone())
}

/// Whether this is the very export that the run has; an error if it cannot be a later one of the same users.
fn same_run(session: &Session, export: &Export, reader: &Reader) -> Result<bool, RunError> {
    let stored = reader.meta("identity")?.unwrap_or_default();
    let stored: ledger::Identity = serde_json::from_str(&stored)
        .map_err(|_| RunError::foreign_ledger("the ledger does not say what it belongs to"))?;
    let now = session.identity(export)?;
    let same = stored.export == now.export;
    match stored.difference(&ledger::Identity { export: stored.export.clone(), ..now }) {
        None => Ok(same),
        Some(difference) => Err(RunError::foreign_ledger(format!("the run belongs to {difference}"))
            .remedy("a sync takes a later export of the same source, read in the same way")),
    }
}

struct Work<'w> {
    context: &'w Arc<Context>,
    runtime: &'w Runtime,
    reader: &'w Reader,
    marker: Marker,
    at_once: usize,
    mode: Mode,
    stale: Stale,
    seals: Option<Seals>,
    /// The bridge's file.
    store: PathBuf,
    /// Users without a password whose hash is another one at the source now.
    to_seal: Vec<Job>,
    listener: &'w dyn Listener,
    report: Sync,
    changes: Changes,
    /// The export's files, as a person types them.
    syncing: String,
    /// Whether the ledger says that a sync is on.
    begun: bool,
}

/// Whose record a later export has, by the source's id, or by the user's where the source has none.
fn key(source_id: &str, user_id: &str) -> u64 {
    id_digest(if source_id.is_empty() { user_id } else { source_id })
}

impl Work<'_> {
    /// Everybody; gives the new and old numbers of those whom the export still has.
    fn go(&mut self, planner: &Planner<'_>) -> Result<Vec<(u64, u64)>, RunError> {
        let mut places: HashMap<u64, u64> = HashMap::new();
        self.each_row(|_, entry| {
            places.insert(key(&entry.source_id, &entry.user_id), entry.record);
            Ok(())
        })?;
        let duplicates = planner.duplicates(self.listener)?;
        // By old number: the new one, and whether it is a user's.
        let mut met: HashMap<u64, (u64, bool)> = HashMap::new();
        let (context, runtime, mode) = (self.context.clone(), self.runtime, self.mode);
        let mut asked = Parallel::new(self.context, runtime, self.at_once);
        let mut waiting: Vec<Known> = Vec::new();
        let mut came: Vec<Came> = Vec::new();
        let marker = self.marker.clone();
        let bridge = user::Passwords {
            stale: self.stale,
            seals: self.seals.clone(),
            places: Arc::new(Semaphore::new(self.at_once.max(1))),
        };
        let question = |known| user::page(context.clone(), marker.clone(), known, mode, bridge.clone());
        feed::scan(planner, &duplicates, &Silent, |batch| {
            if context.stop.is_set() {
                return Ok(ControlFlow::Break(()));
            }
            for fed in batch {
                let later = fed.record();
                let (source_id, user_id, is_user) = match &fed {
                    Fed::User(job) => (job.source_id.clone(), job.user_id().to_owned(), true),
                    Fed::Refused { source_id, .. } => (source_id.clone(), String::new(), false),
                };
                let place = places.get(&key(&source_id, &user_id)).copied();
                let entry = match place {
                    Some(place) if met.get(&place).is_none_or(|(_, user)| is_user && !user) => {
                        met.insert(place, (later, is_user));
                        self.reader.range(place, place)?.pop()
                    }
                    _ => None,
                };
                let Fed::User(job) = fed else { continue };
                match entry {
                    Some(entry) if can_be_synced(&entry) => {
                        self.seal_anew(later, &job, &entry)?;
                        waiting.extend(self.unless_unchanged(later, *job, entry));
                    }
                    // Begun by a sync that was cut off: an import finishes them.
                    Some(entry) if entry.is_there() || !entry.state.is_terminal() => {}
                    _ => self.find(Finding::new(later, &user_id))?,
                }
            }
            let size = chunks(&waiting, |known| known.job.user_id().len()).next().map_or(0, <[Known]>::len);
            if size > 0 && size < waiting.len() || waiting.len() >= 100 {
                let later = waiting.split_off(size);
                self.begin()?;
                asked.add(question(std::mem::replace(&mut waiting, later)), &mut |one| {
                    came.push(one);
                    Ok(())
                })?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        while !waiting.is_empty() {
            let size = chunks(&waiting, |known| known.job.user_id().len()).next().map_or(0, <[Known]>::len);
            let later = waiting.split_off(size);
            self.begin()?;
            asked.add(question(std::mem::replace(&mut waiting, later)), &mut |one| {
                came.push(one);
                Ok(())
            })?;
        }
        asked.finish(&mut |one| {
            came.push(one);
            Ok(())
        })?;
        for one in came {
            self.take(one)?;
        }
        self.seal_all()?;
        self.look_for_gone(&met)?;
        self.runtime.block_on(self.context.ledger.sync())?;
        let mut moved: Vec<(u64, u64)> = met.into_iter().map(|(old, (new, _))| (new, old)).collect();
        moved.sort_unstable();
        Ok(moved)
    }

    /// Keeps for sealing who was created without a password and has another hash at the source now; that takes no request.
    fn seal_anew(&mut self, later: u64, job: &Job, entry: &Entry) -> Result<(), RunError> {
        let would_seal = self.mode.dry_run && self.stale == Stale::Bridge && job.bridged.is_some();
        if self.seals.is_none() && !would_seal {
            return Ok(());
        }
        let has_none = |left: ledger::Left| left.get(Field::Password) == 0;
        if job.create.body.password.is_some() || !entry.left.is_some_and(has_none) {
            return Ok(());
        }
        let differs = self.seals.as_ref().map_or(Ok(Some(Differs::Hash)), |seals| seals.differs(job))?;
        let Some(differs) = differs else { return Ok(()) };
        let kept = self.stale == Stale::Keep && differs == Differs::Hash;
        let finding = Finding {
            record: later,
            user_id: job.user_id().to_owned(),
            email: job.email().map(str::to_owned),
            kind: if kept { Kind::StalePassword } else { Kind::Password },
            fields: vec![Field::Password.name()],
            done: if kept { "kept: --stale-passwords keep" } else { "sealed for the bridge" }.into(),
            look: kept,
        };
        // An address or a name is told as such.
        if differs == Differs::Hash {
            self.find(finding)?;
        }
        if !self.mode.dry_run && !kept {
            self.to_seal.push(job.clone());
            if self.to_seal.len() >= 1000 {
                self.seal_all()?;
            }
        }
        Ok(())
    }

    fn seal_all(&mut self) -> Result<(), RunError> {
        let jobs = std::mem::take(&mut self.to_seal);
        if jobs.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.seals.as_ref().map_or(Ok(()), |seals| seals.seal_all(&jobs, None).map(|_| ()))
    }

    /// The user, unless the source says what was sent before.
    fn unless_unchanged(&mut self, later: u64, mut job: Job, entry: Entry) -> Option<Known> {
        let planned = self.marker.planned(&job);
        if entry.left == Some(planned) && !is_being_remade(&entry) && !is_missing(&entry) {
            self.report.unchanged += 1;
            return None;
        }
        job.record = entry.record;
        Some(Known { later, job, planned, entry })
    }

    fn take(&mut self, came: Came) -> Result<(), RunError> {
        self.report.edits += came.edits;
        came.findings.into_iter().try_for_each(|finding| self.find(finding))
    }

    fn find(&mut self, finding: Finding) -> Result<(), RunError> {
        self.report.add(&finding);
        self.changes.add(&finding)
    }

    /// Notes in the ledger that a sync is on, before anything is sent that changes anybody.
    fn begin(&mut self) -> Result<(), RunError> {
        if self.mode.dry_run || std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        self.runtime.block_on(async {
            self.context.ledger.meta(SYNCING, self.syncing.clone()).await?;
            self.context.ledger.sync().await
        })
    }

    fn each_row(&mut self, mut each: impl FnMut(&mut Self, Entry) -> Result<(), RunError>) -> Result<(), RunError> {
        let mut after = 0;
        loop {
            let page = self.reader.page(after, 1000)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.record;
            for entry in page {
                each(self, entry)?;
            }
        }
    }
}

/// Whether something was left of the user that can be brought up to date. Of others an import does what is missing.
fn can_be_synced(entry: &Entry) -> bool {
    match entry.state {
        State::Done | State::Present => true,
        // Whom `verify` doubted, or something was not done for.
        State::Failed => is_being_remade(entry) || (entry.steps.has(Steps::CREATED) && entry.left.is_some()),
        _ => false,
    }
}

impl Finding {
    /// Somebody whom the source has and the run has not.
    fn new(record: u64, user_id: &str) -> Self {
        Self {
            record,
            user_id: user_id.to_owned(),
            email: None,
            kind: Kind::New,
            fields: Vec::new(),
            done: "to be created".into(),
            look: false,
        }
    }
}
