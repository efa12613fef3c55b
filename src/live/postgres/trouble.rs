//! What a server says when it refuses, and what helps.

use std::io::ErrorKind;
use std::time::Duration;

use crate::error::RunError;
use crate::escape::shown;

/// The most of a server's sentence that is repeated, in characters.
const MOST: usize = 300;

/// An ErrorResponse, as far as it is told: what is in its details may be somebody's data.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// SQLSTATE (PostgreSQL 15, appendix A).
    code: String,
    message: String,
}

impl Fields {
    pub fn of(body: &[u8]) -> Self {
        let mut fields = Self::default();
        for field in body.split(|&b| b == 0) {
            let Some((kind, text)) = field.split_first() else { continue };
            let text = || shown(&String::from_utf8_lossy(text), MOST).into_owned();
            match kind {
                b'C' => fields.code = text(),
                b'M' => fields.message = text(),
                _ => {}
            }
        }
        fields
    }
}

/// What a server refused.
pub(super) fn refused(name: &str, fields: &Fields) -> RunError {
    let Fields { code, message } = fields;
    let said = RunError::export(format!("{name}: the server says: {message} ({code})"));
    let remedy = match code.as_str() {
        "28P01" => "the password in PGPASSWORD or ~/.pgpass is another one",
        "28000" if message.contains("no encryption") => "add sslmode=verify-full to the address",
        "28000" => "let this user in from here in the server's pg_hba.conf",
        "3D000" => "name the database that has the users in the address",
        "42501" if message.contains("row-level security") => {
            "rows would be hidden from this user: ask as the table's owner, or as a role with BYPASSRLS"
        }
        "42501" => "GRANT SELECT on the table to this user, or ask as another one",
        "53300" => "the server takes no more connections: try again, or ask at another time",
        "55P03" => "another session keeps the table locked, as ALTER TABLE does: try again when it has ended",
        "57P01" | "57P02" | "57P03" => "the server stopped or is starting: try again; nothing was taken from a part",
        "57014" => "somebody cancelled the reading: try again; nothing was taken from a part",
        "40001" => "the server is a standby that had to go on: ask the primary, or raise max_standby_streaming_delay",
        _ => return said,
    };
    said.remedy(remedy)
}

/// What became of a connection.
pub(super) fn gone(name: &str, error: &std::io::Error, silence: Duration) -> RunError {
    let what = match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted => "the server went away".to_owned(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("the server has said nothing for {} seconds", silence.as_secs())
        }
        _ => format!("the connection failed: {error}"),
    };
    RunError::export(format!("{name}: {what}")).remedy("run the same command again: nothing was taken from a part")
}

/// Why nobody answers.
pub(super) fn not_there(name: &str, error: &std::io::Error) -> RunError {
    RunError::export(format!("{name}: no connection: {error}"))
        .remedy("is the server running, and is this its host and port?")
}
