//! The evening on exports as they are: a WordPress's SQL and a Firebase's JSON, imported days before, and brought up to date at
//! the switch. One in 33 was changed in between, in every way and on both sides; of everybody else nothing may be asked.
//!
//! The long ones: `cargo test -- --ignored evening --nocapture`, with EVENING_USERS (100,000) and EVENING_KILLS (50).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rehome::appwrite::wire::{Edit, Request};
use rehome::appwrite::{Client, Target};
use serde_json::{Value, json};

use super::soak::{difference, listed};
use super::util::{Run, Sandbox, fixture, rehome, run};

/// One in so many was changed.
const ONE_IN: usize = 33;

/// Ways to change.
const WAYS: [&str; 15] = [
    "address at the source",
    "name at the source",
    "role at the source",
    "hash at the source",
    "hash at the source, signed in since",
    "address at the target",
    "name on both sides",
    "address at the target, name at the source",
    "gone at the source",
    "gone at the target, name at the source",
    "password on both sides",
    "address and hash at the source",
    "verified or blocked at the source",
    "number at the source",
    "name on both sides, to the same",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum System {
    WordPress,
    Firebase,
}

#[derive(Clone)]
struct Person {
    number: usize,
    email: String,
    name: String,
    role: &'static str,
    verified: bool,
    enabled: bool,
    phone: String,
    hash: usize,
}

impl Person {
    fn new(number: usize) -> Self {
        Self {
            number,
            email: format!("person{number}@example.com"),
            name: format!("Person O'{number}"),
            role: if number.is_multiple_of(5) { "editor" } else { "subscriber" },
            verified: number.is_multiple_of(2),
            enabled: true,
            phone: if number.is_multiple_of(4) { format!("+49151{number:08}") } else { String::new() },
            hash: number,
        }
    }
}

impl System {
    fn id(self, number: usize) -> String {
        match self {
            Self::WordPress => number.to_string(),
            Self::Firebase => format!("uid{number:025}"),
        }
    }

    fn hash(self, n: usize) -> String {
        match self {
            // The last of the 22 digits holds two bits alone.
            Self::WordPress => format!("$P$B{n:08}{:021}.", n * 7),
            Self::Firebase => {
                let bytes: Vec<u8> =
                    (0..64).map(|at| ((n * 31 + at * 7) % 251) as u8 ^ (n >> (at % 24)) as u8).collect();
                STANDARD.encode(bytes)
            }
        }
    }

    fn export(self, people: &[Person]) -> String {
        let mut text = String::new();
        match self {
            Self::WordPress => {
                text += "-- MySQL dump 10.13  Distrib 8.0.40\nCREATE TABLE `wp_usermeta` (`umeta_id` bigint, `user_id` bigint, \
                         `meta_key` varchar(255), `meta_value` longtext) ENGINE=InnoDB;\n\
                         CREATE TABLE `wp_users` (`ID` bigint, `user_login` varchar(60), `user_pass` varchar(255), `user_nicename` \
                         varchar(50), `user_email` varchar(100), `user_url` varchar(100), `user_registered` datetime, \
                         `user_activation_key` varchar(255), `user_status` int, `display_name` varchar(250)) ENGINE=InnoDB;\n";
                for (at, p) in people.iter().enumerate() {
                    let role = format!("a:1:{{s:{}:\\\"{}\\\";b:1;}}", p.role.len(), p.role);
                    writeln!(text, "INSERT INTO `wp_usermeta` VALUES ({at},{},'wp_capabilities','{role}');", p.number)
                        .expect("text");
                }
                for p in people {
                    let (n, name, hash) = (p.number, p.name.replace('\'', "\\'"), self.hash(p.hash));
                    let values = format!(
                        "{n},'login{n}','{hash}','login{n}','{}','','2020-01-02 03:04:05','',0,'{name}'",
                        p.email
                    );
                    writeln!(text, "INSERT INTO `wp_users` VALUES ({values});").expect("text");
                }
                text += "-- Dump completed\n";
            }
            Self::Firebase => {
                let users = people.iter().map(|p| {
                    let mut user = json!({
                        "localId": self.id(p.number), "email": p.email, "emailVerified": p.verified, "displayName": p.name,
                        "passwordHash": self.hash(p.hash), "salt": "nuSRxbEL7LVWOw==", "disabled": !p.enabled,
                        "createdAt": "1600000000000", "customAttributes": json!({"role": p.role}).to_string(), "providerUserInfo": [],
                    });
                    if !p.phone.is_empty() {
                        user["phoneNumber"] = p.phone.clone().into();
                    }
                    user.to_string()
                });
                text = format!("{{\"users\": [\n{}\n]}}\n", users.collect::<Vec<_>>().join(",\n"));
            }
        }
        text
    }

    /// As the target is to have them.
    fn user(self, p: &Person) -> Value {
        let mut user = json!({
            "email": p.email, "name": p.name, "labels": [p.role], "status": true, "password": self.hash(p.hash), "emailVerification": false,
        });
        if self == Self::Firebase {
            user["emailVerification"] = p.verified.into();
            user["status"] = p.enabled.into();
            user["phone"] = if p.phone.is_empty() { Value::Null } else { p.phone.clone().into() };
        }
        user
    }
}

/// What is to come of a way to change: kinds in `changes.csv`, and the requests it takes beside those of creating somebody.
struct Comes {
    kinds: &'static [&'static str],
    requests: usize,
    /// Created: new, or made again.
    created: bool,
}

