//! Syncs that are cut off, and what may have changed before the next: everybody is named once, nobody stays away, and what a
//! person is told to do is right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rehome::appwrite::wire::{Edit, Request};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::import::meanwhile;
use super::proxy::{Act, Proxy, html};
use super::servers::wait_until;
use super::soak::listed;
use super::util::{Run, Sandbox, rehome, run};

/// Nothing is passed on, and the answer is not there before the sync is killed.
pub fn never() -> Act {
    std::thread::sleep(Duration::from_secs(30));
    html(503)
}

/// A run of a few people, and what comes later.
pub struct Town {
    home: tempfile::TempDir,
    pub sandbox: Sandbox,
    pub proxy: Proxy,
}

/// Id, address, name, number and hash.
pub type Person = (&'static str, &'static str, &'static str, &'static str, u32);

pub fn hash(n: u32) -> String {
    format!("{n:032x}")
}

fn csv(people: impl IntoIterator<Item = (String, String, String, String, String)>) -> String {
    let rows =
        people.into_iter().map(|(id, email, name, phone, hash)| format!("{id},{email},{name},{phone},{hash},md5\n"));
    format!("id,email,name,phone,password_hash,password_scheme\n{}", rows.collect::<String>())
}

pub fn people(people: &[Person]) -> String {
    csv(people.iter().map(|(id, email, name, phone, n)| {
        ((*id).into(), format!("{email}@example.com"), (*name).into(), (*phone).into(), hash(*n))
    }))
}

impl Town {
    pub fn new(export: &str, sandbox: &[&str]) -> Self {
        Self::imported(export, sandbox, 0, None)
    }

    /// The same of an export that is not all whole.
    pub fn new_with(export: &str, code: i32) -> Self {
        Self::imported(export, &[], code, None)
    }

    /// The same of an export that a mapping reads.
    pub fn mapped(export: &str, map: &str) -> Self {
        Self::imported(export, &[], 0, Some(map))
    }

    fn imported(export: &str, sandbox: &[&str], code: i32, map: Option<&str>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let sandbox = Sandbox::start(sandbox);
        let proxy = Proxy::before(&sandbox, |_| Act::Pass);
        let town = Self { home, sandbox, proxy };
        town.write("export.csv", export);
        let mut import = town.sandbox.rehome();
        import.env("APPWRITE_ENDPOINT", &town.proxy.endpoint).arg("import");
        if let Some(map) = map {
            town.write("map.toml", map);
            import.arg("--map").arg(town.at("map.toml"));
        }
        run(import.arg(town.at("export.csv")).args(["--concurrency", "2", "--run"]).arg(town.at("run"))).exits(code);
        // What is set within a tenth of a second of the create is taken for the create's.
        std::thread::sleep(Duration::from_millis(200));
        town
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).expect("written");
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut sync = self.sandbox.rehome();
        sync.env("APPWRITE_ENDPOINT", &self.proxy.endpoint).arg("sync").arg(self.at("later.csv"));
        sync.args(words).arg("--run").arg(self.at("run"));
        sync
    }

    pub fn sync(&self, later: &str, words: &[&str]) -> Run {
        self.write("later.csv", later);
        run(&mut self.command(words))
    }

    /// Lines of the list by user: kind, attributes, and what was done.
    pub fn changes(&self) -> BTreeMap<String, Vec<String>> {
        let mut changes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let list = std::fs::read_to_string(self.at("run/changes.csv")).expect("a list");
        for line in list.lines().skip(1) {
            let mut cells = line.splitn(3, ',').skip(1);
            let (id, rest) = (cells.next().expect("an id"), cells.next().expect("a kind"));
            changes.entry(id.to_owned()).or_default().push(rest.to_owned());
        }
        changes
    }

    pub fn rows(&self, query: &str) -> i64 {
        let ledger = Connection::open(self.at("run/ledger.sqlite")).expect("a ledger");
        let _ = ledger.busy_timeout(Duration::from_secs(10));
        ledger.query_row(query, [], |row| row.get(0)).unwrap_or(0)
    }

    /// Syncs until the ledger says so, and kills it then.
    pub fn cut_off(&self, later: &str, words: &[&str], signal: &str, when: &str) {
        self.write("later.csv", later);
        let mut sync = self.command(words).stdout(Stdio::null()).spawn().expect("it starts");
        wait_until("the sync", || self.rows(when) > 0);
        assert!(sync.try_wait().expect("a process").is_none(), "it has ended already");
        assert!(Command::new("kill").args([signal, &sync.id().to_string()]).status().expect("kill").success());
        sync.wait().expect("an end");
    }

    pub fn status(&self) -> Run {
        run(rehome().arg("status").arg(self.at("run"))).exits(0)
    }

    pub fn user(&self, id: &str) -> Option<Value> {
        listed(&self.sandbox).remove(id)
    }
}

