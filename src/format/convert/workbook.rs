//! Workbooks of spreadsheet programs (`.xlsx`, `.xlsb`, `.xls`, `.ods`): the sheet with rows as CSV, several as lists of JSON.

use std::io::{BufRead, BufReader, Cursor, Read, Write};

use calamine::{Data, Reader, SheetVisible, Sheets, open_workbook_auto_from_rs};
use memchr::{memmem, memrchr};
use serde_json::Value as Json;

use crate::bytes::every;
use crate::format::input::Packing;
use crate::format::sniff::Kind;

/// So much of what an OpenDocument is packed from is looked at.
const MAX_CONTENT: u64 = 1024 * 1024 * 1024;

/// No tag of it is longer.
const MAX_TAG: u64 = 64 * 1024;

/// A sheet is held in memory as a whole.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Rows and columns that a sheet can have in any of the formats.
const MAX_PLACE: (u32, u32) = (1_048_576, 16_384);

/// Whether a file begins as workbooks of the older format do. Those of newer ones are archives: [`Packing::Workbook`].
pub(super) fn is_one(head: &[u8], packing: &Packing) -> bool {
    *packing == Packing::Workbook || head.starts_with(b"\xd0\xcf\x11\xe0")
}

/// So many cells may be made of others by a number that says how often they stand there.
const MAX_REPEATED: u64 = 1_000_000;

/// So many rows with a title, a date and the like may stand above a header.
const TITLES: usize = 12;

/// A sheet that is shown, as CSV.
struct Sheet {
    name: String,
    csv: Vec<u8>,
    rows: usize,
}

/// Writes the sheet that is shown as CSV; of several with rows beneath a header each becomes a list of JSON under its name, which
/// is chosen and joined as tables are. Returns what is to be said of it.
///
/// # Errors
/// What is wrong with it, as the second half of a sentence.
pub(super) fn to_text(bytes: Vec<u8>, out: &mut impl Write) -> Result<(String, Option<Kind>), String> {
    if repeats(&bytes) > MAX_REPEATED {
        let said = "it is a workbook that says of rows or cells that they stand there again and again, more often than any table of people \
                    does: delete what stands beneath and beside the table, or save it as CSV (UTF-8)";
        return Err(said.to_owned());
    }
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(unread)?;
    let named = |shown: bool| {
        let sheets = book.sheets_metadata().iter();
        sheets.filter(move |sheet| (sheet.visible == SheetVisible::Visible) == shown).map(|sheet| sheet.name.clone())
    };
    let (names, hidden): (Vec<String>, Vec<String>) = (named(true).collect(), named(false).collect());
    if names.is_empty() {
        return Err("it is a workbook without a sheet".to_owned());
    }
    let mut sheets = Vec::new();
    for name in names {
        sheets.push(sheet(&mut book, name)?);
    }
    // What has no row beneath its header holds nobody: notes, and the empty sheets of every new workbook.
    if sheets.iter().any(|sheet| sheet.rows > 1) {
        sheets.retain(|sheet| sheet.rows > 1);
    } else {
        sheets.truncate(1);
    }
    let written = |error: std::io::Error| error.to_string();
    let listed = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (read, kind) = match &sheets[..] {
        [only] => {
            out.write_all(&only.csv).map_err(written)?;
            (format!("sheet `{}` is read", only.name), None)
        }
        several => {
            let lists = several.iter().map(|sheet| Ok((sheet.name.clone(), objects(&sheet.csv)?)));
            let lists: serde_json::Map<String, Json> = lists.collect::<Result<_, String>>()?;
            serde_json::to_writer(&mut *out, &lists).map_err(|error| error.to_string())?;
            let names: Vec<_> = several.iter().map(|sheet| sheet.name.clone()).collect();
            (
                format!("its sheets {} are read as tables of these names", listed(&names)),
                Some(Kind::Json { sequence: false, prelude: 0 }),
            )
        }
    };
    let hidden =
        if hidden.is_empty() { String::new() } else { format!("; hidden sheets are not read: {}", listed(&hidden)) };
    Ok((format!("a spreadsheet may have changed numbers and dates; {read}{hidden}"), kind))
}

