//! Workbooks of spreadsheet programs since 2007; it must not know what the columns mean.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader as _, SheetType, SheetVisible, Xlsx};

use crate::packed::check_packed;
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
    check_packed(bytes, limits)?;
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
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Int(number) => Cell::Number(number.to_string()),
        // The shortest digits that mean the same number: what was typed, unless the program has rounded it already.
        DataRef::Float(number) if number.is_finite() => Cell::Number(number.to_string()),
        DataRef::Bool(true) => Cell::Text("TRUE".to_owned()),
        DataRef::Bool(false) => Cell::Text("FALSE".to_owned()),
        DataRef::DateTime(date) => date_of(date),
        DataRef::DateTimeIso(date) if is_iso_date(date) => Cell::Date(date.clone()),
        DataRef::Float(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) | DataRef::Error(_) => Cell::Failed,
    }
}

/// The days from the first that a program counts to the end of the year 9999.
///
/// # Source
/// Spreadsheet programs count from 1900-01-00 with a day 1900-02-29, or from 1904-01-01.
const DAYS_FROM_1900: f64 = 2_958_466.0;

/// As [`DAYS_FROM_1900`], of a workbook that counts from 1904.
const DAYS_FROM_1904: f64 = 2_957_004.0;

/// What is rounded up to the next day.
const HALF_MILLISECOND_DAYS: f64 = 0.5 / 86_400_000.0;

fn date_of(date: &ExcelDateTime) -> Cell {
    // What is outside of these days would become the first or the last of them.
    let is_from_1904 = *date == ExcelDateTime::new(date.as_f64(), ExcelDateTimeType::DateTime, true);
    let days = if is_from_1904 { DAYS_FROM_1904 } else { DAYS_FROM_1900 };
    let is_within = (0.0..days - HALF_MILLISECOND_DAYS).contains(&date.as_f64());
    if date.is_duration() || !is_within {
        return Cell::Failed;
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    if !is_day(year.into(), month.into(), day.into()) {
        return Cell::Failed;
    }
    let day = format!("{year:04}-{month:02}-{day:02}");
    Cell::Date(match (hour, minute, second) {
        (0, 0, 0) => day,
        (hour, minute, second) => format!("{day}T{hour:02}:{minute:02}:{second:02}"),
    })
}

/// Whether there is such a day in the years 1900 to 9999; a spreadsheet program has a 29 February of 1900, too.
fn is_day(year: u32, month: u32, day: u32) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    (1_900..=9_999).contains(&year) && (1..=last).contains(&day)
}

/// Whether it is a day, or a day and a time, as ISO 8601 has them.
fn is_iso_date(text: &str) -> bool {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u32>().ok()
    };
    let has = |at: usize, mark: &str| text.get(at..=at) == Some(mark);
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else { return false };
    if !(has(4, "-") && has(7, "-") && is_day(year, month, day)) {
        return false;
    }
    let Some(time) = text.get(10..).filter(|time| !time.is_empty()) else { return text.len() == 10 };
    let (Some(hour), Some(minute), Some(second)) = (number(11, 13), number(14, 16), number(17, 19)) else {
        return false;
    };
    let is_time = time.starts_with('T') && has(13, ":") && has(16, ":") && hour < 24 && minute < 60 && second < 60;
    let rest = text.get(19..).unwrap_or_default();
    let rest = rest.strip_suffix('Z').unwrap_or(rest);
    let is_part = |part: &str| (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    is_time && (rest.is_empty() || rest.strip_prefix('.').is_some_and(is_part))
}

#[cfg(test)]
mod tests;
