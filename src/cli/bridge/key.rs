//! `rehome bridge key`

use crate::bridge::Key;
use crate::cli::put;
use crate::error::{Finish, RunError};

/// Print a fresh key: keep it in a file that only you can read, and never beside the store
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_: &Args) -> Result<Finish, RunError> {
    let key = Key::generate()?;
    close_output();
    put(format!("{}\n", *key.line()))?;
    Ok(Finish::Done)
}

/// `> FILE` makes a file as the shell is told to, for everybody to read as a rule.
#[cfg(unix)]
fn close_output() {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(output) = std::io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from) else { return };
    if output.metadata().is_ok_and(|found| found.is_file()) {
        // What cannot be closed is refused when the key is used.
        let _ = output.set_permissions(std::fs::Permissions::from_mode(0o600));
    }
}

#[cfg(not(unix))]
fn close_output() {}
