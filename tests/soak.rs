//! The evening on which everything happens: the importer is killed at random, the target loses answers, turns requests
//! away and breaks connections; at the end the target holds exactly the planned users.
//!
//! The long one: `cargo test --release -- --ignored soak`, with SOAK_USERS and SOAK_KILLS (10,000 and 200).

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rehome::appwrite::wire::{cursor_after, limit};
use rehome::appwrite::{Client, Target, preflight};
use serde_json::{Value, json};

use super::util::{Sandbox, rehome, run};

const FAULTS: &str = "seed=7,drop-after-commit=0.04,429=0.02,500=0.02,503=0.02,reset=0.03,delay=0.02:20ms";

/// Users of every kind, as a generic export, and what the target must hold for each afterwards.
pub fn users(n: usize) -> (String, HashMap<String, Value>) {
    let mut csv = String::from(
        "id,email,email_verified,phone,phone_verified,name,enabled,labels,prefs,password_hash,password_scheme\n",
    );
    let mut expected = HashMap::new();
    for i in 0..n {
        let (id, email) = (format!("user-{i}"), format!("person{i}@example.com"));
        let (verified, enabled) = (i % 3 != 0, i % 7 != 0);
        let phone = (i % 4 == 0).then(|| format!("+49151{i:08}"));
        let phone_verified = i % 8 == 0;
        let label = (i % 5 == 0).then_some("vip");
        let prefs = (i % 6 == 0).then(|| json!({"plan": "pro", "seat": i}));
        let hash = if i % 11 == 0 { String::new() } else { format!("{i:032x}") };
        let scheme = if hash.is_empty() { "" } else { "md5" };
        let phone_text = phone.as_deref().unwrap_or_default();
        let prefs_text =
            prefs.as_ref().map_or(String::new(), |p| format!("\"{}\"", p.to_string().replace('"', "\"\"")));
        let label_text = label.unwrap_or_default();
        csv.push_str(
            &[
                &*id,
                &*email,
                &verified.to_string(),
                phone_text,
                &phone_verified.to_string(),
                &format!("Person {i}"),
                &enabled.to_string(),
                label_text,
                &prefs_text,
                &*hash,
                scheme,
            ]
            .join(","),
        );
        csv.push('\n');
        let user = json!({
            "email": email, "name": format!("Person {i}"), "status": enabled, "emailVerification": verified,
            "phone": phone, "phoneVerification": phone.is_some() && phone_verified,
            "labels": label.into_iter().collect::<Vec<_>>(), "prefs": prefs.unwrap_or(json!({})),
            "password": hash, "hash": if hash.is_empty() { "argon2" } else { "md5" },
        });
        expected.insert(id, user);
    }
    (csv, expected)
}

/// Everybody whom the target holds.
pub fn listed(sandbox: &Sandbox) -> HashMap<String, Value> {
    let target = Target::new(&*sandbox.endpoint, &*sandbox.project, &*sandbox.key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = Client::new(target, 1).expect("a client");
        let mut all = HashMap::new();
        let mut last: Option<String> = None;
        loop {
            let mut queries = vec![limit(100)];
            queries.extend(last.as_deref().map(cursor_after));
            let page = preflight::users(&client, &queries).await.expect("a page");
            last = page.last().and_then(|user| user["$id"].as_str()).map(str::to_owned);
            let whole = page.len() == 100;
            for user in page {
                let id = user["$id"].as_str().expect("an id").to_owned();
                assert!(all.insert(id.clone(), user).is_none(), "{id} is there twice");
            }
            if !whole {
                return all;
            }
        }
    })
}

/// Fails unless the target holds exactly these users, equal in every attribute.
#[track_caller]
pub fn assert_holds(sandbox: &Sandbox, expected: &HashMap<String, Value>) {
    let there = listed(sandbox);
    assert_eq!(there.len(), expected.len(), "users at the target");
    for (id, wanted) in expected {
        let user = there.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        for (name, value) in wanted.as_object().expect("an object") {
            let is = match &user[name] {
                Value::Null if name == "password" => &json!(""),
                Value::Array(items) if name == "prefs" && items.is_empty() => &json!({}),
                Value::String(text) if name == "phone" && text.is_empty() => &Value::Null,
                other => other,
            };
            assert_eq!(is, value, "{id}: {name}");
        }
    }
}

/// The first follow-up of every disabled user must have been the one that disables them.
fn assert_disabled_first(log: &Path, expected: &HashMap<String, Value>) {
    let log = std::fs::read_to_string(log).expect("the access log");
    let mut first: HashMap<&str, &str> = HashMap::new();
    for line in log.lines() {
        let mut words = line.split(' ').skip(2);
        let (Some(method), Some(path)) = (words.next(), words.next()) else { continue };
        let Some((id, rest)) = path.strip_prefix("/v1/users/").and_then(|path| path.split_once('/')) else { continue };
        if method != "GET" {
            first.entry(id).or_insert(rest);
        }
    }
    let disabled = expected.iter().filter(|(_, user)| user["status"] == false);
    let mut seen = 0;
    for (id, _) in disabled {
        assert_eq!(first.get(id.as_str()), Some(&"status"), "{id}");
        seen += 1;
    }
    assert!(seen > 0, "nobody is disabled");
}

fn soak(n: usize, kills: usize, lifetime: std::ops::Range<u64>) {
    let home = tempfile::tempdir().expect("a folder");
    let (export, folder) = (home.path().join("export.csv"), home.path().join("run"));
    let log = home.path().join("access.log");
    let (csv, expected) = users(n);
    std::fs::write(&export, csv).expect("written");
    let sandbox = Sandbox::start_logged(&["--faults", FAULTS, "--access-log"], &log);

    let mut rng = fastrand::Rng::with_seed(11);
    let mut killed = 0;
    while killed < kills {
        let mut importer = sandbox
            .rehome()
            .arg("import")
            .arg(&export)
            .arg("--run")
            .arg(&folder)
            .args(["--give-up-after", "120"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the importer starts");
        std::thread::sleep(Duration::from_millis(rng.u64(lifetime.clone())));
        let ended = importer.try_wait().expect("a process");
        importer.kill().expect("killed");
        let status = importer.wait().expect("ended");
        if ended.is_some() {
            assert!(status.success(), "{status}");
            break;
        }
        killed += 1;
    }
    let last = sandbox.rehome().args(["resume", "--give-up-after", "120"]).arg(&folder).output();
    let last = last.expect("the importer runs");
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));

    assert_holds(&sandbox, &expected);
    assert_disabled_first(&log, &expected);
    let status = run(rehome().args(["status", "--format", "json"]).arg(&folder)).exits(0).json();
    let counts = ["records", "created", "done", "left", "refused", "failed"].map(|name| status[name].as_u64());
    assert_eq!(counts, [n as u64, n as u64, n as u64, 0, 0, 0].map(Some), "after {killed} kills: {status}");
    let verify = run(sandbox.rehome().arg("verify").arg(&folder).args(["--format", "json"])).exits(0).json();
    assert_eq!(verify["verify"]["same"], n, "{}", verify["verify"]);
    println!("{n} users, {killed} kills");
}

#[test]
fn killed_at_random_and_everybody_is_there_once() {
    soak(300, 8, 60..400);
}

#[test]
#[ignore = "takes minutes: cargo test --release -- --ignored soak"]
fn soak_for_long() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    soak(number("SOAK_USERS", 10_000), number("SOAK_KILLS", 200), 30..900);
}
