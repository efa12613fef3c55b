//! Nights on which everything happens: importer, verify, rollback and the server are killed at random, the target loses
//! answers, turns requests away and breaks connections, what stands before it lies, and its clock is two hours off; at the
//! end the target holds exactly the planned users, and after a rollback nobody.
//!
//! The long one: `cargo test -- --ignored soak --nocapture`, with SOAK_KILLS (1,000) and SOAK_USERS (400 a night).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rehome::appwrite::wire::{cursor_after, limit};
use rehome::appwrite::{Client, Target, preflight};
use serde_json::{Value, json};

use super::proxy::{Act, Passing, Proxy, error, html};
use super::util::{Sandbox, rehome, run};

const FAULTS: &str = "drop-after-commit=0.04,429=0.02,500=0.02,503=0.02,reset=0.03,delay=0.02:20ms";

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

/// In what a user of the target differs from what is wanted.
pub fn difference(user: &Value, wanted: &Value) -> Option<String> {
    wanted.as_object().expect("an object").iter().find_map(|(name, value)| {
        let is = match &user[name] {
            Value::Null if name == "password" => &json!(""),
            Value::Array(items) if name == "prefs" && items.is_empty() => &json!({}),
            Value::String(text) if name == "phone" && text.is_empty() => &Value::Null,
            other => other,
        };
        (is != value).then(|| format!("{name} is {is}, not {value}"))
    })
}

/// Fails unless the target holds exactly these users, equal in every attribute.
#[track_caller]
pub fn assert_holds(sandbox: &Sandbox, expected: &HashMap<String, Value>) {
    let there = listed(sandbox);
    assert_eq!(there.len(), expected.len(), "users at the target");
    for (id, wanted) in expected {
        let user = there.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        if let Some(text) = difference(user, wanted) {
            panic!("{id}: {text}");
        }
    }
}

/// Whoever is disabled was never left enabled: in each of their lives the first follow-up was the one that disables them.
fn not_disabled_first(logs: &[PathBuf], expected: &HashMap<String, Value>) -> Vec<String> {
    let mut first: HashMap<String, String> = HashMap::new();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for log in logs {
        for line in std::fs::read_to_string(log).expect("the access log").lines() {
            let mut words = line.split(' ').skip(2);
            let (Some(method), Some(path), Some(status)) = (words.next(), words.next(), words.next()) else { continue };
            let Some(path) = path.strip_prefix("/v1/users/") else { continue };
            let (id, rest) = path.split_once('/').unwrap_or((path, ""));
            if method == "DELETE" && rest.is_empty() {
                match status {
                    "204" => _ = first.remove(id),
                    // Perhaps before it was done, perhaps after.
                    "closed" => _ = first.insert(id.to_owned(), String::new()),
                    _ => {}
                }
            } else if method != "GET"
                && !rest.is_empty()
                // Done, or done perhaps: what comes too late finds nobody.
                && matches!(status, "200" | "closed")
                && expected.get(id).is_some_and(|user| user["status"] == false)
                && !first.contains_key(id)
            {
                seen += 1;
                if rest != "status" {
                    wrong.push(format!("{id}: {rest}"));
                }
                first.insert(id.to_owned(), rest.to_owned());
            }
        }
    }
    assert!(seen > 0, "nobody is disabled");
    wrong
}

