//! Several run folders as one run: its shards, each once, and which of them are not among them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::RunError;
use crate::folder::Folder;
use crate::ledger::{FIRST_EXPORT, Identity, Reader, holds_run};
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
        let mut runs: Vec<(Begun, PathBuf)> = Vec::new();
        for path in folders {
            let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            if let Some((_, first)) = places.iter().find(|(other, _)| *other == place) {
                parts.warnings.push(format!("{} is named twice; it counts once", first.display()));
                continue;
            }
            let begun = begun(path)?;
            if let (Some(begun), Some((first, at))) = (&begun, runs.first()) {
                parts.warnings.extend(first.is_of_one_run(at, begun, path)?);
            }
            let doubled =
                begun.as_ref().and_then(|mine| runs.iter().find(|(other, _)| other.identity == mine.identity));
            if let Some((Begun { identity, .. }, first)) = doubled {
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
            runs.extend(begun.map(|begun| (begun, path.clone())));
            parts.folders.push(path.clone());
        }
        parts.look_for_missing(&runs);
        Ok(parts)
    }

    fn look_for_missing(&mut self, runs: &[(Begun, PathBuf)]) {
        let here: BTreeSet<u32> = runs.iter().filter_map(|(begun, _)| begun.shard()).map(|shard| shard.index).collect();
        let Some(Shard { of, .. }) = runs.first().and_then(|(begun, _)| begun.shard()) else { return };
        let missing = (0..of).filter(|index| !here.contains(index)).map(|index| Shard { index, of }.to_string());
        self.missing = missing.collect();
        if !self.missing.is_empty() {
            let are = if self.missing.len() == 1 { "is" } else { "are" };
            let named: Vec<&str> = self.missing.iter().take(MISSING_TOLD).map(String::as_str).collect();
            let more = self.missing.len().saturating_sub(named.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.warnings.push(format!(
                "of the {of} shards of this run, {}{more} {are} not named: what follows is without them",
                named.join(", ")
            ));
        }
    }
}

/// What a folder's ledger belongs to.
struct Begun {
    /// As the run began: a sync gives a shard another export, and makes no other run of it.
    identity: Identity,
    /// The export that it belongs to by now.
    export: String,
}

impl Begun {
    fn shard(&self) -> Option<Shard> {
        self.identity.shard.parse().ok()
    }

    /// What a person should know of two folders that are of one run.
    ///
    /// # Errors
    /// [`RunError::usage`] where they are not: their users are counted together nowhere.
    fn is_of_one_run(&self, at: &Path, other: &Self, path: &Path) -> Result<Option<String>, RunError> {
        let of = |begun: &Self| begun.shard().map_or(0, |shard| shard.of);
        let shards = (of(self) != of(other)).then(|| "another number of shards".to_owned());
        let mine = Identity { shard: other.identity.shard.clone(), ..self.identity.clone() };
        if let Some(difference) = mine.difference(&other.identity).or(shards) {
            let (at, path) = (at.display(), path.display());
            return Err(RunError::usage(format!("{path} is no part of the run in {at}: it has {difference}"))
                .remedy("name the shards of one run, and another run by itself"));
        }
        let apart = self.export != other.export;
        Ok(apart.then(|| {
            let (at, path) = (at.display(), path.display());
            format!("{at} and {path} are of two exports by now: one of them was synced, and the other is yet to be")
        }))
    }
}

/// Missing shards that are named one by one.
const MISSING_TOLD: usize = 8;

fn begun(path: &Path) -> Result<Option<Begun>, RunError> {
    Folder::open(path)?;
    if !holds_run(path)? {
        return Ok(None);
    }
    let reader = Reader::open(path)?;
    let text = reader.meta("identity")?.unwrap_or_default();
    let unsaid = |_| RunError::foreign_ledger(format!("{} does not say what it belongs to", path.display()));
    let identity: Identity = serde_json::from_str(&text).map_err(unsaid)?;
    let export = identity.export.clone();
    let began = reader.meta(FIRST_EXPORT)?.unwrap_or_else(|| export.clone());
    Ok(Some(Begun { identity: Identity { export: began, ..identity }, export }))
}
