//! Workbooks of spreadsheet programs (`.xlsx`, `.xlsb`, `.xls`, `.ods`): the first sheet, as CSV.

use std::io::{Cursor, Write};

use calamine::{Data, Reader, SheetVisible, Sheets, open_workbook_auto_from_rs};

use crate::bytes::every;
use crate::format::input::Packing;

/// A sheet is held in memory as a whole.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Whether a file begins as workbooks of the older format do. Those of newer ones are archives: [`Packing::Workbook`].
pub(super) fn is_one(head: &[u8], packing: &Packing) -> bool {
    *packing == Packing::Workbook || head.starts_with(b"\xd0\xcf\x11\xe0")
}

/// Writes the first sheet that is shown as CSV, and returns what is to be said of it.
///
/// # Errors
/// What is wrong with it, as the second half of a sentence.
pub(super) fn to_csv(bytes: Vec<u8>, out: &mut impl Write) -> Result<String, String> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(unread)?;
    let shown = book.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    let first = names.first().ok_or("it is a workbook without a sheet")?;
    let mut rows =
        Rows { writer: csv::WriterBuilder::new().flexible(true).from_writer(out), row: Vec::new(), at: 0, width: 0 };
    if let Sheets::Xlsx(book) = &mut book {
        let mut cells = book.worksheet_cells_reader(first).map_err(|error| unread(error.into()))?;
        while let Some(cell) = cells.next_cell_with_formula().map_err(|error| unread(error.into()))? {
            let value = Data::from(cell.value);
            if value == Data::Empty && cell.formula.is_some_and(|formula| !formula.is_empty()) {
                let (row, column) = (cell.pos.0 + 1, column_name(cell.pos.1));
                return Err(format!(
                    "cell {column}{row} of its sheet `{first}` is a formula whose value was not stored: save it with a spreadsheet \
                     program, which works it out, or export CSV"
                ));
            }
            rows.put(cell.pos, &value)?;
        }
    } else {
        let sheet = book.worksheet_range(first).map_err(unread)?;
        let (top, left) = sheet.start().unwrap_or_default();
        for (row, column, value) in sheet.used_cells() {
            rows.put((top + row as u32, left + column as u32), value)?;
        }
    }
    rows.end()?;
    rows.writer.flush().map_err(|error| error.to_string())?;
    let others = match names.len() - 1 {
        0 => String::new(),
        1 => format!(" and not `{}`", names[1]),
        n => format!(" and not {n} others"),
    };
    Ok(format!("a spreadsheet may have changed numbers and dates; sheet `{first}` is read{others}"))
}

fn unread(error: calamine::Error) -> String {
    match error.to_string() {
        said if said.to_lowercase().contains("password") => {
            "it is a workbook that is locked with a password".to_owned()
        }
        said => format!("it is a workbook that cannot be read ({said}): save its sheet as CSV (UTF-8)"),
    }
}

/// Cells as they come, row by row: a sheet with one cell far out is not made out in full.
struct Rows<W: Write> {
    writer: csv::Writer<W>,
    row: Vec<String>,
    /// The number of the row.
    at: u32,
    /// The cells of the first row that was written.
    width: usize,
}

impl<W: Write> Rows<W> {
    fn put(&mut self, (row, column): (u32, u32), value: &Data) -> Result<(), String> {
        if *value == Data::Empty {
            return Ok(());
        }
        if row != self.at {
            self.end()?;
            self.at = row;
        }
        // Cells of a row may come in any order.
        self.row.resize(self.row.len().max(column as usize + 1), String::new());
        self.row[column as usize] = text(value);
        Ok(())
    }

    /// Writes the row. One of nothing is none.
    fn end(&mut self) -> Result<(), String> {
        if !self.row.is_empty() {
            self.width = if self.width == 0 { self.row.len() } else { self.width };
            self.row.resize(self.row.len().max(self.width), String::new());
            self.writer.write_record(&self.row).map_err(|error| error.to_string())?;
            self.row.clear();
        }
        Ok(())
    }
}

/// `A`, `Z`, `AA`, as sheets call their columns.
fn column_name(mut column: u32) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + (column % 26) as u8));
        if column < 26 {
            return letters.into_iter().rev().collect();
        }
        column = column / 26 - 1;
    }
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
