//! `rehome resume`

use super::args::concurrency;
use crate::error::{Finish, RunError};
use crate::run::import::Choices;
use crate::run::session::Session;

/// Go on with an interrupted run, from its folder alone
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: std::path::PathBuf,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// The bridge.
    #[command(flatten)]
    pub bridge: super::args::BridgeArgs,
    /// When to hold, and when to end.
    #[command(flatten)]
    pub window: super::args::WindowArgs,
    /// Where the session's numbers go.
    #[command(flatten)]
    pub metrics: super::args::MetricsArgs,
    /// Requests a second at most, from now on
    #[arg(long, value_name = "N")]
    pub rate: Option<std::num::NonZeroU32>,
    /// Requests in flight at most, from now on
    #[arg(long, value_name = "N", value_parser = concurrency())]
    pub concurrency: Option<usize>,
    /// Create only the first N planned users of the export
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Stop, resumable, after the target has given no proper answer for this long
    #[arg(long, value_name = "SECONDS")]
    pub give_up_after: Option<u64>,
    /// Whether refused users are fine.
    #[command(flatten)]
    pub refused: super::args::RefusedArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut session = Session::of(&args.folder)?;
    crate::run::rollback::not_taken_back(&args.folder)?;
    session.rate = args.rate.or(session.rate);
    session.concurrency = args.concurrency.unwrap_or(session.concurrency);
    session.give_up_after = args.give_up_after.unwrap_or(session.give_up_after);
    if session.export.is_piped() {
        return Err(RunError::usage("this run read standard input")
            .remedy("run the same `rehome import` again with the same input"));
    }
    let ask = super::agree::asked(args.output);
    let choices = Choices {
        limit: args.limit,
        yes: args.output.yes,
        ask,
        is_of_sync: false,
        around: args.window.around(args.bridge),
    };
    let key_file = args.key.key_file.as_deref();
    super::import::go(session, &args.folder, key_file, choices, args.metrics, args.refused, args.output)
}
