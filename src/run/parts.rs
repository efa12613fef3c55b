//! Several run folders as one run: its shards, each once, and which of them are not among them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::RunError;
use crate::folder::Folder;
use crate::ledger::{Identity, Reader, holds_run};
use crate::plan::shard::Shard;

/// Run folders that belong together.
pub struct Parts {
    /// Each part once, as the person wrote it.
    pub folders: Vec<PathBuf>,
    /// What a person should know: parts that were named twice, and parts that were not named.
    pub warnings: Vec<String>,
    /// The shards that were not named, `2/4`.
    pub missing: Vec<String>,
}

impl Parts {
    /// Sorts out which run each folder is a part of. A folder without a ledger (that of `check`) is a part by itself.
    ///
    /// # Errors
    /// [`RunError::usage`] for a folder that is not there, [`RunError::foreign_ledger`] for a ledger that is not this
    /// program's.
    pub fn of(folders: &[PathBuf]) -> Result<Self, RunError> {
        let mut parts = Self { folders: Vec::new(), warnings: Vec::new(), missing: Vec::new() };
        let mut places: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut runs: Vec<(Identity, PathBuf)> = Vec::new();
        for path in folders {
            let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            if let Some((_, first)) = places.iter().find(|(other, _)| *other == place) {
                parts.warnings.push(format!("{} is named twice; it counts once", first.display()));
                continue;
            }
            let identity = identity(path)?;
            let doubled = identity.as_ref().and_then(|mine| runs.iter().find(|(other, _)| other == mine));
            if let Some((identity, first)) = doubled {
                let what = match &*identity.shard {
                    "" => "the same run".to_owned(),
                    shard => format!("shard {shard}"),
                };
                parts.warnings.push(format!(
                    "{} is {what}, which {} is already; it is left out",
                    path.display(),
                    first.display()
                ));
                continue;
            }
            places.push((place, path.clone()));
            runs.extend(identity.map(|identity| (identity, path.clone())));
            parts.folders.push(path.clone());
        }
        parts.look_for_missing(&runs);
        Ok(parts)
    }

    fn look_for_missing(&mut self, runs: &[(Identity, PathBuf)]) {
        let whole = |identity: &Identity| Identity { shard: String::new(), ..identity.clone() };
        let mut seen: Vec<(Identity, u32)> = Vec::new();
        for (identity, _) in runs {
            let Ok(Shard { of, .. }) = identity.shard.parse() else { continue };
            let run = (whole(identity), of);
            if seen.contains(&run) {
                continue;
            }
            let here: BTreeSet<u32> = runs
                .iter()
                .filter(|(other, _)| whole(other) == run.0)
                .filter_map(|(other, _)| other.shard.parse().ok().filter(|shard: &Shard| shard.of == of))
                .map(|shard| shard.index)
                .collect();
            let missing: Vec<String> =
                (0..of).filter(|index| !here.contains(index)).map(|index| Shard { index, of }.to_string()).collect();
            if !missing.is_empty() {
                let are = if missing.len() == 1 { "is" } else { "are" };
                let named: Vec<&str> = missing.iter().take(MISSING_TOLD).map(String::as_str).collect();
                let more = missing.len().saturating_sub(named.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                self.warnings.push(format!(
                    "of the {of} shards of this run, {}{more} {are} not named: what follows is without them",
                    named.join(", ")
                ));
            }
            self.missing.extend(missing);
            seen.push(run);
        }
    }
}

/// Missing shards that are named one by one.
const MISSING_TOLD: usize = 8;

fn identity(path: &Path) -> Result<Option<Identity>, RunError> {
    Folder::open(path)?;
    if !holds_run(path)? {
        return Ok(None);
    }
    let text = Reader::open(path)?.meta("identity")?.unwrap_or_default();
    let identity = serde_json::from_str(&text);
    let unsaid = || RunError::foreign_ledger(format!("{} does not say what it belongs to", path.display()));
    identity.map(Some).map_err(|_| unsaid())
}
