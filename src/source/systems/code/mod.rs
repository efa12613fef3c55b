//! What a system's file cannot say: functions that it calls by name, after everything else was read.

mod gitea;
mod okta;
mod supertokens;

use crate::account::Account;
use crate::code::Refusal;
use crate::format::Record;
use crate::source::Context;

/// Completes an account.
pub type Finish = for<'r> fn(&'r Record<'r>, &Context<'r>, &mut Account<'r>) -> Result<(), Refusal>;

const ALL: &[(&str, Finish)] = &[
    ("firebase-scrypt-of-supertokens", supertokens::finish),
    ("addresses-of-okta", okta::finish),
    ("hashes-of-gitea", gitea::finish),
];

/// The function of a name.
#[must_use]
pub fn named(name: &str) -> Option<Finish> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, finish)| *finish)
}

/// All names.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}
