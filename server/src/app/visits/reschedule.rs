//! Moving a visit's time, with the two-hour notice (APT-04).

use doorstep_store::appointments::{AppointmentRecord, find_appointment, update_appointment};
use doorstep_store::feed::FeedBatch;
use doorstep_store::visits::VisitRecord;
use doorstep_store::work_orders::find_work_order;
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::formulas::{RESCHEDULE_NOTICE_MIN, floor_minutes, reschedule_notice};
use sync_core::ids::VisitId;
use sync_core::plain_json;
use sync_core::plan::AppointmentChange;
use sync_core::time::UnixMillis;

use super::plan::{NewAppointment, check_appointment, make_appointment};
use super::{Visit, load_for_change, require, save, state_of};
use crate::app::customers::is_text;
use crate::app::rows::{corrupt, policy_row, read};
use crate::app::{AppError, AppResult, AppState, Ctx, audit};
use crate::domain::visit::may_reschedule;

/// A new time for a visit.
#[derive(Debug, Clone)]
pub struct Rescheduling {
    /// New start.
    pub start: UnixMillis,
    /// New end.
    pub end: Option<UnixMillis>,
    /// When the customer was told.
    pub notified_at: UnixMillis,
    /// Error of that instant, if a phone's clock told it.
    pub notified_err_ms: Option<i64>,
    /// `customer`, `rep` or `office`.
    pub proposed_by: String,
    /// Why.
    pub reason: String,
}

/// A moved visit, and whether the notice was long enough.
#[derive(Debug, Clone)]
pub struct Rescheduled {
    /// The visit.
    pub visit: Visit,
    /// Minutes from telling the customer to the old start, rounded down; absent if there was no time before.
    pub notice_minutes: Option<i64>,
    /// Whether that is enough; absent if there was no time before.
    pub is_compliant: Option<bool>,
}

/// Moves a visit. A short notice is recorded and answered, never refused: the customer was told already.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` after arrival, `invalid` naming the field.
pub async fn reschedule_visit(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    seen_version: i64,
    to: Rescheduling,
) -> AppResult<Rescheduled> {
    check(&to, ctx.now)?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let mut row = load_for_change(conn, &ctx, id, seen_version)?;
            let state = state_of(&row)?;
            require(may_reschedule(state), state)?;
            let before = row.planned_start_ms.map(UnixMillis);
            let minimum = notice_minimum(conn, &row)?;
            let notice = before.map(|before| reschedule_notice(before, to.notified_at, minimum));
            move_appointment(conn, &app, &mut row, &to)?;
            row.planned_start_ms = Some(to.start.0);
            let is_compliant = notice.map(|notice| notice.compliant);
            let detail = json!({ "from_ms": before, "to_ms": to.start, "is_compliant": is_compliant });
            audit::record(conn, &app, &ctx, "visit.rescheduled", id, &detail)?;
            let visit = save(conn, &app, &ctx, row, FeedBatch::new())?;
            let notice_minutes = notice.map(|notice| floor_minutes(notice.notice_ms));
            Ok::<_, AppError>(Rescheduled { visit, notice_minutes, is_compliant })
        })
        .await
}

fn check(to: &Rescheduling, now: UnixMillis) -> AppResult<()> {
    let appointment = NewAppointment { start: to.start, end: to.end, proposed_by: to.proposed_by.clone() };
    let mut refusal = check_appointment("", &appointment);
    if !is_text(&to.reason, 500) {
        refusal = refusal.field("reason", "1 to 500 characters");
    }
    if to.notified_at > now {
        refusal = refusal.field("notified_at", "an instant that has passed");
    }
    if to.notified_err_ms.is_some_and(|err| err < 0) {
        refusal = refusal.field("notified_err_ms", "not negative");
    }
    refusal.into_result()
}

/// The least notice of the visit's policy, in minutes.
fn notice_minimum(conn: &mut Conn, row: &VisitRecord) -> AppResult<i64> {
    let policy = policy_row(conn, row.org_id.0, row.policy_version)?;
    let value = policy.as_ref().and_then(|policy| policy.parameters.get("reschedule_notice_minutes"));
    Ok(value.and_then(|text| text.parse().ok()).unwrap_or(RESCHEDULE_NOTICE_MIN))
}

/// Moves the appointment in force; a visit without one gets one.
fn move_appointment(conn: &mut Conn, app: &AppState, row: &mut VisitRecord, to: &Rescheduling) -> AppResult<()> {
    let org = row.org_id.0;
    let proposed_by_us = to.proposed_by != "customer";
    let change = |from: i64| AppointmentChange {
        from_ms: UnixMillis(from),
        to_ms: to.start,
        notified_at_ms: to.notified_at,
        notified_err_ms: to.notified_err_ms,
        proposed_by_us,
        reason: Some(to.reason.clone()),
    };
    let mut appointment = match row.appointment_id {
        Some(id) => find_appointment(conn, org, id.0)?.ok_or_else(|| corrupt("visits", row.id, "no appointment"))?,
        None => make_for(conn, app, row, to)?,
    };
    // The first time a visit gets a time is no change.
    let Some(before) = row.planned_start_ms else { return Ok(()) };
    let mut changes: Vec<AppointmentChange> = read("appointments", appointment.id, &appointment.changes)?;
    changes.push(change(before));
    appointment.changes = plain_json::to_string(&changes).map_err(|error| AppError::Internal(error.to_string()))?;
    appointment.start_ms = to.start.0;
    appointment.end_ms = to.end.map(|end| end.0);
    appointment.proposed_by.clone_from(&to.proposed_by);
    "changed".clone_into(&mut appointment.state);
    appointment.version += 1;
    Ok(update_appointment(conn, &appointment)?)
}

/// Makes the appointment of a visit that had none.
fn make_for(conn: &mut Conn, app: &AppState, row: &mut VisitRecord, to: &Rescheduling) -> AppResult<AppointmentRecord> {
    let id = row.work_order_id.ok_or_else(|| super::without_order(row))?;
    let order = find_work_order(conn, row.org_id.0, id.0)?.ok_or_else(|| corrupt("visits", row.id, "no work order"))?;
    let appointment = NewAppointment { start: to.start, end: to.end, proposed_by: to.proposed_by.clone() };
    let made = make_appointment(conn, app, &order, row.attempt, &appointment)?;
    row.appointment_id = Some(Txt(made.id.0));
    Ok(made)
}
