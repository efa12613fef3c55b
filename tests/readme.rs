//! The README tells the truth where a program can check it.

use crate::util::{rehome, run};

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
