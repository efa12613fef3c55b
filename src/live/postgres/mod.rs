//! PostgreSQL: one transaction that sees one moment and writes nothing, and the tables as `pg_dump` writes them.

mod address;
mod auth;
mod password;
mod trouble;
mod wire;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use address::Address;
pub(super) use address::is_one;
use wire::Wire;

use crate::error::RunError;
use crate::format::frame::BATCH_BYTES;
use crate::format::live::{self, Moment, Written};
use crate::format::same::Text;

/// Older servers lack what is asked of the catalogue.
const OLDEST: u32 = 12;

/// So many tables are sampled in one question.
const AT_ONCE: usize = 50;

/// How much is handed on at a time, and so many blocks wait for whoever reads them.
const BLOCK: usize = BATCH_BYTES / 2;
const AHEAD: usize = 16;

/// What makes the rows' text that of a dump: pg_dump's own settings; and no limit of the server's ends it early.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = 0; \
     SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 3; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL synchronize_seqscans = off; SET LOCAL search_path = ''; \
     SET LOCAL client_encoding = 'UTF8'";

/// Every table that has rows of its own or its partitions', with the columns that a dump has and whether this user may read them.
const TABLES: &str = "SELECT n.nspname, c.relname, c.relkind = 'p' OR c.relhassubclass, a.attname, \
     has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
     AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) \
     ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\", a.attnum";

/// A database at one moment.
pub(super) struct Postgres {
    wire: Arc<Mutex<Wire>>,
    tables: Vec<Table>,
}

struct Table {
    schema: String,
    name: String,
    /// Its rows stand in other tables: partitions, or what inherits from it.
    is_parent: bool,
    columns: Vec<String>,
}

impl Postgres {
    /// Connects and begins. What a person should know comes with it.
    ///
    /// # Errors
    /// [`RunError::usage`] for an address or a password that has to be changed; [`RunError::export`] for a server that is not
    /// there, or refuses.
    pub fn open(path: &Path, ca_file: Option<&Path>) -> Result<(Self, String, Vec<String>), RunError> {
        let mut address = Address::of(path.to_str().unwrap_or_default(), |name| std::env::var(name).ok())?;
        address.ca_file = address.ca_file.or_else(|| ca_file.map(Path::to_owned));
        let name = address.name();
        let mut wire = Wire::connect(&address, &name)?;
        let major = wire.version.split(['.', ' ', 'b', 'r', 'd']).next().and_then(|major| major.parse().ok());
        if major.is_some_and(|major: u32| major < OLDEST) {
            return Err(RunError::export(format!(
                "{name}: the server is PostgreSQL {}, and {OLDEST} is the oldest that is read",
                wire.version
            ))
            .remedy("dump it with pg_dump, and pass that"));
        }
        wire.rows(BEGIN)?;
        let (tables, kept_back) = tables(wire.rows(TABLES)?);
        let findings = said(&address.user, &kept_back);
        Ok((Self { wire: Arc::new(Mutex::new(wire)), tables }, name, findings))
    }

    fn heads(&self) -> Vec<u8> {
        let created = |table: &Table| format!("CREATE TABLE {} ({});", table.quoted(), table.columns());
        let lines: Vec<_> =
            std::iter::once("-- PostgreSQL".to_owned()).chain(self.tables.iter().map(created)).collect();
        (lines.join("\n") + "\n").into_bytes()
    }

    /// Has a thread of its own write these parts: it waits for the server while others look at what it has sent.
    fn stream(&self, mut parts: VecDeque<Part>) -> Box<dyn Text + Send> {
        parts.push_front(Part::Text(self.heads()));
        let (sender, receiver) = sync_channel(AHEAD);
        let wire = Arc::clone(&self.wire);
        std::thread::spawn(move || {
            let mut wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
            let written = write(&mut wire, parts, &sender);
            drop(wire);
            // Whoever reads it may want no more.
            let _ = sender.send(written.map_or_else(live::Part::Failed, |()| live::Part::End));
        });
        Box::new(Written::new(receiver))
    }
}

impl Moment for Postgres {
    fn sample(&self, rows: usize) -> Result<Box<dyn Text + Send>, RunError> {
        // The tables are locked against being altered while they are sampled, and no longer.
        let mut parts =
            VecDeque::from([Part::Ask("SAVEPOINT sampled; SET LOCAL row_security = on".into()), Part::Settle]);
        for tables in self.tables.chunks(AT_ONCE) {
            let copies = tables.iter().map(|table| {
                format!("COPY (SELECT {} FROM {} LIMIT {rows}) TO STDOUT", table.columns(), table.quoted())
            });
            parts.push_back(Part::Ask(copies.collect::<Vec<_>>().join("; ")));
            parts.extend(tables.iter().flat_map(Table::lines));
            parts.push_back(Part::Settle);
        }
        parts.extend([Part::Ask("ROLLBACK TO SAVEPOINT sampled".into()), Part::Settle]);
        Ok(self.stream(parts))
    }

