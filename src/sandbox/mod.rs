//! The Users API on axum and SQLite: routes by resource, login, queries, faults.
