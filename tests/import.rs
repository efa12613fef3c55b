//! `import`, `resume`, `status`, `verify`, `rollback`: against sandboxes that behave, and those that do not.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rehome::appwrite::wire::Request;
use rehome::appwrite::{Client, Target};
use serde_json::{Value, json};

use super::soak::{assert_holds, listed, users};
use super::util::{Sandbox, fixture, rehome, run};

/// A folder with an export of this many users, and what is to be at the target for each.
pub fn prepared(n: usize) -> (tempfile::TempDir, HashMap<String, Value>) {
    let home = tempfile::tempdir().expect("a folder");
    let (csv, expected) = users(n);
    std::fs::write(home.path().join("export.csv"), csv).expect("written");
    (home, expected)
}

pub fn import(sandbox: &Sandbox, home: &Path) -> Command {
    let mut command = sandbox.rehome();
    command.arg("import").arg(home.join("export.csv")).arg("--run").arg(home.join("run"));
    command
}

pub fn on_run(sandbox: &Sandbox, name: &str, home: &Path) -> Command {
    let mut command = sandbox.rehome();
    command.arg(name).arg(home.join("run"));
    command
}

pub fn status(home: &Path) -> Value {
    run(rehome().args(["status", "--format", "json"]).arg(home.join("run"))).exits(0).json()
}