/// Many people, whose names say which export they are from.
pub fn many(n: usize, name: &str) -> String {
    csv((0..n).map(|i| {
        (format!("user-{i}"), format!("p{i}@example.com"), format!("{name} {i}"), String::new(), hash(i as u32))
    }))
}

#[test]
fn whatever_cut_a_sync_off_its_list_names_everybody_since_it_began() {
    const N: usize = 400;
    for signal in ["-KILL", "-INT"] {
        let town = Town::new(&many(N, "First"), &["--faults", "delay=1:20ms"]);
        let later = many(N, "Later");
        let some = "SELECT count(*) > 20 FROM users JOIN changes USING (user_id)";
        town.cut_off(&later, &["--gone", "disable"], signal, some);
        let sent = listed(&town.sandbox)
            .values()
            .filter(|user| user["name"].as_str().unwrap_or_default().starts_with("Later"))
            .count();
        assert!(sent > 0 && sent < N, "{sent}");
        if signal == "-INT" {
            assert!(town.changes().len() >= sent, "what was done is named at once");
        }
        // Whoever asks is told what goes on with it.
        let status = town.status().stdout;
        assert!(status.starts_with("interrupted in a sync"), "{status}");
        let command = status.lines().find_map(|line| line.split("go on with: rehome ").nth(1)).expect("a command");
        assert!(command.contains("later.csv --gone disable --run"), "{status}");
        let json = run(rehome().args(["status", "--format", "json"]).arg(town.at("run"))).exits(0).json();
        assert_eq!(json["syncing"], format!("rehome {command}"));
        let mut same = town.sandbox.rehome();
        let done = run(same.args(command.split(' ')).args(["--format", "json"])).exits(0).json();
        assert_eq!(done["counts"], json!({ "changed": N }), "{done}");
        assert_eq!(done["unchanged"], 0, "{done}");
        let changes = town.changes();
        assert_eq!(changes.len(), N);
        assert!(changes.values().all(|lines| *lines == ["changed,name,sent"]), "{changes:?}");
        assert!(town.status().stdout.starts_with("finished"), "{}", town.status().stdout);
        // The next one begins a list of its own.
        let next = town.sync(&later, &["--format", "json"]).exits(0).json();
        assert_eq!((&next["counts"], &next["unchanged"]), (&json!({}), &json!(N)), "{next}");
        assert_eq!(town.changes().len(), 0);
    }
}

#[test]
fn whoever_was_new_when_it_was_cut_off_is_named_with_what_became_of_them() {
    const N: usize = 60;
    let town = Town::new(&many(2, "First"), &["--faults", "delay=1:20ms"]);
    let later = many(N, "First");
    town.cut_off(&later, &[], "-KILL", "SELECT count(*) > 10 FROM users");
    let status = town.status().stdout;
    assert!(status.starts_with("interrupted: ") && status.contains("rehome resume"), "{status}");
    let done = town.sync(&later, &["--format", "json", "--with-pii"]).exits(0).json();
    assert_eq!(done["counts"], json!({ "new": N - 2 }), "{done}");
    let changes = town.changes();
    assert_eq!(changes.len(), N - 2);
    assert!(
        changes.iter().all(|(id, lines)| *lines == [format!("new,,created,{}@example.com", id.replace("user-", "p"))]),
        "{changes:?}"
    );
}

