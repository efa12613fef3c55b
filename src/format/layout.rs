//! How the bytes of one record become values: what framing tells decoding.

use std::sync::Arc;

use super::Header;

/// How the bytes of one record become values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Delimited cells, RFC 4180 quoting.
    Csv { delimiter: u8, header: Arc<Header> },
    /// Cells with escapes: `COPY` text, `mysql -B`, `INTO OUTFILE`.
    Tsv { header: Arc<Header>, cells: Escapes },
    /// One JSON object; `copied`: as a line of `COPY` text.
    Json { copied: bool },
    /// One tuple of an INSERT.
    Values { header: Arc<Header>, flavour: Flavour },
    /// The list of an `INSERT … SET`.
    Assigned { header: Arc<Header>, flavour: Flavour },
    /// Fields between colons.
    Colon { header: Arc<Header> },
    /// One element.
    Xml,
    /// One LDIF entry.
    Ldif,
}

impl Layout {
    /// The columns of rows.
    pub fn header(&self) -> Option<&Arc<Header>> {
        match self {
            Self::Csv { header, .. }
            | Self::Tsv { header, .. }
            | Self::Values { header, .. }
            | Self::Assigned { header, .. }
            | Self::Colon { header } => Some(header),
            Self::Json { .. } | Self::Xml | Self::Ldif => None,
        }
    }
}

/// How a tab-separated file writes NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NullWord {
    /// `\N`: `COPY` text, `mysqldump --tab`.
    BackslashN,
    /// The text `NULL`: `mysql -B`.
    Word,
}

/// The records of one table that are written alike.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The table's name as [`super::TableSample::table`] has it.
    pub table: Arc<str>,
    pub layout: Layout,
}

/// How a dump writes strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flavour {
    /// Names in backticks, comments after `#`, strings in double quotes.
    pub mysql: bool,
    /// A backslash in `'…'` escapes: MySQL unless `NO_BACKSLASH_ESCAPES`, PostgreSQL before
    /// `standard_conforming_strings`. Its `E'…'` always do.
    pub backslash: bool,
}

#[cfg(any(test, fuzzing))]
impl Flavour {
    /// MySQL and MariaDB.
    pub const MYSQL: Self = Self { mysql: true, backslash: true };
    /// Everybody else.
    pub const STANDARD: Self = Self { mysql: false, backslash: false };
}

/// How cells are told apart that are not quoted as RFC 4180 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escapes {
    pub delimiter: u8,
    /// What takes its meaning from the next byte. psql's own output has nothing of the kind.
    pub escape: Option<u8>,
    /// Cells stand within double quotes, where delimiters and line feeds are text.
    pub quoted: bool,
    pub null: NullWord,
    /// Binary columns are written as `0x…` (`mysql -B --binary-as-hex`).
    pub hex: bool,
}

impl Escapes {
    /// `COPY` text, `mysqldump --tab`.
    pub const COPY: Self =
        Self { delimiter: b'\t', escape: Some(b'\\'), quoted: false, null: NullWord::BackslashN, hex: false };
}
