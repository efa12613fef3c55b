//! `rehome status`

use serde::Serialize;

use super::args::OutputFormat;
use crate::error::{Finish, RunError};
use crate::ledger::{Counts, Reader};
use crate::report::escape::shown;
use crate::report::figures::{count, seconds};
use crate::run::RunFolder;

/// Troubles that are shown.
const TROUBLES: usize = 5;

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

#[derive(Serialize)]
struct Status {
    schema: u32,
    /// Whether a process works on it now.
    running: bool,
    #[serde(flatten)]
    counts: Counts,
    /// When it began, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    /// Users a second, of the session that is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<f64>,
    /// What that makes of the users that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<f64>,
    /// The last ones first.
    errors: Vec<Trouble>,
}

#[derive(Serialize)]
struct Trouble {
    record: u64,
    code: String,
    text: String,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let reader = Reader::open(&args.folder)?;
    let status = status(&reader, RunFolder::is_taken(&args.folder))?;
    let text = match args.output.format {
        OutputFormat::Json => {
            serde_json::to_string(&status).map_err(RunError::bug("what was to be written is no JSON"))? + "\n"
        }
        OutputFormat::Text => sentences(&status, &args.folder.display().to_string()),
    };
    super::put(text).map(|()| Finish::Done)
}

fn status(reader: &Reader, running: bool) -> Result<Status, RunError> {
    let counts = reader.counts()?;
    let per_second = if running { pace(reader, counts)? } else { None };
    let errors = reader.troubles(TROUBLES)?.into_iter().map(|entry| Trouble {
        record: entry.record,
        code: entry.code.unwrap_or_default(),
        text: entry.text.unwrap_or_default(),
    });
    Ok(Status {
        schema: 1,
        running,
        counts,
        started: reader.meta("started")?,
        per_second,
        seconds_left: per_second.filter(|rate| *rate > 0.0).map(|rate| (counts.left as f64 / rate).round()),
        errors: errors.collect(),
    })
}

fn pace(reader: &Reader, counts: Counts) -> Result<Option<f64>, RunError> {
    let began = reader.meta("session")?.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let before = reader.meta("session_done")?.and_then(|text| text.parse::<u64>().ok());
    let (Some(began), Some(before)) = (began, before) else { return Ok(None) };
    let elapsed = jiff::Timestamp::now().duration_since(began).as_secs_f64().max(0.001);
    let rate = (counts.records - counts.left).saturating_sub(before) as f64 / elapsed;
    Ok(Some((rate * 10.0).round() / 10.0))
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
