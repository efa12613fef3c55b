//! One migration: its folder and lock, its settings, and the line from plans to outcomes.
//!
//! ```text
//! feed ─ batches, durable intents ─▶ engine ─ jobs ─▶ saga ─ requests ─▶ gate ─▶ target
//!  ▲ ledger: who is settled                            └── changes ─▶ ledger
//! ```
//!
//! `check`, `import`, `verify`, `rollback` and `reports` are what the commands of these names do; the others are their
//! parts.

pub mod agree;
pub mod backup;
pub mod bridge;
pub mod check;
pub mod compare;
pub mod context;
pub mod declared;
pub mod engine;
pub mod exposition;
pub mod feed;
pub mod findings;
pub mod folder;
pub mod gate;
pub mod gauges;
pub mod health;
pub mod import;
pub mod job;
pub mod mark;
pub mod metrics;
pub mod parallel;
pub mod parts;
pub mod rejects;
pub mod reports;
pub mod rollback;
pub mod saga;
pub mod session;
pub mod settings;
pub mod sign_in;
#[cfg(test)]
mod simulation;
pub mod status;
pub mod stop;
pub mod sync;
pub mod target;
pub mod trial;
pub mod verify;
pub mod window;

pub use compare::{Comparison, compare};
pub use engine::Engine;
pub use folder::RunFolder;
pub use gate::Limits;
pub use job::Job;
pub use metrics::Metrics;
