//! Opening, settling and passing on tasks.

use std::collections::BTreeSet;

use doorstep_store::tasks::{self, TaskRow, insert_new, list_to_escalate, lock_of_sources, update_task};
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, TaskId, UserId, VisitId, WorkOrderId};
use sync_core::time::UnixMillis;
use uuid::Builder;

use super::state;
use crate::app::deadlines::WorkingTime;
use crate::app::rows::corrupt;
use crate::app::{AppResult, AppState};
use crate::domain::Role;
use crate::domain::task::{TaskKind, next_role};

/// Tasks of one transaction.
const PAGE: i64 = 200;

/// Runs `page` in transactions of its own until it finds nothing more to do; tells how much it did.
///
/// # Errors
/// Those of `page`; what was done before stays.
pub async fn page_by_page(
    state: &AppState,
    org: OrgId,
    now: UnixMillis,
    page: fn(&mut Conn, OrgId, UnixMillis) -> AppResult<usize>,
) -> AppResult<usize> {
    let mut done = 0;
    loop {
        let found = state.store.write(move |conn| page(conn, org, now)).await?;
        if found == 0 {
            return Ok(done);
        }
        done += found;
    }
}

/// A task to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// What it is.
    pub kind: TaskKind,
    /// What it comes from; one source has one task.
    pub source: String,
    /// The visit.
    pub visit: Option<VisitId>,
    /// The order.
    pub work_order: Option<WorkOrderId>,
    /// Whose it is; absent where a role is asked.
    pub owner: Option<UserId>,
    /// When it was or is due.
    pub due_at: Option<UnixMillis>,
    /// Why, where a person opened it.
    pub reason: Option<String>,
}

impl NewTask {
    /// A task that nobody owns yet.
    #[must_use]
    pub const fn of(kind: TaskKind, source: String, place: (Option<VisitId>, Option<WorkOrderId>)) -> Self {
        Self { kind, source, visit: place.0, work_order: place.1, owner: None, due_at: None, reason: None }
    }
}

/// Opens tasks. One whose source has a task already is not opened twice; one that had settled by itself is open again, and
/// one that is due at another time now says so.
///
/// # Errors
/// Corrupt rows.
pub fn open(conn: &mut Conn, org: OrgId, new: &[NewTask], now: UnixMillis) -> AppResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let sources: Vec<String> = new.iter().map(|task| task.source.clone()).collect();
    // Who closes one just now is waited for: a push or a verdict must not fail for that.
    let known = lock_of_sources(conn, org, &sources)?;
    let sources: BTreeSet<&str> = known.iter().map(|task| task.source.as_str()).collect();
    let unknown = Vec::from_iter(new.iter().filter(|task| !sources.contains(task.source.as_str())));
    let asked = known.iter().filter_map(|row| Some((row, new.iter().find(|task| task.source == row.source)?)));
    let asked = Vec::from_iter(asked.filter(|(row, task)| row.state == state::SETTLED || has_moved(row, task)));
    if unknown.is_empty() && asked.is_empty() {
        return Ok(());
    }
    let escalates_at = WorkingTime::load(conn, org, now)?.escalates_at(now)?;
    let rows: Vec<TaskRow> = unknown.into_iter().map(|task| row_of(org, task, now, escalates_at)).collect();
    insert_new(conn, &rows)?;
    for (row, task) in asked {
        let anew = row_of(org, task, now, escalates_at);
        let version = row.version + 1;
        let next = if row.state == state::SETTLED {
            // As if it were new, under its own name.
            TaskRow { id: row.id, created_at_ms: row.created_at_ms, version, ..anew }
        } else {
            // Who was asked and how often it was passed on stays; behind the last one nobody is asked.
            let escalate_ms = row.escalate_ms.and(anew.escalate_ms);
            TaskRow { due_ms: anew.due_ms, escalate_ms, version, ..row.clone() }
        };
        update_task(conn, &next)?;
    }
    Ok(())
}

/// Whether an open task is due at another time now.
fn has_moved(row: &TaskRow, task: &NewTask) -> bool {
    row.state == state::OPEN && row.due_ms != task.due_at.map(|at| at.0)
}

/// Closes the open tasks of these sources: what they were about is done.
///
/// # Errors
/// Database errors only.
pub fn settle(conn: &mut Conn, org: OrgId, sources: &[String], now: UnixMillis) -> AppResult<()> {
    if sources.is_empty() {
        return Ok(());
    }
    for row in lock_of_sources(conn, org, sources)?.into_iter().filter(|task| task.state == state::OPEN) {
        let settled = TaskRow {
            state: state::SETTLED.to_owned(),
            escalate_ms: None,
            closed_at_ms: Some(now.0),
            version: row.version + 1,
            ..row
        };
        update_task(conn, &settled)?;
    }
    Ok(())
}

/// Passes open tasks of an organisation on to whoever is asked next; tells how many.
///
/// # Errors
/// Database errors and corrupt rows; what was passed on before stays, and the job comes back to the rest.
pub async fn escalate_due(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    page_by_page(state, org, now, escalate_page).await
}

fn escalate_page(conn: &mut Conn, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    let rows = list_to_escalate(conn, org, now.0, PAGE)?;
    if rows.is_empty() {
        return Ok(0);
    }
    let escalates_at = WorkingTime::load(conn, org, now)?.escalates_at(now)?;
    for row in &rows {
        let role = row.role.parse::<Role>().map_err(|_unknown| corrupt("tasks", row.id, "its role is unknown"))?;
        let next = next_role(role);
        let passed_on = TaskRow {
            role: next.unwrap_or(role).code().to_owned(),
            // Whoever owned it stays named; the role that is asked now sees it as its own.
            level: row.level + i64::from(next.is_some()),
            escalate_ms: next.and_then(next_role).map(|_| escalates_at.0),
            version: row.version + 1,
            ..row.clone()
        };
        tasks::update_task(conn, &passed_on)?;
    }
    Ok(rows.len())
}

fn row_of(org: OrgId, task: &NewTask, now: UnixMillis, escalates_at: UnixMillis) -> TaskRow {
    TaskRow {
        org_id: Txt(org),
        id: Txt(id_of(org, &task.source, now)),
        kind: task.kind.code().to_owned(),
        source: task.source.clone(),
        visit_id: task.visit.map(Txt),
        work_order_id: task.work_order.map(Txt),
        role: task.kind.first_role().code().to_owned(),
        owner_id: task.owner.map(Txt),
        due_ms: task.due_at.map(|at| at.0),
        level: 0,
        // What is due later is passed on then.
        escalate_ms: Some(task.due_at.map_or(escalates_at, |due_at| due_at.max(escalates_at)).0),
        state: state::OPEN.to_owned(),
        reason: task.reason.clone(),
        note: None,
        created_at_ms: now.0,
        closed_at_ms: None,
        closed_by: None,
        version: 1,
        next_visit_id: None,
        no_next_visit: None,
    }
}

/// A UUIDv7 of now whose rest follows from the source: projecting a visit draws no random numbers.
fn id_of(org: OrgId, source: &str, now: UnixMillis) -> TaskId {
    let hash = Hash::of(format!("{org}/{source}").as_bytes());
    let mut rest = [0; 10];
    rest.iter_mut().zip(hash.as_bytes()).for_each(|(rest, byte)| *rest = *byte);
    let millis = u64::try_from(now.0).unwrap_or(0);
    TaskId(Builder::from_unix_timestamp_millis(millis, &rest).into_uuid())
}
