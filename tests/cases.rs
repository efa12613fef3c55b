//! Exports of the kinds that were once read wrongly: each folder of `fixtures/cases` is one, with what is right for it in
//! its `expected.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::util::{fixture, rehome, run, run_with_input};

/// What `rehome plan` makes of an export: endpoints and reasons with how often each, and how many are disabled.
fn planned(lines: &[Value]) -> Value {
    let (mut counts, mut disabled) = (BTreeMap::<String, u64>::new(), 0);
    for line in lines {
        let key = match line["refused"]["code"].as_str() {
            Some(code) => format!("refused {code}"),
            None => match line["notes"].as_array().and_then(|notes| {
                let codes = notes.iter().filter_map(|note| note["code"].as_str());
                codes.into_iter().find(|code| ["no-password", "hash-not-exported"].contains(code))
            }) {
                Some(none) => format!("/users {none}"),
                None => format!("{} {}", line["create"]["path"], line["scheme"]).replace('"', ""),
            },
        };
        *counts.entry(key).or_default() += 1;
        let steps = line["steps"].as_array().cloned().unwrap_or_default();
        disabled += u64::from(steps.iter().any(|step| step["body"] == json!({ "status": false })));
    }
    json!({ "plan": counts, "disabled": disabled })
}

fn arguments(expected: &Value) -> Vec<String> {
    let given = expected["arguments"].as_array().cloned().unwrap_or_default();
    given.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

fn is_right(folder: &Path, expected: &Value) {
    let name = folder.display();
    let plan = run(rehome().current_dir(folder).arg("plan").args(arguments(expected)));
    assert_eq!(i64::from(plan.code), expected["exit"], "{name}: {}", plan.stderr);
    for said in expected["says"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(plan.stderr.contains(said), "{name} does not say `{said}`: {}", plan.stderr);
    }
    let found = planned(&plan.lines());
    assert_eq!(found["plan"], expected["plan"], "{name}: {}", plan.stderr);
    assert_eq!(found["disabled"], expected["disabled"], "{name}");
    // Neither what is printed nor what is said holds a hash.
    for text in [&plan.stdout, &plan.stderr] {
        for beginning in ["$2a$04$", "$2a$10$", "$2b$04$", "$2b$12$", "$2y$04$", "$argon2id$v", "$pbkdf2-sha512$1"] {
            assert!(!text.contains(beginning), "{name} shows a hash");
        }
    }
    if let Some(proven) = expected["proven"].as_u64() {
        let home = tempfile::tempdir().expect("a folder");
        let mut check = rehome();
        check.current_dir(folder).arg("check").args(arguments(expected)).args([
            "--known",
            "known.csv",
            "--format",
            "json",
        ]);
        let report = run(check.arg("--run").arg(home.path().join("run"))).json();
        assert_eq!(report["known"]["proven"], proven, "{name}: {}", report["known"]);
    }
}

#[test]
fn every_case_is_read_rightly() {
    let mut folders: Vec<_> = std::fs::read_dir(fixture("cases"))
        .expect("the cases")
        .map(|entry| entry.expect("a folder").path())
        .filter(|path| path.join("expected.json").is_file())
        .collect();
    folders.sort();
    assert!(folders.len() > 20, "{} cases", folders.len());
    for folder in folders {
        let expected = std::fs::read(folder.join("expected.json")).expect("an expectation");
        let cases: Value = serde_json::from_slice(&expected).expect("JSON");
        for expected in cases.as_array().expect("a list of runs") {
            is_right(&folder, expected);
        }
    }
}

/// Every string of the corpora and of the shapes that `identify` maps, names, or takes for one of several.
fn known_hashes() -> Vec<String> {
    fn strings(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if text.len() >= 8 && !text.contains(['\n', '\r']) => {
                into.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
            Value::Object(members) => members.values().for_each(|member| strings(member, into)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for corpus in ["hashes/corpus.jsonl", "hashes/published.jsonl"] {
        for line in std::fs::read_to_string(fixture(corpus)).expect("a corpus").lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            strings(&record["as_exported"], &mut found);
            strings(&record["hash"], &mut found);
        }
    }
    let shapes = std::fs::read_to_string(fixture("cases/hash-shapes-in-password/users.csv")).expect("the shapes");
    let shapes = shapes.lines().skip(1).filter_map(|line| line.splitn(3, ',').nth(2));
    found.extend(shapes.map(|hash| hash.trim_matches('"').to_owned()));
    found.extend(
        [
            "{BCRYPTKDF}c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0",
            "$sm3$5hgehXR1Gw8yq1WE$3KzYQl1bSbQsxTmcUfC8yqH4fhAyZ6Ph7mVJ5mNNxY5",
            "$sm3y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
            "$A$005$0123456789abcdefghij0123456789012345678901234567890123456789012",
            "{CRAM-MD5}e02d374fde0dc75a17a557039a3a5338c7743304777dccd376f332bee68d2cf6",
            "{SUNMD5}$md5,rounds=5000$GUBv0xjJ$mSwgIswdjlTY0YxV7HBVm0",
            "$DCC2$10240#tom#e4e938d12fe5974dc42a90120bd9c90f",
        ]
        .map(str::to_owned),
    );
    let pasted = found.iter().map(|hash| json!(hash).to_string()).collect::<Vec<_>>().join("\n");
    let answers = run_with_input(rehome().arg("identify"), pasted.as_bytes()).lines();
    let names = |answer: &Value| -> Vec<String> {
        let scheme = answer["scheme"].as_str().filter(|scheme| *scheme != "plain");
        let ambiguous = answer["ambiguous"].as_array().into_iter().flatten().filter_map(Value::as_str);
        scheme.into_iter().chain(ambiguous).map(str::to_owned).collect()
    };
    let seen: BTreeSet<String> = answers.iter().flat_map(names).collect();
    let schemes = run(rehome().args(["schemes", "--format", "json"])).exits(0).json();
    let unseen: Vec<&str> =
        schemes["schemes"].as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect();
    let unseen: Vec<&str> = unseen.into_iter().filter(|name| !seen.contains(*name)).collect();
    // These are declared, or given away by what stands beside them; no string alone is called so.
    let only_said = [
        "plain",
        "crypt",
        "ldap",
        "node-crypto",
        "meteor",
        "nodebb",
        "bcrypt-sha512",
        "bcrypt-digest",
        "double-bcrypt",
        "bcrypt-sha384",
        "bcrypt-salted",
        "smf-bcrypt",
        "flask-security",
        "bcrypt-peppered",
        "argon2-peppered",
        "salted-digest",
        "prestashop",
        "magento2-chained",
        "hmac",
        "spring-standard",
        "cognito",
        "srp",
    ];
    assert!(unseen.iter().all(|name| only_said.contains(name)), "no string is called {unseen:?}");
    let known = found.into_iter().zip(&answers).filter(|(_, answer)| !names(answer).is_empty());
    known.map(|(hash, _)| hash).collect()
}

/// Whatever `identify` knows is never taken for a plain-text password, whichever column and format it comes in, and no row
/// vanishes.
#[test]
fn nothing_that_identify_knows_becomes_a_password() {
    let hashes = known_hashes();
    assert!(hashes.len() > 600, "{} hashes", hashes.len());
    let home = tempfile::tempdir().expect("a folder");
    for column in ["password", "Password", "passwd", "password_hash", "hashedPassword", "pwd", "plain_password"] {
        let csv: String = hashes.iter().enumerate().fold(format!("id,email,{column}\n"), |csv, (n, hash)| {
            format!("{csv}{n},u{n}@example.com,\"{}\"\n", hash.replace('"', "\"\""))
        });
        let record = |(n, hash): (usize, &String)| {
            let mut record = json!({ "id": n, "email": format!("u{n}@example.com") });
            record[column] = json!(hash);
            record
        };
        let json: Value = hashes.iter().enumerate().map(record).collect();
        for (file, text) in [("a.csv", csv), ("a.json", json.to_string())] {
            let path = home.path().join(file);
            std::fs::write(&path, text).expect("written");
            for insisting in [false, true] {
                let mut plan = rehome();
                plan.arg("plan").arg(&path).args(insisting.then_some("--plain-passwords"));
                let lines = run(plan.arg("--reveal")).lines();
                assert_eq!(lines.len(), hashes.len(), "{column} in {file}");
                for line in lines.iter().filter(|line| line["scheme"] == "plain") {
                    let text = line["create"]["body"]["password"].as_str().expect("a password");
                    // DES crypt is thirteen letters, which somebody may insist on having typed.
                    assert!(
                        (insisting || column == "plain_password") && text.len() < 16 && !text.contains('$'),
                        "{column} in {file}: {text}"
                    );
                }
            }
        }
    }
}

fn stops(home: &Path, csv: &str, arguments: &[&str]) -> String {
    let path = home.join("users.csv");
    std::fs::write(&path, csv).expect("written");
    let plan = run(rehome().arg("plan").arg(&path).args(arguments));
    assert_eq!((plan.code, &*plan.stdout), (2, ""), "{csv}\n{}", plan.stderr);
    plan.stderr
}

#[test]
fn what_looks_like_a_credential_and_is_not_read_stops_the_run() {
    const BCRYPT: &str = "$2b$10$702TeNw/844cDoVwiWzRYOOK0qaSqggw09TFRke99k75IovbrI4au";
    let home = tempfile::tempdir().expect("a folder");
    // Under a name that means nothing, and beside a system's own columns.
    for csv in [
        format!("id,email,xyz\n1,a@example.com,{BCRYPT}\n"),
        format!("id,email,xyz\n1,a@example.com,\"{{\"\"a\"\":\"\"{BCRYPT}\"\"}}\"\n"),
        format!("id,email,xyz\n1,a@example.com,b'{BCRYPT}'\n"),
        format!("id,email,password,xyz\n1,a@example.com,,{BCRYPT}\n"),
        format!(
            "id,email,email_verified_at,password,remember_token,created_at,updated_at,xyz\n1,a@example.com,,,,,,{BCRYPT}\n"
        ),
    ] {
        let said = stops(home.path(), &csv, &[]);
        assert!(said.contains("`xyz`") && said.contains("bcrypt") && said.contains("1 cell"), "{said}");
        assert!(said.contains("--ignore xyz") && !said.contains("702TeNw"), "{said}");
        let path = home.path().join("users.csv");
        run(rehome().arg("plan").arg(&path).args(["--ignore", "xyz"])).exits(0);
    }
    let signs = [
        "one,two",
        "hunter2,$2b$10$702TeNw/844cDoVwiWzRYOOK0qaSqggw09TFRke99k75IovbrI4au",
        "hunter2,**********",
        "swordfish,swordfish",
        "5f4dcc3b5aa765d61d8327deb882cf99,letmein1",
    ];
    for (at, pair) in signs.iter().enumerate() {
        let (first, second) = pair.split_once(',').expect("two");
        let csv = format!("id,email,password\n1,a@example.com,{first}\n2,b@example.com,{second}\n");
        if at == 0 {
            let path = home.path().join("plain.csv");
            std::fs::write(&path, csv.replace("one", "a long one").replace("two", "another one")).expect("written");
            let lines = run(rehome().arg("plan").arg(&path)).exits(0).lines();
            assert!(lines.iter().all(|line| line["scheme"] == "plain"));
        } else {
            let said = stops(home.path(), &csv, &[]);
            assert!(said.contains("--plain-passwords") && !said.contains(first), "{said}");
        }
    }
}

#[test]
fn nobody_in_an_export_is_no_success() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("empty.csv");
    std::fs::write(&path, "id,email,password\n").expect("written");
    for command in ["plan", "check"] {
        let mut said = rehome();
        said.arg(command).arg(&path);
        if command == "check" {
            said.arg("--run").arg(home.path().join("run"));
        }
        let said = run(&mut said).exits(1);
        assert!(!said.stderr.is_empty());
    }
}
