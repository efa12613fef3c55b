//! What was tried of each system: its exports among the fixtures, each checked as a person would, with the known passwords.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::util::{fixture, rehome, run};

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = entries.collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// The exports of a system: those that have accounts beside them.
fn exports(folder: &Path) -> Vec<PathBuf> {
    let files = listed(folder);
    let stems: Vec<_> =
        files.iter().filter_map(|path| name(path).strip_suffix(".accounts.json").map(str::to_owned)).collect();
    let is_export = |stem: &String, path: &Path| {
        let rest = name(path).strip_prefix(stem.as_str()).map(str::to_owned);
        rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('.')) && rest != ".accounts.json")
    };
    stems.iter().filter_map(|stem| files.iter().find(|path| is_export(stem, path)).cloned()).collect()
}

/// The first sentence of the folder's README, which says where its exports come from.
fn made(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    let body = text.split("\n\n").find(|part| !part.starts_with('#')).unwrap_or_default();
    let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
    // What other programs take is no flag of this one.
    let parts = body.split('`').enumerate().map(|(at, part)| match at % 2 {
        1 if !part.starts_with("--") => format!("`{part}`"),
        _ => part.to_owned(),
    });
    let body: String = parts.collect();
    let end = body.match_indices(". ").map(|(at, _)| at).find(|at| body[..*at].len() > 40);
    body[..end.unwrap_or(body.len())].trim_end_matches('.').replace('|', "\\|")
}

/// The passwords of the folder, as `--known` takes them.
fn known(folder: &Path, to: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("passwords.json")) else { return false };
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let row = |who: Option<&str>, password: &Value| Some(format!("{},{}\n", cell(who?), cell(password.as_str()?)));
    let who = |entry: &'_ Value| {
        ["email", "username", "uid", "user_login"].iter().find_map(|key| entry[*key].as_str().map(str::to_owned))
    };
    let rows: String = match &all {
        // What is said of one in brackets is of no password.
        Value::Object(names) => {
            let plain = names.iter().filter(|(_, password)| password.as_str().is_some_and(|text| !text.ends_with(')')));
            plain.filter_map(|(name, password)| row(Some(name), password)).collect()
        }
        Value::Array(list) => list.iter().filter_map(|entry| row(who(entry).as_deref(), &entry["password"])).collect(),
        other => panic!("{other}"),
    };
    std::fs::write(to, format!("email,password\n{rows}")).expect("a file");
    !rows.is_empty()
}

/// A row: records, who signs in as before, whose password the bridge could keep, who resets and why, and what became of the
/// known passwords.
fn row(export: &Path, known: Option<&Path>, home: &Path) -> String {
    let mut command = rehome();
    let folder = home.join("run");
    let _ = std::fs::remove_dir_all(&folder);
    command.arg("check").arg(export).arg("--run").arg(&folder);
    if let Some(known) = known {
        command.arg("--known").arg(known);
    }
    let config = export.with_file_name("hash_config.txt");
    if config.is_file() {
        command.arg("--firebase-hash-config").arg(&config);
    }
    let told = run(&mut command);
    let report = std::fs::read_to_string(folder.join("report.json"));
    let report: Value = report.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    assert!(report.is_object(), "{}: {}", export.display(), told.stderr);
    let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let reasons = report["reasons"].as_array().into_iter().flatten().filter(|reason| {
        ["refused", "needs-reset"].contains(&reason["severity"].as_str().unwrap_or_default())
            && reason["code"] != "needs-reset"
    });
    let reasons: Vec<_> = reasons
        .map(|reason| {
            let scheme = reason["scheme"].as_str().map(|scheme| format!(" {scheme}")).unwrap_or_default();
            format!("{} `{}`{scheme}", reason["count"], reason["code"].as_str().unwrap_or_default())
        })
        .collect();
    // Of several exports of a system each has some of the people.
    let wrong = report.pointer("/known/wrong").and_then(Value::as_array).into_iter().flatten();
    let wrong: Vec<_> = wrong.filter(|entry| entry["not_tried"] != true).collect();
    let right = wrong.iter().filter(|entry| entry["hash_is_right"] == true).count();
    let mut others = std::collections::BTreeMap::<&str, usize>::new();
    for entry in wrong.iter().filter(|entry| entry["hash_is_right"] != true) {
        *others.entry(entry["text"].as_str().unwrap_or_default()).or_default() += 1;
    }
    let mut tried: Vec<String> = Vec::new();
    for (n, what) in [(count("/known/proven"), "verify"), (right as u64, "right, at no endpoint")] {
        if n > 0 {
            tried.push(format!("{n} {what}"));
        }
    }
    tried.extend(others.into_iter().map(|(text, n)| format!("{n}: {text}")));
    let tried = tried.join(", ");
    format!(
        "{} | {} | {} | {} | {tried} |",
        count("/records"),
        count("/sign_in/as_before"),
        count("/bridgeable"),
        reasons.join(", ")
    )
}

/// `docs/tried.md` is what `check` says of the fixtures; `UPDATE_GOLDEN=1` writes it.
#[test]
fn the_page_of_what_was_tried_is_as_check_says() {
    const HEAD: &str = "| system | file | records | sign in as before | bridge could keep | reset, or refused until told | known passwords |\n\
                        |---|---|---|---|---|---|---|\n";
    let home = tempfile::tempdir().expect("a folder");
    let sources = run(rehome().args(["sources", "--format", "json"])).exits(0).json();
    let names =
        sources["sources"].as_array().expect("a list").iter().map(|source| source["name"].as_str().expect("a name"));
    let (mut rows, mut origins) = (String::new(), String::new());
    for system in names {
        let folder = fixture(system);
        if !folder.is_dir() || system == "generic" {
            continue;
        }
        let passwords = home.path().join("known.csv");
        let known = known(&folder, &passwords).then_some(&*passwords);
        for export in exports(&folder) {
            let _ = writeln!(rows, "| `{system}` | {} | {}", name(&export), row(&export, known, home.path()));
        }
        let _ = writeln!(origins, "- `{system}`: {}", made(&folder));
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tried.md");
    let text = std::fs::read_to_string(&page).expect("a page");
    let (before, _) = text.split_once(HEAD).expect("a table");
    let whole = [before, HEAD, &rows, "\n## Where they come from\n\n", &origins].concat();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(page, whole).expect("a page");
        return;
    }
    // A system that is a file touches no other file: the newest may be missing until the page is written again.
    let mut left = whole.lines();
    for line in text.lines() {
        assert!(left.any(|found| found == line), "docs/tried.md: {line}\nUPDATE_GOLDEN=1 writes the page:\n{whole}");
    }
}
