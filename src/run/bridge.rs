//! What a run does for the sign-in bridge: hashes are sealed before their users are created, those of users who came to
//! nothing are forgotten, and users of earlier runs are added.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;

use super::feed::{self, Fed};
use super::folder::RunFolder;
use super::job::Job;
use super::session::{PROFILE, Session};
use crate::appwrite::version::PROFILES;
use crate::appwrite::{Target, Version};
use crate::bridge::store::Durable;
use crate::bridge::{Key, Place, STORE, Sealing, Store, Vault};
use crate::error::RunError;
use crate::event::{Event, Listener};
use crate::folder::Folder;
use crate::ledger::{Entry, Reader, State, Steps};
use crate::plan::Keep;
use crate::report::bridged::{Bridged, no_longer_reset};

/// Where the key is, and how long hashes are kept.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// `--bridge-key-file`; else the environment.
    pub key_file: Option<PathBuf>,
    /// `--bridge-until`
    pub until: Option<Timestamp>,
}

/// A day, which ends at midnight in UTC, or a moment.
///
/// # Errors
/// A sentence for anything else.
pub fn until(text: &str) -> Result<Timestamp, String> {
    let day = || {
        let next = text.parse::<Date>().ok()?.tomorrow().ok()?;
        jiff::tz::Offset::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()
    };
    day()
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "a day is written 2027-01-31, a moment 2027-01-31T12:00:00Z".into())
}

/// Opens the store of a run, or makes it.
///
/// # Errors
/// As [`Key::find`] and [`Vault::create`].
pub fn vault(folder: &Folder, target: &Target, keeping: &Keeping) -> Result<Vault, RunError> {
    let place = Place { endpoint: target.endpoint.clone(), project: target.project.clone() };
    open_vault(folder, &place, keeping)
}

fn open_vault(folder: &Folder, place: &Place, keeping: &Keeping) -> Result<Vault, RunError> {
    let path = folder.file(STORE);
    let key = Key::find(keeping.key_file.as_deref(), &path)?;
    Vault::create(&path, key, place, keeping.until)
}

/// That the time of this bridge was up, and when.
///
/// # Errors
/// [`RunError::ledger`]
pub fn is_over(store: &Store) -> Result<Option<String>, RunError> {
    let until = store.until()?.filter(|until| *until <= Timestamp::now().as_second());
    Ok(until.map(|until| {
        let until = Timestamp::from_second(until).map(|at| at.to_string()).unwrap_or_default();
        format!("the time of this bridge was up at {until}")
    }))
}

/// Seals what is kept of these users, and gives how many. Once it returns, whatever becomes of this process, each of them has
/// an entry.
///
/// # Errors
/// [`RunError::ledger`]
pub fn seal(vault: &Vault, jobs: &[Job]) -> Result<u64, RunError> {
    let mut kept = jobs.iter().filter_map(sealing).peekable();
    if kept.peek().is_none() { Ok(0) } else { vault.seal(kept) }
}

fn sealing(job: &Job) -> Option<Sealing<'_>> {
    let bridged = job.bridged.as_deref()?;
    Some(Sealing {
        user_id: job.user_id(),
        email: job.email(),
        login: bridged.login.as_deref(),
        left: Some(job.create.body.password.as_ref().map(|fields| &*fields.password).unwrap_or_default()),
        kept: &bridged.kept,
    })
}

/// Users who are sealed at once where nobody waits for them: the more, the less often each page of an index is written.
const AT_ONCE: usize = 50_000;

/// Whose hashes are added to the bridge of a run, and how.
pub struct Adding {
    /// The export; empty for the files that the run was made of.
    pub exports: Vec<PathBuf>,
    /// Hashes that Appwrite verifies as well: for passwords that it would not take at the door.
    pub all: bool,
    /// `--pepper`
    pub pepper: Option<String>,
    /// Where the key is, and how long hashes are kept.
    pub keeping: Keeping,
}

/// What became of an export's users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    /// Users whose hash is sealed now.
    pub sealed: u64,
    /// Users who have signed in through the bridge before, or set a password of their own.
    pub settled: u64,
    /// Users for whom nothing can be kept, or need not be.
    pub others: u64,
    /// Users whom the run has not created.
    pub not_there: u64,
}

