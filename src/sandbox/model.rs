//! The documents: how the store keeps them and how answers show them.

use rusqlite::{Connection, Row};
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::addresses::Address;
use super::errors::ApiResult;
use super::traits::Traits;
use crate::appwrite::Version;

/// A user, as stored.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags Appwrite keeps")]
pub struct User {
    /// The order of creation; `$sequence`.
    pub seq: i64,
    pub id: String,
    pub created: String,
    pub updated: String,
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub email_verification: bool,
    pub phone_verification: bool,
    pub status: bool,
    /// JSON list.
    pub labels: String,
    /// JSON object.
    pub prefs: String,
    pub password: Option<String>,
    pub hash: String,
    /// JSON object.
    pub hash_options: String,
    pub password_update: Option<String>,
    pub registration: String,
    pub accessed_at: Option<String>,
    pub mfa: bool,
    pub impersonator: bool,
    /// JSON list.
    pub recovery_codes: String,
}

/// The columns of [`User`], in its order.
pub const USER_COLUMNS: &str = "seq, id, created, updated, name, email, phone, email_verification, phone_verification, \
     status, labels, prefs, opened(password), hash, opened(hash_options), password_update, registration, accessed_at, \
     mfa, impersonator, opened(recovery_codes)";

impl User {
    /// Reads a row of [`USER_COLUMNS`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            created: row.get(2)?,
            updated: row.get(3)?,
            name: row.get(4)?,
            email: row.get(5)?,
            phone: row.get(6)?,
            email_verification: row.get(7)?,
            phone_verification: row.get(8)?,
            status: row.get(9)?,
            labels: row.get(10)?,
            prefs: row.get(11)?,
            password: row.get(12)?,
            hash: row.get(13)?,
            hash_options: row.get(14)?,
            password_update: row.get(15)?,
            registration: row.get(16)?,
            accessed_at: row.get(17)?,
            mfa: row.get(18)?,
            impersonator: row.get(19)?,
            recovery_codes: row.get(20)?,
        })
    }

    /// Inserts it as a new one and notes its place in the order; `false` where id, e-mail or phone is taken.
    pub fn insert(&mut self, connection: &Connection, project: i64) -> ApiResult<bool> {
        let inserted = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO users(project, id, created, updated, name, email, phone, email_verification,
                     phone_verification, status, labels, prefs, password, hash, hash_options, password_update,
                     registration, accessed_at, mfa, impersonator, recovery_codes)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, sealed(?13), ?14, sealed(?15), ?16, ?17, ?18, ?19,
                     ?20, sealed(?21))",
            )?
            .execute(rusqlite::params![
                project,
                self.id,
                self.created,
                self.updated,
                self.name,
                self.email,
                self.phone,
                self.email_verification,
                self.phone_verification,
                self.status,
                self.labels,
                self.prefs,
                self.password,
                self.hash,
                self.hash_options,
                self.password_update,
                self.registration,
                self.accessed_at,
                self.mfa,
                self.impersonator,
                self.recovery_codes,
            ])?;
        self.seq = connection.last_insert_rowid();
        Ok(inserted == 1)
    }

    /// Writes what can change and is neither unique nor sealed, as of `now`: SQLite writes every index anew whose columns
    /// are named, and sealing takes its time.
    pub fn update_plain(&mut self, connection: &Connection, now: String) -> ApiResult<()> {
        self.updated = now;
        connection
            .prepare_cached(
                "UPDATE users SET updated = ?2, name = ?3, email_verification = ?4, phone_verification = ?5, status = ?6,
                     labels = ?7, prefs = ?8, mfa = ?9, impersonator = ?10
                 WHERE seq = ?1",
            )?
            .execute(rusqlite::params![
                self.seq,
                self.updated,
                self.name,
                self.email_verification,
                self.phone_verification,
                self.status,
                self.labels,
                self.prefs,
                self.mfa,
                self.impersonator,
            ])?;
        Ok(())
    }

    /// Writes everything that can change, as of `now`; `false` where e-mail or phone is taken.
    pub fn update(&mut self, connection: &Connection, now: String) -> ApiResult<bool> {
        self.updated = now;
        let updated = connection
            .prepare_cached(
                "UPDATE OR IGNORE users SET updated = ?2, name = ?3, email = ?4, phone = ?5, email_verification = ?6,
                     phone_verification = ?7, status = ?8, labels = ?9, prefs = ?10, password = sealed(?11),
                     hash = ?12, hash_options = sealed(?13), password_update = ?14, mfa = ?15, impersonator = ?16,
                     recovery_codes = sealed(?17)
                 WHERE seq = ?1",
            )?
            .execute(rusqlite::params![
                self.seq,
                self.updated,
                self.name,
                self.email,
                self.phone,
                self.email_verification,
                self.phone_verification,
                self.status,
                self.labels,
                self.prefs,
                self.password,
                self.hash,
                self.hash_options,
                self.password_update,
                self.mfa,
                self.impersonator,
                self.recovery_codes,
            ])?;
        Ok(updated == 1)
    }

    /// `hashOptions` as the verifier takes them.
    pub fn options(&self) -> Map<String, Value> {
        serde_json::from_str(&self.hash_options).unwrap_or_default()
    }
}

