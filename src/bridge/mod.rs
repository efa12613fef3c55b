//! The sign-in bridge: hashes that Appwrite cannot verify, sealed in a store beside the run until their users have signed
//! in once.
//!
//! ```text
//! plan ─ Kept ─▶ vault ─ sealed ─▶ store ─ unsealed ─▶ Kept::verify ─ right ─▶ the password goes to Appwrite, the seal is purged
//! ```
//!
//! The [`Store`] is the file, which counts, settles and purges without a key; the [`Vault`] is the store with its key.

pub mod farewell;
pub mod key;
pub mod serve;
pub mod state;
pub mod store;
#[cfg(test)]
mod tests;
pub mod vault;

pub use key::Key;
pub use state::{Entry, State, Status};
pub use store::{Place, STORE, Store};
pub use vault::{Sealing, Vault};
