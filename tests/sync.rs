//! The evening: a run, a later export of the same users, and a target that was used in between. What is expected of every
//! kind of change stands beside what is found.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rehome::appwrite::wire::{Edit, Request};
use rehome::appwrite::{Client, Target};
use serde_json::{Value, json};

use super::import::meanwhile;
use super::proxy::{Act, Proxy};
use super::soak::{difference, lies, listed};
use super::util::{Run, Sandbox, rehome, run};

/// A password, and its MD5.
const KNOWN: (&str, &str) = ("a word that is known", "13e43df4e5b0697e8420ddfa28f009ef");
/// Kinds of change; a user's is its number modulo this.
const KINDS: usize = 33;

#[derive(Clone, PartialEq)]
struct Person {
    id: String,
    email: String,
    verified: bool,
    phone: String,
    name: String,
    enabled: bool,
    labels: String,
    prefs: Value,
    hash: String,
}

impl Person {
    fn new(i: usize) -> Self {
        let kind = i % KINDS;
        Self {
            id: format!("user-{i}"),
            email: format!("person{i}@example.com"),
            verified: kind != 6,
            phone: if kind == 3 || i.is_multiple_of(4) { format!("+49151{i:08}") } else { String::new() },
            name: format!("Person {i}"),
            enabled: kind != 8,
            labels: if i.is_multiple_of(5) { "vip".into() } else { String::new() },
            prefs: if i.is_multiple_of(6) { json!({"seat": i, "list": {"0": "x"}, "ratio": 1.0}) } else { json!({}) },
            hash: if kind == 24 { KNOWN.1.into() } else { format!("{i:032x}") },
        }
    }

    fn row(&self) -> String {
        let prefs = if self.prefs == json!({}) { String::new() } else { self.prefs.to_string().replace('"', "\"\"") };
        let Self { id, email, verified, phone, name, enabled, labels, hash, .. } = self;
        format!("{id},{email},{verified},{phone},{name},{enabled},{labels},\"{prefs}\",{hash},md5\n")
    }

    /// As the target is to have them.
    fn user(&self) -> Value {
        let mut prefs = self.prefs.clone();
        if prefs.get("list").is_some() {
            prefs["list"] = json!(["x"]);
            prefs["ratio"] = json!(1);
        }
        json!({
            "email": self.email, "name": self.name, "status": self.enabled, "emailVerification": self.verified,
            "phone": if self.phone.is_empty() { Value::Null } else { json!(self.phone) },
            "labels": if self.labels.is_empty() { json!([]) } else { json!([self.labels]) },
            "prefs": prefs, "password": self.hash, "hash": "md5",
        })
    }
}

fn csv(people: impl Iterator<Item = Person>) -> String {
    let header = "id,email,email_verified,phone,name,enabled,labels,prefs,password_hash,password_scheme\n";
    header.to_owned() + &people.map(|person| person.row()).collect::<String>()
}

fn other_hash(i: usize) -> String {
    format!("{:032x}", 0xffff_0000 + i)
}

/// What is to come of everybody: at the target, and in `changes.csv`.
struct Expected {
    users: HashMap<String, Value>,
    kinds: BTreeMap<String, BTreeSet<&'static str>>,
    /// Requests that change somebody, those of new users not among them.
    edits: usize,
}

struct Evening {
    home: tempfile::TempDir,
    sandbox: Sandbox,
    proxy: Proxy,
    log: PathBuf,
    expected: Expected,
}

