//! Workbooks of spreadsheet programs since 2007; it must not know what the columns mean.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx};

use crate::packed::check_unpacked;
use crate::{Cell, Gathered, Limits, Sheet, SheetError};

/// How files of before 2007, and those that are closed with a password, begin.
const COMPOUND_FILE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Reads the first visible sheet of a workbook.
///
/// Cells are read one by one: a single cell at the far end of a sheet must not make a table of all cells before it.
///
/// # Errors
/// [`SheetError::NoWorkbook`], [`SheetError::ClosedOrOld`], [`SheetError::NoSheet`], and what is too large.
///
/// # Panics
/// `calamine` may panic at hostile files; the caller takes that for [`SheetError::NoWorkbook`].
pub fn read_xlsx(bytes: &[u8], limits: &Limits) -> Result<Sheet, SheetError> {
    if bytes.starts_with(&COMPOUND_FILE) {
        return Err(SheetError::ClosedOrOld);
    }
    check_unpacked(bytes, limits.unpacked_bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_damaged| SheetError::NoWorkbook)?;
    let is_shown =
        |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    let name = book.sheets_metadata().iter().find(is_shown).map(|sheet| sheet.name.clone());
    let name = name.ok_or(SheetError::NoSheet)?;
    let mut reader = book.worksheet_cells_reader(&name).map_err(|_damaged| SheetError::NoWorkbook)?;
    let mut gathered = Gathered::new(limits);
    while let Some(cell) = reader.next_cell().map_err(|_damaged| SheetError::NoWorkbook)? {
        let (row, column) = cell.get_position();
        let place = |at: u32| usize::try_from(at).map_err(|_beyond| SheetError::NoWorkbook);
        gathered.put(place(row)? + 1, place(column)?, cell_of(cell.get_value()))?;
    }
    Ok(gathered.finish(Some(name)))
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Blank,
        DataRef::String(text) => text_of(text),
        DataRef::SharedString(text) => text_of(text),
        DataRef::Int(number) => Cell::Number(number.to_string()),
        // The shortest digits that mean the same number: what was typed, unless the program has rounded it already.
        DataRef::Float(number) => Cell::Number(number.to_string()),
        DataRef::Bool(true) => Cell::Text("TRUE".to_owned()),
        DataRef::Bool(false) => Cell::Text("FALSE".to_owned()),
        DataRef::DateTime(date) => date_of(date),
        DataRef::DateTimeIso(date) => Cell::Date(date.clone()),
        DataRef::DurationIso(_) | DataRef::Error(_) => Cell::Failed,
    }
}

fn text_of(text: &str) -> Cell {
    // No text of the database can hold a zero byte.
    if text.contains('\0') { Cell::Failed } else { Cell::Text(text.to_owned()) }
}

fn date_of(date: &ExcelDateTime) -> Cell {
    if date.is_duration() {
        return Cell::Failed;
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let day = format!("{year:04}-{month:02}-{day:02}");
    Cell::Date(match (hour, minute, second) {
        (0, 0, 0) => day,
        (hour, minute, second) => format!("{day}T{hour:02}:{minute:02}:{second:02}"),
    })
}

#[cfg(test)]
mod tests;
