//! `rehome check`

use super::progress::Progress;
use super::{print, say_where};
use crate::error::{Finish, RunError};
use crate::run::check::{Check, check};
use crate::run::settings::ExportSettings;

/// Read, identify and plan every user without sending anything; print and write the report
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export.
    #[command(flatten)]
    pub export: super::args::ExportArgs,
    /// The version.
    #[command(flatten)]
    pub version: super::args::VersionArgs,
    /// What becomes of ids, unsupported hashes and duplicates.
    #[command(flatten)]
    pub policies: super::args::PolicyArgs,
    /// The run folder.
    #[command(flatten)]
    pub run: super::args::RunArgs,
    /// Requests a second to estimate the duration with [default: 100]
    #[arg(long, value_name = "N")]
    pub rate: Option<std::num::NonZeroU32>,
    /// An earlier export of the same source: say who is new, changed or gone since (repeat it for its further files)
    #[arg(long, value_name = "EXPORT")]
    pub since: Vec<std::path::PathBuf>,
    /// Let addresses, ids and sentences that quote them stand in the report
    #[arg(long)]
    pub with_pii: bool,
    /// The target.
    #[command(flatten)]
    pub live: super::args::LiveArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let target = args.live;
    // Endpoint and project may stand in the environment for other commands.
    let mut export = ExportSettings::from(args.export);
    export.ca_file.clone_from(&target.server.ca_file);
    // Sources that are in use have certificates as well.
    let has_ca = target.server.ca_file.is_some() && !export.is_live();
    if !target.live && (target.server.key.key_file.is_some() || has_ca) {
        return Err(RunError::usage("--key-file and --ca-file are of use with --live alone").remedy("add --live"));
    }
    let live = target.live.then(|| target.server.target());
    let what = Check {
        export,
        policies: args.policies.into(),
        version: args.version.appwrite_version,
        rate: args.rate,
        since: args.since,
        with_pii: args.with_pii,
        live: live.transpose()?,
    };
    let progress = Progress::new(args.output);
    let report = check(what, &args.run.folder, &progress)?;
    drop(progress);
    print(&report, args.output)?;
    say_where(&args.run.folder, args.output)?;
    let wrong = report.known.as_ref().is_some_and(|known| !known.wrong.is_empty());
    Ok(Finish::partial_if(report.outcomes.refused > 0 || wrong || report.source.incomplete))
}
