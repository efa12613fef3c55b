//! Parse, dispatch, exit code; nothing else.

use std::io::Write as _;
use std::process::ExitCode;

use rehome::cli;

fn main() -> ExitCode {
    match cli::parse().and_then(cli::run) {
        Ok(finish) => ExitCode::from(finish.exit_code()),
        Err(error) => {
            // Nobody may be listening any more; the exit code still tells.
            let _ = writeln!(std::io::stderr(), "rehome: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