    fn tables(&self, wanted: &HashSet<String>) -> Result<Box<dyn Text + Send>, RunError> {
        // What hides rows from this user is an error from here on.
        let mut parts = VecDeque::from([Part::Ask("SET LOCAL row_security = off".into()), Part::Settle]);
        let called = called(&self.tables);
        for (table, _) in self.tables.iter().zip(&called).filter(|(_, called)| wanted.contains(*called)) {
            let (name, columns) = (table.quoted(), table.columns());
            parts.push_back(Part::Ask(if table.is_parent {
                format!("COPY (SELECT {columns} FROM {name}) TO STDOUT")
            } else {
                format!("COPY {name} ({columns}) TO STDOUT")
            }));
            parts.extend(table.lines());
            parts.push_back(Part::Settle);
        }
        Ok(self.stream(parts))
    }
}

impl Table {
    fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    fn columns(&self) -> String {
        self.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
    }

    /// What stands around its rows, and they.
    fn lines(&self) -> [Part; 3] {
        let head = format!("COPY {} ({}) FROM stdin;\n", self.quoted(), self.columns());
        [Part::Text(head.into_bytes()), Part::Rows, Part::Text(b"\\.\n".to_vec())]
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Tables by their columns, and which columns this user may not read, by table.
fn tables(rows: Vec<Vec<Option<String>>>) -> (Vec<Table>, Vec<(String, Vec<String>)>) {
    let mut tables: Vec<Table> = Vec::new();
    let mut kept_back: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        let Ok([Some(schema), Some(name), Some(parent), Some(column), Some(readable)]) = <[_; 5]>::try_from(row) else {
            continue;
        };
        if readable != "t" {
            let full = format!("{schema}.{name}");
            match kept_back.last_mut().filter(|(table, _)| *table == full) {
                Some((_, columns)) => columns.push(column),
                None => kept_back.push((full, vec![column])),
            }
            continue;
        }
        match tables.last_mut().filter(|table| table.name == name && table.schema == schema) {
            Some(table) => table.columns.push(column),
            None => tables.push(Table { schema, name, is_parent: parent == "t", columns: vec![column] }),
        }
    }
    (tables, kept_back)
}

/// What a person should know of what this user may not read.
fn said(user: &str, kept_back: &[(String, Vec<String>)]) -> Vec<String> {
    let listed = kept_back.iter().take(6).map(|(table, columns)| match columns.as_slice() {
        [one] => format!("{table} ({one})"),
        [first, others @ ..] => format!("{table} ({first} and {} more)", others.len()),
        [] => table.clone(),
    });
    let listed: Vec<_> = listed.collect();
    let more = match kept_back.len().saturating_sub(6) {
        0 => String::new(),
        n => format!(" and {n} more tables"),
    };
    let said = format!(
        "{user} may not read all columns of {}{more}: what is in them is as if it were not there",
        listed.join(", ")
    );
    if kept_back.is_empty() { Vec::new() } else { vec![said] }
}

/// What each table is called behind here: by its own name, but where another schema had one of that name before.
fn called(tables: &[Table]) -> Vec<String> {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    let called = tables.iter().map(|table| {
        let first = *owners.entry(&table.name).or_insert(&table.schema);
        if first == table.schema { table.name.clone() } else { format!("{}.{}", table.schema, table.name) }
    });
    called.collect()
}

/// What a stream is made of, in this order.
enum Part {
    Text(Vec<u8>),
    /// Statements for the server.
    Ask(String),
    /// The rows of the next COPY that was asked for.
    Rows,
    /// Until the server has answered all.
    Settle,
}

/// Writes these parts, for as long as somebody wants them.
fn write(wire: &mut Wire, parts: VecDeque<Part>, sender: &SyncSender<live::Part>) -> Result<(), RunError> {
    // Whatever was read before and not to its end.
    wire.settle()?;
    let send = |bytes| sender.send(live::Part::Bytes(bytes)).is_ok();
    for part in parts {
        match part {
            Part::Text(text) => {
                if !send(text) {
                    return Ok(());
                }
            }
            Part::Ask(sql) => wire.ask(&sql)?,
            Part::Rows => {
                let mut more = true;
                while more {
                    let mut block = Vec::with_capacity(2 * BLOCK);
                    // The server sends little at a time, and each block wakes somebody.
                    while more && block.len() < BLOCK {
                        more = wire.copied(&mut block, BLOCK)? > 0;
                    }
                    if !block.is_empty() && !send(block) {
                        return Ok(());
                    }
                }
            }
            Part::Settle => wire.settle()?,
        }
    }
    Ok(())
}
