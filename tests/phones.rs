//! Numbers that a target refuses cost nobody more than the number: whatever the version calls itself, and whenever it says so.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rehome::appwrite::rules::{REFUSED_CALLING_CODES, calling_code};
use serde_json::Value;

use super::proxy::{Act, Passing, Proxy, error};
use super::soak::listed;
use super::util::{Run, Sandbox, rehome, run};

/// The kinds of users that each number is tried with: with a hash, with an address alone, with nothing else.
const KINDS: [&str; 3] = ["hash", "email", "alone"];

struct World {
    home: tempfile::TempDir,
    sandbox: Sandbox,
}

impl World {
    /// One user of each kind for each of these numbers; ids are `KIND-DIGITS`.
    fn with(version: &str, numbers: &[String]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut csv = String::from("id,email,phone,phone_verified,password_hash,password_scheme\n");
        for number in numbers {
            let digits = &number[1..];
            for kind in KINDS {
                let email = if kind == "alone" { String::new() } else { format!("{kind}{digits}@example.com") };
                let (hash, scheme) =
                    if kind == "hash" { (format!("{digits:0>32}"), "md5") } else { (String::new(), "") };
                writeln!(csv, "{kind}-{digits},{email},{number}{},true,{hash},{scheme}", other(kind)).expect("written");
            }
        }
        std::fs::write(home.path().join("export.csv"), csv).expect("written");
        Self { home, sandbox: Sandbox::start(&["--appwrite-version", version]) }
    }

    fn run_folder(&self) -> PathBuf {
        self.home.path().join("run")
    }

    fn import(&self, endpoint: &str) -> Run {
        let mut command = self.sandbox.rehome();
        command.env("APPWRITE_ENDPOINT", endpoint).args(["import", "--give-up-after", "1"]);
        run(command.arg(self.home.path().join("export.csv")).arg("--run").arg(self.run_folder()))
    }

    fn on_run(&self, endpoint: &str, word: &str) -> Run {
        run(self.sandbox.rehome().env("APPWRITE_ENDPOINT", endpoint).arg(word).arg(self.run_folder()))
    }

    fn counts(&self, names: [&str; 3]) -> [u64; 3] {
        let mut status = rehome();
        let status = run(status.args(["status", "--format", "json"]).arg(self.run_folder())).exits(0).json();
        names.map(|name| status[name].as_u64().expect("a count"))
    }

    /// The numbers at the target, by id.
    fn numbers(&self) -> HashMap<String, String> {
        let number = |user: Value| user["phone"].as_str().unwrap_or_default().to_owned();
        listed(&self.sandbox).into_iter().map(|(id, user)| (id, number(user))).collect()
    }
}

/// Makes three numbers of one: they are unique.
fn other(kind: &str) -> usize {
    KINDS.iter().position(|k| *k == kind).unwrap_or_default()
}

fn said(folder: &Path, code: &str) -> u64 {
    let report: Value =
        serde_json::from_slice(&std::fs::read(folder.join("report.json")).expect("a report")).expect("JSON");
    let reasons = report["reasons"].as_array().expect("reasons").iter();
    reasons.filter(|reason| reason["code"] == code).filter_map(|reason| reason["count"].as_u64()).sum()
}

/// A number of every calling code that exists.
fn every_code() -> Vec<(u16, String)> {
    let number = |code: u16| (code, format!("+{code}555123"));
    (1..1000).map(number).filter(|(code, number)| calling_code(number) == Some(*code)).collect()
}

#[test]
fn every_calling_code_is_created_where_it_is_taken_and_named_where_it_is_not() {
    let codes = every_code();
    assert!(codes.len() > 200);
    let numbers: Vec<String> = codes.iter().map(|(_, number)| number.clone()).collect();
    for (version, refused) in [("1.9.6", &[][..]), ("2.0.0", REFUSED_CALLING_CODES)] {
        let world = World::with(version, &numbers);
        let exit = if refused.is_empty() { 0 } else { 3 };
        world.import(&world.sandbox.endpoint).exits(exit);
        let n = refused.len() as u64;
        assert_eq!(world.counts(["failed", "refused", "conflicts"]), [0, n, 0], "{version}");
        let there = world.numbers();
        for (code, number) in &codes {
            for kind in KINDS {
                let is = there.get(&format!("{kind}-{}", &number[1..])).map(String::as_str);
                let full = format!("{number}{}", other(kind));
                let expected = match (refused.contains(code), kind) {
                    (true, "alone") => None,
                    (true, _) => Some(""),
                    (false, _) => Some(&*full),
                };
                assert_eq!(is, expected, "{version}, {kind}: +{code}");
            }
        }
        assert_eq!(said(&world.run_folder(), "phone-refused"), n, "{version}");
        world.on_run(&world.sandbox.endpoint, "verify").exits(0);
        world.import(&world.sandbox.endpoint).exits(exit);
    }
}

