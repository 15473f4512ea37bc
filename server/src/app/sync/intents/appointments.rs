//! Times that a rep agreed with a customer offline: proposed, and changed (rulebook 21, *Reschedule*).

use doorstep_store::appointments::{AppointmentRecord, find_appointment, insert_appointment};
use doorstep_store::assignments::list_crew;
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::{Conn, Txt, agenda, presence, visits};
use sync_core::clock::NotedBy;
use sync_core::formulas::minutes_ms;
use sync_core::ids::VisitId;
use sync_core::intent::Intent;
use sync_core::intent::body::{ChangeAppointment, ProposeAppointment};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use super::Decision;
use super::effect::{accepted, carries, declined, needs_office};
use crate::app::customers::is_text;
use crate::app::norms::policy_in_force;
use crate::app::scope::{audience_of_user, load_window, refresh_visit};
use crate::app::sync::Round;
use crate::app::visits::{Rescheduling, is_to_come, put, shift, state_of};
use crate::app::{AppError, AppResult, AppState, ErrorCode, findings};
use crate::domain::visit::may_reschedule;

/// How many other starts a clash offers.
const ALTERNATIVES: usize = 3;

/// A proposed appointment: kept if the rep is free, else declined with other starts of the same day.
pub(super) fn propose(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    (intent, body): (&Intent, &ProposeAppointment),
    batch: &mut FeedBatch,
) -> AppResult<Decision> {
    let org = round.ctx.actor.org;
    if !carries(conn, round, batch, FeedKind::WorkOrder, body.work_order_id)? {
        return Ok(declined("work_order_unknown"));
    }
    if !body.start_ms.is_plausible() || body.end_ms.is_some_and(|end| end <= body.start_ms || !end.is_plausible()) {
        return Ok(needs_office("time_implausible"));
    }
    if find_appointment(conn, org, body.appointment_id)?.is_some() {
        return Ok(declined("appointment_exists"));
    }
    if let Some(visit) = body.visit_id
        && !is_of_crew(conn, round, visit)?
    {
        return Ok(declined("visit_unknown"));
    }
    if let Some(clash) = clash(conn, round, body.start_ms, body.visit_id)? {
        return Ok(clash);
    }
    let attempt = match body.visit_id {
        Some(visit) => visits::find_visit(conn, org, visit)?.map_or(1, |row| row.attempt),
        None => 1,
    };
    insert_appointment(
        conn,
        &AppointmentRecord {
            org_id: Txt(org),
            id: Txt(body.appointment_id),
            work_order_id: Txt(body.work_order_id),
            attempt,
            start_ms: body.start_ms.0,
            end_ms: body.end_ms.map(|end| end.0),
            proposed_by: "rep".to_owned(),
            state: if body.agreed { "agreed" } else { "proposed" }.to_owned(),
            changes: "[]".to_owned(),
            version: 1,
            agreed_at_ms: body.agreed.then(|| intent.at.corrected().0),
        },
    )?;
    batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Appointment, body.appointment_id);
    if let Some(visit) = body.visit_id {
        take_appointment(conn, state, round, visit, body, batch)?;
    }
    Ok(accepted([("appointment_id", body.appointment_id.to_string())]))
}

/// A changed appointment: moved if the visit has not begun and the rep is free, else declined, with other starts of the same day.
/// A short notice is recorded and told, never refused: the customer was told already.
// Rule: APT-04
pub(super) fn change(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    (intent, body): (&Intent, &ChangeAppointment),
    batch: &mut FeedBatch,
) -> AppResult<Decision> {
    let Some(visit) = visit_of(conn, round, body, batch)? else { return Ok(declined("appointment_unknown")) };
    // A push that begins the visit waits, or came before and is seen.
    presence::lock_visit(conn, round.ctx.actor.org, visit)?;
    let row = visits::find_visit(conn, round.ctx.actor.org, visit)?;
    let Some(mut row) = row.filter(|row| row.appointment_id == Some(Txt(body.appointment_id))) else {
        return Ok(declined("appointment_unknown"));
    };
    if !may_reschedule(state_of(&row)?) {
        return Ok(declined("visit_begun"));
    }
    let to = rescheduling(intent, body, round.ctx.now);
    let ends_early = body.end_ms.is_some_and(|end| end <= body.start_ms || !end.is_plausible());
    if !body.start_ms.is_plausible() || ends_early || is_to_come(notified_at(intent, body), round.ctx.now) {
        return Ok(needs_office("time_implausible"));
    }
    if !is_text(&to.reason, 500) {
        return Ok(needs_office("reason_too_long"));
    }
    if let Some(clash) = clash(conn, round, body.start_ms, Some(visit))? {
        return Ok(clash);
    }
    let notice = match shift(conn, state, &round.ctx, &mut row, &to) {
        Err(AppError::Refused(refused))
            if matches!(refused.code, ErrorCode::RepAbsent | ErrorCode::RepNotCertified) =>
        {
            return Ok(needs_office(refused.code.as_str()));
        }
        moved => moved?,
    };
    put(conn, state, &mut row, batch, round.ctx.now)?;
    let deadline = notice.map(|notice| ("notice", notice.deadline.code().to_owned()));
    let told = [("appointment_id", body.appointment_id.to_string()), ("visit_id", visit.to_string())];
    Ok(accepted(told.into_iter().chain(deadline)))
}

