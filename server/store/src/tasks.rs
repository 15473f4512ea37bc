//! Tasks: what somebody of the office has to see to.

use diesel::prelude::*;
use sync_core::ids::{OrgId, TaskId, UserId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{assignments, tasks};
use crate::text::Txt;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tasks, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct TaskRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<TaskId>,
    /// What it is.
    pub kind: String,
    /// What it came from, once each.
    pub source: String,
    /// The visit.
    pub visit_id: Option<Txt<VisitId>>,
    /// The order.
    pub work_order_id: Option<Txt<WorkOrderId>>,
    /// Who is asked.
    pub role: String,
    /// Whose it is.
    pub owner_id: Option<Txt<UserId>>,
    /// When it is due.
    pub due_ms: Option<i64>,
    /// How often it was passed on.
    pub level: i64,
    /// When it is passed on.
    pub escalate_ms: Option<i64>,
    /// `open`, `done` by a person or `settled` by itself.
    pub state: String,
    /// Why it was opened, where a person did.
    pub reason: Option<String>,
    /// What was said when it was closed.
    pub note: Option<String>,
    /// Since when.
    pub created_at_ms: i64,
    /// When it was closed.
    pub closed_at_ms: Option<i64>,
    /// By whom.
    pub closed_by: Option<Txt<UserId>>,
    /// Version of the row.
    pub version: i64,
    /// The visit that its answer planned.
    pub next_visit_id: Option<Txt<VisitId>>,
    /// Why none follows, where one would.
    pub no_next_visit: Option<String>,
}

/// Adds tasks; what a source asked for before is left as it is.
///
/// # Errors
/// Database errors only.
pub fn insert_new(conn: &mut Conn, rows: &[TaskRow]) -> StoreResult<usize> {
    Ok(for_rows!(conn, rows, part => diesel::insert_into(tasks::table)
        .values(part)
        .on_conflict((tasks::org_id, tasks::source))
        .do_nothing())?)
}

/// The tasks of these sources.
///
/// # Errors
/// Database errors only.
pub fn list_of_sources(conn: &mut Conn, org: OrgId, sources: &[String]) -> StoreResult<Vec<TaskRow>> {
    Ok(per_backend!(conn, c => tasks::table
        .filter(tasks::org_id.eq(Txt(org)).and(one_of(tasks::source, sources)))
        .select(TaskRow::as_select())
        .load(c))?)
}

/// The tasks of these sources, which nobody else changes before the end of this transaction.
///
/// # Errors
/// Database errors only.
pub fn lock_of_sources(conn: &mut Conn, org: OrgId, sources: &[String]) -> StoreResult<Vec<TaskRow>> {
    dialect::lock_tasks(conn, org, sources)?;
    list_of_sources(conn, org, sources)
}

/// Writes a task if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_task(conn: &mut Conn, row: &TaskRow) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(tasks::table
            .filter(tasks::org_id.eq(row.org_id)
                .and(tasks::id.eq(row.id))
                .and(tasks::version.eq(row.version - 1))))
        .set(row)
        .execute(c))?;
    expect_one(affected)
}

/// Open tasks that are to be passed on by now, those that wait longest first.
///
/// # Errors
/// Database errors only.
pub fn list_to_escalate(conn: &mut Conn, org: OrgId, now_ms: i64, limit: i64) -> StoreResult<Vec<TaskRow>> {
    Ok(per_backend!(conn, c => tasks::table
        .filter(tasks::org_id.eq(Txt(org)).and(tasks::escalate_ms.le(now_ms)))
        .order(tasks::escalate_ms)
        .limit(limit)
        .select(TaskRow::as_select())
        .load(c))?)
}

/// Which tasks a list names.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Only this one.
    pub id: Option<TaskId>,
    /// State.
    pub state: Option<String>,
    /// What they are.
    pub kind: Option<String>,
    /// Which role is asked.
    pub role: Option<String>,
    /// Only of this visit.
    pub visit: Option<VisitId>,
    /// Only those that one of these people owns, and those of visits that they are assigned to now.
    pub people: Option<Vec<UserId>>,
}

/// Tasks in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_tasks(
    conn: &mut Conn,
    org: OrgId,
    filter: &TaskFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<TaskRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = tasks::table
            .filter(tasks::org_id.eq(Txt(org)).and(tasks::id.gt(after)))
            .order(tasks::id)
            .limit(limit)
            .select(TaskRow::as_select())
            .into_boxed();
        if let Some(id) = filter.id {
            query = query.filter(tasks::id.eq(Txt(id)));
        }
        if let Some(state) = &filter.state {
            query = query.filter(tasks::state.eq(state));
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(tasks::kind.eq(kind));
        }
        if let Some(role) = &filter.role {
            query = query.filter(tasks::role.eq(role));
        }
        if let Some(visit) = filter.visit {
            query = query.filter(tasks::visit_id.eq(Txt(visit)));
        }
        if let Some(people) = &filter.people {
            let assigned = assignments::table
                .filter(assignments::org_id.eq(Txt(org))
                    .and(assignments::until_ms.is_null())
                    .and(one_of(assignments::rep_id, people)))
                .select(assignments::visit_id);
            let owned = one_of(tasks::owner_id.assume_not_null(), people);
            query = query.filter(owned.or(tasks::visit_id.assume_not_null().eq_any(assigned)));
        }
        query.load(c)
    })?)
}
