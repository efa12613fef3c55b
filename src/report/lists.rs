//! The lists beside the report, written as records come: rejects with their reasons, who must set a new password, and
//! which id became which.

use std::io::Write;

use serde::Serialize;

use super::escape;
use super::figures::count;
use crate::code::{Code, Refusal};
use crate::error::RunError;
use crate::folder::{Folder, Unfinished};
use crate::format::Position;
use crate::read::{Export, Frame};

/// Why records were refused, one JSON object a line.
pub const REJECTS_LOG: &str = "rejects.log.ndjson";
/// Source id, Appwrite id.
pub const ID_MAP: &str = "id-map.csv";
/// Who must set a new password, and why.
pub const NEEDS_RESET: &str = "needs-reset.csv";
/// Ids whose password hashes belong to no user of the export.
pub const UNMATCHED: &str = "unmatched-hashes.csv";

/// `rejects.<ext>` and `rejects.log.ndjson`: the rows to repair, and why.
///
/// A record's bytes go into the first as they stood in the export: this is the one file of a run that holds hashes, and
/// only those of the rows that were refused.
pub struct Rejects {
    rows: Unfinished,
    log: Unfinished,
    frame: Frame,
    count: u64,
    /// [`LOGGED`]
    logged: u64,
}

/// Rows whose reasons are logged one by one. A line is longer than the row it is about can be: a small archive of empty
/// rows would fill the disk.
const LOGGED: u64 = 1_000_000;

#[derive(Serialize)]
struct LogLine<'l> {
    record: u64,
    code: Code,
    text: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'l str>,
    line: u64,
    byte: u64,
    file: u16,
}

impl Rejects {
    /// Begins both files.
    ///
    /// # Errors
    /// [`RunError::io`] if they cannot be made.
    pub fn begin(folder: &Folder, frame: Frame) -> Result<Self, RunError> {
        let mut rows = folder.begin(&format!("rejects.{}", frame.extension))?;
        put(&mut rows, &frame.head)?;
        Ok(Self { rows, log: folder.begin(REJECTS_LOG)?, frame, count: 0, logged: LOGGED })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn add(
        &mut self,
        position: Position,
        raw: &[u8],
        refusal: &Refusal,
        email: Option<&str>,
        source_id: Option<&str>,
    ) -> Result<(), RunError> {
        if self.count > 0 {
            put(&mut self.rows, self.frame.separator)?;
        }
        put(&mut self.rows, raw)?;
        self.count += 1;
        if self.count > self.logged {
            return Ok(());
        }

        let line = LogLine {
            record: position.record,
            code: refusal.code,
            text: &refusal.text,
            hint: &refusal.hint,
            scheme: refusal.scheme,
            email: email.filter(|email| !email.is_empty()),
            source_id: source_id.filter(|id| !id.is_empty()),
            line: position.line,
            byte: position.byte,
            file: position.file,
        };
        // Made in one place that is large enough for nearly all.
        let mut written = Vec::with_capacity(1024);
        serde_json::to_writer(&mut written, &line).map_err(RunError::bug("what was to be written is no JSON"))?;
        let line = String::from_utf8(written).map_err(RunError::bug("what was to be written is no text"))?;
        put(&mut self.log, (escape::json(line) + "\n").as_bytes())
    }

    /// Puts both files in place. Without a refused record there is no rejects file, and an earlier one is removed: it
    /// would be fed again for nothing.
    ///
    /// # Errors
    /// [`RunError::io`] if they cannot be written to the end.
    pub fn finish(mut self, folder: &Folder) -> Result<(), RunError> {
        if self.count > self.logged {
            let more = self.count - self.logged;
            let text = format!(
                "{} more were refused, too many to log each; the report counts them by reason, the rows stand in rejects.{}",
                count(more),
                self.frame.extension
            );
            let line = serde_json::json!({"more": more, "text": text}).to_string() + "\n";
            put(&mut self.log, line.as_bytes())?;
        }
        self.log.finish()?;
        if self.count == 0 {
            return folder.remove(&format!("rejects.{}", self.frame.extension));
        }
        put(&mut self.rows, self.frame.tail)?;
        self.rows.finish()
    }
}

/// The columns of [`NEEDS_RESET`].
pub(super) const RESET_COLUMNS: [&str; 6] = ["source_id", "user_id", "email", "phone", "code", "reason"];

/// `needs-reset.csv`: who has to set a new password, and why, for a recovery campaign.
pub struct NeedsReset(Table);

impl NeedsReset {
    /// Begins the file.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be made.
    pub fn begin(folder: &Folder) -> Result<Self, RunError> {
        Table::begin(folder, NEEDS_RESET, &RESET_COLUMNS).map(Self)
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn add(
        &mut self,
        source_id: &str,
        user_id: &str,
        email: Option<&str>,
        phone: Option<&str>,
        code: Code,
        reason: &str,
    ) -> Result<(), RunError> {
        let (email, phone) = (email.unwrap_or_default(), phone.unwrap_or_default());
        self.0.row(&[source_id, user_id, email, phone, code.name(), reason])
    }

    /// Puts the file in place.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written to the end.
    pub fn finish(self) -> Result<(), RunError> {
        self.0.file.finish()
    }
}

/// `id-map.csv`: which id became which, for foreign keys elsewhere.
pub struct IdMap(Table);

impl IdMap {
    /// Begins the file.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be made.
    pub fn begin(folder: &Folder) -> Result<Self, RunError> {
        Table::begin(folder, ID_MAP, &["source_id", "user_id"]).map(Self)
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written.
    pub fn add(&mut self, source_id: &str, user_id: &str) -> Result<(), RunError> {
        self.0.row(&[source_id, user_id])
    }

    /// Puts the file in place.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be written to the end.
    pub fn finish(self) -> Result<(), RunError> {
        self.0.file.finish()
    }
}

/// `unmatched-hashes.csv`: whose password hashes are in the export without their user. Returns how many there are; without
/// any there is no file.
///
/// # Errors
/// [`RunError::io`] if it cannot be written.
pub fn unmatched_hashes(folder: &Folder, export: &Export) -> Result<u64, RunError> {
    let mut table = Table::begin(folder, UNMATCHED, &["source_id"])?;
    let mut count = 0;
    export.hashes_of_nobody(|id| {
        count += 1;
        table.row(&[id])
    })?;
    if count == 0 {
        folder.remove(UNMATCHED)?;
    } else {
        table.file.finish()?;
    }
    Ok(count)
}

/// A CSV file that is safe to open in a spreadsheet.
pub(super) struct Table {
    pub(super) file: Unfinished,
    line: String,
}

impl Table {
    pub(super) fn begin(folder: &Folder, name: &str, header: &[&str]) -> Result<Self, RunError> {
        let mut table = Self { file: folder.begin(name)?, line: String::new() };
        table.row(header)?;
        Ok(table)
    }

