//! Parse, dispatch, exit code; nothing else.

use std::process::ExitCode;

use clap::Parser;
use rehome::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(finish) => ExitCode::from(finish.exit_code()),
        Err(error) => {
            eprintln!("rehome: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