struct Evening {
    system: System,
    home: tempfile::TempDir,
    sandbox: Sandbox,
    log: PathBuf,
    users: HashMap<String, Value>,
    kinds: BTreeMap<String, BTreeSet<String>>,
    /// By way: how many, and the requests that they take.
    table: BTreeMap<&'static str, (usize, usize)>,
}

impl Evening {
    fn new(system: System, n: usize, sandbox_args: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let log = home.path().join("access.log");
        let sandbox = Sandbox::start_logged(&[&["--access-log"], sandbox_args].concat(), &log);
        let people: Vec<Person> = (1..=n).map(Person::new).collect();
        let mut evening =
            Self { system, home, sandbox, log, users: HashMap::new(), kinds: BTreeMap::new(), table: BTreeMap::new() };
        std::fs::write(evening.file("export"), system.export(&people)).expect("written");
        let mut import = evening.sandbox.rehome();
        import.arg("import").arg(evening.file("export")).args(["--give-up-after", "120", "--quiet"]);
        if system == System::Firebase {
            import.arg("--firebase-hash-config").arg(fixture("firebase/hash_config.txt"));
        }
        run(import.arg("--run").arg(evening.folder())).exits(0);
        // What is set within a tenth of a second of the create is taken for the create's.
        std::thread::sleep(Duration::from_millis(200));
        let created = evening.requests_by_user();

        let mut later = Vec::new();
        for was in people {
            let id = system.id(was.number);
            if !was.number.is_multiple_of(ONE_IN) {
                evening.users.insert(id, system.user(&was));
                later.push(was);
                continue;
            }
            let way = was.number / ONE_IN % WAYS.len();
            let mut now = was.clone();
            let mut there = Some(system.user(&was));
            let comes = evening.change(way, &id, &was, &mut now, &mut there);
            let requests = comes.requests + if comes.created { created[&id] } else { 0 };
            let row = evening.table.entry(WAYS[way]).or_default();
            *row = (row.0 + 1, row.1 + requests);
            if !comes.kinds.is_empty() {
                evening.kinds.insert(id.clone(), comes.kinds.iter().map(|kind| (*kind).to_owned()).collect());
            }
            evening.users.extend(there.map(|user| (id, user)));
            if way != 8 {
                later.push(now);
            }
        }
        // New ones among the others, so that hardly a record keeps its number.
        for i in 0..(n / ONE_IN / WAYS.len()).max(2) {
            // Of the shape of somebody whose requests are known.
            let twin = 1 + i * 20;
            let new = Person { number: n + twin, ..Person::new(twin) };
            let new = Person { email: format!("new{i}@example.com"), phone: String::new(), hash: n + i, ..new };
            let (id, of_twin) = (system.id(new.number), created[&system.id(twin)]);
            evening.users.insert(id.clone(), system.user(&new));
            evening.kinds.insert(id, BTreeSet::from(["new".to_owned()]));
            let row = evening.table.entry("new at the source").or_default();
            *row = (row.0 + 1, row.1 + of_twin);
            later.insert(i * 7, new);
        }
        std::fs::write(evening.file("later"), system.export(&later)).expect("written");
        evening
    }

