//! Taking a task and closing it.

use doorstep_store::tasks::{TaskFilter, TaskRow, list_tasks, update_task};
use doorstep_store::visits::find_visit;
use doorstep_store::{Conn, StoreError, Txt, users};
use serde_json::json;
use sync_core::deadlines::NoRecheck;
use sync_core::ids::{TaskId, UserId, VisitId};
use sync_core::visit::VisitState;

use super::state;
use crate::app::customers::is_text;
use crate::app::visits::{self, PlannedTime};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::task::TaskKind;
use crate::domain::{Operation, Role};

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

/// How a task is closed.
#[derive(Debug, Clone)]
pub struct Closing {
    /// What was done.
    pub note: String,
    /// The visit that follows, of tasks whose answer plans one.
    pub next_visit: Option<(Vec<UserId>, PlannedTime)>,
    /// Why no inspection follows a rectification.
    pub no_next_visit: Option<NoRecheck>,
}

impl Closing {
    /// Refuses to end a rectification without either the inspection after it or why there is none.
    // Rule: PRE-01
    fn require_recheck(&self, row: &TaskRow) -> AppResult<()> {
        let refusal = Refusal::new(ErrorCode::Invalid);
        let is_rectification = row.kind == TaskKind::Rectification.code();
        let refusal = match (is_rectification, &self.next_visit, self.no_next_visit) {
            (true, None, None) => refusal.both(
                "next_visit",
                "the inspection after the rectification, or in no_next_visit why there is none",
                "整改后的复验安排，或在 no_next_visit 中说明不再复验的原因",
            ),
            (true, Some(_), Some(_)) => {
                refusal.both("no_next_visit", "absent where an inspection follows", "已安排复验时不填写")
            }
            (false, _, Some(_)) => {
                refusal.both("no_next_visit", "absent: only a rectification asks for an inspection", "仅整改类待办填写")
            }
            _ => return Ok(()),
        };
        Err(refusal.into())
    }
}

/// Closes a task with what was done, and plans the visit that follows: the next attempt once a missing line is there, the
/// inspection after a rectification.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid` unless it is open, or if only what it is about ends it, `invalid` without a note, for a rectification without
/// either a next visit or why there is none, or naming what of the next visit is not possible; `conflict` if the inspection that follows is planned already; `forbidden`
/// for a next visit that is planned by somebody who is neither asked nor plans visits.
// Rule: PRE-01
pub async fn close_task(
    state: &AppState,
    ctx: Ctx,
    id: TaskId,
    seen_version: i64,
    closing: Closing,
) -> AppResult<TaskRow> {
    if !is_text(&closing.note, 500) {
        return Err(Refusal::new(ErrorCode::Invalid).field("note", "1 to 500 characters").into());
    }
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let row = load_open(conn, &ctx, id, seen_version)?;
            require_closable(&row)?;
            closing.require_recheck(&row)?;
            let next_visit = match &closing.next_visit {
                Some((crew, time)) => Some(plan_next(conn, &app, &ctx, &row, (crew, time))?),
                None => None,
            };
            let row = TaskRow {
                state: state::DONE.to_owned(),
                escalate_ms: None,
                note: Some(closing.note.clone()),
                closed_at_ms: Some(ctx.now.0),
                closed_by: Some(Txt(ctx.actor.user)),
                version: row.version + 1,
                next_visit_id: next_visit.map(Txt),
                no_next_visit: closing.no_next_visit.map(|why| why.code().to_owned()),
                ..row
            };
            update_task(conn, &row)?;
            let detail = json!({ "kind": row.kind, "level": row.level, "next_visit": next_visit,
                "no_next_visit": row.no_next_visit });
            audit::record(conn, &app, &ctx, "task.closed", id, &detail)?;
            Ok::<_, AppError>(row)
        })
        .await
}

/// Refuses to close by hand what would then be forgotten: an order stays on hold until somebody resumes it.
// Rule: APT-11
fn require_closable(row: &TaskRow) -> AppResult<()> {
    if row.kind != TaskKind::HoldOverdue.code() {
        return Ok(());
    }
    let en = "It ends by itself once the order is resumed, or the outage ends or gets a later end";
    Err(Refusal::new(ErrorCode::StateInvalid).detail(en, "恢复工单、结束故障或修改预计恢复时间后自动关闭").into())
}

/// Plans the visit that follows from the answer to a task.
fn plan_next(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    row: &TaskRow,
    next: (&[UserId], &PlannedTime),
) -> AppResult<VisitId> {
    let kind = TaskKind::from_code(&row.kind).filter(|kind| kind.plans_a_visit());
    let (Some(kind), Some(visit)) = (kind, row.visit_id) else {
        let expected = "absent: nothing is planned by the answer to this task";
        return Err(Refusal::new(ErrorCode::Invalid).both("next_visit", expected, "此类待办不安排后续上门").into());
    };
    let is_asked = row.role.parse().is_ok_and(|role: Role| ctx.actor.has(role));
    if !is_asked && Operation::CreateNextAttempt.grants(&ctx.actor.roles).is_empty() {
        return Err(ErrorCode::Forbidden.into());
    }
    let planned = match kind {
        TaskKind::Rectification => {
            require_no_recheck(conn, ctx, visit.0)?;
            visits::plan_recheck(conn, app, ctx, visit.0, next)
        }
        _ => visits::plan_next_attempt(conn, app, ctx, visit.0, next),
    };
    Ok(planned?.row.id.0)
}

/// Refuses a second inspection after the same one, as long as the first is not called off.
// Rule: PRE-01
fn require_no_recheck(conn: &mut Conn, ctx: &Ctx, inspected: VisitId) -> AppResult<()> {
    let kind = Some(TaskKind::Rectification.code().to_owned());
    let filter = TaskFilter { visit: Some(inspected), kind, ..TaskFilter::default() };
    for planned in list_tasks(conn, ctx.actor.org, &filter, "", i64::MAX)?.iter().filter_map(|row| row.next_visit_id) {
        let visit = find_visit(conn, ctx.actor.org, planned.0)?;
        if visit.is_some_and(|visit| visit.state != VisitState::Cancelled.code()) {
            let refusal = Refusal::new(ErrorCode::Conflict);
            return Err(refusal.detail(format!("The inspection {planned} follows already"), "复验已安排").into());
        }
    }
    Ok(())
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
