//! `rehome resume`

use std::path::Path;

use super::session::Session;
use crate::error::{Finish, RunError};

/// Go on with an interrupted run, from its folder alone
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: std::path::PathBuf,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// How to speak.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let session = Session::of(&args.folder)?;
    if session.export.exports.iter().any(|path| path == Path::new("-")) {
        return Err(RunError::Usage(
            "this run read standard input: run the same `rehome import` again with the same input".into(),
        ));
    }
    super::import::go(session, &args.folder, args.key.key_file.as_deref(), args.output)
}
