//! The target: its rules by version, its wire types, the client, and what its answers mean.

pub mod addresses;
pub mod answer;
pub mod ask;
pub mod authorities;
pub mod body;
pub mod client;
pub mod clock;
pub mod endpoint;
pub mod live;
pub mod pace;
pub mod preflight;
pub mod rules;
pub mod said;
pub mod verdict;
pub mod version;
pub mod wire;

pub use client::{Client, Target};
pub use clock::Clock;
pub use endpoint::Endpoint;
pub use version::{Profile, Version};
