//! SQLite's files: read by SQLite itself, in one transaction, and written as `sqlite3 FILE .dump` writes them.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement};

use crate::bytes::hex;
use crate::error::RunError;
use crate::format::frame::{BATCH_BYTES, MAX_RECORD_BYTES};
use crate::format::live::{Moment, Part, Written};
use crate::format::same::Text;

/// What every database of SQLite begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How long another program may hold the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many blocks wait for whoever reads them.
const AHEAD: usize = 2;

/// Whether a file is a database of SQLite, by its first bytes.
pub(super) fn is_one(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    let read = |head: &mut [u8]| std::fs::File::open(path)?.read_exact(head);
    path.is_file() && read(&mut head).is_ok() && head == MAGIC
}

/// Whether a file is shorter than its first page says. What other programs have written last may stand in a journal beside it.
/// <https://www.sqlite.org/fileformat2.html#in_header_database_size>
fn is_cut(path: &Path) -> bool {
    let mut head = [0; 100];
    let Ok(mut file) = std::fs::File::open(path) else { return false };
    let (Ok(()), Ok(of)) = (file.read_exact(&mut head), file.metadata()) else { return false };
    let number = |at: usize| u64::from(u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
    let page = match u64::from(u16::from_be_bytes([head[16], head[17]])) {
        1 => 65_536,
        page => page,
    };
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        Path::new(&name).exists()
    };
    // The size counts where it was written by whoever changed the file last.
    number(24) == number(92) && !beside("-wal") && of.len() < page * number(28)
}

/// A database in one read transaction: what others write from now on is not seen.
pub(super) struct Sqlite {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
    tables: Arc<Vec<Table>>,
}

struct Table {
    name: String,
    columns: Vec<String>,
}

impl Sqlite {
    /// # Errors
    /// [`RunError::export`] for a database that cannot be read now, and why.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        if is_cut(path) {
            let file = crate::escape::word(&path.display().to_string());
            return Err(RunError::export(format!("{file} is damaged: it is cut off, and shorter than it says itself"))
                .remedy(format!("copy it again; `sqlite3 {file} .recover > users.sql` saves what is there")));
        }
        let told = |error: rusqlite::Error| unreadable(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(told)?;
        connection.busy_timeout(PATIENCE).map_err(told)?;
        // A file is somebody else's: what it says is run at no time but where a column is made of others.
        connection.execute_batch("PRAGMA query_only = 1; PRAGMA trusted_schema = 0; BEGIN").map_err(told)?;
        let tables = tables(&connection).map_err(told)?;
        let limit = i32::try_from(MAX_RECORD_BYTES).unwrap_or(i32::MAX);
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limit).map_err(told)?;
        Ok(Self { path: path.to_owned(), connection: Arc::new(Mutex::new(connection)), tables: Arc::new(tables) })
    }

    /// Has a thread of its own write the dump.
    fn dump(&self, rows: Option<usize>, wanted: impl Fn(&str) -> bool + Send + 'static) -> Box<dyn Text + Send> {
        let (sender, receiver) = sync_channel(AHEAD);
        let (connection, tables, path) = (Arc::clone(&self.connection), Arc::clone(&self.tables), self.path.clone());
        std::thread::spawn(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let mut dump = Dump { sender, block: Vec::new() };
            let written = dump.write(&connection, &tables, rows, wanted);
            let last = match written {
                Ok(()) => Part::End,
                // Whoever read it wants no more.
                Err(Ended::Unheard) => return,
                Err(Ended::Unread(error)) => Part::Failed(unreadable(&path, &error)),
            };
            drop(connection);
            let block = std::mem::take(&mut dump.block);
            if dump.sender.send(Part::Bytes(block)).is_ok() {
                let _ = dump.sender.send(last);
            }
        });
        Box::new(Written::new(receiver))
    }
}

impl Moment for Sqlite {
    fn sample(&self, rows: usize) -> Result<Box<dyn Text + Send>, RunError> {
        Ok(self.dump(Some(rows), |_| true))
    }