impl Evening {
    /// An import, what happened at the target since, and the later export.
    fn new(n: usize, gone: &str, sandbox_args: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let log = home.path().join("access.log");
        let sandbox = Sandbox::start_logged(&[&["--access-log"], sandbox_args].concat(), &log);
        let proxy = Proxy::before(&sandbox, |_| Act::Pass);
        let before: Vec<Person> = (0..n).map(Person::new).collect();
        std::fs::write(home.path().join("export.csv"), csv(before.iter().cloned())).expect("written");
        let mut import = sandbox.rehome();
        // A large one goes straight: the proxy takes a connection a request.
        if n < 1000 {
            import.env("APPWRITE_ENDPOINT", &proxy.endpoint);
        }
        import.arg("import").arg(home.path().join("export.csv")).args(["--give-up-after", "120"]);
        run(import.arg("--run").arg(home.path().join("run"))).exits(0);
        // What is set within a tenth of a second of the create is taken for the create's.
        std::thread::sleep(Duration::from_millis(200));

        let mut expected = Expected { users: HashMap::new(), kinds: BTreeMap::new(), edits: 0 };
        let mut later = Vec::new();
        let mut taken = Vec::new();
        for (i, was) in before.into_iter().enumerate() {
            let id = was.id.clone();
            let edit = |edit: &Edit| meanwhile(&sandbox, &edit.request(&id));
            let mut now = was.clone();
            let mut there = Some(was.user());
            let mut kinds: &[&'static str] = &["changed"];
            let mut edits = 1;
            match i % KINDS {
                1 => (now.email, edits) = (format!("moved{i}@example.com"), 2),
                2 => now.name = format!("Renamed {i}"),
                3 => now.phone = format!("+49152{i:08}"),
                4 => now.labels = "staff".into(),
                5 => now.prefs = json!({"seat": "none"}),
                6 => now.verified = true,
                7 => now.enabled = false,
                8 => now.enabled = true,
                9 | 18 => {
                    now.hash = other_hash(i);
                    (kinds, edits) = (&["password"], 3);
                    if i % KINDS == 18 {
                        (now.email, edits) = (format!("moved{i}@example.com"), 4);
                    }
                }
                10 => {
                    meanwhile(&sandbox, &Request::post(format!("/users/{id}/sessions"), &json!({})));
                    now.hash = other_hash(i);
                    (kinds, edits) = (&["stale-password"], 0);
                }
                11 => {
                    let set = json!({"password": "a word of one's own"});
                    meanwhile(&sandbox, &Request::patch(format!("/users/{id}/password"), &set));
                    now.hash = other_hash(i);
                    (kinds, edits) = (&["changed-on-both"], 0);
                }
                12 => {
                    edit(&Edit::Email(format!("own{i}@example.com")));
                    (kinds, edits) = (&[], 0);
                }
                13 => {
                    edit(&Edit::Email(format!("own{i}@example.com")));
                    now.name = format!("Renamed {i}");
                    kinds = &["changed", "changed-at-target"];
                }
                14 => {
                    edit(&Edit::Name(format!("Own {i}")));
                    now.name = format!("Renamed {i}");
                    (kinds, edits) = (&["changed-on-both"], 0);
                }
                15 => {
                    edit(&Edit::Name(format!("Renamed {i}")));
                    now.name = format!("Renamed {i}");
                    (kinds, edits) = (&[], 0);
                }
                16 => {
                    kinds = &["gone"];
                    edits = usize::from(gone != "keep");
                    if gone == "delete" {
                        there = None;
                    }
                }
                19 => {
                    meanwhile(&sandbox, &Request::patch(format!("/users/{id}/mfa"), &json!({"mfa": true})));
                    now.hash = other_hash(i);
                    (kinds, edits) = (&["stale-password"], 0);
                }
                20 => {
                    meanwhile(&sandbox, &Request::delete(&id));
                    now.name = format!("Renamed {i}");
                    (kinds, edits) = (&["gone-at-target"], 0);
                    there = None;
                }
                21 => {
                    let email = format!("taken{i}@example.com");
                    let holder = json!({"userId": format!("holder-{i}"), "email": email, "password": other_hash(i)});
                    meanwhile(&sandbox, &Request::post("/users/md5", &holder));
                    taken.push(format!("holder-{i}"));
                    now.email = email;
                    kinds = &["failed"];
                    edits = 0;
                }
                22 => {
                    edit(&Edit::Name(format!("Own {i}")));
                    now.hash = other_hash(i);
                    (kinds, edits) = (&["changed-at-target", "stale-password"], 0);
                }
                24 => {
                    // Signed in, which re-hashes the password, and out again.
                    let session = answered(&sandbox, &Request::sign_in(&was.email, KNOWN.0));
                    let session = session["$id"].as_str().expect("a session").to_owned();
                    meanwhile(&sandbox, &Request::end_session(&id, &session));
                    now.hash = other_hash(i);
                    (kinds, edits) = (&["stale-password"], 0);
                }
                _ => (kinds, edits) = (&[], 0),
            }
            // The target in the end: the source's, but for what is kept.
            let there = there.map(|was| {
                let mut user = match i % KINDS {
                    1..=9 | 13 | 18 => now.user(),
                    _ => was,
                };
                match i % KINDS {
                    11 => _ = (user["password"].take(), user["hash"].take()),
                    24 => _ = (user["password"].take(), user["hash"] = json!("argon2")),
                    12 | 13 => {
                        user["email"] = json!(format!("own{i}@example.com"));
                        user["emailVerification"] = json!(false);
                    }
                    14 | 22 => user["name"] = json!(format!("Own {i}")),
                    15 => user["name"] = json!(format!("Renamed {i}")),
                    16 if gone == "disable" => user["status"] = json!(false),
                    _ => {}
                }
                user
            });
            expected.users.extend(there.map(|user| (id.clone(), user)));
            if !kinds.is_empty() {
                expected.kinds.insert(id, kinds.iter().copied().collect());
            }
            expected.edits += edits;
            if i % KINDS != 16 {
                later.push(now);
            }
        }
        // New ones among the others, so that hardly a record keeps its number.
        for i in 0..n / KINDS {
            let new = Person { id: format!("new-{i}"), ..Person::new(n + i * KINDS) };
            expected.users.insert(new.id.clone(), new.user());
            expected.kinds.insert(new.id.clone(), BTreeSet::from(["new"]));
            later.insert(i * 3, new);
        }
        expected.users.extend(taken.into_iter().map(|id| (id, json!({}))));
        std::fs::write(home.path().join("later.csv"), csv(later.into_iter())).expect("written");
        Self { home, sandbox, proxy, log, expected }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("run")
    }

    fn sync(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.rehome();
        command.arg("sync").arg(self.home.path().join("later.csv")).args(words).arg("--run").arg(self.folder());
        command
    }

    /// Requests so far that could change somebody: all but reads, and what only asks.
    fn sent(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).expect("the access log");
        let lines = log.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(2);
            let (method, path, status) = (words.next()?, words.next()?, words.next()?);
            let asks =
                method == "GET" || path.contains("rehome-nobody") || path.contains("/account") || status == "400";
            (!asks).then(|| format!("{method} {path} {status}"))
        });
        lines.collect()
    }

    /// `changes.csv` as kinds by user.
    fn found(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let list = std::fs::read_to_string(self.folder().join("changes.csv")).expect("a list");
        for line in list.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            found.entry(cells[1].to_owned()).or_default().insert(cells[2].to_owned());
        }
        found
    }

    #[track_caller]
    fn target_is_as_expected(&self) {
        let there = listed(&self.sandbox);
        let mut wrong = Vec::new();
        for (id, wanted) in &self.expected.users {
            match there.get(id) {
                None => wrong.push(format!("{id} is missing")),
                Some(user) => {
                    let mut wanted = wanted.clone();
                    let members = wanted.as_object_mut().expect("an object");
                    members.retain(|name, value| !value.is_null() || name == "phone");
                    wrong.extend(difference(user, &wanted).map(|text| format!("{id}: {text}")));
                }
            }
        }
        wrong.extend(
            there.keys().filter(|id| !self.expected.users.contains_key(*id)).map(|id| format!("{id} is extra")),
        );
        assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
    }

    #[track_caller]
    fn named_as_expected(&self) {
        let found = self.found();
        let found: BTreeMap<&str, Vec<&str>> =
            found.iter().map(|(id, kinds)| (&**id, kinds.iter().map(String::as_str).collect())).collect();
        let expected: BTreeMap<&str, Vec<&str>> =
            self.expected.kinds.iter().map(|(id, kinds)| (&**id, kinds.iter().copied().collect())).collect();
        for id in found.keys().chain(expected.keys()) {
            assert_eq!(found.get(id), expected.get(id), "{id}");
        }
    }
}

