//! A later export for a run with a bridge: what is sealed follows the source, and nobody who has come is waited for again.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::bridge_serve::{Bridge, private};
use super::http::send;
use super::util::{Run, Sandbox, run};

/// `hashlib.pbkdf2_hmac("sha256", …, b"salt", 1)` of `bridge-pass` and `other-pass`, as Django writes it, and their MD5.
const DJANGO: [&str; 2] = [
    "pbkdf2_sha256$1$salt$eI04bl38F037nISkyqamLNWcar8pyfwA90klJXJjjrM=",
    "pbkdf2_sha256$1$salt$d4KLvjlK/zSpBydxVgkZ2wldUGBeHDcPVigZL0QL8/Y=",
];
const MD5: [&str; 2] = ["2c009472f20d192afb337c5b2a58ac06", "2d4c89a9bb17261cc348b6098ebe0aef"];
const FIRST: &str = "bridge-pass";
const OTHER: &str = "other-pass";

struct Town {
    home: tempfile::TempDir,
    sandbox: Sandbox,
}

impl Town {
    /// The users of an export as rows of id, address and hash, imported.
    fn new(people: &[(&str, &str, &str)]) -> Self {
        let town = Self {
            home: tempfile::tempdir().expect("a folder"),
            sandbox: Sandbox::start(&["--appwrite-version", "2.6.2"]),
        };
        std::fs::create_dir(town.at("keys")).expect("a folder");
        let key = run(Command::new(env!("CARGO_BIN_EXE_rehome")).args(["bridge", "key"])).exits(0).stdout;
        std::fs::write(town.at("keys/key"), key).expect("written");
        private(&town.at("keys/key"));
        town.write("export.csv", people);
        let mut import = town.sandbox.rehome();
        import.arg("import").arg(town.at("export.csv")).args(["--unsupported", "bridge", "--yes", "--bridge-key-file"]);
        run(import.arg(town.at("keys/key")).arg("--run").arg(town.at("run"))).exits(0);
        // What is set within a tenth of a second of the create is taken for the create's.
        std::thread::sleep(std::time::Duration::from_millis(200));
        town
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, people: &[(&str, &str, &str)]) {
        let rows = people.iter().map(|(id, email, hash)| {
            let scheme = if hash.len() == 32 { "md5" } else { "" };
            format!("{id},{email},{hash},{scheme}\n")
        });
        let text = format!("id,email,password_hash,password_scheme\n{}", rows.collect::<String>());
        std::fs::write(self.at(name), text).expect("written");
    }

    fn sync(&self, words: &[&str]) -> Run {
        let mut sync = self.sandbox.rehome();
        sync.arg("sync").arg(self.at("later.csv")).arg("--run").arg(self.at("run")).args(["--format", "json"]);
        run(sync.arg("--bridge-key-file").arg(self.at("keys/key")).args(words))
    }

    fn bridge(&self) -> Bridge {
        let mut serve = self.sandbox.rehome();
        serve.args(["bridge", "serve", "--format", "json", "--listen", "127.0.0.1:0", "--floor", "0", "--upstream"]);
        serve.arg(&self.sandbox.endpoint).arg("--store").arg(self.at("run"));
        Bridge::of(serve.arg("--bridge-key-file").arg(self.at("keys/key")))
    }

    fn sign_in(&self, at: &Bridge, email: &str, password: &str) -> u64 {
        let headers = [
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("X-Appwrite-Project".to_owned(), self.sandbox.project.clone()),
        ];
        let body = json!({"email": email, "password": password}).to_string();
        send(&at.endpoint, "POST", "/account/sessions/email", &headers, Some(body.as_bytes()))
            .expect("an answer")
            .status
    }

    fn status(&self) -> Value {
        let mut status = Command::new(env!("CARGO_BIN_EXE_rehome"));
        run(status.args(["bridge", "status", "--format", "json", "--store"]).arg(self.at("run"))).exits(0).json()
    }
}

