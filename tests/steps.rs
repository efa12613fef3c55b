//! What a command says to do next can be done as it is said, and does what it says.

use super::bridge::write_key;
use super::import::{import, on_run, prepared};
use super::soak::listed;
use super::util::{Sandbox, fixture, rehome, run};

/// The command that a sentence ends with, as a shell reads it.
fn said<'t>(text: &'t str, before: &str) -> &'t str {
    text.lines().find_map(|line| line.split_once(before)).map(|(_, command)| command).expect(text)
}

#[test]
fn a_command_is_said_as_a_shell_takes_it() {
    let (home, _) = prepared(4);
    let sandbox = Sandbox::start(&[]);
    let folder = home.path().join("run one");
    let quoted = format!("'{}'", folder.display());
    let mut import = sandbox.rehome();
    import.arg("import").arg(home.path().join("export.csv")).args(["--limit", "2", "--run"]).arg(&folder);
    run(&mut import).exits(0);
    let status = run(rehome().arg("status").arg(&folder)).exits(0).stdout;
    assert_eq!(said(&status, "go on with: "), format!("rehome resume {quoted}"));
    let rollback = run(sandbox.rehome().arg("rollback").arg(&folder)).exits(0).stdout;
    assert_eq!(said(&rollback, "do it with: "), format!("rehome rollback {quoted} --yes"));
    let copy = home.path().join("its copy");
    let backup = run(rehome().arg("backup").arg(&folder).arg(&copy)).exits(0).stdout;
    assert_eq!(said(&backup, "works on the run: "), format!("rehome resume '{}'", copy.display()));
}

#[test]
fn nobody_is_created_again_by_going_on_with_a_run_that_was_taken_back() {
    let (home, _) = prepared(20);
    let sandbox = Sandbox::start(&[]);
    run(&mut import(&sandbox, home.path())).exits(0);
    run(on_run(&sandbox, "rollback", home.path()).arg("--yes")).exits(0);
    let status = run(rehome().arg("status").arg(home.path().join("run"))).exits(0).stdout;
    assert!(status.starts_with("taken back: "), "{status}");
    let resume = run(on_run(&sandbox, "resume", home.path()).arg("--yes")).exits(2);
    assert!(resume.stderr.contains("20 users of this run were taken back by a rollback"), "{}", resume.stderr);
    assert_eq!(listed(&sandbox).len(), 0);
    // Whoever creates them anew says so.
    run(&mut import(&sandbox, home.path())).exits(0);
    assert_eq!(listed(&sandbox).len(), 20);
}

#[test]
fn the_bridge_is_to_be_served_where_there_is_a_server() {
    let home = tempfile::tempdir().expect("a folder");
    let (export, key) = (home.path().join("users.csv"), home.path().join("keys/the key"));
    let hash = "pbkdf2_sha256$600000$c2FsdHNhbHQ$3Yl8c3q3Yf2p1mJ0m7oE8g8mJk1q3Yl8c3q3Yf2p1mI=";
    std::fs::write(&export, format!("id,email,password_hash\n1,ada@example.com,{hash}\n")).expect("written");
    std::fs::create_dir(home.path().join("keys")).expect("a folder");
    write_key(&key);
    let serve = |mut command: std::process::Command, name: &str, words: &[&str]| {
        command.arg("import").arg(&export).args(["--unsupported", "bridge", "--format", "json"]).args(words);
        command.arg("--bridge-key-file").arg(&key).arg("--run").arg(home.path().join(name));
        let report = run(&mut command).exits(0).json();
        let commands = report["next"].as_array().expect("steps").iter().filter_map(|step| step["command"].as_str());
        commands.map(str::to_owned).find(|command| command.contains("bridge serve"))
    };
    let sandbox = Sandbox::start(&[]);
    let said = serve(sandbox.rehome(), "run", &[]).expect("a command");
    let upstream = sandbox.endpoint.trim_end_matches("/v1");
    let store = home.path().join("run/bridge.sqlite");
    let rest = format!("--upstream {upstream} --project {} --bridge-key-file '{}'", sandbox.project, key.display());
    assert_eq!(said, format!("rehome bridge serve --store {} {rest}", store.display()));
    // Of a rehearsal none is left.
    assert_eq!(serve(rehome(), "own", &["--sandbox"]), None);
}

