//! The target: its rules by version, its wire types, the client, and what its answers mean.

pub mod endpoint;
pub mod rules;
pub mod version;

pub use endpoint::Endpoint;
pub use version::{Profile, Version};
