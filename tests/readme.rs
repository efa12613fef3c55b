//! The README tells the truth where a program can check it.

use crate::util::{rehome, run, run_with_input};

fn readme() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    std::fs::read_to_string(path).expect("there is a README")
}

#[test]
fn the_first_block_is_the_main_job_and_the_tests() {
    let readme = readme();
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an sh block");
    let lines: Vec<_> = block.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 2, "{block}");
    assert!(lines[0].starts_with("cargo run") && lines[0].contains(" import "), "{}", lines[0]);
    assert!(lines[1].starts_with("cargo test"), "{}", lines[1]);
}

/// The pipe, with what `psql` prints for it, and the mapping, of an export that has its columns.
#[test]
fn a_table_of_ones_own_is_read_as_the_page_says() {
    const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuK5m8xkkSYHbQrIpqjeSuYuKWb3BXuzC";
    let readme = readme();
    let pipe = readme.lines().find(|line| line.starts_with("$ psql")).expect("a pipe");
    assert!(pipe.ends_with("| rehome check -") && pipe.contains("WITH CSV HEADER"), "{pipe}");
    let select = pipe.split("SELECT ").nth(1).and_then(|rest| rest.split(" FROM").next()).expect("columns");
    let columns: Vec<_> = select.split(", ").map(|column| column.rsplit(" AS ").next().expect("a name")).collect();
    let csv = format!("{}\nu1,ada@example.com,{HASH},t\nu2,bob@example.com,{HASH},f\n", columns.join(","));
    let report = run_with_input(rehome().args(["check", "-", "--format", "json"]), csv.as_bytes()).exits(0).json();
    assert_eq!((&report["outcomes"]["ready"], &report["disabled"]), (&2.into(), &1.into()), "{report:#}");

    let mapping = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a mapping");
    assert_eq!(mapping.lines().count(), 5, "{mapping}");
    let home = tempfile::tempdir().expect("a folder");
    let (export, map) = (home.path().join("people.csv"), home.path().join("map.toml"));
    std::fs::write(&map, mapping).expect("written");
    std::fs::write(&export, format!("customer_no,mail,pw\nu1,ada@example.com,{HASH}\n")).expect("written");
    let plan = run(rehome().arg("plan").arg(&export).arg("--map").arg(&map)).exits(0);
    assert!(plan.stdout.contains("/users/bcrypt") && plan.lines().len() == 1, "{}", plan.stdout);
}

#[test]
fn the_page_is_one_page() {
    let readme = readme();
    assert!(readme.lines().count() <= 110, "{}", readme.lines().count());
    let evening = readme.split("## An evening").nth(1).expect("a chapter");
    let commands = evening.split("```console\n").nth(1).and_then(|rest| rest.split("```").next()).expect("commands");
    assert_eq!(commands.lines().count(), 6, "{commands}");
}

#[test]
fn every_command_has_help_and_a_manual_page() {
    let help = run(rehome().arg("--help")).exits(0).stdout;
    for command in [
        "check",
        "plan",
        "import",
        "resume",
        "sync",
        "status",
        "verify",
        "rollback",
        "report",
        "identify",
        "sandbox",
        "sources",
        "schemes",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("  {command} ")), "{command} is missing in:\n{help}");
        run(rehome().args([command, "--help"])).exits(0);
        assert!(run(rehome().args(["man", command])).exits(0).stdout.contains(".SH"), "{command}");
    }
}
