//! The report's files: for their owner only, inert in whatever opens them, without secrets, and always adding up.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::hostile;
use crate::util::{Sandbox, fixture, rehome, run, run_with_input};

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()).collect()
}

#[cfg(unix)]
#[test]
fn a_run_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("run");
    let mut check = rehome();
    check.args(["check", "-", "--from", "generic", "--run"]).arg(&folder);
    run_with_input(&mut check, hostile().as_bytes()).exits(3);
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let names: HashSet<_> = files(&folder).iter().map(|p| p.file_name().expect("named").to_owned()).collect();
    for name in ["report.json", "report.html", "rejects.json", "rejects.log.ndjson", "needs-reset.csv"] {
        assert!(names.contains(std::ffi::OsStr::new(name)), "{name} is not in {names:?}");
    }
    for file in files(&folder) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn hostile_values_are_inert_in_every_file() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("run");
    let mut check = rehome();
    check.args(["check", "-", "--from", "generic", "--with-pii", "--unsupported", "without-password", "--run"]);
    let screen = run_with_input(check.arg(&folder), hostile().as_bytes()).exits(3);
    // Nothing that a terminal obeys, nothing that turns the direction of writing.
    let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!screen.stdout.contains(obeyed) && !screen.stderr.contains(obeyed));
    for file in files(&folder) {
        let name = file.file_name().and_then(|n| n.to_str()).expect("named").to_owned();
        let text = fs::read_to_string(&file).expect("text");
        match name.split_once('.').map(|(_, extension)| extension) {
            // The source's own rows, to be fed again: as they were.
            _ if name == "rejects.json" => {
                serde_json::from_str::<Value>(&text).expect("is JSON again");
            }
            Some("csv") => {
                let mut rows = csv::Reader::from_reader(text.as_bytes());
                for row in rows.records() {
                    for cell in &row.expect("well-formed") {
                        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{name}: {cell}");
                    }
                }
            }
            Some("html") => assert!(!text.contains("<img") && text.matches("<script>").count() == 1),
            _ => assert!(!text.contains(obeyed), "{name}"),
        }
    }
}

#[test]
fn no_secret_leaves_the_export_but_in_rejected_rows() {
    let home = tempfile::tempdir().expect("a folder");
    let mut secrets = HashSet::new();
    let mut keep = |secret: &str| {
        // Shorter strings occur by chance.
        if secret.len() >= 9 {
            secrets.insert(secret.to_owned());
        }
    };
    let (mut export, mut known) = (Vec::new(), vec!["id,password".to_owned()]);
    let corpus = fs::read_to_string(fixture("hashes/corpus.jsonl")).expect("the corpus");
    for (i, line) in corpus.lines().enumerate() {
        let record: Value = serde_json::from_str(line).expect("is JSON");
        let fields = record["appwrite"]["fields"].as_object();
        let mut user = json!({"id": format!("u{i}"), "email": format!("u{i}@example.com"), "name": "Somebody"});
        let exported = record["as_exported"].as_object().expect("columns");
        for (name, value) in exported {
            let Some(text) = value.as_str() else { continue };
            let column = if name.contains("salt") { "password_salt" } else { "password_hash" };
            user[column] = text.into();
            keep(text);
        }
        for text in fields.into_iter().flat_map(|f| f.values()).filter_map(Value::as_str) {
            if text.len() >= 20 {
                keep(text);
            }
        }
        let password = record["password_plain"].as_str().unwrap_or_default();
        if !password.contains(['"', '\n', '\r', '\0']) {
            keep(password);
            known.push(format!("u{i},\"{password}\""));
        }
        export.push(user.to_string());
    }
    let (users, passwords, folder) =
        (home.path().join("users.ndjson"), home.path().join("known.csv"), home.path().join("run"));
    fs::write(&users, export.join("\n")).expect("written");
    fs::write(&passwords, known.join("\n")).expect("written");
    let said = run(rehome()
        .args(["check", "--from", "generic", "--with-pii", "--known"])
        .arg(&passwords)
        .arg("--run")
        .arg(&folder)
        .arg(&users))
    .exits(3);

    let mut texts = vec![("standard output".to_owned(), said.stdout), ("standard error".to_owned(), said.stderr)];
    for file in files(&folder) {
        let name = file.file_name().and_then(|n| n.to_str()).expect("named").to_owned();
        if name != "rejects.ndjson" {
            texts.push((name, String::from_utf8_lossy(&fs::read(&file).expect("read")).into_owned()));
        }
    }
    assert!(texts.len() >= 6 && secrets.len() > 200, "{} texts, {} secrets", texts.len(), secrets.len());
    for (name, text) in &texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{name} holds {secret}");
        }
    }
}

