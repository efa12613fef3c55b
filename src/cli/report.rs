//! `rehome report`

use crate::error::{Finish, RunError};

/// Write the HTML and JSON reports of a run again
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
    Err(RunError::Internal("`rehome report` is not there yet".into()))
}
