//! `verify`, `status`, `report` and `rollback` over one folder and over the shards of a run: what somebody else did since is
//! seen, and nobody is asked about one by one who can be asked about with others.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use rehome::appwrite::wire::Request;
use serde_json::{Value, json};

use super::import::meanwhile;
use super::proxy::{Act, Proxy, error};
use super::soak::{assert_holds, listed, users};
use super::util::{Run, Sandbox, rehome, run};

/// Users of a run in shards.
const N: usize = 90;

/// A run in three shards, all of them done.
struct Shards {
    home: tempfile::TempDir,
    sandbox: Sandbox,
}

impl Shards {
    fn done() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let (csv, expected) = users(N);
        std::fs::write(home.path().join("export.csv"), csv).expect("written");
        let shards = Self { home, sandbox: Sandbox::start(&[]) };
        for index in 0..3 {
            shards.import(index, &format!("run-{index}"));
        }
        assert_holds(&shards.sandbox, &expected);
        shards
    }

    fn import(&self, index: u32, folder: &str) {
        let mut command = self.sandbox.rehome();
        command.arg("import").arg(self.home.path().join("export.csv")).arg("--run").arg(self.folder(folder));
        run(command.env("JOB_COMPLETION_INDEX", index.to_string()).env("JOB_COMPLETIONS", "3")).exits(0);
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn on(&self, words: &[&str], folders: &[&str]) -> Run {
        let mut command = self.sandbox.rehome();
        run(command.args(words).args(folders.iter().map(|name| self.folder(name))))
    }

    fn verify(&self, folders: &[&str]) -> (Run, Value) {
        let run = self.on(&["verify", "--format", "json"], folders);
        let counts = run.json()["verify"].clone();
        (run, counts)
    }
}

#[test]
fn shards_are_read_back_as_one_run() {
    let shards = Shards::done();
    let all = ["run-0", "run-1", "run-2"];

    let (run, counts) = shards.verify(&all);
    assert_eq!([&counts["same"], &counts["stray"], &counts["missing"]], [N, 0, 0], "{counts}");
    assert!(!run.exits(0).stderr.contains("shard"));

    // The users of other shards are nobody's strays, whether their folders are here or not.
    let (run, counts) = shards.verify(&all[..1]);
    assert!(counts["same"].as_u64().is_some_and(|same| same > 0 && same < N as u64), "{counts}");
    let run = run.exits(0);
    assert_eq!(counts["stray"], 0, "{counts}");
    assert!(
        run.stderr.contains("1/3, 2/3 are not named") && run.stderr.contains("planned for shards"),
        "{}",
        run.stderr
    );

    // Somebody's is, whoever looks.
    meanwhile(&shards.sandbox, &Request::post("/users", &json!({"userId": "late", "email": "late@example.com"})));
    for folders in [&all[..], &all[1..2]] {
        let (run, counts) = shards.verify(folders);
        assert_eq!(counts["stray"], 1, "{counts}");
        run.exits(3);
    }
}

#[test]
fn a_shard_counts_once_and_one_that_is_missing_is_said() {
    let shards = Shards::done();
    shards.import(1, "run-1-again");
    let named = ["run-0", "run-1", "run-1-again", "run-0"];
    for command in ["status", "report", "verify"] {
        let run = shards.on(&[command, "--format", "json"], &named).exits(0);
        for said in ["named twice", "is shard 1/3, which", "2/3 is not named"] {
            assert!(run.stderr.contains(said), "{command}: {said}: {}", run.stderr);
        }
        let alone = |name| shards.on(&["report", "--format", "json"], &[name]).json()["records"].as_u64();
        let expected = alone("run-0").zip(alone("run-1")).map(|(a, b)| a + b);
        assert_eq!(run.json()["records"].as_u64(), expected, "{command}");
    }

    let whole = shards.on(&["status", "--format", "json"], &["run-0", "run-1", "run-2"]).exits(0).json();
    assert_eq!((&whole["records"], &whole["done"], &whole["left"]), (&json!(N), &json!(N), &json!(0)), "{whole}");
    let parts = whole["shards"].as_array().expect("parts");
    assert_eq!(parts.iter().map(|part| &part["shard"]).collect::<Vec<_>>(), ["0/3", "1/3", "2/3"]);
    let text = shards.on(&["status"], &["run-0", "run-1"]).exits(0).stdout;
    assert!(text.contains("run-1 (shard 1/3): finished"), "{text}");
}

