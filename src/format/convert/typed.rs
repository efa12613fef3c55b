//! JSON whose every value stands under the name of its type, as DynamoDB and Firestore write it: `{"email": {"S": "a@example.com"}}`,
//! `{"fields": {"email": {"stringValue": "a@example.com"}}}`.

use std::borrow::Cow;
use std::io::{BufRead, Read, Result, Write};

use serde_json::value::RawValue;

use super::members::{items, members, write, write_object};

/// A page of an answer is held in memory as a whole.
pub(super) const MAX_BYTES: usize = 64 * 1024 * 1024;

/// DynamoDB has lists in maps in lists 32 deep, Firestore 20: what is deeper is left as it is.
const MAX_DEPTH: usize = 64;

/// DynamoDB's types and Firestore's, and how their values begin.
const TYPES: [(&str, &[u8]); 21] = [
    ("S", b"\""),
    ("N", b"\""),
    ("BOOL", b"tf"),
    ("NULL", b"tf"),
    ("M", b"{"),
    ("L", b"["),
    ("SS", b"["),
    ("NS", b"["),
    ("BS", b"["),
    ("B", b"\""),
    ("stringValue", b"\""),
    ("integerValue", b"\"-0123456789"),
    ("doubleValue", b"\"-0123456789"),
    ("booleanValue", b"tf"),
    ("nullValue", b"n\""),
    ("timestampValue", b"\""),
    ("bytesValue", b"\""),
    ("geoPointValue", b"{"),
    ("mapValue", b"{"),
    ("arrayValue", b"{"),
    ("referenceValue", b"\""),
];

/// What a page calls its list. No attribute is one: its own would stand under the name of a type.
const LISTS: [&str; 2] = ["Items", "documents"];

/// What an answer of one calls it, and what may stand beside that.
const ONE: [&str; 2] = ["Item", "document"];
const BESIDE: [&str; 6] = ["ConsumedCapacity", "readTime", "transaction", "skippedResults", "done", "explainMetrics"];

/// Whether a file begins as one: an object of its first lines holds a value under a type, in full.
pub(super) fn is_one(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&head[..head.len().min(8192)]);
    begins(&head) || head.lines().take(8).any(begins)
}

fn begins(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '\u{feff}').take(2048).collect();
    // What stands around the first object; or nothing, and that is an attribute's name.
    let around =
        ["{\"Item\":", "\"Items\":[", "\"fields\":"].iter().filter_map(|open| Some(text.find(open)? + open.len()));
    text.starts_with(['{', '[']) && around.min().into_iter().chain([0]).any(|at| is_typed(&text[at..]))
}

fn is_typed(object: &str) -> bool {
    let object = object.trim_start_matches('[').strip_prefix("{\"");
    let Some((name, value)) = object.and_then(|rest| rest.split_once("\":{\"")) else { return false };
    let Some((kind, value)) = value.split_once("\":") else { return false };
    // `{"S": "…"}` and no other member beside.
    let is_alone = match value.strip_prefix('"') {
        Some(text) => text.split_once('"').is_none_or(|(_, after)| after.starts_with('}')),
        None => value.starts_with(['{', '[']) || value.split_once('}').is_some_and(|(text, _)| !text.contains(',')),
    };
    !name.contains('"') && TYPES.iter().any(|(name, _)| *name == kind) && is_alone
}

/// Writes the objects as plain JSON, one on a line. Lines that are no JSON are left as they are, to be told of. Returns what each
/// page says beside its list; nothing where a page is too large.
///
/// # Errors
/// What reading and writing say.
pub(super) fn to_json(mut source: impl BufRead, out: &mut impl Write) -> Result<Option<Vec<String>>> {
    let mut plain = Plain { out, pages: Vec::new() };
    let (mut text, mut nesting) = (Vec::new(), Nesting::default());
    loop {
        let start = text.len();
        let read = source.by_ref().take((MAX_BYTES + 1 - start) as u64).read_until(b'\n', &mut text)?;
        if text.len() > MAX_BYTES {
            return Ok(None);
        }
        // Where no object is due, what was begun before is damaged, and this line is another's.
        let is_due = matches!(text[..start].trim_ascii_end().last(), None | Some(b'[' | b',' | b':'));
        if read == 0 || !is_due && text[start..].trim_ascii_start().starts_with(b"{") {
            plain.lines(&text[..start])?;
            text.drain(..start);
            nesting = Nesting::default();
        }
        if read == 0 {
            return Ok(Some(plain.pages));
        }
        let line = text.len() - read;
        if text[line..].starts_with(b"\xef\xbb\xbf") {
            text.drain(line..line + 3);
        }
        nesting.follow(&text[line..]);
        if nesting.is_over() {
            plain.document(&text)?;
            text.clear();
            nesting = Nesting::default();
        }
    }
}