fn sheet(book: &mut Sheets<Cursor<Vec<u8>>>, name: String) -> Result<Sheet, String> {
    let mut csv = Vec::new();
    let writer = csv::WriterBuilder::new().flexible(true).from_writer(&mut csv);
    let mut rows = Rows { writer, row: Vec::new(), above: Vec::new(), at: 0, width: 0, written: 0 };
    if let Sheets::Xlsx(book) = book {
        let mut cells = book.worksheet_cells_reader(&name).map_err(|error| unread(error.into()))?;
        while let Some(cell) = cells.next_cell_with_formula().map_err(|error| unread(error.into()))? {
            let value = Data::from(cell.value);
            if value == Data::Empty && cell.formula.is_some_and(|formula| !formula.is_empty()) {
                let (row, column) = (cell.pos.0 + 1, column_name(cell.pos.1));
                return Err(format!(
                    "cell {column}{row} of its sheet `{name}` is a formula whose value was not stored: save it with a spreadsheet \
                     program, which works it out, or export CSV"
                ));
            }
            rows.put(cell.pos, &value)?;
        }
    } else {
        let sheet = book.worksheet_range(&name).map_err(unread)?;
        let (top, left) = sheet.start().unwrap_or_default();
        for (row, column, value) in sheet.used_cells() {
            rows.put((top + row as u32, left + column as u32), value)?;
        }
    }
    rows.finish()?;
    rows.writer.flush().map_err(|error| error.to_string())?;
    let written = rows.written;
    drop(rows);
    Ok(Sheet { name, csv, rows: written })
}

/// The rows of CSV as objects. Of columns that are called alike each after the first gets a number.
fn objects(csv: &[u8]) -> Result<Json, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    let mut names: Vec<String> = Vec::new();
    for name in reader.headers().map_err(|error| error.to_string())? {
        let alike = names.iter().filter(|other| *other == name || other.starts_with(&format!("{name} ("))).count();
        names.push(if alike == 0 { name.to_owned() } else { format!("{name} ({})", alike + 1) });
    }
    let mut list = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let cells = row.iter().enumerate().filter_map(|(at, cell)| {
            let name = names.get(at).filter(|name| !name.is_empty()).cloned();
            let name = name.or_else(|| (!cell.is_empty()).then(|| format!("column {}", column_name(at as u32))))?;
            Some((name, Json::from(cell)))
        });
        list.push(Json::Object(cells.collect()));
    }
    Ok(Json::Array(list))
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
    /// The first rows, as long as they may be a title above the header.
    above: Vec<Vec<String>>,
    /// The number of the row.
    at: u32,
    /// The cells of the first row that was written.
    width: usize,
    written: usize,
}

