//! The reports of runs, read again: what `report` does.

use std::path::{Path, PathBuf};

use super::folder::RunFolder;
use super::import;
use super::parts::Parts;
use super::session::Session;
use crate::error::RunError;
use crate::folder::Folder;
use crate::ledger::{LEDGER, Reader};
use crate::report::Report;

/// A report that was read again.
pub struct Again {
    /// The report.
    pub report: Report,
    /// Another process works on the folder, so that nothing was written into it.
    pub under_way: bool,
    /// What a person should know of the folders that were named.
    pub warnings: Vec<String>,
}

/// The report of a run, or of the parts of one. It is written into the only folder, or to `to`; the report of several runs
/// belongs into none of theirs.
///
/// # Errors
/// [`RunError::usage`] for folders without a report, and what keeps it from being read or written;
/// [`RunError::foreign_ledger`] if `to` holds a run.
pub fn again(folders: &[PathBuf], to: Option<&Path>) -> Result<Again, RunError> {
    let Parts { folders, warnings, .. } = Parts::of(folders)?;
    // Before anything is read: a run that ends meanwhile writes a later report.
    let own = match (to, &*folders) {
        (Some(path), _) => Some(RunFolder::for_lists(path, "--to")?),
        (None, [only]) => RunFolder::open_unless_taken(only)?,
        (None, _) => None,
    };
    let mut merged: Option<Report> = None;
    for path in &folders {
        let report = of(path)?;
        match &mut merged {
            Some(merged) => merged.merge(report),
            None => merged = Some(report),
        }
    }
    let report = merged.ok_or_else(|| RunError::usage("name a run folder"))?;
    let under_way = own.is_none() && folders.len() == 1;
    if let Some(folder) = own {
        report.save(&folder)?;
    }
    Ok(Again { report, under_way, warnings })
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
        import::count(section, Reader::open(path)?.counts()?);
        // What comes after an import is about its folder alone.
        report.suggest(Session::of(path)?.typed(&[], path, None));
    }
    Ok(report)
}