#[test]
fn whoever_is_refused_now_is_named_and_keeps_what_they_have() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)]);
    let town = Town::new(&before, &[]);
    let later = before.replace(&hash(1), "no hash at all");
    for gone in ["keep", "delete"] {
        let done = town.sync(&later, &["--gone", gone, "--format", "json"]).exits(3).json();
        assert_eq!(done["counts"], json!({"refused": 1}), "{done}");
        assert_eq!(town.changes()["ann"].len(), 1);
        assert!(town.changes()["ann"][0].contains("kept: malformed-hash"), "{:?}", town.changes());
    }
    assert_eq!(town.user("ann").expect("she is there")["password"], hash(1));
}

/// A record that cannot be read may be of whoever seems to be gone.
#[test]
fn whoever_may_be_meant_by_a_record_that_names_nobody_is_not_gone() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2), ("cy", "cy", "Cy", "", 3)]);
    let town = Town::new(&before, &[]);
    let later = before.replace("Bob", "Bob,of two commas");
    for gone in ["delete", "disable"] {
        let stopped = town.sync(&later, &["--gone", gone]);
        assert!(
            stopped.code == 2 && stopped.stderr.contains("does not say whose it is"),
            "{}: {}",
            stopped.code,
            stopped.stderr
        );
        assert_eq!(town.user("bob").expect("he is there")["status"], true);
    }
    town.sync(&later, &["--gone", "keep"]).exits(3);
    assert_eq!(listed(&town.sandbox).len(), 3);
    // With all records read, nobody but the one who is gone.
    let done = town.sync(&before.replace(&before[before.find("cy").expect("cy")..], ""), &["--gone", "delete"]);
    assert!([0, 3].contains(&done.code), "{}", done.stderr);
    assert_eq!(listed(&town.sandbox).len(), 2);
}

/// A hash that is no more, or none that the target can verify, takes nobody's password away.
#[test]
fn nobody_is_made_again_to_have_no_password() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)]);
    let town = Town::new(&before, &[]);
    let done = town.sync(&before.replace(&hash(1), ""), &["--format", "json"]).exits(3).json();
    assert_eq!(done["counts"], json!({"stale-password": 1}), "{done}");
    assert_eq!(town.user("ann").expect("she is there")["password"], hash(1));
}

#[test]
fn whoever_was_on_the_way_and_is_gone_then_is_named_and_let_in_again() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2), ("cid", "cid", "Cid", "", 3)]);
    let later = people(&[("ann", "ann", "Ann", "", 11), ("bob", "bob", "Bob", "", 2), ("cid", "cid", "Cid", "", 3)]);
    let gone = people(&[("bob", "bob", "Bob", "", 2), ("cid", "cid", "Cid", "", 3)]);
    let refused = later.replace(&hash(11), "no hash at all");
    let remaking = "SELECT count(*) FROM users WHERE text LIKE 'is made again%' AND state =";
    for (end, kind) in [(&gone, "gone"), (&refused, "refused")] {
        // Disabled, and not deleted.
        let town = Town::new(&before, &[]);
        town.proxy.now(
            |passing| if passing.method == "DELETE" && passing.path.contains("/ann") { never() } else { Act::Pass },
        );
        town.cut_off(&later, &[], "-KILL", &format!("{remaking} 8"));
        town.proxy.now(|_| Act::Pass);
        let done = town.sync(end, &["--format", "json"]).exits(3).json();
        assert_eq!(done["counts"], json!({ kind: 1 }), "{done}");
        let ann = town.user("ann").expect("she is there");
        assert_eq!((&ann["status"], &ann["password"]), (&json!(true), &json!(hash(1))), "{kind}");

        // Deleted, and not created.
        let town = Town::new(&before, &[]);
        town.proxy.now(|passing| if passing.creates() && passing.body.contains("ann@") { never() } else { Act::Pass });
        town.cut_off(&later, &[], "-KILL", &format!("{remaking} 2"));
        town.proxy.now(|_| Act::Pass);
        assert!(town.user("ann").is_none());
        let done = town.sync(end, &["--format", "json"]).exits(3).json();
        assert_eq!(done["counts"], json!({ kind: 1 }), "{done}");
        let said = &town.changes()["ann"][0];
        assert!(said.contains("was deleted to be made again"), "{said}");
        assert_eq!(town.rows("SELECT count(*) FROM users WHERE state = 2"), 0);
    }
}

