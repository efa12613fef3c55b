//! The line from plans to outcomes: dispatcher, resume, verify, rollback.
//!
//! ```text
//! feed ─ batches, durable intents ─▶ engine ─ jobs ─▶ saga ─ requests ─▶ gate ─▶ target
//!  ▲ ledger: who is settled                            └── changes ─▶ ledger
//! ```

pub mod compare;
pub mod context;
pub mod engine;
pub mod feed;
pub mod gate;
pub mod job;
pub mod rejects;
pub mod rollback;
pub mod saga;
pub mod stop;
pub mod verify;

pub use compare::{Comparison, compare};
pub use engine::Import;
pub use gate::Ceilings;
pub use job::Job;
