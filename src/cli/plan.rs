//! `rehome plan`

use crate::error::{Finish, RunError};

/// Print one JSON line a user: exactly what would be sent, or why nothing would
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export.
    #[command(flatten)]
    pub export: super::args::ExportArgs,
    /// The version.
    #[command(flatten)]
    pub version: super::args::VersionArgs,
    /// Choices.
    #[command(flatten)]
    pub policies: super::args::PolicyArgs,
    /// Print passwords, salts and keys instead of `"redacted"`
    #[arg(long)]
    pub reveal: bool,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let _ = args;
    Err(RunError::Internal("`rehome plan` is not there yet".into()))
}
