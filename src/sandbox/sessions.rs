//! Sessions: those that servers create for users, and those of sign-ins.

use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::Answer;
use super::app::App;
use super::auth::{Caller, encode_session};
use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::model::{self, Client, USER_COLUMNS, User};
use super::params::Rule;
use super::secrets::{digest, hex_secret};
use super::users::by_id;

/// Digits of a session's secret.
pub const SECRET_LENGTH: usize = 256;

/// A new session: its document, and what the client keeps of it.
pub struct Fresh {
    /// The document; its secret is the digest.
    pub document: Value,
    /// User and secret, encoded.
    pub encoded: String,
}

impl Fresh {
    /// A session of a user, not stored yet.
    pub fn new(
        user_id: &str,
        provider: &str,
        provider_uid: &str,
        factor: &str,
        client: &Client<'_>,
    ) -> ApiResult<Self> {
        let secret = hex_secret(SECRET_LENGTH)?;
        let document = model::session(user_id, provider, provider_uid, factor, client, &digest(&secret));
        Ok(Self { document, encoded: encode_session(user_id, &secret) })
    }

    /// Stores it.
    pub fn insert(&self, connection: &Connection, project: i64, user: i64) -> ApiResult<()> {
        let member = |name: &str| self.document.get(name).and_then(Value::as_str).unwrap_or_default();
        connection
            .prepare_cached("INSERT INTO sessions(project, id, user, secret, document) VALUES(?1, ?2, ?3, ?4, ?5)")?
            .execute((project, member("$id"), user, member("secret"), self.document.to_string()))?;
        Ok(())
    }

    /// The document for its creator: servers see the secret, others carry it in a cookie. `current` says whose it is: the
    /// user's who just signed in, or one that a server created for somebody.
    pub fn shown(mut self, caller: &Caller, current: bool) -> Value {
        let secret = if caller.is_server() { self.encoded } else { String::new() };
        self.document["secret"] = secret.into();
        self.document["current"] = current.into();
        self.document
    }
}

/// The ids of a user's sessions, oldest first.
pub fn ids_of(connection: &Connection, user: i64) -> ApiResult<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT id FROM sessions WHERE user = ?1 ORDER BY seq")?;
    let rows = statement.query_map([user], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The user who holds a session's secret, and the session's id.
pub async fn by_secret(app: &App, project: i64, user: String, secret: String) -> ApiResult<Option<(User, String)>> {
    app.store
        .run(move |c| {
            let Ok(user) = by_id(c, project, &user) else { return Ok(None) };
            let session = c
                .prepare_cached("SELECT id FROM sessions WHERE user = ?1 AND secret = ?2")?
                .query_row((user.seq, secret), |row| row.get(0))
                .optional()?;
            Ok(session.map(|session| (user, session)))
        })
        .await
}

/// The user of a JWT: its session, if it names one, must still be there.
pub async fn by_jwt(app: &App, project: i64, user: String, session: String) -> ApiResult<Option<User>> {
    app.store
        .run(move |c| {
            let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE project = ?1 AND key(id) = key(?2)");
            let Some(user) = c.prepare_cached(&sql)?.query_row((project, user), User::from_row).optional()? else {
                return Ok(None);
            };
            let alive = session.is_empty() || ids_of(c, user.seq)?.contains(&session);
            Ok(alive.then_some(user))
        })
        .await
}

#[derive(Serialize)]
struct List<'a> {
    total: usize,
    sessions: Vec<&'a RawValue>,
}

/// `GET /users/{userId}/sessions`
pub async fn list(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let count = call.total()?;
    let project = call.project.number;
    let sessions = call
        .app
        .store
        .run(move |c| {
            let user = by_id(c, project, &id)?;
            let mut statement = c.prepare_cached("SELECT document FROM sessions WHERE user = ?1 ORDER BY seq")?;
            let rows = statement.query_map([user.seq], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    let sessions: Vec<_> = sessions.iter().filter_map(|document| model::raw(document)).collect();
    Answer::ok(&List { total: if count { sessions.len() } else { 0 }, sessions })
}

/// `POST /users/{userId}/sessions`
pub async fn create(call: Call) -> ApiResult<Answer> {
    let id = call.path_value("userId", Rule::CustomId)?;
    let project = call.project.number;
    let (ip, user_agent) = (call.ip.to_string(), call.user_agent().to_owned());
    let session = call
        .app
        .store
        .run(move |c| {
            let user = by_id(c, project, &id)?;
            let client = Client { ip: &ip, user_agent: &user_agent };
            let session = Fresh::new(&user.id, "server", "", "server", &client)?;
            session.insert(c, project, user.seq)?;
            Ok(session)
        })
        .await?;
    Answer::created(&session.shown(&call.caller, false))
}

/// `DELETE /users/{userId}/sessions/{sessionId}`: of whichever user the session is.
pub async fn delete(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let session = call.path_id("sessionId")?;
    let project = call.project.number;
    // Nobody but servers (and their owners) sees the documents.
    let visible = call.caller.is_server();
    call.app
        .store
        .run(move |c| {
            by_id(c, project, &id)?;
            let deleted = visible
                && c.prepare_cached("DELETE FROM sessions WHERE project = ?1 AND key(id) = key(?2)")?
                    .execute((project, session))?
                    > 0;
            if deleted { Ok(()) } else { Err(ApiError::session_not_found()) }
        })
        .await?;
    Ok(Answer::no_content())
}

/// `DELETE /users/{userId}/sessions`
pub async fn delete_all(call: Call) -> ApiResult<Answer> {
    let id = call.path_id("userId")?;
    let project = call.project.number;
    let allowed = call.caller.is_server();
    call.app
        .store
        .run(move |c| {
            let user = by_id(c, project, &id)?;
            if !allowed && !ids_of(c, user.seq)?.is_empty() {
                return Err(ApiError::unauthorized());
            }
            c.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([user.seq])?;
            Ok(())
        })
        .await?;
    Ok(Answer::no_content())
}

/// `{"a_session_PROJECT": "…"}`, for clients whose cookies are not kept.
pub fn fallback_cookies(cookie: &str, encoded: &str) -> String {
    // PHP escapes slashes.
    json!({ cookie: encoded }).to_string().replace('/', "\\/")
}
