//! Files that are no text that can be cut into records: made into one that can, in a temporary file without a name.

mod bson;
mod column;
mod members;
mod postgres;
mod tabular;
mod typed;
mod workbook;
mod yaml;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

use super::foreign;
use super::frame::Doubt;
use super::input::Input;
use super::sniff::Kind;
use crate::error::RunError;

/// Bytes as one of them: what comes out of BSON and YAML is JSON, or says what is wrong.
#[cfg(fuzzing)]
pub(super) fn any(which: u8, data: &[u8]) {
    let mut out = Vec::new();
    let done = match which % 3 {
        0 => bson::to_json(&mut &*data, &mut out).map(drop),
        1 => column::to_json(data, &mut out).map(drop),
        _ => yaml::to_json(data).map_or(Ok(()), |json| out.write_all(json.as_bytes())),
    };
    assert!(done.is_ok(), "memory can be read");
    let lines =
        if which % 3 == 0 { out.split(|&b| b == b'\n').collect() } else { vec![&*out; usize::from(which % 3 == 2)] };
    for line in lines {
        let json = serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        assert!(json || line.is_empty() || line.windows(9).any(|word| word == b"document "), "it is no JSON");
    }
}

/// What a file became.
pub(crate) struct Converted {
    /// The text, at its beginning.
    pub text: File,
    /// What it was made of beside the file itself.
    pub beside: Vec<PathBuf>,
    /// Its format, where that does not have to be found out.
    pub kind: Option<Kind>,
    /// What may be missing or changed.
    pub doubts: Vec<Doubt>,
    /// What each page of an answer said beside its list, as JSON.
    pub pages: Vec<String>,
}

/// The text of a file that begins so, if it is of a kind that is converted.
///
/// # Errors
/// A file that is damaged, too large, or locked; what reading and writing say.
pub(crate) fn converted(input: &Input, head: &[u8]) -> Result<Option<Converted>, RunError> {
    let unpacked = || Ok::<_, RunError>(BufReader::new(input.text(None)?));
    let failed = |error: std::io::Error| input.unreadable(&error);
    let broken = |what: String| RunError::export(format!("{}: {what}", input.name()));
    let spool = || tempfile::tempfile().map_err(RunError::temporary);
    let (mut doubts, mut kind, mut beside, mut pages) = (Vec::new(), None, Vec::new(), Vec::new());
    let mut text = if head.starts_with(b"PGDMP") {
        beside = postgres::beside(input);
        let Some(text) = postgres::restored(input)? else { return Ok(None) };
        text
    } else if workbook::is_one(head, &input.packing) {
        let bytes = limited(unpacked()?, workbook::MAX_BYTES).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| broken("it is too large a workbook: save its sheet as CSV (UTF-8)".into()))?;
        let mut out = BufWriter::new(spool()?);
        let (said, read_as) = workbook::to_text(bytes, &mut out).map_err(broken)?;
        kind = read_as;
        doubts.push(Doubt::Unsure(said));
        out.into_inner().map_err(|error| RunError::temporary(error.into_error()))?
    } else if foreign::is_bson(head) {
        let mut out = BufWriter::new(spool()?);
        let end = bson::to_json(&mut unpacked()?, &mut out).map_err(failed)?;
        kind = Some(Kind::Ndjson { prelude: 0, copied: false });
        if let bson::End::Cut(count) = end {
            let documents = if count == 1 { "1 document" } else { &format!("{count} documents") };
            doubts.push(Doubt::Cut(format!("after {documents} the file is cut or damaged: users may be missing")));
        }
        out.into_inner().map_err(|error| RunError::temporary(error.into_error()))?
    } else if column::is_one(head) {
        let mut out = BufWriter::new(spool()?);
        doubts.extend(column::to_json(unpacked()?, &mut out).map_err(failed)?);
        out.into_inner().map_err(|error| RunError::temporary(error.into_error()))?
    } else if typed::is_one(head) {
        let mut out = BufWriter::new(spool()?);
        let said = typed::to_json(unpacked()?, &mut out).map_err(failed)?;
        let large = "a page of it is larger than 64 MiB: write its items one on a line, as `jq -c '.Items[]'` does";
        pages = said.ok_or_else(|| broken(large.into()))?;
        kind = Some(Kind::Ndjson { prelude: 0, copied: false });
        out.into_inner().map_err(|error| RunError::temporary(error.into_error()))?
    } else if tabular::may_be(head) {
        let bytes = limited(unpacked()?, tabular::MAX_BYTES).map_err(failed)?;
        let Some(json) = bytes.and_then(|bytes| tabular::to_json(&bytes)) else { return Ok(None) };
        let mut text = spool()?;
        text.write_all(&json).map_err(RunError::temporary)?;
        text
    } else if foreign::is_yaml(head) {
        let bytes = limited(unpacked()?, yaml::MAX_BYTES).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| broken("it is too much YAML: turn it into JSON with `yq -o json`".into()))?;
        let json = yaml::to_json(&bytes).map_err(broken)?;
        let mut text = spool()?;
        text.write_all(json.as_bytes()).map_err(RunError::temporary)?;
        text
    } else {
        return Ok(None);
    };
    text.rewind().map_err(RunError::temporary)?;
    Ok(Some(Converted { text, beside, kind, doubts, pages }))
}

/// All there is, unless it is more.
fn limited(input: impl Read, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
