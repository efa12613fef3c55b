//! `rehome rollback`

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::args::OutputFormat;
use super::progress;
use super::session::Session;
use super::verify::runtime;
use crate::appwrite::{Client, preflight};
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener, Silent};
use crate::ledger::{Lock, Reader};
use crate::plan::planner::Planner;
use crate::report::summary::Rollback;
use crate::report::{Report, RunFolder};
use crate::run::context::Context;
use crate::run::gate::Gate;
use crate::run::rollback::{self, Mode, Spared};
use crate::run::stop::Stop;

/// Spared users that are told one by one in text; JSON names all.
const TOLD: usize = 20;

/// Delete what a run created, and nothing else; looks first, and asks before it deletes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// Delete users that were changed, or signed in, since, too
    #[arg(long)]
    pub force: bool,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// How to speak.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let listener = progress::listener(args.output);
    let session = Session::of(&args.folder)?;
    let folder = RunFolder::open(&args.folder)?;
    let lock = Lock::take(&folder)?;
    let (ledger, reader) = lock.reopen(Arc::new(Silent))?;
    let open = session.place.open(args.key.key_file.as_deref(), &folder)?;
    let found = super::block_on(preflight::preflight(&Client::new(open.target.clone(), 1)?))??;

    let runtime = runtime()?;
    let stop = Stop::default();
    let context = Arc::new(Context {
        gate: Gate::new(Client::new(open.target.clone(), session.concurrency)?, session.ceilings(), listener.clone()),
        ledger: ledger.sender(),
        stop: stop.clone(),
    });
    let signals = runtime.spawn(stop.on_signals(|| {}));
    let done = take_back(&args, &session, &context, &runtime, &reader, &*listener, &found);
    signals.abort();
    drop(context);
    drop(runtime);
    ledger.close()?;
    listener.on(&Event::Over);
    let Taken { counts, spared, deleted } = done?;

    if deleted && let Some(report) = Report::load(&folder)? {
        let mut report = report.continued("rollback", jiff::Timestamp::now());
        report.rollback = Some(counts.clone());
        report.suggest(&session.export.words(None), &args.folder);
        report.save(&folder)?;
    }
    say(&args, &counts, &spared, deleted)?;
    Ok(Finish::partial_if(deleted && counts.kept + counts.failed > 0))
}

/// What a rollback did, or would do.
struct Taken {
    counts: Rollback,
    spared: Vec<Spared>,
    deleted: bool,
}

fn take_back(
    args: &Args,
    session: &Session,
    context: &Arc<Context>,
    runtime: &tokio::runtime::Runtime,
    reader: &Reader,
    listener: &dyn Listener,
    found: &preflight::Preflight,
) -> Result<Taken, RunError> {
    let open = rollback::open_rows(reader)?;
    if open > 0 {
        listener.on(&Event::Said(format!("asking the target about {open} users whose create was not answered")));
        let export = session.open_export()?;
        let mut planner = Planner::new(&export, session.policies, found.version.profile());
        planner.shard = session.shard;
        let duplicates = planner.duplicates(&Silent)?;
        rollback::recover(context, runtime, &planner, &duplicates, reader)?;
    }
    let go = |delete: bool| {
        let mut spared = Vec::new();
        let mode = Mode { delete, force: args.force };
        listener.on(&Event::Expecting { users: reader.counts()?.created });
        let counts = rollback::rollback(context, runtime, reader, session.concurrency, mode, listener, |who| {
            spared.push(who);
        })?;
        Ok::<_, RunError>(Taken { counts, spared, deleted: delete })
    };
    if args.output.yes {
        return go(true);
    }
    let looked = go(false)?;
    let ask = args.output.format == OutputFormat::Text && std::io::stdin().is_terminal();
    if ask && looked.counts.deleted > 0 && agreed(looked.counts.deleted)? { go(true) } else { Ok(looked) }
}

fn agreed(users: u64) -> Result<bool, RunError> {
    let mut error = std::io::stderr();
    let _ = write!(error, "delete {}? [y/N] ", crate::report::figures::users(users));
    let _ = error.flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(RunError::io("standard input"))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn say(args: &Args, counts: &Rollback, spared: &[Spared], deleted: bool) -> Result<(), RunError> {
    let text = match args.output.format {
        OutputFormat::Json => {
            let spared: Vec<_> = spared
                .iter()
                .map(|who| serde_json::json!({"record": who.record, "user_id": who.user_id, "text": who.text}))
                .collect();
            let mut document = serde_json::json!({"schema": 1, "dry_run": !deleted, "spared": spared});
            let counts = serde_json::to_value(counts).map_err(RunError::bug("what was to be written is no JSON"))?;
            if let (Some(document), serde_json::Value::Object(counts)) = (document.as_object_mut(), counts) {
                document.extend(counts);
            }
            document.to_string() + "\n"
        }
        OutputFormat::Text => {
            let Rollback { deleted: n, gone, kept, failed } = counts;
            let verb = if deleted { "deleted" } else { "to delete" };
            let mut lines = vec![format!("{n} users {verb}, {gone} already gone, {kept} kept, {failed} failed")];
            lines.extend(spared.iter().take(TOLD).map(|Spared { record, user_id, text }| {
                crate::report::inert::shown(&format!("record {record}, user {user_id}: {text}"), 200).into_owned()
            }));
            if spared.len() > TOLD {
                lines.push(format!("… and {} more; --format json names all", spared.len() - TOLD));
            }
            if *kept > 0 {
                lines.push("users that were changed or used since are kept; --force deletes them too".into());
            }
            if !deleted {
                lines.push(format!("nothing was deleted; do it with: rehome rollback {} --yes", args.folder.display()));
            }
            lines.join("\n") + "\n"
        }
    };
    super::put(text)
}
