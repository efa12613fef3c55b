//! The first sign-in of somebody whose hash is sealed: from what was typed to a password at Appwrite, or to a session by a
//! token where Appwrite would not take it. Both shapes of the bridge go through here; what they tell whom is theirs.
//!
//! ```text
//! held? ─ a turn for this user ─ held still? ─ limits ─ verify ─ read the user ─┬─ set the password ─▶ moved
//!                                                                               └─ refused ─▶ a token
//! ```

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use zeroize::Zeroizing;

use super::api::{Api, Set};
use super::limits::Limits;
use super::verifiers::Verifiers;
use super::{Trouble, locked};
use crate::appwrite::rules::{PASSWORD_MAX, PASSWORD_MIN};
use crate::appwrite::wire::User;
use crate::bridge::key::{Of, Tag};
use crate::bridge::{Entry, Key, State, Vault};
use crate::error::RunError;
use crate::plan::stored_address;

/// How long it is remembered that somebody's password was moved, for those who tried it at the same moment.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Who wants to sign in.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// By e-mail address.
    Address(String),
    /// By the login name of the system they came from, which Appwrite knows nothing of, or by their address.
    Login(String),
}

impl Who {
    /// As it was typed.
    fn name(&self) -> &str {
        let (Self::Address(name) | Self::Login(name)) = self;
        name
    }
}

/// What somebody was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Address,
    Login,
}

/// Somebody at the door.
pub struct Attempt {
    /// Who they say they are.
    pub who: Who,
    /// Exactly as it was typed.
    pub password: Zeroizing<String>,
    /// Where they are.
    pub from: IpAddr,
    /// When they came.
    pub began: Instant,
    /// Whether Appwrite has not been asked: then names that nobody waits for are counted like those that somebody does.
    pub is_miss: bool,
}

impl Attempt {
    /// Whether Appwrite takes passwords of this length.
    fn fits(&self) -> bool {
        (PASSWORD_MIN..=PASSWORD_MAX).contains(&self.password.len())
    }
}

/// Somebody of a store.
struct Held {
    vault: Arc<Vault>,
    entry: Entry,
}

/// The same, and what they were found by.
struct Found {
    vault: Arc<Vault>,
    entry: Entry,
    by: By,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// What Appwrite says stands.
    Stands(Why),
    /// Appwrite has the password now: it is to be asked again.
    Moved,
    /// Appwrite does not take the password: a token for one session.
    Token {
        /// Whose.
        user_id: String,
        /// Once, within a minute.
        secret: Zeroizing<String>,
    },
    /// The password is right, the user is blocked, and Appwrite could not be brought to say so itself.
    Blocked,
}

/// Why what Appwrite says stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody is waited for by that name.
    Unknown,
    /// They have come before: Appwrite alone knows their password.
    Settled,
    /// Too many wrong passwords: none is looked at.
    Limited,
    /// The password is wrong.
    Wrong,
    /// Appwrite has no such user any more.
    Gone,
    /// The address is another user's by now.
    OtherAddress,
    /// They have set another password since.
    Superseded,
    /// The same within the last minute: it may be this one, set by another bridge beside this one.
    JustSet,
}

/// Passwords under 8 bytes, which no Appwrite takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ShortPasswords {
    /// Let who has one in by a token
    #[default]
    Token,
    /// Leave them to a reset
    Refuse,
}

/// All that a first sign-in needs.
pub struct SignIns {
    /// Those of one project: of several runs, or of the shards of one. Counters lie in the first.
    vaults: Vec<Arc<Vault>>,
    api: Api,
    verifiers: Arc<Verifiers>,
    limits: Limits,
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    moved: Moved,
}

impl SignIns {
    /// With the stores, of which there is at least one, and the target.
    ///
    /// # Errors
    /// [`RunError::internal`] if the system gives no random bytes, and without a store.
    pub fn new(vaults: Vec<Arc<Vault>>, api: Api, verifiers: Arc<Verifiers>, limits: Limits) -> Result<Self, RunError> {
        if vaults.is_empty() {
            return Err(RunError::internal("a bridge without a store"));
        }
        let moved = Moved { key: Key::generate()?, users: Mutex::default() };
        Ok(Self { vaults, api, verifiers, limits, turns: Mutex::default(), moved })
    }

