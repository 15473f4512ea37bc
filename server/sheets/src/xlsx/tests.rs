//! Workbooks made by hand, honest and hostile.

use std::io::Write as _;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="旧" sheetId="1" state="hidden" r:id="r1"/><sheet name="工单" sheetId="2" r:id="r2"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="r3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="r4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>"#;

const LIMITS: Limits = Limits { rows: 10, columns: 8, cell_bytes: 100, text_chars: 400, unpacked_bytes: 1 << 20 };

/// A workbook whose visible sheet has these rows, and these texts that cells refer to.
fn book(rows: &str, strings: &str) -> Vec<u8> {
    let sheet = |rows: &str| {
        format!(
            r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
        )
    };
    let strings = format!(r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{strings}</sst>"#);
    packed(&[
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/styles.xml", STYLES),
        ("xl/sharedStrings.xml", &strings),
        ("xl/worksheets/sheet1.xml", &sheet(r#"<row r="1"><c r="A1"><v>1</v></c></row>"#)),
        ("xl/worksheets/sheet2.xml", &sheet(rows)),
    ])
}

fn packed(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in parts {
        archive.start_file(*name, options).expect("a part");
        archive.write_all(text.as_bytes()).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

#[test]
fn the_visible_sheet_is_read_with_what_the_program_made_of_each_cell() {
    let rows = r##"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>地址</t></is></c></row>
        <row r="4"><c r="A4"><v>20900088001</v></c><c r="B4"><v>20.5</v></c><c r="C4" s="1"><v>45721</v></c>
        <c r="D4" s="2"><v>45721.395833333336</v></c><c r="E4" t="e"><v>#N/A</v></c><c r="F4" t="b"><v>1</v></c>
        <c r="G4" s="1"/></row><row r="6"><c r="A6" t="s"><v>1</v></c></row>"##;
    let sheet = read_xlsx(&book(rows, "<si><t>电话</t></si><si><t> </t></si>"), &LIMITS).expect("a workbook");
    assert_eq!(sheet.name.as_deref(), Some("工单"));
    let number = |digits: &str| Cell::Number(digits.to_owned());
    let date = |date: &str| Cell::Date(date.to_owned());
    let cells = vec![
        number("20900088001"),
        number("20.5"),
        date("2025-03-05"),
        date("2025-03-05T09:30:00"),
        Cell::Failed,
        text("TRUE"),
    ];
    let header = vec![text("电话"), Cell::Blank, text("地址")];
    let rows: Vec<(usize, Vec<Cell>)> = sheet.rows.into_iter().map(|row| (row.number, row.cells)).collect();
    assert_eq!(rows, [(1, header), (4, cells)]);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_kept() {
    let limit = LIMITS.unpacked_bytes;
    let blanks = " ".repeat(2 << 20);
    let bomb = book(&blanks, "");
    assert!(bomb.len() < 10_000, "it is small as it comes: {}", bomb.len());
    assert_eq!(read_xlsx(&bomb, &LIMITS), Err(SheetError::Unpacked { limit }));
    // Its directory says that it holds a few bytes.
    let mut liar = bomb;
    let size = u32::try_from(blanks.len() + 130).expect("small").to_le_bytes();
    let honest: Vec<usize> =
        liar.windows(4).enumerate().filter(|(_, at)| at[1..] == size[1..]).map(|(i, _)| i).collect();
    assert!(!honest.is_empty(), "sizes were found");
    for at in honest {
        liar[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    assert!(read_xlsx(&liar, &LIMITS).is_err());

    let far = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    assert_eq!(read_xlsx(&book(far, ""), &LIMITS), Err(SheetError::Columns { limit: 8 }));
    let many: String = (1..=11).map(|row| format!(r#"<row r="{row}"><c r="A{row}"><v>1</v></c></row>"#)).collect();
    assert_eq!(read_xlsx(&book(&many, ""), &LIMITS), Err(SheetError::Rows { limit: 10 }));
    let long = format!(r#"<row r="1"><c r="A1" t="str"><v>{}</v></c></row>"#, "x".repeat(101));
    let too_long = SheetError::CellLength { cell: "A1".to_owned(), limit: 100 };
    assert_eq!(read_xlsx(&book(&long, ""), &LIMITS), Err(too_long));
}

#[test]
fn what_is_no_workbook_is_told() {
    for (bytes, error) in [
        (b"a,b\n1,2".to_vec(), SheetError::NoWorkbook),
        (packed(&[("a.txt", "text")]), SheetError::NoWorkbook),
        ([&COMPOUND_FILE[..], &[0; 600]].concat(), SheetError::ClosedOrOld),
        (Vec::new(), SheetError::NoWorkbook),
    ] {
        assert_eq!(read_xlsx(&bytes, &LIMITS), Err(error));
    }
    let honest = book(r#"<row r="1"><c r="A1"><v>1</v></c></row>"#, "");
    for end in (0..honest.len()).step_by(37) {
        assert!(read_xlsx(&honest[..end], &LIMITS).is_err(), "cut off at {end}");
    }
}

/// The cells of a workbook with one row.
fn cells(row: &str) -> Vec<Cell> {
    let sheet = read_xlsx(&book(&format!(r#"<row r="1">{row}</row>"#), ""), &LIMITS).expect("a workbook");
    sheet.rows.into_iter().flat_map(|row| row.cells).collect()
}

#[test]
fn a_number_that_is_no_date_is_none() {
    for number in ["NaN", "inf", "-inf", "-1", "-0.5", "0", "0.5", "60", "60.5", "59.999999999999", "1e300", "2958466"]
    {
        let cell = format!(r#"<c r="A1" s="1"><v>{number}</v></c>"#);
        assert_eq!(cells(&cell), [Cell::Failed], "{number}");
    }
    for (number, date) in [
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("61", "1900-03-01"),
        ("2958465", "9999-12-31"),
        ("366", "1900-12-31"),
    ] {
        let cell = format!(r#"<c r="A1" s="1"><v>{number}</v></c>"#);
        assert_eq!(cells(&cell), [Cell::Date(date.to_owned())], "{number}");
    }
    assert_eq!(cells(r#"<c r="A1"><v>NaN</v></c><c r="B1"><v>-inf</v></c>"#), [Cell::Failed, Cell::Failed]);
    let of = |days: f64| date_of(&ExcelDateTime::new(days, ExcelDateTimeType::DateTime, true));
    assert_eq!([of(0.0), of(2_957_003.0)], ["1904-01-01", "9999-12-31"].map(|date| Cell::Date(date.to_owned())));
    assert_eq!([of(-1.0), of(2_957_004.0), of(2_958_465.0)], [Cell::Failed, Cell::Failed, Cell::Failed]);
}

#[test]
fn a_text_that_is_no_date_is_none() {
    let date = |text: &str| cells(&format!(r#"<c r="A1" t="d"><v>{text}</v></c>"#));
    for day in ["2025-03-05", "2024-02-29T23:59:59", "2025-03-05T09:30:00.125Z"] {
        assert_eq!(date(day), [Cell::Date(day.to_owned())]);
    }
    for none in ["hello", "1900-02-29", "1899-12-31", "2025-13-01", "2025-03-05T24:00:00", "2025-03-05x", "2025-03-0五"]
    {
        assert_eq!(date(none), [Cell::Failed], "{none}");
    }
}

#[test]
fn what_a_workbook_says_of_itself_is_not_believed() {
    let claim = r#"<sst count="4294967295" uniqueCount="4294967295">"#;
    let parts = |name| packed(&[("_rels/.rels", RELS), (name, claim)]);
    for name in ["xl/sharedStrings.xml", "XL/sharedstrings.XML", "sharedStrings.xml"] {
        let refused = SheetError::Strings { limit: 80, actual: 4_294_967_295 };
        assert_eq!(read_xlsx(&parts(name), &LIMITS), Err(refused), "{name}");
    }
}

#[test]
fn one_text_in_many_cells_counts_in_each() {
    for letter in ["电", " ", "_x0000_"] {
        let row = |row: usize| format!(r#"<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>"#);
        let strings = format!(r#"<si><t xml:space="preserve">{}</t></si>"#, letter.repeat(33));
        let rows = |count: usize| (1..=count).map(row).collect::<String>();
        let many = Limits { rows: 20, ..LIMITS };
        assert!(read_xlsx(&book(&rows(12), &strings), &many).is_ok());
        let refused = SheetError::Text { limit: 400, actual: 429 };
        assert_eq!(read_xlsx(&book(&rows(13), &strings), &many), Err(refused));
    }
}
