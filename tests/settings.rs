//! `rehome.toml`: what goes before what, what it may not hold, and what is said of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::import::{import, on_run, prepared, status};
use super::soak::assert_holds;
use super::util::{Run, Sandbox, rehome, run};

/// A folder with an export of three people, and these settings beside it.
fn beside(settings: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("people.csv");
    std::fs::write(&export, "id,email,password_hash\n1,a@example.com,\n2,b@example.com,\n3,c@example.com,\n")
        .expect("written");
    std::fs::write(home.path().join("rehome.toml"), settings).expect("written");
    (home, export)
}

fn check(export: &Path, words: &[&str]) -> Run {
    let mut command: Command = rehome();
    run(command.arg("check").arg(export).args(words))
}

#[test]
fn what_is_typed_goes_before_the_environment_and_that_before_the_file() {
    let (home, expected) = prepared(5);
    let sandbox = Sandbox::start(&[]);
    // A section goes before what stands above it, and what no flag of the command is called is another's.
    let settings = "ids = 'derive'\nwith-pii = true\nendpoint = 'http://127.0.0.1:9/v1'\nrun = 'file'\n[import]\nids = 'keep'\nrate = 100\n";
    std::fs::write(home.path().join("rehome.toml"), settings).expect("written");
    let typed = run(&mut import(&sandbox, home.path())).exits(0);
    let told = format!("settings: {} (ids, rate)", home.path().join("rehome.toml").display());
    assert!(typed.stderr.lines().any(|line| line == told), "{}", typed.stderr);
    assert_holds(&sandbox, &expected);
    assert_eq!(status(home.path())["done"], 5);
    // Paths are taken from the file's folder.
    run(sandbox.rehome().arg("import").arg(home.path().join("export.csv"))).exits(0);
    assert!(home.path().join("file/ledger.sqlite").exists());
    let mut nowhere = sandbox.rehome();
    nowhere.env_remove("APPWRITE_ENDPOINT").arg("import").arg(home.path().join("export.csv"));
    run(nowhere.args(["--give-up-after", "1", "--run"]).arg(home.path().join("other"))).exits(4);
    // A run folder knows its export, and what stands beside it.
    std::fs::write(home.path().join("rehome.toml"), "[resume]\nconcurrency = 3\n").expect("written");
    let resumed = run(&mut on_run(&sandbox, "resume", home.path())).exits(0);
    assert!(resumed.stderr.contains("rehome.toml (concurrency)"), "{}", resumed.stderr);
    let none = run(on_run(&sandbox, "resume", home.path()).arg("--no-config")).exits(0);
    assert!(!none.stderr.contains("settings:"), "{}", none.stderr);
}

#[test]
fn another_file_is_taken_where_it_is_named_and_none_for_what_needs_none() {
    let (home, export) = beside("ids = 'derive'\n");
    let other = home.path().join("other.toml");
    std::fs::write(&other, "[plan]\nids = 'keep'\n[bridge.serve]\nbridge-until = 2027-01-31\n").expect("written");
    let ids = |words: &[&str]| {
        let plan = run(rehome().arg("plan").arg(&export).args(words)).exits(0);
        plan.lines()[0]["create"]["body"]["userId"].as_str().expect("an id").len()
    };
    assert_eq!((ids(&[]) > 1, ids(&["--ids", "keep"]), ids(&["--no-config"])), (true, 1, 1));
    assert_eq!(ids(&["--config", other.to_str().expect("a path")]), 1);
    let json = check(&export, &["--format", "json"]);
    let first: serde_json::Value = serde_json::from_str(json.stderr.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["event"], "said");
    assert!(!check(&export, &["--quiet"]).stderr.contains("settings:"));
    let missing = check(&export, &["--config", "nowhere.toml"]).exits(1);
    assert!(missing.stderr.contains("nowhere.toml"), "{}", missing.stderr);
}

