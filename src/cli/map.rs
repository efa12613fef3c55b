//! `rehome map`

use std::path::PathBuf;

use serde_json::json;

use super::args::OutputFormat;
use crate::error::{Finish, RunError};
use crate::escape::{quoted_path, word};
use crate::live::Access;
use crate::read::look::{Looked, look, words};
use crate::run::settings::ExportSettings;
use crate::run::trial::prove;
use crate::source::describe::propose::propose;

/// Propose a mapping file for an export that no source describes: each line with why, and `"?"` where only you can say
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The export's files, or a database as `check` takes it; several files form one export
    #[arg(required = true, value_name = "EXPORT")]
    pub exports: Vec<PathBuf>,

    /// The key of a service account, for firebase:PROJECT; else GOOGLE_APPLICATION_CREDENTIALS names it
    #[arg(long, value_name = "FILE.json")]
    pub service_account: Option<PathBuf>,

    /// Passwords known in advance, as `check` takes them: what fits all of them is proposed without a question
    #[arg(long, value_name = "FILE.csv")]
    pub known: Option<PathBuf>,

    /// Where the secret is that the application hashes with every password, for --known: env:NAME
    #[arg(long, value_name = "env:NAME", requires = "known")]
    pub pepper: Option<String>,

    /// Certificates of a source that is in use.
    #[command(flatten)]
    pub ca: super::args::SourceCaArgs,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let ca_file = args.ca.of(&args.exports)?;
    let access =
        Access { service_account: args.service_account.as_deref(), ca_file: ca_file.as_deref(), has_hash_config: true };
    let Looked { tables, detected, findings, incomplete } = look(&args.exports, access)?;
    if let Some(table) = tables.iter().find(|table| table.names_are_values()) {
        let said = format!("the first row of `{}` looks like somebody's data, not like names of columns", table.name);
        return Err(RunError::export(said).remedy("export it with a header"));
    }
    let Some(mut proposal) = propose(&tables) else {
        let names: Vec<_> = tables.iter().take(12).map(|table| format!("`{}`", table.name)).collect();
        return Err(RunError::export(format!(
            "no table could hold people who sign in: none has addresses, logins or hashes (looked at {})",
            names.join(", ")
        )));
    };
    let mut unproven = false;
    let mut command = format!("rehome check {} --map map.toml", words(&args.exports));
    if let Some(path) = &args.known {
        command = format!("{command} --known {}", quoted_path(path));
        if let Some(pepper) = &args.pepper {
            command = format!("{command} --pepper {} --unsupported bridge", word(pepper));
        }
        let settings = ExportSettings {
            exports: args.exports,
            service_account: args.service_account.clone(),
            ca_file: ca_file.clone(),
            pepper: args.pepper.clone(),
            ..ExportSettings::default()
        };
        if settings.is_piped() {
            return Err(RunError::usage("--known reads the export once more, and standard input is gone then")
                .remedy("write the export into a file"));
        }
        let said = prove(&mut proposal, &settings, path)?;
        unproven = said.is_some();
        if let Some(said) = &said {
            super::warn(said);
        }
    }
    let mut map = proposal.render(&command);
    if let Some(name) = detected {
        map = format!("# rehome reads this export as {name} by itself; this mapping would come in its place.\n{map}");
    }
    let text = match args.format {
        OutputFormat::Text => map,
        OutputFormat::Json => {
            format!("{:#}\n", json!({"schema": 1, "table": proposal.table, "open": proposal.open, "map": map}))
        }
    };
    for said in &findings {
        super::warn(said);
    }
    super::put(text).map(|()| Finish::partial_if(incomplete || unproven))
}
