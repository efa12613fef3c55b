//! `rehome rollback`

use crate::error::{Finish, RunError};

/// Delete what a run created, and nothing else
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: std::path::PathBuf,
    /// How to speak.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let _ = args;
    Err(RunError::Internal("`rehome rollback` is not there yet".into()))
}
