//! The loss ledger: what becomes of every column of the source, so that nothing is lost silently.

use std::collections::HashMap;
use std::sync::Arc;

use crate::source::{Fields, Header, Position, Record, Value};

/// Columns kept apart; an export whose records invent member names without end is counted under the rest.
const MAX_COLUMNS: usize = 512;

/// What was seen of the columns of the users table. Cheap to update: columns are expected where the last record had them.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    seen: Vec<Column>,
    index: HashMap<String, usize>,
    /// The last row's header, and where its columns stand in `seen`.
    header: Option<(Arc<Header>, Places)>,
    /// Values in columns beyond the 512 that are kept apart.
    pub elsewhere: u64,
}

#[derive(Debug, Clone)]
enum Places {
    /// They are the first ones, in order: the only table's.
    InOrder,
    /// Each column's place, or none beyond the 512.
    At(Vec<Option<usize>>),
}

/// What was seen of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name as the file writes it.
    pub name: String,
    /// Records that have the column at all.
    pub present: u64,
    /// Records with something in it.
    pub filled: u64,
    /// The first record with something in it.
    pub example: Option<Position>,
}

impl Column {
    #[inline]
    fn count(&mut self, value: &Value<'_>, position: Position) {
        self.present += 1;
        if !value.is_empty() {
            self.filled += 1;
            // Records come in the order of the file.
            if self.filled == 1 {
                self.example = Some(position);
            }
        }
    }
}

impl Columns {
    /// Counts the columns of a record.
    pub fn see(&mut self, record: &Record<'_>) {
        match &record.fields {
            Fields::Row { header, cells } => self.see_row(header, cells, record.position),
            Fields::Members(members) => {
                let mut next = 0;
                for (name, value) in members {
                    let slot = self.slot(name, next);
                    next = slot.map_or(next, |slot| slot + 1);
                    match slot.and_then(|slot| self.seen.get_mut(slot)) {
                        Some(column) => column.count(value, record.position),
                        None => self.elsewhere += 1,
                    }
                }
            }
        }
    }

    /// Rows of one table share a header, whose names need looking up only once.
    fn see_row(&mut self, header: &Arc<Header>, cells: &[Value<'_>], position: Position) {
        if !matches!(&self.header, Some((last, _)) if Arc::ptr_eq(last, header)) {
            let slots: Vec<_> = header.names().iter().map(|name| self.slot(name, self.seen.len())).collect();
            let in_order = slots.iter().enumerate().all(|(index, slot)| *slot == Some(index));
            let places = if in_order { Places::InOrder } else { Places::At(slots) };
            self.header = Some((Arc::clone(header), places));
        }
        match &self.header {
            None => {}
            Some((_, Places::InOrder)) => {
                for (column, value) in self.seen.iter_mut().zip(cells) {
                    column.count(value, position);
                }
            }
            Some((_, Places::At(slots))) => {
                for (slot, value) in slots.iter().zip(cells) {
                    match slot.and_then(|slot| self.seen.get_mut(slot)) {
                        Some(column) => column.count(value, position),
                        None => self.elsewhere += 1,
                    }
                }
            }
        }
    }

    fn slot(&mut self, name: &str, guess: usize) -> Option<usize> {
        if self.seen.get(guess).is_some_and(|column| column.name == name) {
            return Some(guess);
        }
        if let Some(&i) = self.index.get(name) {
            return Some(i);
        }
        if self.seen.len() >= MAX_COLUMNS {
            return None;
        }
        let i = self.seen.len();
        self.seen.push(Column { name: name.to_owned(), present: 0, filled: 0, example: None });
        self.index.insert(name.to_owned(), i);
        Some(i)
    }

    /// Adds what another batch saw.
    pub fn merge(&mut self, other: Columns) {
        self.elsewhere += other.elsewhere;
        for column in other.seen {
            match self.slot(&column.name, 0) {
                Some(i) => {
                    let mine = &mut self.seen[i];
                    mine.present += column.present;
                    mine.filled += column.filled;
                    mine.example = earliest(mine.example, column.example);
                }
                None => self.elsewhere += column.present,
            }
        }
    }

    /// The columns in the order in which they were first met.
    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.seen.iter()
    }
}

fn earliest(a: Option<Position>, b: Option<Position>) -> Option<Position> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.record < a.record { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// What no importer can hand to Appwrite by a server key, named once: its API has no parameter for it (Appwrite's
/// `Modules/Users` and `api/account.php`, 1.4 to 1.9).
pub const NEVER_CARRIED: [(&str, &str); 5] = [
    ("registration date", "every user is as old as the import; --keep-dates keeps the old date in the preferences"),
    ("last sign-in", "starts empty; --keep-dates keeps it in the preferences"),
    ("linked providers", "Appwrite links a provider again at the first sign-in, by verified e-mail"),
    ("second factors", "TOTP secrets and recovery codes cannot be set; users enrol again"),
    ("sessions", "everybody signs in once"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Fields, Value};

    fn record(number: u64, members: &[(&'static str, &'static str)]) -> Record<'static> {
        Record {
            position: Position { record: number, ..Position::default() },
            table: "".into(),
            fields: Fields::Members(members.iter().map(|(n, v)| ((*n).into(), Value::Text((*v).into()))).collect()),
            raw: b"",
        }
    }

    #[test]
    fn columns_are_counted_by_name_wherever_they_stand() {
        let mut columns = Columns::default();
        columns.see(&record(1, &[("id", "1"), ("mail", "")]));
        let mut later = Columns::default();
        later.see(&record(2, &[("mail", "b@x.test"), ("id", "2"), ("plan", "pro")]));
        columns.merge(later);
        let seen: Vec<_> =
            columns.iter().map(|c| (&*c.name, c.present, c.filled, c.example.map(|p| p.record))).collect();
        assert_eq!(seen, [("id", 2, 2, Some(1)), ("mail", 2, 1, Some(2)), ("plan", 1, 1, Some(2))]);
    }

    #[test]
    fn names_without_end_do_not_grow_the_table() {
        let mut columns = Columns::default();
        for i in 0..2_000_u64 {
            let name: &'static str = Box::leak(format!("c{i}").into_boxed_str());
            columns.see(&record(i, &[(name, "x")]));
        }
        assert_eq!(columns.iter().count(), MAX_COLUMNS);
        assert_eq!(columns.elsewhere, 2_000 - MAX_COLUMNS as u64);
    }
}
