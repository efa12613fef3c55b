//! `rehome sources`

use serde_json::json;

use super::args::OutputFormat;
use super::table::Table;
use crate::error::{Finish, RunError};
use crate::source::describe;
use crate::source::{self, Source, systems};

/// List the systems whose exports are read
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those with this word in their name or line (several: all of them)
    #[arg(value_name = "WORD", conflicts_with = "example")]
    pub words: Vec<String>,

    /// Print a mapping file to start from instead (`rehome sources --example generic > map.toml`)
    #[arg(long, value_name = "SOURCE")]
    pub example: Option<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: OutputFormat,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let text = match (&args.example, args.format) {
        (None, OutputFormat::Text) => list(&asked(&args.words)?),
        (None, OutputFormat::Json) => {
            let sources = asked(&args.words)?;
            let sources = sources.iter().map(|d| json!({"name": d.name(), "about": d.about()}));
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

/// The sources that have all of these words in their name or line, in any case.
fn asked(words: &[String]) -> Result<Vec<&'static dyn Source>, RunError> {
    let words: Vec<_> = words.iter().map(|word| word.to_lowercase()).collect();
    let has = |source: &dyn Source| {
        let text = format!("{} {}", source.name(), source.about()).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let found: Vec<_> = source::ALL.iter().copied().filter(|source| has(*source)).collect();
    if found.is_empty() {
        let tail = match words.iter().find_map(|word| nearest(word)) {
            Some(near) => format!("did you mean `{near}`? Of anything else, `rehome map EXPORT` proposes a mapping"),
            None => "`rehome sources` lists all; of anything else, `rehome map EXPORT` proposes a mapping".to_owned(),
        };
        return Err(RunError::usage(format!("no source has `{}` in its name or line", words.join(" "))).remedy(tail));
    }
    Ok(found)
}

fn list(sources: &[&dyn Source]) -> String {
    let mut table = Table::new(&["source", "what is read"]);
    for source in sources {
        table.row(&[source.name(), source.about()]);
    }
    format!(
        "{}\nThe source is detected and said; --from SOURCE overrides. An export of none of\n\
         them is read with --map FILE.toml, which `rehome map EXPORT` proposes.\n",
        table.text()
    )
}

fn nearest(name: &str) -> Option<&'static str> {
    let names: Vec<_> = source::ALL.iter().map(|source| source.name()).collect();
    describe::nearest(name, &names)
}

fn known(name: &str) -> Result<&'static dyn Source, RunError> {
    let found = source::ALL.iter().find(|source| source.name() == name);
    found.copied().ok_or_else(|| {
        let tail = match nearest(name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`rehome sources` lists them".to_owned(),
        };
        RunError::usage(format!("unknown source `{name}`")).remedy(tail)
    })
}