/// The answer to a request of somebody else.
fn answered(sandbox: &Sandbox, request: &Request) -> Value {
    let target = Target::new(&*sandbox.endpoint, &*sandbox.project, &*sandbox.key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(async { Client::new(target, 1).expect("a client").send(request).await });
    answer.expect("an answer").json()
}

fn count(run: &Run, kind: &str) -> u64 {
    run.json()["counts"][kind].as_u64().unwrap_or(0)
}

#[test]
fn every_kind_of_change_on_both_sides_ends_as_it_should() {
    const N: usize = 1200;
    for gone in ["keep", "disable", "delete"] {
        let n = if gone == "keep" { N } else { 99 };
        let evening = Evening::new(n, gone, &[]);
        let (before, there) = (evening.sent().len(), listed(&evening.sandbox));
        let words = ["--gone", gone, "--format", "json"];
        let dry = run(&mut evening.sync(&[&words[..], &["--dry-run"]].concat())).exits(3);
        assert_eq!(evening.sent().len(), before, "a dry run sends nothing");
        assert_eq!(listed(&evening.sandbox), there);
        // It cannot know whose address is somebody else's.
        let dry_found = evening.found();

        let done = run(&mut evening.sync(&words)).exits(3);
        evening.target_is_as_expected();
        evening.named_as_expected();
        for (id, kinds) in evening.found() {
            if !kinds.contains("failed") {
                assert_eq!(dry_found.get(&id), Some(&kinds), "{id}: a dry run says the same");
            }
        }
        assert_eq!(count(&dry, "password"), count(&done, "password"));
        // Exactly the requests that are needed, and those of new users.
        let sent = evening.sent();
        let of_new = |line: &&String| line.contains("/new-") || line.starts_with("POST");
        let edits: Vec<&String> = sent[before..].iter().filter(|line| !of_new(line)).collect();
        let remade = 2 * count(&done, "password") as usize;
        let refused = edits.iter().filter(|line| line.ends_with("409")).count();
        assert_eq!(refused as u64, count(&done, "failed"));
        // Of a user who is made again: disabled and deleted here; created, and the follow-ups, as an import does it.
        let follow_ups = edits.len() - refused - (evening.expected.edits - remade / 2);
        assert!(follow_ups <= 3 * remade / 2, "{follow_ups} of {}", edits.len());

        // A second one has nothing to send, and names again who is to be looked at.
        let before = evening.sent().len();
        let again = run(&mut evening.sync(&words)).exits(3);
        let sent: Vec<String> = evening.sent().split_off(before);
        assert!(sent.iter().all(|line| line.ends_with("409")), "{sent:?}");
        assert_eq!(["new", "changed", "password"].map(|kind| count(&again, kind)), [0, 0, 0], "{}", again.stdout);
        evening.target_is_as_expected();
        if gone == "keep" {
            // Whose both sides changed is named until somebody looks.
            assert_eq!(count(&again, "changed-on-both"), count(&done, "changed-on-both"));
            assert_eq!(count(&again, "gone"), count(&done, "gone"));
        }
        // It is a run as any other.
        let status = run(rehome().args(["status", "--format", "json"]).arg(evening.folder())).exits(0).json();
        assert_eq!([&status["left"], &status["failed"]], [0, 0], "{status}");
        let verify = run(evening.sandbox.rehome().args(["verify", "--format", "json"]).arg(evening.folder())).exits(3);
        assert_eq!(
            verify.json()["verify"]["stray"],
            (n / KINDS) as u64 + u64::from(n % KINDS > 21),
            "the holders alone"
        );
    }
}

/// The same, killed again and again while answers are lost and something lies.
#[test]
fn a_sync_that_is_killed_goes_on_and_nobody_is_lost_or_doubled() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (kills, seed) = (number("SYNC_KILLS", 6), number("SYNC_SEED", 9));
    let evening = Evening::new(198, "delete", &[]);
    evening.proxy.now(lies(seed));
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut killed, mut done) = (0, false);
    for _ in 0..kills {
        let mut command = evening.sync(&["--gone", "delete"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(rng.u64(100..700)));
        if let Some(end) = child.try_wait().expect("a process") {
            // Whatever began anew after its end would have a list of its own.
            done = end.code() == Some(3);
            break;
        }
        killed += 1;
        let _ = child.kill();
        let _ = child.wait();
    }
    evening.proxy.now(|_| Act::Pass);
    for _ in 0..4 {
        done = done || run(&mut evening.sync(&["--gone", "delete"])).code == 3;
    }
    assert!(done, "it never came to its end");
    assert!(killed > 0, "it was never killed");
    println!("{killed} kills");
    evening.target_is_as_expected();
    evening.named_as_expected();
}

