//! Parse, dispatch, exit code; nothing else.

use std::process::ExitCode;

use rehome::cli;

fn main() -> ExitCode {
    rehome::signals::begin();
    match cli::parse().and_then(cli::run) {
        Ok(finish) => ExitCode::from(finish.exit_code()),
        Err(error) => {
            cli::say_error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
