//! `rehome verify`

use std::path::PathBuf;

use super::{print, progress};
use crate::error::{Finish, RunError};
use crate::run::session::Session;
use crate::run::verify::verify;

/// Read every created user back and compare; sign in with known passwords
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// Passwords known in advance (default: those given to `import`)
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut session = Session::of(&args.folder)?;
    if let Some(known) = args.known {
        session.export.known = Some(known);
    }
    let listener = progress::listener(args.output);
    let (report, finish) = verify(session, &args.folder, args.key.key_file.as_deref(), listener)?;
    print(&report, args.output)?;
    Ok(finish)
}