/// A run of so many users in one folder.
fn imported(n: usize, args: &[&str]) -> (tempfile::TempDir, Sandbox) {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("export.csv"), users(n).0).expect("written");
    let sandbox = Sandbox::start(args);
    let mut command = sandbox.rehome();
    command.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("run"));
    run(&mut command).exits(0);
    (home, sandbox)
}

fn on_run(sandbox: &Sandbox, home: &tempfile::TempDir, words: &[&str]) -> Command {
    let mut command = sandbox.rehome();
    command.args(words).arg(home.path().join("run"));
    command
}

#[test]
fn what_others_did_since_is_told_from_a_re_hash_and_kept_by_rollback() {
    for version in ["1.9.6", "2.6.2"] {
        let (home, sandbox) = imported(30, &["--appwrite-version", version]);
        let patch = |id: &str, what: &str, body: Value| {
            meanwhile(&sandbox, &Request::patch(format!("/users/{id}/{what}"), &body));
        };
        // What is set within a tenth of a second of the create is taken for the create's.
        std::thread::sleep(std::time::Duration::from_millis(200));
        // Two passwords that somebody set, one of a user who had none.
        patch("user-1", "password", json!({"password": "somebody else's own"}));
        patch("user-11", "password", json!({"password": "somebody else's own"}));
        patch("user-2", "mfa", json!({"mfa": true}));
        let push = json!({"targetId": "t1", "providerType": "email", "identifier": "second@example.com"});
        meanwhile(&sandbox, &Request::post("/users/user-3/targets", &push));
        meanwhile(&sandbox, &Request::post("/users/user-4/sessions", &json!({})));

        let found = run(&mut on_run(&sandbox, &home, &["verify", "--format", "json"])).exits(3).json();
        assert_eq!([&found["verify"]["same"], &found["verify"]["different"]], [28, 2], "{found}");
        let log = std::fs::read_to_string(home.path().join("run/verify.log.ndjson")).expect("a log");
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let says = |id: &str, what: &str, text: &str| {
            lines.iter().any(|line| {
                line["user_id"] == id && line["what"] == what && line["text"].as_str().is_some_and(|t| t.contains(text))
            })
        };
        assert!(says("user-1", "different", "password (set by somebody else since)"), "{version}: {log}");
        assert!(says("user-11", "different", "password (set by somebody else since)"), "{version}: {log}");
        assert!(says("user-2", "used", "a second factor is switched on"), "{version}: {log}");
        assert!(says("user-3", "used", "another email target"), "{version}: {log}");
        assert!(says("user-4", "used", "has 1 session"), "{version}: {log}");
        assert_eq!(lines.len(), 5, "{log}");

        let dry = run(&mut on_run(&sandbox, &home, &["rollback"])).exits(0);
        assert!(dry.stdout.contains("25 users to delete, 0 already gone, 5 kept"), "{version}: {}", dry.stdout);
        run(&mut on_run(&sandbox, &home, &["rollback", "--yes"])).exits(3);
        let mut left: Vec<_> = listed(&sandbox).into_keys().collect();
        left.sort();
        assert_eq!(left, ["user-1", "user-11", "user-2", "user-3", "user-4"]);
        run(&mut on_run(&sandbox, &home, &["rollback", "--yes", "--force"])).exits(0);
        assert!(listed(&sandbox).is_empty());
    }
}

#[test]
fn a_sign_in_is_no_difference_whatever_the_hash() {
    let home = tempfile::tempdir().expect("a folder");
    // Appwrite's own test vector (password `appwrite`), and md5("correct horse").
    let argon2 = "$argon2i$v=19$m=20,t=3,p=2$YXBwd3JpdGU$A/54i238ed09ZR4NwlACU5XnkjNBZU9QeOEuhjLiexI";
    let csv = format!(
        "id,email,password_hash,password_scheme\nann,ann@example.com,\"{argon2}\",argon2\n\
         bob,Bob@Example.com ,3cb4e732631f47e6eb961f34554b7cde,md5\n"
    );
    std::fs::write(home.path().join("export.csv"), csv).expect("written");
    let known = home.path().join("known.csv");
    std::fs::write(&known, "email,password\n\" BOB@example.com\",correct horse\nann@example.com,appwrite\n")
        .expect("written");
    let sandbox = Sandbox::start(&[]);
    let mut import = sandbox.rehome();
    import.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("run"));
    run(&mut import).exits(0);
    for _ in 0..2 {
        let mut verify = on_run(&sandbox, &home, &["verify", "--format", "json"]);
        let found = run(verify.arg("--known").arg(&known)).exits(0).json()["verify"].clone();
        assert_eq!([&found["same"], &found["signed_in"], &found["different"]], [2, 2, 0], "{found}");
    }
    assert!(listed(&sandbox)["ann"]["password"].as_str().is_some_and(|hash| hash != argon2), "it was re-hashed");
}