#[test]
fn those_who_have_each_others_addresses_get_them() {
    let before = people(&[
        ("a", "a", "A", "", 1),
        ("b", "b", "B", "", 2),
        // Three in a circle.
        ("c", "c", "C", "", 3),
        ("d", "d", "D", "", 4),
        ("e", "e", "E", "", 5),
        // One behind the other, and the last to a new one.
        ("f", "f", "F", "+4915100000001", 6),
        ("g", "g", "G", "+4915100000002", 7),
        ("h", "h", "H", "", 8),
        // And two who get another password as well.
        ("i", "i", "I", "", 9),
        ("j", "j", "J", "", 10),
        ("k", "k", "K", "", 11),
        ("l", "l", "L", "", 12),
        ("m", "m", "M", "", 13),
    ]);
    let later = people(&[
        ("a", "b", "A", "", 1),
        ("b", "a", "B", "", 2),
        ("c", "d", "C", "", 3),
        ("d", "e", "D", "", 4),
        ("e", "c", "E", "", 5),
        ("f", "g", "F", "+4915100000001", 6),
        ("g", "h", "G", "+4915100000002", 7),
        ("h", "new", "H", "", 8),
        ("i", "j", "I", "", 109),
        ("j", "i", "J", "", 110),
        // Somebody who is gone had this one.
        ("k", "l", "K", "", 11),
        ("m", "m", "M", "", 13),
    ]);
    let town = Town::new(&before, &[]);
    let done = town.sync(&later, &["--gone", "delete", "--format", "json"]).exits(0).json();
    assert_eq!(done["counts"], json!({"changed": 9, "password": 2, "gone": 1}), "{done} {:?}", town.changes());
    let there = listed(&town.sandbox);
    assert_eq!(there.len(), 12);
    for row in later.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(there[cells[0]]["email"], cells[1], "{row}");
        assert_eq!(there[cells[0]]["password"], cells[4], "{row}");
    }
    let again = town.sync(&later, &["--format", "json"]).exits(0).json();
    assert_eq!((&again["counts"], &again["edits"]), (&json!({}), &json!(0)));
}

/// The same, cut off before the address in between or after it, and taken back at the source meanwhile.
#[test]
fn nobody_keeps_an_address_in_between() {
    let before = people(&[("a", "a", "A", "", 1), ("b", "b", "B", "", 2)]);
    let swapped = people(&[("a", "b", "A", "", 1), ("b", "a", "B", "", 2)]);
    // Either of the two may be the one whom another part of the sync gives it to.
    let again = [(&swapped, false); 4];
    for (end, passes) in [(&before, true), (&swapped, true), (&before, false)].into_iter().chain(again) {
        let town = Town::new(&before, &[]);
        let parked = Arc::new(AtomicBool::new(false));
        let parks = parked.clone();
        town.proxy.now(move |passing| {
            if passing.path.ends_with("/email") && passing.body.contains("rehome.invalid") {
                parks.store(true, Ordering::Relaxed);
                return if passes { Act::Pass } else { never() };
            }
            if passing.method == "PATCH" && parks.load(Ordering::Relaxed) { never() } else { Act::Pass }
        });
        town.write("later.csv", &swapped);
        let mut sync = town.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let in_between = || {
            listed(&town.sandbox)
                .values()
                .any(|user| user["email"].as_str().unwrap_or_default().ends_with("rehome.invalid"))
        };
        wait_until("the address in between", || if passes { in_between() } else { parked.load(Ordering::Relaxed) });
        sync.kill().expect("killed");
        sync.wait().expect("an end");
        town.proxy.now(|_| Act::Pass);
        town.sync(end, &[]).exits(0);
        let there = listed(&town.sandbox);
        for row in end.lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            assert_eq!(there[cells[0]]["email"], cells[1], "{row}");
        }
    }
}

#[test]
fn two_who_have_each_others_numbers_are_named() {
    let numbers = ["+4915100000001", "+4915100000002"];
    let before = people(&[("a", "a", "A", numbers[0], 1), ("b", "b", "B", numbers[1], 2)]);
    let town = Town::new(&before, &[]);
    let done =
        town.sync(&people(&[("a", "a", "A", numbers[1], 1), ("b", "b", "B", numbers[0], 2)]), &["--format", "json"]);
    assert_eq!(done.exits(3).json()["counts"], json!({"failed": 2}));
    for id in ["a", "b"] {
        assert_eq!(town.changes()[id], ["failed,phone,somebody else has it"], "{id}");
    }
}

