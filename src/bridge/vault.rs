//! A store and its key: sealing, finding, unsealing.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::key::{Key, Of, Tag};
use super::state::Entry;
use super::store::{self, CHECK, CREATED, Durable, ENDED, ENDPOINT, NewEntry, PROJECT, Place, SCHEMA, Store, UNTIL};
use crate::bytes::hex;
use crate::error::RunError;
use crate::plan::stored_address;
use crate::scheme::Kept;
use crate::scheme::verify::foreign;

/// The store's name for the secrets that its hashes were made with.
const PEPPERS: &str = "peppers";

/// How long hashes are kept where nobody says otherwise.
pub const DAYS: i64 = 90;

/// A store that can be read. Derefs to the [`Store`].
pub struct Vault {
    store: Store,
    key: Key,
    project: String,
}

impl Deref for Vault {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// A user whose hash is to be sealed.
pub struct Sealing<'s> {
    /// The id at Appwrite.
    pub user_id: &'s str,
    /// The address, where there is one.
    pub email: Option<&'s str>,
    /// The login name, where the source has one.
    pub login: Option<&'s str>,
    /// `password` of the user document as rehome leaves it: empty for users who are created without a password. `None` is what
    /// it was when the user was sealed before.
    pub left: Option<&'s str>,
    /// What the password is tried on.
    pub kept: &'s Kept,
}

impl Vault {
    /// Opens the store of this project with its key.
    ///
    /// # Errors
    /// As [`Store::open`]; [`RunError::foreign_ledger`] for another key's store, another project's, and one that was ended.
    pub fn open(path: &Path, key: Key, place: &Place) -> Result<Self, RunError> {
        Self::checked(Store::open(path, Durable::ByProcess)?, key, place)
    }

    /// Opens the store of this project with its key, or makes it. Hashes are kept until `until`, else for [`DAYS`] from when
    /// it was made.
    ///
    /// # Errors
    /// As [`Vault::open`] and [`Store::create`].
    pub fn create(path: &Path, key: Key, place: &Place, until: Option<Timestamp>) -> Result<Self, RunError> {
        let store = Store::create(path, Durable::Fully)?;
        store.transaction(|connection| {
            if store::meta(connection, CHECK)?.is_none() {
                let set = |name, value: &str| store::set_meta(connection, name, value);
                let now = Timestamp::now();
                let end = now + SignedDuration::from_hours(24 * DAYS);
                set(CHECK, &hex(&key.tag(Of::Key, &[])))?;
                set(PROJECT, &place.project)?;
                set(ENDPOINT, &place.endpoint)?;
                set(CREATED, &now.as_second().to_string())?;
                set(UNTIL, &end.as_second().to_string())?;
            }
            Ok(())
        })?;
        let vault = Self::checked(store, key, place)?;
        if let Some(until) = until {
            vault.set_until(until)?;
        }
        Ok(vault)
    }

    fn checked(store: Store, key: Key, place: &Place) -> Result<Self, RunError> {
        let shown = store.path().display().to_string();
        let Some(check) = store.meta(CHECK)? else {
            let ended = store.meta(ENDED)?.is_some();
            let why = if ended { "was ended: it holds no hash any more" } else { "holds nothing" };
            return Err(RunError::foreign_ledger(format!("{shown} {why}")));
        };
        if check != hex(&key.tag(Of::Key, &[])) {
            return Err(RunError::foreign_ledger(format!("{shown} was sealed with another key"))
                .remedy("give the key that the import was given"));
        }
        let project = store.meta(PROJECT)?.unwrap_or_default();
        if project != place.project {
            return Err(RunError::foreign_ledger(format!("{shown} is of project {project}, not of {}", place.project)));
        }
        Ok(Self { store, key, project })
    }

