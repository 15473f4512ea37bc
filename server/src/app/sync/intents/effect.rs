//! What each kind of intent does to the office's data.

use std::collections::BTreeMap;

use doorstep_store::appointments::{AppointmentRecord, find_appointment, insert_appointment};
use doorstep_store::assignments::list_crew;
use doorstep_store::customers::find_customer;
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::intent_blobs::add_intent_claim;
use doorstep_store::sites::find_site;
use doorstep_store::{Conn, Txt, agenda, visits};
use sync_core::formulas::minutes_ms;
use sync_core::ids::VisitId;
use sync_core::intent::body::{CreateCustomer, CreateSite, DayCheckIn, ProposeAppointment};
use sync_core::intent::{Intent, IntentBody};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use super::Decision;
use crate::app::customers::{self, NewCustomer};
use crate::app::norms::policy_in_force;
use crate::app::scope::{audience_of_user, load_window, refresh_visit};
use crate::app::sites::{self, NewSite};
use crate::app::sync::Round;
use crate::app::sync::pull::granted;
use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal, findings};

/// How many other starts a clash offers.
const ALTERNATIVES: usize = 3;

pub(super) fn accepted(assigned: impl IntoIterator<Item = (&'static str, String)>) -> Decision {
    let assigned: BTreeMap<_, _> = assigned.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Decision { word: "accepted", assigned, ..Decision::default() }
}

pub(super) fn declined(reason: &str) -> Decision {
    Decision { word: "declined", reason: Some(reason.to_owned()), ..Decision::default() }
}

pub(super) fn needs_office(reason: &str) -> Decision {
    Decision { word: "needs_office", reason: Some(reason.to_owned()), ..Decision::default() }
}

/// Runs an intent. Refusals of the domain are decisions, never errors.
pub(super) fn run(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    intent: &Intent,
    batch: &mut FeedBatch,
) -> AppResult<Decision> {
    match &intent.body {
        IntentBody::CreateVisit(_) => Err(AppError::Internal("visits are made together".to_owned())),
        IntentBody::CreateCustomer(body) => create_customer(conn, round, body, batch),
        IntentBody::CreateSite(body) => create_site(conn, round, body, batch),
        IntentBody::ProposeAppointment(body) => propose_appointment(conn, state, round, (intent, body), batch),
        IntentBody::DayCheckIn(body) => check_in(conn, round, intent, body),
        IntentBody::DayKit(_) | IntentBody::DayNote(_) => Ok(accepted([])),
        IntentBody::ChangeAppointment(_) | IntentBody::Generic(..) => Ok(needs_office("dispatcher_decides")),
    }
}

/// The begin of a working day, with the photo it names.
fn check_in(conn: &mut Conn, round: &Round, intent: &Intent, body: &DayCheckIn) -> AppResult<Decision> {
    if let Some(photo) = &body.photo {
        let actor = &round.ctx.actor;
        add_intent_claim(conn, actor.org, intent.id, actor.user, photo.sha256)?;
    }
    Ok(accepted([]))
}

fn create_customer(
    conn: &mut Conn,
    round: &Round,
    body: &CreateCustomer,
    batch: &mut FeedBatch,
) -> AppResult<Decision> {
    let org = round.ctx.actor.org;
    if find_customer(conn, org, body.customer_id)?.is_some() {
        return Ok(declined("customer_exists"));
    }
    let new = NewCustomer {
        kind: body.kind.clone(),
        name: body.name.clone(),
        phones: body.phones.clone(),
        address: body.address.clone(),
    };
    if customers::check("", &new, Refusal::new(ErrorCode::Invalid)).into_result().is_err() {
        return Ok(needs_office("customer_incomplete"));
    }
    customers::insert(conn, org, body.customer_id, &new, round.ctx.now)?;
    batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Customer, body.customer_id);
    Ok(accepted([("customer_id", body.customer_id.to_string())]))
}

fn create_site(conn: &mut Conn, round: &Round, body: &CreateSite, batch: &mut FeedBatch) -> AppResult<Decision> {
    let org = round.ctx.actor.org;
    if find_site(conn, org, body.site_id)?.is_some() {
        return Ok(declined("site_exists"));
    }
    if !carries(conn, round, batch, FeedKind::Customer, body.customer_id)? {
        return Ok(declined("customer_unknown"));
    }
    let new = NewSite {
        grid: None,
        address: body.address.clone(),
        geo: body.geo.clone(),
        scene: body.scene.clone(),
        access_note: body.access_note.clone(),
    };
    if sites::check("", &new, Refusal::new(ErrorCode::Invalid)).into_result().is_err() {
        return Ok(needs_office("site_incomplete"));
    }
    sites::insert(conn, org, body.site_id, body.customer_id, &new, round.ctx.now)?;
    batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Site, body.site_id);
    Ok(accepted([("site_id", body.site_id.to_string())]))
}

/// Whether the office's data are on the rep's phone now. To him anything else does not exist: knowing an id opens
/// nothing.
pub(super) fn carries(
    conn: &mut Conn,
    round: &Round,
    batch: &FeedBatch,
    kind: FeedKind,
    id: impl std::fmt::Display,
) -> AppResult<bool> {
    let holders = batch.holders(conn, round.ctx.actor.org, kind, &id.to_string())?;
    Ok(granted(round).iter().any(|audience| holders.contains(&audience.to_string())))
}

/// A proposed appointment: kept if the rep is free, else declined with other starts of the same day.
fn propose_appointment(
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
    let lasts_ms = minutes_ms(policy_in_force(conn, org, round.ctx.now)?.get(keys::VISIT_MINUTES));
    let taken = agenda::list_planned_starts(conn, org, round.ctx.actor.user, body.visit_id)?;
    let is_free = |start: i64| taken.iter().all(|other| other.abs_diff(start) >= lasts_ms.unsigned_abs());
    if !is_free(body.start_ms.0) {
        let alternatives = (1..=24)
            .map(|step| body.start_ms.0.saturating_add(step * lasts_ms / 2))
            .filter(|start| is_free(*start))
            .take(ALTERNATIVES)
            .map(UnixMillis)
            .collect();
        return Ok(Decision { alternatives, ..declined("clash") });
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