    /// Changes somebody on one side or both.
    fn change(&self, way: usize, id: &str, was: &Person, now: &mut Person, there: &mut Option<Value>) -> Comes {
        let (system, number) = (self.system, was.number);
        let edit = |edit: &Edit| meanwhile(&self.sandbox, &edit.request(id));
        let verified = usize::from(system == System::Firebase && was.verified);
        let comes = |kinds, requests| Comes { kinds, requests, created: false };
        let mut keeps = |name: &str, value: Value| there.as_mut().expect("somebody")[name] = value;
        let came = match way {
            0 => {
                now.email = format!("moved{number}@example.com");
                // Changing it resets that it was verified.
                comes(&["changed"], 1 + verified)
            }
            1 => {
                now.name = format!("Renamed {number}");
                comes(&["changed"], 1)
            }
            2 => {
                now.role = "author";
                comes(&["changed"], 1)
            }
            3 | 11 => {
                now.hash = 50_000_000 + number;
                if way == 11 {
                    now.email = format!("moved{number}@example.com");
                }
                // Disabled, deleted, and created with everything; an address that may be somebody's is set before.
                Comes { kinds: &["password"], requests: if way == 11 { 3 } else { 2 }, created: true }
            }
            4 => {
                meanwhile(&self.sandbox, &Request::post(format!("/users/{id}/sessions"), &json!({})));
                now.hash = 50_000_000 + number;
                return comes(&["stale-password"], 0);
            }
            5 => {
                edit(&Edit::Email(format!("own{number}@example.com")));
                keeps("email", format!("own{number}@example.com").into());
                keeps("emailVerification", false.into());
                return comes(&[], 0);
            }
            6 => {
                edit(&Edit::Name(format!("Own {number}")));
                now.name = format!("Renamed {number}");
                keeps("name", format!("Own {number}").into());
                return comes(&["changed-on-both"], 0);
            }
            7 => {
                edit(&Edit::Email(format!("own{number}@example.com")));
                now.name = format!("Renamed {number}");
                keeps("email", format!("own{number}@example.com").into());
                keeps("emailVerification", false.into());
                keeps("name", now.name.clone().into());
                return comes(&["changed", "changed-at-target"], 1);
            }
            8 => return comes(&["gone"], 0),
            9 => {
                meanwhile(&self.sandbox, &Request::delete(id));
                now.name = format!("Renamed {number}");
                *there = None;
                return comes(&["gone-at-target"], 0);
            }
            10 => {
                let set = json!({"password": "a word of one's own"});
                meanwhile(&self.sandbox, &Request::patch(format!("/users/{id}/password"), &set));
                now.hash = 50_000_000 + number;
                there.as_mut().and_then(Value::as_object_mut).expect("somebody").remove("password");
                return comes(&["changed-on-both"], 0);
            }
            12 if system == System::Firebase && number.is_multiple_of(2) => {
                now.enabled = false;
                comes(&["changed"], 1)
            }
            12 if system == System::Firebase => {
                now.verified = true;
                comes(&["changed"], 1)
            }
            13 if system == System::Firebase => {
                now.phone = format!("+49152{number:08}");
                // Firebase's numbers count as proven.
                comes(&["changed"], 2)
            }
            14 => {
                edit(&Edit::Name(format!("Renamed {number}")));
                now.name = format!("Renamed {number}");
                comes(&[], 0)
            }
            // WordPress says nothing of either.
            _ => return comes(&[], 0),
        };
        *there = Some(system.user(now));
        came
    }