/// Something before the target that lies now and then.
pub fn lies(seed: u64) -> impl Fn(&Passing) -> Act + Send + Sync + 'static {
    let rng = Mutex::new(fastrand::Rng::with_seed(seed));
    move |passing| {
        let lie = rng.lock().expect("a lock").u8(..200);
        match lie {
            0 => html(200),
            1 => html(403),
            2 => html(404),
            3 => error(500, "general_unknown", "Server Error"),
            4 => Act::Say(201, "application/json", r#"{"$id":"somebody","status":true}"#.into()),
            5 => Act::Say(200, "application/json", r#"{"status":"blocked"}"#.into()),
            6 => Act::PassAndDrop,
            7 => Act::PassAndSay(200, "text/html", "<html>".into()),
            8 => Act::PassAndSay(504, "text/html", "<html>".into()),
            // Of a create the second answer is that the user is there: not by this run, for all that it can know.
            9 if !passing.creates() => Act::Twice,
            10 if passing.creates() => error(401, "general_unauthorized_scope", "missing scope"),
            _ => Act::Pass,
        }
    }
}

/// What was killed, and what came of it.
#[derive(Debug, Default)]
struct Toll {
    killed: BTreeMap<&'static str, usize>,
    ended: usize,
    lost: usize,
    doubled: usize,
    wrong: Vec<String>,
}

impl Toll {
    fn kills(&self) -> usize {
        self.killed.values().sum()
    }

    fn add(&mut self, other: Self) {
        for (what, n) in other.killed {
            *self.killed.entry(what).or_default() += n;
        }
        self.ended += other.ended;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.wrong.extend(other.wrong);
    }

    #[track_caller]
    fn is_clean(&self) {
        assert!(self.lost == 0 && self.doubled == 0 && self.wrong.is_empty(), "{self:?}");
    }
}

/// One run of so many users, in which something is killed so many times.
fn night(seed: u64, n: usize, kills: usize, lifetime: &Range<u64>) -> Toll {
    let home = tempfile::tempdir().expect("a folder");
    let (export, folder) = (home.path().join("export.csv"), home.path().join("run"));
    let (store, mut logs) = (home.path().join("store.sqlite"), Vec::new());
    let (csv, expected) = users(n);
    std::fs::write(&export, csv).expect("written");
    let faults = format!("seed={seed},{FAULTS}");
    let mut serve = |address: &str| {
        let log = home.path().join(format!("access-{}.log", logs.len()));
        logs.push(log.clone());
        let store = store.to_str().expect("a path");
        Sandbox::start_logged(&["--faults", &faults, "--access-log", "--store", store, "--listen", address], &log)
    };
    let mut sandbox = serve("127.0.0.1:0");
    let address = sandbox.endpoint.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let proxy = Proxy::before(&sandbox, lies(seed));
    proxy.set_ahead([0, 7200, -7200][(seed % 3) as usize]);
    let command = |sandbox: &Sandbox, words: &[&str]| {
        let mut command = sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", &proxy.endpoint).args(words);
        if words == ["import"] {
            command.arg(&export).args(["--give-up-after", "120"]).arg("--run");
        }
        command.arg(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };

    let mut rng = fastrand::Rng::with_seed(seed);
    let mut toll = Toll::default();
    let mut begun = false;
    while toll.kills() < kills {
        let (name, words): (_, &[&str]) = match rng.u8(..20) {
            0..2 if begun => ("verify", &["verify"]),
            2..4 if begun => ("rollback", &["rollback", "--yes"]),
            4..8 if begun => ("resume", &["resume"]),
            _ => ("import", &["import"]),
        };
        let mut child = command(&sandbox, words).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(rng.u64(lifetime.clone())));
        if rng.u8(..12) == 0 {
            drop(sandbox);
            std::thread::sleep(Duration::from_millis(rng.u64(..100)));
            sandbox = serve(&address);
            *toll.killed.entry("server").or_default() += 1;
        }
        match end(&mut child) {
            None => *toll.killed.entry(name).or_default() += 1,
            // Done, some are not, or the target was not to be believed.
            Some(0 | 3 | 4) => toll.ended += 1,
            // Killed before it had begun.
            Some(2) if words != ["import"] => {}
            Some(code) => toll.wrong.push(format!("night {seed}: {name} ended with {code}")),
        }
        begun = begun || folder.join("report.json").exists();
    }

    // The morning after: nobody lies any more, though answers are lost still.
    proxy.now(|_| Act::Pass);
    let said = |words: &[&str], code: i32| {
        let ended = run(command(&sandbox, words).stdout(Stdio::piped()).stderr(Stdio::piped()));
        if ended.code == code {
            None
        } else {
            Some(format!("night {seed}: {words:?}: {} {}", ended.code, ended.stderr))
        }
    };
    toll.wrong.extend(said(&["import"], 0));
    compare(&sandbox, &expected, seed, &mut toll);
    toll.wrong.extend(not_disabled_first(&logs, &expected));
    let status = run(rehome().args(["status", "--format", "json"]).arg(&folder)).exits(0).json();
    let counts = ["records", "created", "done", "left", "refused", "failed"].map(|name| status[name].as_u64());
    if counts != [n as u64, n as u64, n as u64, 0, 0, 0].map(Some) {
        toll.wrong.push(format!("night {seed}: {status}"));
    }
    let verify = run(command(&sandbox, &["verify", "--format", "json"]).stdout(Stdio::piped())).json();
    if verify["verify"]["same"] != n {
        toll.wrong.push(format!("night {seed}: {}", verify["verify"]));
    }
    toll.wrong.extend(said(&["rollback", "--yes"], 0));
    let left = listed(&sandbox).len();
    if left > 0 {
        toll.wrong.push(format!("night {seed}: rollback left {left}"));
    }
    toll
}

/// Kills it; its exit code if it had ended before.
fn end(child: &mut Child) -> Option<i32> {
    let ended = child.try_wait().expect("a process");
    let _ = child.kill();
    child.wait().expect("ended");
    ended.map(|status| status.code().unwrap_or(-1))
}

/// The target beside the plan, user by user.
fn compare(sandbox: &Sandbox, expected: &HashMap<String, Value>, seed: u64, toll: &mut Toll) {
    let there = listed(sandbox);
    for (id, wanted) in expected {
        match there.get(id) {
            None => toll.lost += 1,
            Some(user) => toll.wrong.extend(difference(user, wanted).map(|text| format!("night {seed}: {id}: {text}"))),
        }
    }
    toll.doubled += there.keys().filter(|id| !expected.contains_key(*id)).count();
}

#[test]
fn killed_at_random_and_everybody_is_there_once() {
    for seed in 0..2 {
        night(seed, 200, 5, &(60..400)).is_clean();
    }
}

#[test]
#[ignore = "takes half an hour: cargo test -- --ignored soak --nocapture"]
fn soak_for_long() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (users, kills) = (number("SOAK_USERS", 400), number("SOAK_KILLS", 1000));
    let mut toll = Toll::default();
    for seed in number("SOAK_SEED", 0).. {
        if toll.kills() >= kills {
            break;
        }
        toll.add(night(seed as u64, users, 25, &(30..900)));
        println!(
            "night {seed}: {} kills {:?}, {} ended, {} lost, {} doubled, wrong: {:?}",
            toll.kills(),
            toll.killed,
            toll.ended,
            toll.lost,
            toll.doubled,
            toll.wrong
        );
    }
    toll.is_clean();
}