#[test]
fn many_who_are_gone_at_once_are_asked_about() {
    let town = Town::new(&many(40, "First"), &[]);
    let half = many(20, "First");
    for (words, code) in
        [(&["--gone", "delete"][..], 2), (&["--gone", "disable"], 2), (&["--gone", "delete", "--gone-up-to", "19"], 2)]
    {
        for dry in [&[][..], &["--dry-run"]] {
            let stopped = town.sync(&half, &[words, dry].concat()).exits(code);
            assert!(
                stopped.stderr.contains("20 of 40 users are gone") && stopped.stderr.contains("--gone-up-to 20"),
                "{}",
                stopped.stderr
            );
        }
    }
    assert!(listed(&town.sandbox).values().all(|user| user["status"] == true));
    assert_eq!(listed(&town.sandbox).len(), 40);
    town.sync(&half, &["--gone", "delete", "--gone-up-to", "20"]).exits(0);
    assert_eq!(listed(&town.sandbox).len(), 20);
    // An export that holds nobody is the same mistake.
    let none = town.sync("id,email,name,phone,password_hash,password_scheme\n", &["--gone", "delete"]);
    assert_ne!(none.code, 0, "{}", none.stderr);
    assert_eq!(listed(&town.sandbox).len(), 20);
}

#[test]
fn shards_are_synced_each_by_itself_and_nobody_between_them_is_lost() {
    let town = Town::new(&people(&[("zed", "zed", "Zed", "", 99)]), &[]);
    town.write("export.csv", &many(40, "First"));
    let folders = [town.at("run-0"), town.at("run-1")];
    for (index, folder) in folders.iter().enumerate() {
        let mut import = town.sandbox.rehome();
        import.arg("import").arg(town.at("export.csv")).args(["--shard", &format!("{index}/2"), "--run"]).arg(folder);
        run(&mut import).exits(0);
    }
    std::thread::sleep(Duration::from_millis(200));
    // Everybody has another number, some are refused now, and one is new.
    let later = many(40, "Later");
    let mut lines: Vec<&str> = later.lines().collect();
    let new = "user-new,new@example.com,New,,00000000000000000000000000000abc,md5";
    lines.insert(1, new);
    let broken: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| if n > 1 && n < 10 { line.replace(",0000", ",no hash 0000") } else { (*line).to_owned() })
        .collect();
    town.write("later.csv", &(broken.join("\n") + "\n"));
    let sync = |folder: &Path| {
        let mut sync = town.sandbox.rehome();
        run(sync
            .arg("sync")
            .arg(town.at("later.csv"))
            .args(["--gone", "delete", "--format", "json", "--run"])
            .arg(folder))
        .exits(3)
        .json()
    };
    let first = sync(&folders[0]);
    let apart = run(rehome().arg("status").args(&folders)).exits(0);
    assert!(apart.stderr.contains("of two exports by now"), "{}", apart.stderr);
    let second = sync(&folders[1]);
    let sum =
        |kind: &str| [&first, &second].map(|report| report["counts"][kind].as_u64().unwrap_or(0)).iter().sum::<u64>();
    assert_eq!(["new", "changed", "refused", "gone"].map(sum), [1, 32, 8, 0], "{first} {second}");
    assert_eq!(listed(&town.sandbox).len(), 42);
    let status = run(rehome().args(["status", "--format", "json"]).args(&folders)).exits(0);
    assert!(status.stderr.is_empty(), "{}", status.stderr);
    // What belongs to another run is never added up with it.
    for command in ["status", "verify"] {
        let mut other = town.sandbox.rehome();
        let refused = run(other.arg(command).arg(&folders[0]).arg(town.at("run"))).exits(2);
        assert!(refused.stderr.contains("is no part of the run"), "{}", refused.stderr);
    }
}

