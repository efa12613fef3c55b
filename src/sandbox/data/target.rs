//! Messaging targets: how the store keeps them, and how they are found.

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::user::User;
use crate::sandbox::clock;
use crate::sandbox::errors::ApiResult;

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
            id: clock::unique_id(),
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

/// The targets of a user, in the order of their creation.
pub fn targets_of(connection: &Connection, user: &User) -> ApiResult<Vec<Target>> {
    let sql = format!("SELECT {TARGET_COLUMNS} FROM targets WHERE key(user_id) = key(?1) AND user = ?2 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((&user.id, user.seq), Target::from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The target with this identifier, whoever's it is.
pub fn by_identifier(connection: &Connection, project: i64, identifier: &str) -> ApiResult<Option<Target>> {
    let sql = format!(
        "SELECT {TARGET_COLUMNS} FROM targets WHERE project = ?1 AND key(identifier) = key(?2) AND same(identifier, ?2)"
    );
    Ok(connection.prepare_cached(&sql)?.query_row((project, identifier), Target::from_row).optional()?)
}

/// The target of this id, whoever's it is.
pub fn by_target_id(connection: &Connection, project: i64, id: &str) -> ApiResult<Option<Target>> {
    let sql = format!("SELECT {TARGET_COLUMNS} FROM targets WHERE project = ?1 AND key(id) = key(?2) AND same(id, ?2)");
    Ok(connection.prepare_cached(&sql)?.query_row((project, id), Target::from_row).optional()?)
}

/// A user and its targets.
pub type WithTargets = (User, Vec<Target>);

/// The user with its targets.
pub fn with_targets(connection: &Connection, user: User) -> ApiResult<WithTargets> {
    let targets = targets_of(connection, &user)?;
    Ok((user, targets))
}
