//! The command line: clap definitions as typed, one module a command.

mod agree;
pub mod args;
mod backup;
mod bars;
mod bridge;
mod check;
mod completions;
mod config;
mod identify;
mod import;
pub mod log;
mod man;
mod map;
mod plan;
pub mod progress;
mod report;
mod resume;
mod rollback;
mod sandbox;
mod schemes;
mod sources;
mod status;
mod sync;
mod table;
mod verify;
mod width;

use std::io::Write as _;

use clap::{Parser, Subcommand};

use crate::error::{Finish, RunError};
use crate::report::Report;
use crate::report::terminal::{self, Colours};
use args::{OutputArgs, OutputFormat};
pub use config::parse;

/// Move users, with the password hashes they already have, into Appwrite.
#[derive(Parser)]
#[command(name = "rehome", version, max_term_width = 110, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What to log.
    #[command(flatten)]
    pub log: log::LogArgs,
    /// Settings that are not typed.
    #[command(flatten)]
    pub config: config::ConfigArgs,
}

/// One variant a command; the help of each stands on its arguments.
#[derive(Subcommand)]
#[expect(missing_docs, reason = "clap shows the documentation of the argument structs")]
pub enum Command {
    Check(check::Args),
    Map(map::Args),
    Plan(plan::Args),
    Import(import::Args),
    Resume(resume::Args),
    Sync(sync::Args),
    Status(status::Args),
    Backup(backup::Args),
    Verify(verify::Args),
    Rollback(rollback::Args),
    Report(report::Args),
    Identify(identify::Args),
    Bridge(bridge::Args),
    Sandbox(sandbox::Args),
    Sources(sources::Args),
    Schemes(schemes::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the command.
///
/// # Errors
/// What ended the run; [`RunError::exit_code`] is the process's exit code.
pub fn run(cli: Cli) -> Result<Finish, RunError> {
    cli.log.begin();
    match cli.command {
        Command::Check(args) => log::logged("check", || check::run(args)),
        Command::Map(args) => log::logged("map", || map::run(args)),
        Command::Plan(args) => log::logged("plan", || plan::run(args)),
        Command::Import(args) => log::logged("import", || import::run(args)),
        Command::Resume(args) => log::logged("resume", || resume::run(args)),
        Command::Sync(args) => log::logged("sync", || sync::run(args)),
        Command::Status(args) => log::logged("status", || status::run(args)),
        Command::Backup(args) => log::logged("backup", || backup::run(args)),
        Command::Verify(args) => log::logged("verify", || verify::run(args)),
        Command::Rollback(args) => log::logged("rollback", || rollback::run(args)),
        Command::Report(args) => log::logged("report", || report::run(args)),
        Command::Identify(args) => log::logged("identify", || identify::run(args)),
        Command::Bridge(args) => log::logged("bridge", || bridge::run(args)),
        Command::Sandbox(args) => log::logged("sandbox", || sandbox::run(args)),
        Command::Sources(args) => log::logged("sources", || sources::run(args)),
        Command::Schemes(args) => log::logged("schemes", || schemes::run(args)),
        Command::Completions(args) => log::logged("completions", || completions::run(args)),
        Command::Man(args) => log::logged("man", || man::run(args)),
    }
}

/// Writes to standard output. A reader who has seen enough (`| head`) is no failure.
fn put(text: impl AsRef<[u8]>) -> Result<(), RunError> {
    match std::io::stdout().write_all(text.as_ref()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(RunError::io("standard output")(error)),
        _ => Ok(()),
    }
}

/// Prints sentences on standard output, as wide as its terminal is.
fn tell(text: &str) -> Result<(), RunError> {
    put(width::sentences(text, width::of(&std::io::stdout())))
}

/// Says how the program ended, on standard error. Nobody may be listening any more; the exit code still tells.
pub fn say_error(error: &RunError) {
    if log::say_error(error) {
        return;
    }
    let text = width::sentences(&format!("rehome: {error}\n"), width::of(&std::io::stderr()));
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Says something on standard error beside what is printed.
fn warn(said: &str) {
    let text = format!("warning: {}\n", crate::escape::shown(said, 400));
    let text = width::sentences(&text, width::of(&std::io::stderr()));
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Says beneath a printed report where the one for browsers lies.
fn say_where(folder: &std::path::Path, output: OutputArgs) -> Result<(), RunError> {
    if output.quiet || output.format == OutputFormat::Json {
        return Ok(());
    }
    let page = folder.strip_prefix(".").unwrap_or(folder).join("report.html");
    put(format!("{:>11}  {}\n", "Report", page.display()))
}

/// Prints a report on standard output, as the flags say.
fn print(report: &Report, output: OutputArgs) -> Result<(), RunError> {
    let text = match output.format {
        OutputFormat::Json => report.to_json()?,
        OutputFormat::Text if output.quiet => return Ok(()),
        OutputFormat::Text => {
            let colours = Colours::wanted(output.no_color, &std::io::stdout());
            let columns = width::of(&std::io::stdout()).or_else(width::asked).unwrap_or(terminal::COLUMNS);
            terminal::screen(report, colours, columns)
        }
    };
    put(text)
}
