//! Which format a file is in, by its first bytes.

use std::collections::HashMap;

use super::csv;
use super::frame::NullWord;
use super::json;
use super::sql::lexer::Flavour;

/// A file's format, with what reading it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Csv {
        delimiter: u8,
        /// `None`: there is no header, and nobody said yet what the columns are.
        header: Option<Vec<String>>,
        /// Cells a row.
        width: usize,
        /// Bytes before the first row.
        prelude: usize,
    },
    Tsv {
        header: Option<Vec<String>>,
        width: usize,
        prelude: usize,
        null: NullWord,
    },
    Json {
        /// Objects without a list around them.
        sequence: bool,
        /// Bytes before the first bracket.
        prelude: usize,
    },
    Ndjson {
        /// Bytes before the first object.
        prelude: usize,
    },
    Sql {
        flavour: Flavour,
        /// Columns that a source gave to tables whose columns the dump does not name.
        named: HashMap<String, Vec<String>>,
    },
    Xml,
    Ldif,
    Colon {
        header: Option<Vec<String>>,
        width: usize,
    },
}

/// Tells the format. `whole`: `head` is all there is.
///
/// # Errors
/// Why it is none that is read, for a person.
pub(crate) fn sniff(head: &[u8], whole: bool) -> Result<Kind, String> {
    let prelude = said_before(head);
    let text = head[prelude..].trim_ascii_start();
    if text.is_empty() {
        return Err("there is nothing but white space in it".into());
    }
    if head.get(257..262) == Some(b"ustar") {
        return Err("it is a tar archive: unpack it and pass the dump that is in it".into());
    }
    if memchr::memchr(0, head).is_some() {
        return Err("it is a binary file; export the users as text (SQL, CSV or JSON) and pass that".into());
    }
    match text[0] {
        b'[' => return Ok(Kind::Json { sequence: false, prelude }),
        b'{' => return Ok(object(text, prelude)),
        _ => {}
    }
    if text.starts_with(b"<") {
        return Ok(Kind::Xml);
    }
    if is_ldif(text) {
        return Ok(Kind::Ldif);
    }
    if is_dump(text) {
        return Ok(Kind::Sql { flavour: Flavour { backslash: speaks_mysql(head) }, named: HashMap::new() });
    }
    if let Some(width) = colon_width(text) {
        return Ok(Kind::Colon { header: None, width });
    }
    Ok(delimited(head, prelude, whole))
}

/// How many bytes at the beginning are lines in which PHP or the exporting program complains: `wp user list > users.csv` has
/// them before the data where a site shows its notices.
fn said_before(head: &[u8]) -> usize {
    const COMPLAINTS: [&[u8]; 9] = [
        b"PHP ",
        b"Notice: ",
        b"Warning: ",
        b"Deprecated: ",
        b"Strict Standards: ",
        b"<br />",
        b"<b>",
        b"Stack trace:",
        b"mysqldump: ",
    ];
    let (mut at, mut end) = (0, 0);
    while at < head.len() {
        let next = line_end(head, at);
        let line = head[at..next].trim_ascii();
        at = next;
        if COMPLAINTS.iter().any(|complaint| line.starts_with(complaint)) {
            end = at;
        } else if !line.is_empty() {
            break;
        }
    }
    // A theme's byte-order mark stands before the data, not before the complaints.
    if end > 0 && head[end..].starts_with(b"\xef\xbb\xbf") { end + 3 } else { end }
}

/// Whether the first line that says something is a version or a distinguished name.
fn is_ldif(text: &[u8]) -> bool {
    let first =
        text.split(|&b| b == b'\n').find(|line| !line.trim_ascii().is_empty() && line[0] != b'#' && line[0] != b' ');
    first.is_some_and(|line| starts(line, b"dn:") || starts(line, b"version: "))
}

/// The fields a line of shadow (9), passwd (7) or htpasswd (2), if all lines have as many and begin with a name.
fn colon_width(text: &[u8]) -> Option<usize> {
    let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty() && l[0] != b'#').take(20);
    let mut widths = lines.map(|line| {
        let mut fields = line.split(|&b| b == b':');
        let name = fields.next().unwrap_or_default();
        let plain = !name.is_empty() && !name.iter().any(|b| b",;\t\"|{ ".contains(b));
        (plain && name.len() < line.len()).then(|| fields.count() + 1)
    });
    let first = widths.next()??;
    // A cut line at the end of the sample, and colons in plain-text passwords, are no reason to doubt.
    match first {
        7 | 9 => widths.all(|width| width == Some(first) || width.is_none()).then_some(first),
        2 => widths.all(|width| width.is_some_and(|w| w >= 2)).then_some(2),
        _ => None,
    }
}

