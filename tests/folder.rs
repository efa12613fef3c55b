//! The run folder: one process at a time writes into it, and a run's lists stay those of the run.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::soak::users;
use super::util::{Sandbox, fixture, rehome, run};

/// An export in which somebody is refused and somebody needs a new password, so that every list has a line.
const EXPORT: &str = "id,email,password_hash\n\
    1,ada@example.com,$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n\
    2,no address,$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n\
    3,grace@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n";

fn prepared() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("export.csv"), EXPORT).expect("written");
    home
}

fn on(home: &Path, command: &str) -> Command {
    let mut rehome = rehome();
    rehome.arg(command).arg(home.join("export.csv")).args(["--unsupported", "without-password"]);
    rehome.args(["--scheme", "md5"]).arg("--run").arg(home.join("run"));
    rehome
}

/// What a person would miss: every file of the folder but those of SQLite and the lock, with its length and a digest.
fn lists(run: &Path) -> BTreeMap<String, (usize, u64)> {
    let files = std::fs::read_dir(run).expect("a run folder").map(|entry| entry.expect("an entry").path());
    files
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let kept = !name.contains("sqlite") && name != "lock";
            let bytes = std::fs::read(&path).expect("a file");
            kept.then(|| (name, (bytes.len(), xxhash_rust::xxh3::xxh3_64(&bytes))))
        })
        .collect()
}

#[test]
fn a_check_leaves_the_lists_of_a_finished_run_alone() {
    let home = prepared();
    let folder = home.path().join("run");
    run(&mut on(home.path(), "check")).exits(3);
    run(&mut on(home.path(), "check")).exits(3);
    run(on(home.path(), "import").arg("--sandbox")).exits(3);
    let before = lists(&folder);
    for name in ["needs-reset.csv", "rejects.csv", "rejects.log.ndjson", "id-map.csv", "report.json", "report.html"] {
        assert!(before.get(name).is_some_and(|(length, _)| *length > 0), "no {name}");
    }

    let same = run(&mut on(home.path(), "check")).exits(5);
    assert!(same.stderr.contains("holds a run") && same.stderr.contains("--run"), "{}", same.stderr);
    let mut other = rehome();
    other.arg("check").arg(fixture("firebase/users.json")).arg("--run").arg(&folder);
    run(&mut other).exits(5);
    assert_eq!(lists(&folder), before);

    // Nor is the report of something else put there.
    let elsewhere = home.path().join("elsewhere");
    run(rehome().args(["report", "--quiet"]).arg(&folder).arg("--to").arg(&elsewhere)).exits(0);
    let to = run(rehome().args(["report", "--quiet"]).arg(&elsewhere).arg("--to").arg(&folder)).exits(5);
    assert!(to.stderr.contains("--to"), "{}", to.stderr);
    assert_eq!(lists(&folder), before);
}

#[test]
fn a_run_that_ended_before_anything_was_meant_does_not_keep_a_check_out() {
    let home = prepared();
    let mut import = on(home.path(), "import");
    import.args(["--endpoint", "http://127.0.0.1:9/v1", "--project", "shop"]).env("APPWRITE_API_KEY", "k");
    run(&mut import).exits(4);
    assert!(home.path().join("run/ledger.sqlite").exists());
    run(&mut on(home.path(), "check")).exits(3);
}

#[test]
fn nobody_else_writes_while_a_run_is_on() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("export.csv"), users(400).0).expect("written");
    let folder = home.path().join("run");
    let sandbox = Sandbox::start(&["--latency", "150"]);
    let mut importer = sandbox
        .rehome()
        .arg("import")
        .arg(home.path().join("export.csv"))
        .arg("--run")
        .arg(&folder)
        .args(["--concurrency", "4", "--format", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the importer starts");
    let mut said = BufReader::new(importer.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("target: Appwrite") {
        line.clear();
        assert!(said.read_line(&mut line).expect("a line") > 0, "it ended too early");
    }
    let drain = std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    // Its lists and its first report are there before it sends anything.
    let begun = || folder.join("report.html").exists();
    for _ in 0..500 {
        if begun() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(begun(), "no report");
    let before = lists(&folder);

    let busy = |command: &mut Command| {
        let ended = run(command).exits(5);
        assert!(ended.stderr.contains("another rehome is working on"), "{}", ended.stderr);
    };
    let mut check = rehome();
    busy(check.arg("check").arg(home.path().join("export.csv")).arg("--run").arg(&folder));
    for command in ["resume", "verify", "rollback"] {
        busy(sandbox.rehome().arg(command).arg(&folder));
    }
    let report = run(rehome().args(["report", "--format", "json"]).arg(&folder)).exits(0);
    assert_eq!(report.json()["command"], "import");
    assert!(report.stderr.contains("not written"), "{}", report.stderr);
    assert_eq!(lists(&folder), before);

    importer.kill().expect("killed");
    importer.wait().expect("ended");
    let _ = drain.join();
    run(rehome().args(["report", "--quiet"]).arg(&folder)).exits(0);
}

#[cfg(unix)]
#[test]
fn files_that_are_not_the_runs_own_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let home = prepared();
    let elsewhere = home.path().join("elsewhere");
    let folder = home.path().join("run");
    let refused = |command: &mut Command, name: &str, why: &str| {
        let ended = run(command).exits(5);
        assert!(ended.stderr.contains(name) && ended.stderr.contains(why), "{name}, {why}: {}", ended.stderr);
        assert!(!elsewhere.exists(), "{name} was written through a link");
    };
    for name in ["lock", "ledger.sqlite", "ledger.sqlite-wal", "sandbox.sqlite", "sandbox.sqlite-wal"] {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a run folder");
        let file = folder.join(name);
        symlink(&elsewhere, &file).expect("linked");
        refused(on(home.path(), "import").arg("--sandbox"), name, "is a symbolic link");
        std::fs::remove_file(&file).expect("removed");
        std::fs::write(&file, "").expect("written");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).expect("opened to all");
        refused(on(home.path(), "import").arg("--sandbox"), name, "can be changed by every user");
        std::fs::remove_file(&file).expect("removed");
        run(on(home.path(), "import").arg("--sandbox")).exits(3);
    }

    // The commands that need nothing but the folder look at it in the same way.
    std::fs::rename(folder.join("ledger.sqlite"), home.path().join("theirs")).expect("moved");
    symlink(home.path().join("theirs"), folder.join("ledger.sqlite")).expect("linked");
    for command in ["status", "resume", "verify", "rollback", "report"] {
        refused(rehome().arg(command).arg(&folder), "ledger.sqlite", "is a symbolic link");
    }
    refused(&mut on(home.path(), "check"), "ledger.sqlite", "is a symbolic link");
}
