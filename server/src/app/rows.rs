//! Rows of the feed as phones receive them, loaded from the database.
//!
//! Owns the mapping from stored rows to the types of `sync_core::plan`; decides nothing.

mod many;

use doorstep_store::appointments::{AppointmentRecord, find_appointment};
use doorstep_store::assignments::{AssignmentRecord, find_assignment, list_crew};
use doorstep_store::conflicts::find_choice;
use doorstep_store::customers::{CustomerRecord, find_customer, list_phones};
use doorstep_store::evidence::find_intent;
use doorstep_store::feed::FeedKind;
use doorstep_store::late_work::{find_late_decision, find_late_work};
use doorstep_store::quarantine::{QuarantineItem, find_item};
use doorstep_store::reviews::{find_rework, find_verdict};
use doorstep_store::sites::{SiteRecord, find_site};
use doorstep_store::visits::{VisitRecord, find_visit};
use doorstep_store::work_orders::{WorkOrderRecord, find_work_order};
use doorstep_store::{Conn, StoreError, norms};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::ids::{OrgId, UserId, VisitId};
use sync_core::plan::{
    AppointmentRow, AssignmentRow, CalendarRow, CustomerRow, PlanSnapshot, PolicyRow, SiteRow, VisitPlan, WorkOrderRow,
};
use sync_core::quarantine::QuarantineNote;
use sync_core::time::{Geo, UnixMillis};

pub use self::many::{Bodies, row_bodies};

use crate::app::{AppError, AppResult, ErrorCode, meeting_places};

/// Everything outside the document that rules and state read about one visit.
///
/// # Errors
/// `not_found` if there is no such visit.
pub fn load_plan_snapshot(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<PlanSnapshot> {
    let row = find_visit(conn, org, visit)?.ok_or(ErrorCode::NotFound)?;
    snapshot_of(conn, &row)
}

/// The plan snapshot of a visit whose row is at hand.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn snapshot_of(conn: &mut Conn, row: &VisitRecord) -> AppResult<PlanSnapshot> {
    let org = row.org_id.0;
    let work_order = match row.work_order_id {
        Some(id) => find_work_order(conn, org, id.0)?,
        None => None,
    };
    let site = match &work_order {
        Some(order) => find_site(conn, org, order.site_id.0)?.map(|site| site_row(&site)),
        None => None,
    };
    let appointment = match row.appointment_id {
        Some(id) => find_appointment(conn, org, id.0)?.map(|row| appointment_row(&row)).transpose()?,
        None => None,
    };
    Ok(PlanSnapshot {
        visit: visit_plan(conn, row)?,
        work_order: work_order.map(|order| work_order_row(&order)).transpose()?,
        site,
        appointment,
    })
}

/// The row of a visit with its crew.
///
/// # Errors
/// Database errors only.
pub fn visit_plan(conn: &mut Conn, row: &VisitRecord) -> AppResult<VisitPlan> {
    let crew = list_crew(conn, row.org_id.0, row.id.0)?.into_iter().map(|member| member.rep).collect();
    Ok(plan_of(row, crew))
}

/// The row of a visit whose crew is at hand.
#[must_use]
pub fn plan_of(row: &VisitRecord, crew: Vec<UserId>) -> VisitPlan {
    VisitPlan {
        id: row.id.0,
        number: row.number.clone(),
        work_order_id: row.work_order_id.map(|id| id.0),
        template: row.template.clone(),
        template_version: row.template_version,
        policy_version: row.policy_version,
        crew,
        assignment_epoch: row.assignment_epoch,
        appointment_id: row.appointment_id.map(|id| id.0),
        planned_start_ms: row.planned_start_ms.map(UnixMillis),
        attempt: row.attempt,
        previous_visit_id: row.previous_visit_id.map(|id| id.0),
        priority: row.priority,
        cancelled_at_ms: row.cancelled_at_ms.map(UnixMillis),
        closed_at_ms: row.closed_at_ms.map(UnixMillis),
        cancel_reason: row.cancel_reason.clone(),
        evidence_complete_at_ms: row.evidence_complete_at_ms.map(UnixMillis),
    }
}

/// The row of a customer with phone numbers.
#[must_use]
pub fn customer_row(row: &CustomerRecord, phones: Vec<String>) -> CustomerRow {
    CustomerRow { id: row.id.0, kind: row.kind.clone(), name: row.name.clone(), phones, address: row.address.clone() }
}

