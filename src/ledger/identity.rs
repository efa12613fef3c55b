//! What a ledger belongs to, and opening it.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::store::{self, LEDGER, Reader, SYNCING, check_files, is_empty, meta, not_lost, set_meta};
use super::writer::{Ledger, prepare, set_missing};
use crate::error::RunError;
use crate::escape::quoted_path;
use crate::event::Listener;
use crate::folder::Locked;

/// The ledger's name for the key of its digests ([`super::Left`]): 32 digits of hexadecimal, made for this ledger.
pub const MARK_KEY: &str = "mark_key";

fn mark_key() -> String {
    let mut key = [0; 16];
    // Without randomness digests are no worse than those of a key that somebody knows.
    let _ = getrandom::fill(&mut key);
    format!("{:032x}", u128::from_be_bytes(key))
}

/// What a ledger belongs to. A run whose identity differs in any member is another run: its record numbers, plans or
/// target are not those of this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// In what another identity differs, for people.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
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

/// Opens the ledger of a run folder for writing, or begins it with this identity and these settings (JSON, for `resume`).
/// `later` stands for the export in a command that brings it over.
///
/// # Errors
/// [`RunError::foreign_ledger`] if the ledger belongs to something else or was written by a newer version, or is a file that
/// others can change.
pub fn open(
    folder: &Locked,
    identity: &Identity,
    settings: &str,
    later: &str,
    listener: Arc<dyn Listener>,
) -> Result<(Ledger, Reader), RunError> {
    check_files(folder)?;
    not_lost(folder.path())?;
    folder.own_file(LEDGER)?;
    let path = folder.file(LEDGER);
    let text = serde_json::to_string(identity).map_err(RunError::bug("what was to be written is no JSON"))?;
    let begun = [
        ("identity", text),
        ("settings", settings.to_owned()),
        ("started", jiff::Timestamp::now().to_string()),
        ("program", env!("CARGO_PKG_VERSION").to_owned()),
        (MARK_KEY, mark_key()),
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
        return Err(RunError::foreign_ledger(format!("{} belongs to {difference}", folder.path().display())).remedy(
            if stored.export == identity.export {
                "give this run a folder of its own with --run".to_owned()
            } else {
                format!(
                    "give this run a folder of its own with --run, as repaired rejects need; or, if this is all of a later export of the \
                     same users, bring over what changed: rehome sync {later} --run {}",
                    quoted_path(folder.path())
                )
            },
        ));
    }
    if let Some(later) = meta(&connection, SYNCING)? {
        return Err(half_synced(folder.path(), &later));
    }
    Ok((Ledger::start(connection, listener), Reader::open(folder.path())?))
}

/// For a run in the middle of a sync, to which nothing else may be done.
fn half_synced(folder: &Path, syncing: &str) -> RunError {
    RunError::usage(format!("a sync of {} was begun and has not ended", folder.display()))
        .remedy(format!("go on with: {}", going_on(folder, syncing)))
}

/// What goes on with a sync that was cut off, by the ledger's value of [`SYNCING`].
#[must_use]
pub fn going_on(folder: &Path, syncing: &str) -> String {
    let command = format!("rehome sync {syncing} --run {}", quoted_path(folder));
    if syncing.split(' ').any(|word| word == "-") {
        format!("{command}, with the same input once more")
    } else {
        command
    }
}

/// Opens the ledger of a run that exists for writing, whatever it belongs to.
///
/// # Errors
/// [`RunError::usage`] where there is none, and as [`open`].
pub fn reopen(folder: &Locked, listener: Arc<dyn Listener>) -> Result<(Ledger, Reader), RunError> {
    Reader::open(folder.path())?.look()?;
    reopen_unseen(folder, listener)
}

/// The same for whoever has [`Reader::look`] look at the pages beside, and writes nothing before that is done.
///
/// # Errors
/// As [`reopen`].
pub fn reopen_unseen(folder: &Locked, listener: Arc<dyn Listener>) -> Result<(Ledger, Reader), RunError> {
    drop(Reader::open(folder.path())?);
    folder.own_file(LEDGER)?;
    let connection = set_missing(store::reopen(&folder.file(LEDGER))?, &[(MARK_KEY, mark_key())])?;
    Ok((Ledger::start(connection, listener), Reader::open(folder.path())?))
}

#[cfg(test)]
mod tests {
    use super::super::state::{State, Steps};
    use super::super::store::Entry;
    use super::super::writer::Change;
    use super::*;
    use crate::event::Silent;
    use crate::folder::Folder;

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

    fn locked(folder: &tempfile::TempDir) -> Locked {
        Locked::take(Folder::open(folder.path()).expect("a folder")).expect("a lock").expect("nobody has it")
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
            left: Some(super::super::Left::default()),
        }
    }

    fn created(record: u64, state: State) -> Change {
        Change { record, state, steps: Steps::CREATED, at: Some(1_763_750_000_123), code: None, text: None }
    }

    #[tokio::test]
    async fn rows_are_durable_small_and_counted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        let (ledger, reader) =
            open(&locked(&folder), &identity(), "{}", "LATER", Arc::new(Silent)).expect("a new ledger");
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
        let bytes = std::fs::metadata(path.join(LEDGER)).expect("the file").len();
        assert!(bytes < 150 * n, "{} bytes a user", bytes / n);
    }

    use super::super::counts::Counts;

    #[tokio::test]
    async fn a_ledger_is_of_one_export_and_one_target() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = &locked(&folder);
        let other = Identity { project: "q".into(), ..identity() };
        {
            open(path, &other, "{}", "LATER", Arc::new(Silent)).expect("a new ledger");
            let (ledger, _) =
                open(path, &identity(), "{}", "LATER", Arc::new(Silent)).expect("nobody was intended yet");
            ledger.sender().intend(vec![entry(1)]).await.expect("durable");
        }
        open(path, &identity(), "{}", "LATER", Arc::new(Silent)).expect("the same run");
        let Err(error) = open(path, &other, "{}", "LATER", Arc::new(Silent)) else {
            panic!("another project was taken")
        };
        assert_eq!(error.exit_code(), 5);
        assert!(error.to_string().contains("another project (the ledger: p, now: q)"), "{error}");
    }

    #[test]
    fn a_newer_schema_and_a_foreign_file_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(LEDGER);
        drop(open(&locked(&folder), &identity(), "{}", "LATER", Arc::new(Silent)).expect("a new ledger"));
        rusqlite::Connection::open(&path)
            .and_then(|c| c.pragma_update(None, "user_version", 3))
            .expect("a newer version");
        let Err(error) = open(&locked(&folder), &identity(), "{}", "LATER", Arc::new(Silent)) else {
            panic!("a newer schema was taken")
        };
        assert!(error.exit_code() == 5 && error.to_string().contains("newer rehome"), "{error}");
        let Err(error) = Reader::open(folder.path()) else { panic!("a newer schema was read") };
        assert_eq!(error.exit_code(), 5);
    }
}