#[test]
fn what_is_sealed_follows_the_source() {
    let town = Town::new(&[
        ("hash", "hash@example.com", DJANGO[0]),
        ("came", "came@example.com", DJANGO[0]),
        ("moved", "moved@example.com", DJANGO[0]),
        ("left", "left@example.com", DJANGO[0]),
        ("plain", "plain@example.com", MD5[0]),
        ("same", "same@example.com", DJANGO[0]),
    ]);
    let bridge = town.bridge();
    assert_eq!(town.sign_in(&bridge, "came@example.com", FIRST), 201);
    drop(bridge);
    town.write(
        "later.csv",
        &[
            ("hash", "hash@example.com", DJANGO[1]),
            ("came", "came@example.com", DJANGO[1]),
            ("moved", "moved-on@example.com", DJANGO[0]),
            ("plain", "plain@example.com", MD5[1]),
            ("same", "same@example.com", DJANGO[0]),
            ("new", "new@example.com", DJANGO[0]),
        ],
    );
    let without_key = {
        let mut sync = town.sandbox.rehome();
        run(sync.arg("sync").arg(town.at("later.csv")).arg("--run").arg(town.at("run"))).exits(2)
    };
    assert!(without_key.stderr.contains("REHOME_BRIDGE_KEY"), "{}", without_key.stderr);
    let expected = json!({"password": 2, "changed": 1, "gone": 1, "new": 1});
    let dry = town.sync(&["--gone", "delete", "--dry-run"]).exits(0).json();
    assert_eq!(dry["counts"], expected, "{dry}");
    assert_eq!(town.status()["pending"], 4);
    let done = town.sync(&["--gone", "delete"]).exits(0).json();
    assert_eq!(done["counts"], expected, "{done}");
    // Of those who waited one is gone; who is new, and whose hash Appwrite has, wait now.
    let status = town.status();
    assert_eq!((&status["pending"], &status["migrated"]), (&json!(5), &json!(1)), "{status}");
    let again = town.sync(&["--gone", "delete"]).exits(0).json();
    assert_eq!((&again["counts"], &again["edits"]), (&json!({}), &json!(0)), "{again}");

    let bridge = town.bridge();
    for (email, password, status) in [
        ("hash@example.com", FIRST, 401),
        ("hash@example.com", OTHER, 201),
        // They have come, and keep what they came with.
        ("came@example.com", OTHER, 401),
        ("came@example.com", FIRST, 201),
        ("moved@example.com", FIRST, 401),
        ("moved-on@example.com", FIRST, 201),
        ("left@example.com", FIRST, 401),
        ("plain@example.com", OTHER, 201),
        ("plain@example.com", FIRST, 401),
        ("same@example.com", FIRST, 201),
        ("new@example.com", FIRST, 201),
    ] {
        assert_eq!(town.sign_in(&bridge, email, password), status, "{email} {password}");
    }
    drop(bridge);
    assert_eq!(town.status()["pending"], 0);
    // Whoever has come through the bridge did not change anything that a person has to look at.
    town.write("later.csv", &[("hash", "hash-on@example.com", DJANGO[1])]);
    let last = town.sync(&[]).exits(3).json();
    assert_eq!((&last["counts"]["changed"], &last["counts"]["changed-at-target"]), (&json!(1), &Value::Null), "{last}");
}

#[test]
fn another_hash_waits_at_the_bridge_until_the_next_one_takes_its_place() {
    let town = Town::new(&[("ann", "ann@example.com", MD5[0]), ("bob", "bob@example.com", DJANGO[0])]);
    // To a hash that Appwrite does not verify, and on to another.
    town.write("later.csv", &[("ann", "ann@example.com", DJANGO[0]), ("bob", "bob@example.com", DJANGO[0])]);
    assert_eq!(town.sync(&[]).exits(0).json()["counts"], json!({"password": 1}));
    assert_eq!(town.sync(&[]).exits(0).json()["counts"], json!({}));
    town.write("later.csv", &[("ann", "ann@example.com", DJANGO[1]), ("bob", "bob@example.com", MD5[1])]);
    assert_eq!(town.sync(&["--stale-passwords", "keep"]).exits(3).json()["counts"]["stale-password"], json!(2));
    let bridge = town.bridge();
    assert_eq!(town.sign_in(&bridge, "ann@example.com", OTHER), 401);
    assert_eq!(town.status()["pending"], 2);
    assert_eq!(town.sync(&[]).exits(0).json()["counts"], json!({"password": 2}));
    for email in ["ann@example.com", "bob@example.com"] {
        assert_eq!(town.sign_in(&bridge, email, OTHER), 201, "{email}");
    }
}