#[test]
fn a_server_is_asked_about_the_calling_codes_that_occur_and_believed() {
    // It calls itself 1.9.6 and refuses a code that no list names.
    let world = World::with("1.9.6", &["+49151234567".into(), "+33612345678".into()]);
    let proxy = Proxy::before(&world.sandbox, refusing("+33"));
    world.import(&proxy.endpoint).exits(3);
    assert_eq!(world.counts(["failed", "refused", "done"]), [0, 1, 5]);
    assert_eq!(said(&world.run_folder(), "phone-refused"), 1);
    assert_eq!(said(&world.run_folder(), "refused-calling-code"), 2);
    let asked = proxy.seen().into_iter().filter(|(_, line)| line.contains("rehome-nobody")).count();
    assert_eq!(asked, 2, "once a calling code");
    world.on_run(&proxy.endpoint, "verify").exits(0);
}

fn refusing(number: &'static str) -> impl Fn(&Passing) -> Act + Send + Sync + 'static {
    move |passing| {
        let name = if passing.method == "POST" { "phone" } else { "number" };
        if passing.body.contains(&format!("\"{name}\":\"{number}")) {
            error(
                400,
                "general_argument_invalid",
                &format!("Invalid `{name}` param: Phone number must start with a '+'."),
            )
        } else {
            Act::Pass
        }
    }
}

#[test]
fn a_number_that_is_refused_in_mid_run_is_left_out() {
    // The calling code is fine, the number is not.
    let world = World::with("2.6.2", &["+49151234567".into(), "+49999234567".into()]);
    let proxy = Proxy::before(&world.sandbox, refusing("+49999"));
    for _ in 0..2 {
        world.import(&proxy.endpoint).exits(3);
        assert_eq!(world.counts(["failed", "refused", "done"]), [0, 1, 5]);
    }
    let there = world.numbers();
    assert_eq!(there.get("hash-49999234567").map(String::as_str), Some(""));
    assert_eq!(there.get("email-49999234567").map(String::as_str), Some(""));
    assert_eq!(there.get("hash-49151234567").map(String::as_str), Some("+491512345670"));
    assert_eq!(said(&world.run_folder(), "phone-left-out"), 2);
    assert_eq!(said(&world.run_folder(), "phone-refused"), 1);
    let rejects = std::fs::read_to_string(world.run_folder().join("rejects.log.ndjson")).expect("rejects");
    assert!(rejects.contains("alone-49999234567") && rejects.contains("Invalid `phone` param"), "{rejects}");
    world.on_run(&proxy.endpoint, "verify").exits(3);
    // Once it is taken, whoever had nothing else is created.
    proxy.now(|_| Act::Pass);
    world.on_run(&proxy.endpoint, "resume").exits(0);
    assert_eq!(world.counts(["failed", "refused", "done"]), [0, 0, 6]);
}

#[test]
fn whoever_was_created_without_a_number_before_a_crash_is_known_again() {
    let world = World::with("1.9.6", &["+49999234567".into()]);
    let gone = AtomicBool::new(false);
    let refuse = refusing("+49999");
    let proxy = Proxy::before(&world.sandbox, move |passing| {
        if gone.load(Ordering::Relaxed) {
            return error(503, "general_server_error", "down");
        }
        match refuse(passing) {
            Act::Pass if passing.creates() && passing.body.contains("email-49999") => {
                gone.store(true, Ordering::Relaxed);
                Act::PassAndDrop
            }
            act => act,
        }
    });
    world.import(&proxy.endpoint).exits(4);
    assert!(world.numbers().contains_key("email-49999234567"));
    proxy.now(refusing("+49999"));
    world.on_run(&proxy.endpoint, "resume").exits(3);
    assert_eq!(world.counts(["failed", "conflicts", "done"]), [0, 0, 2]);
    assert_eq!(said(&world.run_folder(), "phone-left-out"), 2);
}
