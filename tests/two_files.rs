//! Two files at once: two sources whose ids say nothing of each other, or one source at two dates.

use std::path::Path;

use crate::util::{Run, rehome, run};

const HASH: &str = "$2b$05$YdA17OF4dpcXGEDjZvMCd.0SoGKcVSaA1..BpzzUP8EIJQU1qWLR6";

/// Two files of users, by their ids and addresses.
fn write(home: &Path, files: [&[&str]; 2]) {
    for (name, users) in ["a.csv", "b.csv"].iter().zip(files) {
        let rows: Vec<_> = users.iter().zip(1..).map(|(address, id)| format!("{id},{address},{HASH},1\n")).collect();
        std::fs::write(home.join(name), format!("id,email,password_hash,active\n{}", rows.concat())).expect("written");
    }
}

fn on(home: &Path, command: &str, args: &[&str]) -> Run {
    let mut said = rehome();
    said.current_dir(home).arg(command).args(args);
    if command == "import" {
        said.args(["--sandbox", "--run", "imported"]);
    } else if command == "check" {
        said.args(["--run", "checked"]);
    }
    run(&mut said)
}

#[test]
fn ids_of_different_people_are_two_sources() {
    let home = tempfile::tempdir().expect("a folder");
    for files in [
        [&["a@example.com", "b@example.com"][..], &["z@example.com", "b@example.com"]],
        [&["x@example.at", "y@example.at", "z@example.at"], &["a@example.de", "b@example.de", "c@example.de"]],
    ] {
        write(home.path(), files);
        for command in ["check", "import", "plan"] {
            let stopped = on(home.path(), command, &["a.csv", "b.csv"]).exits(2);
            for said in ["different people", "two sources", "prefix = ", "--run", "nothing was sent"] {
                assert!(stopped.stderr.contains(said), "{command} {said}: {}", stopped.stderr);
            }
        }
        // Both are left out, and no shop is read alone.
        let told = on(home.path(), "check", &["a.csv", "b.csv", "--duplicates", "refuse"]);
        assert!(told.stdout.contains(&format!("{} records", 2 * files[0].len())), "{}", told.stdout);
        assert!(!told.stdout.contains("nearly everybody"), "{}", told.stdout);
    }
    // Each by itself, as the message says.
    on(home.path(), "import", &["a.csv"]).exits(0);
    let map = "[source]\nfrom = \"generic\"\n[user]\nid = { from = \"id\", prefix = \"b-\" }\n";
    std::fs::write(home.path().join("b.toml"), map).expect("written");
    let plan = on(home.path(), "plan", &["b.csv", "--map", "b.toml"]).exits(0);
    let ids: Vec<_> = plan.lines().iter().map(|line| line["user_id"].clone()).collect();
    assert_eq!(ids, ["b-1", "b-2", "b-3"]);
}

#[test]
fn one_source_at_two_dates_is_imported_at_the_later() {
    let home = tempfile::tempdir().expect("a folder");
    let then = ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com"];
    let mut now = then;
    now[3] = "moved@example.com";
    write(home.path(), [&then, &now]);
    let told = on(home.path(), "check", &["a.csv", "b.csv"]).exits(0);
    assert!(
        told.stdout.contains("6 records") && told.stdout.contains("nearly everybody is in both"),
        "{}",
        told.stdout
    );
    let stopped = on(home.path(), "import", &["a.csv", "b.csv"]).exits(2);
    assert!(
        stopped.stderr.contains("nearly everybody is in both") && stopped.stderr.contains("b.csv alone"),
        "{}",
        stopped.stderr
    );
    on(home.path(), "import", &["b.csv"]).exits(0);
}
