//! People whom somebody changes at the target while a sync is at it: between its look at a page of users and the change of one of
//! them, between that and the next, and between the disabling and the deletion of whoever is made again.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use rehome::appwrite::wire::{Edit, Request};
use rehome::appwrite::{Client, Target};
use serde_json::{Map, json};

use super::proxy::{Act, Passing};
use super::servers::wait_until;
use super::soak::listed;
use super::sync_again::{Town, hash, many, never, people};
use super::util::run;

/// Somebody with a key of their own, past the proxy.
fn somebody(town: &Town) -> impl Fn(&Request) + Send + Sync + 'static {
    let target = Target::new(&*town.sandbox.endpoint, &*town.sandbox.project, &*town.sandbox.key);
    move |request| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let sent = async { Client::new(target.clone(), 1).expect("a client").send(request).await };
        assert!(runtime.block_on(sent).expect("an answer").is_success());
    }
}

/// Whose request this is, and what for: `/email`, or nothing.
fn of(passing: &Passing) -> (String, String) {
    let path = passing.path.strip_prefix("/v1/users/").unwrap_or_default();
    let (id, what) = path.split_once('/').unwrap_or((path, ""));
    (id.to_owned(), what.to_owned())
}

/// Whom a rollback of the run keeps.
fn kept_by_rollback(town: &Town) -> BTreeSet<String> {
    run(town.sandbox.rehome().args(["rollback", "--yes"]).arg(town.at("run")));
    listed(&town.sandbox).into_keys().collect()
}

/// What somebody does to a user.
type Deed = fn(&str) -> Request;

