//! The table of keys, one file for each family; the only place where a number of the norms stands.
//!
//! `docs/POLICY.md` is written from it (`doorstep policy-keys`).

mod appointments;
mod assessment;
mod customers;
mod general;
mod installs;
mod internal;
mod photos;
mod retention;
mod return_visits;
mod surveys;

pub use appointments::*;
pub use assessment::*;
pub use customers::*;
pub use general::*;
pub use installs::*;
pub use internal::*;
pub use photos::*;
pub use retention::*;
pub use return_visits::*;
pub use surveys::*;

use super::Parameter;

/// A family of keys, as the document shows it.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Name in English.
    pub en: &'static str,
    /// Name in Chinese.
    pub zh: &'static str,
    /// Its keys.
    pub rows: &'static [Parameter],
}

const fn family(en: &'static str, zh: &'static str, rows: &'static [Parameter]) -> Family {
    Family { en, zh, rows }
}

/// Every family, in the order of the document.
pub const FAMILIES: [Family; 10] = [
    family("Conventions of all systems", "通用约定", general::ROWS),
    family("Appointments, contacts, visits", "预约、联系与拜访", appointments::ROWS),
    family("Installs, repairs, inspections, warranty", "装维、验收与保修", installs::ROWS),
    family("Return visits and complaints", "回访与投诉", return_visits::ROWS),
    family("Customers and their grades", "客户档案与分级", customers::ROWS),
    family("Retention", "挽留", retention::ROWS),
    family("Service-needs survey", "需求调研", surveys::ROWS),
    family("Assessment", "考核", assessment::ROWS),
    family("Meetings, reports, liaison sheets, deductions", "会议、报告、联络单与扣罚", internal::ROWS),
    family("Findings about photos", "照片检查", photos::ROWS),
];

/// Every key, in the order of the document.
pub fn all() -> impl Iterator<Item = &'static Parameter> {
    FAMILIES.iter().flat_map(|family| family.rows)
}