/// Seals the hashes of users whom a run has created before.
///
/// # Errors
/// What keeps the run, its export or its store from being opened.
pub fn add(path: &Path, adding: Adding, listener: &dyn Listener) -> Result<Added, RunError> {
    let mut session = Session::of(path)?;
    let folder = RunFolder::open(path)?;
    let reader = Reader::open(path)?;
    if !adding.exports.is_empty() {
        session.export.exports = adding.exports;
    }
    session.export.pepper = adding.pepper.or(session.export.pepper);
    let (endpoint, project) = session.destination.names();
    let place = Place { endpoint: endpoint.to_owned(), project: project.to_owned() };
    let vault = open_vault(&folder, &place, &adding.keeping)?;
    if let Some(over) = is_over(&vault)? {
        return Err(RunError::usage(format!("{over}, and what is sealed now would go at once"))
            .remedy("say how long hashes are kept with --bridge-until DATE"));
    }

    let export = session.open_export()?;
    listener.on(&Event::Said(format!("export: {}", export.why())));
    let planned = reader.meta(PROFILE)?;
    let profile = PROFILES.iter().find(|profile| Some(profile.name) == planned.as_deref());
    let mut planner = session.planner(&export, &reader, profile.unwrap_or(Version::NEWEST.profile()))?;
    planner.keep = if adding.all { Keep::All } else { Keep::Unsupported };
    let there = those_there(&reader)?;
    let duplicates = planner.duplicates(listener)?;
    let mut added = Added::default();
    // Who is named when the bridge ends.
    let mut named = Bridged::begin(&folder)?;
    let (mut jobs, mut kept, mut ids) = (Vec::new(), 0, HashSet::new());
    feed::scan(&planner, &duplicates, listener, |batch| {
        for fed in batch {
            match fed {
                Fed::User(job) if !there.contains(&feed::id_digest(job.user_id())) => added.not_there += 1,
                Fed::User(job) if job.bridged.is_some() => {
                    kept += 1;
                    ids.insert(job.user_id().to_owned());
                    if job.create.body.password.is_none() {
                        named.add(&job.source_id, job.user_id(), job.email(), job.phone())?;
                    }
                    jobs.push(*job);
                }
                Fed::User(_) => added.others += 1,
                Fed::Refused { .. } => added.not_there += 1,
            }
        }
        if jobs.len() >= AT_ONCE {
            added.sealed += seal(&vault, &std::mem::take(&mut jobs))?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    added.sealed += seal(&vault, &jobs)?;
    added.settled = kept - added.sealed;
    named.finish(&folder)?;
    no_longer_reset(&folder, &ids)?;
    Ok(added)
}

/// What stands for the ids of everybody whom the run has created, or found there.
fn those_there(reader: &Reader) -> Result<HashSet<u64>, RunError> {
    let (mut there, mut after) = (HashSet::new(), 0);
    loop {
        let page = reader.page(after, 1000)?;
        let Some(last) = page.last() else { return Ok(there) };
        after = last.record;
        there.extend(page.iter().filter(|entry| entry.is_there()).map(|entry| feed::id_digest(&entry.user_id)));
    }
}

/// Takes those out of the store of whom this run created nothing, in the end.
///
/// # Errors
/// [`RunError::ledger`]
pub fn forget_refused(store: &Store, reader: &Reader) -> Result<u64, RunError> {
    forget(store, reader, |entry| {
        matches!(entry.state, State::Refused | State::Conflict) && !entry.steps.has(Steps::CREATED)
    })
}

/// Takes those out of the store of a run, if it has one, who were taken back, and whoever was sealed and never came.
///
/// # Errors
/// As [`Store::open`].
pub fn forget_rolled_back(folder: &Path, reader: &Reader) -> Result<u64, RunError> {
    let path = folder.join(STORE);
    if !path.is_file() {
        return Ok(0);
    }
    // One that was only just made is none to complain of.
    let store = Store::create(&path, Durable::Fully)?;
    store.set_importing(false)?;
    forget(&store, reader, |entry| entry.state == State::RolledBack || !entry.is_there())
}

fn forget(store: &Store, reader: &Reader, is: impl Fn(&Entry) -> bool) -> Result<u64, RunError> {
    let (mut after, mut forgotten) = (0, 0);
    loop {
        let page = reader.page(after, 1000)?;
        let Some(last) = page.last() else { return Ok(forgotten) };
        after = last.record;
        let users: Vec<&str> = page.iter().filter(|entry| is(entry)).map(|entry| &*entry.user_id).collect();
        if !users.is_empty() {
            forgotten += store.forget(users)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight() {
        assert_eq!(until("2027-01-31").map(|t| t.to_string()), Ok("2027-02-01T00:00:00Z".into()));
        assert_eq!(until("2027-01-31T12:00:00Z").map(|t| t.to_string()), Ok("2027-01-31T12:00:00Z".into()));
        assert!(until("tomorrow").is_err());
    }
}