#[test]
fn reports_are_written_again_and_merged() {
    let home = tempfile::tempdir().expect("a folder");
    let part = |name: &str, csv: &str| {
        let (export, folder) = (home.path().join(name).with_extension("csv"), home.path().join(name));
        fs::write(&export, csv).expect("written");
        run(rehome().args(["check", "--from", "generic", "--quiet", "--run"]).arg(&folder).arg(export));
        folder
    };
    let a = part("a", "id,email,password_scheme,password_hash\n1,a@example.com,md5,5f4dcc3b5aa765d61d8327deb882cf99\n");
    let b = part("b", "id,email,password_scheme,password_hash\n2,b@example.com,md5,zz\n3,c@example.com,,\n");

    fs::remove_file(a.join("report.html")).expect("was there");
    let again = run(rehome().args(["report", "--format", "json"]).arg(&a)).exits(0).json();
    assert_eq!((&again["records"], &again["outcomes"]["ready"]), (&json!(1), &json!(1)));
    assert!(a.join("report.html").exists());

    let printed = run(rehome().args(["report", "--format", "json"]).args([&a, &b])).exits(0).json();
    assert_eq!(printed["records"], 3, "printed, and written into neither folder");
    let both = home.path().join("both");
    let merged =
        run(rehome().args(["report", "--format", "json"]).args([&a, &b]).arg("--to").arg(&both)).exits(0).json();
    assert_eq!(merged["records"], 3);
    let outcomes = merged["outcomes"].as_object().expect("an object");
    assert_eq!(outcomes.values().filter_map(Value::as_u64).sum::<u64>(), 3);
    assert_eq!(merged["reasons"][0]["examples"][0]["record"], 2, "the first of the second part");
    assert!(both.join("report.html").exists());

    run(rehome().arg("report").arg(home.path().join("nowhere"))).exits(2);
}

#[test]
fn two_exports_of_one_source_are_compared() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, rows: &[&str]| {
        let path = home.path().join(name);
        fs::write(&path, format!("id,email,name,last_seen\n{}\n", rows.join("\n"))).expect("written");
        path
    };
    let users: Vec<_> = (1..=20).map(|i| format!("{i},u{i}@example.com,User {i},2026-01-01")).collect();
    let mut rows: Vec<&str> = users.iter().map(String::as_str).collect();
    let earlier = write("rehearsal.csv", &rows);
    rows.remove(2);
    rows[0] = "1,u1@example.com,Another Name,2026-01-01";
    rows[1] = "2,u2@example.com,User 2,2026-02-02";
    rows.push("21,u21@example.com,User 21,2026-02-02");
    let later = write("evening.csv", &rows);

    let expected = json!({"new": 1, "changed": 1, "same": 18, "gone": 1});
    let folder = home.path().join("run");
    for how in [vec!["--since"], vec![]] {
        let mut check = rehome();
        check.args(["check", "--from", "generic", "--format", "json", "--run"]).arg(&folder).args(how);
        let report = run(check.arg(&earlier).arg(&later)).exits(0).json();
        assert_eq!((&report["records"], &report["compare"]), (&json!(20), &expected));
    }
    let changes = fs::read_to_string(folder.join("changes.csv")).expect("is there");
    assert_eq!(changes, "record,change,fields\n1,changed,name\n20,new,\n3,gone,\n");
}

