//! Exports that no file holds: users where they live. A source is read at one moment, as the stream that a dump of it would be,
//! so that everything behind reads it as it reads dumps.

mod firebase;
mod postgres;
mod sqlite;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::RunError;
use crate::format::file::SAMPLE_RECORDS;
use crate::format::live::Live;
use crate::runtime::block_on;
use crate::source::FirebaseHashConfig;

/// What it takes to be let in, beside what the environment holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Access<'a> {
    /// `--service-account`
    pub service_account: Option<&'a Path>,
    /// `--ca-file`
    pub ca_file: Option<&'a Path>,
    /// `--firebase-hash-config` is given: a project is not asked for it.
    pub has_hash_config: bool,
}

/// A source that was opened.
#[derive(Clone)]
pub(crate) enum Opened {
    /// A database, which goes on being asked.
    Database(Arc<Live>),
    /// What was fetched as a whole.
    Fetched(Arc<Fetched>),
}

/// What was fetched as a whole.
pub(crate) struct Fetched {
    /// An export.
    pub file: File,
    /// The hash parameters that came with it.
    pub firebase: Option<FirebaseHashConfig>,
    /// What a person should know of it.
    pub findings: Vec<String>,
}

/// The moments of this process. A command reads a source at one moment, however often it opens it: what a sync has compared is
/// what its import then creates.
static OPENED: Mutex<Vec<(PathBuf, Opened)>> = Mutex::new(Vec::new());

/// Whether this names something that is no file.
pub(crate) fn is_address(path: &Path) -> bool {
    postgres::is_one(path) || firebase::is_one(path)
}

/// Whether this names a source that is read while it is in use.
pub(crate) fn is_one(path: &Path) -> bool {
    is_address(path) || sqlite::is_one(path)
}

/// Opens what this names, if it is a source that is read while it is in use.
///
/// # Errors
/// What keeps it from being read.
pub(crate) fn open(path: &Path, access: Access<'_>) -> Result<Option<Opened>, RunError> {
    if !is_one(path) {
        return Ok(None);
    }
    let mut all = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, opened)) = all.iter().find(|(known, _)| known == path) {
        return Ok(Some(opened.clone()));
    }
    let opened = if firebase::is_one(path) {
        let fetched = block_on(firebase::fetch(path, access))??;
        let firebase::Fetched { users: file, config: firebase, findings } = fetched;
        Opened::Fetched(Arc::new(Fetched { file, firebase, findings }))
    } else if postgres::is_one(path) {
        let (database, name, findings) = postgres::Postgres::open(path, access.ca_file)?;
        Opened::Database(Live::new(name.into(), "PostgreSQL", findings, Box::new(database), SAMPLE_RECORDS)?)
    } else {
        let database = Box::new(sqlite::Sqlite::open(path)?);
        Opened::Database(Live::new(path.to_owned(), "SQLite", Vec::new(), database, SAMPLE_RECORDS)?)
    };
    all.push((path.to_owned(), opened.clone()));
    Ok(Some(opened))
}
