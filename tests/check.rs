//! `rehome check`: what it finds offline, and what `--live` asks the target.

use crate::util::{Sandbox, fixture, rehome, run};

#[test]
fn known_passwords_are_proven_and_a_wrong_separator_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let check = |config: &std::path::Path| {
        let mut command = rehome();
        command.arg("check").arg(fixture("firebase/users.json")).arg("--firebase-hash-config").arg(config);
        command.arg("--known").arg(fixture("firebase/known.csv")).arg("--run").arg(home.path().join("run"));
        run(command.args(["--format", "json"])).exits(3).json()
    };
    let report = check(&fixture("firebase/hash_config.txt"));
    assert_eq!(report["known"]["proven"], 11);
    assert_eq!(report["known"]["wrong"].as_array().map(Vec::len), Some(0));

    let config = std::fs::read_to_string(fixture("firebase/hash_config.txt")).expect("a config");
    let wrong = home.path().join("config.txt");
    std::fs::write(&wrong, config.replace("separator: Bw==", "separator: ")).expect("written");
    let report = check(&wrong);
    assert_eq!(report["known"]["proven"], 0);
    let text = report["known"]["wrong"][0]["text"].as_str().expect("a sentence");
    assert!(text.contains("`Bw==`"), "{text}");
}

/// As `@seald-io/nedb` 4.1.2 writes it: Bo was removed after the line that has him.
#[test]
fn a_journal_whose_later_lines_take_users_back_is_no_export() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("users.db");
    let user = |id: &str| {
        let hash = "$2b$04$uxOH8tLyb0SpF7RsNr5cgerXPtGW1XK6Kki3/3jtC/yxd/nRZ654S";
        format!("{{\"email\":\"{id}@example.com\",\"passwordHash\":\"{hash}\",\"_id\":\"{id}\"}}\n")
    };
    let whole = format!("{}{}", user("ana"), user("bo"));
    std::fs::write(&file, &whole).expect("written");
    run(rehome().arg("check").arg(&file)).exits(0);
    // Ana has changed her password: the later line counts, which has her `_id` again.
    std::fs::write(&file, whole.clone() + &user("ana")).expect("written");
    let said = run(rehome().arg("check").arg(&file)).exits(2).stderr;
    assert!(said.contains("journal") && said.contains("group_by(._id)"), "{said}");
    run(rehome().args(["check", "--duplicates", "refuse"]).arg(&file)).exits(3);
    std::fs::write(&file, whole + "{\"$$deleted\":true,\"_id\":\"bo\"}\n").expect("written");
    let said = run(rehome().arg("check").arg(&file)).exits(2).stderr;
    assert!(said.contains("journal") && said.contains("compact"), "{said}");
    run(rehome().args(["check", "--ignore", "$$deleted"]).arg(&file)).exits(3);
}

#[test]
fn live_asks_the_target_who_is_there() {
    let sandbox = Sandbox::start(&[]);
    let home = tempfile::tempdir().expect("a folder");
    let export = |mut command: std::process::Command, args: &[&str]| {
        command.args(args).arg(fixture("firebase/users.json")).arg("--firebase-hash-config");
        command.arg(fixture("firebase/hash_config.txt")).arg("--run").arg(home.path().join(args[0]));
        run(&mut command)
    };
    let live = || export(sandbox.rehome(), &["check", "--live", "--format", "json"]).exits(3).json();
    assert_eq!(live()["live"]["taken"], 0);
    export(sandbox.rehome(), &["import"]).exits(3);
    let report = live();
    assert_eq!(report["live"]["taken"], 17);
    assert!(report["reasons"].as_array().expect("reasons").iter().any(|r| r["code"] == "target-taken"));
}

#[test]
fn a_target_in_the_environment_is_not_asked_unless_live_says_so() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = rehome();
    command.args(["check", "--format", "json"]).arg(fixture("firebase/users.json")).arg("--run").arg(home.path());
    // Nobody listens on the discard port: asking would end the command with 4.
    command.env("APPWRITE_ENDPOINT", "http://127.0.0.1:9/v1").env("APPWRITE_PROJECT_ID", "shop");
    let report = run(&mut command).exits(3).json();
    assert!(report.get("live").is_none_or(serde_json::Value::is_null), "{report}");
}

/// What usual names read of a table is not all there is: the next step is the mapping that reads the rest.
#[test]
fn a_table_of_which_columns_are_left_leads_to_a_mapping() {
    let home = tempfile::tempdir().expect("a folder");
    let hash = "$2a$04$1crhUxE7ys.F8P3R7r/ACuMZS7F6/hX.vQZuakqqS670cs3Gkx9Mu";
    let next = |text: &str, words: &[&str]| {
        let export = home.path().join("kunden.csv");
        std::fs::write(&export, text).expect("written");
        let mut command = rehome();
        command.arg("check").arg(&export).args(words).arg("--run").arg(home.path().join("run"));
        let report = run(command.args(["--format", "json"])).json();
        let mapped = format!("rehome map {} > map.toml", export.display());
        let steps = report["next"].as_array().expect("steps").clone();
        steps
            .iter()
            .find(|step| step["command"] == *mapped)
            .map(|step| step["text"].as_str().unwrap_or_default().to_owned())
    };
    let german =
        format!("Kundennummer;E-Mail;Passwort;Rolle\nK-1;a@example.com;{hash};Kunde\nK-2;b@example.com;{hash};Chef\n");
    let said = next(&german, &[]).expect("names the mapping");
    assert!(said.contains("2 columns are not read, and no column is taken for the id"), "{said}");
    let status = format!("id,email,password_hash,status\n1,a@example.com,{hash},1\n2,b@example.com,{hash},2\n");
    assert!(next(&status, &[]).expect("names the mapping").contains("hold what nobody explains"));
    let whole = format!("id,email,password_hash\n1,a@example.com,{hash}\n");
    assert_eq!(next(&whole, &[]), None);
}
