//! The columns of a sheet of work orders: their names in both languages, and what each fills.

use crate::domain::fold::fold;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; a number is its digits.
    Text,
    /// One of these words: code and Chinese name.
    Word(&'static [(&'static str, &'static str)]),
    /// Phone numbers with marks between them.
    Phones,
    /// The 209 number.
    Number209,
    /// A number of another system, of which nothing is known.
    Reference,
    /// An id of ours.
    Id,
    /// Degrees with decimals.
    Degrees,
    /// A whole number.
    Integer,
    /// An order field: dates are texts, too.
    Field,
}

/// A column that every sheet may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// English name, an identifier.
    pub name: &'static str,
    /// Chinese name.
    pub name_zh: &'static str,
    /// The place in a row of the JSON form.
    pub path: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// Whether a sheet must have it.
    pub need: Need,
}

/// Whether a sheet must have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Always,
    /// Unless there is a column of this name.
    Unless(&'static str),
    /// Never.
    Optional,
}

const CUSTOMER_KINDS: [(&str, &str); 2] = [("individual", "个人"), ("institution", "机构")];

const SCENES: [(&str, &str); 3] = [("urban_residential", "城市小区"), ("rural", "农村"), ("business", "商企")];

const TYPES: [(&str, &str); 10] = [
    ("install", "装机"),
    ("remove", "拆机"),
    ("move", "移机"),
    ("repair", "故障处理"),
    ("return_visit", "回访"),
    ("retention", "挽留"),
    ("survey", "调研"),
    ("call", "拜访"),
    ("complaint", "投诉"),
    ("inspection", "预验收"),
];

const CHANNELS: [(&str, &str); 6] = [
    ("hotline", "热线"),
    ("store", "营业厅"),
    ("web", "网站"),
    ("app", "应用"),
    ("online_marketing", "线上营销"),
    ("integrator", "外部系统"),
];

const DATUMS: [(&str, &str); 3] = [("wgs84", "WGS-84"), ("gcj02", "GCJ-02"), ("bd09", "BD-09")];

/// Every column but those of order fields of other codes, in the order of the template.
///
/// # Source
/// Rulebook 1.2; the order fields are those that templates read.
pub const COLUMNS: [Column; 22] = [
    column("external_ref", "外部单号", "order.external_ref", Kind::Reference, Need::Optional),
    column("number_209", "209号码", "order.number_209", Kind::Number209, Need::Optional),
    column("type", "工单类型", "order.type", Kind::Word(&TYPES), Need::Always),
    column("channel", "渠道", "order.channel", Kind::Word(&CHANNELS), Need::Always),
    column("priority", "优先级", "order.priority", Kind::Integer, Need::Optional),
    column("contracted_mbps", "签约带宽", "order.fields.contracted_mbps", Kind::Field, Need::Optional),
    column("inspection_phase", "验收阶段", "order.fields.inspection_phase", Kind::Field, Need::Optional),
    column("trigger", "触发事由", "order.fields.trigger", Kind::Field, Need::Optional),
    column("customer_kind", "客户类型", "customer.kind", Kind::Word(&CUSTOMER_KINDS), Need::Unless("customer_id")),
    column("customer_name", "客户姓名", "customer.name", Kind::Text, Need::Unless("customer_id")),
    column("phones", "联系电话", "customer.phones", Kind::Phones, Need::Optional),
    column("customer_address", "客户地址", "customer.address", Kind::Text, Need::Unless("customer_id")),
    column("site_address", "施工地址", "site.address", Kind::Text, Need::Unless("site_id")),
    column("scene", "场景", "site.scene", Kind::Word(&SCENES), Need::Unless("site_id")),
    column("access_note", "进门说明", "site.access_note", Kind::Text, Need::Optional),
    column("grid", "网格", "site.grid_id", Kind::Text, Need::Optional),
    column("lat", "纬度", "site.geo.lat_udeg", Kind::Degrees, Need::Optional),
    column("lon", "经度", "site.geo.lon_udeg", Kind::Degrees, Need::Optional),
    column("accuracy_m", "精度米", "site.geo.acc_m", Kind::Integer, Need::Optional),
    column("datum", "坐标系", "site.geo.datum", Kind::Word(&DATUMS), Need::Optional),
    column("customer_id", "客户编号", "customer_id", Kind::Id, Need::Optional),
    column("site_id", "地点编号", "site_id", Kind::Id, Need::Optional),
];