/// Whether a line begins as only statements and dumps' comments do.
fn is_dump(text: &[u8]) -> bool {
    const STARTS: [&[u8]; 15] = [
        b"/*!",
        b"/*M!",
        b"-- ",
        b"--\n",
        b"INSERT ",
        b"COPY ",
        b"CREATE ",
        b"DROP ",
        b"SET ",
        b"LOCK ",
        b"USE ",
        b"BEGIN",
        b"START ",
        b"REPLACE ",
        b"PRAGMA ",
    ];
    let text = &text[..text.len().min(64 * 1024)];
    STARTS.iter().any(|start| starts(text, start)) && {
        let has = |word: &[u8]| text.split(|&b| b == b'\n').any(|line| starts(line.trim_ascii_start(), word));
        has(b"INSERT ") || has(b"COPY ") || has(b"CREATE ") || has(b"/*!") || has(b"-- ") || has(b"REPLACE ")
    }
}

fn starts(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Whether backslashes escape within strings: MySQL and MariaDB, unless told otherwise.
fn speaks_mysql(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let mysql =
        has(b"MySQL") || has(b"MariaDB") || has(b"phpMyAdmin") || has(b"/*!") || has(b"INTO `") || has(b"TABLE `");
    mysql && !has(b"NO_BACKSLASH_ESCAPES") && !has(b"PostgreSQL database dump") && !has(b"PRAGMA ")
}

/// An object comes first: it holds the list of users, or it is the first of many.
fn object(text: &[u8], prelude: usize) -> Kind {
    let Some(end) = json::element_end(text, 0) else { return Kind::Json { sequence: false, prelude } };
    let (first, rest) = text.split_at(end);
    let one_line = !first.contains(&b'\n');
    let alone = rest.trim_ascii_start().is_empty();
    if holds_users(first) || alone && !is_somebody(first) {
        Kind::Json { sequence: false, prelude }
    } else if one_line && (alone || rest.trim_ascii_start()[0] == b'{') {
        Kind::Ndjson { prelude }
    } else {
        Kind::Json { sequence: true, prelude }
    }
}

fn top_level_members(object: &[u8]) -> Vec<(String, bool)> {
    let Ok(text) = std::str::from_utf8(object) else { return Vec::new() };
    let Ok(members) = super::value::members(text) else { return Vec::new() };
    members.into_iter().map(|(name, value)| (name.into_owned(), matches!(value, super::Value::List(_)))).collect()
}

/// Whether an object has one of the lists that hold users.
fn holds_users(object: &[u8]) -> bool {
    const LISTS: [&str; 7] = ["users", "Users", "db", "data", "records", "results", "realm"];
    top_level_members(object).iter().any(|(name, list)| LISTS.contains(&name.as_str()) && (*list || name == "realm"))
}

/// Whether an object could be one user by itself.
fn is_somebody(object: &[u8]) -> bool {
    const SIGNS: [&str; 13] = [
        "_id", "id", "$id", "email", "localId", "user_id", "userId", "username", "uid", "login", "emails", "model",
        "objectId",
    ];
    top_level_members(object).iter().any(|(name, _)| SIGNS.contains(&name.as_str()))
}

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

fn delimited(head: &[u8], said_before: usize, whole: bool) -> Kind {
    let mut prelude = head.len() - head[said_before..].trim_ascii_start().len();
    let mut declared = None;
    // Excel's own first line.
    if head[prelude..].len() > 5 && head[prelude..prelude + 4].eq_ignore_ascii_case(b"sep=") {
        // What is no delimiter by any reading leaves it to be guessed.
        let is_one = |byte: &u8| byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n');
        declared = head.get(prelude + 4).copied().filter(is_one);
        prelude = line_end(head, prelude);
    }
    // Clerk's sample begins with a comment.
    while head.get(prelude) == Some(&b'#') && prelude < head.len() {
        prelude = line_end(head, prelude);
    }
    let body = &head[prelude..];
    let delimiter = declared.unwrap_or_else(|| best_delimiter(body, whole));
    if delimiter == b'\t' && declared.is_none() && !has_quoted_cells(body) {
        return tsv(body, prelude, whole);
    }
    let rows = sample_rows(body, delimiter, whole);
    let Some((first, next)) = rows.first() else {
        return Kind::Csv { delimiter, header: None, width: 0, prelude };
    };
    if is_header(first) {
        let mut header = first.clone();
        // Every row ends with a delimiter, the header too.
        if header.len() > 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let width = header.len();
        return Kind::Csv { delimiter, header: Some(header), width, prelude: prelude + next };
    }
    Kind::Csv { delimiter, header: None, width: usual_width(&rows), prelude }
}

fn tsv(body: &[u8], prelude: usize, whole: bool) -> Kind {
    let rows = sample_rows(body, b'\t', whole);
    let null = if memchr::memmem::find(body, b"\\N").is_some() { NullWord::BackslashN } else { NullWord::Word };
    match rows.first() {
        Some((first, next)) if is_header(first) => {
            Kind::Tsv { header: Some(first.clone()), width: first.len(), prelude: prelude + next, null }
        }
        _ => Kind::Tsv { header: None, width: usual_width(&rows), prelude, null },
    }
}

fn line_end(data: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &data[at..]).map_or(data.len(), |n| at + n + 1)
}

