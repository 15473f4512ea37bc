//! A new version of the working-day calendar. It counts once it is published, for what is not handed in by then: its days
//! carry their dates.

use doorstep_store::feed::FeedBatch;
use doorstep_store::{Conn, norms};
use serde_json::json;
use sync_core::calendar::{is_weekend, parse_day};
use sync_core::plan::CalendarRow;

use super::publish::publish_calendar;
use super::{Purpose, stale};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal, audit};

/// A calendar version to publish: all its days.
#[derive(Debug, Clone)]
pub struct NewCalendar {
    /// The newest version as its author saw it; 0 where there is none.
    pub base_version: i64,
    /// Weekdays without work, `YYYY-MM-DD`.
    pub holidays: Vec<String>,
    /// Weekend days with work, `YYYY-MM-DD`.
    pub make_up_days: Vec<String>,
}

/// Publishes a calendar version, or only tells whether it could be published.
///
/// # Errors
/// `stale_version` if another version was published meanwhile, `invalid` naming every faulty day.
pub async fn create_calendar(state: &AppState, ctx: Ctx, new: NewCalendar, purpose: Purpose) -> AppResult<CalendarRow> {
    let (app, once) = (state.clone(), ctx.once());
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let newest = norms::find_newest_calendar(conn, org)?.map_or(0, |row| row.version);
        if newest != new.base_version {
            return Err(stale(newest, new.base_version));
        }
        check(&new)?;
        let sorted = |days: &[String]| {
            let mut days = days.to_vec();
            days.sort_unstable();
            days
        };
        let (holidays, make_up_days) = (sorted(&new.holidays), sorted(&new.make_up_days));
        let calendar = CalendarRow { version: newest + 1, holidays, make_up_days, published_at_ms: None };
        if purpose == Purpose::Publish {
            let mut batch = FeedBatch::new();
            publish_calendar(conn, &mut batch, org, &calendar, ctx.now)?;
            let detail = json!({ "holidays": calendar.holidays.len(), "make_up_days": calendar.make_up_days.len() });
            audit::record(conn, &app, &ctx, "calendar.published", calendar.version, &detail)?;
            batch.publish(conn, org)?;
        }
        Ok::<_, AppError>(calendar)
    };
    match purpose {
        Purpose::Check => state.store.read(write).await,
        Purpose::Publish => once.write(&state.store, write).await,
    }
}

/// Every day exists, stands once, and differs from Monday to Friday (GEN-03).
fn check(new: &NewCalendar) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    let mut seen = std::collections::BTreeSet::new();
    let lists = [("holidays", &new.holidays, false), ("make_up_days", &new.make_up_days, true)];
    for (list, days, on_weekend) in lists {
        for (at, text) in days.iter().enumerate() {
            let path = format!("{list}[{at}]");
            let Ok(day) = parse_day(text) else {
                refusal = refusal.fault(fault(
                    path,
                    "a day such as 2025-03-04 that exists",
                    "存在的日期，如 2025-03-04",
                    None,
                ));
                continue;
            };
            if !seen.insert(day) {
                refusal = refusal.fault(fault(path, "a day that stands once", "不重复的日期", Some(text)));
            } else if is_weekend(day) != on_weekend {
                let (en, zh) = if on_weekend {
                    ("a Saturday or Sunday: every other day is worked anyway", "周六或周日，其余日期本为工作日")
                } else {
                    ("a day from Monday to Friday: the weekend is free anyway", "周一至周五，周末本为休息日")
                };
                refusal = refusal.fault(fault(path, en, zh, Some(text)));
            }
        }
    }
    refusal.into_result()
}

fn fault(path: String, en: &str, zh: &str, actual: Option<&str>) -> FieldFault {
    let (expected_zh, actual) = (Some(zh.to_owned()), actual.map(str::to_owned));
    FieldFault { expected_zh, actual, ..FieldFault::new(path, en) }
}
