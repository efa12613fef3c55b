//! `rehome sync`

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{BridgeArgs, BridgeKeyArgs, KeyArgs, MetricsArgs, OutputArgs, OutputFormat, RefusedArgs, WindowArgs};
use super::{agree, progress};
use crate::error::{Finish, RunError};
use crate::event::Listener;
use crate::run::exposition::Exposition;
use crate::run::gauges::Counting;
use crate::run::import::Around;
use crate::run::sync::{Gone, Mode, Stale, Synced, sync};

/// Bring what changed in a later export to the users of a run, and create those who are new
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The later export's files, of the same source and in the same order as the import's; or the database once more
    #[arg(required = true, value_name = "LATER")]
    pub later: Vec<PathBuf>,
    /// The run folder of the import
    #[arg(long = "run", value_name = "RUN")]
    pub folder: PathBuf,
    /// Say what would be done, and change nobody
    #[arg(long)]
    pub dry_run: bool,
    /// What becomes of users who have another password at the source now [default: bridge where the run has one, else
    /// recreate]
    #[arg(long, value_enum)]
    pub stale_passwords: Option<Stale>,
    /// What becomes of users whom the source no longer has
    #[arg(long, value_enum, default_value_t)]
    pub gone: Gone,
    /// How many may be gone, where more than one in ten are and that is meant
    #[arg(long, value_name = "N")]
    pub gone_up_to: Option<u64>,
    /// Put addresses into changes.csv
    #[arg(long)]
    pub with_pii: bool,
    /// Whether refused users are fine.
    #[command(flatten)]
    pub refused: RefusedArgs,
    /// When to hold, and when to end.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Where the session's numbers go.
    #[command(flatten)]
    pub metrics: MetricsArgs,
    /// The key.
    #[command(flatten)]
    pub key: KeyArgs,
    /// The bridge's key.
    #[command(flatten)]
    pub bridge: BridgeKeyArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mode = Mode {
        stale: args.stale_passwords,
        gone: args.gone,
        gone_up_to: args.gone_up_to,
        dry_run: args.dry_run,
        with_pii: args.with_pii,
        ask: agree::asked_of_sync(args.output),
        ask_import: agree::asked(args.output),
    };
    let around = args.window.clone().around(BridgeArgs { key: args.bridge.clone(), bridge_until: None });
    let gauges = around.gauges.clone();
    let listener: Arc<dyn Listener> =
        Arc::new(Counting { gauges: gauges.clone(), listener: progress::listener(args.output) });
    let shown = Exposition::begin(args.metrics.clone().into(), gauges, &args.folder, "", &listener)?;
    let ended = go(&args, mode, &around, &listener);
    shown.end(&ended);
    ended
}

fn go(args: &Args, mode: Mode, around: &Around, listener: &Arc<dyn Listener>) -> Result<Finish, RunError> {
    let key_file = args.key.key_file.as_deref();
    let Synced { report, ended } = sync(&args.later, &args.folder, key_file, mode, around, listener)?;
    match args.output.format {
        OutputFormat::Json => {
            let json = serde_json::to_string(&report).map_err(RunError::bug("what was to be written is no JSON"))?;
            super::put(json + "\n")?;
        }
        OutputFormat::Text if args.output.quiet => {}
        OutputFormat::Text => {
            let what = if args.dry_run { "nothing was changed; this is what would be:\n" } else { "" };
            super::tell(&format!("{what}{}", report.sentences()))?;
        }
    }
    ended.map(|finish| finish.forgiving(args.refused.refused_ok))
}
