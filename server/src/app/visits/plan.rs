//! Planning a visit for a work order.

use doorstep_store::appointments::{AppointmentRecord, insert_appointment};
use doorstep_store::visits::{VisitRecord, insert_visit, list_visits_of};
use doorstep_store::work_orders::{WorkOrderRecord, find_locked};
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::ids::{AppointmentId, UserId, VisitId, WorkOrderId};
use sync_core::texts::NoticeKind;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::follow::{InForce, begins_at};
use super::{Visit, assign, is_to_come, load_decided, publish, reproject, state_of};
use crate::app::work_orders::require_open;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, contacts, numbers};
use crate::domain::visit::{NEXT_ATTEMPT_PRIORITY, is_done, may_try_again};

/// A visit to plan.
#[derive(Debug, Clone)]
pub struct NewVisit {
    /// The work order.
    pub work_order: WorkOrderId,
    /// Template; the version in force at the planned start counts.
    pub template: String,
    /// Who goes; nobody yet if empty.
    pub crew: Vec<UserId>,
    /// When.
    pub time: PlannedTime,
}

/// When a visit is planned.
#[derive(Debug, Clone)]
pub enum PlannedTime {
    /// Not yet.
    Open,
    /// At this instant, without the customer's word.
    Start(UnixMillis),
    /// As agreed.
    Appointment(NewAppointment),
}

impl PlannedTime {
    /// The planned start.
    const fn start(&self) -> Option<UnixMillis> {
        match self {
            Self::Open => None,
            Self::Start(at) => Some(*at),
            Self::Appointment(appointment) => Some(appointment.start),
        }
    }
}

/// An appointment to make.
#[derive(Debug, Clone)]
pub struct NewAppointment {
    /// Start.
    pub start: UnixMillis,
    /// End.
    pub end: Option<UnixMillis>,
    /// `customer`, `rep` or `office`.
    pub proposed_by: String,
    /// When the customer was told, or told us.
    pub agreed_at: UnixMillis,
}

/// Who may propose an appointment.
///
/// # Source
/// Rulebook section 3, `proposed_by`; `office` is the dispatcher's own proposal.
pub(super) const PROPOSERS: [&str; 3] = ["customer", "rep", "office"];

/// Plans a visit by the norms in force at its start, makes appointment and assignments.
///
/// # Errors
/// `invalid` naming the field; `state_invalid` while an earlier visit of the order is open, or if the order was refused.
pub async fn create_visit(state: &AppState, ctx: Ctx, new: NewVisit) -> AppResult<Visit> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let order = find_locked(conn, ctx.actor.org, new.work_order)?.ok_or_else(|| {
                AppError::from(Refusal::new(ErrorCode::Invalid).field("work_order_id", "an existing work order"))
            })?;
            require_open(conn, &order)?;
            let previous = last_attempt(conn, &order)?;
            plan(conn, &app, &ctx, &order, previous.as_ref(), &new)
        })
        .await
}

/// The last attempt of an order, which must be over and without its work done.
fn last_attempt(conn: &mut Conn, order: &WorkOrderRecord) -> AppResult<Option<VisitRecord>> {
    let Some(last) = list_visits_of(conn, order.org_id.0, order.id.0)?.pop() else { return Ok(None) };
    let state = state_of(&last)?;
    // Return visits and calls repeat after a completed visit; only an open one stands in the way.
    super::require(may_try_again(state, last.outcome.as_deref()) || is_done(state), state)?;
    Ok(Some(last))
}

/// Plans a checked order's visit as the attempt after `previous`.
pub(super) fn plan(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    order: &WorkOrderRecord,
    previous: Option<&VisitRecord>,
    new: &NewVisit,
) -> AppResult<Visit> {
    let mut row = draft(conn, app, ctx, order, previous, new)?;
    if let PlannedTime::Appointment(appointment) = &new.time {
        if is_to_come(appointment.agreed_at, ctx.now) {
            let refusal = Refusal::new(ErrorCode::Invalid);
            return Err(refusal.field("appointment.agreed_at", "an instant that has passed").into());
        }
        let appointment = NewAppointment { agreed_at: appointment.agreed_at.min(ctx.now), ..appointment.clone() };
        let made = make_appointment(conn, app, order, row.attempt, &appointment)?;
        row.appointment_id = Some(made.id);
    }
    if row.planned_start_ms.is_some() {
        VisitState::Scheduled.code().clone_into(&mut row.state);
    }
    insert_visit(conn, &row)?;
    let id = row.id.0;
    assign::start(conn, app, ctx, &row, &new.crew)?;
    reproject(conn, ctx.actor.org, id, ctx.now)?;
    let detail = json!({ "number": row.number, "template": row.template, "crew": new.crew });
    audit::record(conn, app, ctx, "visit.planned", id, &detail)?;
    contacts::tell(conn, app, ctx, &row, NoticeKind::Appointment, row.planned_start_ms.map(UnixMillis))?;
    publish(conn, app, ctx.actor.org, id, ctx.now)?;
    load_decided(conn, ctx, id)
}

