//! docs/rehearsal.md is what a terminal shows: every command of it is typed, and what is printed compared with the page.

use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;

use super::util::{fixture, rehome};

/// Without what is another every time: durations, paces and moments.
fn words(text: &str) -> String {
    let changing = [
        r"\d{4}-\d\d-\d\d[T ][\d:.]+Z?",
        r"\d[\d,.]*( ms| s| min| h| seconds?| minutes?| a second|/s)\b",
        r"http://127\.0\.0\.1:\d+",
    ];
    let text = changing.iter().fold(text.to_owned(), |text, pattern| {
        Regex::new(pattern).expect("an expression").replace_all(&text, "#").into_owned()
    });
    // `1 min 2 s`, and what is as wide as the number in it, or in another line for it.
    let text = Regex::new("#( #)+").expect("an expression").replace_all(&text, "#").into_owned();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a shell prints for this line, without what goes by on standard error meanwhile.
fn typed(line: &str, home: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_rehome"));
    let path = format!("{}:{}", program.parent().expect("a folder").display(), std::env::var("PATH").expect("a path"));
    // As clean as any other test has it.
    let clean = rehome();
    let mut shell = Command::new("sh");
    for (name, value) in clean.get_envs() {
        if value.is_none() {
            shell.env_remove(name);
        }
    }
    shell.env_remove("COLUMNS");
    let output =
        shell.args(["-c", line]).current_dir(home).env("PATH", path).env("LC_ALL", "C").stdin(Stdio::null()).output();
    let output = output.expect("a shell runs");
    assert!(
        output.status.code().is_some_and(|code| code == 0 || code == 3),
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_rehearsal_is_what_a_terminal_shows() {
    const OPEN: &str = "```console\n";
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rehearsal.md");
    let text = std::fs::read_to_string(&page).expect("a page");
    let home = tempfile::tempdir().expect("a folder");
    for file in ["users.json", "hash_config.txt", "known.csv"] {
        std::fs::copy(fixture("firebase").join(file), home.path().join(file)).expect("copied");
    }
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut parts = text.split(OPEN);
    let mut written = parts.next().unwrap_or_default().to_owned();
    let mut commands = 0;
    for part in parts {
        let (block, after) = part.split_once("```").expect("a block ends");
        written += OPEN;
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").expect("a block begins with a command");
            commands += 1;
            let mut shown = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                shown = shown + line + "\n";
            }
            let printed = typed(command, home.path());
            written = written + "$ " + command + "\n" + &printed;
            let as_shown = words(shown.trim()) == words(printed.trim());
            assert!(
                update || as_shown,
                "{command}\nUPDATE_GOLDEN=1 writes docs/rehearsal.md; it has\n{shown}\nand now it is\n{printed}"
            );
        }
        written = written + "```" + after;
    }
    assert!(commands > 5, "{commands}");
    if update {
        std::fs::write(&page, written).expect("a page");
    }
}
