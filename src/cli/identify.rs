//! `rehome identify`

use crate::error::{Finish, RunError};

/// Answer for hashes on standard input, one a line: a bare string, or a JSON object of exported columns
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print passwords, salts and keys instead of `"redacted"`
    #[arg(long)]
    pub reveal: bool,
    /// The version.
    #[command(flatten)]
    pub version: super::args::VersionArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let _ = args;
    Err(RunError::Internal("`rehome identify` is not there yet".into()))
}
