//! How wide the screen is.

use std::io::IsTerminal;

use crate::report::lines::{continued, folded};

/// Of these, no line breaks anything.
const NARROWEST: usize = 40;

/// The columns of a terminal; `None` for anything else, whose lines are as long as they are.
#[cfg(unix)]
pub(super) fn of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(stream).filter(|_| stream.is_terminal())?;
    Some(usize::from(width.0).max(NARROWEST))
}

/// The columns of a terminal; `None` for anything else, whose lines are as long as they are.
#[cfg(not(unix))]
pub(super) fn of(stream: &impl IsTerminal) -> Option<usize> {
    let (width, _) = terminal_size::terminal_size().filter(|_| stream.is_terminal())?;
    Some(usize::from(width.0).max(NARROWEST))
}

/// The columns that the environment asks for, where what is printed goes to no terminal: COLUMNS.
pub(super) fn asked() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// A sentence for the terminal behind this stream: cut into lines at blanks, those after the first set in.
pub(super) fn fitted(sentence: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) => folded(sentence, columns.saturating_sub(2)).join("\n  "),
        None => sentence.to_owned(),
    }
}

/// Sentences for the terminal behind this stream, each on as many lines as it takes, set in beneath itself. What is there to be
/// typed stands alone, as a shell reads it.
pub(super) fn sentences(text: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    text.split_inclusive('\n').map(|line| sentence(line, columns)).collect()
}

fn sentence(line: &str, columns: usize) -> String {
    if line.trim_end().chars().count() <= columns || is_toml(line) {
        return line.to_owned();
    }
    if let Some((before, command)) = line.split_once(": rehome ") {
        let lines = continued(&format!("rehome {}", command.trim_end()), columns.saturating_sub(4));
        return format!("{}\n  {}\n", sentence(&format!("{before}:"), columns), lines.join("\n    "));
    }
    // A figure at the right of its column has its text beneath itself.
    let figure = |c: char| c == ' ' || c.is_ascii_digit() || c == ',';
    let begin = line.find(|c| !figure(c)).unwrap_or(0);
    let begin = if line[..begin].ends_with("  ") { begin } else { line.len() - line.trim_start().len() };
    let hang = if begin == 0 { 2 } else { begin };
    let (head, rest) = line.split_at(begin);
    let lines = folded(rest.trim_end(), columns.saturating_sub(hang));
    let end = if line.ends_with('\n') { "\n" } else { "" };
    format!("{head}{}{end}", lines.join(&format!("\n{:hang$}", "")))
}

/// Whether a line is one of a mapping, which is pasted whole.
fn is_toml(line: &str) -> bool {
    let key = line.split_once(" = ").map_or("", |(key, _)| key.trim_end());
    line.starts_with('[') || !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_folded_beneath_themselves_and_commands_stay_whole() {
        let word = "word ".repeat(12);
        let text = format!("      1,204  {word}\n{word}\nshort\ngo on {word}with: rehome resume {}\n", "x".repeat(50));
        assert_eq!(sentences(&text, None), text);
        let toml = format!("[[password.none]]\nsay  = \"{word}\"\n");
        assert_eq!(sentences(&toml, Some(40)), toml);
        let lines = sentences(&text, Some(40));
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines[0], "      1,204  word word word word word");
        assert_eq!(lines[1], "             word word word word word");
        assert!(lines[3].starts_with("word word") && lines[4].starts_with("  word"), "{lines:#?}");
        assert_eq!(lines[5..7], ["short", "go on word word word word word word"]);
        assert_eq!(lines[lines.len() - 2..], ["  rehome resume \\".to_owned(), format!("    {}", "x".repeat(50))]);
        assert!(lines[..lines.len() - 1].iter().all(|line| line.chars().count() <= 40), "{lines:#?}");
    }
}
