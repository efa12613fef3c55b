//! `[join.NAME]`: rows of another table that belong to a user by a key. `NAME.column` is then a column like any other: the
//! first of those rows that holds something there.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memchr;
use serde_json::Value as Json;
use smallvec::SmallVec;
use toml::Value as Toml;

use super::column::{Column, Joined as Place};
use super::condition::Conditions;
use super::row::{Elsewhere, Field, Manner, Row, within};
use super::section::{Problem, Read, Section, nearest};
use super::tables::Table;
use crate::account::mailbox;
use crate::error::RunError;
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::{Found, Joined, Related};

/// What the rows of the joined tables are kept as: tables are told apart by these. Those of a system and those of a mapping
/// that changes what it reads are kept side by side.
const KINDS: [&str; 8] = ["join 1", "join 2", "join 3", "join 4", "join 5", "join 6", "join 7", "join 8"];
const OF_A_SYSTEM: [&str; 8] = ["table 1", "table 2", "table 3", "table 4", "table 5", "table 6", "table 7", "table 8"];

/// So many joins may lead from one to the next.
const STEPS: u8 = 4;

/// The rows of one table that belong to a user.
struct Join {
    name: String,
    table: Table,
    /// That table's column, or several, of which the first that holds something counts.
    key: Vec<Column>,
    /// What it is equal to: a column of the user's, or of another join. None where rows are found by what names them alone.
    of: Option<Column>,
    /// Columns of that table with those of the user's that they are equal to, beside the key.
    also: Vec<(String, Column)>,
    /// Rows that do not hold all of these are passed over.
    only: Conditions,
    /// In a table of several kinds of records, which are these.
    rows: Conditions,
    /// The place among [`Joins::kept`].
    kept: usize,
}

/// What is kept of the rows of one table.
struct Kept {
    kind: &'static str,
    /// The columns that are read of it.
    wanted: Vec<String>,
    /// Whether one join reads one column of it: then that is all that is kept of a row.
    bare: bool,
    /// Whether a row of it was kept, whether one was asked for by a user's key, and whether one was found.
    met: [AtomicBool; 3],
}

/// All joins of a mapping.
#[derive(Default)]
pub(in crate::source) struct Joins {
    joins: Vec<Join>,
    kept: Vec<Kept>,
}

