//! What stored rows tell of a visit beyond its plan and its document ([`Background`]), as far as a rule of its template
//! reads it.
//!
//! No row tells of retention cases, handovers, planned return visits and approvals of the major-complaint procedure; rules
//! that read them stay undetermined.

use std::collections::BTreeSet;

use doorstep_store::calls::CallRow;
use doorstep_store::past_visits::{self, DoneVisit, Whose};
use doorstep_store::tasks::list_of_sources;
use doorstep_store::{Conn, calls, users};
use sync_core::calendar::Period;
use sync_core::contacts::{BridgedCall, was_answered};
use sync_core::deadlines::FollowUp;
use sync_core::formulas::ReturnVisitKind;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::plan::WorkOrderRow;
use sync_core::rules::background::{
    CREW_ROLES, HAS_WARRANTY_TASK, NEXT_CALL, NextCall, QUARTER_VISITS, SITE_REPAIRS, SiteRepair, fault_questions,
};
use sync_core::rules::{Background, started_at};
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::project::LoadedFacts;
use crate::app::AppResult;
use crate::app::deadlines::source_of_follow_up;
use crate::app::rows::{corrupt, read};

/// Most earlier visits that are looked at, the newest ones, and calls that are read at once: there is a handful.
const MOST: i64 = 200;

/// Loads what rules of the visit's template read. What counts of earlier visits was done before this one was started.
///
/// # Errors
/// Corrupt rows.
pub(super) fn load(
    conn: &mut Conn,
    org: OrgId,
    loaded: &LoadedFacts,
    view: &View,
    state: VisitState,
) -> AppResult<Background> {
    let (template, order) = (&loaded.template, loaded.plan.work_order.as_ref());
    let mut known = loaded.background.clone().reviewed(state);
    let started_at = started_at(view, template).unwrap_or(loaded.now);
    if CREW_ROLES.is_read_by(template) {
        known.crew_roles = crew_roles(conn, org, loaded)?;
    }
    if let Some(order) = order.filter(|_| SITE_REPAIRS.is_read_by(template)) {
        let questions = fault_questions(template);
        known.site_repairs = Some(site_repairs(conn, org, view.visit, order, &questions, started_at)?);
    }
    if let Some(order) = order.filter(|_| QUARTER_VISITS.is_read_by(template)) {
        known.quarter_visits = quarter_visits(conn, org, loaded, view, order, started_at)?;
    }
    if let Some(order) = order.filter(|_| NEXT_CALL.is_read_by(template)) {
        known.next_call = Some(next_call(conn, org, view.visit, order, started_at)?);
    }
    if HAS_WARRANTY_TASK.is_read_by(template) {
        let source = source_of_follow_up(view.visit, FollowUp::RegisterWarranty, 0);
        known.has_warranty_task = Some(!list_of_sources(conn, org, &[source])?.is_empty());
    }
    if view.contacts.iter().any(|entry| entry.value.is_call()) {
        known.calls = Some(bridged(&calls_of(conn, org, loaded, view)?));
    }
    Ok(known)
}

