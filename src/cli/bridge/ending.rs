//! `rehome bridge expire` and `rehome bridge end`

use std::io::IsTerminal as _;

use jiff::Timestamp;
use serde_json::json;

use super::StoreArgs;
use crate::bridge::farewell;
use crate::cli::agree::agreed;
use crate::cli::args::{OutputArgs, OutputFormat};
use crate::cli::{put, tell};
use crate::error::{Finish, RunError};
use crate::report::figures::users;
use crate::report::lists::NEEDS_RESET;

/// Purge the hashes whose time is up, and name their users in needs-reset.csv; needs no key
#[derive(Debug, clap::Args)]
pub struct ExpireArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Purge them although their time is not up
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// End the bridge: name who never signed in in needs-reset.csv, purge everything, and forget the key; needs no key
#[derive(Debug, clap::Args)]
pub struct EndArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn expire(args: &ExpireArgs) -> Result<Finish, RunError> {
    let store = args.store.open()?;
    let due = store.until()?.filter(|until| *until > Timestamp::now().as_second() && !args.now);
    if let Some(until) = due {
        let until = Timestamp::from_second(until).map(|at| at.to_string()).unwrap_or_default();
        say(args.output, 0, &format!("nothing expires before {until}; --now purges it all"))?;
        return Ok(Finish::Done);
    }
    let purged = farewell::expire(&store)?;
    say(args.output, purged, &told(purged))?;
    Ok(Finish::Done)
}

pub(super) fn end(args: &EndArgs) -> Result<Finish, RunError> {
    let store = args.store.open()?;
    let waiting = store.waiting()?;
    let ask = args.output.format == OutputFormat::Text && std::io::stdin().is_terminal() && !args.output.yes;
    if ask && waiting > 0 && !agreed(&format!("purge the hashes of {} who have not signed in?", users(waiting)))? {
        say(args.output, 0, "nothing was purged")?;
        return Ok(Finish::Done);
    }
    let purged = farewell::end(&store)?;
    say(args.output, purged, &format!("{}; the bridge is ended, and its key opens nothing any more", told(purged)))?;
    Ok(Finish::Done)
}

fn told(purged: u64) -> String {
    match purged {
        0 => "nobody was waited for any more".into(),
        n => format!("the hashes of {} are purged: who they are stands in {NEEDS_RESET}", users(n)),
    }
}

fn say(output: OutputArgs, purged: u64, sentence: &str) -> Result<(), RunError> {
    match output.format {
        OutputFormat::Json => put(format!("{}\n", json!({"schema": 1, "expired": purged}))),
        OutputFormat::Text if output.quiet => Ok(()),
        OutputFormat::Text => tell(&format!("{sentence}\n")),
    }
}