impl Joins {
    /// Reads `[join]`; `of` is what a join without one is found by.
    pub(in crate::source) fn read(value: Option<Toml>, of: Option<&str>, system: bool) -> Read<Self> {
        let table = match value {
            None => return Ok(Self::default()),
            Some(Toml::Table(table)) => table,
            Some(_) => return Err(Problem("[join] holds tables: [join.NAME]".to_owned())),
        };
        let mut all = Self::default();
        let kinds = if system { OF_A_SYSTEM } else { KINDS };
        for (name, value) in table {
            let at = format!("[join.{name}]");
            let Toml::Table(inner) = value else { return Err(Problem(format!("{at} is a table"))) };
            let mut section = Section::new(&at, inner);
            let table = Table::read(&mut section)?;
            if table.is_empty() {
                return Err(Problem(format!("{at} needs table, or columns that only its table has")));
            }
            let key = Column::list(section.texts("key")?);
            if key.is_empty() {
                return Err(Problem(format!("{at} needs key")));
            }
            let also: Vec<_> =
                section.words("also")?.into_iter().map(|(their, own)| (their, Column::new(own))).collect();
            let of = section.text("of")?.or(of.map(str::to_owned));
            if of.is_none() && !system {
                return Err(Problem(format!("{at} needs of")));
            }
            let (only, rows) = (Conditions::take(&mut section, "only")?, Conditions::take(&mut section, "rows")?);
            section.end()?;
            if name.contains('.') {
                return Err(Problem(format!("{at}: a name without dots is needed")));
            }
            let same = |other: &&Join| match (&other.table.called, &table.called) {
                (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
                _ => false,
            };
            let same = all.joins.iter().find(same);
            if let Some(same) = same
                && !same.key.iter().map(Column::path).eq(key.iter().map(Column::path))
            {
                let table = table.called.unwrap_or_default();
                return Err(Problem(format!("{at}: a table has one key, and `{table}` has another above")));
            }
            let kept = if let Some(kept) = same.map(|same| same.kept) {
                all.kept[kept].bare = false;
                kept
            } else {
                let Some(kind) = kinds.get(all.kept.len()) else {
                    return Err(Problem(format!("{at}: no more than {} tables are joined", kinds.len())));
                };
                all.kept.push(Kept { kind, wanted: Vec::new(), bare: true, met: Default::default() });
                all.kept.len() - 1
            };
            for (their, _) in &also {
                note(&mut all.kept[kept].wanted, their);
                all.kept[kept].bare = false;
            }
            let join = Join { name, table, key, of: of.map(Column::new), also, only, rows, kept };
            all.joins.push(join);
        }
        Ok(all)
    }

    pub(in crate::source) const fn is_empty(&self) -> bool {
        self.joins.is_empty()
    }

    /// Notes which columns are read, so that no others are kept.
    pub(in crate::source) fn want(&mut self, columns: &[Column]) {
        for column in columns {
            if let Some(join) = self.joins.iter().find(|join| join.name == column.first())
                && let Some(field) = column.rest().first()
            {
                note(&mut self.kept[join.kept].wanted, field);
            }
        }
    }

    /// Notes which columns lead from one join to the next; all others have been noted.
    pub(in crate::source) fn complete(&mut self) {
        for join in &self.joins {
            if let Some(of) = &join.of
                && let Some(by) = self.joins.iter().find(|by| by.name == of.first())
                && let Some(field) = of.rest().first()
            {
                note(&mut self.kept[by.kept].wanted, field);
            }
        }
        for kept in &mut self.kept {
            kept.bare &= kept.wanted.len() == 1;
        }
    }

    /// Where a column stands among the joined tables, if it does.
    fn place(&self, column: &Column) -> Option<Place> {
        *column.joined.get_or_init(|| {
            let join = self.joins.iter().position(|join| join.name == column.first())?;
            let wanted = &self.kept[self.joins[join].kept].wanted;
            let field = column.rest().first()?;
            Some(Place { join, field: wanted.iter().position(|wanted| wanted == field)? })
        })
    }

    /// Whether a path leads into a join.
    pub(in crate::source) fn has(&self, path: &str) -> bool {
        path.split_once('.').is_some_and(|(name, _)| self.joins.iter().any(|join| join.name == name))
    }

    /// The columns of the users' table that rows are found by.
    pub(in crate::source) fn columns(&self) -> impl Iterator<Item = &Column> {
        let of = self.joins.iter().flat_map(|join| join.of.iter().chain(join.also.iter().map(|(_, own)| own)));
        of.filter(|of| !self.has(of.path()))
    }

    /// The kind of rows that a table holds, if it is joined.
    pub(in crate::source) fn kind(&self, table: &TableSample) -> Option<&'static str> {
        let join = self.joins.iter().find(|join| join.rows.is_empty() && join.table.fits(table))?;
        Some(self.kept[join.kept].kind)
    }