/// Every call about the visit, or about its order, that the bridge told of.
pub(crate) fn calls_of(conn: &mut Conn, org: OrgId, loaded: &LoadedFacts, view: &View) -> AppResult<Vec<CallRow>> {
    let order = loaded.plan.work_order.as_ref().map(|order| order.id);
    let mut found: Vec<CallRow> = Vec::new();
    loop {
        let after = found.last().map(CallRow::place);
        let page = calls::list_calls(conn, org, (view.visit, order), after.as_ref(), MOST)?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// What is held against the contacts that the crew noted.
pub(crate) fn bridged(calls: &[CallRow]) -> Vec<BridgedCall> {
    let call = |row: &CallRow| BridgedCall {
        id: row.call_id.clone(),
        by: row.rep_id.0,
        started_at: UnixMillis(row.started_at_ms),
        was_answered: was_answered(&row.result),
        has_recording: row.recording_ref.is_some(),
    };
    calls.iter().map(call).collect()
}

/// The roles that the crew has now; of a visit without a crew nobody knows whose they would be.
fn crew_roles(conn: &mut Conn, org: OrgId, loaded: &LoadedFacts) -> AppResult<Option<BTreeSet<String>>> {
    let crew = &loaded.plan.visit.crew;
    if crew.is_empty() {
        return Ok(None);
    }
    Ok(Some(users::list_roles_of(conn, org, crew)?))
}

/// Completed repairs of the site, each with the fault its crew found (CMP-13).
fn site_repairs(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    order: &WorkOrderRow,
    questions: &[&str],
    before: UnixMillis,
) -> AppResult<Vec<SiteRepair>> {
    let orders = past_visits::list_orders_of(conn, org, Whose::Site(order.site_id), "repair")?;
    let orders: Vec<_> = orders.into_iter().map(|(id, _)| id).collect();
    let mut done = past_visits::list_done(conn, org, &orders, (0, before.0), MOST)?;
    done.retain(|earlier| earlier.visit.0 != visit);
    let visits: Vec<VisitId> = done.iter().map(|earlier| earlier.visit.0).collect();
    let answers = past_visits::list_answers_to(conn, org, &visits, questions)?;
    let arrivals = past_visits::list_first_events(conn, org, &visits, "arrive")?;
    let repair = |earlier: DoneVisit| {
        let visit = earlier.visit.0;
        let told = questions.iter().find_map(|question| answers.get(&(visit, (*question).to_owned())));
        let fault: serde_json::Value = match told {
            Some(json) => read("visit_answers", visit, json)?,
            None => return Ok(None),
        };
        let at = UnixMillis(arrivals.get(&visit).copied().unwrap_or(earlier.submitted_at_ms));
        // Any other answer than a text tells no fault.
        Ok(fault.as_str().map(|fault| SiteRepair { visit, at, fault: fault.to_owned() }))
    };
    done.into_iter().filter_map(|earlier| repair(earlier).transpose()).collect()
}

/// Kinds of the return visits made to the customer in the quarter of this one (RTV-15); not known where the order of one of
/// them does not tell its kind.
fn quarter_visits(
    conn: &mut Conn,
    org: OrgId,
    loaded: &LoadedFacts,
    view: &View,
    order: &WorkOrderRow,
    started_at: UnixMillis,
) -> AppResult<Option<Vec<ReturnVisitKind>>> {
    let zone = loaded.of(view).zone()?;
    let first_day = zone.day_of(started_at).and_then(|day| Period::Quarter.first_day(day))?;
    let from = zone.start_of(first_day)?;
    let orders = past_visits::list_orders_of(conn, org, Whose::Customer(order.customer_id), "return_visit")?;
    let ids: Vec<_> = orders.iter().map(|(id, _)| *id).collect();
    let mut kinds = Vec::new();
    for done in past_visits::list_done(conn, org, &ids, (from.0, started_at.0), MOST)? {
        if done.visit.0 == view.visit {
            continue;
        }
        let fields = orders.iter().find(|(id, _)| done.order.is_some_and(|order| order.0 == *id));
        let (id, fields) = fields.ok_or_else(|| corrupt("visits", done.visit, "its work order is another's"))?;
        let fields: std::collections::BTreeMap<String, String> = read("work_orders", id, fields)?;
        let Some(kind) = fields.get("trigger").and_then(|code| ReturnVisitKind::of_order(code)) else {
            return Ok(None);
        };
        kinds.push(kind);
    }
    Ok(Some(kinds))
}

/// The next visit of this kind that is planned for the customer (VIS-10).
fn next_call(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    order: &WorkOrderRow,
    after: UnixMillis,
) -> AppResult<NextCall> {
    let orders = past_visits::list_orders_of(conn, org, Whose::Customer(order.customer_id), &order.kind)?;
    let ids: Vec<_> = orders.into_iter().map(|(id, _)| id).collect();
    let next = past_visits::find_next_start(conn, org, &ids, visit, after.0)?;
    Ok(next.map_or(NextCall::NotPlanned, |start| NextCall::At(UnixMillis(start))))
}
