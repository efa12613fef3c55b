//! A ledger that goes over to a later export of the same users.

use rusqlite::{Connection, params};

use super::identity::Identity;
use super::state::State;
use super::store::{self, BEYOND, FIRST_EXPORT, GONE, LEDGER, SYNCED, SYNCING, USERS, check_files, set_meta, sql};
use crate::error::RunError;
use crate::folder::Locked;

/// Gives every user the number of their record in a later export, by pairs of new and old numbers, and the ledger that
/// export's identity and settings; all of it or nothing. Users whom the export no longer has, and whom this run created,
/// stand beyond its last record; everything else that has no new number is forgotten, since it is nobody.
///
/// # Errors
/// [`RunError::ledger`]
pub fn adopt(folder: &Locked, identity: &Identity, settings: &str, moved: &[(u64, u64)]) -> Result<(), RunError> {
    check_files(folder)?;
    let mut connection = store::reopen(&folder.file(LEDGER))?;
    let transaction = connection.transaction().map_err(sql)?;
    let count = |condition: &str| -> Result<usize, RunError> {
        let query = format!("SELECT count(*) FROM users WHERE record {condition} ?1");
        transaction.query_row(&query, [BEYOND], |row| row.get(0)).map_err(sql)
    };
    // Of an export that has everybody where they stood nothing is written anew.
    let stay = count("<=")? == moved.len() && moved.iter().all(|(new, old)| new == old);
    let gone = if stay { count(">")? } else { renumber(&transaction, moved)? };
    let before = store::meta(&transaction, "identity")?.unwrap_or_default();
    let before: Identity = serde_json::from_str(&before).unwrap_or_default();
    if before.export != identity.export && store::meta(&transaction, FIRST_EXPORT)?.is_none() {
        set_meta(&transaction, FIRST_EXPORT, &before.export)?;
    }
    let text = serde_json::to_string(identity).map_err(RunError::bug("what was to be written is no JSON"))?;
    for (key, value) in [
        ("identity", text.as_str()),
        ("settings", settings),
        ("records", &moved.len().to_string()),
        (GONE, &gone.to_string()),
        (SYNCED, "1"),
    ] {
        set_meta(&transaction, key, value)?;
    }
    transaction.execute("DELETE FROM meta WHERE key = ?1", [SYNCING]).map_err(sql)?;
    transaction.commit().map_err(sql)
}

/// Gives every row its new number; gives how many stand beyond the last record now.
fn renumber(transaction: &Connection, moved: &[(u64, u64)]) -> Result<usize, RunError> {
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
    let gone = transaction
        .execute(
            &format!(
                "INSERT INTO next (record, {columns})
                   SELECT ?1 + row_number() OVER (ORDER BY record), {columns} FROM users
                   WHERE record NOT IN (SELECT old FROM moved) AND (steps & 1 = 1 OR state = ?2) ORDER BY record"
            ),
            params![BEYOND, State::Present as u8],
        )
        .map_err(sql)?;
    transaction.execute_batch("DROP TABLE users; ALTER TABLE next RENAME TO users; DROP TABLE moved;").map_err(sql)?;
    Ok(gone)
}

/// Notes that a sync has come to its end: the next one begins a list of its own.
///
/// # Errors
/// [`RunError::ledger`]
pub fn end_sync(folder: &Locked) -> Result<(), RunError> {
    let connection = Connection::open(folder.file(LEDGER)).map_err(sql)?;
    connection.execute("DELETE FROM meta WHERE key = ?1", [SYNCED]).map(drop).map_err(sql)
}
