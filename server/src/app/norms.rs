//! Publishing norms: templates, policies, calendars as immutable versions, for everybody.

use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::norms::{self, CalendarVersionRow, PolicyVersionRow, TemplateRow};
use doorstep_store::{Conn, Store, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::plain_json;
use sync_core::plan::{CalendarRow, PolicyRow};
use sync_core::template::Template;
use sync_core::time::UnixMillis;

use crate::app::rows::read;
use crate::app::scope::EVERYBODY;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, findings};

/// The product's templates.
const TEMPLATES: [&str; 8] = [
    include_str!("../../../sync-core/data/templates/broadband_install.yaml"),
    include_str!("../../../sync-core/data/templates/broadband_repair.yaml"),
    include_str!("../../../sync-core/data/templates/complaint_visit.yaml"),
    include_str!("../../../sync-core/data/templates/customer_call.yaml"),
    include_str!("../../../sync-core/data/templates/pre_acceptance_inspection.yaml"),
    include_str!("../../../sync-core/data/templates/retention_visit.yaml"),
    include_str!("../../../sync-core/data/templates/return_visit.yaml"),
    include_str!("../../../sync-core/data/templates/service_survey.yaml"),
];

/// Parameters of policy version 1. A threshold whose parameter is absent is not judged (rulebook 1.4), so
/// values the sources do not state (flatness, offer budget…) are left to the organisation.
///
/// # Source
/// Rulebook: GAP-04 (rate ratio), APT-03, APT-04, APT-06, GEN-10, INS-22, CUS and RET defaults.
const POLICY_1: [(&str, &str); 8] = [
    ("min_rate_ratio", "1.00"),
    ("absence_wait_minutes", "15"),
    ("absence_wait_from", "arrival"),
    ("reschedule_notice_minutes", "120"),
    ("arrival_window_min_minutes", "5"),
    ("arrival_window_max_minutes", "10"),
    ("clock_skew_minutes", "5"),
    ("first_contact_working_hours", "2"),
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

/// Publishes a template version from YAML.
///
/// # Errors
/// `invalid` naming every fault, `conflict` if the version exists.
pub fn publish_template(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    yaml: &str,
    now: UnixMillis,
) -> AppResult<TemplateRow> {
    let template: Template = serde_saphyr::from_str(yaml)
        .map_err(|error| AppError::from(Refusal::new(ErrorCode::Invalid).field("template", error.to_string())))?;
    let faults = template.validate();
    if !faults.is_empty() {
        let add =
            |refusal: Refusal, fault: sync_core::template::TemplateFault| refusal.field(fault.path, fault.message);
        return Err(faults.into_iter().fold(Refusal::new(ErrorCode::Invalid), add).into());
    }
    let body = plain(&template)?;
    let row = TemplateRow {
        org_id: Txt(org),
        code: template.code,
        version: template.version,
        sha256: Txt(Hash::of(body.as_bytes())),
        body,
        published_at_ms: now.0,
    };
    norms::insert_template(conn, &row)?;
    batch.put(EVERYBODY, FeedKind::Template, format!("{}/{}", row.code, row.version));
    Ok(row)
}

/// Publishes a policy version; what crews that pinned it before have photographed is looked at again.
///
/// # Errors
/// `conflict` if the version exists.
pub fn publish_policy(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    policy: &PolicyRow,
    now: UnixMillis,
) -> AppResult<()> {
    let row = PolicyVersionRow {
        org_id: Txt(org),
        version: policy.version,
        body: plain(policy)?,
        effective_from_ms: policy.effective_from_ms.0,
    };
    norms::insert_policy(conn, &row)?;
    findings::look_again_by(conn, org, policy.version, now)?;
    batch.put(EVERYBODY, FeedKind::Policy, policy.version);
    Ok(())
}

/// Publishes a policy version of an organisation.
///
/// # Errors
/// `conflict` if the version exists, `invalid` if it is none.
pub async fn publish_new_policy(store: &Store, org: OrgId, policy: PolicyRow, now: UnixMillis) -> AppResult<()> {
    if policy.version < 1 {
        return Err(Refusal::new(ErrorCode::Invalid).field("version", "1 or more").into());
    }
    let publish = move |conn: &mut Conn| {
        let mut batch = FeedBatch::new();
        publish_policy(conn, &mut batch, org, &policy, now)?;
        batch.publish(conn, org)?;
        Ok::<_, AppError>(())
    };
    store.write(publish).await
}

/// Publishes a calendar version.
///
/// # Errors
/// `conflict` if the version exists.
pub fn publish_calendar(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    calendar: &CalendarRow,
    now: UnixMillis,
) -> AppResult<()> {
    let row = CalendarVersionRow {
        org_id: Txt(org),
        version: calendar.version,
        body: plain(calendar)?,
        published_at_ms: now.0,
    };
    norms::insert_calendar(conn, &row)?;
    batch.put(EVERYBODY, FeedKind::Calendar, calendar.version);
    Ok(())
}

/// Publishes the product's templates, policy and calendar as versions 1 of a new organisation.
///
/// The policy is in force from the beginning of time, so that imported visits of the past have one.
///
/// # Errors
/// `conflict` if the organisation has norms.
pub fn seed_norms(conn: &mut Conn, batch: &mut FeedBatch, org: OrgId, now: UnixMillis) -> AppResult<()> {
    for yaml in TEMPLATES {
        publish_template(conn, batch, org, yaml, now)?;
    }
    let parameters = POLICY_1.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let policy = PolicyRow { version: 1, effective_from_ms: UnixMillis(0), parameters };
    publish_policy(conn, batch, org, &policy, now)?;
    let days = |days: &[&str]| days.iter().map(|day| (*day).to_owned()).collect();
    let calendar = CalendarRow { version: 1, holidays: days(&HOLIDAYS_2025), make_up_days: days(&MAKE_UP_DAYS_2025) };
    publish_calendar(conn, batch, org, &calendar, now)
}

/// Every published template version, by code and version.
///
/// # Errors
/// Database errors only.
pub async fn list_templates(state: &AppState, ctx: Ctx) -> AppResult<Vec<TemplateRow>> {
    state.store.read(move |conn| Ok::<_, AppError>(norms::list_templates(conn, ctx.actor.org)?)).await
}

/// A template version as published.
///
/// # Errors
/// `not_found`.
pub async fn show_template(state: &AppState, ctx: Ctx, code: String, version: i64) -> AppResult<TemplateRow> {
    state
        .store
        .read(move |conn| {
            norms::find_template(conn, ctx.actor.org, &code, version)?.ok_or_else(|| ErrorCode::NotFound.into())
        })
        .await
}

/// A policy version, or the one in force now.
///
/// # Errors
/// `not_found`.
pub async fn show_policy(state: &AppState, ctx: Ctx, version: Option<i64>) -> AppResult<PolicyRow> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let found = match version {
                Some(version) => norms::find_policy(conn, org, version)?,
                None => norms::find_policy_at(conn, org, ctx.now.0)?,
            };
            let row = found.ok_or(ErrorCode::NotFound)?;
            read("policies", row.version, &row.body)
        })
        .await
}

/// A calendar version, or the newest.
///
/// # Errors
/// `not_found`.
pub async fn show_calendar(state: &AppState, ctx: Ctx, version: Option<i64>) -> AppResult<CalendarRow> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let found = match version {
                Some(version) => norms::find_calendar(conn, org, version)?,
                None => norms::find_newest_calendar(conn, org)?,
            };
            let row = found.ok_or(ErrorCode::NotFound)?;
            read("calendars", row.version, &row.body)
        })
        .await
}

fn plain(value: &impl serde::Serialize) -> AppResult<String> {
    plain_json::to_string(value).map_err(|error| AppError::Internal(error.to_string()))
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
            let body = plain(&template).unwrap();
            assert_eq!(serde_json::from_str::<Template>(&body).unwrap(), template);
        }
    }
}
