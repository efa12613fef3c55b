//! The ledger forgets nobody, and one that is gone, broken or somebody else's is told apart.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::soak::{assert_holds, listed, users};
use super::util::{Run, Sandbox, run, run_with_input};

const N: usize = 40;

fn imported() -> (tempfile::TempDir, Sandbox) {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("export.csv"), users(N).0).expect("written");
    let sandbox = Sandbox::start(&[]);
    import(home.path(), &sandbox, "run").exits(0);
    (home, sandbox)
}

fn import(home: &Path, sandbox: &Sandbox, folder: &str) -> Run {
    run(sandbox.rehome().arg("import").arg(home.join("export.csv")).arg("--run").arg(home.join(folder)))
}

fn ledger(folder: &Path) -> Connection {
    Connection::open(folder.join("ledger.sqlite")).expect("a ledger")
}

/// A copy of a run folder, with all that the ledger holds in one file.
fn copied(home: &Path) -> PathBuf {
    let (from, to) = (home.join("run"), home.join("copy"));
    let _ = std::fs::remove_dir_all(&to);
    std::fs::create_dir(&to).expect("made");
    ledger(&from).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("checkpointed");
    for entry in std::fs::read_dir(&from).expect("a folder").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
    to
}

#[test]
fn whoever_was_created_and_is_refused_since_is_kept() {
    let (home, sandbox) = imported();
    let (folder, other) = (home.path().join("run"), home.path().join("other"));
    // Of two the plan becomes a refusal, as another version or another mapping may have it; of one of these the run was killed
    // before the answer came.
    let export = std::fs::read_to_string(home.path().join("export.csv")).expect("the export");
    let export = export.replace("person3@example.com", "nowhere").replace("person5@example.com", "nowhere");
    std::fs::write(home.path().join("export.csv"), export).expect("written");
    run(sandbox.rehome().args(["import", "--limit", "0"]).arg(home.path().join("export.csv")).arg("--run").arg(&other));
    let identity: String =
        ledger(&other).query_row("SELECT value FROM meta WHERE key = 'identity'", [], |row| row.get(0)).expect("one");
    {
        let ledger = ledger(&folder);
        ledger.execute("UPDATE meta SET value = ?1 WHERE key = 'identity'", [identity]).expect("set");
        let killed = "UPDATE users SET state = 2, steps = 128, at = at - 2000 WHERE user_id = 'user-5'";
        assert_eq!(ledger.execute(killed, []).expect("set"), 1);
    }
    for _ in 0..2 {
        import(home.path(), &sandbox, "run").exits(3);
        let status = run(sandbox.rehome().args(["status", "--format", "json"]).arg(&folder)).exits(0).json();
        assert_eq!([&status["created"], &status["failed"], &status["left"]], [N, 2, 0], "{status}");
        assert!(status["errors"][0]["text"].as_str().is_some_and(|text| text.starts_with("created, refused since: ")));
        let map = std::fs::read_to_string(folder.join("id-map.csv")).expect("a map");
        assert!(map.contains("user-3") && map.contains("user-5") && map.lines().count() == N + 1, "{map}");
        let log = std::fs::read_to_string(folder.join("rejects.log.ndjson")).expect("a log");
        assert_eq!(log.matches("created, refused since").count(), 2, "{log}");
    }
    let found = run(sandbox.rehome().args(["verify", "--format", "json"]).arg(&folder)).exits(3).json();
    assert_eq!([&found["verify"]["same"], &found["verify"]["different"], &found["verify"]["stray"]], [N - 2, 2, 0]);
    run(sandbox.rehome().args(["rollback", "--yes"]).arg(&folder)).exits(0);
    assert_eq!(listed(&sandbox).len(), 0);
}

type Change<'c> = &'c dyn Fn(&Path);

