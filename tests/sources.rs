//! `rehome sources`: what is read, and maps to start from.

use serde_json::Value;

use super::util::{fixture, rehome, run};

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
