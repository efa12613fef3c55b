//! The same accounts from where users live as from the dump of them.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

use super::*;

/// Every SQL file of the samples.
fn dumps(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            dumps(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "sql") {
            found.push(path);
        }
    }
}

fn opened(path: &Path) -> Result<Export, crate::error::RunError> {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    Export::open(&[path.to_owned()], ReadOptions { now, ..ReadOptions::default() })
}

/// Everything an export holds, with its secrets.
fn everything(export: &Export) -> Vec<String> {
    let mut all = Vec::new();
    let each = |batch: &mut Vec<String>, item: Item<'_>| {
        batch.push(match &item.account {
            Ok(account) => format!("{} {:?}", shown(account), account.credential),
            Err(refusal) => format!("{} {}", refusal.code, refusal.text),
        });
    };
    let fold = |batch| {
        all.extend(batch);
        Ok(ControlFlow::Continue(()))
    };
    export.scan(2, &Silent, Vec::new, each, fold).unwrap();
    all
}

/// What `sqlite3 FILE .dump` writes. `None`: it is not installed.
fn dump(file: &Path) -> Option<Vec<u8>> {
    let Ok(output) = Command::new("sqlite3").arg(file).arg(".dump").output() else {
        eprintln!("skipped: sqlite3 is not installed");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[test]
fn sqlite_files_hold_whom_their_dumps_hold() {
    let mut found = Vec::new();
    dumps(&fixture(""), &mut found);
    let folder = tempfile::tempdir().unwrap();
    let mut compared = Vec::new();
    for (number, path) in found.iter().enumerate() {
        let file = folder.path().join(format!("{number}.db"));
        let database = Connection::open(&file).unwrap();
        let Ok(sql) = std::fs::read_to_string(path) else { continue };
        if database.execute_batch(&sql).is_err() || !database.is_autocommit() {
            continue;
        }
        let dumped = folder.path().join(format!("{number}.sql"));
        let Some(text) = dump(&file) else { return };
        std::fs::write(&dumped, text).unwrap();
        let (Ok(from_dump), Ok(live)) = (opened(&dumped), opened(&file)) else {
            assert_eq!(opened(&dumped).is_err(), opened(&file).is_err(), "{}", path.display());
            continue;
        };
        assert_eq!(live.source().name(), from_dump.source().name(), "{}", path.display());
        let all = everything(&live);
        assert_eq!(all, everything(&from_dump), "{}", path.display());
        live.fingerprint().unwrap();
        assert_eq!(everything(&live), all, "{} from the spool", path.display());
        compared.push(path.strip_prefix(fixture("")).unwrap().display().to_string());
    }
    println!("{} dumps: {}", compared.len(), compared.join(", "));
    assert!(compared.len() >= 7, "only {compared:?} could be loaded");
}

#[test]
fn every_kind_of_value_is_what_a_dump_makes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let database = Connection::open(&file).unwrap();
    database
        .execute_batch(
            "CREATE TABLE \"odd \"\"table\" (id INTEGER PRIMARY KEY, x);
             CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, name, \"order\" TEXT, score REAL, seen, password_hash TEXT,
                                 both TEXT GENERATED ALWAYS AS (email || id));
             CREATE INDEX all_of_them ON users (email, name, \"order\", score, seen, password_hash, both);
             CREATE TABLE empty (id, email, password);
             INSERT INTO users (id, email, name, \"order\", score, seen, password_hash) VALUES
             (3, 'z@example.com', 'it''s
two lines', ';), (', 0.1, 1700000000.25, '$2y$10$48lB5MansssYbu7wgQUfguDxAtpK6pOsqE797oxZrqXCJ8qerW100'),
             (1, 'a@example.com', NULL, '', 1e300, X'00ff61', NULL),
             (2, 'b@example.com', -9223372036854775808, '\\N', 5.0, 9e999, X'61');",
        )
        .unwrap();
    let dumped = folder.path().join("app.sql");
    let Some(text) = dump(&file) else { return };
    std::fs::write(&dumped, text).unwrap();
    let live = opened(&file).unwrap();
    let all = everything(&live);
    assert_eq!(all, everything(&opened(&dumped).unwrap()));
    assert!(all[0].contains("a@example.com") && all[2].contains("it's\\ntwo lines"), "{all:?}");
    let names: Vec<_> = live.tables().iter().map(|table| table.table.as_str()).collect();
    assert!(["odd \"table", "users", "empty"].iter().all(|name| names.contains(name)), "{names:?}");
}

#[test]
fn what_others_write_meanwhile_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let database = Connection::open(&file).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = wal; CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT);
             INSERT INTO users VALUES (1, 'a@example.com', ''), (2, 'b@example.com', '');",
        )
        .unwrap();
    // The rows stand in the -wal alone.
    let live = opened(&file).unwrap();
    database
        .execute_batch("UPDATE users SET email = 'c@example.com'; INSERT INTO users VALUES (9, 'n@example.com', '')")
        .unwrap();
    let all = everything(&live);
    assert!(all.len() == 2 && all[0].contains("a@example.com"), "{all:?}");
    live.fingerprint().unwrap();
    assert_eq!(everything(&live), all);
    // Nobody is held any more, as soon as the thread that read has ended.
    let began = std::time::Instant::now();
    let mode = || database.query_row("PRAGMA journal_mode = delete", [], |row| row.get::<_, String>(0));
    while mode().is_err() {
        assert!(began.elapsed().as_secs() < 30, "the file is held");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_value_that_is_too_large_costs_its_record_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let database = Connection::open(&file).unwrap();
    database
        .execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, avatar BLOB, password_hash TEXT);
             INSERT INTO users VALUES (1, 'a@example.com', NULL, ''), (2, 'b@example.com', zeroblob(20000000), ''),
             (3, 'c@example.com', X'01', ''), (4, 'd@example.com', zeroblob(17000000), ''), (5, 'e@example.com', NULL, '');",
        )
        .unwrap();
    let all = everything(&opened(&file).unwrap());
    let has = |at: usize, what: &str| assert!(all[at].contains(what), "{}", &all[at][..all[at].len().min(300)]);
    assert_eq!(all.len(), 5);
    has(0, "a@example.com");
    has(1, "damaged-record");
    has(2, "c@example.com");
    has(3, "damaged-record");
    has(4, "e@example.com");
}
