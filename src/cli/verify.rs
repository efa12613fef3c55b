//! `rehome verify`

use std::path::PathBuf;

use super::{print, progress};
use crate::error::{Finish, RunError};
use crate::run::parts::Parts;
use crate::run::verify::{Passwords, verify};

/// Read every created user back and compare; sign in with known passwords
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder; several are shards of one run
    #[arg(value_name = "RUN", required = true)]
    pub folders: Vec<PathBuf>,
    /// Passwords known in advance (default: those given to `import`)
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// Sign in through this sign-in bridge instead of at the endpoint, as apps do: without the key
    #[arg(long, value_name = "URL")]
    pub through: Option<String>,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let listener = progress::listener(args.output);
    let parts = Parts::of(&args.folders)?;
    let sign_ins = Passwords { known: args.known, through: args.through };
    let (report, finish) = verify(&parts, &sign_ins, args.key.key_file.as_deref(), &listener)?;
    print(&report, args.output)?;
    Ok(finish)
}
