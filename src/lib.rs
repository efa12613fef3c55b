//! Moves users, with the password hashes they already have, from other systems' exports into Appwrite.
//!
//! One straight line, one owner a stage:
//!
//! ```text
//! EXPORT ─ read ─▶ Record ─ interpret ─▶ Account ─ plan ─▶ Plan ─ send ─▶ Outcome ─ record ─▶ Ledger ─ report
//!          format/ read/    source/ scheme/        plan/          run/ appwrite/       ledger/         report/
//! ```
//!
//! *Format* (how bytes become records), *source* (whose export it is) and *scheme* (which hash it is, and whether
//! Appwrite can verify it) are independent axes: a new one of any touches none of the others.

pub mod account;
pub mod appwrite;
pub mod bridge;
mod bytes;
pub mod cli;
pub mod code;
pub mod error;
pub mod escape;
pub mod event;
pub mod folder;
pub mod format;
pub mod ledger;
mod listening;
mod live;
mod names;
pub mod plan;
pub mod policy;
pub mod read;
pub mod report;
pub mod run;
mod runtime;
pub mod sandbox;
pub mod scheme;
pub mod signals;
pub mod source;
