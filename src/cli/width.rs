//! How wide the screen is.

use std::io::IsTerminal;

use crate::report::terminal::folded;

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

/// A sentence for the terminal behind this stream: cut into lines at blanks, those after the first set in.
pub(super) fn fitted(sentence: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) => folded(sentence, columns.saturating_sub(2)).join("\n  "),
        None => sentence.to_owned(),
    }
}
