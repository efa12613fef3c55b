//! Who may write to a run's ledger, and what it belongs to.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::store::{Reader, is_empty, meta, set_meta};
use super::writer::{Ledger, prepare};
use crate::error::RunError;
use crate::event::Listener;
use crate::report::RunFolder;
use crate::report::folder::LEDGER;

const LOCK: &str = "lock";

/// What a ledger belongs to. A run whose identity differs in any member is another run: its record numbers, plans or
/// target are not those of this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Of the export's bytes.
    pub export: String,
    /// Of everything that decides what a record becomes: source, mapping, scheme, policies.
    pub reading: String,
    /// Of Firebase's project parameters; empty where none were given.
    pub hash_config: String,
    /// The API endpoint; `sandbox` for the one inside.
    pub endpoint: String,
    /// The project's id.
    pub project: String,
    /// `I/N`; empty for a run that takes all users.
    pub shard: String,
}

impl Identity {
    fn difference(&self, other: &Self) -> Option<String> {
        let says = |what: &str, mine: &str, theirs: &str| Some(format!("{what} (the ledger: {mine}, now: {theirs})"));
        match (self, other) {
            (a, b) if a.export != b.export => Some("another export: the files' contents differ".into()),
            (a, b) if a.hash_config != b.hash_config => Some("another Firebase hash configuration".into()),
            (a, b) if a.project != b.project => says("another project", &a.project, &b.project),
            (a, b) if a.endpoint != b.endpoint => says("another endpoint", &a.endpoint, &b.endpoint),
            (a, b) if a.shard != b.shard => says("another shard", &a.shard, &b.shard),
            (a, b) if a.reading != b.reading => {
                says("other settings, so that records would become other users", &a.reading, &b.reading)
            }
            _ => None,
        }
    }
}

/// The right of this process alone to write to a run folder, for as long as it lives (or until the process dies).
pub struct Lock {
    folder: RunFolder,
    _file: File,
}

