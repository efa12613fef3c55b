//! `rehome check`

use crate::error::{Finish, RunError};

/// Read, identify and plan every user without sending anything; print and write the report
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
    /// The run folder.
    #[command(flatten)]
    pub run: super::args::RunArgs,
    /// How to speak.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let _ = args;
    Err(RunError::Internal("`rehome check` is not there yet".into()))
}
