//! `rehome sources`

use crate::error::{Finish, RunError};

/// List the systems whose exports are read
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: super::args::OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let _ = args;
    Err(RunError::Internal("`rehome sources` is not there yet".into()))
}