/// What an answer shows of a user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The holder of a key: with the hash.
    Server,
    /// The user: without.
    Owner,
}

/// A user as an answer shows it.
pub struct UserView<'a> {
    pub user: &'a User,
    pub targets: &'a [Target],
    pub traits: &'a Traits,
    pub audience: Audience,
    /// The version in whose form the client wants it: what came later is left out.
    pub format: Option<Version>,
}

impl UserView<'_> {
    fn has(&self, since: Version) -> bool {
        self.format.is_none_or(|format| format >= since)
    }
}

impl Serialize for UserView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let user = self.user;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$id", &user.id)?;
        map.serialize_entry("$createdAt", &user.created)?;
        map.serialize_entry("$updatedAt", &user.updated)?;
        map.serialize_entry("name", &user.name)?;
        if self.audience == Audience::Server {
            map.serialize_entry("password", &user.password)?;
            map.serialize_entry("hash", &user.hash)?;
            map.serialize_entry("hashOptions", &raw(&user.hash_options))?;
        }
        map.serialize_entry("registration", &user.registration)?;
        map.serialize_entry("status", &user.status)?;
        map.serialize_entry("labels", &raw(&user.labels))?;
        map.serialize_entry("passwordUpdate", or_empty(user.password_update.as_ref()))?;
        map.serialize_entry("email", or_empty(user.email.as_ref()))?;
        map.serialize_entry("phone", or_empty(user.phone.as_ref()))?;
        map.serialize_entry("emailVerification", &user.email_verification)?;
        if self.traits.email_and_impersonator_fields {
            let address = user.email.as_deref().and_then(Address::parse);
            map.serialize_entry("emailCanonical", &address.as_ref().map(Address::canonical))?;
            map.serialize_entry("emailIsFree", &address.as_ref().map(Address::is_free))?;
            map.serialize_entry("emailIsDisposable", &address.as_ref().map(Address::is_disposable))?;
            map.serialize_entry("emailIsCorporate", &address.as_ref().map(Address::is_corporate))?;
            map.serialize_entry("emailIsCanonical", &address.as_ref().map(Address::is_canonical))?;
        }
        map.serialize_entry("phoneVerification", &user.phone_verification)?;
        let has_targets = self.has(Version::new(1, 5, 0));
        if has_targets {
            map.serialize_entry("mfa", &user.mfa)?;
        }
        map.serialize_entry("prefs", &raw(&user.prefs))?;
        if has_targets {
            map.serialize_entry("targets", self.targets)?;
        }
        map.serialize_entry("accessedAt", or_empty(user.accessed_at.as_ref()))?;
        if self.traits.email_and_impersonator_fields && self.has(Version::new(1, 9, 0)) {
            map.serialize_entry("impersonator", &user.impersonator)?;
            map.serialize_entry("impersonatorUserId", &())?;
        }
        map.end()
    }
}

fn or_empty(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

/// JSON from the store, as it stands there.
pub fn raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}

