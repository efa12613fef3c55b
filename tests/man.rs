//! The manual pages: complete, and well formed where a formatter is there to say so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;
use rehome::error::EXIT_CODES;

use super::util::{rehome, run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).expect("text")
}

/// What a page reads as: without the marks of its language.
fn plain(page: &str) -> String {
    let marks = Regex::new(r"\\f[BRI]|\\\*\(Aq").expect("an expression");
    marks.replace_all(page, "").replace("\\-", "-").replace("\\&", "")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_exit_code_is_in_the_page_and_in_the_table() {
    let page = plain(&run(rehome().arg("man")).exits(0).stdout);
    let rows: Vec<_> = EXIT_CODES.iter().map(|(code, meaning)| format!("| {code} | {meaning} |")).collect();
    let table = rows.join("\n");
    assert!(text("docs/codes.md").contains(&format!("|---|---|\n{table}\n\n")), "docs/codes.md should have:\n{table}");
    for (code, meaning) in EXIT_CODES {
        assert!(page.contains(&format!("\n{code}\n{meaning}")), "{code}: {page}");
    }
    // What the errors of src/error.rs end with.
    let errors = text("src/error.rs");
    let ends = Regex::new(r"Self::\w+(?: \| Self::\w+)* => (\d+),").expect("an expression");
    let codes: Vec<u8> = ends.captures_iter(&errors).map(|found| found[1].parse().expect("a number")).collect();
    assert!(codes.len() > 6, "{codes:?}");
    for code in codes {
        assert!(EXIT_CODES.iter().any(|(known, _)| *known == code), "EXIT_CODES lacks {code}");
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_page() {
    let page = plain(&run(rehome().arg("man")).exits(0).stdout);
    let environment =
        page.split(".SH ENVIRONMENT").nth(1).and_then(|rest| rest.split("\n.SH").next()).expect("a section");
    let read =
        Regex::new(r#"(?:env::var(?:_os)?\(|env = |VARIABLE: &str = |variable\()"([A-Z_]+)""#).expect("an expression");
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut found = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("text");
        found.extend(read.captures_iter(&source).map(|name| name[1].to_owned()));
    }
    // What the tests within the sources read is nobody else's.
    found.retain(|name| !["UPDATE_GOLDEN", "REHOME_DATABASES"].contains(&name.as_str()));
    assert!(found.len() > 8, "{found:?}");
    // What libraries read: rustls-native-certs, reqwest, tempfile.
    let libraries = ["SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "TMPDIR"];
    for name in found.iter().map(String::as_str).chain(libraries) {
        let told = environment.split(|c: char| !c.is_ascii_uppercase() && c != '_').any(|word| word == name);
        assert!(told, "ENVIRONMENT of src/cli/man.rs lacks {name}");
    }
}

#[test]
fn every_file_of_a_run_is_in_the_page() {
    let page = plain(&run(rehome().arg("man")).exits(0).stdout);
    let table = text("docs/run-folder.md");
    let rows =
        table.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    let mut files = 0;
    for row in rows {
        let cell = row.split('|').nth(1).expect("a cell");
        for name in cell.split('`').skip(1).step_by(2) {
            files += 1;
            assert!(page.contains(name.split('<').next().unwrap_or(name)), "FILES of src/cli/man.rs lacks {name}");
        }
    }
    assert!(files > 10, "{files}");
}

#[test]
fn every_command_has_a_page_that_formatters_take() {
    let home = tempfile::tempdir().expect("a folder");
    run(rehome().args(["man", "--to"]).arg(home.path())).exits(0);
    let mut pages: Vec<_> =
        std::fs::read_dir(home.path()).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    pages.sort();
    assert!(pages.len() > 20, "{pages:?}");
    let names: Vec<_> =
        pages.iter().map(|page| page.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    assert!(names.iter().any(|name| name == "rehome-bridge-serve"), "{names:?}");
    assert_eq!(
        run(rehome().args(["man", "bridge", "serve"])).exits(0).stdout,
        std::fs::read_to_string(home.path().join("rehome-bridge-serve.1")).expect("a page")
    );
    let see = Regex::new(r"(?m)^(rehome[a-z-]*)\(1\)").expect("an expression");
    for page in &pages {
        let text = plain(&std::fs::read_to_string(page).expect("text"));
        let also: Vec<_> = see.captures_iter(&text).map(|found| found[1].to_owned()).collect();
        assert!(also.len() > 10 && also.iter().all(|name| names.contains(name)), "{}: {also:?}", page.display());
        assert!(text.contains(".SH SYNOPSIS\nrehome"), "{text}");
    }
    let lints: [(&str, &[&str]); 2] = [
        ("mandoc", &["-T", "lint", "-W", "warning"]),
        ("groff", &["-man", "-z", "-wmac", "-Wbreak", "-Tutf8", "-Kutf8"]),
    ];
    for (program, args) in lints {
        if Command::new(program)
            .arg("-v")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            eprintln!("skipped: {program} is not installed");
            continue;
        }
        let output = Command::new(program).args(args).args(&pages).output().expect("a formatter runs");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success() && said.is_empty(), "{program}: {}", String::from_utf8_lossy(&said));
    }
}

/// The flags of the examples are flags of their commands.
#[test]
fn the_examples_can_be_typed() {
    let page = plain(&run(rehome().arg("man")).exits(0).stdout);
    let examples = page.split(".SH EXAMPLES").nth(1).expect("a section");
    let lines: Vec<_> = examples.lines().filter(|line| line.starts_with("rehome ")).collect();
    assert!(lines.len() > 4, "{examples}");
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        let help = run(rehome().args([words[1], "--help"])).exits(0).stdout;
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(*flag), "{line}");
        }
    }
}

#[test]
fn a_page_of_no_command_is_a_usage_error() {
    let answer = run(rehome().args(["man", "bridge", "sevre"])).exits(2);
    assert!(answer.stderr.contains("there is no command `bridge sevre`"), "{}", answer.stderr);
}
