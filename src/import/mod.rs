//! The line from plans to outcomes: dispatcher, resume, verify, rollback.
//!
//! ```text
//! feed ─ batches, durable intents ─▶ engine ─ jobs ─▶ saga ─ requests ─▶ gate ─▶ target
//!  ▲ ledger: who is settled                            └── changes ─▶ ledger
//! ```

pub mod compare;
pub mod engine;
pub mod feed;
pub mod gate;
pub mod job;
pub mod rejects;
pub mod saga;
pub mod stop;

pub use compare::{Comparison, compare};
pub use engine::Import;
pub use gate::Ceilings;
pub use job::Job;
