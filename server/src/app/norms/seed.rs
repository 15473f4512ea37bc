//! The product's norms: what a new organisation begins with.

use doorstep_store::Conn;
use doorstep_store::feed::FeedBatch;
use sync_core::ids::OrgId;
use sync_core::plan::{CalendarRow, PolicyRow};
use sync_core::policy;
use sync_core::template::Template;
use sync_core::time::UnixMillis;

use super::publish::{publish_calendar, publish_policy, publish_template, template_row};
use crate::app::{AppError, AppResult};

/// The product's templates.
const TEMPLATES: [&str; 8] = [
    include_str!("../../../../sync-core/data/templates/broadband_install.yaml"),
    include_str!("../../../../sync-core/data/templates/broadband_repair.yaml"),
    include_str!("../../../../sync-core/data/templates/complaint_visit.yaml"),
    include_str!("../../../../sync-core/data/templates/customer_call.yaml"),
    include_str!("../../../../sync-core/data/templates/pre_acceptance_inspection.yaml"),
    include_str!("../../../../sync-core/data/templates/retention_visit.yaml"),
    include_str!("../../../../sync-core/data/templates/return_visit.yaml"),
    include_str!("../../../../sync-core/data/templates/service_survey.yaml"),
];

/// Weekdays without work in 2025.
///
/// # Source
/// Notice of the General Office of the State Council on holidays in 2025 (2024-11-12).
const HOLIDAYS_2025: [&str; 18] = [
    "2025-01-01",
    "2025-01-28",
    "2025-01-29",
    "2025-01-30",
    "2025-01-31",
    "2025-02-03",
    "2025-02-04",
    "2025-04-04",
    "2025-05-01",
    "2025-05-02",
    "2025-05-05",
    "2025-06-02",
    "2025-10-01",
    "2025-10-02",
    "2025-10-03",
    "2025-10-06",
    "2025-10-07",
    "2025-10-08",
];

/// Weekend days with work in 2025.
///
/// # Source
/// As [`HOLIDAYS_2025`].
const MAKE_UP_DAYS_2025: [&str; 5] = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"];

/// The product's templates, as [`seed_norms`] publishes them.
pub fn product_templates() -> impl Iterator<Item = Template> {
    // That each of them can be read is tested below.
    TEMPLATES.into_iter().filter_map(|yaml| serde_saphyr::from_str(yaml).ok())
}

/// Publishes the product's templates, policy and calendar as versions 1 of a new organisation.
///
/// The policy is in force from the beginning of time, so that imported visits of the past have one.
///
/// # Errors
/// `conflict` if the organisation has norms.
pub fn seed_norms(conn: &mut Conn, batch: &mut FeedBatch, org: OrgId, now: UnixMillis) -> AppResult<()> {
    for yaml in TEMPLATES {
        let template: Template = serde_saphyr::from_str(yaml).map_err(|error| AppError::Internal(error.to_string()))?;
        // In force from the beginning, like the policy.
        publish_template(conn, batch, &template_row(org, &template, (UnixMillis(0), now))?)?;
    }
    let policy = PolicyRow { version: 1, effective_from_ms: UnixMillis(0), parameters: policy::defaults() };
    publish_policy(conn, batch, org, &policy, now)?;
    let days = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect();
    let (holidays, make_up_days) = (days(&HOLIDAYS_2025), days(&MAKE_UP_DAYS_2025));
    let calendar = CalendarRow { version: 1, holidays, make_up_days, published_at_ms: None };
    publish_calendar(conn, batch, org, &calendar, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_names_weekdays_as_holidays_and_weekend_days_as_working_days() {
        let is_weekend = |day: &str| day.parse::<jiff::civil::Date>().unwrap().weekday().to_monday_zero_offset() >= 5;
        assert!(HOLIDAYS_2025.iter().all(|day| !is_weekend(day)));
        assert!(MAKE_UP_DAYS_2025.iter().all(|day| is_weekend(day)));
    }

    #[test]
    fn every_embedded_template_is_publishable_plain_json() {
        for yaml in TEMPLATES {
            let template: Template = serde_saphyr::from_str(yaml).unwrap();
            assert_eq!(template.validate(), []);
            let body = sync_core::plain_json::to_string(&template).unwrap();
            assert_eq!(serde_json::from_str::<Template>(&body).unwrap(), template);
        }
    }
}
