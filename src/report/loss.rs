//! The loss ledger: what becomes of every column of the source, so that nothing is lost silently.

use std::collections::HashMap;
use std::sync::Arc;

use crate::format::{Fields, Header, Position, Record, Value};

/// Columns kept apart; an export whose records invent member names without end is counted under the rest.
const MAX_COLUMNS: usize = 512;

/// Headers whose rows are counted under their places.
const MAX_HEADERS: usize = 64;

/// What was seen of the columns of the users table. Cheap to update: rows are counted under their header, and members are
/// expected where the last record had them.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    seen: Vec<Column>,
    index: HashMap<String, usize>,
    /// Rows that are not counted in `seen` yet.
    rows: Vec<Rows>,
    /// Values in columns beyond the 512 that are kept apart.
    elsewhere: u64,
}

/// What was seen of rows under one header.
#[derive(Debug, Clone)]
struct Rows {
    header: Arc<Header>,
    /// One a column: its place in `seen`, if it is kept apart.
    slots: Vec<Option<usize>>,
    count: u64,
    /// One a column: rows with something in it, but for those that are counted by their shape.
    filled: Vec<u64>,
    /// One a column: the first of them.
    examples: Vec<Option<Position>>,
    /// Which of the first columns have something in them, one bit each, and in how many rows: nothing else is touched for most.
    shapes: Vec<(u64, u64)>,
}

/// The columns that a shape tells of.
const SHAPED: usize = u64::BITS as usize;

/// So many shapes are counted by themselves.
const MAX_SHAPES: usize = 32;

impl Rows {
    fn see(&mut self, cells: &[Value<'_>], position: Position) {
        self.count += 1;
        let (shaped, others) = cells.split_at(cells.len().min(SHAPED));
        let shape = shaped.iter().rev().fold(0, |shape, cell| shape << 1 | u64::from(!cell.is_empty()));
        match self.shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, count)) => *count += 1,
            None => self.meet(shape, position),
        }
        if others.is_empty() {
            return;
        }
        let columns = self.filled.iter_mut().zip(&mut self.examples).skip(SHAPED);
        for (_, (filled, example)) in others.iter().zip(columns).filter(|(cell, _)| !cell.is_empty()) {
            *filled += 1;
            example.get_or_insert(position);
        }
    }

    /// A shape that is new. Records come in the order of the file, so that it shows the first of its columns.
    #[cold]
    fn meet(&mut self, shape: u64, position: Position) {
        if self.shapes.len() == MAX_SHAPES {
            self.settle();
        }
        self.shapes.push((shape, 1));
        for (_, example) in self.examples.iter_mut().enumerate().take(SHAPED).filter(|(at, _)| shape >> at & 1 == 1) {
            example.get_or_insert(position);
        }
    }

    /// Counts what was counted by shapes.
    fn settle(&mut self) {
        for (shape, count) in self.shapes.drain(..) {
            for (_, filled) in self.filled.iter_mut().enumerate().take(SHAPED).filter(|(at, _)| shape >> at & 1 == 1) {
                *filled += count;
            }
        }
    }
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
    fn add(&mut self, present: u64, filled: u64, example: Option<Position>) {
        self.present += present;
        self.filled += filled;
        self.example = earliest(self.example, example);
    }
}

impl Columns {
    /// Counts the columns of a record.
    pub fn see(&mut self, record: &Record<'_>) {
        match &record.fields {
            Fields::Row { header, cells } | Fields::Object { header, cells } => {
                self.see_row(header, cells, record.position);
            }
            Fields::Members(members) => {
                let mut next = 0;
                for (name, value) in members {
                    let slot = self.slot(name, next);
                    next = slot.map_or(next, |slot| slot + 1);
                    match slot.and_then(|slot| self.seen.get_mut(slot)) {
                        Some(column) if value.is_empty() => column.present += 1,
                        Some(column) => column.add(1, 1, Some(record.position)),
                        None => self.elsewhere += 1,
                    }
                }
            }
        }
    }

