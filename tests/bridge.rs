//! The sign-in bridge from the key to the end: who is kept, how it is said, and that no hash is lost or can be read.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::http;
use crate::util::{Run, Sandbox, fixture, rehome, run};

/// Django's PBKDF2 of `bridge-pass`, one round, as `hashlib.pbkdf2_hmac("sha256", b"bridge-pass", b"salt", 1)` has it.
const DJANGO: &str = "pbkdf2_sha256$1$salt$eI04bl38F037nISkyqamLNWcar8pyfwA90klJXJjjrM=";

struct Home {
    folder: tempfile::TempDir,
    key: PathBuf,
}

/// As `rehome bridge key > FILE` does.
pub fn write_key(path: &Path) {
    let file = std::fs::File::create(path).expect("a file");
    let status = rehome().args(["bridge", "key"]).stdout(file).status().expect("runs");
    assert!(status.success());
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("vault");
        std::fs::create_dir(&key).expect("made");
        let home = Self { key: key.join("key"), folder };
        write_key(&home.key);
        home
    }

    fn run_folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn store(&self) -> PathBuf {
        self.run_folder().join("bridge.sqlite")
    }

    fn import(&self, sandbox: &Sandbox, export: &Path) -> Command {
        let mut command = sandbox.rehome();
        command.arg("import").arg(export).args(["--unsupported", "bridge", "--yes", "--run"]).arg(self.run_folder());
        command.arg("--bridge-key-file").arg(&self.key);
        command
    }

    fn status(&self) -> Value {
        let mut command = rehome();
        run(command.args(["bridge", "status", "--format", "json", "--store"]).arg(self.store())).exits(0).json()
    }

    fn holds(&self, secret: &str) -> bool {
        ["", "-wal"].iter().any(|end| {
            let bytes = std::fs::read(format!("{}{end}", self.store().display())).unwrap_or_default();
            bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()))
        })
    }

    /// An export of so many users with hashes that Appwrite cannot verify.
    fn export(&self, users: usize) -> PathBuf {
        let path = self.folder.path().join("users.csv");
        let rows = (0..users).map(|n| format!("id{n:05},user{n}@example.com,{DJANGO}\n"));
        std::fs::write(&path, format!("id,email,password_hash\n{}", rows.collect::<String>())).expect("written");
        path
    }
}

fn check(export: &Path, more: &[&str], home: &Home) -> Run {
    let mut command = rehome();
    command.arg("check").arg(export).arg("--run").arg(home.folder.path().join("check")).args(more);
    run(command.args(["--format", "json"]))
}

fn no_password(user: &Value) -> bool {
    user["password"].as_str().unwrap_or_default().is_empty()
}

fn users(sandbox: &Sandbox) -> Vec<Value> {
    let headers = [
        ("X-Appwrite-Project".to_owned(), sandbox.project.clone()),
        ("X-Appwrite-Key".to_owned(), sandbox.key.clone()),
    ];
    let answer = http::send(&sandbox.endpoint, "GET", "/users", &headers, None).expect("an answer");
    answer.json()["users"].as_array().expect("users").clone()
}

#[test]
fn whom_appwrite_cannot_verify_is_kept_and_every_command_says_so() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let export = fixture("django/dumpdata.auth.json");
    let without = check(&export, &[], &home).exits(3).json();
    assert_eq!((without["bridged"].as_u64(), without["bridgeable"].as_u64()), (Some(0), Some(6)));
    assert!(without["next"].to_string().contains("--unsupported bridge"), "{}", without["next"]);
    let with = check(&export, &["--unsupported", "bridge"], &home).exits(0).json();
    assert_eq!((with["bridged"].as_u64(), with["bridgeable"].as_u64()), (Some(6), Some(0)));
    let outcomes = &with["outcomes"];
    let ready = outcomes["ready"].as_u64().expect("a number") + outcomes["warning"].as_u64().expect("a number");
    assert_eq!((ready, outcomes["needs_reset"].as_u64()), (11, Some(0)));
    let reset = check(&export, &["--unsupported", "without-password"], &home).exits(0).json();
    assert_eq!((reset["outcomes"]["needs_reset"].as_u64(), reset["bridgeable"].as_u64()), (Some(6), Some(6)));

    let plan = run(rehome().arg("plan").arg(&export).args(["--unsupported", "bridge"])).exits(0).lines();
    let bridged: Vec<&Value> = plan.iter().filter(|line| line["notes"].to_string().contains("\"bridged\"")).collect();
    assert_eq!(bridged.len(), 6);
    for line in bridged {
        assert_eq!((&line["create"]["path"], &line["create"]["body"]["password"]), (&"/users".into(), &Value::Null));
    }

    let text = run(&mut home.import(&sandbox, &export)).exits(0).stdout;
    assert!(text.contains("as before, through the bridge"), "{text}");
    let status = home.status();
    assert_eq!(status["pending"], 6);
    for state in ["migrated", "superseded", "token_only", "gone", "expired"] {
        assert_eq!(status[state], 0, "{state}");
    }
    let there = users(&sandbox);
    assert_eq!(there.len(), 11);
    assert_eq!(there.iter().filter(|user| user["email"] == "alice@example.com" && no_password(user)).count(), 1);
    // What is sealed says nothing without the key.
    for secret in ["example.com", "alice", "pbkdf2_", "7moPBv6fGWs7kQNurpFzno", "O9XHAHelhxEpzU6lXh5Y", "Passw0rd"] {
        assert!(!home.holds(secret), "{secret} stands in the store");
    }
    let page = std::fs::read_to_string(home.run_folder().join("report.html")).expect("a page");
    assert!(page.contains("through the bridge"));
    let mut verify = sandbox.rehome();
    run(verify.arg("verify").arg(home.run_folder())).exits(0);
}

