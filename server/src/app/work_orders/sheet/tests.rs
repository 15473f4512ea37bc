//! Sheets as rows of an import.

use doorstep_sheets::{Cell, Row};

use super::*;

fn sheet(rows: &[&[Cell]]) -> Sheet {
    let rows = rows.iter().enumerate().map(|(at, cells)| Row { number: at + 1, cells: cells.to_vec() });
    Sheet { name: None, rows: rows.collect() }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn header() -> Vec<Cell> {
    ["type", "channel", "customer_id", "site_address", "scene", "lat", "lon", "datum"].map(text).to_vec()
}

#[test]
fn a_part_of_a_position_is_no_position() {
    let row = [text("repair"), text("web"), Cell::Blank, text("某地"), text("农村"), Cell::Number("30.5".to_owned())];
    let rows = rows_of(sheet(&[&header(), &row])).expect("rows").rows;
    let [row] = rows.as_slice() else { panic!("one row, not {rows:?}") };
    assert_eq!(row.site.as_ref().map(|site| (site.scene.as_str(), site.geo.is_some())), Some(("rural", false)));
    assert_eq!(row.faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["rows[0].site.geo"]);
    assert!(row.customer.is_none(), "no column says anything of one");
}

#[test]
fn a_sheet_without_rows_has_no_names_of_columns() {
    let Err(AppError::Refused(refusal)) = rows_of(sheet(&[])) else { panic!("refused") };
    assert_eq!(refusal.fields[0].path, "A1");
}