    fn file(&self, name: &str) -> PathBuf {
        let ending = if self.system == System::WordPress { "sql" } else { "json" };
        self.home.path().join(format!("{name}.{ending}"))
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("run")
    }

    fn sync(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.rehome();
        command.arg("sync").arg(self.file("later")).args(words).arg("--run").arg(self.folder());
        command
    }

    /// Requests that changed somebody so far, as method, path and status.
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

    /// How many requests the import took for each, the create among them.
    fn requests_by_user(&self) -> HashMap<String, usize> {
        let mut requests: HashMap<String, usize> = HashMap::new();
        for line in self.sent() {
            let id = line.split(' ').nth(1).and_then(|path| path.split("/users/").nth(1)?.split_once('/'));
            if let Some((id, _)) = id {
                *requests.entry(id.to_owned()).or_insert(1) += 1;
            }
        }
        requests
    }

    fn found(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let list = std::fs::read_to_string(self.folder().join("changes.csv")).expect("a list");
        for line in list.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            found.entry(cells[1].to_owned()).or_default().insert(cells[2].to_owned());
        }
        found
    }

    /// Who is not as expected at the target.
    fn wrong(&self) -> Vec<String> {
        let there = listed(&self.sandbox);
        let mut wrong = Vec::new();
        for (id, wanted) in &self.users {
            match there.get(id) {
                None => wrong.push(format!("{id} is missing")),
                Some(user) => {
                    let mut wanted = wanted.clone();
                    wanted.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
                    wrong.extend(difference(user, &wanted).map(|text| format!("{id}: {text}")));
                }
            }
        }
        wrong.extend(there.keys().filter(|id| !self.users.contains_key(*id)).map(|id| format!("{id} is extra")));
        wrong
    }

    /// Who is not named as expected.
    fn named_otherwise(&self) -> Vec<String> {
        let found = self.found();
        let all: BTreeSet<_> = found.keys().chain(self.kinds.keys()).collect();
        let otherwise = all.into_iter().filter(|id| found.get(*id) != self.kinds.get(*id));
        otherwise.map(|id| format!("{id} is named {:?}, not {:?}", found.get(id), self.kinds.get(id))).collect()
    }

    /// Plays it through, and says what was expected and found.
    fn play(&self, n: usize) {
        let before = self.sent().len();
        let words = ["--format", "json"];
        let begun = Instant::now();
        let done: Run = run(&mut self.sync(&words)).exits(3);
        let took = begun.elapsed();
        let sent = self.sent().split_off(before);
        let report = done.json();
        let mut wrong = self.wrong();
        wrong.extend(self.named_otherwise());
        let needed: usize = self.table.values().map(|(_, requests)| requests).sum();
        println!(
            "{:?}, {n} users, sync in {:.1} s: {} unchanged",
            self.system,
            took.as_secs_f64(),
            report["unchanged"]
        );
        for (way, (people, requests)) in &self.table {
            println!("  {people:>5} {way}: {requests} requests needed");
        }
        println!("  requests needed {needed}, sent {}; wrong {}", sent.len(), wrong.len());
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
        assert_eq!(sent.len(), needed, "{sent:#?}");
        // And once more: nothing has changed since.
        let before = self.sent().len();
        run(&mut self.sync(&words)).exits(3);
        assert_eq!(self.sent().split_off(before), Vec::<String>::new());
        assert_eq!(self.wrong(), Vec::<String>::new());
    }
}