#[test]
fn a_bridge_needs_its_own_key_out_of_reach_of_others_and_its_own_project() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let export = home.export(3);
    let text = |command: &mut Command, code: i32| run(command).exits(code).stderr;
    let mut no_key = sandbox.rehome();
    no_key.arg("import").arg(&export).args(["--unsupported", "bridge", "--run"]).arg(home.run_folder());
    assert!(text(&mut no_key, 2).contains("no key for the bridge"));
    assert!(users(&sandbox).is_empty(), "somebody was created before the key was found");

    let beside = home.run_folder().join("key");
    write_key(&beside);
    let mut import = sandbox.rehome();
    import.arg("import").arg(&export).args(["--unsupported", "bridge", "--run"]).arg(home.run_folder());
    assert!(text(import.arg("--bridge-key-file").arg(&beside), 2).contains("beside the store"));
    std::fs::remove_file(beside).expect("removed");

    run(&mut home.import(&sandbox, &export)).exits(0);
    let other = home.folder.path().join("vault/other");
    write_key(&other);
    let add = |key: &Path| {
        let mut command = rehome();
        command.args(["bridge", "add"]).arg(home.run_folder()).arg("--bridge-key-file").arg(key);
        command
    };
    assert!(text(&mut add(&other), 5).contains("another key"));
    let (ours, store) = (home.key.clone(), home.store());
    let mut variable = rehome();
    variable.args(["bridge", "add"]).arg(home.run_folder());
    variable.env("REHOME_BRIDGE_KEY", std::fs::read_to_string(&ours).expect("the key"));
    run(&mut variable).exits(0);

    // Another project's bridge is not this one's, whatever the key.
    let elsewhere = Sandbox::start(&["--project", "elsewhere"]);
    let moved = home.folder.path().join("moved");
    std::fs::create_dir(&moved).expect("made");
    std::fs::copy(&store, moved.join("bridge.sqlite")).expect("copied");
    let mut import = elsewhere.rehome();
    import.arg("import").arg(&export).args(["--unsupported", "bridge", "--run"]).arg(&moved);
    assert!(text(import.arg("--bridge-key-file").arg(&ours), 5).contains("of project"));
    assert!(users(&elsewhere).is_empty());

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(text(&mut add(&ours), 2).contains("chmod 600"));
    }
}

#[test]
fn no_crash_loses_a_hash() {
    const USERS: usize = 400;
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let export = home.export(USERS);
    for lifetime in [20, 40, 60, 80, 100, 130, 160, 200, 250, 300, 400, 500] {
        let mut import = home.import(&sandbox, &export);
        let mut child = import.args(["--concurrency", "4", "--quiet"]).stderr(Stdio::null()).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(lifetime));
        let _ = child.kill();
        let _ = child.wait();
        // Whoever is there can be let in.
        let created = created(&home);
        let mut status = rehome();
        let status = run(status.args(["bridge", "status", "--format", "json", "--store"]).arg(home.store()));
        let pending = if status.code == 0 { status.json()["pending"].as_u64().expect("a number") } else { 0 };
        assert!(pending >= created, "{created} were created, and {pending} are kept, after {lifetime} ms");
    }
    let mut resume = sandbox.rehome();
    resume.arg("resume").arg(home.run_folder()).arg("--bridge-key-file").arg(&home.key);
    if created(&home) == 0 {
        resume = home.import(&sandbox, &export);
    }
    run(&mut resume).exits(0);
    assert_eq!(created(&home), USERS as u64);
    assert_eq!(home.status()["pending"], USERS);
}

/// Users whom the ledger knows as created.
fn created(home: &Home) -> u64 {
    let status = run(rehome().arg("status").arg(home.run_folder()).args(["--format", "json"]));
    if status.code == 0 { status.json()["created"].as_u64().unwrap_or(0) } else { 0 }
}

