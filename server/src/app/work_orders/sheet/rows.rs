//! One row of a sheet as one row of an import.

use std::collections::BTreeMap;

use doorstep_sheets::{Cell, Row, cell_name};
use sync_core::time::Geo;

use super::cells::{self, Fault};
use super::columns::{FIELD_PREFIX, Kind, Placed};
use crate::app::FieldFault;
use crate::app::customers::NewCustomer;
use crate::app::sites::NewSite;
use crate::app::work_orders::OrderData;
use crate::app::work_orders::import::{ImportRow, Origin};

/// What may stand between two phone numbers of a cell.
const BETWEEN_PHONES: [char; 8] = [',', '，', ';', '；', '、', '/', '|', '\n'];

/// Reads a row; `index` counts from 0 as in the answer.
pub(super) fn read(index: usize, row: &Row, columns: &[Option<Placed>]) -> ImportRow {
    let mut reader = Reader { index, row, columns, faults: Vec::new(), notes: Vec::new() };
    let customer = reader.customer();
    let site = reader.site();
    let order = reader.order();
    let customer_id = reader.id("customer_id");
    let site_id = reader.id("site_id");
    let grid_name = reader.text("site.grid_id");
    reader.refuse_nameless();
    let columns =
        columns.iter().enumerate().filter_map(|(at, placed)| Some((cell_name(at, row.number), placed.clone()?)));
    ImportRow {
        customer,
        customer_id,
        site,
        site_id,
        order,
        grid_name,
        faults: reader.faults,
        notes: reader.notes,
        origin: Some(Origin { number: row.number, cells: columns.collect() }),
    }
}

struct Reader<'a> {
    index: usize,
    row: &'a Row,
    columns: &'a [Option<Placed>],
    faults: Vec<FieldFault>,
    notes: Vec<FieldFault>,
}

