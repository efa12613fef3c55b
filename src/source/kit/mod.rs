//! What the systems have in common: reading values, telling tables by their columns, and the fates that recur.

pub mod cell;
pub mod common;
#[cfg(test)]
pub mod hostile;
pub mod mark;
pub mod python;
pub(crate) mod salts;
pub mod shape;
pub mod status;
pub mod strict;
#[cfg(test)]
pub mod testing;