impl<W: Write> Rows<W> {
    fn put(&mut self, (row, column): (u32, u32), value: &Data) -> Result<(), String> {
        if *value == Data::Empty {
            return Ok(());
        }
        if row >= MAX_PLACE.0 || column >= MAX_PLACE.1 {
            return Err("it is a workbook that is damaged: a cell stands where no sheet has one".to_owned());
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

    /// Takes the row as a whole. One of nothing is none.
    fn end(&mut self) -> Result<(), String> {
        let row = std::mem::take(&mut self.row);
        let filled = |row: &[String]| row.iter().filter(|cell| !cell.is_empty()).count();
        if filled(&row) == 0 {
            return Ok(());
        }
        if self.width == 0 && self.above.len() < TITLES {
            let widest = self.above.iter().map(|row| filled(row)).max().unwrap_or(0);
            if filled(&row) <= 2 {
                self.above.push(row);
                return Ok(());
            }
            // Names of columns are more than the words above them, and neither are people.
            let is_nobody = |row: &Vec<String>| !row.iter().any(|cell| cell.contains('@'));
            let are_names = is_nobody(&row) && !row.iter().any(|cell| cell.parse::<f64>().is_ok());
            if are_names && filled(&row) >= 2 * widest && self.above.iter().all(is_nobody) {
                self.above.clear();
            }
        }
        self.flush()?;
        self.write(row)
    }

    /// Writes the first rows, which are no title.
    fn flush(&mut self) -> Result<(), String> {
        std::mem::take(&mut self.above).into_iter().try_for_each(|row| self.write(row))
    }

    fn finish(&mut self) -> Result<(), String> {
        self.end()?;
        self.flush()
    }

    fn write(&mut self, mut row: Vec<String>) -> Result<(), String> {
        self.width = if self.width == 0 { row.len() } else { self.width };
        row.resize(row.len().max(self.width), String::new());
        self.written += 1;
        self.writer.write_record(&row).map_err(|error| error.to_string())
    }
}

/// How many cells of OpenDocument's sheets are not written out: of a row or a cell it is said how often it is repeated. What is too
/// large to be looked at has any number.
fn repeats(bytes: &[u8]) -> u64 {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return 0 };
    let Ok(content) = archive.by_name("content.xml") else { return 0 };
    if content.size() > MAX_CONTENT {
        return u64::MAX;
    }
    repeated(BufReader::new(content.take(MAX_CONTENT)))
}

fn repeated(mut xml: impl BufRead) -> u64 {
    let times = |tag: &[u8], name: &[u8]| -> u64 {
        let Some(at) = memmem::find(tag, name) else { return 1 };
        let digits = tag[at + name.len()..].iter().take_while(|b| b.is_ascii_digit());
        digits.fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')))
    };
    let (mut all, mut rows, mut open) = (0_u64, 1, None);
    let mut piece = Vec::new();
    loop {
        // What is damaged is told where it is read.
        piece.clear();
        let read = xml.by_ref().take(MAX_TAG).read_until(b'>', &mut piece).unwrap_or(0);
        if read == 0 {
            return all;
        }
        // A cell that was opened holds something, unless it is closed at once.
        let is_closed = piece.starts_with(b"</");
        let cells: u64 = open.take().filter(|_| !is_closed).unwrap_or(1);
        all = all.saturating_add(cells.saturating_sub(1));
        let Some(tag) = memrchr(b'<', &piece).map(|at| &piece[at..]) else { continue };
        if !tag.ends_with(b">") {
            return u64::MAX;
        }
        if tag.starts_with(b"<table:table-row") {
            rows = times(tag, b"number-rows-repeated=\"");
        } else if tag.starts_with(b"<table:table-cell") || tag.starts_with(b"<table:covered-table-cell") {
            let cells = rows.saturating_mul(times(tag, b"number-columns-repeated=\""));
            // A value stands in the tag itself.
            if memmem::find(tag, b"office:").is_some() {
                all = all.saturating_add(cells.saturating_sub(1));
            } else if !tag.ends_with(b"/>") {
                open = Some(cells);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_stand_there_by_a_number_are_counted() {
        let cell = |attributes: &str, inner: &str| {
            format!(
                "<table:table-row><table:table-cell {attributes} table:number-columns-repeated=\"500\"{inner}</table:table-row>"
            )
        };
        let text = "><text:p>x</text:p></table:table-cell>";
        for (xml, count) in [
            (cell("", "/>"), 0),
            (cell("", "></table:table-cell>"), 0),
            (cell("", text), 499),
            (cell("office:value-type=\"float\" office:value=\"7\"", "/>"), 499),
            (cell("office:value-type=\"float\" office:value=\"7\"", text), 499),
            (
                cell("", text)
                    .replace("table-row><", "table-row table:number-rows-repeated=\"10\"><")
                    .replace("cell ", "cell a=\"\" "),
                4999,
            ),
            (cell("", text).replace("table:table-cell", "table:covered-table-cell"), 499),
            (format!("<table:table-cell {}", "x".repeat(70_000)), u64::MAX),
        ] {
            assert_eq!(repeated(xml.as_bytes()), count, "{}", &xml[..xml.len().min(200)]);
        }
    }
}
