//! The completion scripts, in the real shells.

use std::path::Path;
use std::process::{Command, Stdio};

use super::util::{rehome, run};

/// What is typed, and what the Tab key makes of its last word.
const CASES: [(&str, &str); 20] = [
    ("rehome sy", "sync"),
    ("rehome check --from fireb", "firebase"),
    ("rehome import one.json --from word", "wordpress"),
    ("rehome identify --from fireb", "firebase"),
    ("rehome sources --example pocketb", "pocketbase"),
    ("rehome sources pocketb", "pocketbase"),
    ("rehome check --scheme sha512cr", "sha512crypt"),
    ("rehome check one.json --scheme bet", "better-auth"),
    ("rehome check on", "one.json"),
    ("rehome check one.json two", "two.json"),
    ("rehome check one.json two.json thr", "three.json"),
    ("rehome check one.json two.json --unsup", "--unsupported"),
    ("rehome check one.json --unsupported without-p", "without-password"),
    ("rehome check one.json --known two", "two.json"),
    ("rehome sync one.json two", "two.json"),
    ("rehome status run-f", "run-first/"),
    ("rehome verify run-first run-s", "run-second/"),
    ("rehome man veri", "verify"),
    ("rehome completions fi", "fish"),
    ("rehome bridge ser", "serve"),
];

/// A folder with what is completed to, and the script of this shell; `None`, with a word, where the shell is missing.
fn home(shell: &str, script: &str) -> Option<tempfile::TempDir> {
    if Command::new(shell).arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: {shell} is not installed");
        return None;
    }
    let home = tempfile::tempdir().expect("a folder");
    for file in ["one.json", "two.json", "three.json"] {
        std::fs::write(home.path().join(file), "").expect("a file");
    }
    for folder in ["run-first", "run-second", "scripts"] {
        std::fs::create_dir(home.path().join(folder)).expect("a folder");
    }
    let completions = run(rehome().args(["completions", shell])).exits(0).stdout;
    std::fs::write(home.path().join("scripts").join(script), completions).expect("a file");
    Some(home)
}

/// Lets the shell carry out this program in that folder, and gives what it printed.
fn carried_out(shell: &str, args: &[&str], program: &str, home: &Path) -> String {
    let file = home.join("scripts/program");
    std::fs::write(&file, program).expect("a file");
    let mut command = Command::new(shell);
    command.args(args).arg(&file).current_dir(home).env("HOME", home).env("TERM", "dumb").stdin(Stdio::null());
    let output = command.output().expect("the shell runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shell}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn bash_completes_names_files_and_options() {
    let Some(home) = home("bash", "rehome") else { return };
    // Bash hands over what it would, and falls back to file names where nothing is answered (`-o default`).
    let mut program = String::from(
        r#"
        source scripts/rehome
        complete -p rehome | grep -q -- '-o default' || exit 1
        typed() {
            local IFS=$' \n'
            COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="$1"; COMP_POINT=${#1}
            local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
            COMPREPLY=()
            _rehome rehome "$word" "$before" 2>/dev/null
            [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
            local i
            for i in "${!COMPREPLY[@]}"; do [ ! -d "${COMPREPLY[i]}" ] || COMPREPLY[i]+=/; done
            echo "${COMPREPLY[*]}"
        }
        "#,
    );
    for (typed, _) in CASES {
        program.extend([format!("typed '{typed}'\n")]);
    }
    // As bash cuts a word at its `=`.
    program += "typed 'rehome check --from = fireb'\n";
    let answers = carried_out("bash", &["--norc"], &program, home.path());
    let mut answers = answers.lines();
    for (typed, expected) in CASES.iter().chain(&[("rehome check --from=fireb", "firebase")]) {
        assert_eq!(answers.next(), Some(*expected), "{typed}");
    }
}

#[test]
fn zsh_completes_names_files_and_options() {
    let Some(home) = home("zsh", "_rehome") else { return };
    // A real terminal: the Tab key, then a key that writes down what stands in the line by then.
    let mut program = String::from(
        r#"
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell 'PROMPT=; setopt no_beep no_list_beep; fpath=($PWD/scripts $fpath); autoload -Uz compinit; compinit -u -D
            note() { print -r -- "$BUFFER" >> scripts/lines; BUFFER= }; zle -N note; bindkey "^G" note
            stop() { exit }; zle -N stop; bindkey "^E" stop; bindkey "^I" complete-word; PROMPT="RE""ADY"'
        local out
        zpty -r shell out '*READY*'
        "#,
    );
    for (typed, _) in CASES {
        program.extend([format!("zpty -w -n shell '{typed}'$'\\t\\x07'\n")]);
    }
    program += "zpty -w -n shell $'\\x05'\nwhile zpty -r shell out; do :; done\ncat scripts/lines\n";
    let answers = carried_out("zsh", &["-f"], &program, home.path());
    let mut answers = answers.lines();
    for (typed, expected) in CASES {
        let before = typed.rsplit_once(' ').expect("words").0;
        let answer = answers.next().map(|line| line.trim_end_matches([' ', '=']));
        assert_eq!(answer, Some(format!("{before} {expected}").as_str()), "{typed}");
    }
}

#[test]
fn fish_completes_names_files_and_options() {
    let Some(home) = home("fish", "rehome.fish") else { return };
    let mut program = String::from("source scripts/rehome.fish\n");
    for (typed, _) in CASES {
        program.extend([format!("complete -C '{typed}' | string replace -r '\\t.*' '' | string join ' '\necho\n")]);
    }
    let answers = carried_out("fish", &["--no-config"], &program, home.path());
    let mut answers = answers.lines().filter(|line| !line.is_empty());
    for (typed, expected) in CASES {
        assert_eq!(answers.next(), Some(expected), "{typed}");
    }
}

/// The names are for the shells alone: what is typed is judged as ever.
#[test]
fn a_name_that_is_none_is_still_answered_with_the_nearest() {
    let answer = run(rehome().args(["check", "x.json", "--from", "fierbase"]));
    assert_ne!(answer.code, 0);
    assert!(!answer.stderr.contains("possible values"), "{}", answer.stderr);
}
