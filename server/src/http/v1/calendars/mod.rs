//! Published calendars of working days.

pub mod check;
pub mod create;
pub mod list;
pub mod show;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::norms::NewCalendar;

/// All days of the next calendar version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "base_version": 1, "holidays": ["2025-10-01", "2026-01-01"], "make_up_days": ["2025-10-11"]
}))]
pub struct CalendarIn {
    /// The newest version as its author read it.
    pub base_version: i64,
    /// Weekdays without work, `YYYY-MM-DD`, in any order.
    pub holidays: Vec<String>,
    /// Weekend days with work, `YYYY-MM-DD`, in any order.
    pub make_up_days: Vec<String>,
}

impl From<CalendarIn> for NewCalendar {
    fn from(body: CalendarIn) -> Self {
        Self { base_version: body.base_version, holidays: body.holidays, make_up_days: body.make_up_days }
    }
}
