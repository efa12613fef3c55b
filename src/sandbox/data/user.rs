//! Users: how the store keeps them, and how they are found.

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::{Map, Value};

use crate::sandbox::errors::{ApiError, ApiResult};

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
    /// JSON list of hashes, as long as the project's policy says.
    pub password_history: String,
    /// Whether the last password typed in is known from a breach; unset where nobody looked.
    pub password_pwned: Option<bool>,
}

/// The columns of [`User`], in its order.
pub const USER_COLUMNS: &str = "seq, id, created, updated, name, email, phone, email_verification, phone_verification, \
     status, labels, prefs, opened(password), hash, opened(hash_options), password_update, registration, accessed_at, \
     mfa, impersonator, opened(recovery_codes), opened(password_history), password_pwned";

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
            password_history: row.get(21)?,
            password_pwned: row.get(22)?,
        })
    }

    /// Inserts it as a new one and notes its place in the order; `false` where id, e-mail or phone is taken.
    pub fn insert(&mut self, connection: &Connection, project: i64) -> ApiResult<bool> {
        let inserted = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO users(project, id, created, updated, name, email, phone, email_verification,
                     phone_verification, status, labels, prefs, password, hash, hash_options, password_update,
                     registration, accessed_at, mfa, impersonator, recovery_codes, password_history)
                 VALUES(?1, ?2, ?3, ?4, kept(?5), ?6, ?7, ?8, ?9, ?10, ?11, ?12, sealed(?13), ?14, sealed(?15), ?16, ?17, ?18, ?19,
                     ?20, sealed(?21), sealed(?22))",
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
                self.password_history,
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
                "UPDATE users SET updated = ?2, name = kept(?3), email_verification = ?4, phone_verification = ?5, status = ?6,
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
                "UPDATE OR IGNORE users SET updated = ?2, name = kept(?3), email = ?4, phone = ?5, email_verification = ?6,
                     phone_verification = ?7, status = ?8, labels = ?9, prefs = ?10, password = sealed(?11),
                     hash = ?12, hash_options = sealed(?13), password_update = ?14, mfa = ?15, impersonator = ?16,
                     recovery_codes = sealed(?17), password_history = sealed(?18)
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
                self.password_history,
            ])?;
        Ok(updated == 1)
    }

    /// `hashOptions` as the verifier takes them.
    pub fn options(&self) -> Map<String, Value> {
        serde_json::from_str(&self.hash_options).unwrap_or_default()
    }
}

/// A user by id, in whatever case; 404 if there is none.
pub fn by_id(connection: &Connection, project: i64, id: &str) -> ApiResult<User> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE project = ?1 AND key(id) = key(?2) AND same(id, ?2)");
    let found = connection.prepare_cached(&sql)?.query_row((project, id), User::from_row).optional()?;
    found.ok_or_else(ApiError::user_not_found)
}

/// A user by address, however it is written.
pub fn by_email(connection: &Connection, project: i64, email: &str) -> ApiResult<Option<User>> {
    let sql =
        format!("SELECT {USER_COLUMNS} FROM users WHERE project = ?1 AND key(email) = key(?2) AND same(email, ?2)");
    Ok(connection.prepare_cached(&sql)?.query_row((project, email), User::from_row).optional()?)
}
