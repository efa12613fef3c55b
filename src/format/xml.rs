//! XML of `mysqldump --xml`, `mysql --xml`, PostgreSQL's `query_to_xml`, SQL Developer, phpMyAdmin, Navicat, DBeaver, pandas and Django's `dumpdata`:
//! flat records in a known element; and of whatever writes a list of people, `<users><user>…`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use memchr::memchr;
use memchr::memmem;
use quick_xml::events::{BytesStart, Event};

use super::Value;
use super::frame::{Cut, Damage, Framer, Layout, Shape, SpanKind, TableHead, Wanted};
use super::sql::values::unhex;

/// Cuts the elements that are records out of a document.
pub(crate) struct XmlFramer {
    wanted: Wanted,
    /// The name of the element around the rows that come.
    table: String,
    shapes: HashMap<String, Arc<Shape>>,
    order: Vec<String>,
    passing_over: bool,
    /// The element around everything; empty where records stand side by side without one.
    root: Option<Vec<u8>>,
    complete: bool,
}

/// Elements that are records, in capitals or small letters: of MySQL, PostgreSQL, Oracle and pandas, of phpMyAdmin (one a row, with the
/// table's name), of Django, Navicat and DBeaver.
const RECORDS: [&[u8]; 5] = [b"row", b"table", b"object", b"record", b"data_record"];

/// Elements around records that say nothing of what is in them.
const NAMELESS: [&[u8]; 6] = [b"table", b"data", b"rows", b"root", b"resultset", b"django-objects"];

/// What one of a list is called, where the list is called after people and not after what it is one of.
const SOMEBODY: [&[u8]; 8] =
    [b"user", b"member", b"customer", b"account", b"person", b"benutzer", b"kunde", b"mitglied"];

/// Whether an element is one of the list that the root is: `user` of `users`, `Benutzer` of `BenutzerListe`.
fn is_one_of(root: &[u8], name: &[u8]) -> bool {
    let [root, name] = [root, name].map(<[u8]>::to_ascii_lowercase);
    root.len() > name.len() && name.len() >= 3 && memmem::find(&root, &name).is_some()
        || root != name && SOMEBODY.contains(&&*name)
}

impl XmlFramer {
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            table: String::new(),
            shapes: HashMap::new(),
            order: Vec::new(),
            passing_over: false,
            root: None,
            complete: false,
        }
    }

    fn shape(&mut self, table: &str) -> Arc<Shape> {
        if let Some(shape) = self.shapes.get(table) {
            return Arc::clone(shape);
        }
        let shape = Arc::new(Shape { table: table.into(), layout: Layout::Xml });
        self.shapes.insert(table.to_owned(), Arc::clone(&shape));
        self.order.push(table.to_owned());
        shape
    }
}

impl Framer for XmlFramer {
    fn frame(&mut self, data: &[u8], eof: bool, cut: &mut Cut) -> usize {
        let mut at = 0;
        if std::mem::take(&mut self.passing_over) {
            let table = self.table.clone();
            let shape = self.shape(&table);
            cut.push(0, data.len().min(1024), &shape, SpanKind::TooLarge);
            return data.len();
        }
        while let Some(found) = memchr(b'<', &data[at..]) {
            at += found;
            let rest = &data[at..];
            if let Some(closing) = unread(rest) {
                let Some(end) = memmem::find(rest, closing) else { break };
                at += end + closing.len();
                continue;
            }
            let Some(tag_end) = memchr(b'>', rest) else { break };
            let tag = &rest[1..tag_end];
            let name = element_name(tag);
            let own = (name == b"table").then(|| attribute(tag, b"name")).flatten();
            // PostgreSQL's `<table>` has no name and holds the rows.
            let is_known = RECORDS.iter().any(|record| name.eq_ignore_ascii_case(record));
            let is_plain = || self.root.as_deref().is_some_and(|root| is_one_of(root, name));
            let is_record = (is_known && (name != b"table" || own.is_some()) || is_plain()) && !tag.ends_with(b"/");
            if self.root.is_none() && !tag.starts_with(b"!") {
                self.complete = is_record || tag.ends_with(b"/");
                self.root = Some(if is_record { Vec::new() } else { name.to_vec() });
            }
            if is_record {
                let Some(end) = record_end(rest, name) else { break };
                let table = own.unwrap_or_else(|| self.table.clone());
                let shape = self.shape(&table);
                if self.wanted.left(&table) > 0 {
                    cut.push(at, at + end, &shape, SpanKind::Record);
                    self.wanted.took(&table);
                }
                at += end;
                continue;
            }
            match name {
                b"table_data" => {
                    self.table = attribute(tag, b"name").unwrap_or_default();
                    let table = self.table.clone();
                    self.shape(&table);
                }
                [b'/', closed @ ..] => self.complete |= self.root.as_deref() == Some(closed),
                _ if NAMELESS.contains(&name) => self.table.clear(),
                // A table of PostgreSQL's `schema_to_xml` is an element of its name.
                _ => self.table = String::from_utf8_lossy(name).into_owned(),
            }
            at += tag_end + 1;
        }
        if eof {
            if !self.complete || memchr(b'<', &data[at.min(data.len())..]).is_some() {
                cut.damage = Some(Damage { at, what: "the document ends before its root element does".into() });
            }
            return data.len();
        }
        // Text between elements is of no interest, but an element that has begun is.
        memchr(b'<', &data[at..]).map_or(data.len(), |begun| at + begun)
    }