#[test]
fn a_ledger_that_is_not_one_is_told_apart_and_nothing_is_sent() {
    let (home, sandbox) = imported();
    let expected = users(N).1;
    let set = |pragma: &'static str| move |folder: &Path| ledger(folder).execute_batch(pragma).expect("set");
    let cases: [(Change<'_>, i32, &str); 10] = [
        (&|folder| std::fs::remove_file(folder.join("ledger.sqlite")).expect("removed"), 1, "has no ledger.sqlite"),
        (&|folder| std::fs::write(folder.join("ledger.sqlite"), "").expect("written"), 1, "is empty"),
        (&|folder| std::fs::write(folder.join("ledger.sqlite"), "notes".repeat(999)).expect("written"), 5, "no SQLite"),
        (&set("PRAGMA application_id = 7"), 5, "is not a ledger of rehome"),
        (&set("PRAGMA user_version = 0"), 5, "older rehome"),
        (&set("PRAGMA user_version = 9"), 5, "newer rehome"),
        (&|folder| overwrite(folder, length(folder) - 900, &[0xff; 900]), 1, "is damaged"),
        (&set("UPDATE users SET steps = 128 WHERE record = 7"), 1, "is damaged"),
        (&set("DELETE FROM meta"), 1, "is damaged"),
        (&set("DROP TABLE users"), 1, "is damaged"),
    ];
    for (change, code, says) in cases {
        let folder = copied(home.path());
        change(&folder);
        for command in ["import", "resume", "verify", "rollback", "status"] {
            let mut rehome = sandbox.rehome();
            let said = match command {
                "import" => import(home.path(), &sandbox, "copy"),
                "rollback" => run(rehome.args([command, "--yes"]).arg(&folder)),
                _ => run(rehome.arg(command).arg(&folder)),
            };
            // Reading the counts does not read every page.
            if command == "status" && said.code == 0 {
                continue;
            }
            assert!(
                said.code == code && said.stderr.contains(says),
                "{command}, {says}: {} {}",
                said.code,
                said.stderr
            );
            assert!(said.stderr.contains(';'), "no remedy: {}", said.stderr);
        }
    }
    assert_holds(&sandbox, &expected);
}

fn length(folder: &Path) -> usize {
    std::fs::metadata(folder.join("ledger.sqlite")).map_or(0, |found| found.len() as usize)
}

fn overwrite(folder: &Path, at: usize, with: &[u8]) {
    let path = folder.join("ledger.sqlite");
    let mut bytes = std::fs::read(&path).expect("the ledger");
    bytes[at..at + with.len()].copy_from_slice(with);
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn no_flipped_bit_makes_anything_hang_or_panic() {
    let (home, sandbox) = imported();
    let mut rng = fastrand::Rng::with_seed(17);
    for _ in 0..30 {
        let folder = copied(home.path());
        let bytes = std::fs::read(folder.join("ledger.sqlite")).expect("the ledger");
        let at = rng.usize(..bytes.len());
        overwrite(&folder, at, &[bytes[at] ^ (1 << rng.u8(..8))]);
        for command in ["verify", "status", "rollback"] {
            let said = run(sandbox.rehome().arg(command).arg(&folder));
            assert!(matches!(said.code, 0..=5), "byte {at}, {command}: {} {}", said.code, said.stderr);
        }
    }
    assert_eq!(listed(&sandbox).len(), N);
}

/// A copy on a medium that cannot be written to, as a backup is; and a pipe, which would be waited for.
#[cfg(target_os = "linux")]
#[test]
fn a_run_is_looked_at_where_nothing_can_be_written_and_no_pipe_is_waited_for() {
    use std::os::unix::fs::PermissionsExt;

    let (home, sandbox) = imported();
    let folder = copied(home.path());
    for name in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    let permit = |mode| std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).expect("set");
    // Whoever may write everywhere makes the files there after all, and reads just as well.
    permit(0o500);
    let status = run(sandbox.rehome().args(["status", "--format", "json"]).arg(&folder)).exits(0).json();
    assert_eq!(status["done"], N);
    run(sandbox.rehome().arg("report").arg(&folder).arg("--to").arg(home.path().join("elsewhere"))).exits(0);
    permit(0o700);

    for name in ["lock", "report.json", "ledger.sqlite-journal"] {
        let folder = copied(home.path());
        let _ = std::fs::remove_file(folder.join(name));
        let pipe = std::process::Command::new("mkfifo").arg(folder.join(name)).status().expect("mkfifo runs");
        assert!(pipe.success());
        for command in ["status", "verify"] {
            let said = run(sandbox.rehome().arg(command).arg(&folder));
            let fine = said.code == 0 && command == "status" && name != "ledger.sqlite-journal";
            assert!(fine || (said.code == 5 && said.stderr.contains(name)), "{command}: {} {}", said.code, said.stderr);
        }
    }
}

#[test]
fn what_came_by_a_pipe_is_not_resumed_without_it() {
    let home = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::start(&[]);
    let folder = home.path().join("run");
    let (csv, expected) = users(N);
    let mut command = sandbox.rehome();
    let begun = run_with_input(command.args(["import", "-", "--limit", "5", "--run"]).arg(&folder), csv.as_bytes());
    let begun = begun.exits(0);
    let status = run(sandbox.rehome().arg("status").arg(&folder)).exits(0);
    for said in [&begun.stdout, &status.stdout] {
        assert!(!said.contains("rehome resume") && said.contains("the same"), "{said}");
    }
    run(sandbox.rehome().arg("resume").arg(&folder)).exits(2);
    let mut command = sandbox.rehome();
    run_with_input(command.args(["import", "-", "--run"]).arg(&folder), csv.as_bytes()).exits(0);
    assert_holds(&sandbox, &expected);
}

#[test]
fn more_requests_in_flight_than_there_can_be_are_a_usage_error() {
    for concurrency in ["9223372036854775807", "18446744073709551616", "0", "-1"] {
        let mut command = super::util::rehome();
        run(command.args(["import", "x.csv", "--sandbox"]).arg(format!("--concurrency={concurrency}"))).exits(2);
    }
}
