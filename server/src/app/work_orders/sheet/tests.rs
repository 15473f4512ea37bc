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

#[test]
fn a_cell_below_no_name_is_a_fault_of_its_row() {
    let known = [text("repair"), text("web"), Cell::Blank, text("某地"), text("农村")];
    let with = |at: usize, cell: Cell| {
        let mut row = known.to_vec();
        row.resize(at, Cell::Blank);
        row.push(cell);
        row
    };
    let mut header = header();
    header.truncate(5);
    header.extend([Cell::Blank, text("priority")]);
    let rows = [
        header,
        known.to_vec(),
        with(7, text(" ")),
        with(5, text("在没有列名的列")),
        with(7, Cell::Number("1".to_owned())),
        with(27, Cell::Failed),
    ];
    let rows = rows_of(sheet(&rows.each_ref().map(Vec::as_slice))).expect("rows").rows;
    let told: Vec<Vec<(&str, Option<&str>)>> = rows
        .iter()
        .map(|row| row.faults.iter().map(|fault| (fault.path.as_str(), fault.cell.as_deref())).collect())
        .collect();
    let fault = |path, cell| vec![(path, Some(cell))];
    assert_eq!(
        told,
        [vec![], vec![], fault("rows[2]", "F4"), fault("rows[3]", "H5"), fault("rows[4]", "AB6")],
        "what is blank is no fault"
    );
    assert!(rows.iter().flat_map(|row| &row.faults).all(|fault| fault.expected_zh.is_some()));
}

#[test]
fn a_limit_is_told_with_what_was_sent() {
    for error in [
        SheetError::Strings { limit: 5, actual: u64::MAX },
        SheetError::Styles { limit: 5, actual: u64::MAX },
        SheetError::Text { limit: 5, actual: usize::MAX },
    ] {
        let AppError::Refused(refusal) = refusal_of(&error) else { panic!("refused: {error}") };
        assert_eq!((refusal.limit, refusal.actual), (Some(5), Some(i64::MAX)), "{error}");
        assert_eq!(refusal.code, ErrorCode::BodyTooLarge, "{error}");
        assert!(refusal.detail_en.is_some() && refusal.detail_zh.is_some(), "{error}");
    }
}