    /// How a table is joined to the users' own, if it is by one column of each.
    pub(in crate::source) fn joined(&self, table: &TableSample) -> Option<Joined<'_>> {
        let fits = |join: &&Join| join.rows.is_empty() && join.table.fits(table);
        let join = self.joins.iter().find(fits)?;
        let of = join.of.as_ref().filter(|of| !self.has(of.path()))?;
        let all = self.joins.iter().filter(|other| other.kept == join.kept);
        let conditions = all.flat_map(|join| join.only.columns().map(Column::first));
        let wanted = self.kept[join.kept].wanted.iter().map(String::as_str);
        let key = (join.key.first()?.first(), of.path());
        Some(Joined { name: &join.name, key, read: wanted.chain(conditions).chain([key.0]).collect() })
    }

    /// The names of the columns of a joined table without any.
    pub(in crate::source) fn fields(&self, table: &TableSample) -> Option<Vec<String>> {
        let join = self.joins.iter().find(|join| join.table.is_headerless(table) && join.table.fits(table))?;
        Some(join.table.fields.clone())
    }

    /// The kind of a record of a table that holds several.
    pub(in crate::source) fn kind_of(&self, record: &Record<'_>) -> Option<&'static str> {
        let row = Row::alone(record, &IGNORANT);
        let join = self.joins.iter().find(|join| !join.rows.is_empty() && join.rows.hold(row))?;
        Some(self.kept[join.kept].kind)
    }

    /// What is kept of a row, and under which key.
    pub(in crate::source) fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        let at = self.kept.iter().position(|kept| kept.kind == kind)?;
        let kept = &self.kept[at];
        let row = Row { now: found.now, ..Row::alone(record, &IGNORANT) };
        let mut held: u32 = 0;
        let mut key = None;
        for (number, join) in self.joins.iter().enumerate().filter(|(_, join)| join.kept == at) {
            key = Some(&join.key);
            held |= u32::from(join.only.hold(row)) << (number % 32);
        }
        let key = key?.iter().find_map(|column| match column.value(record) {
            Some(value) => common::id(value),
            // Within JSON that is text.
            None => common::id(row.get(column)?.value()).map(|id| Cow::Owned(id.into_owned())),
        })?;
        let key = one_case(key);
        if held == 0 {
            return None;
        }
        note_met(&kept.met[0]);
        let mut values = kept.wanted.iter().map(|column| record.get(column));
        if kept.bare {
            return found.add(kind, &key, &values.next()?);
        }
        let held = Value::Number(held.into());
        let row: SmallVec<[Option<&Value<'_>>; 8]> = std::iter::once(Some(&held)).chain(values).collect();
        found.add(kind, &key, &row.as_slice())
    }

    fn reached(
        &self,
        row: Row<'_, '_>,
        rows: &Reached<'_>,
        joined: Place,
        column: &Column,
        steps: u8,
    ) -> Vec<Value<'static>> {
        let join = &self.joins[joined.join];
        let Some(of) = join.of.as_ref().filter(|_| steps > 0) else { return Vec::new() };
        let own = Row { joined: None, ..row };
        let own_id = |column: &Column| match own.get(column)? {
            Field::Here(value) => common::id(value),
            Field::Parsed(value) => common::id(&value).map(|id| Cow::Owned(id.into_owned())),
        };
        let also: SmallVec<[Also<'_>; 2]> =
            join.also.iter().map(|(their, column)| (their.as_str(), own_id(column))).collect();
        if let Some(by) = self.place(of) {
            let keys = self.reached(row, rows, by, of, steps - 1);
            return keys
                .iter()
                .filter_map(|key| Some(self.of_key(rows, joined, column, &common::id(key)?, &also)))
                .flatten()
                .collect();
        }
        own_id(of).map(|key| self.of_key(rows, joined, column, &key, &also)).unwrap_or_default()
    }

    /// What the rows of a key hold, of those that hold `also` beside.
    fn of_key(
        &self,
        rows: &Reached<'_>,
        joined: Place,
        column: &Column,
        key: &str,
        also: &[Also<'_>],
    ) -> Vec<Value<'static>> {
        let at = self.joins[joined.join].kept;
        let (kept, rows) = (&self.kept[at], rows.of(at, &one_case(Cow::Borrowed(key))));
        let rest = column.rest().get(1..).unwrap_or_default();
        let inner = |held: &Json| {
            if rest.is_empty() { Some(common::value(held)) } else { Some(common::value(&within(held, rest)?)) }
        };
        if kept.bare {
            return rows.iter().filter_map(inner).collect();
        }
        let of_this = |row: &&Json| row[0].as_u64().is_some_and(|held| held >> (joined.join % 32) & 1 == 1);
        let is_also = |row: &&Json| {
            also.iter().all(|(their, own)| {
                let field = kept.wanted.iter().position(|wanted| wanted == their).and_then(|field| row.get(field + 1));
                let theirs = field.map(common::value);
                let theirs = theirs.as_ref().and_then(common::id);
                theirs.is_some() && theirs.as_deref() == own.as_deref()
            })
        };
        rows.iter().filter(of_this).filter(is_also).filter_map(|row| inner(row.get(joined.field + 1)?)).collect()
    }

    /// Joins by which nobody was found, though their tables have rows: those of which `read` is one of the columns.
    pub(in crate::source) fn in_vain<'j>(&'j self, read: &[&Column]) -> impl Iterator<Item = &'j str> {
        let met = |join: &Join| self.kept[join.kept].met.each_ref().map(|met| met.load(Ordering::Relaxed));
        let is_read = |join: &&Join| read.iter().any(|column| column.first() == join.name);
        self.joins
            .iter()
            .filter(move |join| met(join) == [true, true, false])
            .filter(is_read)
            .map(|join| join.name.as_str())
    }

    /// Whether the export has the tables and columns.
    ///
    /// # Errors
    /// [`RunError::usage`] for the first that it has not, with the nearest.
    pub(in crate::source) fn check(&self, tables: &[TableSample]) -> Result<(), RunError> {
        for join in &self.joins {
            let at = format!("the mapping's [join.{}]", join.name);
            let Some(table) = tables.iter().find(|table| join.table.fits(table)) else {
                let Some(name) = &join.table.called else {
                    let said = format!("{at} is of a table with columns that no table of the export has");
                    return Err(RunError::usage(said).remedy("pass the file that holds it, too"));
                };
                let names: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
                let near = nearest(name, &names).map_or_else(
                    || "pass the file that holds it, too".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(RunError::usage(format!("{at} names the table `{name}`, which the export does not have"))
                    .remedy(near));
            };
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            let named = table.format.names_its_columns() && !columns.is_empty();
            let wanted = self.kept[join.kept].wanted.iter().map(String::as_str);
            let keyed = join.key.iter().map(Column::first).any(|key| columns.contains(&key));
            let key = (!keyed).then(|| join.key[0].first());
            let needed = key.into_iter().chain(join.only.columns().map(Column::first)).chain(wanted);
            if let Some(missing) = needed.filter(|_| named).find(|column| !columns.contains(column)) {
                let tail = nearest(missing, &columns).map_or_else(
                    || format!("there are {}", columns.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let said = format!("{at} reads the column `{missing}`, which `{}` has not", table.table);
                return Err(RunError::usage(said).remedy(tail));
            }
        }
        Ok(())
    }
}

/// What a row of the users' table is read with.
pub(in crate::source) struct Reached<'m> {
    joins: &'m Joins,
    related: &'m dyn Related,
    /// The rows that were asked for, by the place among [`Joins::kept`] and their key: several columns of one table are.
    known: RefCell<SmallVec<[Known; 4]>>,
}

/// A column that rows hold beside their key, and what it has to be.
type Also<'r> = (&'r str, Option<Cow<'r, str>>);

/// The rows of a table that have a key.
type Known = (usize, String, Rc<Vec<Json>>);

impl<'m> Reached<'m> {
    /// With nothing asked for.
    pub(in crate::source) fn new(joins: &'m Joins, related: &'m dyn Related) -> Self {
        Self { joins, related, known: RefCell::default() }
    }

    fn of(&self, kept: usize, key: &str) -> Rc<Vec<Json>> {
        let mut known = self.known.borrow_mut();
        if let Some((.., rows)) = known.iter().find(|(of, of_key, _)| *of == kept && of_key == key) {
            return Rc::clone(rows);
        }
        let rows = Rc::new(self.related.rows(self.joins.kept[kept].kind, key));
        note_met(&self.joins.kept[kept].met[1]);
        if !rows.is_empty() {
            note_met(&self.joins.kept[kept].met[2]);
        }
        // Of many keys, none is asked for twice.
        if known.len() < known.inline_size() {
            known.push((kept, key.to_owned(), Rc::clone(&rows)));
        }
        rows
    }
}

impl Elsewhere for Reached<'_> {
    fn place(&self, column: &Column) -> Option<Place> {
        self.joins.place(column)
    }

    fn values(&self, row: Row<'_, '_>, joined: Place, column: &Column) -> Vec<Value<'static>> {
        self.joins.reached(row, self, joined, column, STEPS)
    }

    fn named(&self, column: &Column, key: &str) -> Option<String> {
        let values = self.joins.of_key(self, self.joins.place(column)?, column, key, &[]);
        values.iter().find_map(|value| value.text().map(Cow::into_owned)).filter(|name| !name.is_empty())
    }
}

/// Notes it once: most of the time it is known.
fn note_met(met: &AtomicBool) {
    if !met.load(Ordering::Relaxed) {
        met.store(true, Ordering::Relaxed);
    }
}

/// Rows of other tables leave out what they do not have.
static IGNORANT: Manner = Manner { null: Vec::new(), ignore_missing: true, ignore_unclear: true };

/// A key as it is compared: addresses are the same in whatever case.
fn one_case(key: Cow<'_, str>) -> Cow<'_, str> {
    let is_written_so = |c: char| !c.is_uppercase() && !c.is_whitespace() && c != '>';
    if memchr(b'@', key.as_bytes()).is_some() && !key.chars().all(is_written_so) {
        Cow::Owned(mailbox(&key).map_or(key.trim(), |(_, address)| address).to_lowercase())
    } else {
        key
    }
}

fn note(wanted: &mut Vec<String>, column: &str) {
    if !wanted.iter().any(|known| known == column) {
        wanted.push(column.to_owned());
    }
}
