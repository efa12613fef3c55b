//! `rehome rollback`

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::agree::agreed;
use super::args::OutputFormat;
use super::progress;
use crate::error::{Finish, RunError};
use crate::escape::quoted_path;
use crate::report::figures;
use crate::report::summary::Rollback;
use crate::run::rollback::{Choices, Spared, Taken, take_back};

/// Spared users that are told one by one in text; JSON names all.
const TOLD: usize = 20;

/// Delete what a run created, and nothing else; looks first, and asks before it deletes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// Delete users that were changed, or signed in, since, too
    #[arg(long)]
    pub force: bool,
    /// The key.
    #[command(flatten)]
    pub key: super::args::KeyArgs,
    /// What is printed, and how.
    #[command(flatten)]
    pub output: super::args::OutputArgs,
}

pub(super) fn run(args: Args) -> Result<Finish, RunError> {
    let listener = progress::listener(args.output);
    let ask = args.output.format == OutputFormat::Text && std::io::stdin().is_terminal();
    let agreed = |users| if ask { agreed(&format!("delete {}?", figures::users(users))) } else { Ok(false) };
    let choices = Choices { force: args.force, agreed: &agreed, yes: args.output.yes };
    let Taken { counts, spared, deleted } = take_back(&args.folder, args.key.key_file.as_deref(), &choices, &listener)?;
    say(&args, &counts, &spared, deleted)?;
    Ok(Finish::partial_if(deleted && counts.kept + counts.failed > 0))
}

fn say(args: &Args, counts: &Rollback, spared: &[Spared], deleted: bool) -> Result<(), RunError> {
    match args.output.format {
        OutputFormat::Json => {
            let spared: Vec<_> = spared
                .iter()
                .map(|who| serde_json::json!({"record": who.record, "user_id": who.user_id, "text": who.text}))
                .collect();
            let mut document = serde_json::json!({"schema": 1, "dry_run": !deleted, "spared": spared});
            let counts = serde_json::to_value(counts).map_err(RunError::bug("what was to be written is no JSON"))?;
            if let (Some(document), serde_json::Value::Object(counts)) = (document.as_object_mut(), counts) {
                document.extend(counts);
            }
            super::put(crate::report::escape::json(document.to_string()) + "\n")
        }
        OutputFormat::Text => {
            let Rollback { deleted: n, gone, kept, failed } = counts;
            let verb = if deleted { "deleted" } else { "to delete" };
            let users = figures::users(*n);
            let [gone, kept_n, failed] = [gone, kept, failed].map(|n| figures::count(*n));
            let mut lines = vec![format!("{users} {verb}, {gone} already gone, {kept_n} kept, {failed} failed")];
            lines.extend(spared.iter().take(TOLD).map(|Spared { record, user_id, text }| {
                crate::report::escape::shown(&format!("record {record}, user {user_id}: {text}"), 200).into_owned()
            }));
            if spared.len() > TOLD {
                let more = figures::count((spared.len() - TOLD) as u64);
                lines.push(format!("… and {more} more; --format json names all"));
            }
            if *kept > 0 {
                lines.push("users that were changed or used since are kept; --force deletes them too".into());
            }
            if !deleted {
                lines.push(format!(
                    "nothing was deleted; do it with: rehome rollback {} --yes",
                    quoted_path(&args.folder)
                ));
            }
            super::tell(&(lines.join("\n") + "\n"))
        }
    }
}
