//! `rehome bridge`

mod serve;

use crate::error::{Finish, RunError};

/// Sign people in whose hash Appwrite cannot verify
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Serve(serve::Args),
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    match args.command {
        Command::Serve(args) => serve::run(args),
    }
}