#[test]
fn what_the_target_refused_counts_as_refused() {
    let sandbox = Sandbox::start(&[]);
    let home = tempfile::tempdir().expect("a folder");
    let import = |name: &str, csv: &str| {
        let export = home.path().join(name).with_extension("csv");
        fs::write(&export, csv).expect("written");
        let folder = home.path().join(name);
        let said = run(sandbox.rehome().args(["import", "--format", "json", "--run"]).arg(&folder).arg(export));
        (folder, said)
    };
    import("first", "id,email\nold,taken@example.com\n").1.exits(0);
    let (folder, said) = import("second", "id,email\n1,a@example.com\n2,taken@example.com\n3,not an address\n");
    let report = said.exits(3).json();
    assert_eq!(report["outcomes"], json!({"ready": 0, "warning": 0, "needs_reset": 1, "refused": 2}));
    assert_eq!(
        (&report["records"], &report["import"]["done"], &report["import"]["failed"]),
        (&json!(3), &json!(1), &json!(1))
    );
    let reasons = report["reasons"].as_array().expect("a list");
    let conflict = reasons.iter().find(|reason| reason["code"] == "target-conflict").expect("the conflict is named");
    assert_eq!(conflict["examples"][0]["record"], 2);
    let again = run(rehome().args(["report", "--format", "json"]).arg(&folder)).exits(0).json();
    assert_eq!((&again["import"], &again["outcomes"]), (&report["import"], &report["outcomes"]));
    let rejects = fs::read_to_string(folder.join("rejects.csv")).expect("is there");
    assert_eq!(rejects, "id,email\n2,taken@example.com\n3,not an address\n");
}

/// Every sample export, as far as one file tells.
fn samples() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![fixture("")];
    while let Some(folder) = folders.pop() {
        for path in files(&folder) {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if path.is_dir() {
                if name != "report" && name != "broken" {
                    folders.push(path);
                }
            } else if !name.contains("README") && !name.contains("passwords") && !name.contains("accounts") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What must not be in any file of a run: the passwords of the samples, and everything in an export that looks like
/// nothing but a hash.
fn sample_secrets(export: &str) -> HashSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || "$./+={}_-:".contains(c);
    export
        .split(|c: char| !word(c))
        .filter(|word| word.len() >= 20 && (word.contains('$') || word.ends_with('=') || word.starts_with('{')))
        .map(str::to_owned)
        .collect()
}

#[test]
fn counts_add_up_and_no_hash_is_told_for_every_sample() {
    let home = tempfile::tempdir().expect("a folder");
    let config = fixture("firebase/hash_config.txt");
    let mut told = 0;
    for (i, sample) in samples().into_iter().enumerate() {
        let folder = home.path().join(i.to_string());
        let mut check = rehome();
        check.args(["check", "--format", "json", "--unsupported", "without-password", "--run"]).arg(&folder);
        let said = run(check.arg("--firebase-hash-config").arg(&config).arg(&sample));
        // Files that are only a part of an export say so.
        if said.code != 0 && said.code != 3 {
            continue;
        }
        told += 1;
        let report = said.json();
        let outcomes = report["outcomes"].as_object().expect("an object");
        assert_eq!(outcomes.values().filter_map(Value::as_u64).sum::<u64>(), report["records"], "{}", sample.display());
        let schemes = report["schemes"].as_array().expect("a list");
        let counted: u64 = schemes.iter().filter_map(|scheme| scheme["count"].as_u64()).sum();
        assert_eq!(counted, report["records"], "{}", sample.display());

        let secrets = sample_secrets(&String::from_utf8_lossy(&fs::read(&sample).expect("read")));
        let mut texts = vec![("what was said".to_owned(), said.stdout + &said.stderr)];
        for file in files(&folder) {
            let name = file.file_name().and_then(|n| n.to_str()).expect("named").to_owned();
            if !name.starts_with("rejects.") || name == "rejects.log.ndjson" {
                texts.push((name, String::from_utf8_lossy(&fs::read(&file).expect("read")).into_owned()));
            }
        }
        for (name, text) in &texts {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{}: {name} holds {secret}", sample.display());
            }
        }
    }
    assert!(told >= 12, "only {told} samples were read");
}
