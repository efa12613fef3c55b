//! The same tables as many tools dump them: a folder of `fixtures/dumps` each, in which everything must give the accounts of
//! what is called `expected`. What is called `expected.json` are the accounts themselves.

use super::*;

/// The accounts of an export with their hashes, of which [`shown`] tells the kind only.
fn accounts_with_hashes(path: &Path) -> Vec<Json> {
    // What others' columns are worked out of is not in every dump.
    let generated = path.parent().is_some_and(|kind| kind.ends_with("sqlite-generated"));
    let options = ReadOptions {
        email_domain: Some("example.com".into()),
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        ..ReadOptions::default()
    };
    let export =
        Export::open(&[path.to_owned()], options).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!export.is_incomplete(), "{}: {:?}", path.display(), export.findings());
    let mut all = Vec::new();
    let each = |batch: &mut Vec<Json>, item: Item<'_>| {
        batch.push(match item.account {
            Ok(account) => {
                let hash = match &account.credential {
                    Credential::Hash(input) => input.hash.to_string(),
                    _ => String::new(),
                };
                let mut shown = shown(&account);
                if generated {
                    shown["prefs"].as_object_mut().unwrap().retain(|name, _| name == "username");
                }
                json!([shown, hash])
            }
            Err(refusal) => json!({ "refused": refusal.code, "text": refusal.text }),
        });
    };
    export
        .scan(2, &Silent, Vec::new, each, |batch| {
            all.extend(batch);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    all
}

#[test]
fn every_dump_gives_what_is_expected_of_it() {
    let mut compared = 0;
    let mut differences = Vec::new();
    for kind in std::fs::read_dir(fixture("dumps")).unwrap() {
        let kind = kind.unwrap().path();
        if !kind.is_dir() {
            continue;
        }
        let mut exports: Vec<PathBuf> = std::fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()).collect();
        exports.sort();
        let expected = exports.iter().position(|path| path.file_stem().is_some_and(|stem| stem == "expected"));
        let golden = kind.join("expected.json");
        let expected = expected.map_or_else(|| golden.clone(), |at| exports.remove(at));
        let expected: Vec<Json> = if expected != golden {
            accounts_with_hashes(&expected)
        } else if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let accounts = accounts_with_hashes(&exports[0]);
            let lines: Vec<String> = accounts.iter().map(Json::to_string).collect();
            std::fs::write(&golden, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
            accounts
        } else {
            serde_json::from_str(&std::fs::read_to_string(&golden).unwrap()).unwrap()
        };
        assert!(!expected.is_empty(), "{}", kind.display());
        for export in exports {
            compared += 1;
            let found = accounts_with_hashes(&export);
            for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
                if found != expected {
                    differences.push(format!("{}, {number}:\n  {found}\n  {expected}", export.display()));
                }
            }
            if found.len() != expected.len() {
                differences.push(format!("{}: {} of {}", export.display(), found.len(), expected.len()));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared >= 13, "{compared} dumps");
}
