//! Moving a visit's time, with the two-hour notice (APT-04).

use doorstep_store::appointments::{AppointmentRecord, find_appointment, update_appointment};
use doorstep_store::assignments::list_crew;
use doorstep_store::visits::VisitRecord;
use doorstep_store::work_orders::find_work_order;
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::clock::{Deadline, NotedBy};
use sync_core::formulas::{floor_minutes, reschedule_notice};
use sync_core::ids::VisitId;
use sync_core::plain_json;
use sync_core::plan::AppointmentChange;
use sync_core::policy::keys;
use sync_core::texts::NoticeKind;
use sync_core::time::UnixMillis;

use super::follow;
use super::plan::{NewAppointment, check_appointment, make_appointment};
use super::{Visit, load_decided, load_for_change, require, save_plan, state_of};
use crate::app::customers::is_text;
use crate::app::rows::{corrupt, policy_row, read};
use crate::app::{AppError, AppResult, AppState, Ctx, audit, contacts, dispatch};
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
    /// By which clock.
    pub notified_by: NotedBy,
    /// `customer`, `rep` or `office`.
    pub proposed_by: String,
    /// Why.
    pub reason: String,
}

impl Rescheduling {
    fn appointment(&self) -> NewAppointment {
        let (start, end, agreed_at) = (self.start, self.end, self.notified_at);
        NewAppointment { start, end, proposed_by: self.proposed_by.clone(), agreed_at }
    }

    /// The change of the appointment; the first time that a visit gets is none.
    fn change(&self, row: &VisitRecord) -> Option<AppointmentChange> {
        Some(AppointmentChange {
            from_ms: UnixMillis(row.planned_start_ms?),
            to_ms: self.start,
            notified_at_ms: self.notified_at,
            notified_by: self.notified_by,
            proposed_by_us: self.proposed_by != "customer",
            reason: Some(self.reason.clone()),
        })
    }
}

/// A moved visit, and whether the notice was long enough.
#[derive(Debug, Clone)]
pub struct Rescheduled {
    /// The visit.
    pub visit: Visit,
    /// The notice; absent if there was no time before.
    pub notice: Option<Notice>,
}

/// How long before the old start the customer was told.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    /// Minutes, rounded down.
    pub minutes: i64,
    /// Whether that is enough, as far as the clock proves it.
    pub deadline: Deadline,
}

impl Notice {
    fn of(change: &AppointmentChange, min_minutes: i64) -> Self {
        let notice = reschedule_notice(change.from_ms, change.notified_at_ms, min_minutes);
        Self { minutes: floor_minutes(notice.notice_ms), deadline: change.notice(min_minutes) }
    }
}

/// Moves a visit; one that nobody has begun follows the norms of its new day. A short notice is recorded and answered, never refused: the customer was told already.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` after arrival, `rep_not_certified` and `rep_absent` if somebody of the crew
/// could not be sent then, `invalid` naming the field.
pub async fn reschedule_visit(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    seen_version: i64,
    to: Rescheduling,
) -> AppResult<Rescheduled> {
    check(&to, ctx.now)?;
    let to = Rescheduling { notified_at: to.notified_at.min(ctx.now), ..to };
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let mut row = load_for_change(conn, &ctx, id, seen_version)?;
            let state = state_of(&row)?;
            require(may_reschedule(state), state)?;
            let notice = shift(conn, &app, &ctx, &mut row, &to)?;
            save_plan(conn, &app, row, ctx.now)?;
            let visit = load_decided(conn, &ctx, id)?;
            Ok::<_, AppError>(Rescheduled { visit, notice })
        })
        .await
}

/// Moves a visit that may be moved, and tells the customer; the row is still to be saved. Nothing is written before the crew is
/// known to be fit for the new time.
///
/// # Errors
/// `rep_not_certified`, `rep_absent`; corrupt rows.
pub(crate) fn shift(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    row: &mut VisitRecord,
    to: &Rescheduling,
) -> AppResult<Option<Notice>> {
    let (org, id) = (row.org_id.0, row.id.0);
    let change = to.change(row);
    row.planned_start_ms = Some(to.start.0);
    let crew: Vec<_> = list_crew(conn, org, id)?.iter().map(|member| member.rep).collect();
    dispatch::require_fit(conn, row, &crew, ctx.now, |_| "start".to_owned())?;
    let minimum = notice_minimum(conn, row)?;
    move_appointment(conn, app, row, to, change.as_ref())?;
    follow::follow(conn, row, ctx.now)?;
    let notice = change.as_ref().map(|change| Notice::of(change, minimum));
    let before = change.as_ref().map(|change| change.from_ms);
    let deadline = notice.map(|notice| notice.deadline);
    let detail = json!({ "from_ms": before, "to_ms": to.start, "deadline": deadline });
    audit::record(conn, app, ctx, "visit.rescheduled", id, &detail)?;
    let kind = if change.is_some() { NoticeKind::Change } else { NoticeKind::Appointment };
    contacts::end_links(conn, org, id, ctx.now)?;
    contacts::tell(conn, app, ctx, row, kind, Some(to.start))?;
    Ok(notice)
}

/// How far another clock may be ahead and what it says still be taken as now, in milliseconds: notice is counted in minutes.
const CLOCK_AHEAD_MS: i64 = 60_000;

/// Whether an instant of another clock is to come; one of a clock that is a little ahead is taken as now.
pub(crate) fn is_to_come(at: UnixMillis, now: UnixMillis) -> bool {
    at > now.plus_ms(CLOCK_AHEAD_MS)
}

fn check(to: &Rescheduling, now: UnixMillis) -> AppResult<()> {
    let appointment = to.appointment();
    let mut refusal = check_appointment("", &appointment);
    if !is_text(&to.reason, 500) {
        refusal = refusal.field("reason", "1 to 500 characters");
    }
    if is_to_come(to.notified_at, now) {
        refusal = refusal.field("notified_at", "an instant that has passed");
    }
    if to.notified_by.err_ms().is_some_and(|err| err < 0) {
        refusal = refusal.field("notified_err_ms", "not negative");
    }
    refusal.into_result()
}

/// The least notice by the policy that the visit is under, in minutes.
fn notice_minimum(conn: &mut Conn, row: &VisitRecord) -> AppResult<i64> {
    let policy = match policy_row(conn, row.org_id.0, row.policy_in_force())? {
        Some(policy) => policy,
        // The crew pinned what never was.
        None => policy_row(conn, row.org_id.0, row.policy_version)?.unwrap_or_default(),
    };
    Ok(policy.get(keys::RESCHEDULE_NOTICE))
}

/// Moves the appointment in force; a visit without one gets one.
fn move_appointment(
    conn: &mut Conn,
    app: &AppState,
    row: &mut VisitRecord,
    to: &Rescheduling,
    change: Option<&AppointmentChange>,
) -> AppResult<()> {
    let org = row.org_id.0;
    let mut appointment = match row.appointment_id {
        Some(id) => find_appointment(conn, org, id.0)?.ok_or_else(|| corrupt("visits", row.id, "no appointment"))?,
        None => make_for(conn, app, row, to)?,
    };
    let Some(change) = change else { return Ok(()) };
    let mut changes: Vec<AppointmentChange> = read("appointments", appointment.id, &appointment.changes)?;
    changes.push(change.clone());
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
    let appointment = to.appointment();
    let made = make_appointment(conn, app, &order, row.attempt, &appointment)?;
    row.appointment_id = Some(Txt(made.id.0));
    Ok(made)
}
