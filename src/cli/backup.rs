//! `rehome backup`

use std::path::PathBuf;

use super::args::{OutputArgs, OutputFormat};
use crate::error::{Finish, RunError};
use crate::escape::quoted_path;
use crate::report::figures::{bytes, count, plural, records};
use crate::run::backup::{Copied, backup};

/// Copy a run folder into a new one, also while an import works in it; the copy can be resumed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// The folder of the copy, which is not there yet
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let copied = backup(&args.folder, &args.to)?;
    match args.output.format {
        OutputFormat::Json => {
            let json = serde_json::to_string(&copied).map_err(RunError::bug("what was to be written is no JSON"))?;
            super::put(json + "\n")?;
        }
        OutputFormat::Text if args.output.quiet => {}
        OutputFormat::Text => super::tell(&sentences(&copied, &args))?,
    }
    Ok(Finish::Done)
}

fn sentences(copied: &Copied, args: &Args) -> String {
    let Copied { running, records: all, done, files, .. } = copied;
    let size = files.iter().map(|(_, bytes)| bytes).sum();
    let mut text = format!(
        "copied {} ({}): {}, of whom {} are done\n",
        plural(files.len() as u64, "file", "files"),
        bytes(size),
        records(*all),
        count(*done)
    );
    if *running {
        text += "the run goes on; what it does from here is not in the copy, and a resume asks the target about it\n";
    }
    text + &format!("go on from the copy, once nothing works on the run: rehome resume {}\n", quoted_path(&args.to))
}
