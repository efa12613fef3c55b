//! Secrets for doing something once: signing in, or setting a new password.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use super::user::User;
use crate::sandbox::clock;
use crate::sandbox::errors::ApiResult;
use crate::sandbox::secrets::{digest, hex_secret};

/// The flow that a token belongs to; it is good in no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A session.
    SignIn,
    /// A new password.
    Recovery,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Recovery => "recovery",
        }
    }
}

/// A new token of a user: its document, with the secret in it.
pub fn create(
    connection: &Connection,
    project: i64,
    user: &User,
    purpose: Purpose,
    length: usize,
    seconds: i64,
) -> ApiResult<Value> {
    let secret = hex_secret(length)?;
    let (id, now) = (clock::unique_id(), clock::now_ms());
    let expires = now + seconds * 1000;
    connection
        .prepare_cached(
            "INSERT INTO tokens(project, id, user, purpose, secret, expires) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((project, &id, user.seq, purpose.name(), digest(&secret), expires))?;
    Ok(json!({
        "$id": id,
        "$createdAt": clock::format(now),
        "userId": user.id,
        "secret": secret,
        "expire": clock::format(expires),
        "phrase": "",
    }))
}

/// Takes a token out of the store, if this secret is one of the user's and has not run out. A second time it is none.
pub fn take(connection: &Connection, user: &User, purpose: Purpose, secret: &str) -> ApiResult<bool> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT seq FROM tokens WHERE user = ?1 AND purpose = ?2 AND secret = ?3 AND expires > ?4")?
        .query_row((user.seq, purpose.name(), digest(secret), clock::now_ms()), |row| row.get(0))
        .optional()?;
    if let Some(seq) = found {
        connection.prepare_cached("DELETE FROM tokens WHERE seq = ?1")?.execute([seq])?;
    }
    Ok(found.is_some())
}
