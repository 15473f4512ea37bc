//! Writing a version and telling everybody; what it must satisfy is checked by who calls.

use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::norms::{self, CalendarVersionRow, PolicyVersionRow, TemplateRow};
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::plain_json;
use sync_core::plan::{CalendarRow, PolicyRow};
use sync_core::template::Template;
use sync_core::time::UnixMillis;

use crate::app::scope::EVERYBODY;
use crate::app::{AppError, AppResult, ErrorCode, Refusal, findings};

/// The row of a template version, in force from the first instant and published at the second.
///
/// # Errors
/// `invalid` if a number is none that every reader of JSON takes.
pub(super) fn template_row(
    org: OrgId,
    template: &Template,
    (effective_from, now): (UnixMillis, UnixMillis),
) -> AppResult<TemplateRow> {
    let unwritable = |error: plain_json::PlainJsonError| {
        Refusal::new(ErrorCode::Invalid).both("template", error.to_string(), "含有无法写成 JSON 的数值或结构")
    };
    let body = plain_json::to_string(template).map_err(unwritable)?;
    Ok(TemplateRow {
        org_id: Txt(org),
        code: template.code.clone(),
        version: template.version,
        sha256: Txt(Hash::of(body.as_bytes())),
        body,
        published_at_ms: now.0,
        effective_from_ms: effective_from.0,
    })
}

/// Publishes a template version.
///
/// # Errors
/// `conflict` if the version exists.
pub fn publish_template(conn: &mut Conn, batch: &mut FeedBatch, row: &TemplateRow) -> AppResult<()> {
    norms::insert_template(conn, row)?;
    batch.put(EVERYBODY, FeedKind::Template, format!("{}/{}", row.code, row.version));
    Ok(())
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

fn plain(value: &impl serde::Serialize) -> AppResult<String> {
    plain_json::to_string(value).map_err(|error| AppError::Internal(error.to_string()))
}
