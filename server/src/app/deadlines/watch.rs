//! Telling somebody of deadlines that have passed.

use doorstep_store::Conn;
use doorstep_store::deadlines::{DeadlineRow, list_to_tell, mark_told};
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use super::keep::{due_of, source_of};
use crate::app::tasks::{self, NewTask};
use crate::app::{AppResult, AppState};
use crate::domain::task::TaskKind;

/// Deadlines of one transaction.
const PAGE: i64 = 200;

/// Opens a task for each deadline of an organisation that was missed, or has passed while nothing is known; tells how many.
///
/// # Errors
/// Database errors and corrupt rows; what was told before stays told, and the job comes back to the rest.
///
/// # Concurrency
/// Doing it twice, or on two nodes at once, opens no task twice.
pub async fn tell_due(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    tasks::page_by_page(state, org, now, tell_page).await
}

fn tell_page(conn: &mut Conn, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    let rows = list_to_tell(conn, org, now.0, PAGE)?;
    let mut new = Vec::new();
    for row in &rows {
        if mark_told(conn, row, now.0)? {
            match task_of(row) {
                Ok(task) => new.push(task),
                // It keeps none of the others waiting.
                Err(error) => tracing::error!(%org, subject = %row.subject, ?error, "a deadline cannot be told of"),
            }
        }
    }
    tasks::open(conn, org, &new, now)?;
    Ok(rows.len())
}

fn task_of(row: &DeadlineRow) -> AppResult<NewTask> {
    let due = due_of(&row.judgement())?;
    let place = (row.visit_id.map(|visit| visit.0), row.work_order_id.map(|order| order.0));
    let task = NewTask::of(TaskKind::Deadline(due.code), source_of(row), place);
    Ok(NewTask { due_at: Some(due.due_at), ..task })
}
