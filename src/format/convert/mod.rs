//! Files that are no text that can be cut into records: made into one that can, in a temporary file without a name.

mod bson;
mod postgres;
mod workbook;
mod yaml;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};

use super::foreign;
use super::frame::Doubt;
use super::input::Input;
use super::sniff::Kind;
use crate::error::RunError;

/// What a file became.
pub(crate) struct Converted {
    /// The text, at its beginning.
    pub text: File,
    /// Its format, where that does not have to be found out.
    pub kind: Option<Kind>,
    /// What may be missing or changed.
    pub doubts: Vec<Doubt>,
}

/// The text of a file that begins so, if it is of a kind that is converted.
///
/// # Errors
/// A file that is damaged, too large, or locked; what reading and writing say.
pub(crate) fn converted(input: &Input, head: &[u8]) -> Result<Option<Converted>, RunError> {
    let mut spool = tempfile::tempfile().map_err(RunError::io(std::env::temp_dir()))?;
    let unpacked = || Ok::<_, RunError>(BufReader::new(input.unpacked(None)?));
    let failed = |error: std::io::Error| input.unreadable(&error);
    let broken = |what: String| RunError::export(format!("{}: {what}", input.name()));
    let (mut doubts, mut kind) = (Vec::new(), None);
    if head.starts_with(b"PGDMP") {
        if !postgres::restore(input, &spool)? {
            return Ok(None);
        }
    } else if workbook::is_one(head) {
        let bytes = limited(unpacked()?, workbook::MAX_BYTES).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| broken("it is too large a workbook: save its sheet as CSV (UTF-8)".into()))?;
        let mut out = BufWriter::new(&mut spool);
        let said = workbook::to_csv(bytes, &mut out).map_err(broken)?;
        out.flush().map_err(RunError::io(std::env::temp_dir()))?;
        doubts.push(Doubt::Unsure(said));
    } else if foreign::is_bson(head) {
        let mut out = BufWriter::new(&mut spool);
        let end = bson::to_json(&mut unpacked()?, &mut out).map_err(failed)?;
        out.flush().map_err(RunError::io(std::env::temp_dir()))?;
        kind = Some(Kind::Ndjson { prelude: 0, copied: false });
        if let bson::End::Cut(count) = end {
            let documents = if count == 1 { "1 document" } else { &format!("{count} documents") };
            doubts.push(Doubt::Cut(format!("after {documents} the file is cut or damaged: users may be missing")));
        }
    } else if foreign::is_yaml(head) {
        let bytes = limited(unpacked()?, yaml::MAX_BYTES).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| broken("it is too much YAML: turn it into JSON with `yq -o json`".into()))?;
        spool
            .write_all(yaml::to_json(&bytes).map_err(broken)?.as_bytes())
            .map_err(RunError::io(std::env::temp_dir()))?;
    } else {
        return Ok(None);
    }
    spool.rewind().map_err(RunError::io(std::env::temp_dir()))?;
    Ok(Some(Converted { text: spool, kind, doubts }))
}

/// All there is, unless it is more.
fn limited(input: impl Read, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
