//! What makes a file of rejected records readable again.

use crate::format::file::SourceFile;
use crate::format::{Format, TableSample};

/// `head`, then records with `separator` between them, then `tail`: a file in the source's own format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The file name's ending, without the dot.
    pub extension: &'static str,
    /// What stands before the first record.
    pub head: Vec<u8>,
    /// What stands between two records.
    pub separator: &'static [u8],
    /// What stands after the last record.
    pub tail: &'static [u8],
}

impl Frame {
    /// The frame for records of this table.
    pub(super) fn of(table: &TableSample, file: &SourceFile) -> Self {
        let lines = |extension| Self { extension, head: file.header_bytes(), separator: b"\n", tail: b"\n" };
        match table.format {
            Format::Csv => lines("csv"),
            Format::Tsv => lines("tsv"),
            Format::Ndjson => lines("ndjson"),
            Format::Ldif => Self { separator: b"\n\n", ..lines("ldif") },
            Format::Colon => lines("txt"),
            Format::Xml if table.columns.iter().any(|column| column == "model") => Self {
                head: b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<django-objects version=\"1.0\">\n".to_vec(),
                tail: b"\n</django-objects>\n",
                ..lines("xml")
            },
            Format::Xml => Self {
                head: format!("<?xml version=\"1.0\"?>\n<mysqldump>\n<table_data name=\"{}\">\n", table.table)
                    .into_bytes(),
                tail: b"\n</table_data>\n</mysqldump>\n",
                ..lines("xml")
            },
            Format::Json if table.table.is_empty() => {
                Self { extension: "json", head: b"[\n".to_vec(), separator: b",\n", tail: b"\n]\n" }
            }
            Format::Json => {
                let name = serde_json::Value::from(table.table.as_str());
                Self {
                    extension: "json",
                    head: format!("{{{name}: [\n").into_bytes(),
                    separator: b",\n",
                    tail: b"\n]}\n",
                }
            }
            Format::Sql if file.is_copied(&table.table) => Self {
                extension: "sql",
                head: format!("COPY {} FROM stdin;\n", named(table, '"')).into_bytes(),
                separator: b"\n",
                tail: b"\n\\.\n",
            },
            Format::Sql => Self {
                extension: "sql",
                head: format!("INSERT INTO {} VALUES\n", named(table, if file.speaks_mysql() { '`' } else { '"' }))
                    .into_bytes(),
                separator: b",\n",
                tail: b";\n",
            },
        }
    }
}

/// A table's name and its columns, quoted.
fn named(table: &TableSample, quote: char) -> String {
    let quoted = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
    let columns: Vec<_> = table.columns.iter().map(|column| quoted(column)).collect();
    if columns.is_empty() { quoted(&table.table) } else { format!("{} ({})", quoted(&table.table), columns.join(", ")) }
}
