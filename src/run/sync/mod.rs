//! A later export of the same users, brought over: the users of a run beside their records now and the target now; then
//! the ledger goes over to that export, and an import creates whoever is new.
//!
//! Nothing is asked about users whose record says what was sent before ([`Left`](crate::ledger::Left)). Everybody else is
//! looked at by `decide`, and what follows is noted user by user, so that whatever ends a sync, the next one of the same
//! export does what is left of it and nothing twice, and its list names everybody since the first.

mod asking;
mod begun;
mod clash;
mod decide;
mod deleted;
mod edits;
mod ending;
mod found;
mod gone;
mod look;
mod met;
mod remake;
mod seal;
mod table;
mod user;
mod work;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

use super::agree::{self, Ahead, Ask, AskSync};
use super::context::Context;
use super::folder::RunFolder;
use super::gate::Gate;
use super::import::{self, Around, Imported};
use super::mark::Marker;
use super::session::{PROFILE, Session};
use super::stop::Stop;
use super::window::Hold;
use crate::appwrite::Client;
use crate::appwrite::preflight;
use crate::bridge::store::Durable;
use crate::bridge::{STORE, Store};
use crate::error::{Finish, RunError};
use crate::escape::quoted_path;
use crate::event::{self, Listener, Silent};
use crate::ledger::{self, Reader, SYNCED, SYNCING, SYNCING_EXPORT, State};
use crate::plan::Keep;
use crate::policy::Unsupported;
use crate::report::sync::{Kind, Sync};
use crate::report::{Observer, Report};
use crate::runtime::{self, block_on};
use asking::Asking;
use found::Found;
use met::Placed;
use seal::Seals;
use table::{Table, Told};
use work::{Done, Lists, Work};

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

impl Gone {
    /// What becomes of them, where something does.
    const fn means(self) -> Option<&'static str> {
        match self {
            Self::Keep => None,
            Self::Disable => Some("disabled"),
            Self::Delete => Some("deleted, but for whoever was changed or has signed in since"),
        }
    }
}

/// How far a sync goes.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// `--stale-passwords`; by default the bridge where the run has one, else made again.
    pub stale: Option<Stale>,
    /// `--gone`
    pub gone: Gone,
    /// `--gone-up-to`: how many gone users a person knows of.
    pub gone_up_to: Option<u64>,
    /// `--dry-run`: nothing is sent that changes anything.
    pub dry_run: bool,
    /// `--with-pii`: addresses in `changes.csv`.
    pub with_pii: bool,
    /// Who is asked before anything is sent to a real target.
    pub ask: Option<AskSync>,
    /// Who is asked before an import of the same export that was cut off is gone on with.
    pub ask_import: Option<Ask>,
}

