//! Sessions: their documents, their secrets, and whose they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use super::agent;
use super::store::Store;
use super::user::{User, by_id};
use crate::sandbox::clock;
use crate::sandbox::errors::ApiResult;
use crate::sandbox::secrets::{digest, hex_secret};

/// Who asks: what a session records of its client.
pub struct Client<'a> {
    pub ip: &'a str,
    pub user_agent: &'a str,
}

/// How a user came to a session.
pub struct Way<'a> {
    /// `email`, `token` or `server`.
    pub provider: &'a str,
    /// The address, where that is how.
    pub uid: &'a str,
    /// The factor that was given.
    pub factor: &'a str,
    /// How long the session lasts, in seconds.
    pub seconds: i64,
}

/// A session's document as answers show it, with the digest of its secret.
fn document(user_id: &str, way: &Way<'_>, client: &Client<'_>, digest: &str, expires: i64) -> Value {
    let now = clock::now_ms();
    let created = clock::format(now);
    let agent = agent::detect(client.user_agent);
    json!({
        "$id": clock::unique_id(),
        "$createdAt": created,
        "$updatedAt": created,
        "userId": user_id,
        "expire": clock::format(expires),
        "provider": way.provider,
        "providerUid": way.uid,
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
        "factors": [way.factor],
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
    /// When it ends, in milliseconds since 1970.
    pub expires: i64,
}

impl Fresh {
    /// A session of a user, not stored yet.
    pub fn new(user_id: &str, way: &Way<'_>, client: &Client<'_>) -> ApiResult<Self> {
        let secret = hex_secret(SECRET_LENGTH)?;
        let expires = clock::now_ms() + way.seconds * 1000;
        let document = document(user_id, way, client, &digest(&secret), expires);
        Ok(Self { document, encoded: encode_session(user_id, &secret), expires })
    }

    /// Stores it.
    pub fn insert(&self, connection: &Connection, project: i64, user: i64) -> ApiResult<()> {
        let member = |name: &str| self.document.get(name).and_then(Value::as_str).unwrap_or_default();
        connection
            .prepare_cached(
                "INSERT INTO sessions(project, id, user, secret, expires, document) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((project, member("$id"), user, member("secret"), self.expires, self.document.to_string()))?;
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

/// A session as the store has it.
#[derive(Clone)]
pub struct Kept {
    pub id: String,
    /// The document; its secret is the digest.
    pub document: Value,
}

impl Kept {
    /// How many factors were given.
    pub fn factors(&self) -> usize {
        self.document.get("factors").and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// Adds a factor, as given now.
    pub fn add_factor(&mut self, factor: &str) {
        let factors = self.document.get("factors").and_then(Value::as_array).cloned().unwrap_or_default();
        if !factors.iter().any(|given| given == factor) {
            self.document["factors"] = factors.into_iter().chain([factor.into()]).collect();
        }
        self.document["mfaUpdatedAt"] = clock::now().into();
    }

    /// Writes the document, as of now.
    pub fn update(&mut self, connection: &Connection, expires: Option<i64>) -> ApiResult<()> {
        self.document["$updatedAt"] = clock::now().into();
        if let Some(expires) = expires {
            self.document["expire"] = clock::format(expires).into();
        }
        connection
            .prepare_cached(
                "UPDATE sessions SET document = ?2, expires = coalesce(?3, expires) WHERE key(id) = key(?1)",
            )?
            .execute((&self.id, self.document.to_string(), expires))?;
        Ok(())
    }

    /// The document for the user whose it is: without the secret.
    pub fn shown(&self, current: &str) -> Value {
        let mut document = self.document.clone();
        document["secret"] = "".into();
        document["current"] = (self.id == current).into();
        document
    }
}

/// A user's sessions, oldest first.
pub fn all_of(connection: &Connection, user: i64) -> ApiResult<Vec<Kept>> {
    let mut statement = connection.prepare_cached("SELECT id, document FROM sessions WHERE user = ?1 ORDER BY seq")?;
    let rows = statement.query_map([user], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (id, document) = row?;
        Ok(Kept { id, document: serde_json::from_str(&document)? })
    })
    .collect()
}

/// Ends one of a user's sessions; `false` if it is none.
pub fn end(connection: &Connection, user: i64, id: &str) -> ApiResult<bool> {
    let sql = "DELETE FROM sessions WHERE user = ?1 AND key(id) = key(?2)";
    Ok(connection.prepare_cached(sql)?.execute((user, id))? > 0)
}

/// Ends a user's sessions, all or all but one.
pub fn end_all(connection: &Connection, user: i64, but: Option<&str>) -> ApiResult<()> {
    let sql = "DELETE FROM sessions WHERE user = ?1 AND key(id) IS NOT key(?2)";
    connection.prepare_cached(sql)?.execute((user, but))?;
    Ok(())
}

/// Ends a user's oldest sessions beyond a limit.
pub fn keep_newest(connection: &Connection, user: i64, limit: usize) -> ApiResult<()> {
    let ids = ids_of(connection, user)?;
    for id in &ids[..ids.len().saturating_sub(limit)] {
        end(connection, user, id)?;
    }
    Ok(())
}

/// The user who holds a session's secret, and the session.
pub async fn by_secret(store: &Store, project: i64, user: String, secret: String) -> ApiResult<Option<(User, Kept)>> {
    store
        .run(move |c| {
            let Ok(user) = by_id(c, project, &user) else { return Ok(None) };
            let session: Option<(String, String)> = c
                .prepare_cached("SELECT id, document FROM sessions WHERE user = ?1 AND secret = ?2 AND expires > ?3")?
                .query_row((user.seq, secret, clock::now_ms()), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((id, document)) = session else { return Ok(None) };
            Ok(Some((user, Kept { id, document: serde_json::from_str(&document)? })))
        })
        .await
}

/// The user of a JWT: its session, if it names one, must still be there.
pub async fn by_jwt(store: &Store, project: i64, user: String, session: String) -> ApiResult<Option<User>> {
    store
        .run(move |c| {
            let Ok(user) = by_id(c, project, &user) else { return Ok(None) };
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