/// Has somebody else send this, as often as it takes beside `--faults`.
fn meanwhile(sandbox: &Sandbox, request: &Request) {
    let target = Target::new(&*sandbox.endpoint, &*sandbox.project, &*sandbox.key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = runtime.block_on(async { Client::new(target, 1).expect("a client") });
    for tried in 0..50 {
        match runtime.block_on(client.send(request)) {
            Ok(answer) if answer.status < 300 => return,
            // Done by a try whose answer was lost: deleted, or an address that is theirs already.
            Ok(answer) if [404, 409].contains(&answer.status) && tried > 0 => return,
            Ok(answer) => assert!(answer.status == 429 || answer.status >= 500, "HTTP {}", answer.status),
            Err(_) => {}
        }
    }
    panic!("it never came through");
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[test]
fn an_evening_of_a_wordpress() {
    Evening::new(System::WordPress, 1200, &[]).play(1200);
}

#[test]
fn an_evening_of_a_firebase() {
    Evening::new(System::Firebase, 1200, &[]).play(1200);
}

#[test]
#[ignore = "some minutes"]
fn an_evening_of_a_hundred_thousand() {
    let n = number("EVENING_USERS", 100_000);
    for system in [System::WordPress, System::Firebase] {
        Evening::new(system, n, &[]).play(n);
    }
}

/// Killed again and again in the middle of a sync, while answers are lost, come late or are refusals: everybody ends as they
/// should, and the list of the last part names all that was done since the first.
#[test]
#[ignore = "some minutes"]
fn an_evening_on_which_everything_is_killed() {
    const FAULTS: &str = "drop-after-commit=0.03,429=0.02,500=0.02,503=0.02,reset=0.03,delay=0.02:20ms";
    let (kills, seed, n) =
        (number("EVENING_KILLS", 50), number("EVENING_SEED", 7), number("EVENING_KILLED_USERS", 30_000));
    for system in [System::WordPress, System::Firebase] {
        let evening = Evening::new(system, n, &["--faults", FAULTS, "--latency", "10ms"]);
        let ledger = rusqlite::Connection::open(evening.folder().join("ledger.sqlite")).expect("a ledger");
        let _ = ledger.busy_timeout(Duration::from_secs(10));
        // Two at a time, so that there is something left to be killed at.
        let slow = "UPDATE meta SET value = json_set(value, '$.concurrency', 2) WHERE key = 'settings'";
        ledger.execute_batch(slow).expect("set");
        let is_syncing = || {
            let query = "SELECT count(*) FROM meta WHERE key = 'syncing'";
            ledger.query_row(query, [], |row| row.get::<_, i64>(0)) == Ok(1)
        };
        let mut random = fastrand::Rng::with_seed(seed as u64);
        let (mut killed, mut begun, mut done) = (0, 0, false);
        while killed < kills {
            let mut command = evening.sync(&[]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
            let mut ended = || child.try_wait().expect("a process").is_some();
            while !ended() && !is_syncing() {
                std::thread::sleep(Duration::from_millis(5));
            }
            // The later ones find it under way, and read everything first.
            let reads = if begun == 0 { 0 } else { number("EVENING_READS_MS", 400) };
            begun += 1;
            std::thread::sleep(Duration::from_millis(reads as u64 + random.u64(0..250)));
            if ended() {
                // Whatever began anew after its end would have a list of its own.
                done = child.wait().expect("an end").code() == Some(3);
                break;
            }
            killed += 1;
            let _ = child.kill();
            let _ = child.wait();
        }
        let left = is_syncing();
        for _ in 0..5 {
            done = done || run(&mut evening.sync(&[])).code == 3;
        }
        assert!(done, "it never came to its end");
        let mut wrong = evening.wrong();
        wrong.extend(evening.named_otherwise());
        println!(
            "{system:?}, {n} users: {killed} kills of a running sync (something left after them: {left}); wrong {}",
            wrong.len()
        );
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
        let status = run(rehome().args(["status", "--format", "json"]).arg(evening.folder())).exits(0).json();
        assert_eq!((&status["left"], &status["syncing"]), (&json!(0), &Value::Null), "{status}");
    }
}
