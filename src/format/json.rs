//! Finds the arrays of objects in a JSON text and cuts their elements out, without parsing them.
//!
//! What is read as a table: a top-level array (its name is empty); an array that is a member of the top-level object or
//! of objects within it (its name is the member's: `users`); phpMyAdmin's array of `{"type":"table","name":…,"data":[…]}`
//! (its name is the table's); arrays within the elements of Ghost's `db`, and of an array of pages or realms.

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memchr2;

use super::frame::{Cut, Damage, Doubt, Framer, Layout, Shape, SpanKind, TableHead, Wanted};

/// Objects within objects are searched for arrays so deep and no deeper.
const MAX_DEPTH: usize = 8;

/// More arrays than this are no tables.
const MAX_TABLES: usize = 4096;

/// Lists by which the elements of an array are known to be pages, not users, if they have no address themselves.
const PAGES: [&[u8]; 3] = [b"users", b"Users", b"data"];

/// Lists that make pages of their elements (an answer of Cloudflare's D1 …) if those have no id either, and people are in them.
const RESULTS: [&[u8]; 8] =
    [b"results", b"result", b"rows", b"items", b"records", b"documents", b"members", b"customers"];

/// How much of an object tells whose it is, in bytes.
const FIRST_MEMBERS: usize = 600;

/// Cuts a JSON text.
pub(crate) struct JsonFramer {
    wanted: Wanted,
    stack: Vec<Level>,
    /// Objects one after the other, without an array around them (`mongoexport --pretty`, `jq`).
    sequence: bool,
    skip: Option<Skip>,
    /// The next element is too large to be held.
    too_large: bool,
    shapes: HashMap<String, Arc<Shape>>,
    order: Vec<String>,
    /// A member by which somebody stands in an object that is no list of users.
    keyed: Option<String>,
}

#[derive(Debug)]
enum Level {
    /// An object that is no record; `name` is what its member of that name says.
    Object { name: Option<String> },
    /// An array whose elements are records.
    Records(Arc<Shape>),
    /// An array whose elements hold arrays of records.
    Wrappers,
}

impl JsonFramer {
    pub fn new(sequence: bool, wanted: Wanted) -> Self {
        let mut framer = Self {
            wanted,
            stack: Vec::new(),
            sequence,
            skip: None,
            too_large: false,
            shapes: HashMap::new(),
            order: Vec::new(),
            keyed: None,
        };
        if sequence {
            let shape = framer.shape("");
            framer.stack.push(Level::Records(shape));
        }
        framer
    }

    fn shape(&mut self, table: &str) -> Arc<Shape> {
        if let Some(shape) = self.shapes.get(table) {
            return Arc::clone(shape);
        }
        let shape = Arc::new(Shape { table: table.into(), layout: Layout::Json { copied: false } });
        self.shapes.insert(table.to_owned(), Arc::clone(&shape));
        self.order.push(table.to_owned());
        shape
    }

