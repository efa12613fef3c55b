//! One column of JSON under its name, as `psql` writes the answer of `SELECT json_agg(…)` or `row_to_json(…)`: as CSV, drawn for
//! people, or without alignment. What is left is the JSON.

use std::io::{BufRead, BufReader, Read, Write};

use crate::format::frame::Doubt;

/// What PostgreSQL calls the column of a function that makes JSON.
const NAMES: [&str; 13] = [
    "json_agg",
    "jsonb_agg",
    "row_to_json",
    "to_json",
    "to_jsonb",
    "json_build_object",
    "jsonb_build_object",
    "json_object_agg",
    "array_to_json",
    "jsonb_pretty",
    "coalesce",
    "json",
    "jsonb",
];

fn is_ruled(line: &[u8]) -> bool {
    line.len() >= 3 && line.iter().all(|b| *b == b'-')
}

/// Whether the first line is such a name, and JSON follows.
pub(super) fn is_one(head: &[u8]) -> bool {
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.next().unwrap_or_default();
    let name = first.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(first);
    let json = lines.find(|line| !is_ruled(line)).unwrap_or_default();
    NAMES.iter().any(|known| known.as_bytes() == name)
        && [&b"\"[{"[..], b"\"{\"\"", b"[{", b"{\""].iter().any(|begin| json.starts_with(begin))
}

/// Leaves the JSON, and returns what may be missing of it.
///
/// # Errors
/// What reading and writing say.
pub(super) fn to_json(source: impl Read, out: &mut impl Write) -> std::io::Result<Option<Doubt>> {
    let mut source = BufReader::with_capacity(256 * 1024, source);
    let mut line = Vec::new();
    source.read_until(b'\n', &mut line)?;
    if source.fill_buf()?.starts_with(b"\"") {
        return unquoted(source, out);
    }
    let (mut drawn, mut goes_on, mut rows) = (false, false, 0_u64);
    loop {
        line.clear();
        if source.read_until(b'\n', &mut line)? == 0 {
            let missing = "the answer ends without its last line, `(… rows)`: whether all of it is here is not known";
            return Ok(drawn.then(|| Doubt::Unsure(missing.into())));
        }
        let mut text = line.trim_ascii();
        if is_ruled(text) {
            drawn = true;
            continue;
        }
        if let Some(said) = counted(text) {
            // Without lines about it a row may be of several lines, and the lines of one are not known from those of another.
            if rows < said || drawn && rows > said {
                let of = if said == 1 { "1 row" } else { &format!("{said} rows") };
                let here = if rows == 1 { "1 is" } else { &format!("{rows} are") };
                return Ok(Some(Doubt::Cut(format!(
                    "it says that it has {of}, and {here} here: users may be missing"
                ))));
            }
            return rest(source);
        }
        rows += u64::from(!(goes_on || text.is_empty()));
        goes_on = false;
        // A cell of several lines.
        if drawn && let Some(cell) = text.strip_suffix(b"+") {
            (text, goes_on) = (cell.trim_ascii_end(), true);
        }
        out.write_all(text)?;
        out.write_all(b"\n")?;
    }
}

/// The number of `(3 rows)`.
fn counted(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix('(')?;
    text.strip_suffix(" rows)").or_else(|| text.strip_suffix(" row)"))?.parse().ok()
}

/// What follows an answer: another one is of other columns.
fn rest(mut source: impl BufRead) -> std::io::Result<Option<Doubt>> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if source.by_ref().take(4096).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        // `Time: 12.345 ms` of `\timing`.
        if !line.trim_ascii().is_empty() && !line.starts_with(b"Time: ") {
            let more = "more follows the first answer, and is not read: write each answer into a file of its own";
            return Ok(Some(Doubt::Cut(more.into())));
        }
    }
}

/// The cells of CSV without their quotes, each on lines of its own.
fn unquoted(mut source: impl BufRead, out: &mut impl Write) -> std::io::Result<Option<Doubt>> {
    // Whether a cell is open, and whether the last byte was a quote within it.
    let (mut within, mut quote) = (false, false);
    loop {
        let part = source.fill_buf()?;
        if part.is_empty() {
            out.write_all(b"\n")?;
            return Ok((within && !quote).then(|| Doubt::Cut("it ends within a cell: users may be missing".into())));
        }
        for &byte in part {
            match (within, quote, byte) {
                (false, _, b'"') => within = true,
                (false, ..) => {}
                (true, false, b'"') => quote = true,
                (true, true, b'"') => {
                    quote = false;
                    out.write_all(b"\"")?;
                }
                (true, true, _) => {
                    (within, quote) = (false, false);
                    out.write_all(b"\n")?;
                }
                (true, false, byte) => out.write_all(&[byte])?,
            }
        }
        let length = part.len();
        source.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_is_left() {
        for (text, json) in [
            ("row_to_json\n\"{\"\"id\"\":1}\"\n\"{\"\"id\"\":2}\"\n", "{\"id\":1}\n{\"id\":2}\n\n"),
            (
                "json_agg\n\"[{\"\"id\"\":1,\"\"a\"\":\"\"\\\"\"\"\"}, \n {\"\"id\"\":2}]\"\n",
                "[{\"id\":1,\"a\":\"\\\"\"}, \n {\"id\":2}]\n\n",
            ),
            (
                "   json_agg   \n--------------\n [{\"id\":1},  +\n  {\"id\":2}]\n(1 row)\n\n",
                "[{\"id\":1},\n{\"id\":2}]\n",
            ),
            ("row_to_json\n{\"id\":1}\n{\"id\":2}\n(2 rows)\n\nTime: 0.3 ms\n", "{\"id\":1}\n{\"id\":2}\n"),
        ] {
            assert!(is_one(text.as_bytes()), "{text}");
            let mut out = Vec::new();
            assert_eq!(to_json(text.as_bytes(), &mut out).expect("memory"), None);
            assert_eq!(String::from_utf8(out).expect("UTF-8"), json);
        }
        for (text, said) in [
            ("row_to_json\n{\"id\":1}\n(1 row)\nrow_to_json\n{\"id\":2}\n(1 row)\n", "more follows"),
            ("row_to_json\n{\"id\":1}\n(3 rows)\n", "has 3 rows, and 1 is here"),
            (" row_to_json\n-----\n {\"id\":1}\n {\"id\":2}\n(1 row)\n", "has 1 row, and 2 are here"),
            (" row_to_json\n-----\n {\"id\":1}\n", "without its last line"),
            ("row_to_json\n\"{\"\"id\"\":1}\"\n\"{\"\"id\"\":2", "within a cell"),
        ] {
            let doubt = to_json(text.as_bytes(), &mut Vec::new()).expect("memory").expect("a doubt");
            assert!(doubt.text().contains(said), "{text}: {}", doubt.text());
        }
        for text in ["id,json\n1,\"{\"\"a\"\":1}\"\n", "json_agg\nid\n", "json\n", "[{\"id\":1}]\n"] {
            assert!(!is_one(text.as_bytes()), "{text}");
        }
    }
}
