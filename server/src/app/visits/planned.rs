//! What the office says of many visits, read at once: a query for a table, however many visits a push brings.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, appointments, assignments, conflicts, scope, sites, visits, work_orders};
use sync_core::ids::{OrgId, VisitId};
use sync_core::plan::{PlanSnapshot, Review};

use super::project::review_of;
use crate::app::rows::{appointment_row, plan_of, site_row, work_order_row};
use crate::app::{AppResult, late_work};

/// The office's side of a visit.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// The row.
    pub(crate) row: VisitRecord,
    /// What rules and state read of it.
    pub(crate) plan: PlanSnapshot,
    /// What reviewers decided.
    pub(crate) review: Review,
}

/// The office's side of these visits, as far as there are any.
///
/// # Errors
/// Corrupt rows.
pub(crate) fn load_planned(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> AppResult<BTreeMap<VisitId, Planned>> {
    let rows = visits::list_by_id(conn, org, of)?;
    let mut crews = assignments::crews_by_visit(conn, org, of)?;
    let orders: BTreeSet<_> = rows.iter().filter_map(|row| row.work_order_id.map(|id| id.0)).collect();
    let orders = work_orders::list_by_id(conn, org, &Vec::from_iter(orders))?;
    let sites: BTreeSet<_> = orders.iter().map(|order| order.site_id.0).collect();
    let sites = sites::list_by_id(conn, org, &Vec::from_iter(sites))?;
    let appointments: BTreeSet<_> = rows.iter().filter_map(|row| row.appointment_id.map(|id| id.0)).collect();
    let appointments = appointments::list_appointments(conn, org, &Vec::from_iter(appointments))?;
    let bodies = scope::list_review_bodies(conn, org, of)?;
    let choices = conflicts::list_choice_bodies_of(conn, org, of)?;
    let mut late = late_work::load_of(conn, org, of)?;
    let orders: BTreeMap<_, _> = orders.into_iter().map(|order| (order.id.0, order)).collect();
    let sites: BTreeMap<_, _> = sites.into_iter().map(|site| (site.id.0, site)).collect();
    let appointments: BTreeMap<_, _> = appointments.into_iter().map(|row| (row.id.0, row)).collect();
    let planned = rows.into_iter().map(|row| {
        let visit = row.id.0;
        let order = row.work_order_id.and_then(|id| orders.get(&id.0));
        let site = order.and_then(|order| sites.get(&order.site_id.0));
        let appointment = row.appointment_id.and_then(|id| appointments.get(&id.0));
        let plan = PlanSnapshot {
            visit: plan_of(&row, crews.remove(&visit).unwrap_or_default()),
            work_order: order.map(work_order_row).transpose()?,
            site: site.map(site_row),
            appointment: appointment.map(appointment_row).transpose()?,
        };
        let verdicts = bodies.verdicts.get(&visit).map(Vec::as_slice).unwrap_or_default();
        let reworks = bodies.reworks.get(&visit).map(Vec::as_slice).unwrap_or_default();
        let choices = choices.get(&visit).map(Vec::as_slice).unwrap_or_default();
        let late = late.remove(&visit).unwrap_or_default();
        Ok((visit, Planned { plan, review: review_of(verdicts, reworks, choices, late)?, row }))
    });
    planned.collect()
}
