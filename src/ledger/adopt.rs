//! A ledger that goes over to a later export of the same users.

use rusqlite::{Connection, params};

use super::identity::Identity;
use super::state::{State, Steps};
use super::store::{self, BEYOND, FIRST_EXPORT, LEDGER, SYNCED, SYNCING, USERS, check_files, set_meta, sql};
use crate::code::Code;
use crate::error::RunError;
use crate::folder::Locked;

/// A record of a later export for which nothing is created, and of which the ledger does not say so yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPlan {
    /// Its number.
    pub record: u64,
    /// The source's own id; empty where none is known.
    pub source_id: String,
    /// The stable reason.
    pub code: Code,
    /// The sentence to it.
    pub text: String,
}

/// The records of a later export, as rows.
#[derive(Debug, Default)]
pub struct Places {
    /// The new and the old number of each row that the export still has a record of, by the new ones; `None` where everybody stays.
    pub moved: Option<Vec<(u64, u64)>>,
    /// Rows that are to be made.
    pub refused: Vec<NoPlan>,
    /// How many records the export has, of this shard.
    pub records: u64,
}

/// Gives every user the number of their record in a later export, and the ledger that export's identity and settings; all of it or
/// nothing. Users whom the export no longer has, and who are there, stand beyond its last record; everything else that has no new
/// number is forgotten, since it is nobody.
///
/// # Errors
/// [`RunError::ledger`]
pub fn adopt(folder: &Locked, identity: &Identity, settings: &str, places: &Places) -> Result<(), RunError> {
    check_files(folder)?;
    let mut connection = store::reopen(&folder.file(LEDGER))?;
    let transaction = connection.transaction().map_err(sql)?;
    match &places.moved {
        // Of an export that has everybody where they stood nothing is written anew.
        None => {
            let deleted = "DELETE FROM users WHERE record > ?1 AND steps & 1 = 0 AND state <> ?2";
            transaction.execute(deleted, params![BEYOND, State::Present as u8]).map(drop).map_err(sql)?;
        }
        Some(moved) => renumber(&transaction, moved, &places.refused)?,
    }
    let before = store::meta(&transaction, "identity")?.unwrap_or_default();
    let before: Identity = serde_json::from_str(&before).unwrap_or_default();
    if before.export != identity.export && store::meta(&transaction, FIRST_EXPORT)?.is_none() {
        set_meta(&transaction, FIRST_EXPORT, &before.export)?;
    }
    let text = serde_json::to_string(identity).map_err(RunError::bug("what was to be written is no JSON"))?;
    for (key, value) in
        [("identity", text.as_str()), ("settings", settings), ("records", &places.records.to_string()), (SYNCED, "1")]
    {
        set_meta(&transaction, key, value)?;
    }
    transaction.execute("DELETE FROM meta WHERE key = ?1", [SYNCING]).map_err(sql)?;
    transaction.commit().map_err(sql)
}

/// Gives every row its new number, and makes those of the refused.
fn renumber(transaction: &Connection, moved: &[(u64, u64)], refused: &[NoPlan]) -> Result<(), RunError> {
    transaction
        .execute_batch("CREATE TEMP TABLE moved (new INTEGER PRIMARY KEY, old INTEGER NOT NULL)")
        .map_err(sql)?;
    {
        let mut insert = transaction.prepare("INSERT INTO moved VALUES (?1, ?2)").map_err(sql)?;
        for (new, old) in moved {
            insert.execute(params![new, old]).map_err(sql)?;
        }
    }
    let columns = "user_id, source_id, state, steps, at, code, text, left";
    transaction
        .execute_batch(&format!(
            "CREATE INDEX temp.moved_old ON moved (old);
             CREATE TABLE next {USERS};
             INSERT INTO next (record, {columns})
               SELECT new, {columns} FROM moved JOIN users ON users.record = old ORDER BY new;"
        ))
        .map_err(sql)?;
    transaction
        .execute(
            &format!(
                "INSERT INTO next (record, {columns})
                   SELECT ?1 + row_number() OVER (ORDER BY record), {columns} FROM users
                   WHERE record NOT IN (SELECT old FROM moved) AND (steps & 1 = 1 OR state = ?2) ORDER BY record"
            ),
            params![BEYOND, State::Present as u8],
        )
        .map_err(sql)?;
    let now = jiff::Timestamp::now().as_millisecond();
    {
        let query = "INSERT INTO next (record, user_id, source_id, state, steps, at, code, text) VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut insert = transaction.prepare(query).map_err(sql)?;
        for NoPlan { record, source_id, code, text } in refused {
            let source_id = Some(source_id).filter(|id| !id.is_empty());
            let (state, steps) = (State::Refused as u8, Steps::NONE.to_number());
            insert.execute(params![record, source_id, state, steps, now, code.name(), text]).map_err(sql)?;
        }
    }
    transaction.execute_batch("DROP TABLE users; ALTER TABLE next RENAME TO users; DROP TABLE moved;").map_err(sql)
}

/// Notes that a sync has come to its end: the next one begins a list of its own.
///
/// # Errors
/// [`RunError::ledger`]
pub fn end_sync(folder: &Locked) -> Result<(), RunError> {
    let connection = Connection::open(folder.file(LEDGER)).map_err(sql)?;
    connection.execute("DELETE FROM meta WHERE key = ?1", [SYNCED]).map(drop).map_err(sql)
}
