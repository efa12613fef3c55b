//! Every framer and every converter over bytes in memory: what properties and the fuzz targets (`fuzz/`) share.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::sync::Arc;

use super::csv::CsvFramer;
use super::decode::{Pieces, blank};
use super::frame::{
    Batch, Batches, Cut, Doubt, Escapes, Flavour, Framer, Layout, Selection, Shape, SpanKind, TableHead, Wanted,
};
use super::json::JsonFramer;
use super::layout::NullWord;
use super::ldif::LdifFramer;
use super::lines::LineFramer;
use super::sql::SqlFramer;
use super::xml::XmlFramer;
use super::{Header, csv};

pub(super) const FRAMERS: usize = 10;

/// Framer `n` of them all.
pub(super) fn framer(n: usize) -> Box<dyn Framer> {
    let wanted =
        || Wanted::new(Selection::Tables(["", "t", "users"].map(str::to_owned).into_iter().collect::<HashSet<_>>()));
    let shape = |layout| Arc::new(Shape { table: "".into(), layout });
    let header = Arc::new(Header::new(["a", "b", "c"].map(str::to_owned).to_vec()));
    match n {
        0 => Box::new(CsvFramer::new(b',', shape(Layout::Csv { delimiter: b',', header }), 0, wanted())),
        1 => Box::new(LineFramer::new(shape(Layout::Json { copied: false }), 0, None, wanted())),
        2 => Box::new(LineFramer::new(
            shape(Layout::Tsv { header, cells: Escapes { null: NullWord::Word, ..Escapes::COPY } }),
            0,
            None,
            wanted(),
        )),
        3 => Box::new(LineFramer::new(shape(Layout::Colon { header }), 0, Some(b'#'), wanted())),
        4 => Box::new(JsonFramer::new(false, wanted())),
        5 => Box::new(JsonFramer::new(true, wanted())),
        6 => Box::new(SqlFramer::new(Flavour::MYSQL, false, &HashMap::new(), &HashMap::new(), wanted())),
        7 => Box::new(SqlFramer::new(Flavour::STANDARD, false, &HashMap::new(), &HashMap::new(), wanted())),
        8 => Box::new(LdifFramer::new(shape(Layout::Ldif), wanted())),
        _ => Box::new(XmlFramer::new(wanted())),
    }
}

/// The records that come out if `step` more bytes are there at a time, and whether it ends in damage.
pub(super) fn records(framer: &mut dyn Framer, data: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut from, mut to) = (0, 0);
    let mut out = Vec::new();
    loop {
        to = (to + step).min(data.len());
        let eof = to == data.len();
        let mut cut = Cut::default();
        let seen = &data[from..to];
        let done = framer.frame(seen, eof, &mut cut);
        for span in &cut.spans {
            let bytes = &seen[span.start..span.end];
            if span.kind == SpanKind::Rows {
                csv::rows(bytes, 0, b',', 3, false, &mut Vec::new(), |found| {
                    out.push(bytes[found.row.start..found.row.end].to_vec());
                });
            } else {
                out.push(bytes.to_vec());
            }
        }
        from += done;
        assert!(done <= seen.len());
        if cut.damage.is_some() {
            return (out, true);
        }
        if eof && (from >= data.len() || done == 0) {
            // What is open is told at the very end.
            let mut cut = Cut::default();
            framer.frame(&data[from..], true, &mut cut);
            return (out, cut.damage.is_some());
        }
    }
}

/// What a framer finds if `step` more bytes are there at a time.
pub(super) fn found(n: usize, data: &[u8], step: usize) -> (Vec<Vec<u8>>, bool, Vec<TableHead>, Vec<Doubt>) {
    let mut framer = framer(n);
    let (records, damaged) = records(&mut *framer, data, step);
    // What damage leaves open depends on how far it was read.
    let doubts = if damaged { Vec::new() } else { framer.doubts() };
    (records, damaged, framer.tables(), doubts)
}

/// Reads data as the commands do, decoding every record; returns how many there were.
pub(super) fn read(framer: Box<dyn Framer>, data: &[u8]) -> usize {
    let mut batches = Batches::new(Cursor::new(data), framer);
    let (mut batch, mut pieces) = (Batch::default(), Pieces::default());
    let mut count = 0;
    while matches!(batches.next(&mut batch), Ok(true)) {
        pieces.cut(&batch, None);
        let texts = pieces.texts(&batch);
        let mut record = blank();
        for index in 0..pieces.list.len() {
            let _ = pieces.decode(index, &batch, &texts, &mut record);
            count += 1;
        }
        if batch.cut.damage.is_some() {
            break;
        }
    }
    count
}

/// Bytes as each format would frame and decode them: the first says which and how many are there at a time, which makes no
/// difference.
#[cfg(fuzzing)]
pub fn frame(data: &[u8]) {
    let [how, data @ ..] = data else { return };
    let (n, step) = (usize::from(*how) % FRAMERS, usize::from(*how) / FRAMERS * data.len() / 26 + 1);
    read(framer(n), data);
    // CSV with stray quotes is left out: how far a quote may look depends on what is there.
    if n > 0 {
        assert_eq!(found(n, data, step), found(n, data, usize::MAX / 2), "framer {n}, {step} at a time");
    }
    let _ = super::sniff::sniff(data, data.len() % 2 == 0);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = super::php::unserialize(text);
    }
}

/// Bytes as the formats that become text first: the first says which.
#[cfg(fuzzing)]
pub fn convert(data: &[u8]) {
    if let [which, data @ ..] = data {
        super::convert::any(*which, data);
    }
}