    fn pass_over(&mut self) {
        self.passing_over = true;
    }

    fn tables(&self) -> Vec<TableHead> {
        self.order.iter().map(|table| TableHead::new(table, Vec::new())).collect()
    }
}

/// What closes a comment, CDATA or declaration, if one begins here.
fn unread(rest: &[u8]) -> Option<&'static [u8]> {
    let kinds: [(&[u8], &'static [u8]); 3] = [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")];
    kinds.iter().find(|(start, _)| rest.starts_with(start)).map(|(_, closing)| *closing)
}

fn element_name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().skip(1).position(|b| b.is_ascii_whitespace() || *b == b'/').map_or(tag.len(), |n| n + 1);
    &tag[..end]
}

fn attribute(tag: &[u8], name: &[u8]) -> Option<String> {
    let needle = [b" ".as_slice(), name, b"=\""].concat();
    let start = memmem::find(tag, &needle)? + needle.len();
    let length = memchr(b'"', &tag[start..])?;
    Some(String::from_utf8_lossy(&tag[start..start + length]).into_owned())
}

/// Where the record that begins the data ends. Django's hold elements of the same name.
fn record_end(data: &[u8], name: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        at += memchr(b'<', data.get(at..)?)?;
        let rest = &data[at..];
        if let Some(closing) = unread(rest) {
            at += memmem::find(rest, closing)? + closing.len();
            continue;
        }
        let tag_end = memchr(b'>', rest)?;
        let tag = &rest[1..tag_end];
        at += tag_end + 1;
        if let Some(closed) = tag.strip_prefix(b"/") {
            if element_name(closed) == name {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        } else if element_name(tag) == name && !tag.ends_with(b"/") {
            depth += 1;
        }
    }
}