    /// The target.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Somebody has signed in at Appwrite: whatever is sealed for them is forgotten. True if something was.
    ///
    /// # Errors
    /// [`Trouble`]
    pub async fn signed_in(&self, address: &str) -> Result<bool, Trouble> {
        self.forget(address, State::Migrated, "signed-in").await
    }

    /// Appwrite has another password for somebody since a moment ago: the same is forgotten.
    ///
    /// # Errors
    /// [`Trouble`]
    pub async fn overtaken(&self, address: &str) -> Result<bool, Trouble> {
        self.forget(address, State::Superseded, "superseded").await
    }

    async fn forget(&self, address: &str, to: State, event: &'static str) -> Result<bool, Trouble> {
        let (address, vaults) = (address.to_owned(), self.vaults.clone());
        self.store(move |_| {
            let mut forgotten = false;
            for vault in vaults {
                if let Some(entry) = vault.by_address(&address)?.filter(|entry| entry.state.holds_hash()) {
                    forgotten |= vault.settle(&entry.user_id, to, event)?;
                }
            }
            Ok(forgotten)
        })
        .await
    }

    /// The whole way.
    ///
    /// # Errors
    /// [`Trouble`] where nothing can be said of the password.
    pub async fn first(&self, attempt: &Attempt) -> Result<End, Trouble> {
        let (limits, from) = (self.limits, attempt.from);
        if self.store(move |vault| limits.place_is_used_up(vault, from, now())).await? {
            return Ok(End::Stands(Why::Limited));
        }
        let end = match self.find(&attempt.who).await? {
            Some(Found { vault, entry, by }) if entry.state.holds_hash() => {
                self.held(attempt, &Held { vault, entry }, by).await?
            }
            Some(Found { entry, .. }) => self.settled(attempt, &entry).await?,
            None => self.stranger(attempt, Why::Unknown).await?,
        };
        if let End::Stands(Why::Unknown | Why::Settled | Why::Gone | Why::OtherAddress | Why::Superseded) = end {
            self.store(move |vault| limits.count_place(vault, from, now())).await?;
        }
        Ok(end)
    }

    /// Somebody whose hash is there: one at a time, and looked at again when it is their turn, because whoever was before them
    /// may have been the same.
    async fn held(&self, attempt: &Attempt, found: &Held, by: By) -> Result<End, Trouble> {
        let _turn = self.turn(&found.entry.user_id).await;
        let user_id = found.entry.user_id.clone();
        let Some(entry) = self.store_of(found, move |vault| vault.by_id(&user_id)).await? else {
            return Ok(End::Stands(Why::Unknown));
        };
        if !entry.state.holds_hash() {
            return self.settled(attempt, &entry).await;
        }
        let held = Held { vault: found.vault.clone(), entry };
        if self.limits.user_is_used_up(&held.entry, now()) {
            return Ok(End::Stands(Why::Limited));
        }
        if let Some(why) = self.verify(attempt, &held).await? {
            return Ok(End::Stands(why));
        }
        let Some(user) = self.api.user(&held.entry.user_id).await? else { return self.gone(&held).await };
        let is_theirs = by == By::Login || same_address(&user.email, attempt.who.name());
        let stands = if is_theirs { self.superseded(attempt, &held, &user) } else { Some(Why::OtherAddress) };
        if let Some(why) = stands {
            // Of who has just set it Appwrite is asked once more whether it is this very one; an app asks there itself.
            if why == Why::Superseded || (why == Why::JustSet && attempt.is_miss) {
                self.settle(&held, State::Superseded, "superseded").await?;
            }
            return Ok(End::Stands(why));
        }
        self.hand_over(attempt, &held, &user, by).await
    }

