//! `rehome report`

use std::path::PathBuf;

use super::args::{OutputArgs, OutputFormat};
use super::import;
use crate::error::{Finish, RunError};
use crate::ledger::Reader;
use crate::report::folder::LEDGER;
use crate::report::terminal::{self, Colours};
use crate::report::{Report, RunFolder};

/// Write the HTML and JSON reports of a run again, or those of several runs as one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder; several are parts of one run: their report is printed, and written with --to
    #[arg(value_name = "RUN", required = true)]
    pub folders: Vec<PathBuf>,
    /// Where to write, instead of into the run folder
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// How to speak.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let mut merged: Option<Report> = None;
    for path in &args.folders {
        let folder = RunFolder::open(path)?;
        let mut report = Report::load(&folder)?.ok_or_else(|| {
            RunError::usage(format!("{} holds no report yet", path.display()))
                .remedy("`rehome check` or `rehome import` writes one")
        })?;
        // Of an import that is under way, or was killed, the ledger knows more.
        let told = report.command != "import" || !folder.file(LEDGER).exists();
        if let Some(section) = report.import.as_mut().filter(|_| !told) {
            import::count(section, &Reader::open(path)?)?;
            // What comes after an import is about its folder alone.
            report.suggest(&[], path);
        }
        match &mut merged {
            Some(merged) => merged.merge(report),
            None => merged = Some(report),
        }
    }
    let report = merged.ok_or_else(|| RunError::usage("name a run folder"))?;
    // The report of several runs belongs into none of their folders.
    match (&args.to, args.folders.as_slice()) {
        (Some(path), _) => report.save(&RunFolder::create(path)?)?,
        (None, [only]) => report.save(&RunFolder::open(only)?)?,
        (None, _) => {}
    }

    print(&report, args.output)?;
    Ok(Finish::Done)
}

/// Prints a report on standard output, as the flags say.
///
/// # Errors
/// [`RunError::io`] if it cannot be written.
pub(super) fn print(report: &Report, output: OutputArgs) -> Result<(), RunError> {
    let text = match output.format {
        OutputFormat::Json => report.to_json()?,
        OutputFormat::Text if output.quiet => return Ok(()),
        OutputFormat::Text => terminal::screen(report, Colours::wanted(output.no_color, &std::io::stdout())),
    };
    super::put(text)
}
