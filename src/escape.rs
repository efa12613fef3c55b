//! Text from an export, made harmless where it is going: a terminal, a spreadsheet, a page, a log.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::bytes::every;

/// Whether a character can change how its surroundings are shown: control characters, and the marks and overrides that
/// turn the direction of writing (Unicode UAX #9), invisible ones that hide differences, line separators.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Shows active characters as `\u{202e}`, and cuts after `max` characters.
#[must_use]
pub fn shown(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max && !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(max.min(text.len()) + 16);
    for (i, c) in text.chars().enumerate() {
        if i == max {
            out.push('…');
            break;
        }
        if is_active(c) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A name as a shell takes it.
#[must_use]
pub fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+@%:,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else if text.contains(is_active) {
        // In bash, which has a way to write them.
        let mut out = String::from("$'");
        for c in text.chars() {
            match c {
                '\\' | '\'' => out.extend(['\\', c]),
                c if is_active(c) => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        // Writing to a string cannot fail.
                        let _ = write!(out, "\\x{byte:02x}");
                    }
                }
                c => out.push(c),
            }
        }
        out + "'"
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A flag with a name as its value, as a shell takes both.
#[must_use]
pub fn flag(flag: &str, value: &str) -> String {
    // What begins like a flag would be one.
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{flag}{between}{}", word(value))
}

/// JSON with the characters escaped that a terminal or an editor would obey. They stand in strings only, so the meaning
/// does not change.
#[must_use]
pub fn json(document: String) -> String {
    let obeyed = |c: char| is_active(c) && !matches!(c, '\n' | '\r' | '\t');
    // Nearly all of it is plain.
    if every(document.as_bytes(), |b| matches!(b, b' '..=b'~' | b'\n')) || !document.contains(obeyed) {
        return document;
    }
    let mut out = String::with_capacity(document.len() + 64);
    for c in document.chars() {
        if obeyed(c) {
            // All of them are in the basic plane.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A line of CSV that no spreadsheet takes for a formula: a cell that begins like one gets an apostrophe before it and is
/// quoted (OWASP, *CSV Injection*); NUL, which ends a cell in some of them, is replaced.
pub fn csv_line(out: &mut String, cells: &[&str]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        if formula || cell.contains(['"', ',', ';', '\n', '\r', '\0']) || cell.starts_with(' ') || cell.ends_with(' ') {
            out.push_str(if formula { "\"'" } else { "\"" });
            for c in cell.chars() {
                match c {
                    '"' => out.push_str("\"\""),
                    '\0' => out.push('\u{fffd}'),
                    c => out.push(c),
                }
            }
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}

/// Text for an HTML element or a quoted attribute: markup escaped, active characters shown, cut after `max` characters.
#[must_use]
pub fn html(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max) + 16);
    for c in shown(text, max).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A path as a shell takes it.
#[must_use]
pub fn quoted_path(path: &std::path::Path) -> String {
    word(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_become_text() {
        let mut out = String::new();
        csv_line(&mut out, &["=cmd|' /C calc'!A0", "+49151", "-1", "@SUM(A1)", "\t=1", "plain", "a,b", "", "x\0y"]);
        assert_eq!(
            out,
            "\"'=cmd|' /C calc'!A0\",\"'+49151\",\"'-1\",\"'@SUM(A1)\",\"'\t=1\",plain,\"a,b\",,\"x\u{fffd}y\"\n"
        );
    }

    #[test]
    fn nothing_turns_the_direction_of_writing_or_moves_the_cursor() {
        assert_eq!(shown("a\u{202e}b\u{1b}[2J\0", 100), r"a\u{202e}b\u{1b}[2J\u{0}");
        assert_eq!(shown(&"x".repeat(10_000), 5), "xxxxx…");
        assert_eq!(json("{\"a\":\"\u{202e}\"}".into()), r#"{"a":"\u202e"}"#);
        assert_eq!(html("<b title='x'>\u{200f}&", 99), r"&lt;b title=&#39;x&#39;&gt;\u{200f}&amp;");
    }

    proptest! {
        #[test]
        fn a_csv_reader_gets_the_cells_back(cells in proptest::collection::vec("[ -~\\n\\r\\t]{0,12}", 1..5)) {
            let mut line = String::new();
            csv_line(&mut line, &cells.iter().map(String::as_str).collect::<Vec<_>>());
            // A line of one empty cell is no record to a reader.
            prop_assume!(line != "\n");
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("well-formed");
            prop_assert_eq!(rows.len(), 1);
            for (cell, read) in cells.iter().zip(rows[0].iter()) {
                prop_assert!(read == cell || read.strip_prefix('\'') == Some(cell.as_str()), "{cell:?} reads as {read:?}");
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r']));
            }
        }
    }
}
