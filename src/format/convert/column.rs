//! One column of JSON under its name, as `psql` writes the answer of `SELECT json_agg(…)` or `row_to_json(…)`: as CSV, drawn for
//! people, or without alignment. What is left is the JSON.

use std::io::{BufRead, BufReader, Read, Write};

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

/// Leaves the JSON.
///
/// # Errors
/// What reading and writing say.
pub(super) fn to_json(source: impl Read, out: &mut impl Write) -> std::io::Result<()> {
    let mut source = BufReader::with_capacity(256 * 1024, source);
    let mut line = Vec::new();
    source.read_until(b'\n', &mut line)?;
    if source.fill_buf()?.starts_with(b"\"") {
        return unquoted(source, out);
    }
    let mut drawn = false;
    loop {
        line.clear();
        if source.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let mut text = line.trim_ascii();
        if is_ruled(text) {
            drawn = true;
            continue;
        }
        let is_count =
            text.strip_prefix(b"(").is_some_and(|text| text.ends_with(b" rows)") || text.ends_with(b" row)"));
        if is_count {
            return Ok(());
        }
        // A cell of several lines.
        if drawn && let Some(cell) = text.strip_suffix(b"+") {
            text = cell.trim_ascii_end();
        }
        out.write_all(text)?;
        out.write_all(b"\n")?;
    }
}

/// The cells of CSV without their quotes, each on lines of its own.
fn unquoted(mut source: impl BufRead, out: &mut impl Write) -> std::io::Result<()> {
    // Whether a cell is open, and whether the last byte was a quote within it.
    let (mut within, mut quote) = (false, false);
    loop {
        let part = source.fill_buf()?;
        if part.is_empty() {
            return out.write_all(b"\n");
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
            ("row_to_json\n{\"id\":1}\n{\"id\":2}\n(2 rows)\n", "{\"id\":1}\n{\"id\":2}\n"),
        ] {
            assert!(is_one(text.as_bytes()), "{text}");
            let mut out = Vec::new();
            assert!(to_json(text.as_bytes(), &mut out).is_ok());
            assert_eq!(String::from_utf8(out).expect("UTF-8"), json);
        }
        for text in ["id,json\n1,\"{\"\"a\"\":1}\"\n", "json_agg\nid\n", "json\n", "[{\"id\":1}]\n"] {
            assert!(!is_one(text.as_bytes()), "{text}");
        }
    }
}