/// Sends a request as somebody else than the importer would.
pub fn meanwhile(sandbox: &Sandbox, request: &Request) {
    let target = Target::new(&*sandbox.endpoint, &*sandbox.project, &*sandbox.key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(async { Client::new(target, 1).expect("a client").send(request).await });
    let answer = answer.expect("an answer");
    assert!(answer.is_success(), "HTTP {}", answer.status);
}

fn rename(user_id: &str, name: &str) -> Request {
    Request::patch(format!("/users/{user_id}/name"), &json!({ "name": name }))
}

#[test]
fn a_second_run_of_the_same_command_has_nothing_to_do() {
    let (home, expected) = prepared(120);
    let sandbox = Sandbox::start(&[]);
    run(&mut import(&sandbox, home.path())).exits(0);
    assert_holds(&sandbox, &expected);
    let again = run(import(&sandbox, home.path()).args(["--format", "json"])).exits(0).json();
    assert_eq!(again["import"]["pace"]["requests"], 0, "{}", again["import"]);
    assert_eq!(again["import"]["done"], 120);
    let map = std::fs::read_to_string(home.path().join("run/id-map.csv")).expect("an id map");
    assert_eq!(map.lines().count(), 121);
}

#[test]
fn each_version_takes_the_same_users() {
    for version in ["1.6.2", "1.8.0", "1.8.1"] {
        let (home, expected) = prepared(60);
        let sandbox = Sandbox::start(&["--appwrite-version", version]);
        run(&mut import(&sandbox, home.path())).exits(0);
        assert_holds(&sandbox, &expected);
        run(&mut on_run(&sandbox, "verify", home.path())).exits(0);
    }
}

#[test]
fn a_limited_target_loses_nobody() {
    let (home, expected) = prepared(60);
    let sandbox = Sandbox::start(&["--limit", "100", "--retry-after"]);
    run(&mut import(&sandbox, home.path())).exits(0);
    assert_holds(&sandbox, &expected);
}

#[test]
fn wrong_settings_have_their_own_message_and_exit_code() {
    let (home, _) = prepared(3);
    let sandbox = Sandbox::start(&[]);
    let says = |change: &dyn Fn(&mut Command), code: i32, text: &str| {
        let mut command = import(&sandbox, home.path());
        change(&mut command);
        let run = run(&mut command).exits(code);
        assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    };
    says(&|c| _ = c.env("APPWRITE_API_KEY", "standard_wrong"), 4, "does not know this API key");
    says(&|c| _ = c.env("APPWRITE_API_KEY", &sandbox.limited_key), 4, "lacks the scope users.read");
    says(&|c| _ = c.env_remove("APPWRITE_API_KEY"), 2, "no API key");
    says(&|c| _ = c.args(["--project", "nowhere"]), 4, "no project `nowhere`");
    says(&|c| _ = c.args(["--endpoint", "http://127.0.0.1:9/v1"]), 4, "cannot reach");
    let without_v1 = sandbox.endpoint.trim_end_matches("/v1").to_owned();
    says(&|c| _ = c.args(["--endpoint", &without_v1]), 4, "does the endpoint end in /v1?");
    says(&|c| _ = c.args(["--endpoint", "nonsense"]), 2, "is not an endpoint");
    // None of these has spoilt the folder.
    run(&mut import(&sandbox, home.path())).exits(0);
    let log = std::fs::read_to_string(home.path().join("run/report.json")).expect("a report");
    assert!(!log.contains(&sandbox.key), "the key is in the report");
}

#[test]
fn a_ledger_is_of_one_export_and_one_target() {
    let (home, _) = prepared(3);
    let sandbox = Sandbox::start(&["--extra-project", "other:other-key"]);
    run(&mut import(&sandbox, home.path())).exits(0);
    let elsewhere =
        run(import(&sandbox, home.path()).args(["--project", "other"]).env("APPWRITE_API_KEY", "other-key"));
    assert!(elsewhere.exits(5).stderr.contains("another project"));
    let otherwise = run(import(&sandbox, home.path()).args(["--ids", "derive"]));
    assert!(otherwise.exits(5).stderr.contains("other settings"));
    std::fs::write(home.path().join("export.csv"), users(4).0).expect("written");
    assert!(run(&mut import(&sandbox, home.path())).exits(5).stderr.contains("another export"));
}

#[test]
fn a_run_that_is_on_is_counted_left_alone_and_can_be_interrupted() {
    let (home, expected) = prepared(400);
    let store = home.path().join("store.sqlite");
    let store = store.to_str().expect("a path");
    // So slow that it is still at it when a busy machine has looked at it a few times.
    let sandbox = Sandbox::start(&["--latency", "150", "--store", store]);
    let address = sandbox.endpoint.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let mut importer = import(&sandbox, home.path())
        .args(["--concurrency", "4", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the importer starts");
    // It says what it found before it sends; by then it has the folder.
    let mut said = BufReader::new(importer.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("target: Appwrite") {
        line.clear();
        assert!(said.read_line(&mut line).expect("a line") > 0, "it ended too early");
    }
    // A reader that goes away must not end the run.
    drop((said, importer.stdout.take()));
    assert!(run(&mut import(&sandbox, home.path())).exits(5).stderr.contains("another rehome"));
    let mut now = status(home.path());
    while now["created"].as_u64() < Some(20) {
        assert_eq!(now["running"], true, "{now}");
        std::thread::sleep(std::time::Duration::from_millis(20));
        now = status(home.path());
    }
    let sum = ["done", "left", "refused", "failed"].iter().filter_map(|name| now[*name].as_u64()).sum::<u64>();
    assert_eq!(now["records"].as_u64(), Some(sum), "{now}");

    let pid = importer.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
    assert_eq!(importer.wait().expect("ended").code(), Some(130));
    let now = status(home.path());
    assert!(now["left"].as_u64() > Some(0) && now["running"] == false, "{now}");
    assert_eq!(now["created"], now["done"], "what was begun was finished: {now}");
    assert_eq!(listed(&sandbox).len() as u64, now["created"].as_u64().expect("a count"));

    drop(sandbox);
    let sandbox = Sandbox::start(&["--listen", &address, "--store", store]);
    run(&mut on_run(&sandbox, "resume", home.path())).exits(0);
    assert_holds(&sandbox, &expected);
}

#[test]
fn a_target_that_goes_away_stops_the_run_which_can_be_resumed() {
    let (home, expected) = prepared(200);
    let store = home.path().join("store.sqlite");
    let store = store.to_str().expect("a path");
    let first = Sandbox::start(&["--latency", "150", "--store", store]);
    let address = first.endpoint.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let mut importer = import(&first, home.path())
        .args(["--concurrency", "4", "--give-up-after", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the importer starts");
    while run(rehome().arg("status").arg(home.path().join("run"))).code != 0
        || status(home.path())["created"].as_u64() < Some(10)
    {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(first);
    let mut said = String::new();
    importer.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(importer.wait().expect("ended").code(), Some(4), "{said}");
    assert!(said.contains("no proper answer"), "{said}");
    assert_eq!(status(home.path())["failed"], 0, "nobody fails for it");

    let second = Sandbox::start(&["--listen", &address, "--store", store]);
    run(&mut on_run(&second, "resume", home.path())).exits(0);
    assert_holds(&second, &expected);
}

#[test]
fn somebody_else_is_named_and_never_overwritten() {
    let (home, expected) = prepared(12);
    let sandbox = Sandbox::start(&[]);
    // The id of one, the address of another, and one who is the very same.
    let create = |body: Value| Request::post("/users/md5", &body);
    let hash = "f".repeat(32);
    meanwhile(&sandbox, &create(json!({"userId": "user-1", "email": "else@example.com", "password": hash})));
    meanwhile(&sandbox, &create(json!({"userId": "stranger", "email": "person2@example.com", "password": hash})));
    let same = json!({"userId": "user-3", "email": "person3@example.com", "name": "Person 3", "password": format!("{:032x}", 3)});
    meanwhile(&sandbox, &create(same));
    // One whom an import began whose ledger is lost, and the number of another.
    let begun = json!({"userId": "user-7", "email": "person7@example.com", "name": "Person 7", "password": format!("{:032x}", 7)});
    meanwhile(&sandbox, &create(begun));
    let number = json!({"userId": "caller", "phone": "+4915100000004"});
    meanwhile(&sandbox, &Request::post("/users", &number));

    let result = run(import(&sandbox, home.path()).args(["--format", "json"])).exits(3);
    let there = listed(&sandbox);
    assert_eq!(there["user-1"]["email"], "else@example.com");
    assert_eq!(there["user-1"]["name"], "");
    assert!(!there.contains_key("user-2"));
    let log = std::fs::read_to_string(home.path().join("run/rejects.log.ndjson")).expect("a log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let texts: Vec<_> = lines.iter().map(|l| (l["record"].as_u64(), l["code"].as_str())).collect();
    assert_eq!(texts, [2, 3, 5].map(|record| (Some(record), Some("target-conflict"))), "{log}");
    assert!(log.contains("the id belongs to the target's user user-1, who differs in: e-mail"), "{log}");
    assert!(log.contains("the phone number belongs to the target's user caller"), "{log}");
    assert!(log.contains("the e-mail address belongs to the target's user stranger"), "{log}");
    assert_eq!(result.json()["import"]["failed"], 3);
    assert_eq!([&there["user-7"]["status"], &expected["user-7"]["status"]], [false, false]);
    assert_eq!(there["user-7"]["emailVerification"], expected["user-7"]["emailVerification"]);
    let counts = status(home.path());
    assert_eq!([&counts["created"], &counts["done"], &counts["refused"]], [8, 9, 2], "{counts}");

    // Rolling back takes none of those who were there.
    run(on_run(&sandbox, "rollback", home.path()).arg("--yes")).exits(0);
    let mut left: Vec<_> = listed(&sandbox).into_keys().collect();
    left.sort();
    assert_eq!(left, ["caller", "stranger", "user-1", "user-3", "user-7"]);
}

#[test]
fn verify_finds_what_is_different_missing_and_stray() {
    let (home, _) = prepared(30);
    let known = home.path().join("known.csv");
    let password = "correct horse";
    let csv = std::fs::read_to_string(home.path().join("export.csv")).expect("the export");
    // md5("correct horse"), for three users: two who are enabled, one who is not.
    let hash = "3cb4e732631f47e6eb961f34554b7cde";
    let csv = [1, 2, 7].iter().fold(csv, |csv, n| csv.replace(&format!("{n:032x}"), hash));
    std::fs::write(home.path().join("export.csv"), csv).expect("written");
    let pairs = format!("person1@example.com,{password}\nperson2@example.com,{password}\nid7@example.com,x\n");
    std::fs::write(&known, format!("email,password\n{pairs}")).expect("written");
    let sandbox = Sandbox::start(&[]);
    run(&mut import(&sandbox, home.path())).exits(0);

    let look = |code: i32| {
        let mut command = on_run(&sandbox, "verify", home.path());
        run(command.args(["--format", "json", "--known"]).arg(&known)).exits(code).json()["verify"].clone()
    };
    // One of the three has no address to sign in with: the password proves nothing.
    let counts = look(3);
    assert_eq!([&counts["same"], &counts["signed_in"], &counts["not_signed_in"]], [30, 2, 0], "{counts}");
    // Signing in has re-hashed the password, which is no difference.
    std::fs::write(&known, format!("email,password\n{}", pairs.replace("id7@example.com,x\n", ""))).expect("written");
    assert_eq!(look(0)["same"], 30);

    // One of them signs in once more after that.
    meanwhile(&sandbox, &rename("user-2", "Somebody"));
    meanwhile(&sandbox, &rename("user-4", "Somebody"));
    meanwhile(&sandbox, &Request::delete("user-5"));
    let body = json!({"userId": "late", "email": "late@example.com"});
    meanwhile(&sandbox, &Request::post("/users", &body));
    let counts = look(3);
    assert_eq!(
        [&counts["same"], &counts["different"], &counts["missing"], &counts["stray"]],
        [27, 2, 1, 1],
        "{counts}"
    );
    let log = std::fs::read_to_string(home.path().join("run/verify.log.ndjson")).expect("a log");
    assert!(log.contains("differs in: name") && log.contains(r#""user_id":"late""#), "{log}");

    // Rollback looks first; it keeps who was changed, and takes those verify signed in for its own doing.
    let dry = run(&mut on_run(&sandbox, "rollback", home.path())).exits(0);
    assert!(dry.stdout.contains("27 users to delete, 1 already gone, 2 kept"), "{}", dry.stdout);
    assert_eq!(listed(&sandbox).len(), 30);
    let done = run(on_run(&sandbox, "rollback", home.path()).args(["--yes", "--format", "json"])).exits(3).json();
    assert_eq!([&done["deleted"], &done["gone"], &done["kept"]], [27, 1, 2], "{done}");
    assert_eq!(done["spared"].as_array().map(Vec::len), Some(2), "{done}");
    let mut left: Vec<_> = listed(&sandbox).into_keys().collect();
    left.sort();
    assert_eq!(left, ["late", "user-2", "user-4"]);
    run(on_run(&sandbox, "rollback", home.path()).args(["--yes", "--force"])).exits(0);
    assert_eq!(listed(&sandbox).len(), 1);
}

#[test]
fn shards_together_are_the_whole() {
    let (home, expected) = prepared(90);
    let sandbox = Sandbox::start(&[]);
    let mut records = 0;
    for index in 0..3 {
        let folder = home.path().join(format!("run-{index}"));
        let mut command = sandbox.rehome();
        command.arg("import").arg(home.path().join("export.csv")).arg("--run").arg(&folder);
        command.env("JOB_COMPLETION_INDEX", index.to_string()).env("JOB_COMPLETIONS", "3");
        let report = run(command.args(["--format", "json"])).exits(0).json();
        let part = report["records"].as_u64().expect("a count");
        assert!(part > 0 && report["import"]["done"].as_u64() == Some(part), "{report}");
        records += part;
    }
    assert_eq!(records, 90);
    assert_holds(&sandbox, &expected);
}

#[test]
fn a_limit_takes_the_first_users_and_a_resume_the_others() {
    let (home, expected) = prepared(60);
    let sandbox = Sandbox::start(&[]);
    for _ in 0..2 {
        run(import(&sandbox, home.path()).args(["--limit", "25"])).exits(0);
        assert_eq!(listed(&sandbox).len(), 25, "the same command again creates nobody else");
        let status = status(home.path());
        assert_eq!((&status["records"], &status["done"], &status["left"]), (&json!(60), &json!(25), &json!(35)));
    }
    run(&mut on_run(&sandbox, "resume", home.path())).exits(0);
    assert_holds(&sandbox, &expected);
}

#[test]
fn a_run_that_was_killed_before_its_ledger_began_can_be_begun_again() {
    let (home, expected) = prepared(5);
    let sandbox = Sandbox::start(&[]);
    std::fs::create_dir(home.path().join("run")).expect("a folder");
    std::fs::write(home.path().join("run/ledger.sqlite"), "").expect("written");
    for command in ["resume", "status", "verify", "rollback"] {
        let ended = run(&mut on_run(&sandbox, command, home.path())).exits(2);
        assert!(ended.stderr.contains("rehome import"), "{}", ended.stderr);
    }
    run(&mut import(&sandbox, home.path())).exits(0);
    assert_holds(&sandbox, &expected);
}

#[test]
fn the_sandbox_inside_keeps_its_users_in_the_run_folder() {
    let (home, _) = prepared(10);
    let folder = home.path().join("run");
    let inside = |name: &str| {
        let mut command = rehome();
        if name == "import" {
            command.args(["import", "--sandbox"]).arg(home.path().join("export.csv")).arg("--run").arg(&folder);
        } else {
            command.arg(name).arg(&folder);
        }
        run(&mut command).exits(0)
    };
    inside("import");
    inside("resume");
    assert!(inside("verify").stdout.contains("10 as planned"));
}

#[test]
fn hashes_without_the_parameters_they_need_stop_before_the_first_request() {
    let sandbox = Sandbox::start(&[]);
    let home = tempfile::tempdir().expect("a folder");
    let run_folder = home.path().join("run");
    let run =
        run(sandbox.rehome().arg("import").arg(fixture("firebase/users.json")).arg("--run").arg(&run_folder)).exits(2);
    assert!(run.stderr.contains("--firebase-hash-config"), "{}", run.stderr);
    assert_eq!(listed(&sandbox).len(), 0, "nothing was sent");
}

#[test]
fn a_known_password_that_does_not_verify_stops_before_the_first_request() {
    let sandbox = Sandbox::start(&[]);
    let home = tempfile::tempdir().expect("a folder");
    let known = home.path().join("known.csv");
    std::fs::write(&known, "email,password\nalice@example.com,not-the-password\n").expect("written");
    let import = |yes: &[&str]| {
        let mut command = sandbox.rehome();
        command.arg("import").arg(fixture("firebase/users.json")).arg("--firebase-hash-config");
        command.arg(fixture("firebase/hash_config.txt")).arg("--known").arg(&known);
        command.arg("--run").arg(home.path().join("run")).args(yes);
        run(&mut command)
    };
    let stopped = import(&[]).exits(3);
    assert!(stopped.stderr.contains("nothing was sent"), "{}", stopped.stderr);
    assert_eq!(listed(&sandbox).len(), 0);
    import(&["--yes"]).exits(3);
    assert_eq!(listed(&sandbox).len(), 17);
}
