//! `rehome import`

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::{
    BridgeArgs, ExportArgs, MetricsArgs, OutputArgs, PolicyArgs, RefusedArgs, RunArgs, TargetArgs, WindowArgs,
};
use super::{agree, print, progress, say_where};
use crate::error::{Finish, RunError};
use crate::event::{Event, Listener};
use crate::plan::shard::Shard;
use crate::run::Limits;
use crate::run::exposition::Exposition;
use crate::run::gauges::Counting;
use crate::run::import::{Choices, Imported, import};
use crate::run::session::Session;
use crate::run::settings::ExportSettings;
use crate::run::target::Destination;

/// Create the users; a second run of the same command resumes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export.
    #[command(flatten)]
    pub export: ExportArgs,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What becomes of ids, unsupported hashes and duplicates.
    #[command(flatten)]
    pub policies: PolicyArgs,
    /// The bridge.
    #[command(flatten)]
    pub bridge: BridgeArgs,
    /// When to hold, and when to end.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Where the session's numbers go.
    #[command(flatten)]
    pub metrics: MetricsArgs,
    /// Take only part I of N of the users (I from 0); else JOB_COMPLETION_INDEX and JOB_COMPLETIONS
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Create only the first N planned users; the same command without it, or `rehome resume`, takes the rest
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Whether refused users are fine.
    #[command(flatten)]
    pub refused: RefusedArgs,
    /// The run folder.
    #[command(flatten)]
    pub run: RunArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let shard = match args.shard {
        Some(shard) => shard,
        None => shard_of_job(|name| std::env::var(name).ok())?,
    };
    let target = args.target;
    let mut export = ExportSettings::from(args.export);
    export.ca_file.clone_from(&target.server.ca_file);
    let destination = if target.sandbox {
        Destination::Sandbox
    } else {
        Destination::server(target.server.endpoint, target.server.project, target.server.ca_file)?
    };
    let limits = Limits {
        concurrency: target.concurrency,
        rate: target.rate,
        give_up_after: Duration::from_secs(target.give_up_after),
    };
    let session = Session::new(export, args.policies.into(), destination, shard, limits)?;
    let ask = agree::asked(args.output);
    let choices = Choices {
        limit: args.limit,
        yes: args.output.yes,
        ask,
        is_of_sync: false,
        around: args.window.around(args.bridge),
    };
    let key_file = target.server.key.key_file.as_deref();
    go(session, &args.run.folder, key_file, choices, args.metrics, args.refused, args.output)
}

/// Runs or goes on with a session, and prints its report.
pub(super) fn go(
    session: Session,
    folder: &Path,
    key_file: Option<&Path>,
    choices: Choices,
    metrics: MetricsArgs,
    refused: RefusedArgs,
    output: OutputArgs,
) -> Result<Finish, RunError> {
    let gauges = choices.around.gauges.clone();
    let listener: Arc<dyn Listener> =
        Arc::new(Counting { gauges: gauges.clone(), listener: progress::listener(output) });
    let shown = Exposition::begin(metrics.into(), gauges, folder, &session.shard.to_string(), &listener)?;
    let ended = go_on(session, folder, key_file, choices, output, &listener);
    let ended = ended.map(|finish| finish.forgiving(refused.refused_ok));
    shown.end(&ended);
    ended
}

fn go_on(
    session: Session,
    folder: &Path,
    key_file: Option<&Path>,
    choices: Choices,
    output: OutputArgs,
    listener: &Arc<dyn Listener>,
) -> Result<Finish, RunError> {
    let Imported { report, held_back, first, ended } = import(session, folder, key_file, choices, listener.clone())?;
    print(&report, output)?;
    say_where(folder, output)?;
    if held_back {
        listener.on(&Event::Warned("nothing was sent; --yes imports all the same".into()));
    }
    if first.is_some() && ended.is_ok() {
        listener.on(&Event::Said(
            "that was the first look: sign in as one of them, then give the same command again for the others".into(),
        ));
    }
    ended
}

/// What a Kubernetes Indexed Job says of this process.
fn shard_of_job(variable: impl Fn(&str) -> Option<String>) -> Result<Shard, RunError> {
    match (variable("JOB_COMPLETION_INDEX"), variable("JOB_COMPLETIONS")) {
        (None, _) => Ok(Shard::default()),
        (Some(index), Some(of)) => format!("{index}/{of}").parse().map_err(RunError::usage),
        (Some(_), None) => Err(RunError::usage(
            "JOB_COMPLETION_INDEX is set and JOB_COMPLETIONS is not: every part would import everybody",
        )
        .remedy("set it to the job's completions, or give --shard I/N")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indexed_job_says_which_shard_it_is() {
        let job = |index: Option<&str>, of: Option<&str>| {
            let (index, of) = (index.map(str::to_owned), of.map(str::to_owned));
            shard_of_job(|name| if name == "JOB_COMPLETIONS" { of.clone() } else { index.clone() })
                .map_err(|e| e.exit_code())
        };
        assert_eq!(job(None, None), Ok(Shard::default()));
        assert_eq!(job(None, Some("4")), Ok(Shard::default()));
        assert_eq!(job(Some("3"), Some("4")), Ok(Shard { index: 3, of: 4 }));
        assert_eq!(job(Some("3"), None), Err(2));
        assert_eq!(job(Some("4"), Some("4")), Err(2));
    }
}
