//! Parse, dispatch, exit code; nothing else.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use rehome::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(finish) => ExitCode::from(finish.exit_code()),
        Err(error) => {
            // Nobody may be listening any more; the exit code still tells.
            let _ = writeln!(std::io::stderr(), "rehome: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
