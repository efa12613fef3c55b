//! Others who work at the target while a run does, and a target that is behind itself: nobody is deleted whom others have
//! changed, and nobody is forgotten.

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::faults::World;
use super::http;
use super::proxy::{Act, Passing, error};
use super::soak::{assert_holds, listed};
use super::util::{Sandbox, run};

const N: usize = 40;

/// Somebody who may do anything at the target, from any thread.
fn somebody(sandbox: &Sandbox) -> impl Fn(&str, &str, &Value) + Send + Sync + 'static {
    let endpoint = sandbox.endpoint.clone();
    let headers = [
        ("X-Appwrite-Project", sandbox.project.clone()),
        ("X-Appwrite-Key", sandbox.key.clone()),
        ("Content-Type", "application/json".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    move |method, path, body| {
        let answer =
            http::send(&endpoint, method, path, &headers, Some(body.to_string().as_bytes())).expect("an answer");
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
    }
}

/// Users with what somebody does to them, before the first follow-up of a run, or the last but one.
const CHANGES: [(&str, &str, &str); 6] = [
    ("user-1", "password", r#"{"password": "somebody else's own"}"#),
    ("user-2", "email", r#"{"email": "other@example.com"}"#),
    ("user-4", "name", r#"{"name": "Somebody"}"#),
    ("user-5", "status", r#"{"status": false}"#),
    ("user-8", "mfa", r#"{"mfa": true}"#),
    ("user-10", "labels", r#"{"labels": ["theirs"]}"#),
];

/// What changes each of them once, when a follow-up of theirs comes by for the first time.
fn meddling(sandbox: &Sandbox) -> impl Fn(&Passing) -> Act + Send + Sync + 'static {
    let (change, met) = (somebody(sandbox), Mutex::new(HashSet::new()));
    move |passing| {
        let whose = CHANGES.iter().find(|(id, ..)| passing.path.contains(&format!("/users/{id}/")));
        if let Some((id, what, body)) = whose.filter(|_| passing.method != "GET")
            // Labels come last, and would be overwritten.
            && (*what != "labels" || passing.path.ends_with("/verification"))
            && met.lock().expect("a lock").insert(*id)
        {
            // What is set within a tenth of a second of the create is taken for the create's.
            std::thread::sleep(std::time::Duration::from_millis(200));
            let method = if *what == "labels" { "PUT" } else { "PATCH" };
            change(method, &format!("/users/{id}/{what}"), &serde_json::from_str(body).expect("JSON"));
        }
        Act::Pass
    }
}

fn whose_are_left(world: &World) -> Vec<String> {
    let mut left: Vec<_> = listed(&world.sandbox).into_keys().collect();
    left.sort();
    left
}

#[test]
fn whoever_was_changed_between_two_requests_of_a_run_is_kept_by_rollback() {
    for resumed in [false, true] {
        let world = World::with(N, |_| Act::Pass);
        if resumed {
            // Created, and no more: their follow-ups are another process's.
            world.proxy.now(|passing| match passing.method.as_str() {
                "PATCH" | "PUT" => error(401, "project_key_expired", "expired"),
                _ => Act::Pass,
            });
            world.import().exits(4);
        }
        world.proxy.now(meddling(&world.sandbox));
        if resumed {
            world.on_run(&["resume"]).exits(3)
        } else {
            world.import().exits(3)
        };
        let rejects = world.rejects();
        for id in ["user-1", "user-2", "user-4", "user-5", "user-10"] {
            let named =
                rejects.lines().any(|line| line.contains(&format!("\"{id}\"")) && line.contains("changed-since"));
            assert!(named, "{id}: {rejects}");
        }
        world.proxy.now(|_| Act::Pass);
        let dry = world.on_run(&["rollback"]).exits(0);
        assert!(dry.stdout.contains("34 users to delete, 0 already gone, 6 kept"), "{}", dry.stdout);
        world.on_run(&["resume"]);
        world.on_run(&["rollback", "--yes"]).exits(3);
        assert_eq!(whose_are_left(&world), ["user-1", "user-10", "user-2", "user-4", "user-5", "user-8"]);
        world.on_run(&["rollback", "--yes", "--force"]).exits(0);
        assert!(listed(&world.sandbox).is_empty());
    }
}

#[test]
fn whom_nobody_else_touched_is_taken_back_from_every_version() {
    for version in ["1.6.2", "1.8.1", "1.9.6", "2.3.0", "2.6.2"] {
        let home = tempfile::tempdir().expect("a folder");
        let (csv, _) = super::soak::users(N);
        std::fs::write(home.path().join("export.csv"), csv).expect("written");
        let sandbox = Sandbox::start(&["--appwrite-version", version]);
        let folder = home.path().join("run");
        run(sandbox.rehome().arg("import").arg(home.path().join("export.csv")).arg("--run").arg(&folder)).exits(0);
        run(sandbox.rehome().args(["rollback", "--yes"]).arg(&folder)).exits(0);
        assert!(listed(&sandbox).is_empty(), "{version}");
    }
}

#[test]
fn whoever_was_deleted_since_and_is_made_again_is_named() {
    let world = World::with(N, |_| Act::Pass);
    world.proxy.now(|passing| match passing.method.as_str() {
        "PATCH" | "PUT" => error(401, "project_key_expired", "expired"),
        _ => Act::Pass,
    });
    world.import().exits(4);
    somebody(&world.sandbox)("DELETE", "/users/user-2", &Value::Null);
    world.proxy.now(|_| Act::Pass);
    let resumed = world.on_run(&["resume"]).exits(0);
    assert!(resumed.stderr.contains("user user-2 was created by this run and deleted"), "{}", resumed.stderr);
    assert_holds(&world.sandbox, &world.expected);
}

#[test]
fn verify_says_that_planned_users_are_not_there() {
    let world = World::with(N, |passing| {
        let refused = passing.creates() && passing.body.contains("person5@");
        if refused { error(400, "general_argument_invalid", "no") } else { Act::Pass }
    });
    world.import().exits(3);
    world.proxy.now(|_| Act::Pass);
    let verify = world.on_run(&["verify"]).exits(3);
    assert!(verify.stderr.contains("1 planned user is not there"), "{}", verify.stderr);
}

/// A copy of the database that has not heard of anybody yet.
fn behind(passing: &Passing) -> Act {
    match (passing.method.as_str(), passing.path.split('?').next().unwrap_or_default()) {
        ("GET", "/v1/users") => Act::Say(200, "application/json", r#"{"total":0,"users":[]}"#.into()),
        ("GET", path) if path.starts_with("/v1/users/") => error(404, "user_not_found", "no such user"),
        _ => Act::Pass,
    }
}

#[test]
fn whom_the_run_created_stays_created_however_far_readings_are_behind() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    world.proxy.now(behind);
    world.on_run(&["verify"]).exits(3);
    world.on_run(&["resume"]).exits(3);
    let rejects = world.rejects();
    assert!(!rejects.contains("target-conflict"), "{rejects}");
    assert_eq!(world.counts(["created", "refused"]), [N as u64, 0]);
    world.proxy.now(|_| Act::Pass);
    world.on_run(&["resume"]).exits(0);
    assert_holds(&world.sandbox, &world.expected);
    assert_eq!(world.counts(["created", "present", "done"]), [N as u64, 0, N as u64]);
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert!(listed(&world.sandbox).is_empty());
}

#[test]
fn a_sign_in_with_the_session_of_somebody_else_proves_nothing() {
    let world = World::with(N, |_| Act::Pass);
    let ann = "id,email,password_hash,password_scheme\nann,ann@example.com,3cb4e732631f47e6eb961f34554b7cde,md5\n";
    std::fs::write(world.home.path().join("export.csv"), ann).expect("written");
    world.import().exits(0);
    let known = world.home.path().join("known.csv");
    std::fs::write(&known, "email,password\nann@example.com,correct horse\n").expect("written");
    let verify = || world.on_run(&["verify", "--known", known.to_str().expect("a path")]);
    world.proxy.now(|passing| {
        let session = json!({"$id": "s", "userId": "somebody", "provider": "email", "current": true});
        let signs_in = passing.method == "POST" && passing.path.ends_with("/sessions/email");
        if signs_in { Act::Say(201, "application/json", session.to_string()) } else { Act::Pass }
    });
    let found = verify().exits(3);
    assert!(found.stderr.contains("session of another user"), "{}", found.stderr);
    world.proxy.now(|_| Act::Pass);
    verify().exits(0);
}

/// A sign-in of `verify` hashes the password anew, which is no change by somebody else, however the user stands.
#[test]
fn whom_verify_signed_in_and_who_lacks_a_number_is_taken_back_all_the_same() {
    let world = World::with(N, |_| Act::Pass);
    let ann = "id,email,phone,password_hash,password_scheme\n\
               ann,ann@example.com,+4915112345678,3cb4e732631f47e6eb961f34554b7cde,md5\n";
    std::fs::write(world.home.path().join("export.csv"), ann).expect("written");
    let taken = json!({"userId": "holder", "email": "holder@example.com", "phone": "+4915112345678"});
    somebody(&world.sandbox)("POST", "/users", &taken);
    world.import().exits(3);
    let known = world.home.path().join("known.csv");
    std::fs::write(&known, "email,password\nann@example.com,correct horse\n").expect("written");
    let found =
        world.on_run(&["verify", "--format", "json", "--known", known.to_str().expect("a path")]).exits(3).json();
    assert_eq!(found["verify"]["signed_in"], 1, "{found}");
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert_eq!(whose_are_left(&world), ["holder"]);
}

#[test]
fn a_user_whose_requests_are_always_lost_is_named_and_the_run_ends() {
    let lost = |passing: &Passing| match passing.method.as_str() {
        "POST" => passing.body.contains("person5@"),
        "PATCH" => passing.path.ends_with("/user-7/status"),
        "DELETE" => passing.path.ends_with("/user-3"),
        _ => false,
    };
    let world = World::with(N, move |passing| if lost(passing) { Act::Drop } else { Act::Pass });
    let import = world.import().exits(3);
    assert_eq!(world.counts(["failed", "done", "left"]), [2, N as u64 - 2, 0], "{}", import.stderr);
    for record in [6, 8] {
        assert!(world.rejects().contains(&format!("\"record\":{record},")), "{}", world.rejects());
    }
    let rollback = world.on_run(&["rollback", "--yes"]).exits(3);
    assert!(rollback.stderr.contains("user-3") || rollback.stdout.contains("user-3"), "{}", rollback.stdout);
    assert_eq!(whose_are_left(&world), ["user-3"]);
    world.proxy.now(|_| Act::Pass);
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert!(listed(&world.sandbox).is_empty());
}