const fn column(name: &'static str, name_zh: &'static str, path: &'static str, kind: Kind, need: Need) -> Column {
    Column { name, name_zh, path, kind, need }
}

/// How the name of a column of an order field of another code begins.
pub const FIELD_PREFIX: &str = "fields.";

/// A column of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its name, as it stands here, never as it was sent.
    pub name: String,
    /// The place in a row of the JSON form.
    pub path: String,
    /// How it is read.
    pub kind: Kind,
}

impl Placed {
    /// The column that a header names, however it is spelled.
    #[must_use]
    pub fn of(header: &str) -> Option<Self> {
        let header = fold(header);
        let known = COLUMNS.iter().find_map(|column| {
            let name = [column.name, column.name_zh].into_iter().find(|name| fold(name) == header)?;
            Some(Self { name: name.to_owned(), path: column.path.to_owned(), kind: column.kind })
        });
        known.or_else(|| {
            let code = header.strip_prefix(FIELD_PREFIX)?;
            let is_code = !code.is_empty()
                && code.len() <= 64
                && code.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            let path = format!("order.{FIELD_PREFIX}{code}");
            is_code.then(|| Self { name: format!("{FIELD_PREFIX}{code}"), path, kind: Kind::Field })
        })
    }

    /// Whether a fault at this place of a row is one of this column.
    #[must_use]
    pub fn holds(&self, place: &str) -> bool {
        let is_below = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        // Who gives no customer may give the id of one.
        let is_instead = self.path.strip_suffix("_id") == Some(place);
        is_below(&self.path, place) || is_below(place, &self.path) || is_instead
    }
}

/// A file with the names of all columns and no row, to be filled in: with a byte order mark, by which spreadsheet programs know
/// that it is Unicode.
#[must_use]
pub fn template(is_chinese: bool) -> String {
    let names = COLUMNS.iter().map(|column| if is_chinese { column.name_zh } else { column.name });
    format!("\u{feff}{}\r\n", names.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::app::{customers, sites, work_orders};

    fn codes(words: &[(&'static str, &str)]) -> Vec<&'static str> {
        words.iter().map(|(code, _)| *code).collect()
    }

    #[test]
    fn the_words_are_those_of_the_json_form() {
        assert_eq!(codes(&TYPES), work_orders::KINDS);
        assert_eq!(codes(&CHANNELS), work_orders::CHANNELS);
        assert_eq!(codes(&SCENES), sites::SCENES);
        assert_eq!(codes(&CUSTOMER_KINDS), customers::KINDS);
    }

    #[test]
    fn each_name_means_one_column() {
        let names: BTreeSet<String> =
            COLUMNS.iter().flat_map(|column| [fold(column.name), fold(column.name_zh)]).collect();
        assert_eq!(names.len(), 2 * COLUMNS.len());
        for column in &COLUMNS {
            if let Need::Unless(other) = column.need {
                assert!(COLUMNS.iter().any(|known| known.name == other), "{other}");
            }
        }
    }

    #[test]
    fn headers_are_known_however_they_are_spelled() {
        let path = |header: &str| Placed::of(header).map(|column| column.path);
        assert_eq!(path(" ２０９ 号码 ").as_deref(), Some("order.number_209"));
        assert_eq!(path("Customer_Name").as_deref(), Some("customer.name"));
        assert_eq!(path("fields.tariff_2").as_deref(), Some("order.fields.tariff_2"));
        assert_eq!([path(""), path("备注"), path("fields."), path("fields.资费")], [None, None, None, None]);
    }

    #[test]
    fn faults_belong_to_the_column_that_holds_their_place() {
        let holds = |header: &str, place: &str| Placed::of(header).is_some_and(|column| column.holds(place));
        assert!(holds("phones", "customer.phones[1]") && holds("type", "order.type"));
        assert!(holds("site_id", "site") && holds("customer_address", "customer"));
        assert!(holds("lat", "site.geo") && holds("contracted_mbps", "order.fields"));
        assert!(!holds("site_id", "site.address") && !holds("site_address", "site.access_note"));
    }
}
