//! Questions to a person: the one before a real target above all.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::args::{OutputArgs, OutputFormat};
use super::bars;
use crate::error::RunError;
use crate::report::escape::shown;
use crate::report::figures;
use crate::run::agree::{Answer, Ask, AskSync, Before};

/// Users of a first look.
pub(super) const FIRST: u64 = 10;

/// Who is asked: a person at a terminal, unless they have said yes already. A script has named endpoint, project and key.
pub(super) fn asked(output: OutputArgs) -> Option<Ask> {
    is_asked(output).then_some(ask as Ask)
}

/// The same before a sync.
pub(super) fn asked_of_sync(output: OutputArgs) -> Option<AskSync> {
    is_asked(output).then_some(ask_of_sync as AskSync)
}

fn is_asked(output: OutputArgs) -> bool {
    let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    person && output.format == OutputFormat::Text && !output.yes
}

fn ask_of_sync(lines: &[(&'static str, String)]) -> Result<bool, RunError> {
    agreed(&format!("about to bring a later export to a real target\n{}bring it over?", table(lines)))
}

fn table(lines: &[(&'static str, String)]) -> String {
    let mut table = String::new();
    for (heading, what) in lines {
        let _ = writeln!(table, "{heading:>13}  {}", shown(what, 200));
    }
    table
}

fn ask(before: &Before) -> Result<Answer, RunError> {
    let mut text = format!("about to create users at a real target\n{}", table(&before.lines()));
    let first = before.users > FIRST;
    text.extend(["create ", &figures::users(before.users), "?"]);
    text += if first { " yes, ten first (and sign in as one of them), or no [y/t/N] " } else { " [y/N] " };
    let answer = answer(&text)?;
    Ok(match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::All,
        "t" | "ten" | "10" if first => Answer::First(before.done + FIRST),
        _ => Answer::None,
    })
}

/// Whether a person says yes to this.
pub(super) fn agreed(question: &str) -> Result<bool, RunError> {
    Ok(matches!(answer(&format!("{question} [y/N] "))?.trim(), "y" | "Y" | "yes"))
}

/// Asks on standard error, and reads a line; no bar is in the way meanwhile.
fn answer(question: &str) -> Result<String, RunError> {
    bars::above(|| {
        let mut error = std::io::stderr();
        let _ = error.write_all(question.as_bytes());
        let _ = error.flush();
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map_err(RunError::io("standard input"))?;
        Ok(answer)
    })
}