impl Mode {
    /// The words after `rehome sync` that go on with a sync of these exports, for a POSIX shell that stands elsewhere.
    fn words(&self, exports: &[PathBuf], key_file: Option<&Path>, bridge_key_file: Option<&Path>) -> String {
        let mut words: Vec<String> = exports.iter().map(|path| quoted_path(path)).collect();
        let mut add = |flag: &str, value: Option<String>| {
            if let Some(value) = value {
                words.extend([flag.to_owned(), value]);
            }
        };
        let name = |value: clap::builder::PossibleValue| value.get_name().to_owned();
        add("--stale-passwords", self.stale.and_then(|stale| stale.to_possible_value()).map(name));
        let gone = Some(self.gone).filter(|gone| *gone != Gone::Keep);
        add("--gone", gone.and_then(|gone| gone.to_possible_value()).map(name));
        add("--gone-up-to", self.gone_up_to.map(|n| n.to_string()));
        let path = |path: &Path| quoted_path(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        add("--key-file", key_file.map(path));
        add("--bridge-key-file", bridge_key_file.map(path));
        if self.with_pii {
            words.push("--with-pii".into());
        }
        words.join(" ")
    }
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
    go(later, path, key_file, mode, around, listener, false)
}

fn go(
    later: &[PathBuf],
    path: &Path,
    key_file: Option<&Path>,
    mode: Mode,
    around: &Around,
    listener: &Arc<dyn Listener>,
    goes_on: bool,
) -> Result<Synced, RunError> {
    let Around { keeping, .. } = around;
    let folder = RunFolder::open(path)?;
    let earlier = Session::of(path)?;
    let mut session = earlier.clone();
    session.export.exports = later.to_vec();
    session.export = session.export.absolute()?;
    if let Some(lost) = session.export.leave_lost_list() {
        listener.on(&event::Event::Warned(lost));
    }
    // It is needed at the end, and what is wrong with it is said before anything is sent.
    session.export.known_passwords()?;
    let (ledger, reader) = folder.begun_ledger_unseen(Arc::new(Silent))?;
    // Beside each other: whether the ledger is whole, which takes longest, what it says, and what the export is.
    let whole = Whole::look_at(path);
    let (table, opened) = std::thread::scope(|scope| {
        let table = scope.spawn(|| Table::of(path));
        let opened = session.open_export().and_then(|export| Ok((session.identity(&export)?, export)));
        (joined(table.join()), opened)
    });
    let (table, (identity, export)) = (table?, opened?);
    let has_store = folder.file(STORE).exists();
    // One that was ended is not taken up again without being asked for.
    let has_bridge =
        (has_store || session.policies.unsupported == Unsupported::Bridge) && !(has_store && was_ended(&folder)?);
    let stale = mode.stale.unwrap_or(if has_bridge { Stale::Bridge } else { Stale::Recreate });
    if !goes_on {
        listener.on(&event::Event::Said(format!("export: {}", export.why())));
    }
    // The evening's moment decides who is banned until when; that of a sync that goes on stays its own.
    let same_export = same_run(&identity, &reader)?;
    let syncing = reader.meta(SYNCING)?.is_some();
    let synced = reader.meta(SYNCED)?.is_some();
    let creating = same_export && (synced || table.told.left(&reader)? > 0);
    let goes_on = goes_on || syncing || creating;
    // What a live source said then nobody can read again: whoever was begun is finished with what it says now.
    let can_resume = same_export || !earlier.export.is_live();
    if can_resume && !syncing && table.told.open > 0 && !(same_export && mode.dry_run) {
        if !same_export {
            return Err(RunError::usage("the import has not ended: some users are begun")
                .remedy(format!("first: rehome resume {}", quoted_path(path))));
        }
        whole.or_damaged()?;
        // A sync that was cut off while it created new users, which was agreed to, or an import: the ledger is this export's already.
        ledger.close()?;
        drop((reader, table, export, folder));
        let ask = mode.ask_import.filter(|_| !synced);
        let Imported { ended, .. } = create_new(session, path, key_file, ask, around, listener)?;
        return match ended {
            Ok(_) if open_rows(path)? == 0 => go(later, path, key_file, mode, around, listener, goes_on),
            Ok(_) => Ok(Synced { report: Sync::default(), ended: Ok(Finish::Partial) }),
            Err(error) => Ok(Synced { report: Sync::default(), ended: Err(error) }),
        };
    }
    let (identity, export) = if same_export {
        (identity, export)
    } else {
        session.now = jiff::Timestamp::now().to_string();
        let export = session.open_export()?;
        (session.identity(&export)?, export)
    };
    let open = session.destination.open(key_file, &folder)?;
    let found_there = block_on(preflight::preflight(&Client::new(open.target.clone(), 1)?))??;
    let mut planner = session.planner(&export, &reader, found_there.version.profile())?;
    let seals = if has_bridge || stale == Stale::Bridge {
        planner.keep = if stale == Stale::Bridge { Keep::All } else { Keep::Unsupported };
        has_store.then(|| Seals::open(&folder, &open.target, keeping)).transpose()?
    } else {
        None
    };
    // What is only looked at, or not agreed to, makes no store.
    let makes_store = (has_bridge || stale == Stale::Bridge) && !has_store && !mode.dry_run;
    let words = mode.words(&session.export.exports, key_file, keeping.key_file.as_deref());
    let syncing_export = identity.export.clone();
    // Who goes on has agreed: to this, and to nothing else.
    let agreed = reader.meta(SYNCING)?.as_ref() == Some(&words)
        && reader.meta(SYNCING_EXPORT)?.as_ref() == Some(&syncing_export);

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
    context.gate.remember(table.told.done_before);
    let mut work = Work {
        context: &context,
        runtime: &runtime,
        reader: &reader,
        at_once: session.concurrency,
        asking: Asking::new(Marker::of(&reader)?, mode, stale, seals, session.concurrency),
        store: folder.file(STORE),
        to_seal: Vec::new(),
        listener: &**listener,
        report: Sync { schema: 1, dry_run: mode.dry_run, ..Sync::default() },
        found: Found::begin(&folder, &reader, mode, goes_on)?,
        freed: HashSet::new(),
        syncing: (words, syncing_export),
        goes_on,
        begun: false,
        noting: false,
    };
    let ask = mode.ask.filter(|_| !mode.dry_run && !agreed);
    let mut signals = None;
    let agree = |ahead: &Ahead| {
        // Nothing is written before.
        whole.or_damaged()?;
        agree::sync(ask, &session.destination, ahead, mode.gone.means())?;
        // Until then nothing is on that would have to be finished: whoever is asked may leave by Ctrl-C.
        signals = Some(runtime.spawn(stop.on_signals(|| {})));
        makes_store.then(|| Seals::open(&folder, &open.target, keeping)).transpose()
    };
    let frame = export.rejects_frame();
    let lists: Lists<'_> = if mode.dry_run || same_export { None } else { Some((&folder, &frame)) };
    let observer = Observer { source: export.source().name(), with_pii: false };
    let done = work.go(&table, &planner, observer, lists, agree);
    let Work { mut report, mut found, noting, begun, .. } = work;
    let Told { open: on_the_way, failed, refused, left_out, .. } = table.told;
    drop(table);
    if let Some(signals) = signals {
        signals.abort();
    }
    keeper.abort();
    let stopped = context.stop.take_reason();
    drop(context);
    drop(runtime);
    let closed = ledger.close();
    listener.on(&event::Event::Over);
    // Whatever has ended it: what was done is named.
    let listed = if noting { found.list(&folder, &reader, &mut report) } else { Ok(()) };
    closed?;
    let Done { placed: Placed { places, is_complete, is_said }, surveyed } = match (stopped, done) {
        (Some(reason), _) | (None, Err(reason)) => return Ok(Synced { report, ended: Err(reason) }),
        (None, Ok(done)) => done,
    };
    listed?;
    let looks = Finish::partial_if(report.look > 0 || export.is_incomplete());
    if mode.dry_run {
        return Ok(Synced { report, ended: Ok(looks) });
    }
    // Who was not touched is as they were read.
    let (open_still, left_out) = if begun {
        let (open, left_out) = reader.unfinished()?;
        (open, left_out > 0)
    } else {
        (on_the_way + failed, left_out)
    };
    let nobody = report.of(Kind::New) + open_still == 0 && is_complete;
    // What else an import would do.
    let settled = nobody
        && is_said
        && session.export.known.is_none()
        && !left_out
        && reader.meta(PROFILE)?.as_deref() == Some(planner.profile.name);
    drop(reader);
    let survey = if settled { Some(surveyed.finish(lists)?) } else { None };
    let settings = serde_json::to_string(&session).map_err(RunError::bug("what was to be written is no JSON"))?;
    ledger::adopt(&folder, &identity, &settings, &places)?;
    let is_other = begun || places.moved.is_some() || survey.is_some();
    let counts = if is_other { Some(Reader::open(path)?.counts()?) } else { None };
    report.refused = counts.map_or(refused, |counts| counts.refused);
    drop(places);
    if nobody && same_export {
        ledger::end_sync(&folder)?;
        drop((open, folder));
        tell_in_report(path, &report)?;
        // As an import ends that has nobody left to create, and names the same people.
        let refused = if report.refused > 0 { Finish::Refused } else { Finish::Done };
        return Ok(Synced { report, ended: Ok(looks.max(refused)) });
    }
    if let (Some(survey), Some(counts)) = (survey, counts) {
        let target = (&open.target, found_there.version);
        let ended = ending::end(&session, &export, target, &survey, &folder, path, (&report, counts))?;
        return Ok(Synced { report, ended: Ok(ended.max(looks)) });
    }
    drop((open, export, folder));
    let Imported { ended, .. } = create_new(session, path, key_file, None, around, listener)?;
    let folder = RunFolder::open(path)?;
    let reader = Reader::open(path)?;
    found.list(&folder, &reader, &mut report)?;
    report.refused = reader.counts()?.refused;
    drop(reader);
    if ended.is_ok() {
        ledger::end_sync(&folder)?;
    }
    drop(folder);
    tell_in_report(path, &report)?;
    let ended = ended.map(|finish| finish.max(looks));
    Ok(Synced { report, ended })
}

/// A ledger whose pages are looked at while other things are done.
struct Whole(JoinHandle<Result<(), RunError>>);

impl Whole {
    fn look_at(path: &Path) -> Self {
        let path = path.to_owned();
        Self(std::thread::spawn(move || Reader::open(&path)?.look()))
    }

