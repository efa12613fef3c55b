//! `rehome status`

use super::args::OutputFormat;
use crate::error::{Finish, RunError};
use crate::ledger::Counts;
use crate::report::escape::shown;
use crate::report::figures::{count, seconds};
use crate::run::status::{Status, Trouble, status};

/// Say how far a run is: counts, pace, what is left, the last errors
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: std::path::PathBuf,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let status = status(&args.folder)?;
    let text = match args.output.format {
        OutputFormat::Json => {
            serde_json::to_string(&status).map_err(RunError::bug("what was to be written is no JSON"))? + "\n"
        }
        OutputFormat::Text => sentences(&status, &args.folder.display().to_string()),
    };
    super::put(text).map(|()| Finish::Done)
}

fn sentences(status: &Status, folder: &str) -> String {
    let Counts { records, created, done, present, left, refused, conflicts, failed, rolled_back } = status.counts;
    let state = match (status.running, left) {
        (true, _) => "running",
        (false, 0) => "finished",
        (false, _) => "interrupted",
    };
    let mut lines = vec![format!("{state}: {} of {} records are done", count(records - left), count(records))];
    let mut fact = |n: u64, text: &str| {
        if n > 0 {
            lines.push(format!("{:>12}  {text}", count(n)));
        }
    };
    fact(created, "created by this run");
    fact(done, "complete");
    fact(present, "of these were there before, the very same");
    fact(refused, "refused: nothing was created");
    fact(conflicts, "of these because somebody else has the id, e-mail address or phone number");
    fact(failed, "failed; the same command tries them again");
    fact(rolled_back, "rolled back");
    fact(left, "left");
    if let (Some(rate), Some(left)) = (status.per_second, status.seconds_left) {
        lines.push(format!("{rate:.0} users a second, {} to go", seconds(left)));
    }
    for Trouble { record, code, text } in &status.errors {
        lines.push(shown(&format!("record {record}: {code}: {text}"), 200).into_owned());
    }
    if !status.running && left > 0 {
        lines.push(format!("go on with: rehome resume {folder}"));
    }
    lines.join("\n") + "\n"
}