/// The first rows' cells, and where the row after each begins.
fn sample_rows(body: &[u8], delimiter: u8, whole: bool) -> Vec<(Vec<String>, usize)> {
    let mut rows = Vec::new();
    let mut cells = Vec::new();
    let mut at = 0;
    while at < body.len() && rows.len() < 50 {
        cells.clear();
        // At the end of a sample that is not the whole file, the last row is likely to be cut.
        let Some(row) = csv::row(body, at, delimiter, whole, &mut cells) else { break };
        if row.end > row.start {
            let texts = cells
                .iter()
                .map(|c| csv::unquote(&String::from_utf8_lossy(&body[c.within(0)]), c.quoting).into_owned());
            rows.push((texts.collect(), row.next));
        }
        at = row.next.max(at + 1);
    }
    rows
}

fn usual_width(rows: &[(Vec<String>, usize)]) -> usize {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for (cells, _) in rows {
        *counts.entry(cells.len()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map_or(0, |(width, _)| width)
}

/// The delimiter under which most rows have equally many cells; of equals, the one with more cells.
fn best_delimiter(body: &[u8], whole: bool) -> u8 {
    let score = |delimiter: u8| {
        let rows = sample_rows(body, delimiter, whole);
        let width = usual_width(&rows);
        let alike = rows.iter().filter(|(cells, _)| cells.len() == width).count();
        if width < 2 { (0, 0) } else { (alike * 20 / rows.len().max(1), width) }
    };
    CANDIDATES.into_iter().max_by_key(|&d| (score(d), d == b',')).unwrap_or(b',')
}

fn has_quoted_cells(body: &[u8]) -> bool {
    body.first() == Some(&b'"')
        || memchr::memmem::find(body, b"\t\"").is_some()
        || memchr::memmem::find(body, b"\n\"").is_some()
}

/// Whether a first row names columns. Data gives itself away: addresses, numbers, hashes, dates, truth values, nothing.
fn is_header(cells: &[String]) -> bool {
    const KNOWN: [&str; 12] = [
        "id",
        "email",
        "username",
        "user_login",
        "user_pass",
        "user_email",
        "password",
        "password_hash",
        "uid",
        "name",
        "encrypted_password",
        "mail",
    ];
    let known = cells.iter().filter(|c| KNOWN.contains(&c.trim().to_ascii_lowercase().as_str())).count();
    let named = cells.iter().filter(|c| !c.trim().is_empty()).count();
    let data = cells.iter().filter(|c| is_data(c)).count();
    named > 0 && data == 0 && (known > 0 || named + 1 >= cells.len())
}

fn is_data(cell: &str) -> bool {
    let cell = cell.trim();
    let bytes = cell.as_bytes();
    cell.contains('@')
        || cell.starts_with('$') && cell.len() > 4 && cell[1..].contains('$')
        || matches!(cell, "true" | "false" | "True" | "False" | "TRUE" | "FALSE" | "t" | "f" | "NULL" | "\\N")
        || !cell.is_empty() && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'.' | b'-' | b':'))
        || bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
        || bytes.len() >= 32 && bytes.iter().all(u8::is_ascii_hexdigit)
        || cell.len() > 128
}
