//! `rehome report`

use std::path::PathBuf;

use super::args::OutputArgs;
use super::{print, progress};
use crate::error::{Finish, RunError};
use crate::event::Event;
use crate::run::reports::{self, Again};

/// Write the HTML and JSON reports of a run again, or those of several runs as one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder; several are parts of one run: their report is printed, and written with --to
    #[arg(value_name = "RUN", required = true)]
    pub folders: Vec<PathBuf>,
    /// Where to write, instead of into the run folder
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let Again { report, under_way, warnings } = reports::again(&args.folders, args.to.as_deref())?;
    let listener = progress::listener(args.output);
    for warning in warnings {
        listener.on(&Event::Warned(warning));
    }
    print(&report, args.output)?;
    if under_way {
        let text = "the run is under way: this report is printed and not written, since the run writes its own";
        listener.on(&Event::Warned(text.into()));
    }
    Ok(Finish::Done)
}
