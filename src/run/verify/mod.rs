//! Reading everybody back: each user beside their plan, everybody whom no plan explains, and the known passwords at the
//! door where they will be used.

mod people;
mod strays;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context::Context;
use super::findings::{Finding, Log, Verified};
use super::gate::Gate;
use super::parts::Parts;
use super::session::{Session, Stage};
use super::sign_in::sign_in;
use super::stop::Stop;
use super::target::Destination;
use super::window::Hold;
use crate::appwrite::Client;
use crate::error::{Finish, RunError};
use crate::event::{self, Listener};
use crate::ledger::{Counts, Ledger, Reader};
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::plan::proof::prove_all;
use crate::report::Report;
use crate::report::figures::{plural, users};
use crate::runtime;
use crate::scheme::known::{self, KnownPassword};
use strays::{Ours, Strays};

/// Every finding, one JSON object a line.
const LOG: &str = "verify.log.ndjson";
/// Findings that are told one by one.
const TOLD: usize = 20;
/// Users whose sessions are asked for one by one, which no list of users tells; of more it would take as long as the
/// import itself.
pub(super) const SESSIONS_ASKED: u64 = 2000;

/// The passwords to sign in with, and where.
#[derive(Debug, Clone, Default)]
pub struct Passwords {
    /// The file of passwords known in advance, else the run's own.
    pub known: Option<PathBuf>,
    /// A sign-in bridge to sign in through, which lets in whom it holds a hash of.
    pub through: Option<String>,
}

/// Reads back everybody whom the runs of these folders created, compares, and signs in with the passwords known in advance:
/// what `verify` does. Report and findings are written into each folder; the report of all is given back.
///
/// # Errors
/// What keeps a run from being opened, or everybody from being read.
pub fn verify(
    parts: &Parts,
    passwords: &Passwords,
    key_file: Option<&Path>,
    listener: &Arc<dyn Listener>,
) -> Result<(Report, Finish), RunError> {
    for warning in &parts.warnings {
        listener.on(&event::Event::Warned(warning.clone()));
    }
    let sessions = parts.folders.iter().map(|path| Session::of(path)).collect::<Result<Vec<_>, _>>()?;
    for (path, session) in parts.folders.iter().zip(&sessions) {
        session.export.can_be_read_again(path)?;
    }
    // Once for all folders: a list may come through a pipe.
    let given = passwords.known.as_deref().map(known::read).transpose()?;
    let mut whole: Option<Report> = None;
    let mut bad = 0;
    // A known password is somebody's in one of the folders; nothing is proven where none could try it.
    let mut untried: Option<Vec<String>> = None;
    for (n, (path, session)) in parts.folders.iter().zip(sessions.iter().cloned()).enumerate() {
        if parts.folders.len() > 1 {
            listener.on(&event::Event::Said(format!("{}:", path.display())));
        }
        // Everybody at a target is looked at once, when all that were sent there are known.
        let at = |destination: &Destination| *destination == session.destination && !destination.is_own();
        let strays = match sessions[n + 1..].iter().any(|later| at(&later.destination)) {
            true => None,
            false if session.destination.is_own() => Some(vec![path]),
            false => {
                let here = parts.folders.iter().zip(&sessions).filter(|(_, session)| at(&session.destination));
                Some(here.map(|(path, _)| path).collect())
            }
        };
        let passwords = (given.as_deref(), passwords.through.as_deref());
        let (report, differ, untested) = one(session, path, strays.as_deref(), key_file, passwords, listener)?;
        bad += differ;
        match &mut untried {
            Some(untried) => untried.retain(|who| untested.contains(who)),
            None => untried = Some(untested),
        }
        match &mut whole {
            Some(whole) => whole.merge(report),
            None => whole = Some(report),
        }
    }
    listener.on(&event::Event::Over);
    let report = whole.ok_or_else(|| RunError::usage("name a run folder"))?;
    bad += untried.map_or(0, |untried| untried.len()) as u64;
    Ok((report, Finish::partial_if(bad > 0)))
}

/// One folder's part. `strays` are all the folders of users at this target, if those whom nobody made are to be looked for;
/// `passwords` the list that was given and the sign-in bridge.
/// Besides the report it gives the number of what is not as it should be, and whose known passwords were not tried.
fn one(
    session: Session,
    path: &Path,
    strays: Option<&[&PathBuf]>,
    key_file: Option<&Path>,
    (given, through): (Option<&[KnownPassword]>, Option<&str>),
    listener: &Arc<dyn Listener>,
) -> Result<(Report, u64, Vec<String>), RunError> {
    let (stage, ledger) = Stage::open(session, path, key_file, false, listener.clone())?;
    // What is noted here is nobody's progress.
    ledger.close()?;
    let ledger = stage.reopen()?;
    let (planner, survey) = stage.survey_as_planned()?;
    // The import's report knows whom the target refused; a plan does not.
    let mut report = match Report::load(&stage.folder)? {
        Some(earlier) if earlier.import.is_some() => earlier.continued("verify", jiff::Timestamp::now()),
        _ => stage.report("verify", &survey.tally),
    };
    // A list of the import's is deleted sooner or later, and one that is given here is for once: neither binds the run.
    let own = if given.is_some() { None } else { stage.session.export.known_passwords()? };
    let passwords = given.or(own.as_deref()).unwrap_or_default();
    if given.is_some() {
        report.known = Some(prove_all(&planner, &survey.duplicates, passwords, &*stage.listener)?);
    }
    let readers = strays.map(|folders| folders.iter().map(|path| Reader::open(path)).collect::<Result<Vec<_>, _>>());
    let ours = readers.transpose()?.map(|readers| Ours::of(&readers)).transpose()?;
    let log = Log::new(stage.folder.begin(LOG)?);
    let keep = |finding: &Finding| log.add(finding).map_err(RunError::io(LOG));
    let found = look(&stage, &planner, &survey.duplicates, (passwords, through), ledger, ours, keep)?;
    log.into_inner().finish()?;
    let counts = stage.reader.counts()?;
    tell(&*stage.listener, &found, counts);
    let untested = found.untested.iter().map(|(who, _)| who.clone()).collect();
    let bad = found.counts.different + found.counts.missing + found.counts.stray + found.counts.not_signed_in;
    report.verify = Some(found.counts);
    report.suggest(stage.session.typed(&stage.session.export.words(None), path, None));
    report.save(&stage.folder)?;
    Ok((report, bad + counts.left + counts.absent, untested))
}