    /// Seals these users' hashes, all of them or none, and gives how many. Who has signed in through the bridge before, or set
    /// a password of their own, stays as they are.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn seal<'s>(&self, users: impl IntoIterator<Item = Sealing<'s>>) -> Result<u64, RunError> {
        self.store.transaction(|connection| {
            let mut written = 0;
            let known = store::meta(connection, PEPPERS)?.unwrap_or_default();
            let mut peppers: BTreeSet<String> = known.split_whitespace().map(str::to_owned).collect();
            let before = peppers.len();
            for user in users {
                if let Some(pepper) = user.kept.pepper().filter(|pepper| !peppers.contains(*pepper)) {
                    peppers.insert(pepper.to_owned());
                }
                let kept = user.kept.hashed().ok_or_else(|| RunError::internal("the system gives no random bytes"))?;
                let sealed = self.key.seal(&kept.encode(), &self.beside(user.user_id))?;
                let before = if user.left.is_none() { self.by_id(user.user_id)? } else { None };
                let left = before.map_or_else(|| self.left(user.left.unwrap_or_default()), |before| before.left);
                let row = NewEntry {
                    user_id: user.user_id,
                    mail: user.email.map(|email| self.address(email)),
                    name: user.login.map(|login| self.login(login)),
                    left,
                    scheme: user.kept.scheme(),
                    sealed,
                };
                written += u64::from(store::put(connection, &row)?);
            }
            if peppers.len() > before {
                let all: Vec<String> = peppers.into_iter().collect();
                store::set_meta(connection, PEPPERS, &all.join(" "))?;
            }
            Ok(written)
        })
    }

    /// The secrets that hashes in here were made with and that the environment does not hold: `env:NAME`. Nobody with such a
    /// hash can be let in without.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn missing_peppers(&self) -> Result<Vec<String>, RunError> {
        let peppers = self.meta(PEPPERS)?.unwrap_or_default();
        Ok(peppers.split_whitespace().filter(|pepper| !foreign::has_pepper(pepper)).map(str::to_owned).collect())
    }

    /// What a seal is bound to: nobody can move it to another user, project or version.
    fn beside(&self, user_id: &str) -> Vec<u8> {
        format!("{SCHEMA}\n{}\n{user_id}", self.project).into_bytes()
    }

    fn address(&self, address: &str) -> Tag {
        self.key.tag(Of::Address, &[&stored_address(address.into()).to_lowercase()])
    }

    fn login(&self, login: &str) -> Tag {
        self.key.tag(Of::Login, &[&login.trim().to_lowercase()])
    }

    fn left(&self, password: &str) -> Tag {
        self.key.tag(Of::Credential, &[password])
    }

    /// The user with this address, however it is written.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn by_address(&self, address: &str) -> Result<Option<Entry>, RunError> {
        self.by_mail_tag(&self.address(address))
    }

    /// Has a user who waits be found by this address, if that is another one by now.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn follow(&self, user_id: &str, address: &str) -> Result<(), RunError> {
        let waits = self.by_id(user_id)?.is_some_and(|entry| entry.state.holds_hash());
        if !waits || self.by_address(address)?.is_some_and(|found| found.user_id == user_id) {
            return Ok(());
        }
        self.set_mail(user_id, &self.address(address))
    }

    /// The user with this login name, in any case; none if several have it.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn by_login(&self, login: &str) -> Result<Option<Entry>, RunError> {
        self.by_name_tag(&self.login(login))
    }

    /// The hash of an entry; none once it was purged.
    ///
    /// # Errors
    /// [`RunError::ledger`] for a seal that was changed, or that is another user's.
    pub fn unseal(&self, entry: &Entry) -> Result<Option<Kept>, RunError> {
        let Some(sealed) = &entry.sealed else { return Ok(None) };
        let opened = self.key.open(sealed, &self.beside(&entry.user_id));
        let kept = opened.and_then(|bytes| Kept::decode(&bytes));
        kept.map(Some).ok_or_else(|| {
            RunError::ledger(format!("what is sealed for user {} was changed, or is another user's", entry.user_id))
                .remedy("put the store back from a backup; nobody is signed in by it")
        })
    }

    /// Whether Appwrite still has the credential that rehome left: `password` of the user document.
    #[must_use]
    pub fn is_as_left(&self, entry: &Entry, password: &str) -> bool {
        Key::same(&entry.left, &self.left(password))
    }

    /// Counts a request of a client (an address of the network, or whatever tells one) at `now` (Unix seconds) and gives how
    /// many there were since the first in a window of `length` seconds. The store knows the client by a tag alone.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn count_client(&self, client: &str, now: i64, length: i64) -> Result<u32, RunError> {
        self.count_tag(&self.key.tag(Of::Client, &[client]), now, length)
    }

    /// What [`Vault::count_client`] has counted, without counting.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn counted_client(&self, client: &str, now: i64, length: i64) -> Result<u32, RunError> {
        self.counted(&self.key.tag(Of::Client, &[client]), now, length)
    }
}