impl Lock {
    /// Takes the folder.
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] while another process has it, [`RunError::io`] otherwise.
    pub fn take(folder: &RunFolder) -> Result<Self, RunError> {
        let path = folder.file(LOCK);
        let file = private_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder: folder.clone(), _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(RunError::foreign_ledger(format!("another rehome is working on {}", folder.path().display()))
                    .remedy("wait for it, or give this run a folder of its own with --run"))
            }
            Err(TryLockError::Error(error)) => Err(RunError::io(path)(error)),
        }
    }

    /// Whether a process has the folder now.
    #[must_use]
    pub fn is_taken(folder: &Path) -> bool {
        File::open(folder.join(LOCK)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Opens the ledger, or begins it with this identity and these settings (JSON, for `resume`).
    ///
    /// # Errors
    /// [`RunError::foreign_ledger`] if the ledger belongs to something else or was written by a newer version.
    pub fn open(
        &self,
        identity: &Identity,
        settings: &str,
        listener: Arc<dyn Listener>,
    ) -> Result<(Ledger, Reader), RunError> {
        let path = self.folder.file(LEDGER);
        private_file(&path)?;
        let text = serde_json::to_string(identity).map_err(RunError::bug("what was to be written is no JSON"))?;
        let begun = [
            ("identity", text),
            ("settings", settings.to_owned()),
            ("started", jiff::Timestamp::now().to_string()),
            ("program", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let connection = prepare(&path, &begun)?;
        let stored = meta(&connection, "identity")?.unwrap_or_default();
        let stored: Identity = serde_json::from_str(&stored)
            .map_err(|_| RunError::foreign_ledger(format!("{} does not say what it belongs to", path.display())))?;
        if is_empty(&connection)? {
            // Nothing was ever meant under the old identity: a mistyped project does not spoil the folder.
            for (key, value) in &begun {
                set_meta(&connection, key, value)?;
            }
        } else if let Some(difference) = stored.difference(identity) {
            return Err(RunError::foreign_ledger(format!("{} belongs to {difference}", self.folder.path().display()))
                .remedy("give this run a folder of its own with --run"));
        }
        Ok((Ledger::start(connection, listener), Reader::open(self.folder.path())?))
    }

    /// Opens the ledger of a run that exists, whatever it belongs to.
    ///
    /// # Errors
    /// [`RunError::usage`] where there is none.
    pub fn reopen(&self, listener: Arc<dyn Listener>) -> Result<(Ledger, Reader), RunError> {
        let reader = Reader::open(self.folder.path())?;
        Ok((Ledger::start(prepare(&self.folder.file(LEDGER), &[])?, listener), reader))
    }
}

/// Opens a file for reading and writing; what it creates is readable by its owner only.
///
/// # Errors
/// [`RunError::io`]
pub fn private_file(path: &Path) -> Result<File, RunError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(RunError::io(path))
}

#[cfg(test)]
mod tests {
    use super::super::state::{State, Steps};
    use super::super::store::Entry;
    use super::super::writer::Change;
    use super::*;
    use crate::error::Kind;
    use crate::event::Silent;

    fn identity() -> Identity {
        Identity {
            export: "e".into(),
            reading: "r".into(),
            hash_config: String::new(),
            endpoint: "http://127.0.0.1/v1".into(),
            project: "p".into(),
            shard: String::new(),
        }
    }

    fn lock(path: &Path) -> Result<Lock, RunError> {
        Lock::take(&RunFolder::create(path)?)
    }

    fn entry(record: u64) -> Entry {
        Entry {
            record,
            user_id: format!("{record:036}"),
            source_id: format!("{:036}", record + 7),
            state: State::Intended,
            steps: Steps::NONE,
            at: 1_763_750_000_000,
            code: None,
            text: None,
        }
    }

    fn created(record: u64, state: State) -> Change {
        Change { record, state, steps: Steps::CREATED, at: Some(1_763_750_000_123), code: None, text: None }
    }

    #[tokio::test]
    async fn rows_are_durable_small_and_counted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = lock(&folder.path().join("run")).expect("a new folder");
        let (ledger, reader) = run.open(&identity(), "{}", Arc::new(Silent)).expect("a new ledger");
        let sender = ledger.sender();
        let n = 20_000;
        for batch in (1..=n).collect::<Vec<_>>().chunks(256) {
            sender.intend(batch.iter().copied().map(entry).collect()).await.expect("durable");
            for record in batch {
                sender.change(created(*record, State::Created)).await.expect("queued");
                sender.change(created(*record, State::Done)).await.expect("queued");
            }
        }
        sender.sync().await.expect("durable");
        sender.meta("records", (n + 5).to_string()).await.expect("queued");
        drop(sender);
        ledger.close().expect("all written");
        let counts = reader.counts().expect("counts");
        let expected = Counts { records: n + 5, created: n, done: n, left: 5, ..Counts::default() };
        assert_eq!(counts, expected);
        assert_eq!(reader.range(5, 5).expect("a row")[0].source_id, format!("{:036}", 12));
        drop(reader);
        let bytes = std::fs::metadata(run.folder.file(LEDGER)).expect("the file").len();
        assert!(bytes < 120 * n, "{} bytes a user", bytes / n);
    }

    use super::super::store::Counts;

    #[tokio::test]
    async fn a_ledger_is_of_one_export_one_target_and_one_process() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run");
        let other = Identity { project: "q".into(), ..identity() };
        {
            let run = lock(&path).expect("a new folder");
            run.open(&other, "{}", Arc::new(Silent)).expect("a new ledger");
            let (ledger, _) = run.open(&identity(), "{}", Arc::new(Silent)).expect("nobody was intended yet");
            assert_eq!(lock(&path).err().map(|error| error.kind()), Some(Kind::ForeignLedger), "locked");
            assert!(Lock::is_taken(&path));
            ledger.sender().intend(vec![entry(1)]).await.expect("durable");
        }
        assert!(!Lock::is_taken(&path));
        let run = lock(&path).expect("the lock is free again");
        run.open(&identity(), "{}", Arc::new(Silent)).expect("the same run");
        let Err(error) = run.open(&other, "{}", Arc::new(Silent)) else { panic!("another project was taken") };
        assert_eq!(error.exit_code(), 5);
        assert!(error.to_string().contains("another project (the ledger: p, now: q)"), "{error}");
    }

    #[test]
    fn a_newer_schema_and_a_foreign_file_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = lock(folder.path()).expect("a folder");
        let path = run.folder.file(LEDGER);
        drop(run.open(&identity(), "{}", Arc::new(Silent)).expect("a new ledger"));
        rusqlite::Connection::open(&path)
            .and_then(|c| c.pragma_update(None, "user_version", 2))
            .expect("a newer version");
        let Err(error) = run.open(&identity(), "{}", Arc::new(Silent)) else { panic!("a newer schema was taken") };
        assert!(error.exit_code() == 5 && error.to_string().contains("newer rehome"), "{error}");
        let Err(error) = Reader::open(folder.path()) else { panic!("a newer schema was read") };
        assert_eq!(error.exit_code(), 5);
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = lock(&folder.path().join("deep/run")).expect("a folder");
        let _open = run.open(&identity(), "{}", Arc::new(Silent)).expect("a ledger");
        let mode = |path: &Path| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!(mode(run.folder.path()), 0o700);
        for file in std::fs::read_dir(run.folder.path()).expect("the folder").flatten() {
            assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
        }
    }
}