    fn or_damaged(self) -> Result<(), RunError> {
        joined(self.0.join())
    }
}

/// What a thread came to that reads the ledger.
fn joined<T>(result: std::thread::Result<Result<T, RunError>>) -> Result<T, RunError> {
    result.unwrap_or_else(|_| Err(RunError::internal("a thread that read the ledger died")))
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
fn open_rows(path: &Path) -> Result<u64, RunError> {
    Reader::open(path)?.count_of(&[State::Intended, State::Created])
}

/// Creates whoever is new, and does what is missing of others, as an import of this export does.
fn create_new(
    session: Session,
    path: &Path,
    key_file: Option<&Path>,
    ask: Option<Ask>,
    around: &Around,
    listener: &Arc<dyn Listener>,
) -> Result<Imported, RunError> {
    let choices = import::Choices { yes: true, ask, is_of_sync: true, around: around.clone(), limit: None };
    import::import(session, path, key_file, choices, listener.clone())
}

/// Whether this is the very export that the run has; an error if it cannot be a later one of the same users.
fn same_run(now: &ledger::Identity, reader: &Reader) -> Result<bool, RunError> {
    let stored = reader.meta("identity")?.unwrap_or_default();
    let stored: ledger::Identity = serde_json::from_str(&stored)
        .map_err(|_| RunError::foreign_ledger("the ledger does not say what it belongs to"))?;
    let same = stored.export == now.export;
    match stored.difference(&ledger::Identity { export: stored.export.clone(), ..now.clone() }) {
        None => Ok(same),
        Some(difference) => Err(RunError::foreign_ledger(format!("the run belongs to {difference}"))
            .remedy("a sync takes a later export of the same source, read in the same way")),
    }
}
