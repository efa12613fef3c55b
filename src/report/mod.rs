//! What people decide by: one document, [`Report`], which every command fills and every renderer reads.
//!
//! ```text
//! check, import ─ Observer ─▶ Observation ─ add ─▶ Tally ─┐
//! import        ─ metrics ──▶ Pace ───────────────────────┼─▶ Report ─▶ terminal · report.json · report.html
//! verify, rollback ───────────────────────────────────────┘
//! each record ──▶ rejects.<ext>, rejects.log.ndjson, needs-reset.csv, id-map.csv   (written as they come, `lists`)
//! ```
//!
//! Nothing in this room ever sees a hash, a salt or a key, except the bytes of a rejected record on their way into
//! `rejects.<ext>`. E-mail addresses, ids and sentences that may quote them stay out of the report unless the person
//! asks for them; what a [`Tally`] keeps does not grow with the number of records.

pub mod bridged;
pub mod build;
pub mod changes;

pub use crate::escape;
pub mod figures;
pub mod html;
pub mod lines;
pub mod lists;
pub mod loss;
pub mod next;
pub mod observation;
pub mod pace;
#[cfg(test)]
mod sample;
mod small_map;
mod store;
pub mod summary;
pub mod survey;
pub mod sync;
pub mod tally;
pub mod terminal;
pub mod traps;

pub use crate::scheme::cost::Cost;
pub use observation::{Observation, Observer, Outcome};
pub use store::{REPORT_HTML, REPORT_JSON};
pub use summary::Report;
pub use tally::Tally;
