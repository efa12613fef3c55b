//! `rehome sources`: what is read, and maps to start from.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::util::{fixture, rehome, run};

/// What is in a folder, in order.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The exports of a system among the fixtures: those in the folder of its name, and those of kinds that begin with it.
fn exports(system: &str) -> Vec<PathBuf> {
    const BESIDE: [&str; 6] = ["README.md", ".accounts.json", "passwords.json", "known.csv", "known.tsv", ".toml"];
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let own = listed(&fixture(system));
    let kinds = listed(&fixture("kinds")).into_iter().filter(|path| {
        name(path)
            .strip_prefix(system)
            .is_some_and(|rest| rest.starts_with(['.', '-']) && !rest.starts_with(".accounts"))
    });
    own.into_iter().chain(kinds).filter(|path| !BESIDE.iter().any(|end| name(path).ends_with(end))).collect()
}

#[test]
fn a_systems_file_reads_as_the_system_that_is_built_in() {
    let systems = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/systems");
    let files: Vec<_> =
        listed(&systems).into_iter().filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    assert!(files.len() > 20, "{}", files.len());
    let folder = tempfile::tempdir().expect("a folder");
    for file in files {
        let system = file.file_stem().expect("a name").to_str().expect("text");
        let printed = run(rehome().args(["sources", "--example", system])).exits(0).stdout;
        assert_eq!(printed, std::fs::read_to_string(&file).expect("text"), "{system}");
        let map = folder.path().join("map.toml");
        std::fs::write(&map, printed).expect("a file");
        let exports = exports(system);
        assert!(!exports.is_empty(), "fixtures/{system} has no export");
        for export in exports {
            let plan = |more: &[&std::ffi::OsStr]| {
                let domain = ["--email-domain", "example.com", "--reveal", "--keep-dates"];
                run(rehome().arg("plan").arg(&export).args(domain).args(more))
            };
            let (read, mapped) = (plan(&[]), plan(&["--map".as_ref(), map.as_ref()]));
            assert!(read.code == mapped.code && !read.stdout.is_empty(), "{}: {}", export.display(), read.stderr);
            assert_eq!(read.stdout, mapped.stdout, "{}", export.display());
        }
    }
}

#[test]
fn every_source_is_listed_in_text_and_json() {
    let text = run(rehome().arg("sources"));
    let json = run(rehome().args(["sources", "--format", "json"]));
    assert_eq!((text.code, json.code), (0, 0));
    let list: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    let sources = list["sources"].as_array().expect("a list");
    assert!(sources.len() > 30, "{}", sources.len());
    for source in sources {
        let name = source["name"].as_str().expect("a name");
        assert!(text.stdout.lines().any(|line| line.split(' ').next() == Some(name)), "{name}");
    }
}

#[test]
fn the_lists_fit_a_terminal() {
    for list in [&["sources"][..], &["schemes"], &["sources", "sql"]] {
        let text = run(rehome().args(list)).exits(0).stdout;
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn sources_are_found_by_words() {
    let names = |words: &[&str]| -> Vec<String> {
        let found = run(rehome().args(["sources", "--format", "json"]).args(words)).exits(0).json();
        let names = found["sources"].as_array().expect("a list").iter().map(|s| s["name"].as_str().expect("a name"));
        names.map(str::to_owned).collect()
    };
    assert!(names(&["rails"]).contains(&"devise".to_owned()));
    assert_eq!(names(&["RUBY", "devise"]), ["devise"]);
    assert!(names(&["joined"]).len() > 2 && names(&["joined"]).len() < names(&[]).len());
    let nothing = run(rehome().args(["sources", "wordpess"])).exits(2);
    assert!(nothing.stderr.contains("did you mean `wordpress`?"), "{}", nothing.stderr);
    run(rehome().args(["sources", "wordpress", "--example", "django"])).exits(2);
}

#[test]
fn a_starting_map_reads_an_export_of_its_source() {
    let folder = tempfile::tempdir().expect("a folder");
    for (source, export) in [("laravel", "laravel/users.csv"), ("django", "django/auth_user.sqlite-select.csv")] {
        let example = run(rehome().args(["sources", "--example", source]));
        assert_eq!(example.code, 0);
        let map = folder.path().join(format!("{source}.toml"));
        std::fs::write(&map, example.stdout).expect("a file");
        let mapped = run(rehome().arg("plan").arg(fixture(export)).arg("--map").arg(&map));
        let read = run(rehome().arg("plan").arg(fixture(export)));
        let created = |run: &super::util::Run| run.stdout.lines().filter(|line| line.contains("\"create\"")).count();
        assert!(created(&read) > 1, "{}", read.stderr);
        assert!(created(&mapped) >= created(&read), "{source}: {}", mapped.stdout);
    }
}

#[test]
fn a_source_that_is_not_read_is_answered_with_the_nearest() {
    let run = run(rehome().args(["sources", "--example", "wordpess"]));
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("did you mean `wordpress`?"), "{}", run.stderr);
}

#[test]
fn a_misspelt_key_of_a_map_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = folder.path().join("map.toml");
    std::fs::write(&map, "[user]\nemial = \"mail\"\nid = \"id\"\n").expect("a file");
    let run = run(rehome().arg("plan").arg(fixture("generic/users.csv")).arg("--map").arg(&map));
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("unknown key `emial` in [user]; did you mean `email`?"), "{}", run.stderr);
}
