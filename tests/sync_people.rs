//! People of whom a sync could think wrongly: deleted in name alone, back after they were deleted, moved by way of another address.

use std::process::Command;

use serde_json::json;

use super::proxy::Act;
use super::soak::listed;
use super::sync_again::{Town, hash, many, never, people};
use super::util::run;

/// Rows of id and when somebody was deleted.
fn marked(rows: &[(&str, &str)]) -> String {
    let rows = rows
        .iter()
        .enumerate()
        .map(|(n, (id, deleted))| format!("{id},{id}@example.com,{},md5,{deleted}\n", hash(n as u32)));
    format!("id,email,password_hash,password_scheme,deleted_at\n{}", rows.collect::<String>())
}

/// Applications mark rows oftener than they delete them.
#[test]
fn whoever_is_marked_as_deleted_at_the_source_is_gone() {
    let town = Town::new(&marked(&[("ann", ""), ("bob", ""), ("cy", "")]), &[]);
    let later = marked(&[("ann", ""), ("bob", "2026-01-31T12:00:00Z"), ("cy", "")]);
    let dry = town.sync(&later, &["--gone", "delete", "--dry-run", "--format", "json"]).exits(0).json();
    assert_eq!(dry["counts"], json!({"gone": 1}), "{dry}");
    let kept = town.sync(&later, &["--format", "json"]).exits(3).json();
    assert_eq!((&kept["counts"], &kept["look"]), (&json!({"gone": 1}), &json!(1)), "{kept}");
    assert!(town.changes()["bob"][0].contains("kept: skipped-by-source"), "{:?}", town.changes());
    assert_eq!(town.user("bob").expect("he is there")["status"], true);

    let done = town.sync(&later, &["--gone", "disable", "--refused-ok", "--format", "json"]).exits(0).json();
    assert_eq!(done["counts"], json!({"gone": 1}), "{done}");
    assert_eq!(town.user("bob").expect("he is there")["status"], false);
    let again = town.sync(&later, &["--gone", "delete", "--refused-ok", "--format", "json"]).exits(0).json();
    assert_eq!((&again["counts"], &again["unchanged"]), (&json!({"gone": 1}), &json!(2)), "{again}");
    assert!(town.user("bob").is_none() && listed(&town.sandbox).len() == 2);
    // Half of them at once is a mistake however it is said.
    let town = Town::new(&many(40, "First"), &[]);
    let rows = many(40, "First");
    let later = rows.lines().enumerate().map(|(n, line)| match n {
        0 => format!("{line},deleted_at\n"),
        n if n % 2 == 0 => format!("{line},2026-01-31T12:00:00Z\n"),
        _ => format!("{line},\n"),
    });
    let stopped = town.sync(&later.collect::<String>(), &["--gone", "delete"]).exits(2);
    assert!(stopped.stderr.contains("20 of 40 users are gone"), "{}", stopped.stderr);
    assert_eq!(listed(&town.sandbox).len(), 40);
}

/// Nobody is new, nothing is sent, and somebody is refused as before: an import would end so, too.
#[test]
fn a_sync_of_the_same_export_ends_as_an_import_of_it() {
    let mut export = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)]);
    export += "cy,no address,Cy,,00000000000000000000000000000003,md5\n";
    let town = Town::new_with(&export, 3);
    for _ in 0..2 {
        let told = town.sync(&export, &["--format", "json"]).exits(3).json();
        assert_eq!(
            (&told["counts"], &told["unchanged"], &told["refused"]),
            (&json!({}), &json!(2), &json!(1)),
            "{told}"
        );
        town.sync(&export, &["--refused-ok"]).exits(0);
    }
}

