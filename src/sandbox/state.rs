//! What all requests share: the behaviour, the data, and the threads that compute.

use crate::sandbox::data::attempts::Attempts;
use crate::sandbox::data::projects::Projects;
use crate::sandbox::data::store::Store;
use crate::sandbox::hashing::Hashing;
use crate::sandbox::traits::Traits;

/// What all requests share.
pub struct State {
    /// What differs between versions and databases.
    pub traits: Traits,
    /// The database that everything is kept in.
    pub store: Store,
    /// Projects and keys.
    pub projects: Projects,
    /// Threads for passwords.
    pub hashing: Hashing,
    /// The limits of sign-ins.
    pub attempts: Attempts,
}
