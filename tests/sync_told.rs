//! What a sync says of people, and what the commands after it say of them: that everybody is told of as what they are.

use serde_json::json;

use super::sync_again::{Person, Town, hash, people};
use super::util::{Run, rehome, run};

/// Rows of id and when somebody was deleted, as a German shop marks it.
fn marked(rows: &[(&str, &str)]) -> String {
    let row = |(id, deleted): &(&str, &str)| {
        format!("{id},{id}@example.com,{},md5,{deleted}\n", hash(u32::from(id.as_bytes()[0])))
    };
    format!("id,email,password_hash,password_scheme,geloescht_am\n{}", rows.iter().map(row).collect::<String>())
}

fn status(town: &Town) -> Run {
    run(rehome().args(["status", "--format", "json"]).arg(town.at("run"))).exits(0)
}

/// What is done with those whose row is marked is counted as what it is, whatever is said besides.
#[test]
fn whoever_is_marked_as_deleted_counts_as_what_was_done_with_them() {
    let later = marked(&[("ann", ""), ("bob", "2026-01-31"), ("cy", "")]);
    for (words, done) in [
        (&["--gone", "delete", "--dry-run"][..], "to be deleted"),
        (&["--gone", "delete"], "deleted"),
        (&["--gone", "disable", "--dry-run"], "to be disabled"),
        (&["--gone", "disable"], "disabled"),
        (&["--gone", "keep", "--dry-run"], "kept"),
        (&[], "kept"),
    ] {
        let town = Town::new(&marked(&[("ann", ""), ("bob", ""), ("cy", "")]), &[]);
        let told = town.sync(&later, &[words, &["--format", "json", "--refused-ok"]].concat()).json();
        assert_eq!(told["gone"], json!({ done: 1 }), "{words:?}: {told}");
        let dry = words.contains(&"--dry-run");
        assert_eq!(told["refused"], i32::from(!dry), "{words:?}: {told}");
    }
}

/// However often it is given, and whatever becomes of the gone: an export has so many records, and so many of them are refused.
#[test]
fn a_sync_of_the_same_export_again_counts_the_same_records() {
    // A record that does not say whose it is, one that is refused, and somebody who is gone beside somebody who is marked so.
    let tail = ",nobody,,,\ndi,no address,00000000000000000000000000000009,md5,\n";
    let before = marked(&[("ann", ""), ("bob", ""), ("cy", ""), ("ed", "")]) + tail;
    let later = marked(&[("ann", ""), ("bob", "2026-01-31"), ("ed", "")]) + tail;
    let town = Town::new_with(&before, 3);
    for _ in 0..3 {
        let told = town.sync(&later, &["--format", "json"]).exits(3).json();
        assert_eq!(
            (&told["unchanged"], &told["refused"], &told["gone"]),
            (&json!(2), &json!(3), &json!({"kept": 2})),
            "{told}"
        );
        let status = status(&town).json();
        let of = ["records", "done", "created", "refused", "left", "gone"].map(|name| status[name].as_i64());
        assert_eq!(of, [5, 2, 2, 3, 0, 2].map(Some), "{status}");
        let told = town.status().stdout;
        assert!(told.starts_with("finished: 5 of 5 records done") && told.contains("2  kept at the target"), "{told}");
    }
}

/// Who stands in an export twice, word by word, is one user and one refused record, each time.
#[test]
fn whoever_stands_in_the_export_twice_is_unchanged_and_refused() {
    let rows = marked(&[("ann", ""), ("bob", ""), ("ann", ""), ("cy", "")]);
    let town = Town::new_with(&rows, 3);
    let more = rows.clone() + "di,di@example.com,00000000000000000000000000000007,md5,\n";
    for (later, unchanged, counts) in [(&rows, 3, json!({})), (&more, 3, json!({"new": 1})), (&more, 4, json!({}))] {
        let told = town.sync(later, &["--format", "json"]).exits(3).json();
        let found = (&told["unchanged"], &told["refused"], &told["counts"]);
        assert_eq!(found, (&json!(unchanged), &json!(1), &counts), "{told}");
    }
}

