//! `rehome plan`

use std::io::{self, Write};
use std::ops::ControlFlow;

use crate::error::{Finish, RunError};
use crate::event::Silent;
use crate::plan::planner::Planner;
use crate::plan::{Planned, line};
use crate::report::escape;
use crate::run::settings::ExportSettings;

/// Print one JSON line a user: exactly what would be sent, or why nothing would
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
    /// Certificates of a source that is in use.
    #[command(flatten)]
    pub ca: super::args::SourceCaArgs,
    /// Print passwords, salts and keys instead of `"redacted"`
    #[arg(long)]
    pub reveal: bool,

    /// Taken as everywhere; what is printed are always JSON lines.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

/// The lines of one batch, written by the workers and printed in order.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    refused: bool,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let ca_file = args.ca.of(&args.export.exports)?;
    let export = ExportSettings { ca_file, ..ExportSettings::from(args.export) }.open()?;
    // Whoever reads the lines by a program learns of it by the exit code.
    export.findings().iter().for_each(|said| super::warn(said));
    let planner = Planner::new(&export, args.policies.into(), args.version.appwrite_version.profile());
    let duplicates = planner.duplicates(&Silent)?;
    let mut out = io::stdout().lock();
    let mut refused = false;
    let scanned = planner.scan(
        &duplicates,
        &Silent,
        Lines::default,
        |lines, item| {
            lines.refused |= matches!(item.planned, Planned::Refused(_));
            let line = line::line(item.position.record, item.planned, args.reveal);
            // This fails only where a key is not a string, and all of these are.
            let line = serde_json::to_string(&line).unwrap_or_default();
            lines.text.extend_from_slice(escape::json(line).as_bytes());
            lines.text.push(b'\n');
        },
        |lines| {
            refused |= lines.refused;
            match out.write_all(&lines.text) {
                Ok(()) => Ok(ControlFlow::Continue(())),
                // `rehome plan … | head` has what it wants.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
                Err(e) => Err(RunError::io("standard output")(e)),
            }
        },
    );
    export.noticed().iter().for_each(|said| super::warn(said));
    match out.flush() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(RunError::io("standard output")(e)),
        _ => scanned.map(|()| Finish::partial_if(refused || export.is_incomplete())),
    }
}