#[test]
fn nobody_waits_for_standard_input_that_was_read() {
    let town = Town::new(&many(1, "First"), &[]);
    let folder = town.at("piped");
    let export = std::fs::File::open(town.at("export.csv")).expect("an export");
    run(town.sandbox.rehome().args(["import", "-", "--from", "generic", "--run"]).arg(&folder).stdin(export)).exits(0);
    for command in ["verify", "resume"] {
        // Whose other end nobody closes.
        let mut waits = town.sandbox.rehome();
        let waits = waits.arg(command).arg(&folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = waits.spawn().expect("it starts");
        let held = child.stdin.take();
        wait_until("the end", || child.try_wait().expect("a process").is_some());
        drop(held);
        let output = child.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        let instead = if command == "verify" { "rehome sync FILE --run" } else { "the same `rehome import`" };
        assert!(said.contains("standard input") && said.contains(instead), "{command}: {said}");
    }
    // And that is so.
    let mut sync = town.sandbox.rehome();
    run(sync.arg("sync").arg(town.at("export.csv")).arg("--run").arg(&folder)).exits(0);
    run(town.sandbox.rehome().arg("verify").arg(&folder)).exits(0);
}

/// What a rollback took back is new to the next sync, and what a sync brought over is taken back by a rollback.
#[test]
fn a_rollback_and_a_sync_know_of_each_other() {
    let town = Town::new(&many(6, "First"), &[]);
    let later = many(6, "Later").replace(&hash(3), &hash(33));
    town.sync(&later, &[]).exits(0);
    run(town.sandbox.rehome().args(["rollback", "--yes"]).arg(town.at("run"))).exits(0);
    assert_eq!(listed(&town.sandbox).len(), 0);
    let again = town.sync(&later, &["--format", "json"]).exits(0).json();
    assert_eq!(again["counts"], json!({"new": 6}), "{again}");
    assert_eq!(listed(&town.sandbox).len(), 6);
}

/// The target is given back from a backup that is older than the last sync: who is asked about gets what the source has, and
/// `verify` names the others.
#[test]
fn a_target_of_yesterday_is_found_by_verify() {
    let town = Town::new(&many(4, "First"), &[]);
    town.sync(&many(4, "Later"), &[]).exits(0);
    for i in 0..4 {
        meanwhile(&town.sandbox, &Edit::Name(format!("First {i}")).request(&format!("user-{i}")));
    }
    meanwhile(&town.sandbox, &Request::delete("user-3"));
    town.sync(&many(4, "Later"), &[]).exits(0);
    let found = run(town.sandbox.rehome().args(["verify", "--format", "json"]).arg(town.at("run"))).exits(3).json();
    assert_eq!((&found["verify"]["different"], &found["verify"]["missing"]), (&json!(3), &json!(1)), "{found}");
}

/// `verify` doubts whoever is not as planned, and the next run looks again. That sends nothing to those whom a sync has left as
/// they are, so that every later sync names them still.
#[test]
fn whoever_is_left_as_they_are_is_named_by_every_sync_whatever_looked_in_between() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2), ("eve", "eve", "Eve", "", 3)]);
    let town = Town::new(&before, &[]);
    meanwhile(&town.sandbox, &Edit::Name("Anna".into()).request("ann"));
    let later = before.replace(",Ann,", ",Annie,");
    let names_her = |town: &Town| {
        let done = town.sync(&later, &["--format", "json"]).exits(3).json();
        assert_eq!(done["counts"], json!({"changed-on-both": 1}), "{done}");
        assert_eq!(town.changes().keys().collect::<Vec<_>>(), ["ann"]);
    };
    names_her(&town);
    let verified = run(town.sandbox.rehome().args(["verify", "--format", "json"]).arg(town.at("run"))).exits(3).json();
    let next = verified["next"].as_array().expect("steps");
    assert!(next.iter().all(|step| step["command"] == ""), "nobody is lost or made otherwise for her: {next:?}");
    let text = next[0]["text"].as_str().expect("a sentence");
    assert!(text.contains("verify.log.ndjson") && text.contains("changes.csv has the 1 user"), "{text}");
    names_her(&town);
    names_her(&town);
    run(town.sandbox.rehome().arg("verify").arg(town.at("run"))).exits(3);
    run(town.sandbox.rehome().arg("resume").arg(town.at("run"))).exits(3);
    names_her(&town);
    assert_eq!(town.user("ann").expect("she is there")["name"], "Anna");
}