    /// Rows of one table, and objects that have the same members, share a header, whose names need looking up only once.
    fn see_row(&mut self, header: &Arc<Header>, cells: &[Value<'_>], position: Position) {
        let is_first = self.rows.first().is_some_and(|rows| Arc::ptr_eq(&rows.header, header));
        if !is_first {
            match self.rows.iter().position(|rows| Arc::ptr_eq(&rows.header, header)) {
                // The next row is most likely of the same.
                Some(at) => self.rows.swap(0, at),
                None => self.begin(header),
            }
        }
        if let Some(rows) = self.rows.first_mut() {
            rows.see(cells, position);
        }
    }

    /// Rows under another header. Their columns take their places at once, so that they stand in the order of the file.
    fn begin(&mut self, header: &Arc<Header>) {
        if self.rows.len() >= MAX_HEADERS {
            self.settle();
        }
        let names = header.names();
        let slots = names.iter().map(|name| self.slot(name, self.seen.len())).collect();
        let (filled, examples) = (vec![0; names.len()], vec![None; names.len()]);
        let shapes = Vec::with_capacity(MAX_SHAPES);
        self.rows.push(Rows { header: Arc::clone(header), slots, count: 0, filled, examples, shapes });
        let last = self.rows.len() - 1;
        self.rows.swap(0, last);
    }

    /// Adds the rows to what was seen.
    fn settle(&mut self) {
        for mut rows in std::mem::take(&mut self.rows) {
            rows.settle();
            for ((slot, filled), example) in rows.slots.into_iter().zip(rows.filled).zip(rows.examples) {
                match slot {
                    Some(slot) => self.seen[slot].add(rows.count, filled, example),
                    None => self.elsewhere += rows.count,
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
    pub fn merge(&mut self, mut other: Columns) {
        self.settle();
        other.settle();
        self.elsewhere += other.elsewhere;
        for column in other.seen {
            match self.slot(&column.name, 0) {
                Some(slot) => self.seen[slot].add(column.present, column.filled, column.example),
                None => self.elsewhere += column.present,
            }
        }
    }

    /// The columns in the order in which they were first met, and how many values were in others beyond the 512 that are
    /// kept apart.
    #[must_use]
    pub fn all(mut self) -> (Vec<Column>, u64) {
        self.settle();
        (self.seen, self.elsewhere)
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
    use crate::format::{Fields, Value};

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
            columns.all().0.into_iter().map(|c| (c.name, c.present, c.filled, c.example.map(|p| p.record))).collect();
        let column = |name: &str, present, filled, example| (name.to_owned(), present, filled, Some(example));
        assert_eq!(seen, [column("id", 2, 2, 1), column("mail", 2, 1, 2), column("plan", 1, 1, 2)]);
    }

    #[test]
    fn rows_of_several_tables_are_counted_under_the_names_they_share() {
        let row = |number, header: &Arc<Header>, cells: &[&'static str]| Record {
            fields: Fields::Row {
                header: Arc::clone(header),
                cells: cells.iter().map(|text| Value::Text((*text).into())).collect(),
            },
            ..record(number, &[])
        };
        let header = |names: &[&str]| Arc::new(Header::new(names.iter().map(|name| (*name).to_owned()).collect()));
        let (one, other) = (header(&["id", "mail"]), header(&["mail", "plan"]));
        let mut columns = Columns::default();
        columns.see(&row(1, &one, &["1", ""]));
        columns.see(&row(2, &one, &["", "b@x.test"]));
        columns.see(&row(3, &other, &["c@x.test", ""]));
        let mut later = Columns::default();
        later.see(&row(4, &other, &["d@x.test", "pro"]));
        columns.merge(later);
        columns.see(&row(5, &one, &["5", "e@x.test"]));
        let seen = columns.all().0;
        let seen: Vec<_> = seen.iter().map(|c| (&*c.name, c.present, c.filled, c.example.map(|p| p.record))).collect();
        assert_eq!(seen, [("id", 3, 2, Some(1)), ("mail", 5, 4, Some(2)), ("plan", 2, 1, Some(4))]);
    }

    #[test]
    fn rows_of_any_shape_are_counted_cell_by_cell() {
        let names: Vec<String> = (0..70).map(|at| format!("c{at}")).collect();
        let header = Arc::new(Header::new(names.clone()));
        let is_filled = |row: u64, at: u64| (row * 31 + at * 7) % 11 < 4;
        let mut columns = Columns::default();
        for row in 1..=200 {
            let cells = (0..70).map(|at| Value::Text("x".repeat(usize::from(is_filled(row, at))).into())).collect();
            columns.see(&Record { fields: Fields::Row { header: Arc::clone(&header), cells }, ..record(row, &[]) });
        }
        let seen: Vec<_> =
            columns.all().0.into_iter().map(|c| (c.name, c.filled, c.example.map(|p| p.record))).collect();
        let expected = names.into_iter().zip(0..).map(|(name, at)| {
            let mut rows = (1..=200).filter(|&row| is_filled(row, at));
            let first = rows.next();
            (name, rows.count() as u64 + u64::from(first.is_some()), first)
        });
        assert_eq!(seen, expected.collect::<Vec<_>>());
    }

    #[test]
    fn names_without_end_do_not_grow_the_table() {
        let mut columns = Columns::default();
        for i in 0..2_000_u64 {
            let name: &'static str = Box::leak(format!("c{i}").into_boxed_str());
            columns.see(&record(i, &[(name, "x")]));
        }
        let (seen, elsewhere) = columns.all();
        assert_eq!(seen.len(), MAX_COLUMNS);
        assert_eq!(elsewhere, 2_000 - MAX_COLUMNS as u64);
    }
}