#[test]
fn secrets_and_what_is_said_by_hand_are_refused_by_name_and_never_shown() {
    for (settings, told) in [
        (
            "api-key = 'hunter2'",
            "`api-key` is a secret, and this file is none: put it into a file of its own and name that as `key-file`",
        ),
        ("[import]\nkey = 'hunter2'", "`key` in [import] is a secret"),
        ("[sandbox]\nkey = 'hunter2'", "`key` in [sandbox] is a secret"),
        ("password = 'hunter2'", "name that as `known`"),
        ("bridge_key = 'hunter2'", "name that as `bridge-key-file`"),
        ("pepper = 'hunter2'", "name that: pepper = \"env:NAME\""),
        ("yes = true", "`yes` is said for each run, by whoever is there: give it as --yes"),
        ("[rollback]\nforce = true", "`force` in [rollback] is said for each run"),
        ("api-key = hunter2", "line 1: "),
        ("rate = 'hunter2'", "rehome.toml: `rate`: invalid value 'hunter2'"),
        ("concurency = 3", "unknown name `concurency`; did you mean `concurrency`?"),
        ("[imprt]\nrate = 1", "unknown name `imprt`; did you mean `import`?"),
        ("[check]\nconcurrency = 1", "unknown name `concurrency` in [check]"),
        ("with_pii = true", "unknown name `with_pii`; did you mean `with-pii`?"),
        ("with-pii = 'yes'", "`with-pii` is true or false"),
        ("rate = [1, 2]", "`rate` takes one value"),
        ("frobnicate = 1", "unknown name `frobnicate`; names are those of flags"),
    ] {
        let (_home, export) = beside(settings);
        let ended = check(&export, &[]).exits(2);
        assert!(ended.stderr.contains(told), "{settings}: {}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2") || settings.starts_with("rate"), "{settings}: {}", ended.stderr);
        check(&export, &["--no-config"]).exits(0);
    }
}

#[test]
fn numbers_that_are_none_are_told_in_plain_words() {
    for (words, told) in [
        (["--rate", "many"], "that is no whole number"),
        (["--rate", "0"], "it has to be at least 1"),
        (["--rate", "99999999999"], "that is too large"),
    ] {
        let (_home, export) = beside("");
        let ended = check(&export, &words).exits(2);
        assert!(ended.stderr.contains(told) && ended.stderr.contains("--rate"), "{}", ended.stderr);
    }
}

/// Of two that exclude each other the one that is typed goes before, whatever stands in the file.
#[test]
fn what_is_typed_goes_before_its_opposite_in_the_file() {
    let (home, expected) = prepared(5);
    let sandbox = Sandbox::start(&[]);
    let settings = home.path().join("rehome.toml");
    // A target that is typed, and no sandbox, though the file says so.
    std::fs::write(&settings, "sandbox = true\n").expect("written");
    let mut real = import(&sandbox, home.path());
    real.env_remove("APPWRITE_ENDPOINT").env_remove("APPWRITE_PROJECT_ID");
    run(real.args(["--endpoint", &sandbox.endpoint, "--project", &sandbox.project])).exits(0);
    assert_holds(&sandbox, &expected);
    assert!(!home.path().join("run/sandbox.sqlite").exists());
    // Nobody guesses which of the two is meant where neither is typed.
    let mut both = sandbox.rehome();
    both.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("both"));
    let told = run(&mut both).exits(2);
    assert!(told.stderr.contains("`sandbox` is said here, and APPWRITE_ENDPOINT says otherwise"), "{}", told.stderr);
    assert!(!home.path().join("both").exists());
    run(both.arg("--sandbox")).exits(0);
    assert!(home.path().join("both/sandbox.sqlite").exists());

    // The sandbox that is typed, though the file names a target.
    std::fs::write(&settings, "endpoint = 'http://127.0.0.1:9/v1'\nproject = 'shop'\nca-file = 'nowhere.pem'\n")
        .expect("written");
    let mut rehearsal = rehome();
    rehearsal.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("rehearsal"));
    let told = run(rehearsal.arg("--sandbox")).exits(0);
    assert!(!told.stderr.contains("settings:"), "{}", told.stderr);

    // A key in the environment, and a mapping or a system, each before the other.
    std::fs::write(&settings, "key-file = 'nowhere.txt'\nmap = 'nowhere.toml'\n").expect("written");
    run(import(&sandbox, home.path()).args(["--from", "generic"])).exits(0);
    std::fs::write(&settings, "from = 'nobody'\n").expect("written");
    let map = home.path().join("map.toml");
    std::fs::write(&map, "[user]\nid = 'id'\nemail = 'email'\n[password]\nhash = 'password_hash'\n").expect("written");
    let told = check(&home.path().join("export.csv"), &["--map", map.to_str().expect("a path")]);
    assert!(!told.stderr.contains("nobody"), "{}", told.stderr);
}

