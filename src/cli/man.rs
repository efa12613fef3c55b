//! `rehome man`

use clap::CommandFactory;

use crate::error::{Finish, RunError};

/// Print the manual page
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the page of this command instead
    #[arg(value_name = "COMMAND")]
    pub page: Option<String>,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut root = super::Cli::command();
    root.build();
    let command = match &args.page {
        None => root,
        Some(name) => root.find_subcommand(name).cloned().ok_or_else(|| {
            RunError::usage(format!("there is no command `{name}`")).remedy("`rehome --help` lists them")
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(RunError::bug("what was to be written is no JSON"))?;
    super::put(page).map(|()| Finish::Done)
}
