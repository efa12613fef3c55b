//! A copy of a run folder that is in use, and runs that go on with another rehome or another server.

use std::path::Path;

use rusqlite::Connection;

use super::import::{import, on_run, prepared, status};
use super::night::{started, until};
use super::soak::{assert_holds, listed};
use super::util::{Sandbox, rehome, run};

fn copy(from: &Path, to: &Path) -> std::process::Command {
    let mut command = rehome();
    command.arg("backup").arg(from).arg(to);
    command
}

#[test]
fn a_copy_of_a_run_that_is_on_can_be_resumed() {
    let (home, expected) = prepared(240);
    let store = home.path().join("store.sqlite");
    let store = store.to_str().expect("a path");
    let sandbox = Sandbox::start(&["--latency", "150", "--store", store]);
    let address = sandbox.endpoint.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let mut importer = started(import(&sandbox, home.path()).args(["--concurrency", "4"]));
    until(home.path(), "half-done", |now| now["done"].as_u64() > Some(20));
    let (from, to) = (home.path().join("run"), home.path().join("deep/copy"));
    let copied = run(copy(&from, &to).args(["--format", "json"])).exits(0).json();
    assert_eq!((&copied["running"], &copied["records"]), (&true.into(), &240.into()), "{copied}");
    let done = copied["done"].as_u64().expect("a count");
    assert!((20..240).contains(&done), "{copied}");
    #[cfg(unix)]
    for path in std::fs::read_dir(&to).expect("a folder").flatten().map(|entry| entry.path()).chain([to.clone()]) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    let names: Vec<_> = std::fs::read_dir(&to).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(names.iter().any(|name| name == "report.json") && !names.iter().any(|name| name == "lock"), "{names:?}");
    // The run went on meanwhile, and is killed later than it was copied.
    until(home.path(), "further", |now| now["done"].as_u64() > Some(done + 8));
    importer.kill().expect("killed");
    importer.wait().expect("ended");
    std::fs::remove_dir_all(&from).expect("lost");
    drop(sandbox);
    let sandbox = Sandbox::start(&["--listen", &address, "--store", store]);
    let resumed = run(sandbox.rehome().arg("resume").arg(&to).args(["--concurrency", "64"])).exits(0);
    assert!(resumed.stderr.contains("going on:"), "{}", resumed.stderr);
    assert_holds(&sandbox, &expected);
    run(sandbox.rehome().arg("verify").arg(&to)).exits(0);
    // Everybody is this run's, those too whom only the lost folder knew.
    run(sandbox.rehome().arg("rollback").arg(&to).arg("--yes")).exits(0);
    assert!(listed(&sandbox).is_empty());
}

#[test]
fn what_is_no_run_or_is_taken_is_not_copied() {
    let (home, _) = prepared(5);
    let (from, to) = (home.path().join("run"), home.path().join("copy"));
    let none = run(&mut copy(home.path(), &to)).exits(2);
    assert!(none.stderr.contains("is not a run folder") && !to.exists(), "{}", none.stderr);
    run(rehome().arg("import").arg(home.path().join("export.csv")).args(["--sandbox", "--run"]).arg(&from)).exits(0);
    std::fs::create_dir(&to).expect("made");
    let told = run(&mut copy(&from, &to)).exits(0).stdout;
    assert!(told.contains("5 records, of whom 5 are done") && told.contains("rehome resume"), "{told}");
    let again = run(&mut copy(&from, &to)).exits(2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    // The users of a rehearsal come along.
    run(rehome().arg("verify").arg(&to)).exits(0);
}

#[test]
fn a_run_goes_on_with_a_later_rehome_and_a_later_server_and_a_newer_ledger_says_what_to_do() {
    let (home, expected) = prepared(240);
    let store = home.path().join("store.sqlite");
    let store = store.to_str().expect("a path");
    let sandbox = Sandbox::start(&["--latency", "150", "--appwrite-version", "1.8.1", "--store", store]);
    let address = sandbox.endpoint.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let mut importer = started(import(&sandbox, home.path()).args(["--concurrency", "4"]));
    until(home.path(), "half-done", |now| now["done"].as_u64() > Some(20));
    importer.kill().expect("killed");
    importer.wait().expect("ended");
    drop(sandbox);
    // As an older rehome left it.
    let path = home.path().join("run/ledger.sqlite");
    let ledger = Connection::open(&path).expect("a ledger");
    ledger.execute_batch("ALTER TABLE users DROP COLUMN left; PRAGMA user_version = 1").expect("older");
    ledger.execute("UPDATE meta SET value = '0.0.9' WHERE key = 'program'", []).expect("older");
    drop(ledger);
    let sandbox = Sandbox::start(&["--listen", &address, "--store", store]);
    let resumed = run(on_run(&sandbox, "resume", home.path()).args(["--concurrency", "64"])).exits(0);
    assert!(resumed.stderr.contains("begun by rehome 0.0.9"), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("was planned for Appwrite 1.8"), "{}", resumed.stderr);
    assert_eq!(status(home.path())["done"], 240);
    assert_holds(&sandbox, &expected);

    Connection::open(&path).and_then(|ledger| ledger.pragma_update(None, "user_version", 99)).expect("newer");
    for command in ["resume", "verify", "rollback", "status"] {
        let ended = run(&mut on_run(&sandbox, command, home.path())).exits(5);
        assert!(ended.stderr.contains("newer rehome") && ended.stderr.contains("use that one"), "{}", ended.stderr);
    }
}