/// A messaging target: an address, a number or a device.
#[derive(Clone)]
pub struct Target {
    pub seq: i64,
    pub id: String,
    /// The sequence of the user it belongs to.
    pub user: i64,
    pub user_id: String,
    pub created: String,
    pub updated: String,
    pub name: String,
    pub provider_type: String,
    pub identifier: String,
    pub expired: bool,
}

/// The columns of [`Target`], in its order.
pub const TARGET_COLUMNS: &str = "seq, id, user, user_id, created, updated, name, provider_type, identifier, expired";

impl Target {
    /// A new one for a user's own address or number.
    pub fn own(user: &User, provider_type: &str, identifier: &str, now: &str) -> Self {
        Self {
            seq: 0,
            id: super::clock::unique_id(),
            user: user.seq,
            user_id: user.id.clone(),
            created: now.to_owned(),
            updated: now.to_owned(),
            name: String::new(),
            provider_type: provider_type.to_owned(),
            identifier: identifier.to_owned(),
            expired: false,
        }
    }

    /// Reads a row of [`TARGET_COLUMNS`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            user: row.get(2)?,
            user_id: row.get(3)?,
            created: row.get(4)?,
            updated: row.get(5)?,
            name: row.get(6)?,
            provider_type: row.get(7)?,
            identifier: row.get(8)?,
            expired: row.get(9)?,
        })
    }

    /// Inserts it as a new one; `false` where id or identifier is taken.
    pub fn insert(&mut self, connection: &Connection, project: i64) -> ApiResult<bool> {
        let inserted = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO targets(project, id, user, user_id, created, updated, name, provider_type,
                     identifier, expired) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(rusqlite::params![
                project,
                self.id,
                self.user,
                self.user_id,
                self.created,
                self.updated,
                self.name,
                self.provider_type,
                self.identifier,
                self.expired,
            ])?;
        self.seq = connection.last_insert_rowid();
        Ok(inserted == 1)
    }

    /// Writes what can change, as of `now`; `false` where the identifier is taken.
    pub fn update(&mut self, connection: &Connection, now: String) -> ApiResult<bool> {
        self.updated = now;
        let updated = connection
            .prepare_cached(
                "UPDATE OR IGNORE targets SET updated = ?2, name = ?3, identifier = ?4, expired = ?5 WHERE seq = ?1",
            )?
            .execute(rusqlite::params![self.seq, self.updated, self.name, self.identifier, self.expired])?;
        Ok(updated == 1)
    }

    /// Removes it.
    pub fn delete(&self, connection: &Connection) -> ApiResult<()> {
        connection.prepare_cached("DELETE FROM targets WHERE seq = ?1")?.execute([self.seq])?;
        Ok(())
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Target", 9)?;
        out.serialize_field("$id", &self.id)?;
        out.serialize_field("$createdAt", &self.created)?;
        out.serialize_field("$updatedAt", &self.updated)?;
        out.serialize_field("name", &self.name)?;
        out.serialize_field("userId", &self.user_id)?;
        out.serialize_field("providerId", &())?;
        out.serialize_field("providerType", &self.provider_type)?;
        out.serialize_field("identifier", &self.identifier)?;
        out.serialize_field("expired", &self.expired)?;
        out.end()
    }
}

/// Who asks: what a session records of its client.
pub struct Client<'a> {
    pub ip: &'a str,
    pub user_agent: &'a str,
}

/// How long a session lasts, in milliseconds.
pub const YEAR_MS: i64 = 31_536_000_000;

/// A session's document as answers show it, with the digest of its secret.
pub fn session(
    user_id: &str,
    provider: &str,
    provider_uid: &str,
    factor: &str,
    client: &Client<'_>,
    digest: &str,
) -> Value {
    let now = super::clock::now_ms();
    let created = super::clock::format(now);
    let agent = super::agent::detect(client.user_agent);
    json!({
        "$id": super::clock::unique_id(),
        "$createdAt": created,
        "$updatedAt": created,
        "userId": user_id,
        "expire": super::clock::format(now + YEAR_MS),
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