    pub(super) fn row(&mut self, cells: &[&str]) -> Result<(), RunError> {
        self.line.clear();
        escape::csv_line(&mut self.line, cells);
        put(&mut self.file, self.line.as_bytes())
    }

    /// A row that was read from such a file: its cells are safe already.
    pub(super) fn again(&mut self, row: &csv::StringRecord) -> Result<(), RunError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let line = writer.write_record(row).ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
        put(&mut self.file, &line)
    }
}

fn put(file: &mut Unfinished, bytes: &[u8]) -> Result<(), RunError> {
    file.write_all(bytes).map_err(|error| RunError::io(file.path())(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame { extension: "json", head: b"{\"users\":[\n".to_vec(), separator: b",\n", tail: b"\n]}\n" }
    }

    fn read(folder: &Folder, name: &str) -> String {
        std::fs::read_to_string(folder.file(name)).expect("is there")
    }

    #[test]
    fn rejects_are_a_file_of_the_source_again() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        let mut rejects = Rejects::begin(&folder, frame()).expect("begun");
        let refusal = Refusal::new(Code::InvalidEmail, "the address has no domain\u{202e}");
        for record in 1..=2 {
            let position = Position { record, line: record, ..Position::default() };
            rejects.add(position, br#"{"localId":"a"}"#, &refusal, Some("a@x"), None).expect("written");
        }
        rejects.finish(&folder).expect("finished");
        let rows: serde_json::Value = serde_json::from_str(&read(&folder, "rejects.json")).expect("is JSON");
        assert_eq!(rows["users"].as_array().map(Vec::len), Some(2));

        let log = read(&folder, REJECTS_LOG);
        assert!(
            log.starts_with(r#"{"record":1,"code":"invalid-email","text":"the address has no domain\u202e","#),
            "{log}"
        );
        assert_eq!(log.lines().count(), 2);
    }

    #[test]
    fn the_log_of_refused_rows_is_bounded_and_says_so() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        let mut rejects = Rejects { logged: 3, ..Rejects::begin(&folder, frame()).expect("begun") };
        let refusal = Refusal::new(Code::InvalidEmail, "the address has no domain");
        for record in 1..=10 {
            rejects.add(Position { record, ..Position::default() }, b"{}", &refusal, None, None).expect("written");
        }
        rejects.finish(&folder).expect("finished");
        let log = read(&folder, REJECTS_LOG);
        assert_eq!(log.lines().count(), 4, "{log}");
        assert!(log.ends_with("the rows stand in rejects.json\"}\n") && log.contains("{\"more\":7,"), "{log}");
        let rows: serde_json::Value = serde_json::from_str(&read(&folder, "rejects.json")).expect("is JSON");
        assert_eq!(rows["users"].as_array().map(Vec::len), Some(10));
    }

    #[test]
    fn a_clean_second_run_leaves_no_rejects_to_feed_again() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        folder.write("rejects.json", b"old").expect("written");
        Rejects::begin(&folder, frame()).expect("begun").finish(&folder).expect("finished");
        assert!(!folder.file("rejects.json").exists());
        assert_eq!(read(&folder, REJECTS_LOG), "");
    }

    #[test]
    fn lists_are_safe_to_open_in_a_spreadsheet() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(home.path(), &[]).expect("taken");
        let mut map = IdMap::begin(&folder).expect("begun");
        map.add("=HYPERLINK(1)", "u1").expect("written");
        map.finish().expect("finished");
        assert_eq!(read(&folder, ID_MAP), "source_id,user_id\n\"'=HYPERLINK(1)\",u1\n");

        let mut reset = NeedsReset::begin(&folder).expect("begun");
        reset.add("7", "7", Some("a@x.test"), Some("+4915"), Code::NeedsReset, "x, y").expect("written");
        reset.finish().expect("finished");
        assert!(read(&folder, NEEDS_RESET).ends_with("7,7,a@x.test,\"'+4915\",needs-reset,\"x, y\"\n"));
    }
}
