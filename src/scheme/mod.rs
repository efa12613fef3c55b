//! Credential → [`Verdict`]: which endpoint verifies this hash, after which lossless rewrite; or why none can.
//!
//! [`resolve()`] takes off what is written around a hash, one layer a turn; each file of `grammar/` knows the strings of one
//! family and none of the others.

pub mod columns;
#[cfg(test)]
mod corpus_tests;
pub mod cost;
mod encoding;
pub mod fitting;
mod grammar;
pub mod itoa64;
mod job;
pub mod kept;
pub mod known;
mod looks;
mod marker;
mod mask;
#[cfg(test)]
mod properties;
mod recipe;
pub mod record;
pub mod registry;
mod resolve;
#[cfg(test)]
mod tests;
mod verdict;
pub mod verify;

pub use kept::Kept;
pub use looks::{Looks, looks_like};
pub use marker::unusable_marker;
pub use mask::is_mask;
pub use registry::{Becomes, SCHEMES, Scheme};
pub use resolve::{declare, resolve};
pub use verdict::{Mapped, PasswordFields, Verdict, plain};
