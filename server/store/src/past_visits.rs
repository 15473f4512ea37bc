//! Other visits of a site or a customer, for the rules that look at them.

use std::collections::BTreeMap;

use diesel::dsl::min;
use diesel::prelude::*;
use sync_core::ids::{CustomerId, OrgId, SiteId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{visit_answers, visit_events, visits, work_orders};
use crate::text::Txt;

/// Whose visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those at a site.
    Site(SiteId),
    /// Those to a customer.
    Customer(CustomerId),
}

/// The work orders of one kind, each with its order fields as JSON.
///
/// # Errors
/// Database errors only.
pub fn list_orders_of(
    conn: &mut Conn,
    org: OrgId,
    whose: Whose,
    kind: &str,
) -> StoreResult<Vec<(WorkOrderId, String)>> {
    let rows: Vec<(Txt<WorkOrderId>, String)> = per_backend!(conn, c => {
        let mut query = work_orders::table
            .filter(work_orders::org_id.eq(Txt(org)))
            // An expression instead of the column leaves the engine the index of the site or the customer alone.
            .filter(work_orders::kind.concat("").eq(kind))
            .select((work_orders::id, work_orders::fields))
            .into_boxed();
        query = match whose {
            Whose::Site(site) => query.filter(work_orders::site_id.eq(Txt(site))),
            Whose::Customer(customer) => query.filter(work_orders::customer_id.eq(Txt(customer))),
        };
        query.load(c)
    })?;
    Ok(rows.into_iter().map(|(id, fields)| (id.0, fields)).collect())
}

/// A visit whose work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct DoneVisit {
    /// The visit.
    pub visit: Txt<VisitId>,
    /// Its work order.
    pub order: Option<Txt<WorkOrderId>>,
    /// When the crew handed it in.
    pub submitted_at_ms: i64,
}

/// Visits of these orders that were handed in as completed from the first instant on up to the second, newest first.
///
/// # Errors
/// Database errors only.
pub fn list_done(
    conn: &mut Conn,
    org: OrgId,
    orders: &[WorkOrderId],
    (from_ms, until_ms): (i64, i64),
    limit: i64,
) -> StoreResult<Vec<DoneVisit>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::work_order_id.assume_not_null(), orders)))
        .filter(visits::outcome.eq("completed"))
        .filter(visits::submitted_at_ms.ge(from_ms).and(visits::submitted_at_ms.le(until_ms)))
        .order((visits::submitted_at_ms.desc(), visits::id))
        .limit(limit)
        .select((visits::id, visits::work_order_id, visits::submitted_at_ms.assume_not_null()))
        .load(c))?)
}

/// The earliest planned start after an instant among the visits of these orders that are not cancelled, one visit left out.
///
/// # Errors
/// Database errors only.
pub fn find_next_start(
    conn: &mut Conn,
    org: OrgId,
    orders: &[WorkOrderId],
    except: VisitId,
    after_ms: i64,
) -> StoreResult<Option<i64>> {
    if orders.is_empty() {
        return Ok(None);
    }
    let next: Option<Option<i64>> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::work_order_id.assume_not_null(), orders)))
        .filter(visits::id.ne(Txt(except)).and(visits::planned_start_ms.gt(after_ms)))
        .filter(visits::cancelled_at_ms.is_null())
        .order(visits::planned_start_ms)
        .select(visits::planned_start_ms)
        .first(c)
        .optional())?;
    Ok(next.flatten())
}

/// What visits answered to questions, as JSON.
///
/// # Errors
/// Database errors only.
pub fn list_answers_to(
    conn: &mut Conn,
    org: OrgId,
    of: &[VisitId],
    questions: &[&str],
) -> StoreResult<BTreeMap<(VisitId, String), String>> {
    if of.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Txt<VisitId>, String, String)> = per_backend!(conn, c => visit_answers::table
        .filter(visit_answers::org_id.eq(Txt(org)).and(one_of(visit_answers::visit_id, of)))
        .filter(one_of(visit_answers::question, questions))
        .select((visit_answers::visit_id, visit_answers::question, visit_answers::value))
        .load(c))?;
    Ok(rows.into_iter().map(|(visit, question, value)| ((visit.0, question), value)).collect())
}

/// When an event first happened on each of these visits, as far as it did.
///
/// # Errors
/// Database errors only.
pub fn list_first_events(
    conn: &mut Conn,
    org: OrgId,
    of: &[VisitId],
    event: &str,
) -> StoreResult<BTreeMap<VisitId, i64>> {
    if of.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Txt<VisitId>, Option<i64>)> = per_backend!(conn, c => visit_events::table
        .filter(visit_events::org_id.eq(Txt(org)).and(one_of(visit_events::visit_id, of)))
        .filter(visit_events::event.eq(event))
        .group_by(visit_events::visit_id)
        .select((visit_events::visit_id, min(visit_events::at_ms)))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(visit, at)| Some((visit.0, at?))).collect())
}
