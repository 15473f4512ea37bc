//! Taking a task and closing it.

use doorstep_store::tasks::{TaskFilter, TaskRow, list_tasks, update_task};
use doorstep_store::{Conn, StoreError, Txt, users};
use serde_json::json;
use sync_core::ids::{TaskId, UserId};

use super::state;
use crate::app::customers::is_text;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};

/// Gives a task to somebody of the organisation.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` unless it is open, `invalid` for somebody unknown.
pub async fn assign_task(state: &AppState, ctx: Ctx, id: TaskId, seen_version: i64, to: UserId) -> AppResult<TaskRow> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let row = load_open(conn, &ctx, id, seen_version)?;
            if users::find_user(conn, ctx.actor.org, to)?.is_none() {
                return Err(Refusal::new(ErrorCode::Invalid).field("owner_id", "an existing person").into());
            }
            let row = TaskRow { owner_id: Some(Txt(to)), version: row.version + 1, ..row };
            update_task(conn, &row)?;
            audit::record(conn, &app, &ctx, "task.assigned", id, &json!({ "kind": row.kind, "owner": to }))?;
            Ok::<_, AppError>(row)
        })
        .await
}

/// Closes a task with what was done.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` unless it is open, `invalid` without a note.
pub async fn close_task(state: &AppState, ctx: Ctx, id: TaskId, seen_version: i64, note: String) -> AppResult<TaskRow> {
    if !is_text(&note, 500) {
        return Err(Refusal::new(ErrorCode::Invalid).field("note", "1 to 500 characters").into());
    }
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let row = load_open(conn, &ctx, id, seen_version)?;
            let row = TaskRow {
                state: state::DONE.to_owned(),
                escalate_ms: None,
                note: Some(note.clone()),
                closed_at_ms: Some(ctx.now.0),
                closed_by: Some(Txt(ctx.actor.user)),
                version: row.version + 1,
                ..row
            };
            update_task(conn, &row)?;
            audit::record(conn, &app, &ctx, "task.closed", id, &json!({ "kind": row.kind, "level": row.level }))?;
            Ok::<_, AppError>(row)
        })
        .await
}

/// An open task within reach, if it has the version the asker saw.
fn load_open(conn: &mut Conn, ctx: &Ctx, id: TaskId, seen_version: i64) -> AppResult<TaskRow> {
    let filter = TaskFilter { id: Some(id), people: reach::of(conn, ctx)?.people, ..TaskFilter::default() };
    let row = list_tasks(conn, ctx.actor.org, &filter, "", 1)?.pop().ok_or(ErrorCode::NotFound)?;
    if row.version != seen_version {
        return Err(StoreError::Stale.into());
    }
    if row.state == state::OPEN {
        return Ok(row);
    }
    let (en, zh) = (format!("The task is {}", row.state), "该待办已处理");
    Err(Refusal::new(ErrorCode::StateInvalid).detail(en, zh).into())
}
