//! What a sync found and did, user by user, until the next one begins: its list names everybody, whatever cut it off in between.

use rusqlite::{Connection, Row, params};

use super::left::Field;
use super::store::{Reader, sql};
use crate::error::RunError;

/// The table.
const CHANGES: &str = "(
        user_id TEXT NOT NULL, kind TEXT NOT NULL, record INTEGER NOT NULL, fields TEXT NOT NULL, done TEXT NOT NULL,
        look INTEGER NOT NULL, PRIMARY KEY (user_id, kind)
    ) STRICT, WITHOUT ROWID";

/// What was found about a user, and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The id at the target.
    pub user_id: String,
    /// What is the matter; a user has one note of a kind.
    pub kind: String,
    /// The record's number in the later export; 0 for users whom it does not have.
    pub record: u64,
    /// The attributes.
    pub fields: Vec<Field>,
    /// What was done, and why not more.
    pub done: String,
    /// Whether a person has to look.
    pub look: bool,
}

impl Note {
    /// The attributes, for people.
    #[must_use]
    pub fn named(&self) -> String {
        self.fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(", ")
    }
}

/// Makes the table, or empties it for a sync that begins.
pub(super) fn begin(connection: &Connection, anew: bool) -> Result<(), RunError> {
    let empty = if anew { "DELETE FROM changes" } else { "" };
    connection.execute_batch(&format!("CREATE TABLE IF NOT EXISTS changes {CHANGES}; {empty}")).map_err(sql)
}

/// Puts these in the place of all that was noted of a user.
pub(super) fn put(connection: &Connection, user_id: &str, notes: &[Note]) -> Result<(), RunError> {
    let mut delete = connection.prepare_cached("DELETE FROM changes WHERE user_id = ?1").map_err(sql)?;
    delete.execute([user_id]).map_err(sql)?;
    let mut insert =
        connection.prepare_cached("INSERT OR REPLACE INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6)").map_err(sql)?;
    for note in notes {
        insert.execute(params![user_id, note.kind, note.record, note.named(), note.done, note.look]).map_err(sql)?;
    }
    Ok(())
}

impl Reader {
    fn has_notes(&self) -> Result<bool, RunError> {
        let query = "SELECT count(*) FROM sqlite_schema WHERE name = 'changes'";
        self.connection().query_row(query, [], |row| row.get(0)).map_err(sql)
    }

    /// What was noted of a user.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn notes_of(&self, user_id: &str) -> Result<Vec<Note>, RunError> {
        let mut notes = Vec::new();
        self.each_of("WHERE user_id = ?1", &[&user_id], |note| {
            notes.push(note);
            Ok(())
        })?;
        Ok(notes)
    }

    /// Everything that was noted, in the order of the records; users whom the later export does not have are the last.
    ///
    /// # Errors
    /// [`RunError::ledger`], and what `each` returns.
    pub fn each_note(&self, each: impl FnMut(Note) -> Result<(), RunError>) -> Result<(), RunError> {
        self.each_of("ORDER BY record = 0, record, user_id, kind", &[], each)
    }

    fn each_of(
        &self,
        condition: &str,
        parameters: &[&dyn rusqlite::ToSql],
        mut each: impl FnMut(Note) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        if !self.has_notes()? {
            return Ok(());
        }
        let query = format!("SELECT user_id, kind, record, fields, done, look FROM changes {condition}");
        let mut statement = self.connection().prepare_cached(&query).map_err(sql)?;
        let mut rows = statement.query(parameters).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            each(note(row).map_err(sql)?)?;
        }
        Ok(())
    }
}

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    let fields: String = row.get(3)?;
    Ok(Note {
        user_id: row.get(0)?,
        kind: row.get(1)?,
        record: row.get(2)?,
        fields: fields.split(", ").filter_map(Field::of_name).collect(),
        done: row.get(4)?,
        look: row.get(5)?,
    })
}