    /// Takes the value that begins at `at`, which may be entered, cut out or passed over. `None`: more data is needed.
    fn value(&mut self, data: &[u8], at: usize, eof: bool, key: Option<&[u8]>, cut: &mut Cut) -> Option<usize> {
        match data[at] {
            b'{' => match self.stack.last() {
                Some(Level::Records(shape)) => {
                    let shape = Arc::clone(shape);
                    let end = element_end(data, at)?;
                    cut.push(at, end, &shape, SpanKind::Record);
                    if !self.wanted.took(&shape.table) {
                        // A table that alone is larger than a sample, and the one people mean: what follows can wait.
                        if self.wanted.sampling()
                            && (shape.table.eq_ignore_ascii_case("users") || self.stack.len() == 1)
                        {
                            cut.enough = data.len() - end > super::frame::BATCH_BYTES / 2;
                        }
                        if !self.sequence {
                            self.stack.pop();
                            self.skip = Some(Skip::within(1));
                        }
                    }
                    Some(end)
                }
                _ if self.stack.len() < MAX_DEPTH => {
                    if let (Some(key), 2.., None) = (key, self.stack.len(), &self.keyed) {
                        let object = &data[at..];
                        if !eof && object.len() < FIRST_MEMBERS && !object.contains(&b'}') {
                            return None;
                        }
                        if is_somebody(object) {
                            self.keyed = Some(String::from_utf8_lossy(key).chars().take(40).collect());
                        }
                    }
                    self.stack.push(Level::Object { name: None });
                    Some(at + 1)
                }
                _ => Some(self.pass(at)),
            },
            b'[' => {
                if matches!(self.stack.last(), Some(Level::Records(_))) {
                    return element_end(data, at).map(|end| self.odd(at, end, cut));
                }
                let inner = at + 1 + blank(&data[at + 1..]);
                match data.get(inner) {
                    Some(b'{') => self.array(data, at, inner, eof, key),
                    Some(b']') => {
                        let name = self.table_name(key);
                        self.shape(&name);
                        Some(inner + 1)
                    }
                    Some(_) => Some(self.pass(at)),
                    None if eof => Some(data.len()),
                    None => None,
                }
            }
            b'"' => {
                let in_records = matches!(self.stack.last(), Some(Level::Records(_)));
                let Some(end) = string_end(data, at) else {
                    // A member's value may be of any size; an element is a record.
                    return (!in_records).then(|| self.pass(at));
                };
                if key == Some(b"name")
                    && let Some(Level::Object { name }) = self.stack.last_mut()
                {
                    *name = serde_json::from_slice(&data[at..end]).ok();
                }
                if matches!(self.stack.last(), Some(Level::Records(_))) {
                    Some(self.odd(at, end, cut))
                } else {
                    Some(end)
                }
            }
            _ => {
                let length =
                    data[at..].iter().position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t'));
                let end = match length {
                    Some(0) => at + 1,
                    Some(length) => at + length,
                    None if eof => data.len(),
                    None => return None,
                };
                if matches!(self.stack.last(), Some(Level::Records(_))) {
                    Some(self.odd(at, end, cut))
                } else {
                    Some(end)
                }
            }
        }
    }

    /// An element that is no object: decoding will say so.
    fn odd(&mut self, at: usize, end: usize, cut: &mut Cut) -> usize {
        if let Some(Level::Records(shape)) = self.stack.last() {
            cut.push(at, end, shape, SpanKind::Record);
        }
        end
    }

    fn array(&mut self, data: &[u8], at: usize, inner: usize, eof: bool, key: Option<&[u8]>) -> Option<usize> {
        let wrappers = match key {
            Some(b"db") => true,
            _ if self.stack.is_empty() && key.is_none() || key == Some(b"result") => match element_end(data, inner) {
                Some(end) => wraps(&data[inner..end]),
                // An element larger than what is there: only wrappers are.
                None if data.len() - inner >= super::frame::BATCH_BYTES / 2 => wraps(&data[inner..]),
                None if eof => wraps(&data[inner..]),
                None => return None,
            },
            _ => false,
        };
        if wrappers {
            self.stack.push(Level::Wrappers);
            return Some(inner);
        }
        let name = self.table_name(key);
        if self.shapes.len() >= MAX_TABLES && !self.shapes.contains_key(&name) {
            return Some(self.pass(at));
        }
        let shape = self.shape(&name);
        if self.wanted.left(&name) == 0 {
            return Some(self.pass(at));
        }
        self.stack.push(Level::Records(shape));
        Some(inner)
    }

    fn table_name(&self, key: Option<&[u8]>) -> String {
        match (key, self.stack.last()) {
            (Some(b"data"), Some(Level::Object { name: Some(name) })) => name.clone(),
            (Some(key), _) => String::from_utf8_lossy(key).into_owned(),
            (None, _) => String::new(),
        }
    }

    fn pass(&mut self, at: usize) -> usize {
        self.skip = Some(Skip::within(0));
        at
    }

    fn unfinished(&self, at: usize) -> Damage {
        let what = match self.stack.last() {
            _ if self.skip.is_some() => "the file ends in the middle of a value".to_owned(),
            Some(Level::Records(shape)) if shape.table.is_empty() => "the file ends before its list does".to_owned(),
            Some(Level::Records(shape)) => format!("the file ends before the list `{}` does", shape.table),
            _ => "the file ends before its brackets do".to_owned(),
        };
        Damage { at, what }
    }
}

