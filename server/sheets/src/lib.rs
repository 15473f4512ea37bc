//! Tables that people keep in spreadsheet programs: bytes come in, rows of cells or a reason go out.
//!
//! Owns every use of `calamine`, `zip` and `encoding_rs`.
//! It must not know what the columns mean, nor files, HTTP or the database.
//! All functions are synchronous and heavy; the caller runs them on a bounded pool, where a panic is an error.
//!
//! *Architecture Invariant:* nothing of a packed file is kept in memory before [`Limits`] has allowed its unpacked size.
//! *Architecture Invariant:* no cell is altered: what a program made of a number is told as [`Cell::Number`].

mod claims;
mod csv;
mod limits;
mod packed;
mod xlsx;

pub use csv::read_csv;
pub use limits::Limits;
pub use xlsx::read_xlsx;

/// A table as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The name of the sheet, where the file has several.
    pub name: Option<String>,
    /// Its rows from the top, without those that are blank.
    pub rows: Vec<Row>,
}

/// A row that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number that people see beside it, from 1.
    pub number: usize,
    /// Its cells from the left; those at the end that are blank may be absent.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column, from 0; an absent one is blank.
    #[must_use]
    pub fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Blank)
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(Cell::is_blank)
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell {
    /// Nothing.
    #[default]
    Blank,
    /// Text as it was typed.
    Text(String),
    /// What the program took for a number, in decimal digits: zeros in front are lost.
    Number(String),
    /// What the program took for a date, as `2025-03-05` or `2025-03-05T09:30:00`; it has no zone.
    Date(String),
    /// What the program could not work out, such as `#N/A`, or shows as no date of the years 1900 to 9999.
    Failed,
}

impl Cell {
    /// Whether nothing stands in it but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Blank => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Number(_) | Self::Date(_) | Self::Failed => false,
        }
    }
}

/// The name of a cell that people see, such as `C7`.
///
/// # Units
/// The column counts from 0, the row from 1.
#[must_use]
pub fn cell_name(column: usize, row: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    format!("{}{row}", letters.iter().rev().collect::<String>())
}

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SheetError {
    /// The text is neither Unicode nor GB18030.
    #[error("the text is neither Unicode nor GB18030")]
    Encoding,
    /// A quotation mark that opens in this row is never closed.
    #[error("a quotation mark that opens in row {row} is never closed")]
    OpenQuote {
        /// The row, from 1.
        row: usize,
    },
    /// It is no workbook, or a damaged one.
    #[error("the file is no workbook, or damaged")]
    NoWorkbook,
    /// The workbook is closed with a password, or of the form of before 2007.
    #[error("the workbook is closed with a password, or of the form of before 2007")]
    ClosedOrOld,
    /// No sheet of the workbook can be seen.
    #[error("the workbook has no visible sheet")]
    NoSheet,
    /// Unpacked, it is too large.
    #[error("the workbook is larger than {limit} bytes when it is unpacked")]
    Unpacked {
        /// Most bytes.
        limit: u64,
    },
    /// It has too many texts that cells refer to, or says so.
    #[error("the workbook has {actual} texts, more than {limit}")]
    Strings {
        /// Most texts.
        limit: u64,
        /// How many it has, or says that it has.
        actual: u64,
    },
    /// The forms of its cells take too much room.
    #[error("the forms of cells take {actual} bytes, more than {limit}")]
    Styles {
        /// Most bytes.
        limit: u64,
        /// What they may take.
        actual: u64,
    },
    /// The text of all cells is too long.
    #[error("the cells have {actual} characters or more, the limit is {limit}")]
    Text {
        /// Most characters.
        limit: usize,
        /// The characters of all cells up to the one that was too much.
        actual: usize,
    },
    /// It has too many rows.
    #[error("the sheet has more than {limit} rows")]
    Rows {
        /// Most rows.
        limit: usize,
    },
    /// It has too many columns.
    #[error("the sheet has more than {limit} columns")]
    Columns {
        /// Most columns.
        limit: usize,
    },
    /// A cell is too long.
    #[error("the cell {cell} is longer than {limit} bytes")]
    CellLength {
        /// Its name.
        cell: String,
        /// Most bytes.
        limit: usize,
    },
}

/// Rows as they are gathered within limits.
struct Gathered<'a> {
    limits: &'a Limits,
    rows: Vec<Row>,
    text_chars: usize,
}

impl Gathered<'_> {
    fn new(limits: &Limits) -> Gathered<'_> {
        Gathered { limits, rows: Vec::new(), text_chars: 0 }
    }

    /// Puts a cell where it belongs; blank ones take no room, but looking at their white space takes time.
    fn put(&mut self, row: usize, column: usize, cell: Cell) -> Result<(), SheetError> {
        if let Cell::Text(text) | Cell::Number(text) | Cell::Date(text) = &cell {
            let (limit, actual) = (self.limits.text_chars, self.text_chars.saturating_add(text.chars().count()));
            if actual > limit {
                return Err(SheetError::Text { limit, actual });
            }
            self.text_chars = actual;
        }
        let cell = match cell {
            // No text of the database can hold a zero byte.
            Cell::Text(text) if text.contains('\0') => Cell::Failed,
            cell => cell,
        };
        if cell.is_blank() {
            return Ok(());
        }
        if column >= self.limits.columns {
            return Err(SheetError::Columns { limit: self.limits.columns });
        }
        if let Cell::Text(text) | Cell::Number(text) | Cell::Date(text) = &cell
            && text.len() > self.limits.cell_bytes
        {
            return Err(SheetError::CellLength { cell: cell_name(column, row), limit: self.limits.cell_bytes });
        }
        if self.rows.last().is_none_or(|last| last.number != row) {
            if self.rows.len() >= self.limits.rows {
                return Err(SheetError::Rows { limit: self.limits.rows });
            }
            self.rows.push(Row { number: row, cells: Vec::new() });
        }
        if let Some(last) = self.rows.last_mut() {
            if last.cells.len() <= column {
                last.cells.resize(column + 1, Cell::Blank);
            }
            if let Some(place) = last.cells.get_mut(column) {
                *place = cell;
            }
        }
        Ok(())
    }

    fn finish(self, name: Option<String>) -> Sheet {
        Sheet { name, rows: self.rows.into_iter().filter(|row| !row.is_blank()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_people_see_them() {
        let names = [(0, 1), (25, 2), (26, 3), (51, 4), (52, 5), (701, 6), (702, 7)].map(|(c, r)| cell_name(c, r));
        assert_eq!(names, ["A1", "Z2", "AA3", "AZ4", "BA5", "ZZ6", "AAA7"]);
    }
}