    fn tables(&self, wanted: &HashSet<String>) -> Result<Box<dyn Text + Send>, RunError> {
        let wanted = wanted.clone();
        Ok(self.dump(None, move |table| wanted.contains(table)))
    }
}

/// The tables that people made, in their order.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let mut names = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND sql NOT LIKE 'CREATE VIRTUAL TABLE%' ORDER BY rowid",
    )?;
    // Without generated columns, as dumps are: what is made of other columns says nothing new.
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let described = names.into_iter().map(|name| {
        let columns = columns.query_map([&name], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(Table { name, columns })
    });
    described.collect()
}

/// Why a dump ends early.
enum Ended {
    /// Nobody reads it any more.
    Unheard,
    Unread(rusqlite::Error),
}

impl From<rusqlite::Error> for Ended {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unread(error)
    }
}

struct Dump {
    sender: SyncSender<Part>,
    block: Vec<u8>,
}

impl Dump {
    fn write(
        &mut self,
        connection: &Connection,
        tables: &[Table],
        rows: Option<usize>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), Ended> {
        self.block.extend_from_slice(b"-- SQLite database\n");
        for table in tables {
            let columns: Vec<String> = table.columns.iter().map(|column| quoted(column)).collect();
            let (name, columns) = (quoted(&table.name), columns.join(","));
            self.put(format!("CREATE TABLE {name} ({columns});\n").as_bytes())?;
        }
        let mut reals = connection.prepare("SELECT printf('%!.20g', ?1)")?;
        for table in tables.iter().filter(|table| wanted(&table.name)) {
            self.table(connection, table, rows, &mut reals)?;
        }
        Ok(())
    }

    fn table(
        &mut self,
        connection: &Connection,
        table: &Table,
        rows: Option<usize>,
        reals: &mut Statement<'_>,
    ) -> Result<(), Ended> {
        let columns: Vec<String> = table.columns.iter().map(|column| quoted(column)).collect();
        let name = quoted(&table.name);
        let most = rows.map_or(-1, |rows| i64::try_from(rows).unwrap_or(-1));
        let mut written = 0;
        let statement = |columns: &[String]| {
            // An index would give another order than the table's own, which is that of a dump.
            format!("SELECT {} FROM {name} NOT INDEXED LIMIT ?1 OFFSET ?2", columns.join(","))
        };
        let head = format!("INSERT INTO {name} ({}) VALUES\n", columns.join(","));
        let all = self.rows(connection, &statement(&columns), (most, 0), &head, &mut written, reals);
        let Err(Ended::Unread(error)) = &all else { return self.close(written, all) };
        if error.sqlite_error_code() != Some(ErrorCode::TooBig) {
            return all;
        }
        // Somebody's value is larger than a record may be. From there on each is asked for its size before it is read, and what
        // stands for one of them makes its record as large as it would be, so that it is refused by itself.
        let guarded: Vec<String> = columns
            .iter()
            .map(|column| {
                format!("CASE WHEN octet_length({column}) > {MAX_RECORD_BYTES} THEN {TOO_LARGE} ELSE {column} END")
            })
            .collect();
        let left = if most < 0 { most } else { most - written };
        let all = self.rows(connection, &statement(&guarded), (left, written), &head, &mut written, reals);
        self.close(written, all)
    }

    fn close(&mut self, written: i64, all: Result<(), Ended>) -> Result<(), Ended> {
        all?;
        if written > 0 { self.put(b";\n") } else { Ok(()) }
    }

    fn rows(
        &mut self,
        connection: &Connection,
        select: &str,
        (most, passed): (i64, i64),
        head: &str,
        written: &mut i64,
        reals: &mut Statement<'_>,
    ) -> Result<(), Ended> {
        let mut statement = connection.prepare(select)?;
        let columns = statement.column_count();
        let mut rows = statement.query([most, passed])?;
        while let Some(row) = rows.next()? {
            self.block.extend_from_slice(if *written == 0 { head.as_bytes() } else { b",\n" });
            *written += 1;
            for column in 0..columns {
                self.block.push(if column == 0 { b'(' } else { b',' });
                self.value(row.get_ref(column)?, reals)?;
            }
            self.put(b")")?;
        }
        Ok(())
    }