/// A rule that leaves somebody out says why, and that is as seldom that they are gone as an address that is empty for a day.
#[test]
fn whoever_is_left_out_for_another_reason_is_not_gone() {
    let map = "[where]\nskip = [\"kind == 'bot'\", \"email == null\", \"deleted_at != null\"]\n[user]\nid = \"id\"\nemail = \"email\"\n\
               [password]\nhash = \"hash\"\nscheme = \"md5\"\n";
    let rows = |people: &[(&str, &str, &str, &str)]| {
        let line = |(n, (id, email, kind, deleted)): (usize, &(&str, &str, &str, &str))| {
            format!("{id},{email},{kind},{},{deleted}\n", hash(n as u32))
        };
        let lines = people.iter().enumerate().map(line).collect::<String>();
        format!("id,email,kind,hash,deleted_at\n{lines}")
    };
    let before = rows(&[
        ("ann", "ann@b.cd", "", ""),
        ("bob", "bob@b.cd", "", ""),
        ("cy", "cy@b.cd", "", ""),
        ("di", "di@b.cd", "", ""),
    ]);
    let later = rows(&[
        ("ann", "ann@b.cd", "bot", ""),
        ("bob", "", "", ""),
        ("cy", "cy@b.cd", "", "2026-01-31"),
        ("di", "di@b.cd", "", ""),
    ]);
    for (gone, looks, cy) in [("delete", 2, None), ("disable", 2, Some(false)), ("keep", 3, Some(true))] {
        let town = Town::mapped(&before, map);
        let told = town.sync(&later, &["--gone", gone, "--format", "json"]).exits(3).json();
        assert_eq!((&told["counts"], &told["look"]), (&json!({"gone": 1, "refused": 2}), &json!(looks)), "{told}");
        for id in ["ann", "bob"] {
            assert_eq!(town.changes()[id], ["refused,,\"kept: skipped-by-source; the rejects say why\""], "{gone}");
            assert_eq!(town.user(id).expect("is there")["status"], true, "{gone}");
        }
        assert_eq!(town.user("cy").map(|user| user["status"] == true), cy, "{gone}");
    }
}

/// Cut off between the deletion and the row that says so, or before it, and back at the source meanwhile.
#[test]
fn whoever_is_back_is_there_again_and_is_not_called_gone() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2), ("cy", "cy", "Cy", "", 3)]);
    let without = people(&[("ann", "ann", "Ann", "", 1), ("cy", "cy", "Cy", "", 3)]);
    for deleted in [true, false] {
        let town = Town::new(&before, &[]);
        // What comes after the deletion, or the deletion itself, is never answered.
        let gone = std::sync::atomic::AtomicBool::new(false);
        town.proxy.now(move |passing| {
            use std::sync::atomic::Ordering;
            if gone.load(Ordering::Relaxed) {
                return never();
            }
            if passing.method == "DELETE" && passing.path.contains("/bob") {
                gone.store(true, Ordering::Relaxed);
                return if deleted { Act::Pass } else { never() };
            }
            Act::Pass
        });
        town.write("later.csv", &without);
        let mut sync = town.command(&["--gone", "delete"]).spawn().expect("it starts");
        let begun = "SELECT count(*) FROM users WHERE text LIKE 'is deleted:%'";
        super::servers::wait_until("the deletion", || town.rows(begun) > 0 && town.user("bob").is_none() == deleted);
        sync.kill().expect("killed");
        sync.wait().expect("an end");
        town.proxy.now(|_| Act::Pass);
        let done = town.sync(&before, &["--gone", "delete", "--format", "json"]).exits(0).json();
        let counts = if deleted { json!({"new": 1}) } else { json!({}) };
        assert_eq!(done["counts"], counts, "{done} {:?}", town.changes());
        assert_eq!(town.user("bob").expect("he is there")["password"], hash(2));
        assert_eq!(town.changes().len(), usize::from(deleted), "{:?}", town.changes());
        if deleted {
            assert_eq!(town.changes()["bob"], ["new,,created"]);
        }
        // They are a user of the run as all others.
        run(town.sandbox.rehome().args(["verify", "--quiet"]).arg(town.at("run"))).exits(0);
        run(town.sandbox.rehome().args(["rollback", "--yes"]).arg(town.at("run"))).exits(0);
        assert_eq!(listed(&town.sandbox).len(), 0);
    }
}

fn verified(people: &[(&str, &str)]) -> String {
    let rows = people
        .iter()
        .enumerate()
        .map(|(n, (id, email))| format!("{id},{email}@example.com,true,{},md5\n", hash(n as u32)));
    format!("id,email,email_verified,password_hash,password_scheme\n{}", rows.collect::<String>())
}

