//! Which format a file is in, by its first bytes.

use std::collections::HashMap;

use super::csv;
use super::escaped::{self, is_row_count};
use super::foreign;
use super::json;
use super::layout::{Escapes, Flavour, NullWord};
use super::sql;

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
        cells: Escapes,
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
        /// The lines are `COPY` text, in which every backslash is doubled.
        copied: bool,
    },
    Sql {
        flavour: Flavour,
        /// The rows have proved the flavour, whatever statements say.
        proven: bool,
        /// Nothing tells whether backslashes escape.
        unsure: bool,
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
    if foreign::is_binary(head) {
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
        let sql::Preamble { flavour, proven, unsure } = sql::preamble(head);
        return Ok(Kind::Sql { flavour, proven, unsure, named: HashMap::new() });
    }
    if let Some(said) = foreign::unread_text(text) {
        return Err(said);
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

/// The fields a line of shadow (9), Dovecot's passwd-file (8), passwd (7), DokuWiki's users.auth.php (5) or htpasswd (2), if all
/// lines have as many and begin with a name.
fn colon_width(text: &[u8]) -> Option<usize> {
    let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty() && l[0] != b'#').take(20);
    let mut widths = lines.map(|line| {
        // Verdaccio's htpasswd says when it made a user, with more colons.
        let line = &line[..memchr::memmem::find(line, b":autocreated ").unwrap_or(line.len())];
        let mut fields = line.split(|&b| b == b':');
        let name = fields.next().unwrap_or_default();
        let plain = !name.is_empty() && !name.iter().any(|b| b",;\t\"|{ ".contains(b));
        let hashed = fields.next().is_some_and(|hash| hash.starts_with(b"$") || hash.starts_with(b"{"));
        let escaped = memchr::memmem::find_iter(line, b"\\:").count();
        (plain && name.len() < line.len()).then(|| (fields.count() + 2 - escaped, hashed))
    });
    let (first, hashed) = widths.next()??;
    let mut widths = widths.map(|width| width.map(|(width, _)| width));
    // A cut line at the end of the sample, and colons in plain-text passwords, are no reason to doubt.
    match first {
        // Extra fields have colons, too.
        8 if hashed => widths.all(|width| width.is_none_or(|width| width >= 8)).then_some(8),
        5 if hashed => widths.all(|width| width == Some(first) || width.is_none()).then_some(first),
        7 | 9 => widths.all(|width| width == Some(first) || width.is_none()).then_some(first),
        2 => widths.all(|width| width.is_some_and(|w| w >= 2)).then_some(2),
        _ => None,
    }
}

/// Whether a line begins as only statements and dumps' comments do.
pub(crate) fn is_dump(text: &[u8]) -> bool {
    const STARTS: [&[u8]; 21] = [
        b"/*",
        b"#",
        b"-- ",
        b"--\n",
        // Oracle's SQL Developer.
        b"REM INSERTING into ",
        b"\\restrict ",
        b"\\connect ",
        b"INSERT ",
        b"COPY ",
        b"CREATE ",
        b"DROP ",
        b"ALTER ",
        b"DELETE ",
        b"TRUNCATE ",
        b"SET ",
        b"LOCK ",
        b"USE ",
        b"BEGIN",
        b"START ",
        b"REPLACE ",
        b"PRAGMA ",
    ];
    let text = &text[..text.len().min(64 * 1024)];
    // What SQLite's shell begins with, also where nothing follows.
    starts(text, b"PRAGMA foreign_keys")
        || STARTS.iter().any(|start| starts(text, start)) && {
            let has = |word: &[u8]| text.split(|&b| b == b'\n').any(|line| starts(line.trim_ascii_start(), word));
            has(b"INSERT ") || has(b"COPY ") || has(b"CREATE ") || has(b"/*!") || has(b"-- ") || has(b"REPLACE ")
        }
}

fn starts(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// An object comes first: it holds the list of users, or it is the first of many.
fn object(text: &[u8], prelude: usize) -> Kind {
    if is_copied(text) {
        return Kind::Ndjson { prelude, copied: true };
    }
    let Some(end) = json::element_end(text, 0) else { return Kind::Json { sequence: false, prelude } };
    let (first, rest) = text.split_at(end);
    let one_line = !first.contains(&b'\n');
    let alone = rest.trim_ascii_start().is_empty();
    if holds_users(first) || alone && !is_somebody(first) {
        Kind::Json { sequence: false, prelude }
    } else if one_line && (alone || rest.trim_ascii_start()[0] == b'{') {
        Kind::Ndjson { prelude, copied: false }
    } else {
        Kind::Json { sequence: true, prelude }
    }
}

/// Whether it is a line with an object that holds no users.
pub(super) fn is_one_line(text: &[u8]) -> bool {
    let line = text.trim_ascii();
    line.starts_with(b"{") && !line.contains(&b'\n') && !holds_users(line)
}

/// Whether lines of JSON went through `COPY` or `mysql -B`, which double every backslash: a line says so that is no JSON as
/// it stands, and is with its escapes undone.
fn is_copied(text: &[u8]) -> bool {
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let lines = text.split(|&b| b == b'\n').take(2000).filter_map(|line| std::str::from_utf8(line).ok());
    let mut doubtful = lines.filter(|line| line.contains("\\\\\"") && line.trim_end().ends_with('}')).take(100);
    let told = |line: &str| {
        let undone = || is_json(&escaped::unescape(line, Some(b'\\'), false)).then_some(true);
        if is_json(line) { Some(false) } else { undone() }
    };
    doubtful.find_map(told).unwrap_or(false)
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
    if let Some(cells) = escapes(body, delimiter, whole).filter(|_| declared.is_none()) {
        return with_escapes(body, prelude, whole, cells);
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

/// How the cells are written, if not as RFC 4180 has it.
fn escapes(body: &[u8], delimiter: u8, whole: bool) -> Option<Escapes> {
    let has = |needle: &[u8]| memchr::memmem::find(body, needle).is_some();
    let bare = |word: &[u8]| {
        let ends = [&[delimiter][..], b"\n", b"\r\n"];
        has(word)
            && ends.iter().any(|end| {
                has(&[&[delimiter], word, *end].concat()) || has(&[b"\n", word, *end].concat()) && *end == [delimiter]
            })
    };
    let quoted = has_quoted_cells(body, delimiter);
    let null = if bare(b"\\N") { NullWord::BackslashN } else { NullWord::Word };
    let with = |escape| Escapes { delimiter, escape, quoted, null, hex: false };
    if !quoted {
        if delimiter != b'\t' {
            return bare(b"\\N").then(|| with(Some(b'\\')));
        }
        let counted = whole && body.trim_ascii_end().rsplit(|&b| b == b'\n').next().is_some_and(is_row_count);
        let escape = if counted || !all_known(body, delimiter) { None } else { Some(b'\\') };
        return Some(Escapes { hex: in_hex(body, with(escape), whole), ..with(escape) });
    }
    // A line feed after the quote that escapes it tears rows for everybody else.
    let torn = || {
        let rows = sample_rows(body, delimiter, whole);
        rows.iter().any(|(cells, _)| cells.len() != rows[0].0.len())
    };
    if (bare(b"\"N") || torn()) && all_fit(body, with(Some(b'"')), whole) {
        return Some(with(Some(b'"')));
    }
    let escaped = has(b"\\\"") && !doubled_within(body, delimiter) || bare(b"\\N");
    (escaped && has(b"\\") && all_fit(body, with(Some(b'\\')), whole)).then(|| with(Some(b'\\')))
}

/// How the cells of rows without a header are written, of which each has so many: as `COPY` text, or in another way of
/// `--fields-terminated-by` and `--fields-enclosed-by`.
pub(crate) fn cells_of_rows(head: &[u8], width: usize, whole: bool) -> Escapes {
    let fits = |cells: &Escapes| {
        let rows = escaped_rows(head, *cells, whole, 50);
        !rows.is_empty() && rows.iter().all(|(cells, _)| cells.len() == width || *cells == ["\\."])
    };
    let ways = [b'\t', b',', b';', b'|']
        .map(|delimiter| [false, true].map(|quoted| Escapes { delimiter, quoted, ..Escapes::COPY }));
    ways.into_iter().flatten().find(fits).unwrap_or(Escapes::COPY)
}

/// Whether every backslash begins an escape that `COPY` or MySQL writes: psql's own output has them as they are.
fn all_known(body: &[u8], delimiter: u8) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &body[at..]) {
        let next = body.get(at + found + 1);
        if next.is_some_and(|&b| b != delimiter && !b"\\nrtbfv0ZN\n'".contains(&b)) {
            return false;
        }
        at = (at + found + 2).min(body.len());
    }
    true
}

/// Whether quotes within quotes are doubled.
fn doubled_within(body: &[u8], delimiter: u8) -> bool {
    let ends = |byte: Option<&u8>| byte.is_none_or(|&b| b == delimiter || b == b'\n' || b == b'\r');
    memchr::memmem::find_iter(body, b"\"\"")
        // After a backslash, the first of two is escaped and the second closes the cell.
        .filter(|at| at.checked_sub(1).and_then(|before| body.get(before)) != Some(&b'\\'))
        .any(|at| !(ends(at.checked_sub(1).and_then(|before| body.get(before))) && ends(body.get(at + 2))))
}

/// Whether all rows have as many cells as the first.
fn all_fit(body: &[u8], escapes: Escapes, whole: bool) -> bool {
    let rows = escaped_rows(body, escapes, whole, 1000);
    let width = rows.first().map_or(0, |(cells, _)| cells.len());
    width > 1 && rows.iter().all(|(cells, _)| cells.len() == width)
}

/// Whether a column has nothing but `0x…`, as `mysql --binary-as-hex` writes it.
fn in_hex(body: &[u8], escapes: Escapes, whole: bool) -> bool {
    let rows = escaped_rows(body, escapes, whole, 50);
    let width = rows.first().map_or(0, |(cells, _)| cells.len());
    (0..width).any(|at| {
        let cells = rows.iter().skip(1).filter_map(|(cells, _)| cells.get(at)).filter(|cell| !cell.is_empty());
        let mut cells = cells.filter(|cell| *cell != "NULL" && *cell != "\\N").peekable();
        cells.peek().is_some() && cells.all(|cell| cell.strip_prefix("0x").is_some_and(escaped::is_hex))
    })
}

/// The first rows' cells, and where the row after each begins.
fn escaped_rows(body: &[u8], escapes: Escapes, whole: bool, most: usize) -> Vec<(Vec<String>, usize)> {
    let mut rows = Vec::new();
    let (mut at, mut width) = (0, 0);
    while at < body.len() && rows.len() < most {
        let mut cells = Vec::new();
        let row = escaped::row(body, at, escapes, width, whole, |cell| {
            let written = String::from_utf8_lossy(&body[cell.range]);
            let word = written == "\\N";
            cells.push(if word {
                written.into_owned()
            } else {
                escaped::unescape(&written, escapes.escape, cell.quoted).into_owned()
            });
        });
        let Some((end, next)) = row else { break };
        if end > at && !is_row_count(&body[at..end]) {
            width = if rows.is_empty() { cells.len() } else { width };
            rows.push((cells, next));
        }
        at = next.max(at + 1);
    }
    rows
}

fn with_escapes(body: &[u8], prelude: usize, whole: bool, cells: Escapes) -> Kind {
    let rows = escaped_rows(body, cells, whole, 50);
    match rows.first() {
        Some((first, next)) if is_header(first) => {
            Kind::Tsv { header: Some(first.clone()), width: first.len(), prelude: prelude + next, cells }
        }
        _ => Kind::Tsv { header: None, width: usual_width(&rows), prelude, cells },
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

fn has_quoted_cells(body: &[u8], delimiter: u8) -> bool {
    body.first() == Some(&b'"')
        || memchr::memmem::find(body, &[delimiter, b'"']).is_some()
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
