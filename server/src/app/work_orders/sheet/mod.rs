//! Sheets of work orders: text with separators and workbooks, read into the rows of the JSON form.
//!
//! Knows columns and cells; what is right for a customer, a site or an order is checked where it is for every import.

mod cells;
mod columns;
mod rows;

use doorstep_sheets::{Limits, Sheet, SheetError, cell_name, read_csv, read_xlsx};

use super::import::ImportRows;
use crate::app::{AppError, AppResult, ErrorCode, FieldFault, Refusal};
use columns::{COLUMNS, Need};

pub(super) use columns::Placed;
pub use columns::template;

/// How a sheet was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetFormat {
    /// Text with separators.
    Csv,
    /// A workbook.
    Xlsx,
}

/// Reads a sheet of work orders; what is wrong with single cells stands with their rows.
///
/// # Errors
/// `body_invalid` for what is no table, `body_too_large` for one beyond the limits of the reader, `invalid` naming each
/// unknown, double or missing column.
pub async fn read_sheet(format: SheetFormat, bytes: Vec<u8>) -> AppResult<ImportRows> {
    let read = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let sheet = match format {
            SheetFormat::Csv => read_csv(&bytes, &limits),
            SheetFormat::Xlsx => read_xlsx(&bytes, &limits),
        };
        rows_of(sheet.map_err(|error| refusal_of(&error))?)
    });
    // A workbook at which the reader panics is a damaged one.
    read.await.unwrap_or_else(|_panic| Err(refusal_of(&SheetError::NoWorkbook)))
}

fn rows_of(sheet: Sheet) -> AppResult<ImportRows> {
    let mut rows = sheet.rows.into_iter();
    let Some(header) = rows.next() else {
        return Err(Refusal::new(ErrorCode::Invalid)
            .both("A1", "a row with the names of columns", "列名所在的首行")
            .into());
    };
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    let mut columns: Vec<Option<Placed>> = Vec::new();
    for (index, cell) in header.cells.iter().enumerate() {
        let placed = cells::text_in(cell).as_deref().and_then(Placed::of);
        let at = cell_name(index, header.number);
        if placed.is_none() && !cell.is_blank() {
            refusal = refusal.fault(unknown_column(at));
        } else if columns.iter().flatten().any(|known| placed.as_ref().is_some_and(|placed| placed.path == known.path))
        {
            refusal = refusal.both(at, "each column once", "每列只出现一次");
        }
        columns.push(placed);
    }
    for fault in missing_columns(&columns) {
        refusal = refusal.fault(fault);
    }
    refusal.into_result()?;
    let rows = (0..).zip(rows).map(|(index, row)| rows::read(index, &row, &columns)).collect();
    Ok(ImportRows { sheet: sheet.name, rows })
}

fn unknown_column(at: String) -> FieldFault {
    let names = |separator: &str, name: fn(&columns::Column) -> &'static str| {
        COLUMNS.iter().map(name).collect::<Vec<_>>().join(separator)
    };
    FieldFault::both(
        at,
        format!("one of {}, or fields. and a code", names(", ", |column| column.name)),
        format!("下列之一：{}，或 fields. 加字段代码", names("、", |column| column.name_zh)),
    )
}

fn missing_columns(columns: &[Option<Placed>]) -> Vec<FieldFault> {
    let has = |path: &str| columns.iter().flatten().any(|placed| placed.path == path);
    let is_missing = |column: &&columns::Column| {
        let is_needed = match column.need {
            Need::Always => true,
            // Their names and paths are the same.
            Need::Unless(other) => !has(other),
            Need::Optional => false,
        };
        is_needed && !has(column.path)
    };
    let missing = COLUMNS.iter().filter(is_missing).map(|column| {
        FieldFault::both(
            column.name,
            format!("a column {} or {}", column.name, column.name_zh),
            format!("列“{}”（或 {}）", column.name_zh, column.name),
        )
    });
    missing.collect()
}

fn refusal_of(error: &SheetError) -> AppError {
    let number = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let invalid = Refusal::new(ErrorCode::BodyInvalid);
    let large = |limit: i64| Refusal { limit: Some(limit), ..Refusal::new(ErrorCode::BodyTooLarge) };
    let beyond = |limit: u64, actual: u64| {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Refusal::new(ErrorCode::BodyTooLarge).limit(number(limit), number(actual))
    };
    let refusal = match error {
        SheetError::Encoding => {
            invalid.detail("The text is neither Unicode nor GB18030", "文本既不是 Unicode 编码，也不是 GB18030 编码")
        }
        SheetError::OpenQuote { row } => invalid.detail(
            format!("A quotation mark that opens in row {row} is never closed"),
            format!("第 {row} 行的引号没有闭合"),
        ),
        SheetError::ClosedOrOld => {
            invalid.detail("Save the workbook without a password, as .xlsx", "请取消工作簿密码，并另存为 .xlsx 格式")
        }
        SheetError::NoSheet => invalid.detail("The workbook has no visible sheet", "工作簿中没有可见的工作表"),
        SheetError::Unpacked { limit } => large(i64::try_from(*limit).unwrap_or(i64::MAX))
            .detail("Unpacked, the workbook is too large", "工作簿解压后过大"),
        SheetError::Strings { limit, actual } => beyond(*limit, *actual).detail(
            format!("The workbook has more than {limit} texts, or says so"),
            format!("工作簿的文本超过 {limit} 条，或其自述如此"),
        ),
        SheetError::Styles { limit, actual } => beyond(*limit, *actual).detail(
            "The workbook has too many cell formats; copy the sheet into a new workbook",
            "工作簿的单元格格式过多，请将工作表复制到新的工作簿",
        ),
        SheetError::Text { limit, actual } => {
            Refusal::new(ErrorCode::BodyTooLarge).limit(number(*limit), number(*actual)).detail(
                format!("The cells have more than {limit} characters together"),
                format!("全部单元格的文字合计超过 {limit} 个字符"),
            )
        }
        SheetError::Rows { limit } => large(number(*limit)).detail(
            format!("The sheet has more than {limit} rows, the header counted"),
            format!("工作表超过 {limit} 行（含表头）"),
        ),
        SheetError::Columns { limit } => large(number(*limit))
            .detail(format!("The sheet has more than {limit} columns"), format!("工作表超过 {limit} 列")),
        SheetError::CellLength { cell, limit } => large(number(*limit))
            .detail(format!("Cell {cell} is longer than {limit} bytes"), format!("单元格 {cell} 超过 {limit} 字节")),
        _ => invalid.detail("The file is no workbook, or damaged", "该文件不是工作簿，或已损坏"),
    };
    refusal.into()
}

#[cfg(test)]
mod tests;