    /// Whether the password is not the one of the hash, and that is counted; `None` if it is.
    async fn verify(&self, attempt: &Attempt, held: &Held) -> Result<Option<Why>, Trouble> {
        let (vault, front) = (held.vault.clone(), self.vaults[0].clone());
        let sealed = held.entry.clone();
        let kept = self.store_of(held, move |vault| vault.unseal(&sealed)).await?;
        let kept = kept.ok_or_else(|| Trouble::new("a hash that should be there is not"))?;
        let mebibytes = kept.work().bytes >> 20;
        let (limits, from, user_id) = (self.limits, attempt.from, held.entry.user_id.clone());
        let password = attempt.password.clone();
        let verified = self.verifiers.work(mebibytes, move || {
            // Of a thousand who wait together, all but the first few have been too many by now.
            if limits.place_is_used_up(&front, from, now())? {
                return Ok(Some(Why::Limited));
            }
            match kept.verify(password.as_bytes()) {
                Some(true) => Ok(None),
                Some(false) => {
                    limits.count_user(&vault, &user_id, now())?;
                    limits.count_place(&front, from, now())?;
                    Ok(Some(Why::Wrong))
                }
                None => Err(RunError::internal(format!("a {} hash cannot be computed", kept.scheme()))
                    .remedy("start the bridge with the secrets (peppers) that its users' hashes need")),
            }
        });
        let verified = verified.await.map_err(|_| Trouble::new("too many wait for their password to be verified"))?;
        verified.map_err(|error| Trouble::new(error.to_string()))
    }

    /// Whether somebody has set another password at Appwrite since rehome left the user there.
    fn superseded(&self, attempt: &Attempt, held: &Held, user: &User) -> Option<Why> {
        let set = user.password_update?;
        if held.vault.is_as_left(&held.entry, &user.password) {
            return None;
        }
        // One that Appwrite takes from nobody is not the one that was set.
        let just = attempt.fits() && self.api.clock().now().abs_diff(set) < REMEMBERED.as_millis() as u64;
        Some(if just { Why::JustSet } else { Why::Superseded })
    }

    /// Gives Appwrite the password, or the user a token.
    async fn hand_over(&self, attempt: &Attempt, held: &Held, user: &User, by: By) -> Result<End, Trouble> {
        let entry = &held.entry;
        // Who signs in by a name that Appwrite does not know needs the bridge the next time as well.
        if !attempt.fits() || by == By::Login || entry.state == State::TokenOnly {
            return self.token(held, user).await;
        }
        let mut set = self.api.set_password(&entry.user_id, &attempt.password).await?;
        if set == Set::Perhaps {
            let user = self.api.user(&entry.user_id).await?;
            set = match user {
                None => Set::Gone,
                Some(user) if !held.vault.is_as_left(entry, &user.password) => Set::Done,
                Some(_) => self.api.set_password(&entry.user_id, &attempt.password).await?,
            };
        }
        match set {
            Set::Done => {
                self.moved.note(&entry.user_id, &attempt.password);
                self.settle(held, State::Migrated, "migrated").await?;
                Ok(End::Moved)
            }
            Set::Policy(_) => self.token(held, user).await,
            Set::Gone => self.gone(held).await,
            Set::Perhaps => Err(Trouble::new("the answers to setting a password are lost")),
        }
    }

    /// The way that no policy is asked on; nor is the user's status, so that it is asked here.
    async fn token(&self, held: &Held, user: &User) -> Result<End, Trouble> {
        let entry = &held.entry;
        if user.status == Some(false) {
            return Ok(End::Blocked);
        }
        let Some(secret) = self.api.token(&entry.user_id).await? else { return self.gone(held).await };
        let (user_id, from) = (entry.user_id.clone(), entry.state);
        self.store_of(held, move |vault| {
            if from == State::TokenOnly {
                vault.forgive(&user_id)?;
                vault.note(&user_id, "token")?;
            } else {
                vault.settle(&user_id, State::TokenOnly, "token")?;
            }
            Ok(())
        })
        .await?;
        Ok(End::Token { user_id: entry.user_id.clone(), secret: Zeroizing::new(secret) })
    }

    async fn gone(&self, held: &Held) -> Result<End, Trouble> {
        self.settle(held, State::Gone, "gone").await?;
        Ok(End::Stands(Why::Gone))
    }

    /// Somebody whose hash is forgotten. If that happened while they waited, and by this very password, Appwrite knows it now.
    /// An app may have waited since before it asked here.
    async fn settled(&self, attempt: &Attempt, entry: &Entry) -> Result<End, Trouble> {
        let since = (!attempt.is_miss).then_some(attempt.began);
        if self.moved.since(&entry.user_id, since, &attempt.password) {
            return Ok(End::Moved);
        }
        self.stranger(attempt, Why::Settled).await
    }

