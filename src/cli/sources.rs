//! `rehome sources`

use serde_json::json;

use super::args::OutputFormat;
use crate::error::{Finish, RunError};
use crate::source::describe;
use crate::source::{self, Source, systems};

/// List the systems whose exports are read
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print a mapping file to start from instead (`rehome sources --example generic > map.toml`)
    #[arg(long, value_name = "SOURCE")]
    pub example: Option<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let text = match (&args.example, args.format) {
        (None, OutputFormat::Text) => list(),
        (None, OutputFormat::Json) => {
            let sources = source::ALL.iter().map(|d| json!({"name": d.name(), "about": d.about()}));
            format!("{:#}\n", json!({"schema": 1, "sources": sources.collect::<Vec<_>>()}))
        }
        (Some(source), format) => {
            let source = known(source)?.name();
            let map = systems::data::file(source).map_or_else(|| describe::example::example(source), str::to_owned);
            match format {
                OutputFormat::Text => map,
                OutputFormat::Json => format!("{:#}\n", json!({"schema": 1, "source": source, "map": map})),
            }
        }
    };
    super::put(text).map(|()| Finish::Done)
}

fn list() -> String {
    let width = source::ALL.iter().map(|d| d.name().len()).max().unwrap_or(0);
    let mut lines: Vec<_> = source::ALL.iter().map(|d| format!("{:width$}  {}", d.name(), d.about())).collect();
    lines.push(String::new());
    lines.push(
        "The source is detected and said; --from NAME overrides. Anything else is read with --map FILE.toml,".into(),
    );
    lines.push("which `rehome sources --example generic` starts.\n".into());
    lines.join("\n")
}

fn known(name: &str) -> Result<&'static dyn Source, RunError> {
    let found = source::ALL.iter().find(|source| source.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = source::ALL.iter().map(|source| source.name()).collect();
        let tail = match describe::nearest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`rehome sources` lists them".to_owned(),
        };
        RunError::usage(format!("unknown source `{name}`")).remedy(tail)
    })
}
