//! The reports of runs, read again: what `report` does.

use std::path::{Path, PathBuf};

use super::folder::RunFolder;
use super::import;
use crate::error::RunError;
use crate::folder::Folder;
use crate::ledger::{LEDGER, Reader};
use crate::report::Report;

/// The report of a run, or of the parts of one. It is written into the only folder, or to `to`; the report of several runs
/// belongs into none of theirs.
///
/// # Errors
/// [`RunError::usage`] for folders without a report, and what keeps it from being read or written.
pub fn again(folders: &[PathBuf], to: Option<&Path>) -> Result<Report, RunError> {
    let mut merged: Option<Report> = None;
    for path in folders {
        let report = of(path)?;
        match &mut merged {
            Some(merged) => merged.merge(report),
            None => merged = Some(report),
        }
    }
    let report = merged.ok_or_else(|| RunError::usage("name a run folder"))?;
    match (to, folders) {
        (Some(path), _) => report.save(&*RunFolder::create(path)?)?,
        (None, [only]) => report.save(&*RunFolder::open(only)?)?,
        (None, _) => {}
    }
    Ok(report)
}

fn of(path: &Path) -> Result<Report, RunError> {
    let folder = Folder::open(path)?;
    let mut report = Report::load(&folder)?.ok_or_else(|| {
        RunError::usage(format!("{} holds no report yet", path.display()))
            .remedy("`rehome check` or `rehome import` writes one")
    })?;
    // Of an import that is under way, or was killed, the ledger knows more.
    let told = report.command != "import" || !folder.file(LEDGER).exists();
    if let Some(section) = report.import.as_mut().filter(|_| !told) {
        import::count(section, &Reader::open(path)?)?;
        // What comes after an import is about its folder alone.
        report.suggest(&[], path);
    }
    Ok(report)
}
