//! `rehome bridge add`

use std::path::PathBuf;

use serde_json::json;

use crate::cli::args::{BridgeKeyArgs, OutputArgs, OutputFormat};
use crate::cli::{progress, put, tell};
use crate::error::{Finish, RunError};
use crate::event::Event;
use crate::report::figures::count;
use crate::run::bridge::{Added, Adding, Keeping, add};

/// Seal the hashes of users whom a run has imported before: of those whom Appwrite cannot let in
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// The files of the export, read as the run reads its own; those of the run where none is named
    #[arg(value_name = "EXPORT")]
    pub exports: Vec<PathBuf>,
    /// Seal hashes that Appwrite verifies, too: for passwords under 8 bytes, which it takes from nobody
    #[arg(long)]
    pub all: bool,
    /// The secret that the source hashes with every password, as the variable that holds it: env:NAME
    #[arg(long, value_name = "env:NAME")]
    pub pepper: Option<String>,
    /// The key.
    #[command(flatten)]
    pub bridge: BridgeKeyArgs,
    /// The last day (or moment) on which the bridge keeps hashes [default: 90 days from the first]
    #[arg(long, value_name = "DATE", value_parser = crate::run::bridge::until)]
    pub bridge_until: Option<jiff::Timestamp>,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let listener = progress::listener(args.output);
    let keeping = Keeping { key_file: args.bridge.bridge_key_file, until: args.bridge_until };
    let adding = Adding { exports: args.exports, all: args.all, pepper: args.pepper, keeping };
    let added = add(&args.folder, adding, &*listener)?;
    listener.on(&Event::Over);
    let Added { sealed, settled, others, not_there } = added;
    match args.output.format {
        OutputFormat::Json => put(format!("{}\n", json!(added)))?,
        OutputFormat::Text => tell(&format!(
            "{} sealed; {} have come before; {} sign in without the bridge, or cannot be kept; {} not created by this run\n",
            count(sealed),
            count(settled),
            count(others),
            count(not_there)
        ))?,
    }
    Ok(Finish::Done)
}
