//! BSON, as `mongodump` writes a collection: documents one after the other, each beginning with its length.
//! <https://bsonspec.org/spec.html>
//!
//! A document becomes a line of JSON as `mongoexport` writes it, in MongoDB's extended JSON, relaxed.

use std::io::{self, BufRead, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::bytes::hex;

/// The longest document that MongoDB keeps is 16 MiB, and some room for what it adds itself.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024 + 64 * 1024;

/// MongoDB takes a hundred levels.
const MAX_DEPTH: usize = 120;

/// How far a file of documents could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// To its end.
    Whole,
    /// After so many documents it ends within one, or goes on with what is none.
    Cut(u64),
}

/// Writes a line of JSON for each document. One that is no document inside costs itself alone: its line is no JSON, and says
/// what is wrong.
///
/// # Errors
/// What reading and writing say.
pub(super) fn to_json(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<End> {
    let (mut count, mut document, mut line) = (0, Vec::new(), Vec::new());
    loop {
        if input.fill_buf()?.is_empty() {
            return Ok(End::Whole);
        }
        let mut length = [0; 4];
        let Ok(()) = whole(input.read_exact(&mut length))? else { return Ok(End::Cut(count)) };
        let size = u32::from_le_bytes(length) as usize;
        if !(5..=MAX_DOCUMENT).contains(&size) {
            return Ok(End::Cut(count));
        }
        document.resize(size - 4, 0);
        let Ok(()) = whole(input.read_exact(&mut document))? else { return Ok(End::Cut(count)) };
        count += 1;
        line.clear();
        let mut reader = Reader { bytes: &document, pos: 0 };
        match reader.document(&mut line, MAX_DEPTH) {
            Ok(()) if reader.pos == document.len() => out.write_all(&line)?,
            Ok(()) => write!(out, "document {count} is longer than what is in it")?,
            Err(what) => write!(out, "document {count} is no BSON: {what}")?,
        }
        out.write_all(b"\n")?;
    }
}

/// A file that ends too early is no error of the disk's.
fn whole(read: io::Result<()>) -> io::Result<Result<(), ()>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Err(())),
        read => read.map(Ok),
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    pos: usize,
}

