//! The state: what the store keeps, how it is found, and what it is compared by.

pub mod agent;
pub mod attempts;
pub mod collation;
pub mod common;
pub mod find;
pub mod jwt;
pub mod projects;
pub mod queries;
pub mod schema;
pub mod seal;
pub mod session;
pub mod store;
pub mod target;
pub mod token;
pub mod user;