#[test]
fn a_bridge_is_filled_later_and_names_in_the_end_who_never_came() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let export = fixture("django/dumpdata.auth.json");
    let mut import = sandbox.rehome();
    import.arg("import").arg(&export).args(["--unsupported", "without-password", "--run"]).arg(home.run_folder());
    run(&mut import).exits(0);
    let add = |more: &[&str]| {
        let mut command = rehome();
        command.args(["bridge", "add"]).arg(home.run_folder()).arg(&export).args(more);
        run(command.args(["--format", "json"]).arg("--bridge-key-file").arg(&home.key)).exits(0).json()
    };
    assert_eq!(add(&[])["sealed"], 6);
    assert_eq!(home.status()["pending"], 6);
    // With those that Appwrite verifies, for whoever has a short password.
    assert_eq!(add(&["--all"])["sealed"], 9);
    assert_eq!(home.status()["pending"], 9);

    let bridge = |what: &str| {
        let mut command = rehome();
        run(command.args(["bridge", what, "--store"]).arg(home.store())).exits(0).stdout
    };
    assert!(bridge("expire").contains("nothing expires before"));
    assert_eq!(home.status()["pending"], 9);
    assert!(bridge("end").contains("needs-reset.csv"));
    let status = home.status();
    assert_eq!((&status["pending"], &status["expired"]), (&0.into(), &9.into()));
    let named = std::fs::read_to_string(home.run_folder().join("needs-reset.csv")).expect("a list");
    // The six alone, and each once: they stood there since the import.
    assert_eq!(named.lines().count(), 7, "{named}");
    assert!(named.contains("alice@example.com"));
    let mut late = rehome();
    late.args(["bridge", "serve", "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--store"]);
    late.arg(home.store()).arg("--bridge-key-file").arg(&home.key);
    late.env("APPWRITE_PROJECT_ID", &sandbox.project).env("APPWRITE_API_KEY", "k");
    assert!(run(&mut late).exits(5).stderr.contains("was ended"));
}

#[test]
fn who_is_taken_back_leaves_the_bridge() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    run(&mut home.import(&sandbox, &home.export(5))).exits(0);
    assert_eq!(home.status()["pending"], 5);
    let mut rollback = sandbox.rehome();
    run(rollback.arg("rollback").arg(home.run_folder()).arg("--yes")).exits(0);
    assert_eq!(home.status()["pending"], 0);
    assert_eq!(home.status()["expired"], 0);
    // And comes back into it.
    run(&mut home.import(&sandbox, &home.export(5))).exits(0);
    assert_eq!(home.status()["pending"], 5);
}

#[test]
fn known_passwords_prove_what_is_bridged_with_the_pepper_too() {
    let home = Home::new();
    let known = home.folder.path().join("known.csv");
    let prove = |export: &Path, pairs: &str, more: &[&str], pepper: Option<&str>| {
        std::fs::write(&known, format!("email,password\n{pairs}")).expect("written");
        let mut command = rehome();
        command.arg("check").arg(export).arg("--run").arg(home.folder.path().join("check"));
        command.args(["--unsupported", "bridge", "--format", "json", "--known"]).arg(&known).args(more);
        if let Some(pepper) = pepper {
            command.env("PEPPER", pepper);
        }
        run(&mut command)
    };
    let wordpress = fixture("wordpress/wp-cli.with-pass.csv");
    // As the fixture's passwords.json has them; ivan has a name and no address, and is known by his id.
    let right = "alice@example.com,alice-Passw0rd\nbob@example.com,bøb-pässwörd\ndave@example.com,dave-phpass-π\n";
    let report = prove(&wordpress, right, &[], None).exits(0).json();
    assert_eq!((&report["known"]["proven"], &report["bridged"]), (&3.into(), &6.into()));
    let report = prove(&wordpress, "alice@example.com,certainly wrong\n", &[], None).exits(3).json();
    assert_eq!(report["known"]["proven"], 0);

    // bcrypt 5.0 of Python: bcrypt.hashpw(b"devise-pass" + b"a pepper of the app", bcrypt.gensalt(4))
    let devise = home.folder.path().join("users.csv");
    let columns = "id,email,encrypted_password,reset_password_token,remember_created_at,created_at";
    std::fs::write(&devise, format!("{columns}\n1,d@example.com,{DEVISE},,,2024-01-01\n")).expect("written");
    let right = "d@example.com,devise-pass\n";
    let report = prove(&devise, right, &["--pepper", "env:PEPPER"], Some("a pepper of the app")).exits(0).json();
    assert_eq!((&report["known"]["proven"], &report["bridged"]), (&1.into(), &1.into()));
    let report = prove(&devise, right, &["--pepper", "env:PEPPER"], Some("another")).exits(3).json();
    assert_eq!(report["known"]["proven"], 0);
    let unset = prove(&devise, right, &["--pepper", "env:PEPPER"], None).exits(2);
    assert!(unset.stderr.contains("the variable PEPPER"), "{}", unset.stderr);
    let typed = prove(&devise, right, &["--pepper", "hunter2"], None).exits(2);
    assert!(typed.stderr.contains("env:NAME") && !typed.stderr.contains("hunter2"), "{}", typed.stderr);
}

const DEVISE: &str = "$2a$04$x2taIRP6E2ymOBNWLUROcOD3Q7AjCLqcuvaD/Vp337il66k2Dkhgi";
