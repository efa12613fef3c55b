//! The log: asked for, it tells run, users and requests apart; and nothing of what a record holds is ever in it.

use std::process::Command;

use serde_json::Value;

use super::util::{Run, Sandbox, rehome, run};

/// What the exports below hold, and who signs in with what.
const SECRETS: [&str; 8] = [
    "a7fea6d5d6d0a4f1f3a4b2c4d8e9f00112233445566778899aabbccddeeff001",
    "$6$saltstring$HLfp9nyAnh2b0HZO5RIGZmbYnnisXGhzQdxCQPrS55GO9Ig6sFIaAhOCos6zK36h2.p8lkvTBwfgZEwGdJn7A0",
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "a salt of its own",
    "a plain password",
    "pa55word!",
    "example.com",
    "+4915112345",
];

fn export(plain: &str) -> String {
    let [sha, crypt, scrypt, salt, ..] = SECRETS;
    format!(
        "id,email,phone,labels,password_scheme,password_hash,password_salt,scrypt_n,scrypt_r,scrypt_p,password\n\
         a@example.com,a@example.com,+49151123456,,sha256,{sha},,,,,\nu2,b@example.com,,one,,{crypt},,,,,\n\
         u3,c@example.com,,,scrypt,{scrypt},{salt},1024,8,1,\nu4,d@example.com,+49151123457,two,,,,,,,{plain}\n\
         u5,b@example.com,,,,{crypt},,,,,\n"
    )
}

/// `import`, `verify` and `rollback` of the same users with these settings of the log.
fn evening(sandbox: &Sandbox, settings: impl Fn(&mut Command) -> &mut Command) -> [Run; 3] {
    let home = tempfile::tempdir().expect("a folder");
    let (file, known, folder) = (home.path().join("users.csv"), home.path().join("known.csv"), home.path().join("run"));
    std::fs::write(&file, export(SECRETS[4])).expect("a file");
    std::fs::write(&known, "email,password\nb@example.com,pa55word!\nd@example.com,a plain password\n")
        .expect("a file");
    let mut import = sandbox.rehome();
    import.arg("import").arg(&file).args(["--yes", "--run"]).arg(&folder);
    let mut verify = sandbox.rehome();
    verify.arg("verify").arg(&folder).arg("--known").arg(&known);
    let mut rollback = sandbox.rehome();
    rollback.arg("rollback").arg(&folder).arg("--yes");
    [import, verify, rollback].map(|mut command| run(settings(&mut command)))
}

/// Lines of the log among what standard error holds.
fn json(said: &Run) -> Vec<Value> {
    said.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect()
}

#[test]
fn no_secret_and_no_address_is_ever_in_the_log() {
    let sandbox = Sandbox::start(&["--faults", "seed=7,drop-after-commit=0.05,500=0.1,503=0.05,reset=0.05"]);
    for format in ["text", "json"] {
        let said = evening(&sandbox, |command| command.args(["--log", "trace", "--log-format", format]));
        for (said, command) in said.iter().zip(["import", "verify", "rollback"]) {
            let log: Vec<_> = said.stderr.lines().filter(|line| line.contains("rehome::")).collect();
            assert!(log.len() > 5, "{command}: {}", said.stderr);
            for secret in SECRETS.iter().copied().chain([sandbox.key.as_str(), "pa55"]) {
                assert!(log.iter().all(|line| !line.contains(secret)), "{secret} of {command} as {format}: {log:#?}");
            }
        }
    }
}

#[test]
fn a_log_tells_run_user_and_request_apart() {
    let sandbox = Sandbox::start(&[]);
    let [import, verify, rollback] =
        evening(&sandbox, |command| command.env("REHOME_LOG", "debug").env("REHOME_LOG_FORMAT", "json"));
    let lines = json(&import);
    let created = lines
        .iter()
        .find(|line| line["message"] == "answered" && line["status"] == 201 && line["span"]["path"] == "/users/sha");
    let created = created.unwrap_or_else(|| panic!("no create in {}", import.stderr));
    assert_eq!((&created["span"]["method"], &created["span"]["try"]), (&Value::from("POST"), &Value::from(1)));
    let spans: Vec<_> = created["spans"].as_array().expect("spans").iter().map(|span| &span["name"]).collect();
    assert_eq!(spans, ["run", "user", "request"]);
    assert_eq!(created["spans"][0]["command"], "import");
    assert_eq!(created["spans"][1]["record"], 1);
    assert!(created["ms"].is_f64() && created["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert!(lines.iter().any(|line| line["span"]["path"] == "/users/{id}/labels"), "{}", import.stderr);
    let end = lines.last().expect("an end");
    assert_eq!((&end["message"], &end["exit_code"]), (&Value::from("done"), &Value::from(import.code)));
    assert!(json(&verify).iter().any(|line| line["span"]["path"] == "/users"), "{}", verify.stderr);
    assert!(json(&rollback).iter().any(|line| line["span"]["method"] == "DELETE"), "{}", rollback.stderr);
}

#[test]
fn nothing_is_logged_unless_asked_for_and_an_error_is_told_with_its_kind() {
    let said = run(rehome().args(["check", "no-such-file.json"])).exits(1);
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    let said = run(rehome().args(["check", "no-such-file.json", "--log", "error"])).exits(1);
    assert!(said.stderr.contains("ERROR") && said.stderr.contains("kind=File exit_code=1"), "{}", said.stderr);
    let said = run(rehome().args(["check", "x.json", "--log", "hyper=trace"])).exits(2);
    assert!(said.stderr.contains("there are run, user and http"), "{}", said.stderr);
}

/// Whoever collects lines of JSON meets nothing else, whatever ended the command and whatever is logged.
#[test]
fn the_last_word_of_a_log_in_json_is_json() {
    for filter in [&["--log", "info"][..], &["--log", "user=debug"], &[]] {
        let mut check = rehome();
        check.args(["check", "nowhere.csv", "--quiet", "--log-format", "json"]).args(filter);
        let ended = run(&mut check).exits(1);
        let lines: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let last = lines.last().expect("a line");
        assert_eq!((&last["level"], &last["exit_code"]), (&"ERROR".into(), &1.into()), "{last}");
        assert!(last["error"].as_str().is_some_and(|error| error.contains("nowhere.csv")), "{last}");
        let said = lines.iter().filter(|line| line["level"] == "ERROR").count();
        assert_eq!(said, 1, "{}", ended.stderr);
    }
}
