//! A target that contradicts itself, or became another one: a copy of its database that is behind, something on the way that
//! remembers old answers, a project that is full, a server that was updated. Whoever is blamed is blamed for what is true.

use std::collections::HashSet;
use std::sync::Mutex;

use super::faults::World;
use super::proxy::{Act, error};
use super::soak::{assert_holds, listed, users};
use super::util::{Sandbox, run};

const N: usize = 40;

fn no_such_user() -> Act {
    error(404, "user_not_found", "User with the requested ID could not be found.")
}

#[test]
fn nobody_is_gone_who_is_there_when_asked_for() {
    // Of follow-ups only: one of each, and then all of them.
    let seen = Mutex::new(HashSet::new());
    let world = World::with(N, move |passing| {
        let first = passing.method == "PATCH" && seen.lock().expect("a lock").insert(passing.path.clone());
        if first { no_such_user() } else { Act::Pass }
    });
    world.import().exits(0);
    assert_holds(&world.sandbox, &world.expected);
    let world = World::with(N, |passing| if passing.method == "PATCH" { no_such_user() } else { Act::Pass });
    let run = world.import();
    world.stopped_and_repaired(run, "the target says that it has no such user");
}

#[test]
fn a_remembered_404_makes_nobody_a_conflict_with_themselves() {
    let seen = Mutex::new(HashSet::new());
    let world = World::with(N, move |passing| {
        if passing.creates() && seen.lock().expect("a lock").insert(passing.body.clone()) {
            return Act::PassAndDrop;
        }
        // The list of users is not remembered.
        if passing.method == "GET" && passing.path.contains("/users/user-") { no_such_user() } else { Act::Pass }
    });
    let mut command = world.command(&["import", "--give-up-after", "20"]);
    run(command.arg(world.home.path().join("export.csv")).arg("--run").arg(world.run_folder())).exits(0);
    assert_holds(&world.sandbox, &world.expected);
    assert_eq!(world.counts(["created", "done", "refused"]), [N as u64, N as u64, 0]);
}

/// What creates them is not what was asked: nobody could sign in.
#[test]
fn a_create_that_took_the_hash_for_another_one_is_not_done() {
    let world = World::with(N, |passing| {
        if passing.path.ends_with("/users/md5") && passing.body.contains("\"user-5\"") {
            Act::Rewrite("/v1/users/sha".into())
        } else {
            Act::Pass
        }
    });
    world.import().exits(3);
    let log = world.rejects();
    assert!(log.contains("password hash") && log.lines().count() == 1, "{log}");
    assert_eq!(world.counts(["done", "left", "refused"]), [N as u64 - 1, 0, 1]);
}

#[test]
fn a_project_that_takes_no_more_refuses_nobody() {
    for (status, kind) in [(400, "user_count_exceeded"), (402, "billing_limit_exceeded")] {
        let created = std::sync::atomic::AtomicUsize::new(0);
        let world = World::with(N, move |passing| {
            let full = passing.creates() && created.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 10;
            if full { error(status, kind, "the maximum number of users") } else { Act::Pass }
        });
        let run = world.import();
        assert_eq!(listed(&world.sandbox).len(), 10);
        world.stopped_and_repaired(run, "the project takes no more: the maximum number of users");
    }
}

/// Between an import and what comes after it, days may lie.
#[test]
fn a_run_goes_on_at_a_server_that_was_updated_since() {
    let home = tempfile::tempdir().expect("a folder");
    let (csv, expected) = users(N);
    // Refused by 2.0, which an import asks for, and taken by 1.9.
    let csv = csv.replace("+4915100000008", "+92300000008");
    let (export, folder, store) = (home.path().join("export.csv"), home.path().join("run"), home.path().join("store"));
    std::fs::write(&export, csv).expect("written");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").to_string();
    let start = |version: &str| {
        let store = store.to_str().expect("a path");
        Sandbox::start(&["--listen", &port, "--store", store, "--appwrite-version", version])
    };
    {
        let sandbox = start("1.9.6");
        let mut import = sandbox.rehome();
        run(import.args(["import", "--limit", "30", "--run"]).arg(&folder).arg(&export)).exits(0);
    }
    let sandbox = start("2.6.2");
    let found = run(sandbox.rehome().args(["verify", "--format", "json"]).arg(&folder)).exits(3);
    assert!(found.stderr.contains("this run was planned for Appwrite 1.9, and the target is 2.6"), "{}", found.stderr);
    let found = found.json()["verify"].clone();
    assert_eq!([&found["same"], &found["different"], &found["missing"], &found["stray"]], [30, 0, 0, 0], "{found}");
    run(sandbox.rehome().arg("resume").arg(&folder)).exits(0);
    assert_eq!(listed(&sandbox).len(), expected.len());
    run(sandbox.rehome().args(["rollback", "--yes"]).arg(&folder)).exits(0);
    assert_eq!(listed(&sandbox).len(), 0);
}

#[test]
fn a_list_that_forgets_users_makes_nobody_missing_or_gone() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    let empty = || Act::Say(200, "application/json", r#"{"total":0,"users":[]}"#.into());
    world.proxy.now(move |passing| if passing.path.starts_with("/v1/users?") { empty() } else { Act::Pass });
    let found = world.on_run(&["verify", "--format", "json"]).exits(0).json()["verify"].clone();
    assert_eq!([&found["same"], &found["missing"]], [N, 0], "{found}");
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert_eq!(listed(&world.sandbox).len(), 0);
}

#[test]
fn who_is_said_to_be_deleted_and_is_there_still_is_not_forgotten() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    let said = || Act::Say(204, "application/json", String::new());
    world.proxy.now(
        move |passing| {
            if passing.method == "DELETE" && passing.path.contains("user-1") { said() } else { Act::Pass }
        },
    );
    let run = world.on_run(&["rollback", "--yes"]).exits(3);
    assert!(run.stdout.contains("has them still"), "{}{}", run.stdout, run.stderr);
    // 1, and 10 to 19.
    assert_eq!(listed(&world.sandbox).len(), 11);
    world.proxy.now(|_| Act::Pass);
    world.on_run(&["rollback", "--yes"]).exits(0);
    assert_eq!(listed(&world.sandbox).len(), 0);
}

/// A sync makes users again for a new password; nobody stays disabled for one that could not.
#[test]
fn whom_a_sync_could_not_make_again_signs_in_as_before() {
    let world = World::with(N, |_| Act::Pass);
    world.import().exits(0);
    let later = world.home.path().join("later.csv");
    let csv = std::fs::read_to_string(world.home.path().join("export.csv")).expect("the export");
    let (old, new) = (format!("{:032x}", 5), format!("{:032x}", 0xfeed));
    std::fs::write(&later, csv.replace(&old, &new)).expect("written");
    let sync = || run(world.command(&["sync", "--run"]).arg(world.run_folder()).arg(&later));
    let answers: [fn(&str) -> Act; 2] = [|_| Act::Say(204, "application/json", String::new()), |_| no_such_user()];
    for answer in answers {
        world.proxy.now(move |passing| if passing.method == "DELETE" { answer(&passing.path) } else { Act::Pass });
        let said = sync().exits(3);
        let user = listed(&world.sandbox)["user-5"].clone();
        assert!(user["status"] == true && user["password"] == *old, "{user} {}{}", said.stdout, said.stderr);
    }
    world.proxy.now(|_| Act::Pass);
    sync().exits(0);
    assert_eq!(listed(&world.sandbox)["user-5"]["password"], *new);
    world.on_run(&["verify"]).exits(0);
}