/// The row of a site.
#[must_use]
pub fn site_row(row: &SiteRecord) -> SiteRow {
    let geo = match (row.lat_udeg, row.lon_udeg, row.acc_m, &row.datum) {
        (Some(lat_udeg), Some(lon_udeg), Some(acc_m), Some(datum)) => {
            Some(Geo { lat_udeg, lon_udeg, acc_m, datum: datum.clone(), mock: None })
        }
        _ => None,
    };
    SiteRow {
        id: row.id.0,
        customer_id: row.customer_id.0,
        address: row.address.clone(),
        geo,
        scene: row.scene.clone(),
        access_note: row.access_note.clone(),
    }
}

/// The row of a work order. The 209 number is also an order field, because rules read it there.
///
/// # Errors
/// A corrupt row.
pub fn work_order_row(row: &WorkOrderRecord) -> AppResult<WorkOrderRow> {
    let mut fields: std::collections::BTreeMap<String, String> = read("work_orders", row.id, &row.fields)?;
    if let Some(number) = &row.number_209 {
        fields.entry("number_209".to_owned()).or_insert_with(|| number.clone());
    }
    Ok(WorkOrderRow {
        id: row.id.0,
        number: row.number.clone(),
        external_ref: row.external_ref.clone(),
        kind: row.kind.clone(),
        channel: row.channel.clone(),
        customer_id: row.customer_id.0,
        site_id: row.site_id.0,
        fields,
        priority: row.priority,
    })
}

/// The row of an appointment.
///
/// # Errors
/// A corrupt row.
pub fn appointment_row(row: &AppointmentRecord) -> AppResult<AppointmentRow> {
    Ok(AppointmentRow {
        id: row.id.0,
        work_order_id: row.work_order_id.0,
        attempt: row.attempt,
        start_ms: UnixMillis(row.start_ms),
        end_ms: row.end_ms.map(UnixMillis),
        proposed_by: row.proposed_by.clone(),
        state: row.state.clone(),
        agreed_at_ms: row.agreed_at_ms.map(UnixMillis),
        changes: read("appointments", row.id, &row.changes)?,
    })
}

/// The row of an assignment.
#[must_use]
pub fn assignment_row(row: &AssignmentRecord) -> AssignmentRow {
    AssignmentRow {
        id: row.id.0,
        visit_id: row.visit_id.0,
        rep_id: row.rep_id.0,
        epoch: row.epoch,
        from_ms: UnixMillis(row.from_ms),
        until_ms: row.until_ms.map(UnixMillis),
    }
}

/// A published policy version, if there is one.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn policy_row(conn: &mut Conn, org: OrgId, version: i64) -> AppResult<Option<PolicyRow>> {
    let found = norms::find_policy(conn, org, version)?;
    found.map(|row| read("policies", version, &row.body)).transpose()
}

/// A published calendar version, if there is one.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn calendar_row(conn: &mut Conn, org: OrgId, version: i64) -> AppResult<Option<CalendarRow>> {
    let Some(row) = norms::find_calendar(conn, org, version)? else { return Ok(None) };
    let calendar: CalendarRow = read("calendars", version, &row.body)?;
    Ok(Some(CalendarRow { published_at_ms: Some(UnixMillis(row.published_at_ms)), ..calendar }))
}

/// The row of a quarantined item.
#[must_use]
pub fn quarantine_note(row: &QuarantineItem) -> QuarantineNote {
    QuarantineNote {
        device: row.device_id.0,
        item: row.id.clone(),
        kind: row.kind.clone(),
        visit_id: row.visit_id.map(|visit| visit.0),
        code: row.code.clone(),
        state: row.state.clone(),
        received_at_ms: UnixMillis(row.received_at_ms),
    }
}