    async fn stranger(&self, attempt: &Attempt, why: Why) -> Result<End, Trouble> {
        if !attempt.is_miss {
            return Ok(End::Stands(why));
        }
        let limits = self.limits;
        let name = attempt.who.name().trim().to_lowercase();
        let used_up = self.store(move |vault| {
            let used_up = limits.stranger_is_used_up(vault, &name, now())?;
            if !used_up {
                limits.count_stranger(vault, &name, now())?;
            }
            Ok(used_up)
        });
        Ok(End::Stands(if used_up.await? { Why::Limited } else { why }))
    }

    /// Who that is, in whichever store; of several entries one that is waited for.
    async fn find(&self, who: &Who) -> Result<Option<Found>, Trouble> {
        let (who, vaults) = (who.clone(), self.vaults.clone());
        self.store(move |_| {
            let mut settled: Option<Found> = None;
            // A name that people of two stores have finds nobody, as one that two of a store have: it may be either's.
            let mut named: Option<String> = None;
            for vault in vaults {
                let by_login = match &who {
                    Who::Login(login) => vault.by_login(login)?.map(|entry| (entry, By::Login)),
                    Who::Address(_) => None,
                };
                let found = match by_login {
                    Some(found) => Some(found),
                    None => vault.by_address(who.name())?.map(|entry| (entry, By::Address)),
                };
                let Some((entry, by)) = found else { continue };
                if by == By::Login {
                    if named.as_ref().is_some_and(|id| *id != entry.user_id) {
                        return Ok(None);
                    }
                    named = Some(entry.user_id.clone());
                }
                let found = Found { vault, entry, by };
                if settled
                    .as_ref()
                    .is_none_or(|before| !before.entry.state.holds_hash() && found.entry.state.holds_hash())
                {
                    settled = Some(found);
                }
            }
            Ok(settled)
        })
        .await
    }

    async fn settle(&self, held: &Held, to: State, event: &'static str) -> Result<bool, Trouble> {
        let user_id = held.entry.user_id.clone();
        self.store_of(held, move |vault| vault.settle(&user_id, to, event)).await
    }

    /// Asks the first store, which waits for a disk.
    async fn store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Vault) -> Result<T, RunError> + Send + 'static,
    ) -> Result<T, Trouble> {
        Self::ask(self.vaults[0].clone(), ask).await
    }

    /// The same of the store that somebody is in.
    async fn store_of<T: Send + 'static>(
        &self,
        held: &Held,
        ask: impl FnOnce(&Vault) -> Result<T, RunError> + Send + 'static,
    ) -> Result<T, Trouble> {
        Self::ask(held.vault.clone(), ask).await
    }

    async fn ask<T: Send + 'static>(
        vault: Arc<Vault>,
        ask: impl FnOnce(&Vault) -> Result<T, RunError> + Send + 'static,
    ) -> Result<T, Trouble> {
        let asked = tokio::task::spawn_blocking(move || ask(&vault)).await;
        asked
            .map_err(|_| Trouble::new("the store"))
            .and_then(|told| told.map_err(|error| Trouble::new(error.to_string())))
    }

    /// Waits until nobody else is busy with this user.
    async fn turn(&self, user_id: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = locked(&self.turns);
            // Those that nobody holds any more.
            if turns.len() >= 1024 {
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            turns.entry(user_id.to_owned()).or_default().clone()
        };
        turn.lock_owned().await
    }
}

/// Whose password was moved of late, and which it was, as a tag that this process alone can make.
struct Moved {
    key: Key,
    users: Mutex<HashMap<String, (Instant, Tag)>>,
}

impl Moved {
    fn note(&self, user_id: &str, password: &str) {
        let (now, tag) = (Instant::now(), self.key.tag(Of::Credential, &[user_id, password]));
        let mut users = locked(&self.users);
        users.retain(|_, (at, _)| now.duration_since(*at) < REMEMBERED);
        users.insert(user_id.to_owned(), (now, tag));
    }

    /// Whether it was this one, since then or else of late.
    fn since(&self, user_id: &str, began: Option<Instant>, password: &str) -> bool {
        let users = locked(&self.users);
        users.get(user_id).is_some_and(|(at, tag)| {
            began.map_or_else(|| at.elapsed() < REMEMBERED, |began| *at >= began)
                && Key::same(tag, &self.key.tag(Of::Credential, &[user_id, password]))
        })
    }
}

/// Whether Appwrite would find the user by what was typed.
fn same_address(stored: &str, typed: &str) -> bool {
    stored.to_lowercase() == stored_address(typed.into()).to_lowercase()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests;
