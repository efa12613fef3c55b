//! Workbooks of spreadsheet programs (`.xlsx`, `.xlsb`, `.xls`, `.ods`): the first sheet, as CSV.

use std::io::{Cursor, Write};

use calamine::{Data, Reader, SheetVisible, open_workbook_auto_from_rs};

use crate::bytes::every;

/// A sheet is held in memory as a whole.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Whether a file begins as workbooks do: as a zip archive whose first entries are a workbook's, or in the format of older ones.
pub(super) fn is_one(head: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(&head[..head.len().min(64 * 1024)], name).is_some();
    head.starts_with(b"\xd0\xcf\x11\xe0")
        || head.starts_with(b"PK\x03\x04")
            && (has(b"[Content_Types].xml") && has(b"xl/") || has(b"application/vnd.oasis.opendocument.spreadsheet"))
}

/// Writes the first sheet that is shown as CSV, and returns what is to be said of it.
///
/// # Errors
/// What is wrong with it, as the second half of a sentence.
pub(super) fn to_csv(bytes: Vec<u8>, out: &mut impl Write) -> Result<String, String> {
    let unread = |error: calamine::Error| match error.to_string() {
        said if said.to_lowercase().contains("password") => {
            "it is a workbook that is locked with a password".to_owned()
        }
        said => format!("it is a workbook that cannot be read ({said}): save its sheet as CSV (UTF-8)"),
    };
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(unread)?;
    let shown = book.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    let first = names.first().ok_or("it is a workbook without a sheet")?;
    let sheet = book.worksheet_range(first).map_err(unread)?;
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    // Rows of nothing stand before a table as well as behind it.
    for row in sheet.rows().filter(|row| row.iter().any(|cell| *cell != Data::Empty)) {
        writer.write_record(row.iter().map(text)).map_err(|error| error.to_string())?;
    }
    writer.flush().map_err(|error| error.to_string())?;
    let others = match names.len() - 1 {
        0 => String::new(),
        1 => format!(" and not `{}`", names[1]),
        n => format!(" and not {n} others"),
    };
    Ok(format!("a spreadsheet may have changed numbers and dates; sheet `{first}` is read{others}"))
}

/// A cell as CSV has it.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Bool(is) => is.to_string(),
        // Whole numbers are floating as well; from here on their digits are no longer their own.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => {
            let text = number.to_string();
            if every(text.as_bytes(), |b| b.is_ascii_digit()) { format!("{number:E}").replace('E', "E+") } else { text }
        }
        Data::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        Data::DateTime(duration) => duration.as_f64().to_string(),
        Data::Error(error) => error.to_string(),
    }
}
