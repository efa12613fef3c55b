//! `rehome bridge`

mod add;
mod ending;
mod key;
mod serve;
mod status;

use std::path::PathBuf;

use crate::bridge::Store;
use crate::bridge::store::Durable;
use crate::error::{Finish, RunError};

/// Sign people in whose hash Appwrite cannot verify
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Key(key::Args),
    Add(add::Args),
    Serve(serve::Args),
    Status(status::Args),
    Expire(ending::ExpireArgs),
    End(ending::EndArgs),
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    match args.command {
        Command::Key(args) => key::run(&args),
        Command::Add(args) => add::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Status(args) => status::run(&args),
        Command::Expire(args) => ending::expire(&args),
        Command::End(args) => ending::end(&args),
    }
}

/// Which store, for what needs no key.
#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// The store of sealed hashes, `bridge.sqlite` of a run folder; or that folder
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
}

impl StoreArgs {
    fn open(&self) -> Result<Store, RunError> {
        Store::open(&Store::at(&self.store), Durable::Fully)
    }
}
