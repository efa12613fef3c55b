//! Everybody of a ledger, one after the other, without a copy of anything.

use rusqlite::types::ValueRef;

use super::left::Left;
use super::state::{State, Steps};
use super::store::{BEYOND, Reader, damaged, left, sql, state, steps};
use crate::error::RunError;

/// Bytes of a row at least.
const SMALLEST: u64 = 16;

/// What the ledger says of somebody, as it lies there.
pub struct Standing<'r> {
    /// The record's number.
    pub record: u64,
    /// The Appwrite id; empty where none was planned.
    pub user_id: &'r str,
    /// The source's own id.
    pub source_id: &'r str,
    /// Where they stand.
    pub state: State,
    /// What the target is known to have done.
    pub steps: Steps,
    /// The stable reason of everything that is not done.
    pub code: &'r str,
    /// The sentence to it.
    pub text: &'r str,
    /// What was sent, or is to be.
    pub left: Option<Left>,
}

impl Reader {
    /// Everybody from `first` to `last`, both included, by record.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn each_standing(&self, first: u64, last: u64, mut each: impl FnMut(&Standing<'_>)) -> Result<(), RunError> {
        let left_column = if self.lacks_left()? { "NULL" } else { "left" };
        let query = format!(
            "SELECT record, user_id, source_id, state, steps, code, text, {left_column} FROM users
               WHERE record BETWEEN ?1 AND ?2 ORDER BY record"
        );
        let mut statement = self.connection().prepare(&query).map_err(sql)?;
        let mut rows = statement.query([first, last]).map_err(sql)?;
        let mut before = first.saturating_sub(1);
        while let Some(row) = rows.next().map_err(sql)? {
            let value = |column| row.get_ref(column).map_err(sql);
            let text = |column| match value(column)? {
                ValueRef::Null => Ok(None),
                value => value.as_str().map(Some).map_err(damaged),
            };
            let number = |column| value(column)?.as_i64().map_err(damaged);
            let record = number(0)?.cast_unsigned();
            if record <= before {
                return Err(damaged(format!("record {record} follows record {before}")));
            }
            before = record;
            let user_id = text(1)?.unwrap_or_default();
            let state = state(number(3)?)?;
            each(&Standing {
                record,
                user_id,
                source_id: text(2)?.unwrap_or(user_id),
                state,
                steps: steps(record, state, number(4)?)?,
                code: text(5)?.unwrap_or_default(),
                text: text(6)?.unwrap_or_default(),
                left: left(record, value(7)?.as_blob_or_null().map_err(damaged)?)?,
            });
        }
        Ok(())
    }

    /// The number of the export's last record that has a row.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn last_record(&self) -> Result<u64, RunError> {
        let query = "SELECT coalesce(max(record), 0) FROM users WHERE record <= ?1";
        self.connection().query_row(query, [BEYOND], |row| row.get(0)).map_err(sql)
    }

    /// More rows than these are not there from `first` to `last`, for whoever makes room for them.
    ///
    /// # Errors
    /// [`RunError::ledger`]
    pub fn rows_at_most(&self, first: u64, last: u64) -> Result<usize, RunError> {
        let pragma =
            |name| self.connection().query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0)).map_err(sql);
        let numbers = last.min(self.last_record()?).saturating_sub(first) + 1;
        Ok(numbers.min(pragma("page_count")? * pragma("page_size")? / SMALLEST) as usize)
    }
}