#[test]
fn known_passwords_are_tried_side_by_side_and_counted() {
    let home = tempfile::tempdir().expect("a folder");
    let mut csv = String::from("id,email,password_hash,password_scheme\n");
    let mut known = String::from("email,password\n");
    for i in 0..40 {
        writeln!(csv, "u{i},person{i}@example.com,3cb4e732631f47e6eb961f34554b7cde,md5").expect("written");
        writeln!(known, "person{i}@example.com,correct horse").expect("written");
    }
    std::fs::write(home.path().join("export.csv"), csv).expect("written");
    std::fs::write(home.path().join("known.csv"), known).expect("written");
    // Every answer takes its time: one after the other this would take 16 seconds.
    let sandbox = Sandbox::start(&["--faults", "delay=1.0:100ms"]);
    let mut import = sandbox.rehome();
    import.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("run"));
    run(&mut import).exits(0);
    let mut verify = on_run(&sandbox, &home, &["verify"]);
    let verified = run(verify.arg("--known").arg(home.path().join("known.csv"))).exits(0);
    assert!(verified.stderr.contains("signing in with 40 known passwords, at most 8 at a time"), "{}", verified.stderr);
    assert!(
        verified.stderr.contains("40 of 40 users") && !verified.stderr.contains("of 0 users"),
        "{}",
        verified.stderr
    );
    let screen = verified.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(screen.contains("40 known passwords: 40 signed in, 0 did not"), "{screen}");
}

#[test]
fn the_look_of_a_rollback_asks_about_many_at_once() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("export.csv"), users(600).0).expect("written");
    let sandbox = Sandbox::start(&[]);
    // From some user on no create is answered, though some are carried out.
    let proxy = Proxy::before(&sandbox, |passing| match () {
        () if passing.creates() && passing.number > 500 && passing.number % 3 == 0 => Act::PassAndDrop,
        () if passing.number > 500 && !passing.path.contains("queries") => {
            error(503, "general_service_disabled", "busy")
        }
        () => Act::Pass,
    });
    let through = |words: &[&str]| {
        let mut command = sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", &proxy.endpoint).args(words);
        command
    };
    let mut import = through(&["import", "--give-up-after", "1"]);
    run(import.arg(home.path().join("export.csv")).arg("--run").arg(home.path().join("run"))).exits(4);
    let mut status = rehome();
    let status = run(status.args(["status", "--format", "json"]).arg(home.path().join("run"))).exits(0).json();
    let (created, left) = (status["created"].as_u64().expect("a count"), status["left"].as_u64().expect("a count"));
    assert!(created > 100 && left > 100, "{status}");

    proxy.now(|_| Act::Pass);
    let before = proxy.seen().len();
    let looked = run(through(&["rollback"]).arg(home.path().join("run"))).exits(0);
    let asked: Vec<_> = proxy.seen().split_off(before).into_iter().map(|(_, line)| line).collect();
    let pages = asked.iter().filter(|line| line.starts_with("GET /v1/users?queries")).count();
    let one_by_one =
        asked.iter().filter(|line| line.starts_with("GET /v1/users/") && !line.ends_with("/sessions")).count();
    assert!(pages < 30 && one_by_one == 0, "{pages} pages, {one_by_one} one by one");
    let there = listed(&sandbox).len();
    assert!(looked.stdout.contains(&format!("{there} users to delete, 0 already gone, 0 kept")), "{}", looked.stdout);
    run(through(&["rollback", "--yes"]).arg(home.path().join("run"))).exits(0);
    assert!(listed(&sandbox).is_empty());
}

#[test]
fn a_second_user_of_one_phone_number_without_an_address_is_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let export = home.path().join("users.csv");
    let rows = "id,email,phone\na,,+4915112345678\nb,,+49 151 12345678\nc,c@example.com,+4915112345678\n";
    std::fs::write(&export, rows).expect("written");
    let planned = run(rehome().arg("plan").arg(&export)).exits(3).lines();
    let said: Vec<_> = planned.iter().map(ToString::to_string).collect();
    assert!(!said[0].contains("refused\":true") && said[1].contains("shared-phone"), "{said:?}");
    assert!(said[2].contains("duplicate-phone") && said[2].contains("c@example.com"), "{said:?}");
}