/// Whoever has a hash at the bridge in the place of the target's is found there by the address that the target has of them,
/// whenever and in whatever order the two change.
#[test]
fn a_hash_that_waits_is_found_by_the_address_that_the_target_has() {
    let town = Town::new(&[
        ("ann", "ann@example.com", MD5[0]),
        ("bob", "bob@example.com", MD5[0]),
        ("cy", "cy@example.com", MD5[0]),
        ("di", "di@example.com", MD5[0]),
    ]);
    let holder = json!({"userId": "holder", "email": "taken@example.com", "password": MD5[0]});
    super::import::meanwhile(&town.sandbox, &rehome::appwrite::wire::Request::post("/users/md5", &holder));
    // Ann gets what Bob leaves, after her hash is sealed; Cy wants what somebody else keeps; Di's hash is another one alone.
    let (ann, bob, cy) = ("bob@example.com", "bobby@example.com", "taken@example.com");
    town.write(
        "later.csv",
        &[("ann", ann, MD5[1]), ("bob", bob, MD5[0]), ("cy", cy, MD5[1]), ("di", "di@example.com", MD5[1])],
    );
    let told = town.sync(&[]).exits(3).json();
    assert_eq!(told["counts"], json!({"password": 3, "changed": 2, "failed": 1}), "{told}");
    // And moves then.
    town.write(
        "later.csv",
        &[("ann", ann, MD5[1]), ("bob", bob, MD5[0]), ("cy", cy, MD5[1]), ("di", "diana@example.com", MD5[1])],
    );
    let told = town.sync(&[]).exits(3).json();
    assert_eq!(told["counts"], json!({"changed": 1, "failed": 1}), "{told}");
    let bridge = town.bridge();
    for (email, password, status) in [
        (ann, OTHER, 201),
        (bob, FIRST, 201),
        ("cy@example.com", OTHER, 201),
        ("diana@example.com", OTHER, 201),
        ("ann@example.com", OTHER, 401),
        ("di@example.com", OTHER, 401),
    ] {
        assert_eq!(town.sign_in(&bridge, email, password), status, "{email}");
    }
}

/// What is only looked at makes nothing, and what was ended stays ended unless somebody asks for it.
#[test]
fn no_store_is_made_in_passing() {
    let town = Town::new(&[("one", "one@example.com", MD5[0]), ("two", "two@example.com", MD5[0])]);
    let store = town.at("run/bridge.sqlite");
    let mut end = Command::new(env!("CARGO_BIN_EXE_rehome"));
    run(end.args(["bridge", "end", "--store"]).arg(town.at("run"))).exits(0);
    town.write("later.csv", &[("one", "one@example.com", MD5[1]), ("two", "two@example.com", MD5[0])]);
    let changes = || std::fs::read_to_string(town.at("run/changes.csv")).expect("a list");
    town.sync(&["--dry-run"]).exits(0);
    assert!(changes().contains("made again"), "{}", changes());

    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(town.at(&format!("run/bridge.sqlite{end}")));
    }
    town.sync(&["--dry-run", "--stale-passwords", "bridge"]).exits(0);
    assert!(changes().contains("sealed for the bridge"), "{}", changes());
    assert!(!store.exists(), "a dry run has made a store");
}

/// A file whose later lines take back the earlier ones is no export, whichever command reads it.
#[test]
fn a_journal_is_not_synced_by_its_first_lines() {
    let town = Town::new(&[("one", "one@example.com", MD5[0])]);
    let line = |hash: &str| {
        format!(
            "{{\"_id\":\"one\",\"email\":\"one@example.com\",\"password_hash\":\"{hash}\",\"password_scheme\":\"md5\"}}\n"
        )
    };
    let journal = town.at("later.ndjson");
    std::fs::write(&journal, line(MD5[0]) + &line(MD5[1])).expect("written");
    for words in [&["sync"][..], &["bridge", "add"]] {
        let mut command = town.sandbox.rehome();
        command.args(words);
        if words[0] == "sync" {
            command.arg(&journal).arg("--run").arg(town.at("run"));
        } else {
            command.arg(town.at("run")).arg(&journal);
        }
        let said = run(command.arg("--bridge-key-file").arg(town.at("keys/key"))).exits(2).stderr;
        assert!(said.contains("journal"), "{words:?}: {said}");
    }
}
