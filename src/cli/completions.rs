//! `rehome completions`

use clap::CommandFactory;

use crate::error::{Finish, RunError};

/// Print a completion script
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    pub shell: clap_complete::Shell,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "rehome", &mut script);
    super::put(script).map(|()| Finish::Done)
}