impl Reader<'_> {
    /// The cell of the column that fills this place; blank without such a column.
    fn cell(&self, path: &str) -> (&Cell, Option<Kind>) {
        let at = self.columns.iter().position(|placed| placed.as_ref().is_some_and(|placed| placed.path == path));
        let kind = at.and_then(|at| self.columns.get(at)?.as_ref().map(|placed| placed.kind));
        (at.map_or(&Cell::Blank, |at| self.row.cell(at)), kind)
    }

    fn at(&self, path: &str) -> String {
        format!("rows[{}].{path}", self.index)
    }

    /// What was read, or nothing and one more fault.
    fn take<T>(&mut self, path: &str, read: Result<Option<T>, Fault>) -> Option<T> {
        read.unwrap_or_else(|(en, zh)| {
            self.faults.push(FieldFault::both(self.at(path), en, zh));
            None
        })
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let read = match self.cell(path) {
            (cell, Some(Kind::Word(words))) => cells::read_text(cell).map(|text| text.map(|text| word(words, text))),
            (cell, Some(Kind::Number209)) => cells::read_digits(cell, cells::is_209),
            (cell, Some(Kind::Reference)) => cells::read_digits(cell, cells::is_whole_number),
            (cell, Some(Kind::Field)) => cells::read_field(cell),
            (cell, _) => cells::read_text(cell),
        };
        self.take(path, read)
    }

    /// A cell below no name would be lost without a word: it stands too far right, or the name of its column is missing.
    ///
    /// Only the first is told: a row whose cells have moved has many.
    fn refuse_nameless(&mut self) {
        let is_named = |at: usize| self.columns.get(at).is_some_and(Option::is_some);
        let mut cells = self.row.cells.iter().enumerate();
        let Some((at, _)) = cells.find(|(at, cell)| !cell.is_blank() && !is_named(*at)) else { return };
        let name = cell_name(at, self.row.number);
        let fault = FieldFault::both(
            format!("rows[{}]", self.index),
            format!("nothing in cell {name}, whose column has no name in the first row: move it, or name its column"),
            format!("单元格 {name} 所在列没有列名，应为空：请移动其内容，或在首行填写列名"),
        );
        self.faults.push(FieldFault { cell: Some(name), ..fault });
    }

    /// A whole number; `None` if blank or faulty.
    fn integer(&mut self, path: &str) -> Option<i64> {
        let text = self.text(path)?;
        let read = text.parse().map(Some).map_err(|_no_number| cells::both("a whole number", "整数"));
        self.take(path, read)
    }

    fn id<T: std::str::FromStr>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        let read = text.parse().map(Some).map_err(|_no_id| cells::both("an id as the API shows it", "系统给出的编号"));
        self.take(path, read)
    }

    fn degrees(&mut self, path: &str) -> Option<i64> {
        let text = self.text(path)?;
        let read = cells::microdegrees(&text).map(Some);
        self.take(path, read.ok_or_else(|| cells::both("degrees such as 30.659462", "以度为单位的小数，如 30.659462")))
    }

    /// Whether any cell below this place holds something.
    fn has_any(&self, part: &str) -> bool {
        let mut below = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, placed)| placed.as_ref().is_some_and(|placed| placed.path.starts_with(part)));
        below.any(|(at, _)| !self.row.cell(at).is_blank())
    }

    /// The customer to add; none if no cell says anything of one.
    fn customer(&mut self) -> Option<NewCustomer> {
        if !self.has_any("customer.") {
            return None;
        }
        Some(NewCustomer {
            kind: self.text("customer.kind").unwrap_or_default(),
            name: self.text("customer.name").unwrap_or_default(),
            phones: self.phones(),
            address: self.text("customer.address").unwrap_or_default(),
        })
    }

    fn phones(&mut self) -> Vec<String> {
        let path = "customer.phones";
        let read = cells::read_digits(self.cell(path).0, cells::is_mobile);
        let text = self.take(path, read).unwrap_or_default();
        let phones = text.split(BETWEEN_PHONES).map(str::trim).filter(|phone| !phone.is_empty());
        let phones: Vec<String> = phones.map(str::to_owned).collect();
        if phones.iter().any(|phone| cells::is_short_of_zero(phone)) {
            self.notes.push(FieldFault::both(
                self.at(path),
                "taken as it stands: the zero in front of the area code may be lost",
                "按原样读取：区号首位的 0 可能已丢失",
            ));
        }
        phones
    }

    /// The site to add; none if no cell says anything of one.
    fn site(&mut self) -> Option<NewSite> {
        if !self.has_any("site.") {
            return None;
        }
        Some(NewSite {
            grid: None,
            address: self.text("site.address").unwrap_or_default(),
            geo: self.geo(),
            scene: self.text("site.scene").unwrap_or_default(),
            access_note: self.text("site.access_note"),
        })
    }

    /// Where the site is; a part of a position is a fault, never a position.
    fn geo(&mut self) -> Option<Geo> {
        if !self.has_any("site.geo.") {
            return None;
        }
        let before = self.faults.len();
        let (lat, lon) = (self.degrees("site.geo.lat_udeg"), self.degrees("site.geo.lon_udeg"));
        let (accuracy, datum) = (self.integer("site.geo.acc_m"), self.text("site.geo.datum"));
        let (Some(lat_udeg), Some(lon_udeg), Some(acc_m), Some(datum)) = (lat, lon, accuracy, datum) else {
            if self.faults.len() == before {
                let all = cells::both(
                    "lat, lon, accuracy_m and datum, or none of them",
                    "纬度、经度、精度米、坐标系须同时填写或同时留空",
                );
                self.take::<Geo>("site.geo", Err(all));
            }
            return None;
        };
        Some(Geo { lat_udeg, lon_udeg, acc_m, datum, mock: None })
    }

    fn order(&mut self) -> OrderData {
        let external_ref = self.text("order.external_ref");
        if external_ref.is_some() && matches!(self.cell("order.external_ref").0, Cell::Number(_)) {
            self.notes.push(FieldFault::both(
                self.at("order.external_ref"),
                "taken as the digits of a number: zeros in front would be lost",
                "按数字读取：如首位有 0，可能已丢失",
            ));
        }
        OrderData {
            external_ref,
            number_209: self.text("order.number_209"),
            kind: self.text("order.type").unwrap_or_default(),
            channel: self.text("order.channel").unwrap_or_default(),
            fields: self.fields(),
            priority: self.integer("order.priority").unwrap_or_default(),
        }
    }

    fn fields(&mut self) -> BTreeMap<String, String> {
        let columns = self.columns;
        let codes = columns.iter().flatten().filter_map(|placed| {
            let code = placed.path.strip_prefix("order.")?.strip_prefix(FIELD_PREFIX)?;
            Some((placed.path.as_str(), code))
        });
        codes.filter_map(|(path, code)| Some((code.to_owned(), self.text(path)?))).collect()
    }
}

/// The code of a word in either language; another word is left for the check to refuse.
fn word(words: &[(&str, &str)], text: String) -> String {
    let known = words.iter().find(|(code, zh)| text.eq_ignore_ascii_case(code) || text.eq_ignore_ascii_case(zh));
    known.map_or(text, |(code, _)| (*code).to_owned())
}