type Read<T> = Result<T, &'static str>;

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Read<&'b [u8]> {
        let end = self.pos.checked_add(count).ok_or("a length is too large")?;
        let taken = self.bytes.get(self.pos..end).ok_or("it ends within a value")?;
        self.pos = end;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.first_chunk().copied().ok_or("it ends within a value")
    }

    fn length(&mut self) -> Read<usize> {
        usize::try_from(i32::from_le_bytes(self.chunk()?)).map_err(|_| "a length is below nought")
    }

    /// A name, up to its zero.
    fn name(&mut self) -> Read<&'b str> {
        let rest = &self.bytes[self.pos..];
        let end = memchr::memchr(0, rest).ok_or("a name does not end")?;
        self.pos += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| "a name is no UTF-8")
    }

    /// A text with its length, which counts the zero behind it.
    fn text(&mut self) -> Read<&'b str> {
        let length = self.length()?;
        let bytes = self.take(length)?.strip_suffix(&[0]).ok_or("a text does not end with a zero")?;
        std::str::from_utf8(bytes).map_err(|_| "a text is no UTF-8")
    }

    /// The members of a document whose length was read, and the zero behind them.
    fn document(&mut self, out: &mut Vec<u8>, depth: usize) -> Read<()> {
        self.members(out, depth, true)
    }

    fn members(&mut self, out: &mut Vec<u8>, depth: usize, named: bool) -> Read<()> {
        if depth == 0 {
            return Err("its values are nested too deep");
        }
        out.push(if named { b'{' } else { b'[' });
        let mut first = true;
        loop {
            let [kind] = self.chunk()?;
            if kind == 0 {
                break;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            let name = self.name()?;
            if named {
                put(out, name);
                out.push(b':');
            }
            self.value(kind, out, depth)?;
        }
        out.push(if named { b'}' } else { b']' });
        Ok(())
    }

    fn value(&mut self, kind: u8, out: &mut Vec<u8>, depth: usize) -> Read<()> {
        match kind {
            0x01 => {
                let number = f64::from_le_bytes(self.chunk()?);
                match serde_json::Number::from_f64(number) {
                    Some(number) => put(out, &number),
                    None => put(out, &serde_json::json!({ "$numberDouble": number.to_string() })),
                }
            }
            // A text, and what was one once: a symbol.
            0x02 | 0x0e => put(out, self.text()?),
            0x03 | 0x04 => {
                self.length()?;
                self.members(out, depth - 1, kind == 0x03)?;
            }
            0x05 => {
                let length = self.length()?;
                let [subtype] = self.chunk()?;
                let bytes = BASE64_STANDARD.encode(self.take(length)?);
                put(out, &serde_json::json!({ "$binary": { "base64": bytes, "subType": format!("{subtype:02x}") } }));
            }
            // Undefined, which nobody writes any more, and null.
            0x06 | 0x0a => out.extend_from_slice(b"null"),
            0x07 => put(out, &serde_json::json!({ "$oid": hex(self.take(12)?) })),
            0x08 => out.extend_from_slice(if self.chunk()? == [0] { b"false" } else { b"true" }),
            0x09 => date(out, i64::from_le_bytes(self.chunk()?)),
            0x0b => {
                let (pattern, options) = (self.name()?, self.name()?);
                put(out, &serde_json::json!({ "$regularExpression": { "pattern": pattern, "options": options } }));
            }
            0x0c => {
                let of = self.text()?;
                let id = hex(self.take(12)?);
                put(out, &serde_json::json!({ "$dbPointer": { "$ref": of, "$id": { "$oid": id } } }));
            }
            0x0d => put(out, &serde_json::json!({ "$code": self.text()? })),
            0x0f => {
                // The length of the whole, the code, and the names that it knows.
                self.length()?;
                let code = self.text()?;
                out.extend_from_slice(b"{\"$code\":");
                put(out, code);
                out.extend_from_slice(b",\"$scope\":");
                self.length()?;
                self.members(out, depth - 1, true)?;
                out.push(b'}');
            }
            0x10 => put(out, &i32::from_le_bytes(self.chunk()?)),
            0x11 => {
                let (increment, seconds) = (u32::from_le_bytes(self.chunk()?), u32::from_le_bytes(self.chunk()?));
                put(out, &serde_json::json!({ "$timestamp": { "t": seconds, "i": increment } }));
            }
            0x12 => put(out, &i64::from_le_bytes(self.chunk()?)),
            0x13 => put(out, &serde_json::json!({ "$numberDecimal": decimal(u128::from_le_bytes(self.chunk()?)) })),
            0x7f => out.extend_from_slice(b"{\"$maxKey\":1}"),
            0xff => out.extend_from_slice(b"{\"$minKey\":1}"),
            _ => return Err("a value is of a kind that is not known"),
        }
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    // Memory takes all that is written.
    let _ = serde_json::to_writer(out, value);
}

/// Milliseconds since 1970, as a date where the years have four digits.
fn date(out: &mut Vec<u8>, milliseconds: i64) {
    let year = |at: jiff::Timestamp| jiff::tz::Offset::UTC.to_datetime(at).year();
    let at = jiff::Timestamp::from_millisecond(milliseconds).ok().filter(|at| (1970..=9999).contains(&year(*at)));
    match at {
        Some(at) => put(out, &serde_json::json!({ "$date": at.to_string() })),
        None => put(out, &serde_json::json!({ "$date": { "$numberLong": milliseconds.to_string() } })),
    }
}

/// IEEE 754's decimal of 128 bits, in its binary encoding.
fn decimal(bits: u128) -> String {
    let sign = if bits >> 127 == 1 { "-" } else { "" };
    let head = (bits >> 122) as u8 & 0x1f;
    match head {
        0x1f => return "NaN".into(),
        0x1e => return format!("{sign}Infinity"),
        _ => {}
    }
    // Coefficients with the other encoding are larger than allowed, and stand for nought.
    let (exponent, digits) = match head >> 3 {
        3 => ((bits >> 111) as u16 & 0x3fff, 0),
        _ => ((bits >> 113) as u16 & 0x3fff, bits & ((1 << 113) - 1)),
    };
    match i32::from(exponent) - 6176 {
        0 => format!("{sign}{digits}"),
        scale @ -30..=-1 => {
            let text = format!("{digits:0>width$}", width = scale.unsigned_abs() as usize + 1);
            let (whole, part) = text.split_at(text.len() - scale.unsigned_abs() as usize);
            format!("{sign}{whole}.{part}")
        }
        scale => format!("{sign}{digits}E{scale:+}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (End, String) {
        let mut out = Vec::new();
        let end = to_json(&mut &*bytes, &mut out).unwrap();
        (end, String::from_utf8(out).unwrap())
    }

    fn document(members: &[u8]) -> Vec<u8> {
        [&(members.len() as u32 + 5).to_le_bytes(), members, &[0]].concat()
    }

    /// Bytes and their JSON from MongoDB's own corpus: <https://github.com/mongodb/specifications>, `bson-corpus`.
    #[test]
    fn documents_of_the_corpus_read_as_it_says() {
        for (bytes, json) in [
            ("0500000000", "{}"),
            ("1400000007610056e1fc72e0c917e9c471416100", r#"{"a":{"$oid":"56e1fc72e0c917e9c4714161"}}"#),
            ("0c0000001069000000008000", r#"{"i":-2147483648}"#),
            ("10000000126100ffffffffffffff7f00", r#"{"a":9223372036854775807}"#),
            ("10000000016400000000000000f03f00", r#"{"d":1.0}"#),
            ("10000000016400000000000000f87f00", r#"{"d":{"$numberDouble":"NaN"}}"#),
            ("0e00000002610002000000620000", r#"{"a":"b"}"#),
            ("140000000461000c0000001030000a0000000000", r#"{"a":[10]}"#),
            ("0d000000037800050000000000", r#"{"x":{}}"#),
            ("0f0000000578000200000000ffff00", r#"{"x":{"$binary":{"base64":"//8=","subType":"00"}}}"#),
            ("090000000862000100", r#"{"b":true}"#),
            ("10000000096100c5d8d6cc3b01000000", r#"{"a":{"$date":"2012-12-24T12:15:30.501Z"}}"#),
            ("10000000096100c33ce7b9bdffffff00", r#"{"a":{"$date":{"$numberLong":"-284643869501"}}}"#),
            ("080000000a610000", r#"{"a":null}"#),
            ("0f0000000b610061626300696d0000", r#"{"a":{"$regularExpression":{"pattern":"abc","options":"im"}}}"#),
            ("100000001161002a00000015cd5b0700", r#"{"a":{"$timestamp":{"t":123456789,"i":42}}}"#),
            ("180000001364000000000000000000000000000000007c00", r#"{"d":{"$numberDecimal":"NaN"}}"#),
            ("18000000136400010000000000000000000000000040b000", r#"{"d":{"$numberDecimal":"-1"}}"#),
            ("18000000136400d204000000000000000000000000343000", r#"{"d":{"$numberDecimal":"0.001234"}}"#),
        ] {
            assert_eq!(read(&crate::bytes::unhex(bytes).unwrap()), (End::Whole, format!("{json}\n")), "{json}");
        }
    }

    #[test]
    fn damage_costs_its_document_and_a_cut_is_told() {
        let good = document(b"\x02a\0\x02\0\0\0b\0");
        // A text without its zero, one that is no UTF-8, and a kind that nobody knows.
        for bad in [&b"\x02a\0\x02\0\0\0bb"[..], b"\x02a\0\x02\0\0\0\xff\0", b"\x42a\0"] {
            let (end, text) = read(&[&good[..], &document(bad), &good].concat());
            let lines: Vec<_> = text.lines().collect();
            assert_eq!((end, lines.len()), (End::Whole, 3), "{text}");
            assert!(lines[1].starts_with("document 2 is no BSON: ") && lines[0] == lines[2], "{text}");
        }
        for cut in 1..good.len() {
            assert_eq!(read(&[&good[..], &good[..cut]].concat()).0, End::Cut(1));
        }
        assert_eq!(read(&[&good[..], &[0; 8]].concat()).0, End::Cut(1));
        let deep = (0..200).fold(document(b""), |inner, _| document(&[b"\x03a\0", &inner[..]].concat()));
        assert!(read(&deep).1.contains("too deep"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_are_each_document_is_one_line(bytes in proptest::collection::vec(0..=255_u8, 0..200)) {
            let (_, text) = read(&document(&bytes));
            proptest::prop_assert_eq!(text.lines().count(), 1);
            read(&bytes);
        }
    }
}
