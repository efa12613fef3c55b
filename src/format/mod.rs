//! Bytes → [`Record`]: opening (compression, encoding, sniffing), framing, decoding. Knows formats, no sources.

mod convert;
mod csv;
pub(crate) mod decode;
mod encoding;
mod escaped;
pub(crate) mod file;
mod foreign;
pub(crate) mod frame;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub(crate) mod input;
mod json;
mod layout;
mod ldif;
mod lines;
pub(crate) mod live;
mod marks;
mod objects;
pub(crate) mod php;
#[cfg(test)]
mod properties;
pub mod record;
pub(crate) mod same;
mod sniff;
mod sql;
mod value;
mod xml;
mod zstd;

pub use record::{ColumnList, Fields, Header, Place, Position, Record, Value};

use std::path::PathBuf;

/// How bytes become records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-, semicolon- or tab-separated with RFC 4180 quoting.
    Csv,
    /// Tab-separated with backslash escapes and `\N` (`mysql -B`, `mysqldump --tab`, `COPY` text).
    Tsv,
    /// An array of objects, or an object with an array of objects in it.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// An SQL dump: `INSERT … VALUES` and `COPY … FROM stdin`.
    Sql,
    /// `mysqldump --xml`, Django XML.
    Xml,
    /// RFC 2849.
    Ldif,
    /// Colon-separated lines: passwd, shadow, htpasswd.
    Colon,
}

impl Format {
    /// Whether a table says all of its columns: objects and entries leave out what they do not have.
    #[must_use]
    pub const fn names_its_columns(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Sql)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Json => "JSON",
            Self::Ndjson => "NDJSON",
            Self::Sql => "SQL dump",
            Self::Xml => "XML",
            Self::Ldif => "LDIF",
            Self::Colon => "colon-separated lines",
        })
    }
}

/// One table of one file: what can be known of it without reading all of it.
///
/// Formats without tables have exactly one, of the empty name.
#[derive(Debug, Clone)]
pub struct TableSample {
    /// Which of the export's files, counting from 0.
    pub file: u16,
    /// The file's path as given; `-` for standard input.
    pub path: PathBuf,
    /// How the file is framed.
    pub format: Format,
    /// The table's name as the file writes it, without quotes and schema; JSON: the name of the array's member; else empty.
    pub table: String,
    /// Columns in order: a CSV's header, a CREATE TABLE's or statement's columns; the union of the first objects' members.
    /// Empty where the file names none.
    pub columns: Vec<String>,
    /// Fields a row, where the file names no columns.
    pub width: usize,
    /// Up to eight records, decoded; headerless rows have columns named `0`, `1`, ….
    pub records: Vec<serde_json::Map<String, serde_json::Value>>,
    /// The file's first bytes after decompression and decoding, up to 4 KiB.
    pub head: String,
}