/// Reads everybody of one folder back and signs in.
///
/// # Errors
/// As [`verify`].
pub(super) fn read_back(
    stage: &Stage,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    passwords: &[KnownPassword],
    ledger: Ledger,
) -> Result<Verified, RunError> {
    let ours = Ours::of([&stage.reader])?;
    look(stage, planner, duplicates, (passwords, None), ledger, Some(ours), |_| Ok(()))
}

/// Reads back and signs in; each finding is handed on as it comes.
fn look(
    stage: &Stage,
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    (known, through): (&[KnownPassword], Option<&str>),
    ledger: Ledger,
    ours: Option<Ours>,
    keep: impl Fn(&Finding) -> Result<(), RunError>,
) -> Result<Verified, RunError> {
    let client = Client::new(stage.target.clone(), stage.session.concurrency)?;
    let client = through.map_or(Ok(client.clone()), |door| client.through(door))?;
    let runtime = runtime::workers()?;
    let stop = Stop::default();
    let context = Arc::new(Context {
        gate: Gate::new(client, stage.session.limits(), stage.listener.clone()),
        ledger: ledger.sender(),
        stop: stop.clone(),
        hold: Hold::default(),
    });
    let signals = runtime.spawn(stop.on_signals(|| {}));
    let told = Cell::new(0);
    let sink = |finding: Finding| {
        if told.replace(told.get() + 1) < TOLD {
            let Finding { record, user_id, what, text } = &finding;
            let whose = if *record == 0 { String::new() } else { format!("record {record}, ") };
            stage.listener.on(&event::Event::Said(format!("{what}: {whose}user {user_id}: {text}")));
        }
        keep(&finding)
    };
    let found = (|| {
        let mut found = Verified::default();
        // Beside the others: one page is asked for after the other.
        let strays = ours.map(|ours| Strays::look_for(&context, &runtime, ours, stage.preflight.version));
        let people = people::People { stage, planner, duplicates, known, through: through.is_some() };
        let people::Seen { sign_ins, elsewhere } = people.compare(&context, &runtime, &mut found, &sink)?;
        if let Some(strays) = strays {
            strays.name(elsewhere, &context, &runtime, &mut found, &sink)?;
        }
        let concurrency = stage.session.concurrency;
        sign_in(&context, &runtime, concurrency, sign_ins, &mut found, &sink, &*stage.listener)?;
        Ok(found)
    })();
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
fn tell(listener: &dyn Listener, found: &Verified, Counts { left, absent, .. }: Counts) {
    let say = |n: u64, one: &str, many: &str| {
        if n > 0 {
            listener.on(&event::Event::Said(plural(n, one, many)));
        }
    };
    say(
        found.upgraded,
        "user who is as planned has signed in since: Appwrite hashed the password anew or has it from the bridge, as it should",
        "users who are as planned have signed in since: Appwrite hashed their passwords anew or has them from the bridge, as \
         it should",
    );
    say(
        found.used,
        "user who is as planned has something that no import makes: a session, a second factor or a target",
        "users who are as planned have something that no import makes: a session, a second factor or a target",
    );
    say(
        found.sessions_unasked,
        "user was not asked about sessions: there are too many users to ask for each",
        "users were not asked about sessions: there are too many users to ask for each",
    );
    say(
        found.counts.kept_out,
        "known password is right, and its owner is disabled and kept out, as planned",
        "known passwords are right, and their owners are disabled and kept out, as planned",
    );
    say(
        found.others,
        "other user of the project was there before this run",
        "other users of the project were there before this run",
    );
    if found.elsewhere > 0 {
        let who = users(found.elsewhere);
        let text = format!("{who} of the project are planned for shards that were not named, and are not looked at");
        listener.on(&event::Event::Said(text));
    }
    say(
        found.counts.gone,
        "user of this run is gone from the source, and was kept: nothing says how they should be, and `sync --gone` what becomes of them",
        "users of this run are gone from the source, and were kept: nothing says how they should be, and `sync --gone` what becomes of \
         them",
    );
    say(
        absent,
        "planned user is not there: refused by the target, in conflict or given up, as the rejects say",
        "planned users are not there: refused by the target, in conflict or given up, as the rejects say",
    );
    say(left, "record is not done yet: rehome resume goes on", "records are not done yet: rehome resume goes on");
    for (who, why) in &found.untested {
        listener.on(&event::Event::Said(format!("not tried: {who}: {why}")));
    }
}