    /// A literal as `.dump` writes it, but for line feeds, which stand in the text as they are.
    fn value(&mut self, value: ValueRef<'_>, reals: &mut Statement<'_>) -> Result<(), Ended> {
        match value {
            ValueRef::Null => self.block.extend_from_slice(b"NULL"),
            ValueRef::Integer(number) => {
                let _ = write!(self.block, "{number}");
            }
            ValueRef::Real(number) if number.is_infinite() => {
                self.block.extend_from_slice(if number > 0.0 { b"1e999" } else { b"-1e999" });
            }
            ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                let _ = write!(self.block, "{}.0", number as i64);
            }
            // By SQLite's own hand: as many digits as its dumps have.
            ValueRef::Real(number) => {
                let digits: String = reals.query_row([number], |row| row.get(0))?;
                self.block.extend_from_slice(digits.as_bytes());
            }
            ValueRef::Text(text) => {
                self.block.push(b'\'');
                let mut rest = text;
                while let Some(at) = memchr::memchr(b'\'', rest) {
                    self.block.extend_from_slice(&rest[..=at]);
                    self.block.push(b'\'');
                    rest = &rest[at + 1..];
                }
                self.block.extend_from_slice(rest);
                self.block.push(b'\'');
            }
            ValueRef::Blob(TOO_LARGE_BYTES) => {
                let blanks = vec![b' '; BATCH_BYTES];
                for _ in 0..=MAX_RECORD_BYTES / BATCH_BYTES {
                    self.put(&blanks)?;
                }
                self.block.extend_from_slice(b"NULL");
            }
            ValueRef::Blob(bytes) => {
                self.block.extend_from_slice(b"X'");
                self.block.extend_from_slice(hex(bytes).as_bytes());
                self.block.push(b'\'');
            }
        }
        Ok(())
    }

    /// Adds bytes, and hands the block on once it is full.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        self.block.extend_from_slice(bytes);
        if self.block.len() < BATCH_BYTES {
            return Ok(());
        }
        let next = Vec::with_capacity(BATCH_BYTES * 2);
        let full = std::mem::replace(&mut self.block, next);
        self.sender.send(Part::Bytes(full)).map_err(|_| Ended::Unheard)
    }
}

/// What stands for a value that is too large, which nobody's column holds by chance.
const TOO_LARGE: &str = "X'7265686f6d653a20746f6f206c61726765'";
const TOO_LARGE_BYTES: &[u8] = b"rehome: too large";

/// A name in double quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why a database cannot be read, and what helps.
fn unreadable(path: &Path, error: &rusqlite::Error) -> RunError {
    let name = path.display();
    let beside = |ending: &str| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        Path::new(&beside).exists()
    };
    let copy = || {
        format!(
            "copy it, with the -wal beside it, to a folder that you can write to (`sqlite3 {name} \".backup copy.db\"` \
                           does both), and pass the copy"
        )
    };
    let told = |what: &str| RunError::export(format!("{name}: {what}"));
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            told(&format!("another program has kept this SQLite database locked for {} seconds", PATIENCE.as_secs()))
                .remedy("wait for it to end or stop it, or pass a copy")
        }
        Some(ErrorCode::NotADatabase) => told("it begins like an SQLite database and is none; it may be encrypted")
            .remedy("export it with the program that wrote it"),
        Some(ErrorCode::DatabaseCorrupt) => told("the SQLite database is damaged")
            .because(error.to_string())
            .remedy(format!("`sqlite3 {name} .recover > users.sql` saves what can be saved; pass that")),
        Some(ErrorCode::PermissionDenied) => told("this SQLite database may not be read").because(error.to_string()),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) if beside("-journal") => {
            told("a program that wrote to this SQLite database did not end well, and only whoever may write to it can undo what was \
                  half done")
                .remedy(format!("open it once with `sqlite3 {name}`, or pass a copy of it and of the -journal beside it"))
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            told("this SQLite database is in WAL mode, which needs a file beside it that cannot be made here").remedy(copy())
        }
        _ => told("the SQLite database cannot be read").because(error.to_string()),
    }
}
