//! `rehome schemes`

use crate::error::{Finish, RunError};

/// List what each password scheme becomes on each Appwrite version, and why not
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: super::args::OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let _ = args;
    Err(RunError::Internal("`rehome schemes` is not there yet".into()))
}
