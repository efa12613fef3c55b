//! A run that nobody watches: it ends at a time of day and holds while a file is there.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rehome::appwrite::wire::Request;
use serde_json::{Value, json};

use super::import::{import, meanwhile, on_run, prepared, status};
use super::soak::{assert_holds, listed};
use super::util::{Sandbox, rehome, run};

/// So slow that it is still at it when a busy machine has looked at it a few times.
pub fn slow() -> Sandbox {
    Sandbox::start(&["--latency", "150"])
}

/// `HH:MM:SSZ`, so many seconds from now.
fn clock(seconds: i64) -> String {
    let then = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + seconds).expect("a moment");
    format!("{}Z", then.strftime("%H:%M:%S"))
}

/// Starts a command whose output nobody reads.
pub fn started(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// Waits until the run of this folder is as it should be.
pub fn until(home: &Path, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let now = run(rehome().args(["status", "--format", "json"]).arg(home.join("run")));
        if now.code == 0 && is(&now.json()) {
            return now.json();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "not {what}: {}{}", now.stdout, now.stderr);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn at_its_time_a_run_finishes_whoever_is_begun_and_another_night_does_the_rest() {
    let (home, expected) = prepared(400);
    let sandbox = slow();
    let night = run(import(&sandbox, home.path()).args(["--concurrency", "4", "--until", &clock(6)])).exits(75);
    assert!(night.stderr.contains("as --until says; run the same command again"), "{}", night.stderr);
    assert!(night.stderr.contains("finishing the users that are begun"), "{}", night.stderr);
    let now = status(home.path());
    assert!(now["left"].as_u64() > Some(0) && now["until"].is_null(), "{now}");
    assert_eq!(now["created"], now["done"], "what was begun was finished: {now}");
    assert_eq!(listed(&sandbox).len() as u64, now["created"].as_u64().expect("a count"));
    let report = std::fs::read_to_string(home.path().join("run/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["import"]["left"], now["left"]);

    // What is held ends at its time, too, and has begun nobody.
    let hold = home.path().join("hold");
    std::fs::write(&hold, "").expect("a file");
    run(on_run(&sandbox, "resume", home.path()).args(["--until", &clock(3), "--pause-file"]).arg(&hold)).exits(75);
    assert_eq!(status(home.path())["done"], now["done"]);
    let next =
        run(on_run(&sandbox, "resume", home.path()).args(["--until", &clock(3600), "--concurrency", "64"])).exits(0);
    assert!(next.stderr.contains("nobody is begun after"), "{}", next.stderr);
    assert_holds(&sandbox, &expected);
}

#[test]
fn a_file_holds_a_run_for_as_long_as_it_is_there() {
    let (home, expected) = prepared(240);
    let sandbox = slow();
    let hold = home.path().join("hold");
    std::fs::write(&hold, "").expect("a file");
    let held = |words: &[&str]| {
        let mut command = import(&sandbox, home.path());
        command.args(["--concurrency", "4", "--pause-file"]).arg(&hold).args(words);
        command
    };
    let mut importer = started(&mut held(&[]));
    let now = until(home.path(), "paused", |now| now["paused_since"].is_string());
    assert_eq!((&now["running"], &now["created"]), (&json!(true), &json!(0)));
    let told = run(rehome().arg("status").arg(home.path().join("run"))).exits(0).stdout;
    assert!(told.starts_with("paused: ") && told.contains("paused since"), "{told}");
    std::thread::sleep(Duration::from_secs(2));
    assert!(listed(&sandbox).is_empty(), "somebody was begun during a pause");

    std::fs::remove_file(&hold).expect("removed");
    until(home.path(), "going on", |now| now["paused_since"].is_null() && now["done"].as_u64() > Some(20));
    std::fs::write(&hold, "").expect("a file");
    until(home.path(), "paused again", |now| now["paused_since"].is_string());
    // Whoever is begun is finished, and then nothing happens.
    let mut before = 0;
    until(home.path(), "at rest", |now| now["created"] == now["done"]);
    let rests = (0..20).any(|_| {
        std::thread::sleep(Duration::from_secs(1));
        std::mem::replace(&mut before, listed(&sandbox).len()) == before
    });
    assert!(rests && before < 240, "{before}");
    let now = status(home.path());
    assert_eq!((now["created"].as_u64(), &now["created"]), (Some(before as u64), &now["done"]), "{now}");
    // Who holds a run can end it, too.
    assert!(Command::new("kill").args(["-TERM", &importer.id().to_string()]).status().expect("kill").success());
    assert_eq!(importer.wait().expect("ended").code(), Some(130));
    assert!(status(home.path())["paused_since"].is_null());

    std::fs::remove_file(&hold).expect("removed");
    let mut last = import(&sandbox, home.path());
    let last = run(last.args(["--concurrency", "64", "--log", "info", "--pause-file"]).arg(&hold)).exits(0);
    assert!(!last.stderr.contains("held"), "{}", last.stderr);
    assert_holds(&sandbox, &expected);
}

#[test]
fn a_sync_holds_and_ends_like_an_import() {
    let (home, _) = prepared(60);
    let sandbox = Sandbox::start(&[]);
    run(&mut import(&sandbox, home.path())).exits(0);
    let export = std::fs::read_to_string(home.path().join("export.csv")).expect("the export");
    let later = home.path().join("later.csv");
    std::fs::write(&later, export.replace("Person ", "Somebody ")).expect("written");
    let sync = |words: &[&str]| {
        let mut command = sandbox.rehome();
        command.arg("sync").arg(&later).arg("--run").arg(home.path().join("run")).args(words);
        command
    };
    let renamed = || listed(&sandbox).values().filter(|user| user["name"].to_string().contains("Somebody")).count();
    let hold = home.path().join("hold");
    std::fs::write(&hold, "").expect("a file");
    run(sync(&["--until", &clock(3), "--pause-file"]).arg(&hold)).exits(75);
    assert_eq!(renamed(), 0);
    let mut syncing = started(sync(&[]).arg("--pause-file").arg(&hold));
    until(home.path(), "paused", |now| now["paused_since"].is_string());
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(renamed(), 0, "somebody was changed during a pause");
    // What was read before a pause is old: somebody else changes a user meanwhile.
    let (id, _) = listed(&sandbox).into_iter().next().expect("a user");
    meanwhile(&sandbox, &Request::patch(format!("/users/{id}/name"), &json!({ "name": "Meanwhile" })));
    std::fs::remove_file(&hold).expect("removed");
    assert_eq!(syncing.wait().expect("ended").code(), Some(3), "somebody is to be looked at");
    assert_eq!((renamed(), listed(&sandbox)[&id]["name"].as_str()), (59, Some("Meanwhile")));
}

/// Whoever is deleted to be made again is made again, whatever else waits: as at the time of `--until`, so when it is interrupted.
#[test]
fn a_sync_that_is_ended_leaves_nobody_deleted() {
    ended(false);
}

#[test]
fn a_sync_that_is_held_can_be_ended_too() {
    ended(true);
}

fn ended(held: bool) {
    let (home, _) = prepared(60);
    let sandbox = slow();
    run(import(&sandbox, home.path()).args(["--concurrency", "8"])).exits(0);
    let before = listed(&sandbox);
    let export = std::fs::read_to_string(home.path().join("export.csv")).expect("the export");
    let later = home.path().join("later.csv");
    std::fs::write(&later, export.replace(",0000000000", ",f000000000")).expect("written");
    let hold = home.path().join("hold");
    let sync = || {
        let mut command = sandbox.rehome();
        command.arg("sync").arg(&later).arg("--run").arg(home.path().join("run")).arg("--pause-file").arg(&hold);
        command
    };
    let remade = || {
        let there = listed(&sandbox);
        let made = there.values().filter(|user| user["password"].to_string().contains("f000000000")).count();
        (there, made)
    };
    let mut syncing = started(&mut sync());
    while remade().1 == 0 {
        assert!(syncing.try_wait().expect("a process").is_none(), "it ended early");
    }
    if held {
        std::fs::write(&hold, "").expect("a file");
        until(home.path(), "paused", |now| now["paused_since"].is_string());
    }
    let told = Command::new("kill").args(["-INT", &syncing.id().to_string()]).status().expect("kill runs");
    assert!(told.success());
    let ends = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        syncing.try_wait().expect("a process").is_some()
    });
    if !ends {
        syncing.kill().expect("killed");
    }
    let _ = std::fs::remove_file(&hold);
    assert_eq!((syncing.wait().expect("ended").code(), ends), (Some(130), true));
    let changes = std::fs::read_to_string(home.path().join("run/changes.csv")).unwrap_or_default();
    assert!(!changes.contains("gone"), "{changes}");
    let (there, made) = remade();
    assert!(made < 54, "it was at its end");
    for (id, user) in &before {
        assert_eq!(there.get(id).map(|user| &user["status"]), Some(&user["status"]), "{id}");
    }
    run(&mut sync()).exits(0);
    assert_eq!(remade().1, 54);
}

/// Whom somebody has deleted at the target stays away: that `verify` looked does not make a repair of a sync.
#[test]
fn a_sync_after_a_verify_brings_nobody_back() {
    let (home, _) = prepared(20);
    let sandbox = Sandbox::start(&[]);
    run(&mut import(&sandbox, home.path())).exits(0);
    for id in ["user-3", "user-5"] {
        meanwhile(&sandbox, &Request::delete(id));
    }
    run(&mut on_run(&sandbox, "verify", home.path())).exits(3);
    let export = std::fs::read_to_string(home.path().join("export.csv")).expect("the export");
    let later = home.path().join("later.csv");
    // The source says something new of one of them.
    std::fs::write(&later, export.replace("Person 5,", "Somebody 5,")).expect("written");
    let mut sync = sandbox.rehome();
    let synced = run(sync.arg("sync").arg(&later).arg("--run").arg(home.path().join("run"))).exits(3);
    assert!(
        synced.stdout.contains("2 are no longer at the target") || synced.stdout.contains("no longer"),
        "{}",
        synced.stdout
    );
    assert_eq!(listed(&sandbox).len(), 18);
}

#[test]
fn a_time_that_cannot_be_understood_is_said_and_a_date_is_told_whose_it_is() {
    let (home, _) = prepared(3);
    let sandbox = Sandbox::start(&[]);
    for (words, told) in [
        (["--until", "25:00"], "a time of day is written 05:00"),
        (["--until", "05:00 Nowhere/Atall"], "no time zone is known here as `Nowhere/Atall`"),
        (["--until", "2027-31-01"], "a time of day is written 05:00"),
        (["--until", "2099-01-31"], "how long the bridge keeps hashes is --bridge-until 2099-01-31"),
        (["--bridge-until", "05:00"], "a day is written 2027-01-31"),
    ] {
        let ended = run(import(&sandbox, home.path()).args(words)).exits(2);
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    let ended = run(import(&sandbox, home.path()).args(["--until", "05:00"]).env("TZ", "Nowhere/Atall")).exits(2);
    assert!(ended.stderr.contains("TZ names"), "{}", ended.stderr);
    // One word has one meaning, whichever command is asked.
    for command in ["serve", "add"] {
        let ended = run(rehome().args(["bridge", command, "--until", "2099-01-31"])).exits(2);
        assert!(ended.stderr.contains("'--bridge-until'"), "{}", ended.stderr);
    }
    run(import(&sandbox, home.path()).args(["--bridge-until", "2099-01-31"])).exits(0);
}

#[test]
fn whoever_asks_for_nothing_does_not_hide_how_a_run_goes() {
    let (home, _) = prepared(20);
    let sandbox = Sandbox::start(&[]);
    let hold = home.path().join("hold");
    std::fs::write(&hold, "").expect("a file");
    let (mut importer, place, _said) = shown(import(&sandbox, home.path()).arg("--pause-file").arg(&hold));
    let idle: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(&place).expect("a connection")).collect();
    let now = super::http::send(&format!("http://{place}/metrics"), "GET", "", &[], None).expect("an answer");
    assert_eq!(now.status, 200);
    drop(idle);
    importer.kill().expect("killed");
    importer.wait().expect("ended");
}

/// Starts an import that shows metrics, and gives where.
fn shown(command: &mut Command) -> (Child, String, std::io::BufReader<std::process::ChildStderr>) {
    let mut importer =
        command.args(["--metrics", "0"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut said = std::io::BufReader::new(importer.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.starts_with("metrics: ") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut said, &mut line).expect("a line") > 0, "it ended too early");
    }
    let url = line.trim().strip_prefix("metrics: http://").and_then(|url| url.strip_suffix("/metrics"));
    let place = url.expect("a place").to_owned();
    assert!(place.starts_with("127.0.0.1:"), "{place}");
    (importer, place, said)
}

/// What `promtool check metrics` would find in the form, without it: each family has its help and type before its samples, once.
fn families(text: &str) -> std::collections::BTreeMap<String, f64> {
    let sample =
        regex::Regex::new(r#"^(rehome_[a-z_]+)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\}) (-?[0-9.]+(?:e-?\d+)?)$"#)
            .expect("a pattern");
    let (mut samples, mut typed) = (std::collections::BTreeMap::new(), String::new());
    for line in text.lines() {
        if let Some(about) = line.strip_prefix("# TYPE ") {
            let (name, kind) = about.split_once(' ').expect("a type");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(!text.split(line).nth(1).unwrap_or_default().contains(line), "twice: {line}");
            name.clone_into(&mut typed);
        } else if !line.starts_with("# HELP ") {
            let found = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
            assert!(found[1].starts_with(&typed), "{line} stands under {typed}");
            let value = found[3].parse().expect("a number");
            assert!(samples.insert(format!("{}{}", &found[1], &found[2]), value).is_none(), "twice: {line}");
        }
    }
    samples
}

#[test]
fn how_a_run_goes_is_shown_to_a_monitoring_system() {
    let (home, expected) = prepared(60);
    let sandbox = Sandbox::start(&["--limit", "40"]);
    let (file, hold) = (home.path().join("rehome.prom"), home.path().join("hold"));
    std::fs::write(&hold, "").expect("a file");
    let mut command = import(&sandbox, home.path());
    command.args(["--until", &clock(3600), "--metrics-file"]).arg(&file).arg("--pause-file").arg(&hold);
    let (mut importer, place, mut said) = shown(&mut command);
    let ask =
        |path: &str| super::http::send(&format!("http://{place}/{path}"), "GET", "", &[], None).expect("an answer");
    until(home.path(), "paused", |now| now["paused_since"].is_string());
    let now = ask("metrics");
    assert_eq!((now.status, &*now.headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let now = families(&now.text);
    assert_eq!((now["rehome_paused{run=\"run\"}"], now["rehome_running{run=\"run\"}"]), (1.0, 1.0));
    assert_eq!((now["rehome_users_total{run=\"run\",outcome=\"done\"}"], ask("").status), (0.0, 404));
    std::fs::remove_file(&hold).expect("removed");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).expect("its words");
    assert_eq!(importer.wait().expect("ended").code(), Some(0), "{rest}");
    assert_holds(&sandbox, &expected);

    let text = std::fs::read_to_string(&file).expect("the file");
    let last = families(&text);
    for (name, value) in [
        ("rehome_users_total{run=\"run\",outcome=\"done\"}", 60.0),
        ("rehome_run_records{run=\"run\",state=\"done\"}", 60.0),
        ("rehome_running{run=\"run\"}", 0.0),
        ("rehome_exit_code{run=\"run\"}", 0.0),
        ("rehome_requests_total{run=\"run\",kind=\"create\",outcome=\"served\"}", 60.0),
        ("rehome_requests_in_flight{run=\"run\"}", 0.0),
    ] {
        assert_eq!(last.get(name), Some(&value), "{name}: {text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o644);
    }
    let check =
        Command::new("promtool").args(["check", "metrics"]).stdin(std::fs::File::open(&file).expect("it")).output();
    match check {
        Ok(said) => assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr)),
        Err(_) => println!("skipped: this machine has no promtool"),
    }
    let nowhere = run(import(&sandbox, home.path()).args(["--metrics-file", "nowhere/x.prom"])).exits(1);
    assert!(nowhere.stderr.contains("nowhere/x.prom"), "{}", nowhere.stderr);
}

#[test]
fn the_code_that_is_shown_is_the_one_it_ends_with() {
    let (home, _) = prepared(3);
    let sandbox = Sandbox::start(&[]);
    let export = home.path().join("export.csv");
    let mut text = std::fs::read_to_string(&export).expect("the export");
    text.push_str(text.lines().nth(1).map(|line| format!("{line}\n")).expect("a user").as_str());
    std::fs::write(&export, text).expect("written");
    for (words, code) in [(&["--refused-ok"][..], 0), (&[], 3)] {
        let file = home.path().join("rehome.prom");
        run(import(&sandbox, home.path()).arg("--metrics-file").arg(&file).args(words)).exits(code);
        let last = families(&std::fs::read_to_string(&file).expect("the file"));
        assert_eq!(last["rehome_exit_code{run=\"run\"}"].to_string(), code.to_string());
        run(on_run(&sandbox, "resume", home.path()).arg("--metrics-file").arg(&file).args(words)).exits(code);
        let last = families(&std::fs::read_to_string(&file).expect("the file"));
        assert_eq!(last["rehome_exit_code{run=\"run\"}"].to_string(), code.to_string());
    }
}

/// What a person says in the file for an import holds for what every hint says to go on with it by.
#[test]
fn a_resume_goes_by_what_the_file_says_of_its_import() {
    let (home, _) = prepared(10);
    let sandbox = Sandbox::start(&[]);
    run(import(&sandbox, home.path()).args(["--limit", "3"])).exits(0);
    let hold = home.path().join("hold");
    std::fs::write(&hold, "").expect("a file");
    let settings = "[import]\npause-file = 'hold'\nrate = 90\nlimit = 4\nuntil = '05:00'\n[resume]\nuntil = '06:00'\n";
    std::fs::write(home.path().join("rehome.toml"), settings).expect("written");
    let resumed = run(on_run(&sandbox, "resume", home.path()).args(["--until", &clock(3)])).exits(75);
    assert!(resumed.stderr.contains("rehome.toml (pause-file, rate)"), "{}", resumed.stderr);
    assert_eq!(listed(&sandbox).len(), 3, "somebody was begun during a pause");
    std::fs::remove_file(&hold).expect("removed");
    let resumed = run(&mut on_run(&sandbox, "resume", home.path())).exits(0);
    assert!(resumed.stderr.contains("rehome.toml (pause-file, rate, until)"), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("nobody is begun after 06:00"), "{}", resumed.stderr);
    assert_eq!(listed(&sandbox).len(), 10);
}

/// Whom a stopped run had meant and not come to is asked about a hundred at a time, not one by one.
#[test]
fn what_a_stopped_run_had_not_come_to_costs_hardly_more_than_it_would_have() {
    let (home, expected) = prepared(400);
    let sandbox = slow();
    let mut importer = started(import(&sandbox, home.path()).args(["--concurrency", "4"]));
    until(home.path(), "begun", |now| now["done"].as_u64() > Some(8));
    assert!(Command::new("kill").args(["-TERM", &importer.id().to_string()]).status().expect("kill").success());
    assert_eq!(importer.wait().expect("ended").code(), Some(130));
    let left = status(home.path())["left"].as_u64().expect("a count");
    let mut resume = on_run(&sandbox, "resume", home.path());
    let done = run(resume.args(["--concurrency", "64", "--format", "json"])).exits(0).json();
    let requests = done["import"]["pace"]["requests"].as_u64().expect("a count");
    assert_holds(&sandbox, &expected);
    assert!(requests < 3 * left, "{requests} requests for {left} users");
}
