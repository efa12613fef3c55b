//! Who answers: one file a resource.

pub mod account;
pub mod create;
pub mod health;
pub mod jwts;
pub mod lists;
pub mod mfa;
pub mod patch;
pub mod project;
pub mod sessions;
pub mod targets;
pub mod tokens;
pub mod users;