/// The members of one record: a row's columns, or Django's `model`, `pk` and `fields` as its JSON has them.
///
/// # Errors
/// What is wrong, as the second half of a sentence.
pub(crate) fn members<'a>(record: &str) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, String> {
    let mut reader = quick_xml::Reader::from_str(record);
    let mut outer: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
    let mut fields: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
    let (mut is_object, mut is_plain) = (false, false);
    let mut depth = 0_usize;
    let mut current: Option<Cell> = None;
    loop {
        let event = reader.read_event().map_err(|e| format!("the XML is damaged: {e}"))?;
        match event {
            Event::Start(tag) | Event::Empty(tag) if depth == 0 => {
                is_object = tag.name().as_ref() == "object";
                is_plain = !RECORDS.iter().any(|known| tag.name().as_ref().as_bytes().eq_ignore_ascii_case(known));
                if is_plain {
                    for attribute in tag.attributes() {
                        let attribute = attribute.map_err(|e| format!("the XML is damaged: {e}"))?;
                        let name = attribute.key.as_ref().to_owned();
                        if let Some(value) = named(&tag, &name)? {
                            fields.push((Cow::Owned(name), Value::Text(value.into())));
                        }
                    }
                }
                if is_object {
                    for name in ["model", "pk"] {
                        if let Some(value) = named(&tag, name)? {
                            outer.push((Cow::Borrowed(name), Value::Text(value.into())));
                        }
                    }
                }
                depth = 1;
            }
            Event::Start(tag) => {
                depth += 1;
                if depth == 2 {
                    current = Some(Cell::of(&tag)?);
                } else if let Some(cell) = &mut current {
                    cell.inner(&tag)?;
                }
            }
            Event::Empty(tag) => {
                if depth == 1 {
                    let cell = Cell::of(&tag)?;
                    fields.push((Cow::Owned(cell.name.clone()), cell.value()));
                } else if let Some(cell) = &mut current {
                    cell.inner(&tag)?;
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
                if let Some(cell) = &mut current
                    && depth == 2
                {
                    cell.close();
                }
                if depth == 1
                    && let Some(cell) = current.take()
                {
                    fields.push((Cow::Owned(cell.name.clone()), cell.value()));
                }
            }
            Event::Text(text) => {
                if let Some(cell) = &mut current {
                    cell.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(cell) = &mut current {
                    cell.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(cell) = &mut current {
                    let character = match reference.resolve_char_ref() {
                        Ok(Some(character)) => character,
                        _ => match &*reference {
                            "lt" => '<',
                            "gt" => '>',
                            "amp" => '&',
                            "quot" => '"',
                            "apos" => '\'',
                            other => return Err(format!("the entity &{other}; is not known")),
                        },
                    };
                    cell.text.push(character);
                }
            }
            Event::Eof => return Err("the XML ends too early".into()),
            _ => {}
        }
    }
    if is_object {
        outer.push((Cow::Borrowed("fields"), Value::Object(fields.into())));
        Ok(outer)
    } else if is_plain {
        Ok(listed(fields))
    } else {
        Ok(fields)
    }
}

/// Fields of which those of one name are a list.
fn listed<'a>(fields: Vec<(Cow<'a, str>, Value<'a>)>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    let mut all: Vec<(Cow<'a, str>, Vec<Value<'a>>)> = Vec::new();
    for (name, value) in fields {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    let one = |mut values: Vec<Value<'a>>| match values.pop() {
        Some(value) if values.is_empty() => value,
        last => Value::List(values.into_iter().chain(last).collect::<Vec<_>>().into()),
    };
    all.into_iter().map(|(name, values)| (name, one(values))).collect()
}

/// A field while it is read.
struct Cell {
    name: String,
    text: String,
    null: bool,
    /// The text is hexadecimal digits of what was text, or is not (`mysqldump --xml --hex-blob`).
    hex: bool,
    /// What a relation points at: primary keys or natural keys.
    list: Option<Vec<Value<'static>>>,
    natural: Vec<Value<'static>>,
    /// It is an array of PostgreSQL's.
    array: bool,
}

impl Cell {
    fn of(tag: &BytesStart<'_>) -> Result<Self, String> {
        let nil = named(tag, "xsi:nil")?.is_some_and(|nil| nil == "true");
        let list = named(tag, "rel")?.is_some_and(|rel| rel == "ManyToManyRel").then(Vec::new);
        let name = match named(tag, "name")? {
            Some(name) => name,
            // SQL Developer's `<COLUMN NAME="EMAIL">`.
            None => named(tag, "NAME")?.unwrap_or_else(|| tag.name().as_ref().to_owned()),
        };
        let hex = named(tag, "xsi:type")?.is_some_and(|kind| kind.ends_with(":hexBinary"));
        Ok(Self { name, text: String::new(), null: nil, hex, list, natural: Vec::new(), array: false })
    }

    /// An element within the field: PostgreSQL's `<element>`, Django's `<None/>`, `<object pk="1"/>`, `<natural>…</natural>`.
    fn inner(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        match tag.name().as_ref() {
            "None" => self.null = true,
            "natural" => self.text.clear(),
            "element" => {
                self.text.clear();
                self.array = true;
                self.list.get_or_insert_default();
            }
            "object" => {
                if let (Some(pk), Some(list)) = (named(tag, "pk")?, &mut self.list) {
                    list.push(Value::Text(pk.into()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An element within a relation's `<object>` or the field itself has ended.
    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        if let Some(list) = &mut self.list {
            if self.array {
                list.push(Value::Text(text.into()));
            } else if !text.trim().is_empty() {
                self.natural.push(Value::Text(text.trim().to_owned().into()));
                list.push(Value::List(std::mem::take(&mut self.natural).into()));
            }
        } else {
            self.text = text;
        }
    }

    fn value(self) -> Value<'static> {
        match self.list {
            Some(list) => Value::List(list.into()),
            None if self.null => Value::Null,
            None if self.hex => Value::Text(unhex(&self.text).unwrap_or(self.text).into()),
            None => Value::Text(self.text.into()),
        }
    }
}

fn named(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let attribute = tag.try_get_attribute(name).map_err(|e| format!("the XML is damaged: {e}"))?;
    attribute
        .map(|a| a.normalized_value(quick_xml::XmlVersion::Implicit1_0).map(Cow::into_owned).map_err(|e| e.to_string()))
        .transpose()
}
