//! `rehome verify`

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;

use super::report::print;
use super::session::{Session, Stage};
use crate::appwrite::Client;
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener};
use crate::ledger::Ledger;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::report::{Report, survey};
use crate::run::context::Context;
use crate::run::gate::Gate;
use crate::run::stop::Stop;
use crate::run::verify::{Finding, Found, Log, Verification};
use crate::scheme::known;

/// Every finding, one JSON object a line.
const LOG: &str = "verify.log.ndjson";
/// Findings that are told one by one.
const TOLD: usize = 20;

/// Read every created user back and compare; sign in with known passwords
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// Passwords known in advance (default: those given to `import`)
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// How to speak.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut session = Session::of(&args.folder)?;
    if let Some(known) = args.known {
        session.export.known = Some(known);
    }
    let (stage, ledger) = Stage::open(session, &args.folder, args.key.key_file.as_deref(), args.output)?;
    let planner = stage.planner();
    let survey = survey::survey(&planner, None, &*stage.listener)?;
    // The import's report knows whom the target refused; a plan does not.
    let mut report = match Report::load(&stage.folder)? {
        Some(earlier) if earlier.import.is_some() => earlier.continued("verify", jiff::Timestamp::now()),
        _ => stage.report("verify", &survey.tally),
    };
    let log = Log::new(stage.folder.begin(LOG)?);
    let found =
        look(&stage, &planner, &survey.duplicates, ledger, |finding| log.add(finding).map_err(RunError::io(LOG)))?;
    log.into_inner().finish()?;
    let counts = stage.reader.counts()?;
    tell(&*stage.listener, &found, counts.left);
    let bad = found.counts.different + found.counts.missing + found.counts.stray + found.counts.not_signed_in;
    report.verify = Some(found.counts);
    report.suggest(&stage.session.export.words(None), &args.folder);
    report.save(&stage.folder)?;
    stage.listener.on(&Event::Over);
    print(&report, args.output)?;
    Ok(Finish::partial_if(bad + counts.left > 0))
}

/// Reads everybody back and signs in; each finding is handed on as it comes.
pub(super) fn look(
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
    let runtime = runtime()?;
    let stop = Stop::default();
    let context = Arc::new(Context {
        gate: Gate::new(client.clone(), stage.session.ceilings(), stage.listener.clone()),
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
        client: &client,
    };
    let told = Cell::new(0);
    let found = verification.run(&context, &runtime, &|finding| {
        if told.replace(told.get() + 1) < TOLD {
            let Finding { record, user_id, what, text } = &finding;
            let whose = if *record == 0 { String::new() } else { format!("record {record}, ") };
            stage.listener.on(&Event::Said(format!("{what}: {whose}user {user_id}: {text}")));
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
pub(super) fn tell(listener: &dyn Listener, found: &Found, left: u64) {
    let say = |n: u64, text: &str| {
        if n > 0 {
            listener.on(&Event::Said(format!("{n} {text}")));
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
        listener.on(&Event::Said(format!("not tried: {text}")));
    }
}

/// The runtime of a command that asks the target many things at a time.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, RunError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(RunError::bug("no runtime"))
}