/// How deep in objects and lists a text is at its end.
#[derive(Default)]
struct Nesting {
    depth: i64,
    in_text: bool,
}

impl Nesting {
    fn follow(&mut self, line: &[u8]) {
        let mut bytes = line.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if self.in_text => _ = bytes.next(),
                b'"' => self.in_text = !self.in_text,
                b'{' | b'[' if !self.in_text => self.depth += 1,
                b'}' | b']' if !self.in_text => self.depth -= 1,
                _ => {}
            }
        }
    }

    /// Whether no further line belongs to it: no text goes on beyond a line's end.
    const fn is_over(&self) -> bool {
        self.depth <= 0 || self.in_text
    }
}

/// The values of a text, if nothing else is in it.
fn values(text: &[u8]) -> Option<Vec<&RawValue>> {
    serde_json::Deserializer::from_slice(text).into_iter().collect::<serde_json::Result<_>>().ok()
}

/// What is written of it, and seen on the way.
struct Plain<'o, W> {
    out: &'o mut W,
    pages: Vec<String>,
}

impl<W: Write> Plain<'_, W> {
    fn document(&mut self, text: &[u8]) -> Result<()> {
        match values(text) {
            Some(values) => values.into_iter().try_for_each(|value| self.items(value, 0)),
            None => self.lines(text),
        }
    }

    /// What is damaged, line by line.
    fn lines(&mut self, text: &[u8]) -> Result<()> {
        for line in text.split(|&b| b == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            let whole = values(line).filter(|values| values.iter().all(|value| value.get().starts_with(['{', '['])));
            if let Some(values) = whole {
                values.into_iter().try_for_each(|value| self.items(value, 0))?;
            } else {
                self.out.write_all(line)?;
                self.out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    /// The objects in what stands around them.
    fn items(&mut self, value: &RawValue, depth: usize) -> Result<()> {
        if let Some(items) = items(value).filter(|_| depth < MAX_DEPTH) {
            return items.into_iter().try_for_each(|item| self.items(item, depth + 1));
        }
        let Some(members) = members(value).filter(|_| depth < MAX_DEPTH) else {
            write(value, self.out)?;
            return self.out.write_all(b"\n");
        };
        let is_list =
            |(name, value): &(Cow<'_, str>, &RawValue)| LISTS.contains(&&**name) && value.get().starts_with('[');
        let (lists, beside): (Vec<_>, Vec<_>) = members.into_iter().partition(is_list);
        if !lists.is_empty() {
            self.page(&beside);
            return lists.into_iter().try_for_each(|(_, list)| self.items(list, depth + 1));
        }
        let mut others = beside.iter().filter(|(name, _)| !BESIDE.contains(&&**name));
        if let (Some((name, one)), None) = (others.next(), others.next())
            && ONE.contains(&&**name)
            && one.get().starts_with('{')
            && typed(one).is_none()
        {
            return self.items(one, depth + 1);
        }
        self.record(&beside)
    }

    /// Keeps what a page says beside its list: of texts and numbers what they say, of all else whether there is any.
    fn page(&mut self, beside: &[(Cow<'_, str>, &RawValue)]) {
        let says = |value: &RawValue| match value.get() {
            text if !text.starts_with(['{', '[']) => text.to_owned(),
            text => (text.bytes().filter(|b| !b.is_ascii_whitespace()).count() > 2).to_string(),
        };
        let said: Vec<_> = beside.iter().map(|(name, value)| format!("\"{name}\":{}", says(value))).collect();
        let said = format!("{{{}}}", said.join(","));
        if self.pages.last() != Some(&said) {
            self.pages.push(said);
        }
    }

    fn record(&mut self, members: &[(Cow<'_, str>, &RawValue)]) -> Result<()> {
        let named = |name: &str| members.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
        let path = named("name").and_then(|name| serde_json::from_str::<Cow<'_, str>>(name.get()).ok());
        let document = path.filter(|path| path.contains("/documents/")).zip(named("fields").and_then(self::members));
        let members = members.iter().map(|(name, value)| (&**name, *value));
        match document {
            None => write_object(members, self.out, |value, out| untyped(value, 0, out))?,
            Some((path, fields)) => {
                // A document's id is the end of its path.
                let id = path.rsplit('/').next().map(serde_json::value::to_raw_value).transpose()?;
                let id = id.as_deref().filter(|_| !fields.iter().any(|(name, _)| name == "id"));
                let fields = fields.iter().map(|(name, value)| (&**name, *value));
                write_object(fields.chain(id.map(|id| ("id", id))), self.out, |value, out| untyped(value, 0, out))?;
            }
        }
        self.out.write_all(b"\n")
    }
}

/// The type of a value, and what stands under it.
fn typed(value: &RawValue) -> Option<(&'static str, &RawValue)> {
    let members = members(value)?;
    let [(name, inner)] = &members[..] else { return None };
    let (kind, begins) = TYPES.into_iter().find(|(kind, _)| kind == name)?;
    begins.contains(inner.get().as_bytes().first()?).then_some((kind, *inner))
}

/// Writes a value without the name of its type.
fn untyped(value: &RawValue, depth: usize, out: &mut impl Write) -> Result<()> {
    let Some((kind, inner)) = typed(value).filter(|_| depth < MAX_DEPTH) else { return write(value, out) };
    match kind {
        "NULL" | "nullValue" => out.write_all(b"null"),
        "N" | "integerValue" => {
            match serde_json::from_str::<&str>(inner.get()).ok().and_then(|n| n.parse::<i64>().ok()) {
                Some(number) => write!(out, "{number}"),
                None => write(inner, out),
            }
        }
        "M" => map(inner, depth, out),
        "L" => list(inner, depth, out),
        "mapValue" => match member(inner, "fields") {
            Some(fields) => map(fields, depth, out),
            None => out.write_all(b"{}"),
        },
        "arrayValue" => match member(inner, "values") {
            Some(values) => list(values, depth, out),
            None => out.write_all(b"[]"),
        },
        _ => write(inner, out),
    }
}

fn member<'t>(value: &'t RawValue, name: &str) -> Option<&'t RawValue> {
    Some(members(value)?.into_iter().find(|(other, _)| other == name)?.1)
}

fn map(value: &RawValue, depth: usize, out: &mut impl Write) -> Result<()> {
    let Some(members) = members(value) else { return write(value, out) };
    let members = members.iter().map(|(name, value)| (&**name, *value));
    write_object(members, out, |value, out| untyped(value, depth + 1, out))
}

fn list(value: &RawValue, depth: usize, out: &mut impl Write) -> Result<()> {
    let Some(items) = items(value) else { return write(value, out) };
    out.write_all(b"[")?;
    for (at, item) in items.into_iter().enumerate() {
        out.write_all(if at == 0 { b"" } else { b"," })?;
        untyped(item, depth + 1, out)?;
    }
    out.write_all(b"]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_of_their_types() {
        let plain = r#"{"id":"1","age":7,"on":true,"none":null,"in":{"tags":["a","b"]},"set":["x"]}"#;
        let item = r#"{"id":{"S":"1"},"age":{"N":"7"},"on":{"BOOL":true},"none":{"NULL":true},"in":{"M":{"tags":{"L":[{"S":"a"},{"S":"b"}]}}},"set":{"SS":["x"]}}"#;
        let document = r#"{"name":"projects/p/databases/d/documents/users/1","fields":{"id":{"stringValue":"1"},"age":{"integerValue":"7"},"on":{"booleanValue":true},"none":{"nullValue":null},"in":{"mapValue":{"fields":{"tags":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}}}},"set":{"arrayValue":{"values":[{"stringValue":"x"}]}}}}"#;
        for (text, count) in [
            (format!("{{\"Item\":{item}}}\n{{ \"Item\": {item} }}\n"), 2),
            (format!("{{\n  \"Items\": [{item},\n{item}],\n \"Count\": 2 }}"), 2),
            (format!("{{\"Count\":1,\"Items\":[{item}]}}"), 1),
            (format!("{item}\n{item}\n"), 2),
            (format!("[{item}]"), 1),
            (format!("{{\"documents\":[{document}],\"nextPageToken\":\"x\"}}"), 1),
            (format!("[{{\"document\":{document},\"readTime\":\"x\"}}]"), 1),
            // Blank lines, a mark, pages one after the other, on lines of their own or not.
            (format!("\u{feff}\n\n{{\"Item\":{item}}}\n\n{{\"Item\":{item}}}"), 2),
            (format!("{{\n\"Items\": [\n{item}\n],\n\"Count\": 1\n}}\n{{\n\"Items\": [{item}],\n\"Count\": 1\n}}"), 2),
            (format!("{{\"Items\":[{item}]}}{{\"Items\":[{item}]}}"), 2),
        ] {
            assert!(is_one(text.as_bytes()), "{text}");
            let mut out = Vec::new();
            to_json(text.as_bytes(), &mut out).expect("memory");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("{plain}\n").repeat(count), "{text}");
        }
        for text in [
            r#"{"id":"1","email":"a@b.c"}"#,
            r#"{"id":{"S":"1","N":"2"}}"#,
            r#"{"_id":{"$oid":"65a"},"email":"a@b.c"}"#,
            r#"{"records":[{"id":"rec1","fields":{"Email":"a@b.c"}}]}"#,
            r#"{"id":{"0":1}}"#,
            "id,email\n",
        ] {
            assert!(!is_one(text.as_bytes()), "{text}");
        }
    }

    fn read(text: &str) -> (String, Option<Vec<String>>) {
        let mut out = Vec::new();
        let pages = to_json(text.as_bytes(), &mut out).expect("memory");
        (String::from_utf8(out).expect("UTF-8"), pages)
    }

    #[test]
    fn what_is_damaged_costs_itself() {
        let (item, plain) = (r#"{"Item":{"id":{"S":"1"},"age":{"N":"7"}}}"#, r#"{"id":"1","age":7}"#);
        // Wherever it is cut, and wherever it stands.
        for cut in 1..item.len() {
            let damaged = &item[..cut];
            for text in [
                format!("{damaged}\n{item}\n{item}\n"),
                format!("{item}\n{damaged}\n{item}\n"),
                format!("{item}\n{item}\n{damaged}"),
            ] {
                let (out, _) = read(&text);
                assert_eq!(out.lines().filter(|line| *line == plain).count(), 2, "{text}");
                assert_eq!(out.lines().filter(|line| *line == damaged).count(), 1, "{text}");
            }
            let begins = cut < 23 || is_one(format!("{damaged}\n{item}\n").as_bytes());
            assert!(begins, "{damaged}");
        }
    }

    #[test]
    fn attributes_may_be_called_as_what_stands_around_items_is() {
        for (typed, plain) in [
            (r#"{"id":{"S":"2"},"document":{"S":"12345678X"}}"#, r#"{"id":"2","document":"12345678X"}"#),
            (r#"{"id":{"S":"2"},"Item":{"M":{"a":{"S":"x"}}}}"#, r#"{"id":"2","Item":{"a":"x"}}"#),
            (
                r#"{"id":{"S":"2"},"Items":{"L":[{"S":"x"}]},"documents":{"SS":["y"]}}"#,
                r#"{"id":"2","Items":["x"],"documents":["y"]}"#,
            ),
            (r#"{"document":{"S":"12345678X"}}"#, r#"{"document":"12345678X"}"#),
            (r#"{"Item":{"id":{"S":"2"},"Item":{"S":"x"}},"ConsumedCapacity":null}"#, r#"{"id":"2","Item":"x"}"#),
            (
                r#"{"id":{"S":"2"},"S":{"S":"x"},"name":{"S":"a/documents/b"},"fields":{"M":{}}}"#,
                r#"{"id":"2","S":"x","name":"a/documents/b","fields":{}}"#,
            ),
        ] {
            assert!(is_one(typed.as_bytes()), "{typed}");
            assert_eq!(read(typed).0, format!("{plain}\n"));
        }
    }

    #[test]
    fn what_stands_there_twice_stays_two() {
        let text = r#"{"id":{"N":"98765432109876543210"},"banned":{"BOOL":true},"banned":{"BOOL":false},"in":{"M":{"a":{"S":"x"},"a":{"S":"y"}}}}"#;
        let plain = r#"{"id":"98765432109876543210","banned":true,"banned":false,"in":{"a":"x","a":"y"}}"#;
        assert_eq!(read(text).0, format!("{plain}\n"));
    }

    #[test]
    fn a_page_says_what_stands_beside_its_list() {
        for (text, said) in [
            (r#"{"Items":[],"Count":0,"LastEvaluatedKey":{"id":{"S":"1"}}}"#, r#"{"Count":0,"LastEvaluatedKey":true}"#),
            (r#"{"documents":[],"nextPageToken":"x"}"#, r#"{"nextPageToken":"x"}"#),
            (r#"{"Items":[],"LastEvaluatedKey":{ }}"#, r#"{"LastEvaluatedKey":false}"#),
            (r#"{"Items":[]}"#, "{}"),
        ] {
            assert_eq!(read(text).1.expect("small"), [said], "{text}");
        }
        assert_eq!(read(r#"{"Item":{"id":{"S":"1"}}}"#).1.expect("small"), [""; 0]);
    }

    #[test]
    fn a_page_that_is_too_large_and_depth_without_end_are_told() {
        let endless = std::io::repeat(b' ').take(3 * MAX_BYTES as u64);
        let text = std::io::BufReader::new(b"{\"Items\":[".chain(endless));
        assert!(to_json(text, &mut std::io::sink()).expect("memory").is_none());
        let deep = format!("{{\"id\":{}{{\"S\":\"1\"}}{}}}", "{\"L\":[".repeat(1000), "]}".repeat(1000));
        assert!(read(&deep).0.starts_with("{\"id\":[[["));
    }
}