/// One of two who have each other's address has another one for a moment, which is nobody else's doing.
#[test]
fn whoever_changed_addresses_with_somebody_is_as_the_run_left_them() {
    let town = Town::new(&verified(&[("a", "a"), ("b", "b"), ("c", "c")]), &[]);
    town.sync(&verified(&[("a", "b"), ("b", "a"), ("c", "c")]), &[]).exits(0);
    for (id, email) in [("a", "b@example.com"), ("b", "a@example.com")] {
        let user = town.user(id).expect("there");
        assert_eq!((&user["email"], &user["emailVerification"]), (&json!(email), &json!(true)), "{id}");
    }
    run(town.sandbox.rehome().args(["rollback", "--yes"]).arg(town.at("run"))).exits(0);
    assert_eq!(listed(&town.sandbox).len(), 0);
}

/// Whoever does not get the address after all has their own again, as verified as it was.
#[test]
fn whoever_gets_their_own_address_back_has_it_verified() {
    let town = Town::new(&verified(&[("a", "a"), ("b", "b"), ("c", "c")]), &[]);
    // What `a` had is somebody else's as soon as it is free, and what `b` leaves is refused to `a`.
    town.proxy.now(|passing| {
        let to_b = passing.path.contains("/a/email") && passing.body.contains("b@example.com");
        let to_a = passing.path.contains("/b/email") && passing.body.contains("\"a@example.com");
        if passing.method == "PATCH" && (to_b || to_a) {
            super::proxy::error(409, "user_email_already_exists", "taken")
        } else {
            Act::Pass
        }
    });
    let later = verified(&[("a", "b"), ("b", "a"), ("c", "c")]);
    town.sync(&later, &[]).exits(3);
    for id in ["a", "b"] {
        let user = town.user(id).expect("there");
        let own = format!("{id}@example.com");
        assert_eq!((&user["email"], &user["emailVerification"]), (&json!(own), &json!(true)), "{id}");
    }
    // And once nothing stands in the way, both have what the source says.
    town.proxy.now(|_| Act::Pass);
    town.sync(&later, &[]).exits(0);
    assert_eq!(town.user("a").expect("there")["email"], "b@example.com");
    run(town.sandbox.rehome().args(["rollback", "--yes"]).arg(town.at("run"))).exits(0);
    assert_eq!(listed(&town.sandbox).len(), 0);
}

/// The command that is told goes on as it stands, in a shell that knows no key.
#[test]
fn what_goes_on_with_a_sync_names_the_key_file() {
    let town = Town::new(&many(40, "First"), &["--faults", "delay=1:20ms"]);
    town.write("the key", &town.sandbox.key);
    assert!(Command::new("chmod").arg("600").arg(town.at("the key")).status().expect("chmod").success());
    let key = town.at("the key").display().to_string();
    let some = "SELECT count(*) > 5 FROM users JOIN changes USING (user_id)";
    town.cut_off(&many(40, "Later"), &["--key-file", &key], "-KILL", some);
    let status = town.status().stdout;
    let command = status.lines().find_map(|line| line.split("go on with: rehome ").nth(1)).expect("a command");
    assert!(command.contains("--key-file"), "{status}");
    let shell = format!("\"$0\" {command}");
    let mut sh = Command::new("sh");
    sh.args(["-c", &shell, env!("CARGO_BIN_EXE_rehome")]).env_remove("APPWRITE_API_KEY").current_dir("/");
    run(&mut sh).exits(0);
    assert!(listed(&town.sandbox).values().all(|user| user["name"].as_str().unwrap_or_default().starts_with("Later")));
}

/// That a record named nobody before does not say who it is now.
#[test]
fn a_record_that_names_nobody_may_be_anybodys_each_time() {
    let before =
        people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)]) + ",,Nobody,of,two,commas,too,many\n";
    let town = Town::new_with(&before, 3);
    let later = people(&[("ann", "ann", "Ann", "", 1)]) + ",,Nobody,of,two,commas,too,many\n";
    for gone in ["delete", "disable"] {
        let stopped = town.sync(&later, &["--gone", gone]).exits(2);
        assert!(stopped.stderr.contains("does not say whose it is"), "{}", stopped.stderr);
    }
    assert_eq!(town.user("bob").expect("he is there")["status"], true);
}