/// People whom an earlier sync kept, and a later one deletes, are nobody's any more: no rollback has taken them back.
#[test]
fn whoever_was_kept_and_is_deleted_then_is_no_longer_told_of() {
    let three: [Person; 3] = [("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2), ("cy", "cy", "Cy", "", 3)];
    let town = Town::new(&people(&three), &[]);
    let later = people(&three[..2]);
    town.sync(&later, &[]).exits(3);
    for _ in 0..2 {
        town.sync(&later, &["--gone", "delete"]).exits(0);
        let told = status(&town).json();
        let of = ["records", "done", "created", "rolled_back", "gone"].map(|name| told[name].as_i64());
        assert_eq!(of, [2, 2, 2, 0, 0].map(Some), "{told}");
        assert!(!town.status().stdout.contains("rollback"), "{}", town.status().stdout);
    }
}

/// `verify` says whom it does not compare, of whom a known password was, and what to do where a list is of yesterday.
#[test]
fn verify_names_whom_the_source_no_longer_has_and_takes_a_corrected_list() {
    let (ann, cy) = ("a password of hers", "a password of his");
    let md5 = |text: &str| {
        use md5::Digest as _;
        md5::Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let export = |rows: &[(&str, &str, &str)]| {
        let row = |(id, email, secret): &(&str, &str, &str)| format!("{id},{email}@example.com,{},md5\n", md5(secret));
        format!("id,email,password_hash,password_scheme\n{}", rows.iter().map(row).collect::<String>())
    };
    let town = Town::new(&export(&[("ann", "ann", ann), ("bob", "bob", "another one"), ("cy", "cy", cy)]), &[]);
    let verify = |words: &[&str]| {
        let mut verify = town.sandbox.rehome();
        run(verify.arg("verify").arg(town.at("run")).args(words).args(["--format", "json"]))
    };
    town.write("known.csv", &format!("email,password\nann@example.com,{ann}\ncy@example.com,{cy}\n"));
    let known = town.at("known.csv");
    let first = verify(&["--known", &known.display().to_string()]).exits(0).json();
    assert_eq!((&first["verify"]["signed_in"], &first["known"]["proven"]), (&json!(2), &json!(2)), "{first}");

    let later = export(&[("ann", "anna", ann), ("bob", "bob", "another one")]);
    town.sync(&later, &[]).exits(3);
    // The list is of the addresses of before.
    let told = verify(&["--known", &known.display().to_string()]).exits(3);
    let report = told.json();
    assert_eq!((&report["verify"]["gone"], &report["verify"]["same"]), (&json!(1), &json!(2)), "{report}");
    assert!(told.stderr.contains("1 user of this run is gone from the source, and was kept"), "{}", told.stderr);
    let next = report["next"].to_string();
    assert!(
        !next.contains("locked out")
            && next.contains("--known FILE")
            && next.contains("2 known passwords prove nothing"),
        "{next}"
    );

    town.write("corrected.csv", &format!("email,password\nanna@example.com,{ann}\n"));
    let corrected = town.at("corrected.csv").display().to_string();
    let report = verify(&["--known", &corrected]).exits(0).json();
    assert_eq!((&report["verify"]["signed_in"], &report["known"]["wrong"]), (&json!(1), &json!([])), "{report}");
    assert!(!report["next"].to_string().contains("known password"), "{report}");
    // Plain passwords do not lie about: without the file everything goes on.
    std::fs::remove_file(town.at("corrected.csv")).expect("removed");
    verify(&[]).exits(0);
    run(town.sandbox.rehome().arg("resume").arg(town.at("run"))).exits(0);
    town.sync(&later, &[]).exits(3);
}

/// A list of the import's is deleted sooner or later, too.
#[test]
fn a_list_of_passwords_that_is_gone_costs_the_proof_alone() {
    let rows: [Person; 2] = [("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)];
    let town = Town::new(&people(&rows[..1]), &[]);
    town.write("known.csv", "email,password\nnobody@example.com,x\n");
    town.write("users.csv", &people(&rows[..1]));
    let mut import = town.sandbox.rehome();
    import.arg("import").arg(town.at("users.csv")).arg("--run").arg(town.at("again")).arg("--known");
    run(import.arg(town.at("known.csv")).arg("--yes"));
    std::fs::remove_file(town.at("known.csv")).expect("removed");
    town.write("later.csv", &people(&rows));
    for words in [&["resume"][..], &["verify"], &["sync", "later.csv"]] {
        let mut command = town.sandbox.rehome();
        command
            .current_dir(town.at(""))
            .args(words)
            .args(if words[0] == "sync" { &["--run"][..] } else { &[] })
            .arg("again");
        let told = run(&mut command);
        assert!(told.stderr.contains("are no longer there"), "{words:?}: {}", told.stderr);
        assert!(!told.stderr.contains("No such file"), "{words:?}: {}", told.stderr);
    }
}

/// Whoever was there before is nobody's creation: that they are gone from the source takes nothing back.
#[test]
fn a_run_is_taken_back_though_somebody_who_was_there_is_gone() {
    let rows: [Person; 2] = [("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)];
    let town = Town::new(&people(&rows[..1]), &[]);
    town.write("both.csv", &people(&rows));
    let on = |words: &[&str]| run(town.sandbox.rehome().current_dir(town.at("")).args(words));
    on(&["import", "both.csv", "--run", "second"]);
    town.write("one.csv", &people(&rows[1..]));
    on(&["sync", "one.csv", "--run", "second"]).exits(3);
    on(&["rollback", "--yes", "second"]).exits(0);
    let told = on(&["status", "second"]).stdout;
    assert!(told.contains("taken back"), "{told}");
    let refused = on(&["resume", "second"]).exits(2);
    assert!(refused.stderr.contains("taken back by a rollback"), "{}", refused.stderr);
}

/// What is suggested for refused records does what it says: they are created, and nobody is taken for gone.
#[test]
fn repaired_rejects_are_imported_as_it_is_suggested() {
    let broken = "cy,no address,Cy,,00000000000000000000000000000003,md5\n";
    let town = Town::new_with(&(people(&[("ann", "ann", "Ann", "", 1)]) + broken), 3);
    let report = run(rehome().args(["report", "--format", "json"]).arg(town.at("run"))).exits(0).json();
    let next = report["next"].as_array().expect("a list").iter().filter_map(|next| next["command"].as_str());
    let command = next.filter(|command| command.contains("REPAIRED")).collect::<Vec<_>>();
    let [command] = command[..] else { panic!("{report}") };
    let rejects = std::fs::read_to_string(town.at("run/rejects.csv")).expect("the rejects");
    town.write("repaired.csv", &rejects.replace("no address", "cy@example.com"));
    let repaired = town.at("repaired.csv").display().to_string();
    let import = |to: &str| {
        let line = command.replace("REPAIRED", &repaired).replace("NEWFOLDER", &town.at(to).display().to_string());
        run(town.sandbox.rehome().args(line.split(' ').skip(1)))
    };
    // In the folder of the run it would be a sync by which everybody else is gone.
    let refused = import("run").exits(5);
    assert!(refused.stderr.contains("a folder of its own with --run, as repaired rejects need"), "{}", refused.stderr);
    import("repaired").exits(0);
    assert!(town.user("cy").is_some() && town.user("ann").is_some());
    // Mended at the source as well, they are found there.
    let mended = people(&[("ann", "ann", "Ann", "", 1), ("cy", "cy", "Cy", "", 3)]);
    town.sync(&mended, &[]).exits(0);
    assert_eq!(town.changes()["cy"], ["new,,\"was there before, the very same\""]);
}

#[test]
fn an_export_is_announced_once_and_is_read_as_the_runs_own() {
    let town = Town::new(&people(&[("ann", "ann", "Ann", "", 1)]), &[]);
    let later = people(&[("ann", "ann", "Ann", "", 1), ("bob", "bob", "Bob", "", 2)]);
    let told = town.sync(&later, &[]).exits(0);
    assert_eq!(told.stderr.matches("export: ").count(), 1, "{}", told.stderr);
    for flag in ["--map", "--from", "--unsupported"] {
        let told = town.sync(&later, &[flag, "x"]).exits(2);
        assert!(
            told.stderr.contains("the run knows how its export is read") && !told.stderr.contains("to pass"),
            "{}",
            told.stderr
        );
    }
}
