//! Text with separators (RFC 4180), as spreadsheet programs write it; it must not know what the columns mean.
//!
//! Read by hand: the number of each row as people see it needs the blank rows and the line breaks inside cells counted.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use crate::{Cell, Gathered, Limits, Sheet, SheetError};

/// Separators: the comma of the standard, what a program writes where a comma stands in numbers, and what is pasted.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Reads a table of text.
///
/// Unicode with or without a byte order mark, else GB18030, which a spreadsheet program in China writes. The separator is
/// the comma, semicolon or tab of which the first line has most.
///
/// # Errors
/// [`SheetError::Encoding`], [`SheetError::OpenQuote`], and what is too large.
pub fn read_csv(bytes: &[u8], limits: &Limits) -> Result<Sheet, SheetError> {
    let text = decode(bytes)?;
    let mut cells = Cells { rest: text.chars().peekable(), separator: separator(&text) };
    let mut gathered = Gathered::new(limits);
    let (mut row, mut column) = (1, 0);
    while let Some((cell, end)) = cells.next_cell(row)? {
        gathered.put(row, column, cell)?;
        match end {
            End::Cell => column += 1,
            End::Row => (row, column) = (row + 1, 0),
        }
    }
    Ok(gathered.finish(None))
}

/// The text of the bytes.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, SheetError> {
    let (encoding, body) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, bytes.get(mark..).unwrap_or_default()),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    // A zero byte is no text in any of them, and no text of the database can hold one.
    let text = encoding.decode_without_bom_handling_and_without_replacement(body);
    text.filter(|text| !text.contains('\0')).ok_or(SheetError::Encoding)
}

/// The separator of which the first line that holds anything has most.
fn separator(text: &str) -> char {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: char| header.chars().filter(|letter| *letter == separator).count();
    let [comma, others @ ..] = SEPARATORS;
    others.into_iter().fold(comma, |most, other| if count(other) > count(most) { other } else { most })
}

/// What ends a cell.
enum End {
    Cell,
    Row,
}

struct Cells<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    separator: char,
}

impl Cells<'_> {
    /// The next cell and what ends it; `None` at the end of the text.
    fn next_cell(&mut self, row: usize) -> Result<Option<(Cell, End)>, SheetError> {
        if self.rest.peek().is_none() {
            return Ok(None);
        }
        let mut text = String::new();
        if self.rest.next_if_eq(&'"').is_some() {
            self.read_quoted(&mut text, row)?;
        }
        // What follows a closing quotation mark belongs to the cell, as programs have it.
        while let Some(letter) = self.rest.next() {
            match letter {
                '\n' => return Ok(Some((Cell::Text(text), End::Row))),
                '\r' if self.rest.peek().is_none_or(|next| *next == '\n') => {}
                '\r' => return Ok(Some((Cell::Text(text), End::Row))),
                letter if letter == self.separator => return Ok(Some((Cell::Text(text), End::Cell))),
                letter => text.push(letter),
            }
        }
        Ok(Some((Cell::Text(text), End::Row)))
    }

    fn read_quoted(&mut self, text: &mut String, row: usize) -> Result<(), SheetError> {
        while let Some(letter) = self.rest.next() {
            if letter != '"' {
                text.push(letter);
            } else if self.rest.next_if_eq(&'"').is_some() {
                text.push('"');
            } else {
                return Ok(());
            }
        }
        Err(SheetError::OpenQuote { row })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { rows: 4, columns: 3, cell_bytes: 20, text_chars: 60, unpacked_bytes: 0 };

    /// Rows as number and texts.
    fn rows(bytes: &[u8]) -> Vec<(usize, Vec<String>)> {
        let sheet = read_csv(bytes, &LIMITS).expect("a table");
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        sheet.rows.iter().map(|row| (row.number, row.cells.iter().map(text).collect())).collect()
    }

    fn row(number: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn rows_have_the_numbers_that_people_see() {
        let text = "a,b\r\n\r\n\"x\r\ny\",2\n,\n3,\"say \"\"hi\"\"\" !";
        assert_eq!(
            rows(text.as_bytes()),
            [row(1, &["a", "b"]), row(3, &["x\r\ny", "2"]), row(5, &["3", "say \"hi\" !"])]
        );
        assert_eq!(rows(b"a\rb\r"), [row(1, &["a"]), row(2, &["b"])], "as old programs end lines");
    }

    #[test]
    fn every_way_that_programs_write_chinese_is_read() {
        let text = "电话,地址\n0532,示例路";
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let (gb, _, _) = GB18030.encode(text);
        let wide: Vec<u8> = "\u{feff}电话\t地址\n0532\t示例路".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let expected = [row(1, &["电话", "地址"]), row(2, &["0532", "示例路"])];
        for bytes in [text.as_bytes(), &marked, &gb, &wide] {
            assert_eq!(rows(bytes), expected, "{bytes:02x?}");
        }
        assert_eq!(read_csv(b"a\xff\xff", &LIMITS), Err(SheetError::Encoding));
        assert_eq!(read_csv(b"a\0", &LIMITS), Err(SheetError::Encoding));
    }

    #[test]
    fn the_separator_is_the_one_the_header_has_most_of() {
        assert_eq!(rows(b"a;b,c;d\n1;2"), [row(1, &["a", "b,c", "d"]), row(2, &["1", "2"])]);
        assert_eq!(rows(b"a\tb\n1\t2"), [row(1, &["a", "b"]), row(2, &["1", "2"])]);
    }

    #[test]
    fn what_is_too_large_or_open_is_named() {
        assert_eq!(read_csv(b"a\nb\nc\nd\ne", &LIMITS), Err(SheetError::Rows { limit: 4 }));
        assert_eq!(read_csv(b"1,2,3,4", &LIMITS), Err(SheetError::Columns { limit: 3 }));
        assert_eq!(read_csv(b"1,2,3,,,\n", &LIMITS).map(|sheet| sheet.rows.len()), Ok(1), "blank columns do not count");
        let long = SheetError::CellLength { cell: "B2".to_owned(), limit: 20 };
        assert_eq!(read_csv(format!("a,b\n1,{}", "x".repeat(21)).as_bytes(), &LIMITS), Err(long));
        assert_eq!(read_csv(b"a,b\n1,\"2\n3,4", &LIMITS), Err(SheetError::OpenQuote { row: 2 }));
        let cell = "字".repeat(6);
        let row = |cells: usize| vec![cell.as_str(); cells].join(",");
        let text = |cells: usize| format!("{}\n{}\n{}\n{}", row(3), row(3), row(3), row(cells));
        assert!(read_csv(text(1).as_bytes(), &LIMITS).is_ok(), "sixty characters");
        assert_eq!(read_csv(text(2).as_bytes(), &LIMITS), Err(SheetError::Text { limit: 60, actual: 66 }));
    }
}