#[test]
fn what_ended_as_it_was_asked_to_is_not_called_interrupted() {
    let (home, _) = prepared(20);
    let sandbox = Sandbox::start(&[]);
    run(import(&sandbox, home.path()).args(["--limit", "5"])).exits(0);
    let status = || run(rehome().arg("status").arg(home.path().join("run"))).exits(0).stdout;
    assert!(status().starts_with("ended as --limit says: 5 of 20 records done"), "{}", status());
    assert!(status().contains("go on with: rehome resume "), "{}", status());
    let report = run(on_run(&sandbox, "resume", home.path()).arg("--no-color")).exits(0).stdout;
    let import = report.split("     Import  ").nth(1).expect("a line").replace('\n', " ");
    assert!(import.starts_with("20 created, 20 complete, 0 failed, 0 left; in the last session "), "{import}");
    assert!(status().starts_with("finished: "), "{}", status());
}

/// Whoever is told that something is amiss is told what.
#[test]
fn a_sync_says_why_it_ends_with_3_and_what_it_did_with_those_who_are_gone() {
    let home = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::start(&[]);
    let (first, later) = (home.path().join("first.csv"), home.path().join("later.csv"));
    let user = |n: u32| format!("{n},p{n}@example.com,{n:032x},md5\n");
    let head = "id,email,password_hash,password_scheme\n".to_owned();
    let rows = |from: u32, to: u32| (from..to).map(user).collect::<String>();
    let refused = "99,x@example.com,no hash at all,md5\n";
    std::fs::write(&first, head.clone() + &rows(0, 12) + refused).expect("written");
    std::fs::write(&later, head + &rows(1, 12) + refused).expect("written");
    let folder = home.path().join("run");
    run(sandbox.rehome().arg("import").arg(&first).arg("--run").arg(&folder)).exits(3);
    let mut sync = sandbox.rehome();
    sync.arg("sync").arg(&later).args(["--gone", "disable", "--run"]).arg(&folder);
    let said = run(&mut sync).exits(3).stdout;
    assert!(said.contains("           1  gone from the source: 1 disabled\n"), "{said}");
    assert!(said.contains("changes.csv names the user\n"), "{said}");
    assert!(said.contains("1 record is refused, and not created: rejects.log.ndjson says why"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

/// Of the users of the genuine export one is disabled, who does not sign in with the right password either.
#[test]
fn whoever_is_kept_out_is_not_said_to_have_signed_in_and_everybody_is_told_why() {
    let home = tempfile::tempdir().expect("a folder");
    let mut import = rehome();
    import.arg("import").arg(fixture("firebase/users.json")).arg("--firebase-hash-config");
    import.arg(fixture("firebase/hash_config.txt")).arg("--known").arg(fixture("firebase/known.csv"));
    import.args(["--unsupported", "without-password", "--sandbox", "--run"]).arg(home.path().join("run"));
    let screen = run(&mut import).exits(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(screen.contains("11 known passwords: 10 signed in, 1 right and kept out, 0 did not"), "{screen}");
    let report = std::fs::read(home.path().join("run/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    let verify = &report["verify"];
    assert_eq!([&verify["signed_in"], &verify["kept_out"], &verify["not_signed_in"]], [10, 1, 0], "{verify}");
    // Each who has to set a new password is there with a reason that says why.
    let reasons = report["reasons"].as_array().expect("reasons");
    let why = reasons.iter().filter(|reason| reason["severity"] == "needs-reset" && reason["code"] != "needs-reset");
    let why: u64 = why.filter_map(|reason| reason["count"].as_u64()).sum();
    assert_eq!(report["sign_in"]["needs_reset"], why, "{reasons:?}");
}

#[test]
fn two_exports_between_which_somebody_was_banned_are_to_be_compared_by_since() {
    let home = tempfile::tempdir().expect("a folder");
    let export = |name: &str, banned: &str| {
        let rows = (0..9).map(|n| {
            format!("{n},p{n}@example.com,$2b$10$abcdefghijklmnopqrstuuK5m8xkkSYHbQrIpqjeSuYuKWb3BXuzC,false\n")
        });
        let rows = rows.collect::<String>().replacen("false", banned, 1);
        let path = home.path().join(name);
        std::fs::write(&path, format!("id,email,password_hash,banned\n{rows}")).expect("written");
        path
    };
    let (earlier, later) = (export("earlier.csv", "false"), export("later.csv", "true"));
    let folder = home.path().join("run");
    let both = run(rehome().arg("check").args([&earlier, &later]).arg("--run").arg(&folder)).exits(2);
    assert!(both.stderr.contains("check LATER --since EARLIER"), "{}", both.stderr);
    run(rehome().arg("check").arg(&later).arg("--since").arg(&earlier).arg("--run").arg(&folder)).exits(0);
    let changes = std::fs::read_to_string(folder.join("changes.csv")).expect("a list");
    assert_eq!(changes, "record,change,fields\n1,changed,status and verification\n");
}
