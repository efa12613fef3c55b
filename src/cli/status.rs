//! `rehome status`

use super::args::OutputFormat;
use super::progress;
use crate::error::{Finish, RunError};
use crate::escape::quoted_path;
use crate::event::Event;
use crate::ledger::Counts;
use crate::report::escape::{self, shown};
use crate::report::figures::{self, count, seconds};
use crate::run::parts::Parts;
use crate::run::session::Session;
use crate::run::status::{Part, Status, Trouble, of_parts};
use crate::run::window::local_time;

/// Say how far a run is: counts, pace, what is left, the last errors
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder; several are shards of one run
    #[arg(value_name = "RUN", required = true)]
    pub folders: Vec<std::path::PathBuf>,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let parts = Parts::of(&args.folders)?;
    let status = of_parts(&parts)?;
    let listener = progress::listener(args.output);
    for warning in &parts.warnings {
        listener.on(&Event::Warned(warning.clone()));
    }
    match args.output.format {
        OutputFormat::Json => {
            let json = serde_json::to_string(&status).map_err(RunError::bug("what was to be written is no JSON"))?;
            super::put(escape::json(json) + "\n")?;
        }
        OutputFormat::Text => super::tell(&sentences(&status, &parts.folders[0]))?,
    }
    Ok(Finish::Done)
}

/// What goes on with a run.
fn going_on(folder: &std::path::Path, syncing: Option<&str>) -> String {
    if let Some(sync) = syncing {
        format!("a sync was begun and has not ended; go on with: {sync}")
    } else if Session::of(folder).is_ok_and(|session| session.export.is_piped()) {
        "go on with: the same rehome import, with the same input once more".into()
    } else {
        format!("go on with: rehome resume {}", quoted_path(folder))
    }
}

fn state(running: bool, is_syncing: bool, ended_by: Option<&str>, counts: &Counts) -> &'static str {
    match (running, is_syncing, counts.left) {
        (true, true, _) => "syncing",
        (true, false, _) => "running",
        (false, true, _) => "interrupted in a sync",
        (false, false, _) if counts.is_taken_back() => "taken back",
        (false, false, 0) => "finished",
        (false, false, _) => match ended_by {
            Some("limit") => "ended as --limit says",
            Some(_) => "ended as --until says",
            None => "interrupted",
        },
    }
}

/// Whether there is something to go on with.
fn is_open(counts: &Counts, syncing: Option<&String>) -> bool {
    syncing.is_some() || (counts.left > 0 && !counts.is_taken_back())
}

fn sentences(status: &Status, folder: &std::path::Path) -> String {
    let Counts { records, created, done, present, left, refused, conflicts, failed, rolled_back, gone, .. } =
        status.counts;
    let state_now = match status.paused_since {
        Some(_) => "paused",
        None => state(status.running, status.syncing.is_some(), status.ended_by, &status.counts),
    };
    let mut lines = vec![format!("{state_now}: {} of {} done", count(records - left), figures::records(records))];
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
    fact(failed, "failed, or not as planned when `verify` looked: a resume looks again");
    fact(rolled_back, "deleted again, by a rollback or as gone by a sync that has not ended");
    fact(gone, "kept at the target, and gone from the source: of none of these records");
    fact(left, "left to do");
    if let (Some(rate), Some(left)) = (status.per_second, status.seconds_left) {
        lines.push(format!("{} users a second, {} to go", figures::rate(rate), seconds(left)));
    }
    let moment = |text: &Option<String>| Some(local_time(text.as_ref()?.parse().ok()?));
    if let Some(since) = moment(&status.paused_since) {
        lines.push(format!("paused since {since}: nobody new is begun while the file of --pause-file is there"));
    }
    if let Some(until) = moment(&status.until) {
        lines.push(format!("ends at {until}, as --until says"));
    }
    for Trouble { record, code, text } in &status.errors {
        let code = if code.is_empty() { String::new() } else { format!("{code}: ") };
        lines.push(shown(&format!("record {record}: {code}{text}"), 200).into_owned());
    }
    for Part { run, shard, running, syncing, ended_by, counts } in &status.shards {
        let state = state(*running, syncing.is_some(), *ended_by, counts);
        let shard = if shard.is_empty() { String::new() } else { format!(" (shard {shard})") };
        let done = count(counts.records - counts.left);
        lines.push(shown(&format!("{run}{shard}: {state}, {done} of {}", count(counts.records)), 200).into_owned());
        if !running && is_open(counts, syncing.as_ref()) {
            lines.push(going_on(run.as_ref(), syncing.as_deref()));
        }
    }
    if status.shards.is_empty() && !status.running && is_open(&status.counts, status.syncing.as_ref()) {
        lines.push(going_on(folder, status.syncing.as_deref()));
    }
    lines.join("\n") + "\n"
}