#[test]
fn nobody_is_made_again_over_what_was_changed_before_they_were_disabled() {
    const DEEDS: [(&str, Deed, &str); 8] = [
        (
            "mfa",
            |id| Request::patch(format!("/users/{id}/mfa"), &json!({"mfa": true})),
            "a second factor is switched on",
        ),
        ("name", |id| Edit::Name("Own".into()).request(id), "was changed at the target"),
        ("email", |id| Edit::Email(format!("own-{id}@example.com")).request(id), "was changed at the target"),
        ("phone", |id| Edit::Phone("+4917001800000".into()).request(id), "was changed at the target"),
        ("labels", |id| Edit::Labels(vec!["vip".into()]).request(id), "was changed at the target"),
        (
            "prefs",
            |id| {
                let mut prefs = Map::new();
                prefs.insert("theme".into(), "dark".into());
                Edit::Prefs(prefs).request(id)
            },
            "was changed at the target",
        ),
        ("verification", |id| Edit::EmailVerification(true).request(id), "was changed at the target"),
        ("session", |id| Request::post(format!("/users/{id}/sessions"), &json!({})), "has sessions"),
    ];
    let person = |(n, (id, ..)): (usize, &(&'static str, Deed, &str))| (*id, *id, "", "", n as u32);
    let all: Vec<_> = DEEDS.iter().enumerate().map(person).chain([("nobody", "nobody", "", "", 50)]).collect();
    let town = Town::new(&people(&all), &[]);
    let (act, done) = (somebody(&town), Mutex::new(HashSet::new()));
    let before = listed(&town.sandbox);
    town.proxy.now(move |passing| {
        let (id, what) = of(passing);
        if let Some((_, deed, _)) = DEEDS.iter().find(|(name, ..)| *name == id)
            && what == "status"
            && done.lock().expect("nobody panicked").insert(id.clone())
        {
            act(&deed(&id));
        }
        Act::Pass
    });
    let later: Vec<_> = all.iter().map(|(id, email, name, phone, n)| (*id, *email, *name, *phone, n + 100)).collect();
    town.sync(&people(&later), &[]).exits(3);
    let changes = town.changes();
    let after = listed(&town.sandbox);
    for (id, _, why) in DEEDS {
        let stale = format!("stale-password,password,kept: {why}");
        assert!(changes[id].contains(&stale), "{id}: {:?}", changes[id]);
        assert_eq!(after[id]["$createdAt"], before[id]["$createdAt"], "{id}");
        assert_eq!((&after[id]["status"], &after[id]["password"]), (&json!(true), &before[id]["password"]), "{id}");
    }
    assert_eq!(after["mfa"]["mfa"], true);
    assert_eq!((&after["name"]["name"], &after["labels"]["labels"]), (&json!("Own"), &json!(["vip"])));
    assert_eq!(changes["nobody"], ["password,password,made again"]);
    assert_eq!(after["nobody"]["password"], hash(150));
    // What the sync did last does not make it the run's.
    assert_eq!(kept_by_rollback(&town), DEEDS.iter().map(|(id, ..)| (*id).to_owned()).collect());
}

#[test]
fn whoever_is_deleted_by_somebody_while_they_are_made_again_is_named() {
    let town = Town::new(&people(&[("ann", "ann", "Ann", "", 1)]), &[]);
    let act = somebody(&town);
    let status = Arc::new(Mutex::new(false));
    town.proxy.now(move |passing| {
        let mut disabled = status.lock().expect("nobody panicked");
        let (id, what) = of(passing);
        if *disabled && passing.method == "GET" && id == "ann" {
            *disabled = false;
            act(&Request::delete("ann"));
        }
        *disabled |= what == "status";
        Act::Pass
    });
    town.sync(&people(&[("ann", "ann", "Ann", "", 2)]), &[]).exits(3);
    let told = "password,password,made again: somebody deleted the user at the target while the sync was at it";
    assert_eq!(town.changes()["ann"], [told]);
    assert_eq!(town.user("ann").expect("is there")["password"], hash(2));
}

/// A page is looked at long before the last of it has their turn.
#[test]
fn whoever_was_changed_since_a_page_was_looked_at_is_not_overwritten() {
    const N: usize = 12;
    let town = Town::new(&many(N, "First"), &[]);
    let (act, seen) = (somebody(&town), Arc::new(Mutex::new((HashSet::new(), BTreeSet::new()))));
    let told = seen.clone();
    town.proxy.now(move |passing| {
        let mut seen = seen.lock().expect("nobody panicked");
        let (id, what) = of(passing);
        if !id.is_empty() {
            seen.0.insert(id);
        }
        if what == "name" && seen.1.is_empty() {
            let others = (0..N).map(|n| format!("user-{n}")).filter(|id| !seen.0.contains(id));
            seen.1 = others.collect();
            seen.1.iter().for_each(|id| act(&Edit::Name("Own".into()).request(id)));
        }
        Act::Pass
    });
    let synced = town.sync(&many(N, "Later"), &["--format", "json"]).exits(3).json();
    let own = told.lock().expect("nobody panicked").1.clone();
    assert!(own.len() > N / 2, "{own:?}");
    assert_eq!(synced["counts"], json!({"changed": N - own.len(), "changed-on-both": own.len()}), "{synced}");
    for (id, user) in listed(&town.sandbox) {
        let is_own = own.contains(&id);
        assert_eq!(user["name"] == "Own", is_own, "{id}");
        assert_eq!(town.changes()[&id], [if is_own { "changed-on-both,name,nothing" } else { "changed,name,sent" }]);
    }
    assert_eq!(kept_by_rollback(&town), own);
}

/// The answer to one change shows what somebody else did before the next.
#[test]
fn whoever_is_changed_between_two_changes_is_named_and_kept() {
    let rows = |name: &'static str, phones: [&'static str; 3]| {
        let ids = ["ann", "bob", "cy"];
        people(&std::array::from_fn::<_, 3, _>(|n| (ids[n], ids[n], name, phones[n], n as u32)))
    };
    let town = Town::new(&rows("First", [""; 3]), &[]);
    let act = somebody(&town);
    town.proxy.now(move |passing| {
        match of(passing) {
            (id, what) if what == "phone" && id == "ann" => act(&Edit::Name("Own".into()).request("ann")),
            (id, what) if what == "phone" && id == "bob" => {
                act(&Request::patch("/users/bob/password", &json!({"password": "a word of one's own"})));
            }
            _ => {}
        }
        Act::Pass
    });
    town.sync(&rows("Later", ["+4917001800000", "+4917001800001", "+4917001800002"]), &[]).exits(3);
    let changes = town.changes();
    assert_eq!(changes["ann"], ["changed,phone,sent", "changed-on-both,name,nothing"]);
    assert_eq!(changes["bob"], ["changed,\"phone, name\",sent", "changed-at-target,password,kept"]);
    assert_eq!(changes["cy"], ["changed,\"phone, name\",sent"]);
    assert_eq!(town.user("ann").expect("is there")["name"], "Own");
    assert_eq!(kept_by_rollback(&town), ["ann", "bob"].map(str::to_owned).into());
}

/// Deleting is nothing that could be taken back.
#[test]
fn whoever_is_gone_and_was_changed_since_a_page_was_looked_at_is_not_deleted() {
    const N: usize = 12;
    let town = Town::new(&many(N, "First"), &[]);
    let (act, seen) = (somebody(&town), Arc::new(Mutex::new((HashSet::new(), BTreeSet::new()))));
    let told = seen.clone();
    town.proxy.now(move |passing| {
        let mut seen = seen.lock().expect("nobody panicked");
        let (id, _) = of(passing);
        if !id.is_empty() {
            seen.0.insert(id);
        }
        if passing.method == "DELETE" && seen.1.is_empty() {
            let others = (0..N).map(|n| format!("user-{n}")).filter(|id| !seen.0.contains(id));
            seen.1 = others.collect();
            seen.1.iter().for_each(|id| act(&Edit::Name("Own".into()).request(id)));
        }
        Act::Pass
    });
    town.sync(&people(&[("new", "new", "New", "", 99)]), &["--gone", "delete", "--gone-up-to", "12"]).exits(3);
    let own = told.lock().expect("nobody panicked").1.clone();
    assert!(own.len() > N / 2, "{own:?}");
    assert!(
        own.iter().all(|id| town.changes()[id] == ["gone,,kept: changed or signed in since"]),
        "{:?}",
        town.changes()
    );
    let mut there: BTreeSet<String> = listed(&town.sandbox).into_keys().collect();
    assert!(there.remove("new"));
    assert_eq!(there, own);
}

/// What was sent and not written down was the sync's all the same.
#[test]
fn whom_a_sync_that_was_cut_off_had_changed_a_rollback_takes_back() {
    let rows = |name: &'static str, phone: &'static str| {
        people(&[("ann", "ann", name, phone, 1), ("bob", "bob", "Bob", "", 2)])
    };
    let town = Town::new(&rows("First", ""), &[]);
    town.proxy.now(|passing| match &*of(passing).1 {
        "name" => Act::PassAndThen(Box::new(|| drop(never()))),
        _ => Act::Pass,
    });
    town.write("later.csv", &rows("Later", "+4917001800000"));
    let mut sync = town.command(&[]).spawn().expect("it starts");
    wait_until("the change", || town.user("ann").is_some_and(|ann| ann["name"] == "Later"));
    sync.kill().expect("killed");
    sync.wait().expect("an end");
    town.proxy.now(|_| Act::Pass);
    town.sync(&rows("Later", "+4917001800000"), &[]).exits(0);
    assert_eq!(town.changes()["ann"], ["changed,\"phone, name\",sent"]);
    assert_eq!(kept_by_rollback(&town), BTreeSet::new());
}
