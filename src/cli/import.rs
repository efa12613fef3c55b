//! `rehome import`

use crate::error::{Finish, RunError};

/// Create the users; a second run of the same command resumes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export.
    #[command(flatten)]
    pub export: super::args::ExportArgs,
    /// The target.
    #[command(flatten)]
    pub target: super::args::TargetArgs,
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
    Err(RunError::Internal("`rehome import` is not there yet".into()))
}