/// What is typed for nothing is told; a file is for the import as well.
#[test]
fn what_a_file_says_of_the_target_is_passed_over_where_none_is_asked() {
    let (_home, export) = beside("ca-file = 'nowhere.pem'\nkey-file = 'nowhere.txt'\n");
    let export = export.to_str().expect("a path");
    for command in ["check", "plan", "map"] {
        let ask = |more: &[&str]| {
            let home = tempfile::tempdir().expect("a folder");
            let mut words = rehome();
            words.current_dir(home.path()).args([command, export]).args(more);
            run(&mut words)
        };
        let told = ask(&[]).exits(0);
        assert!(!told.stderr.contains("settings:"), "{command}: {}", told.stderr);
        assert!(ask(&["--ca-file", "nowhere.pem"]).exits(2).stderr.contains("--ca-file"), "{command}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_somebody_else_can_change_is_not_taken() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let (home, export) = beside("ids = 'derive'\n");
    let path = home.path().join("rehome.toml");
    let named = home.path().join("named.toml");
    std::fs::copy(&path, &named).expect("copied");
    let name = named.to_str().expect("a path");
    check(&export, &["--config", name]).exits(0);
    for (file, words) in [(&path, &[][..]), (&named, &["--config", name][..])] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o666)).expect("set");
        let ended = check(&export, words).exits(2);
        assert!(ended.stderr.contains("chmod o-w"), "{}", ended.stderr);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).expect("set");
        if chown(file, Some(65534), None).is_err() {
            println!("skipped: who is not root gives no file away");
            continue;
        }
        let ended = check(&export, words).exits(2);
        assert!(ended.stderr.contains("belongs to another user"), "{}", ended.stderr);
    }
    check(&export, &["--no-config"]).exits(0);
}

#[test]
fn two_targets_are_one_too_many() {
    let (home, _) = prepared(3);
    let settings = home.path().join("rehome.toml");
    let import = |words: &[&str]| {
        let mut import = rehome();
        import.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("run"));
        run(import.args(words))
    };
    let server = ["--endpoint", "http://127.0.0.1:9/v1", "--project", "shop"];
    let told = import(&[&["--sandbox"], &server[..]].concat()).exits(2).stderr;
    assert!(told.contains("--sandbox and --endpoint are two targets"), "{told}");
    std::fs::write(&settings, "sandbox = true\nendpoint = 'http://127.0.0.1:9/v1'\n").expect("written");
    let told = import(&[]).exits(2).stderr;
    assert!(told.contains("`sandbox` and `endpoint` are two targets"), "{told}");
    // What stands in a section goes before what stands above it.
    std::fs::write(&settings, "sandbox = true\n[import]\nendpoint = 'http://127.0.0.1:9/v1'\nproject = 'shop'\n")
        .expect("written");
    let told = import(&[]).stderr;
    assert!(told.contains("(endpoint, project)") || told.contains("(project, endpoint)"), "{told}");
    assert!(!home.path().join("run/sandbox.sqlite").exists());
    std::fs::write(&settings, "endpoint = 'http://127.0.0.1:9/v1'\nproject = 'shop'\n[import]\nsandbox = true\n")
        .expect("written");
    import(&[]).exits(0);
    assert!(home.path().join("run/sandbox.sqlite").exists());
}