/// What a sync says of an evening on which nothing is new is what an import of the later export would.
#[test]
fn lists_and_report_are_the_later_exports_without_an_import() {
    let before = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2), ("cy", "cy", "Cy", "", 3)]);
    let town = Town::new(&before, &[]);
    let later = people(&[("ann", "ann", "Anna", "", 1), ("cy", "cy", "Cy", "", 3)]);
    town.sync(&later, &["--gone", "delete"]).exits(0);
    let report = std::fs::read_to_string(town.at("run/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["command"], &report["records"]), (&json!("import"), &json!(2)), "{report}");
    assert_eq!(report["sync"]["counts"], json!({"changed": 1, "gone": 1}), "{report}");
    assert_eq!((&report["import"]["done"], &report["import"]["left"]), (&json!(2), &json!(0)), "{report}");
    let map = std::fs::read_to_string(town.at("run/id-map.csv")).expect("a list");
    assert!(map.contains("ann") && !map.contains("bob"), "{map}");
    let status = run(super::util::rehome().args(["status", "--format", "json"]).arg(town.at("run"))).exits(0).json();
    assert_eq!([&status["records"], &status["done"], &status["left"]], [2, 2, 0], "{status}");
    // A dry run after that has nothing to say, and leaves everything as it lies.
    let dry = town.sync(&later, &["--dry-run", "--gone", "delete", "--format", "json"]).exits(0).json();
    assert_eq!((&dry["counts"], &dry["unchanged"]), (&json!({}), &json!(2)), "{dry}");
    run(town.sandbox.rehome().args(["verify", "--quiet"]).arg(town.at("run"))).exits(0);
    // What was mended since is what a dry run would send.
    let mended = later.replace("Anna", "Annette");
    let dry = town.sync(&mended, &["--dry-run", "--format", "json"]).exits(0).json();
    assert_eq!(dry["counts"], json!({"changed": 1}), "{dry}");
    assert!(town.changes()["ann"][0].contains("to be sent"));
    assert_eq!(town.user("ann").expect("there")["name"], "Anna");
    let done = town.sync(&mended, &["--format", "json"]).exits(0).json();
    assert_eq!(
        (&done["schema"], &done["counts"], &done["edits"]),
        (&json!(1), &json!({"changed": 1}), &json!(1)),
        "{done}"
    );
    let text = town.sync(&mended, &[]).exits(0).stdout;
    assert!(text.contains("2  unchanged: nothing was asked about them"), "{text}");
}

/// Whoever is new is created in a reading of their own, for which the export has to be what the sync was of.
#[test]
fn an_export_that_becomes_another_while_it_is_synced_loses_nobody() {
    const MANY: usize = 150;
    let before = many(MANY, "First");
    let town = Town::new(&before, &[]);
    let rows = |name: &str, news: &[&str]| {
        let new = news.iter().map(|id| format!("{id},{id}@example.com,New,,{},md5\n", hash(7))).collect::<Vec<_>>();
        many(MANY, name) + &new.concat()
    };
    let (later, last) = (rows("Later", &["ann", "bob"]), rows("Last", &["bob", "cy"]));
    // More than the first reading keeps, in debug builds: they are read once more, and the new ones once again.
    let (path, text) = (town.at("later.csv"), last.clone());
    let written = std::sync::Once::new();
    town.proxy.now(move |passing| {
        if passing.method == "PATCH" {
            written.call_once(|| std::fs::write(&path, &text).expect("written"));
        }
        Act::Pass
    });
    let cut = town.sync(&later, &[]);
    assert!(cut.code != 0 && cut.code != 3, "{}", cut.stderr);
    town.proxy.now(|_| Act::Pass);
    let mut goes_on = town.command(&["--format", "json"]);
    let told = run(&mut goes_on);
    assert!([0, 3].contains(&told.code), "{}{}", told.stdout, told.stderr);
    let there = listed(&town.sandbox);
    assert!(["bob", "cy"].iter().all(|id| there.contains_key(*id)), "{:?}", there.keys());
    let is_last = |i: usize| there[&format!("user-{i}")]["name"] == format!("Last {i}");
    assert!((0..MANY).all(is_last), "{}", (0..MANY).filter(|i| !is_last(*i)).count());
    let again = town.sync(&last, &["--format", "json", "--dry-run"]).json();
    assert!(again["counts"]["changed"].is_null() && again["counts"]["new"].is_null(), "{again}");
}