/// Version and body of what the feed names; `None` if it does not exist.
///
/// Documents travel as change chunks and have no row.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn row_body(conn: &mut Conn, org: OrgId, kind: FeedKind, item: &str) -> AppResult<Option<(i64, Value)>> {
    match kind {
        FeedKind::Visit => {
            let Some(row) = find_visit(conn, org, parse(kind, item)?)? else { return Ok(None) };
            let plan = visit_plan(conn, &row)?;
            Ok(Some((row.version, to_value(&plan)?)))
        }
        FeedKind::Customer => {
            let Some(row) = find_customer(conn, org, parse(kind, item)?)? else { return Ok(None) };
            let phones = list_phones(conn, org, row.id.0)?;
            Ok(Some((row.version, to_value(&customer_row(&row, phones))?)))
        }
        FeedKind::Site => {
            let found = find_site(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((row.version, to_value(&site_row(&row))?))).transpose()
        }
        FeedKind::WorkOrder => {
            let found = find_work_order(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((row.version, to_value(&work_order_row(&row)?)?))).transpose()
        }
        FeedKind::Appointment => {
            let found = find_appointment(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((row.version, to_value(&appointment_row(&row)?)?))).transpose()
        }
        FeedKind::Assignment => {
            let found = find_assignment(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((row.version(), to_value(&assignment_row(&row))?))).transpose()
        }
        FeedKind::Template => template_body(conn, org, item),
        FeedKind::Policy => {
            let version = parse(kind, item)?;
            policy_row(conn, org, version)?.map(|row| Ok((version, to_value(&row)?))).transpose()
        }
        FeedKind::Calendar => {
            let version = parse(kind, item)?;
            calendar_row(conn, org, version)?.map(|row| Ok((version, to_value(&row)?))).transpose()
        }
        FeedKind::Reference => meeting_places::reference_body(conn, org, item),
        FeedKind::Verdict => {
            let found = find_verdict(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((1, read("verdicts", row.id, &row.body)?))).transpose()
        }
        FeedKind::Rework => {
            let found = find_rework(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((row.version, read("reworks", row.id, &row.body)?))).transpose()
        }
        FeedKind::Conflict => {
            let found = find_choice(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((1, read("conflict_choices", row.id, &row.body)?))).transpose()
        }
        FeedKind::LateWork => {
            let (visit, seq) = item.split_once('/').ok_or_else(|| unreadable(kind, item))?;
            let found = find_late_work(conn, org, parse(kind, visit)?, parse(kind, seq)?)?;
            found.map(|row| Ok((1, read("late_work", item, &row.body)?))).transpose()
        }
        FeedKind::LateDecision => {
            let found = find_late_decision(conn, org, parse(kind, item)?)?;
            found.map(|row| Ok((1, read("late_decisions", row.id, &row.body)?))).transpose()
        }
        FeedKind::IntentResult => {
            let found = find_intent(conn, org, parse(kind, item)?)?;
            // It is written once, together with the intent.
            found.map(|row| Ok((1, read("intents", item, &row.result_body)?))).transpose()
        }
        FeedKind::Quarantine => {
            let (device, id) = item.split_once('/').ok_or_else(|| unreadable(kind, item))?;
            let found = find_item(conn, org, parse(kind, device)?, id)?;
            found.map(|row| Ok((row.version, to_value(&quarantine_note(&row))?))).transpose()
        }
        // A document travels as changes, never as a row.
        FeedKind::Doc => Ok(None),
    }
}

/// A template is named `code/version` and served as it was published.
fn template_body(conn: &mut Conn, org: OrgId, item: &str) -> AppResult<Option<(i64, Value)>> {
    let (code, version) = item.split_once('/').ok_or_else(|| unreadable(FeedKind::Template, item))?;
    let version = parse(FeedKind::Template, version)?;
    let found = norms::find_template(conn, org, code, version)?;
    found.map(|row| Ok((version, read("templates", item, &row.body)?))).transpose()
}

fn parse<T: std::str::FromStr>(kind: FeedKind, item: &str) -> AppResult<T> {
    item.parse().map_err(|_no_key| unreadable(kind, item))
}

fn unreadable(kind: FeedKind, item: &str) -> AppError {
    corrupt("feed", item, format!("no key of a {kind}"))
}

/// Reports a stored row that cannot be read.
pub(crate) fn corrupt(table: &'static str, id: impl ToString, what: impl ToString) -> AppError {
    StoreError::Corrupt { table, id: id.to_string(), what: what.to_string() }.into()
}

/// Reads JSON of our own store.
pub(crate) fn read<T: DeserializeOwned>(table: &'static str, id: impl ToString, json: &str) -> AppResult<T> {
    serde_json::from_str(json).map_err(|error| corrupt(table, id, error))
}

fn to_value(row: &impl Serialize) -> AppResult<Value> {
    serde_json::to_value(row).map_err(|error| AppError::Internal(error.to_string()))
}
