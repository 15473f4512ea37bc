//! Deadlines of orders and visits, as they were judged last.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{assignments, deadlines, visits};
use crate::text::Txt;

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deadlines, treat_none_as_default_value = false)]
pub struct DeadlineRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id of the order or the visit that it is about.
    pub subject: String,
    /// Which deadline.
    pub code: String,
    /// Which one of several.
    pub item: i64,
    /// The visit.
    pub visit_id: Option<Txt<VisitId>>,
    /// The order.
    pub work_order_id: Option<Txt<WorkOrderId>>,
    /// What it counts from.
    pub trigger_ms: i64,
    /// When it is due.
    pub due_ms: i64,
    /// When it was done.
    pub happened_ms: Option<i64>,
    /// What became of it.
    pub state: String,
    /// When somebody has to be told.
    pub watch_ms: Option<i64>,
    /// When somebody was told.
    pub told_ms: Option<i64>,
}

impl DeadlineRow {
    /// Its place among those of its organisation and state.
    #[must_use]
    pub fn place(&self) -> DeadlinePlace {
        DeadlinePlace { due_ms: self.due_ms, subject: self.subject.clone(), code: self.code.clone(), item: self.item }
    }
}

/// Where a list of deadlines goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlinePlace {
    /// When it is due.
    pub due_ms: i64,
    /// What it is about.
    pub subject: String,
    /// Which deadline.
    pub code: String,
    /// Which one of several.
    pub item: i64,
}

/// Adds deadlines.
///
/// # Errors
/// Conflict if one is there already.
pub fn insert_deadlines(conn: &mut Conn, rows: &[DeadlineRow]) -> StoreResult<()> {
    insert_rows!(conn, deadlines::table, rows)?;
    Ok(())
}

/// Writes a deadline that is there already.
///
/// # Errors
/// Database errors only.
pub fn update_deadline(conn: &mut Conn, row: &DeadlineRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(deadlines::table
            .find((row.org_id, &row.subject, &row.code, row.item)))
        .set((
            deadlines::trigger_ms.eq(row.trigger_ms),
            deadlines::due_ms.eq(row.due_ms),
            deadlines::happened_ms.eq(row.happened_ms),
            deadlines::state.eq(&row.state),
            deadlines::watch_ms.eq(row.watch_ms),
            deadlines::told_ms.eq(row.told_ms),
        ))
        .execute(c))?;
    Ok(())
}

/// The deadlines of these orders and visits.
///
/// # Errors
/// Database errors only.
pub fn list_of_subjects(conn: &mut Conn, org: OrgId, subjects: &[String]) -> StoreResult<Vec<DeadlineRow>> {
    Ok(per_backend!(conn, c => deadlines::table
        .filter(deadlines::org_id.eq(Txt(org)).and(one_of(deadlines::subject, subjects)))
        .select(DeadlineRow::as_select())
        .load(c))?)
}

/// Deadlines of any organisation that had passed before now and of which somebody has to be told, those that wait longest
/// first.
///
/// # Errors
/// Database errors only.
pub fn list_to_tell(conn: &mut Conn, now_ms: i64, limit: i64) -> StoreResult<Vec<DeadlineRow>> {
    Ok(per_backend!(conn, c => deadlines::table
        .filter(deadlines::watch_ms.lt(now_ms))
        .order(deadlines::watch_ms)
        .limit(limit)
        .select(DeadlineRow::as_select())
        .load(c))?)
}

/// Which deadlines a list names.
#[derive(Debug, Clone)]
pub struct DeadlineFilter {
    /// State.
    pub state: String,
    /// Which deadline.
    pub code: Option<String>,
    /// Only of this visit.
    pub visit: Option<VisitId>,
    /// Only of this order, also those of its visits.
    pub work_order: Option<WorkOrderId>,
    /// Only those due at this instant or before.
    pub due_by_ms: Option<i64>,
    /// Only of visits that these people are assigned to now, and of their orders.
    pub people: Option<Vec<UserId>>,
}

/// Deadlines of one state by the time they are due, after a place.
///
/// # Errors
/// Database errors only.
pub fn list_deadlines(
    conn: &mut Conn,
    org: OrgId,
    filter: &DeadlineFilter,
    after: Option<&DeadlinePlace>,
    limit: i64,
) -> StoreResult<Vec<DeadlineRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = deadlines::table
            .filter(deadlines::org_id.eq(Txt(org)).and(deadlines::state.eq(&filter.state)))
            .order((deadlines::due_ms, deadlines::subject, deadlines::code, deadlines::item))
            .limit(limit)
            .select(DeadlineRow::as_select())
            .into_boxed();
        if let Some(place) = after {
            query = query.filter(sql::<Bool>("(due_ms, subject, code, item) > (")
                .bind::<BigInt, _>(place.due_ms).sql(", ").bind::<Text, _>(place.subject.clone()).sql(", ")
                .bind::<Text, _>(place.code.clone()).sql(", ").bind::<BigInt, _>(place.item).sql(")"));
        }
        if let Some(code) = &filter.code {
            query = query.filter(deadlines::code.eq(code));
        }
        if let Some(visit) = filter.visit {
            query = query.filter(deadlines::visit_id.eq(Txt(visit)));
        }
        if let Some(order) = filter.work_order {
            query = query.filter(deadlines::work_order_id.eq(Txt(order)));
        }
        if let Some(due_by) = filter.due_by_ms {
            query = query.filter(deadlines::due_ms.le(due_by));
        }
        if let Some(people) = &filter.people {
            let assigned = assignments::table
                .filter(assignments::org_id.eq(Txt(org))
                    .and(assignments::until_ms.is_null())
                    .and(one_of(assignments::rep_id, people)))
                .select(assignments::visit_id);
            let served = visits::table
                .filter(visits::org_id.eq(Txt(org))
                    .and(visits::work_order_id.is_not_null())
                    .and(visits::id.eq_any(assigned.clone())))
                .select(visits::work_order_id.assume_not_null());
            let is_theirs = deadlines::visit_id.assume_not_null().eq_any(assigned)
                .or(deadlines::visit_id.is_null().and(deadlines::work_order_id.assume_not_null().eq_any(served)));
            query = query.filter(is_theirs);
        }
        query.load(c)
    })?)
}
