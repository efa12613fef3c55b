//! A copy of a run's folder, also while something works in it: what `backup` does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::folder::{RunFolder, SANDBOX};
use crate::bridge::STORE;
use crate::error::RunError;
use crate::folder::{Folder, LOCK};
use crate::ledger::{LEDGER, Reader};

/// How long a process that has a file to itself is waited for.
const PATIENTLY: Duration = Duration::from_secs(60);

/// What was copied; what `rehome backup --format json` prints.
#[derive(Debug, Serialize)]
pub struct Copied {
    /// The version of this form.
    pub schema: u32,
    /// Whether a process works on the run: what it does from here is not in the copy.
    pub running: bool,
    /// Records in the copy of the ledger.
    pub records: u64,
    /// Of these, the users who are done.
    pub done: u64,
    /// Each file, and its bytes.
    pub files: Vec<(String, u64)>,
}

/// Copies the run of this folder into a new one.
///
/// # Errors
/// [`RunError::usage`] for a folder without a run, for a place that is taken, and for a rehearsal that is on; what keeps files
/// from being read or written.
pub fn backup(run: &Path, to: &Path) -> Result<Copied, RunError> {
    // Whatever is no ledger of this program's is told as such.
    drop(Reader::open(run)?);
    let from = Folder::open(run)?;
    let running = RunFolder::is_taken(run);
    let rehearses = from.file(SANDBOX).exists();
    if running && rehearses {
        return Err(RunError::usage("the sandbox of this run is in use, and the copy would be without it")
            .remedy("copy a rehearsal once it has ended"));
    }
    is_free(to)?;
    let parent = to.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(RunError::io(parent))?;
    // Whole, or not there: under another name until it is. Readable by its owner alone.
    let making = tempfile::Builder::new().prefix(".rehome-backup.").tempdir_in(parent).map_err(RunError::io(parent))?;
    let copy = Folder::create(making.path(), &[])?;
    let mut files = Vec::new();
    // The ledger first: what the bridge and the target have beyond it, a resume finds out; what it had beyond them, nobody would.
    for name in [LEDGER, STORE, SANDBOX] {
        if from.file(name).exists() {
            database(&from, &copy, name)?;
            files.push((name.to_owned(), size(&copy.file(name))?));
        }
    }
    for name in lists(run)? {
        let written = fs::File::open(from.file(&name)).and_then(|mut list| {
            let mut whole = copy.begin(&name).map_err(std::io::Error::other)?;
            let bytes = std::io::copy(&mut list, &mut whole)?;
            whole.finish().map_err(std::io::Error::other).map(|()| bytes)
        });
        match written {
            Ok(bytes) => files.push((name, bytes)),
            // Taken away meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(RunError::io(from.file(&name))(error)),
        }
    }
    let counts = Reader::open(copy.path())?.counts()?;
    // Beside the ledger that was looked into, SQLite leaves what is of no use.
    for end in ["-wal", "-shm"] {
        copy.remove(&format!("{LEDGER}{end}"))?;
    }
    let made = making.keep();
    if let Err(error) = fs::rename(&made, to) {
        let _ = fs::remove_dir_all(&made);
        return Err(RunError::io(to)(error));
    }
    #[cfg(unix)]
    fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(RunError::io(parent))?;
    Ok(Copied { schema: 1, running, records: counts.records, done: counts.done, files })
}

/// That nothing is there, or a folder with nothing in it.
fn is_free(to: &Path) -> Result<(), RunError> {
    let taken = || {
        RunError::usage(format!("{} is there already, and not empty", to.display()))
            .remedy("name a folder that is not there yet")
    };
    match fs::read_dir(to) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(taken())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(taken()),
        Err(error) => Err(RunError::io(to)(error)),
    }
}

/// The lists and reports of a run: every file of its own but databases, the lock, and what is in the making.
fn lists(run: &Path) -> Result<Vec<String>, RunError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(run).map_err(RunError::io(run))? {
        let entry = entry.map_err(RunError::io(run))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let of_a_database = [LEDGER, STORE, SANDBOX].iter().any(|database| name.starts_with(database));
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && !of_a_database && name != LOCK && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Copies a database as it is at one moment, whoever writes to it.
fn database(from: &Folder, to: &Folder, name: &str) -> Result<(), RunError> {
    for end in ["", "-wal", "-shm", "-journal"] {
        from.check_file(&format!("{name}{end}"))?;
    }
    let failed = |error: rusqlite::Error| RunError::ledger(format!("{name} cannot be copied")).because(error);
    drop(to.own_file(name)?);
    // Not read-only: the first reader after a crash has to recover the write-ahead log.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from.file(name), flags).map_err(failed)?;
    let mut target = Connection::open(to.file(name)).map_err(failed)?;
    let began = Instant::now();
    let copying = Backup::new(&source, &mut target).map_err(failed)?;
    // All pages in one step, which is one transaction: in several, each commit of the run would begin it anew.
    while copying.step(-1).map_err(failed)? != StepResult::Done {
        if began.elapsed() > PATIENTLY {
            return Err(RunError::ledger(format!("{name} is in use, and cannot be copied"))
                .remedy("try again when the command that works on the run has ended"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(copying);
    let said: String = target.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if said != "ok" {
        return Err(RunError::ledger(format!("{name} is damaged")).because(said.replace('\n', " ")));
    }
    // So that the copy is one file.
    target.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(failed)?;
    target.close().map_err(|(_, error)| failed(error))?;
    fs::File::open(to.file(name)).and_then(|file| file.sync_all()).map_err(RunError::io(to.file(name)))
}

fn size(path: &PathBuf) -> Result<u64, RunError> {
    Ok(fs::metadata(path).map_err(RunError::io(path))?.len())
}