/// The visit of the rep's crew that has the appointment; any other does not exist for him.
fn visit_of(conn: &mut Conn, round: &Round, body: &ChangeAppointment, batch: &FeedBatch) -> AppResult<Option<VisitId>> {
    let (org, id) = (round.ctx.actor.org, body.appointment_id);
    if !carries(conn, round, batch, FeedKind::Appointment, id)? {
        return Ok(None);
    }
    let Some(appointment) = find_appointment(conn, org, id)? else { return Ok(None) };
    let visits = visits::list_visits_of(conn, org, appointment.work_order_id.0)?;
    let visit = visits.into_iter().find(|visit| visit.appointment_id == Some(Txt(id)));
    match visit {
        Some(visit) if is_of_crew(conn, round, visit.id.0)? => Ok(Some(visit.id.0)),
        _ => Ok(None),
    }
}

/// When the customer was told, on the server's clock as well as the phone knew it.
fn notified_at(intent: &Intent, body: &ChangeAppointment) -> UnixMillis {
    body.notified_at_ms.plus_ms(intent.at.off_ms.unwrap_or(0))
}

/// The change as the office would make it, on the server's clock as well as the phone knew it.
fn rescheduling(intent: &Intent, body: &ChangeAppointment, now: UnixMillis) -> Rescheduling {
    Rescheduling {
        start: body.start_ms,
        end: body.end_ms,
        notified_at: notified_at(intent, body).min(now),
        notified_by: NotedBy::Phone { err_ms: intent.at.err_ms.filter(|err| *err >= 0) },
        proposed_by: if body.proposed_by_us { "rep" } else { "customer" }.to_owned(),
        reason: body.reason.clone(),
    }
}

/// What a time comes to at which the rep has another visit, other than `but`; none where he is free.
fn clash(conn: &mut Conn, round: &Round, start: UnixMillis, but: Option<VisitId>) -> AppResult<Option<Decision>> {
    let org = round.ctx.actor.org;
    let lasts_ms = minutes_ms(policy_in_force(conn, org, round.ctx.now)?.get(keys::VISIT_MINUTES));
    let taken = agenda::list_planned_starts(conn, org, round.ctx.actor.user, but)?;
    let is_free = |start: i64| taken.iter().all(|other| other.abs_diff(start) >= lasts_ms.unsigned_abs());
    if is_free(start.0) {
        return Ok(None);
    }
    let others = (1..=24).map(|step| start.0.saturating_add(step * lasts_ms / 2));
    let alternatives = others.filter(|start| is_free(*start)).take(ALTERNATIVES).map(UnixMillis).collect();
    Ok(Some(Decision { alternatives, ..declined("clash") }))
}

/// Whether the rep is on the crew of a visit now; any other visit does not exist for him.
fn is_of_crew(conn: &mut Conn, round: &Round, visit: VisitId) -> AppResult<bool> {
    let crew = list_crew(conn, round.ctx.actor.org, visit)?;
    Ok(crew.iter().any(|member| member.rep == round.ctx.actor.user))
}

/// An appointment agreed with the customer becomes that of the rep's visit if it has none yet.
fn take_appointment(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    visit: VisitId,
    body: &ProposeAppointment,
    batch: &mut FeedBatch,
) -> AppResult<()> {
    let org = round.ctx.actor.org;
    let Some(mut row) = visits::find_visit(conn, org, visit)? else { return Ok(()) };
    if !body.agreed || row.appointment_id.is_some() || row.work_order_id != Some(Txt(body.work_order_id)) {
        return Ok(());
    }
    row.appointment_id = Some(Txt(body.appointment_id));
    row.planned_start_ms = Some(body.start_ms.0);
    row.version += 1;
    visits::update_plan(conn, &row)?;
    findings::look_again_at(conn, org, &[visit], round.ctx.now)?;
    let window = load_window(conn, org, &state.config.sync, round.ctx.now)?;
    refresh_visit(conn, batch, org, visit, window)
}