#[test]
fn a_ledger_that_an_older_rehome_wrote_is_read_and_says_less() {
    let evening = Evening::new(66, "keep", &[]);
    let ledger = rusqlite::Connection::open(evening.folder().join("ledger.sqlite")).expect("a ledger");
    let older = "ALTER TABLE users DROP COLUMN left; DELETE FROM meta WHERE key = 'mark_key'; PRAGMA user_version = 1";
    ledger.execute_batch(older).expect("made older");
    drop(ledger);
    let status = run(rehome().args(["status", "--format", "json"]).arg(evening.folder())).exits(0).json();
    assert_eq!(status["done"], 66, "{status}");
    run(&mut evening.sync(&["--quiet"])).exits(3);
    // Whoever was changed by nobody but the source is as it says now; of the others it is not known who changed what.
    let there = listed(&evening.sandbox);
    let found = evening.found();
    for i in 0..66 {
        let id = format!("user-{i}");
        match i % KINDS {
            0..=9 | 18 | 23 | 25..=32 => {
                let wanted = &evening.expected.users[&id];
                assert_eq!(difference(&there[&id], wanted), None, "{id}");
            }
            24 => {
                assert!(found[&id].contains("stale-password"), "{id}: {found:?}");
                assert_eq!(there[&id]["hash"], "argon2", "{id}");
            }
            12..=14 => assert!(found[&id].contains("changed-on-both"), "{id}: {found:?}"),
            _ => {}
        }
    }
    // From then on it is known.
    let again = run(&mut evening.sync(&["--format", "json"])).exits(3).json();
    assert!(again["unchanged"].as_u64() >= Some(40), "{again}");
}

