//! Sessions: their documents, their secrets, and whose they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use super::agent;
use super::store::Store;
use super::user::{USER_COLUMNS, User, by_id};
use crate::sandbox::clock;
use crate::sandbox::errors::ApiResult;
use crate::sandbox::secrets::{digest, hex_secret};

/// Who asks: what a session records of its client.
pub struct Client<'a> {
    pub ip: &'a str,
    pub user_agent: &'a str,
}

/// How long a session lasts, in milliseconds.
pub const YEAR_MS: i64 = 31_536_000_000;

/// A session's document as answers show it, with the digest of its secret.
fn document(
    user_id: &str,
    provider: &str,
    provider_uid: &str,
    factor: &str,
    client: &Client<'_>,
    digest: &str,
) -> Value {
    let now = clock::now_ms();
    let created = clock::format(now);
    let agent = agent::detect(client.user_agent);
    json!({
        "$id": clock::unique_id(),
        "$createdAt": created,
        "$updatedAt": created,
        "userId": user_id,
        "expire": clock::format(now + YEAR_MS),
        "provider": provider,
        "providerUid": provider_uid,
        "providerAccessToken": "",
        "providerAccessTokenExpiry": "",
        "providerRefreshToken": "",
        "ip": client.ip,
        "osCode": agent.os_code,
        "osName": agent.os_name,
        "osVersion": agent.os_version,
        "clientType": agent.client_type,
        "clientCode": agent.client_code,
        "clientName": agent.client_name,
        "clientVersion": agent.client_version,
        "clientEngine": agent.engine,
        "clientEngineVersion": agent.engine_version,
        "deviceName": agent.device,
        "deviceBrand": "",
        "deviceModel": "",
        "countryCode": "--",
        "countryName": "Unknown",
        "current": false,
        "factors": [factor],
        "secret": digest,
        "mfaUpdatedAt": "",
    })
}

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
        let document = document(user_id, provider, provider_uid, factor, client, &digest(&secret));
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

    /// The document for its creator: a server sees the secret, others carry it in a cookie. `current` says whose it is: the
    /// user's who just signed in, or one that a server created for somebody.
    pub fn shown(mut self, to_server: bool, current: bool) -> Value {
        let secret = if to_server { self.encoded } else { String::new() };
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
pub async fn by_secret(store: &Store, project: i64, user: String, secret: String) -> ApiResult<Option<(User, String)>> {
    store
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
pub async fn by_jwt(store: &Store, project: i64, user: String, session: String) -> ApiResult<Option<User>> {
    store
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

/// The name of the session cookie.
pub fn cookie_name(project: &str) -> String {
    format!("a_session_{project}")
}

/// What a client keeps of a session: user and secret, in one word.
pub fn encode_session(user: &str, secret: &str) -> String {
    STANDARD.encode(serde_json::json!({ "id": user, "secret": secret }).to_string())
}

/// `{"a_session_PROJECT": "…"}`, for clients whose cookies are not kept.
pub fn fallback_cookies(cookie: &str, encoded: &str) -> String {
    // PHP escapes slashes.
    json!({ cookie: encoded }).to_string().replace('/', "\\/")
}
