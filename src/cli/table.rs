//! A table on a screen: columns side by side, the last of them folded at blanks so that a line fits.

use std::fmt::Write as _;

use crate::report::lines::folded;

/// The columns of a terminal that nobody has made wider.
const COLUMNS: usize = 80;
/// What stands between two columns.
const GAP: usize = 2;

/// Rows of as many cells as there are headings.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| heading.to_uppercase()).collect()] }
    }

    /// One more row. A cell of several lines is more than one paragraph.
    pub fn row(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|&cell| cell.to_owned()).collect());
    }

    /// Lines of at most 80 columns, as long as no single word is longer.
    pub fn text(&self) -> String {
        let last = self.rows.iter().map(|row| row.len().saturating_sub(1)).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<_> = (0..last).map(width).collect();
        let indent: usize = widths.iter().map(|width| width + GAP).sum();
        let mut out = String::new();
        for row in &self.rows {
            let mut head = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // Writing to a string does not fail.
                let _ = write!(head, "{cell:width$}{:GAP$}", "");
            }
            let text = row.get(last).map(String::as_str).unwrap_or_default();
            for line in text.lines().flat_map(|line| folded(line, COLUMNS.saturating_sub(indent))) {
                let _ = writeln!(out, "{}", format!("{head:indent$}{line}").trim_end());
                head.clear();
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_folded_beneath_itself() {
        let mut table = Table::new(&["name", "what"]);
        let words = "word ".repeat(30);
        table.row(&["a", words.trim_end()]);
        table.row(&["longer", "x\ny"]);
        let text = table.text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "NAME    WHAT");
        assert!(lines[1].starts_with("a       word") && lines[2].starts_with("        word"), "{text}");
        assert_eq!(lines[lines.len() - 2..], ["longer  x", "        y"]);
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert_eq!(text.matches("word").count(), 30);
    }
}