fn draft(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    order: &WorkOrderRecord,
    previous: Option<&VisitRecord>,
    new: &NewVisit,
) -> AppResult<VisitRecord> {
    let org = ctx.actor.org;
    let planned_start_ms = new.time.start().map(|at| at.0);
    let invalid = |field: &str, expected: &str| AppError::from(Refusal::new(ErrorCode::Invalid).field(field, expected));
    let in_force = InForce::load(conn, org, begins_at(planned_start_ms, ctx.now))?;
    let template_version = in_force
        .template(&new.template)
        .ok_or_else(|| invalid("template", "a template in force at the planned start"))?;
    let policy_version =
        in_force.policy().ok_or_else(|| invalid("template", "a policy in force, publish one first"))?;
    Ok(VisitRecord {
        org_id: Txt(org),
        id: Txt(VisitId(app.id())),
        number: Some(numbers::take(conn, org, "V", ctx.now)?),
        origin: "office".to_owned(),
        work_order_id: Some(order.id),
        template: new.template.clone(),
        template_version,
        policy_version,
        assignment_epoch: 1,
        appointment_id: None,
        planned_start_ms,
        attempt: previous.map_or(1, |visit| visit.attempt + 1),
        previous_visit_id: previous.map(|visit| visit.id),
        priority: priority(order, previous)?,
        cancelled_at_ms: None,
        cancel_reason: None,
        closed_at_ms: None,
        evidence_complete_at_ms: None,
        state: VisitState::Draft.code().to_owned(),
        outcome: None,
        submitted_at_ms: None,
        missing_blobs: 0,
        version: 1,
        created_at_ms: ctx.now.0,
        pinned_template: None,
        pinned_policy_version: None,
    })
}

/// The order's priority; higher if the attempt before left its work undone (APT-09).
fn priority(order: &WorkOrderRecord, previous: Option<&VisitRecord>) -> AppResult<i64> {
    let Some(previous) = previous else { return Ok(order.priority) };
    let is_undone = may_try_again(state_of(previous)?, previous.outcome.as_deref());
    Ok(if is_undone { order.priority.max(previous.priority) + NEXT_ATTEMPT_PRIORITY } else { order.priority })
}

/// Makes an agreed appointment of an order.
pub(crate) fn make_appointment(
    conn: &mut Conn,
    app: &AppState,
    order: &WorkOrderRecord,
    attempt: i64,
    new: &NewAppointment,
) -> AppResult<AppointmentRecord> {
    check_appointment("appointment.", new).into_result()?;
    let row = AppointmentRecord {
        org_id: order.org_id,
        id: Txt(AppointmentId(app.id())),
        work_order_id: order.id,
        attempt,
        start_ms: new.start.0,
        end_ms: new.end.map(|end| end.0),
        proposed_by: new.proposed_by.clone(),
        state: "agreed".to_owned(),
        changes: "[]".to_owned(),
        version: 1,
        agreed_at_ms: Some(new.agreed_at.0),
    };
    insert_appointment(conn, &row)?;
    Ok(row)
}

/// The faults of an appointment.
pub(super) fn check_appointment(at: &str, new: &NewAppointment) -> Refusal {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if new.end.is_some_and(|end| end <= new.start) {
        refusal = refusal.field(format!("{at}end"), "an instant after the start");
    }
    if !PROPOSERS.contains(&new.proposed_by.as_str()) {
        refusal = refusal.field(format!("{at}proposed_by"), "customer, rep or office");
    }
    refusal
}