#[test]
fn what_is_a_sync_and_what_is_not_is_said() {
    let evening = Evening::new(10, "keep", &[]);
    let later = evening.home.path().join("later.csv");
    let mut import = evening.sandbox.rehome();
    import.env("APPWRITE_ENDPOINT", &evening.proxy.endpoint).arg("import").arg(&later);
    let refused = run(import.arg("--run").arg(evening.folder())).exits(5);
    assert!(refused.stderr.contains(&format!("rehome sync {}", later.display())), "{}", refused.stderr);

    // Cut off before it has ended: nothing else goes on with the run.
    evening.proxy.now(|passing| if passing.method == "PATCH" { super::proxy::html(503) } else { Act::Pass });
    let mut cut = evening.sync(&[]);
    let mut child = cut.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let syncing = || {
        let ledger = rusqlite::Connection::open(evening.folder().join("ledger.sqlite")).expect("a ledger");
        let _ = ledger.busy_timeout(Duration::from_secs(10));
        ledger.query_row("SELECT count(*) FROM meta WHERE key = 'syncing'", [], |row| row.get::<_, i64>(0)) == Ok(1)
    };
    for _ in 0..3000 {
        if syncing() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    evening.proxy.now(|_| Act::Pass);
    for command in ["resume", "verify"] {
        let said = run(evening.sandbox.rehome().arg(command).arg(evening.folder())).exits(2);
        assert!(said.stderr.contains("rehome sync") && said.stderr.contains("later.csv"), "{command}: {}", said.stderr);
    }
    run(&mut evening.sync(&["--quiet"])).exits(0);
    evening.target_is_as_expected();
    run(evening.sandbox.rehome().args(["verify", "--quiet"]).arg(evening.folder())).exits(0);

    // Another source's export is no later one.
    let other = evening.home.path().join("other.csv");
    std::fs::write(&other, "id,mail\n").expect("written");
    let mut command = evening.sandbox.rehome();
    let said = run(command.arg("sync").arg(&other).arg("--run").arg(evening.folder()));
    assert!(said.code != 0 && said.code != 3, "{} {}", said.code, said.stderr);
}
