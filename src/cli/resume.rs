//! `rehome resume`

use crate::error::{Finish, RunError};

/// Go on with an interrupted run, from its folder alone
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
    Err(RunError::Internal("`rehome resume` is not there yet".into()))
}