/// Whether an element of a top-level array holds lists of records and is none itself.
fn wraps(element: &[u8]) -> bool {
    let start = &element[..element.len().min(400)];
    let has = |needle: &[u8]| memchr::memmem::find(start, needle).is_some();
    (has(b"\"type\":\"header\"") || has(b"\"type\": \"header\""))
        || has(b"\"realm\"") && !has(b"\"username\"") && !has(b"\"email\":")
        || holds_pages(element)
}

/// Whether an element's own members are lists of people, and not what is said of one.
fn holds_pages(element: &[u8]) -> bool {
    let (mut page, mut results, mut is_one) = (false, false, false);
    for (name, value) in own_members(element) {
        let list = value.strip_prefix(b"[").map(|inner| &inner[blank(inner)..]);
        let is_list = list.is_some_and(|inner| matches!(inner.first(), Some(b'{' | b']')));
        if is_list && PAGES.contains(&name) {
            page = true;
        } else if is_list && RESULTS.contains(&name) {
            results |= list.is_some_and(|inner| has_address(&inner[..inner.len().min(FIRST_MEMBERS)]));
        } else if name.to_ascii_lowercase().windows(4).any(|part| part == b"mail") {
            return false;
        }
        is_one |= is_of_one(name);
    }
    page || results && !is_one
}

/// Whether a member is somebody's own: a key, a name, a number to call, a secret.
fn is_of_one(name: &[u8]) -> bool {
    // What numbers a request or a page is an envelope's.
    const OF_ENVELOPES: [&str; 6] = ["request", "page", "scroll", "trace", "cursor", "query"];
    const OF_SOMEBODY: [&str; 7] = ["phone", "mobile", "pass", "hash", "pwd", "username", "login"];
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    !has(&OF_ENVELOPES)
        && (has(&OF_SOMEBODY) || name == "name" || ["id", "_no", "number"].iter().any(|end| name.ends_with(end)))
}

/// The members of an object, as far as its text is there: each name, and the text from its value on.
fn own_members(object: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut members = Vec::new();
    let mut at = 1;
    loop {
        at += object
            .get(at..)
            .map_or(0, |rest| rest.iter().take_while(|b| **b == b',' || b.is_ascii_whitespace()).count());
        let Some(b'"') = object.get(at) else { return members };
        let Some(name_end) = string_end(object, at) else { return members };
        let between = object[name_end..].iter().take_while(|b| **b == b':' || b.is_ascii_whitespace()).count();
        let value = name_end + between;
        members.push((&object[at + 1..name_end - 1], &object[value..]));
        let (passed, done) = Skip::within(0).advance(&object[value..]);
        if !done {
            return members;
        }
        at = value + passed;
    }
}

/// Whether an object's first members are an address and a password, of whatever kind.
fn is_somebody(object: &[u8]) -> bool {
    let start = object[..object.len().min(FIRST_MEMBERS)].to_ascii_lowercase();
    let start = &start[..start.iter().position(|b| *b == b'}').unwrap_or(start.len())];
    let has = |needle: &[u8]| memchr::memmem::find(start, needle).is_some();
    has_address(start) && (has(b"pass") || has(b"hash\"") || has(b"pwd"))
}

/// Whether a member seems to be an address.
fn has_address(members: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(members, needle).is_some();
    (has(b"mail\"") || has(b"Mail\"") || has(b"MAIL\"")) && has(b"@")
}

