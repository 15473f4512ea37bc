//! Workbooks as spreadsheet programs write them, made by hand.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// A cell.
#[derive(Debug, Clone)]
pub enum Typed {
    /// Text.
    Text(String),
    /// What the program took for a number.
    Number(&'static str),
    /// What it took for a date: days since the end of 1899.
    Day(u32),
}

impl From<&str> for Typed {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A workbook with one sheet, `工单`, of these rows.
///
/// # Panics
/// Never: it is written into memory.
#[must_use]
pub fn workbook(rows: &[Vec<Typed>]) -> Vec<u8> {
    let mut cells = String::new();
    for row in rows {
        cells.push_str("<row>");
        for cell in row {
            let written = match cell {
                Typed::Text(text) => {
                    let text = text.replace('&', "&amp;").replace('<', "&lt;");
                    write!(cells, r#"<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
                }
                Typed::Number(digits) => write!(cells, "<c><v>{digits}</v></c>"),
                Typed::Day(days) => write!(cells, r#"<c s="1"><v>{days}</v></c>"#),
            };
            written.expect("a string takes everything");
        }
        cells.push_str("</row>");
    }
    packed(&format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>"#))
}

/// A workbook whose sheet is this text.
///
/// # Panics
/// Never: it is written into memory.
#[must_use]
pub fn packed(sheet: &str) -> Vec<u8> {
    let link = |id: &str, kind: &str, target: &str| {
        format!(r#"<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>"#)
    };
    let links = |links: &str| format!(r#"<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>"#);
    let types = format!(
        r#"<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#
    );
    let book = format!(
        r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="工单" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    let styles = format!(
        r#"<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
    );
    let of_book = link("r1", "worksheet", "worksheets/sheet1.xml") + &link("r2", "styles", "styles.xml");
    let parts = [
        ("[Content_Types].xml", types),
        ("_rels/.rels", links(&link("r1", "officeDocument", "xl/workbook.xml"))),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", links(&of_book)),
        ("xl/styles.xml", styles),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in parts {
        archive.start_file(name, options).expect("a part");
        archive.write_all(text.as_bytes()).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}
