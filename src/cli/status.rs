//! `rehome status`

use crate::error::{Finish, RunError};

/// Say how far a run is: counts, pace, what is left, the last errors
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
    Err(RunError::Internal("`rehome status` is not there yet".into()))
}