impl Framer for JsonFramer {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        let mut at = 0;
        if std::mem::take(&mut self.too_large)
            && let Some(Level::Records(shape)) = self.stack.last()
        {
            cut.push(0, data.len().min(1024), shape, SpanKind::TooLarge);
        }
        loop {
            if let Some(skip) = &mut self.skip {
                let (passed, done) = skip.advance(&data[at..]);
                at += passed;
                if !done {
                    break;
                }
                self.skip = None;
            }
            at += blank(&data[at..]);
            let Some(&byte) = data.get(at) else { break };
            let in_object = matches!(self.stack.last(), Some(Level::Object { .. }));
            match byte {
                b',' | b':' => at += 1,
                b']' | b'}' if !self.sequence || self.stack.len() > 1 => {
                    if self.stack.pop().is_none() {
                        cut.damage = Some(Damage { at, what: format!("`{}` closes nothing", char::from(byte)) });
                        return data.len();
                    }
                    at += 1;
                }
                b'"' if in_object => {
                    let key = at + 1;
                    let Some(key_end) = string_end(data, at) else { break };
                    let mut value = key_end + blank(&data[key_end..]);
                    if data.get(value) == Some(&b':') {
                        value += 1 + blank(&data[value + 1..]);
                    }
                    if value >= data.len() {
                        break;
                    }
                    match self.value(data, value, eof, Some(&data[key..key_end - 1]), cut) {
                        Some(next) => at = next,
                        None => break,
                    }
                }
                _ if self.stack.is_empty() && !matches!(byte, b'{' | b'[') => {
                    cut.damage =
                        Some(Damage { at, what: "there is text where an object or a list should begin".into() });
                    return data.len();
                }
                _ => match self.value(data, at, eof, None, cut) {
                    Some(next) => at = next,
                    None => break,
                },
            }
            if cut.enough {
                return at;
            }
        }
        let open = if self.sequence { self.stack.len() > 1 } else { !self.stack.is_empty() };
        if eof && (open || self.skip.is_some() || at < data.len()) {
            cut.damage = Some(self.unfinished(at));
            return data.len();
        }
        at
    }

    fn pass_over(&mut self) {
        self.too_large = true;
        self.skip = Some(Skip::within(0));
    }

    fn doubts(&self) -> Vec<Doubt> {
        let told = |key: &String| {
            Doubt::Unread(format!(
                "users may be missing: some stand under their ids in an object (`{key}`), and are not read; \
                 `jq '[.users | to_entries[] | {{id: .key}} + .value]'` makes a list of them, with their path for `.users`"
            ))
        };
        self.keyed.iter().map(told).collect()
    }

    fn tables(&self) -> Vec<TableHead> {
        self.order.iter().map(|table| TableHead::new(table, Vec::new())).collect()
    }
}

/// How many bytes of white space come first.
fn blank(data: &[u8]) -> usize {
    data.iter().position(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')).unwrap_or(data.len())
}

/// Where the string that begins at `at` ends, after its quote.
fn string_end(data: &[u8], at: usize) -> Option<usize> {
    let mut pos = at + 1;
    loop {
        pos += memchr2(b'"', b'\\', data.get(pos..)?)?;
        if data[pos] == b'"' {
            return Some(pos + 1);
        }
        pos += 2;
    }
}

/// Where the object or list that begins at `at` ends. Brackets are counted, not matched: decoding sees to that.
pub(crate) fn element_end(data: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut pos = at;
    loop {
        match data.get(pos)? {
            b'"' => {
                pos = string_end(data, pos)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(pos + 1);
                }
            }
            _ => {}
        }
        pos += 1;
    }
}

/// Passes over a value of any size, in pieces.
#[derive(Debug)]
struct Skip {
    depth: usize,
    started: bool,
    in_string: bool,
    escaped: bool,
}

impl Skip {
    /// `depth` brackets are open already; 0: the value is still to begin.
    fn within(depth: usize) -> Self {
        Self { depth, started: depth > 0, in_string: false, escaped: false }
    }

    /// How many bytes belong to the value, and whether it ends with them.
    fn advance(&mut self, data: &[u8]) -> (usize, bool) {
        let mut pos = 0;
        while let Some(&byte) = data.get(pos) {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    pos += 1;
                    continue;
                }
                let Some(found) = memchr2(b'"', b'\\', &data[pos..]) else { return (data.len(), false) };
                pos += found + 1;
                if data[pos - 1] == b'\\' {
                    self.escaped = true;
                } else {
                    self.in_string = false;
                    if self.depth == 0 {
                        return (pos, true);
                    }
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (pos + 1, true);
                    }
                }
                b',' if self.depth == 0 && self.started => return (pos, true),
                _ => {}
            }
            self.started = true;
            pos += 1;
        }
        (pos, false)
    }
}
