//! Disputing how a visit was judged.

use doorstep_store::deadlines::list_of_subjects;
use doorstep_store::tasks::{TaskRow, list_of_sources};
use serde_json::json;
use sync_core::deadlines::Figure;
use sync_core::ids::VisitId;

use crate::app::customers::is_text;
use crate::app::rows::corrupt;
use crate::app::tasks::{self, NewTask};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::task::TaskKind;

/// What is disputed.
#[derive(Debug, Clone)]
pub struct Disputed {
    /// The figure.
    pub figure: Figure,
    /// The visit that it counts or leaves out.
    pub visit: VisitId,
    /// Which deadline of the visit, where it has several.
    pub item: i64,
    /// Why.
    pub reason: String,
}

/// Opens a case about how a visit was judged; the judgement stands until the case is closed.
///
/// # Errors
/// `not_found` for a visit out of reach or without such a deadline, `invalid` without a reason, `conflict` if it is
/// disputed already as it stands.
pub async fn dispute_figure(state: &AppState, ctx: Ctx, disputed: Disputed) -> AppResult<TaskRow> {
    if !is_text(&disputed.reason, 500) {
        return Err(Refusal::new(ErrorCode::Invalid).field("reason", "1 to 500 characters").into());
    }
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let (org, visit) = (ctx.actor.org, disputed.visit);
            let row = reach::load_visit(conn, &ctx, visit)?;
            let code = disputed.figure.of().code();
            let order = row.work_order_id.map(|order| order.to_string());
            let subjects: Vec<String> = [Some(visit.to_string()), order].into_iter().flatten().collect();
            let due = list_of_subjects(conn, org, &subjects)?;
            let due =
                due.iter().find(|due| due.code == code && due.item == disputed.item).ok_or(ErrorCode::NotFound)?;
            // A judgement is disputed once; judged anew it is another one.
            let (figure, item) = (disputed.figure.code(), disputed.item);
            let source = format!("dispute/{visit}/{figure}/{item}/{}", due.judged_ms);
            if !list_of_sources(conn, org, std::slice::from_ref(&source))?.is_empty() {
                return Err(ErrorCode::Conflict.into());
            }
            let place = (Some(visit), row.work_order_id.map(|order| order.0));
            let task = NewTask {
                owner: Some(ctx.actor.user),
                reason: Some(disputed.reason.clone()),
                ..NewTask::of(TaskKind::Dispute, source.clone(), place)
            };
            tasks::open(conn, org, &[task], ctx.now)?;
            let detail = json!({ "figure": disputed.figure.code(), "state": due.state });
            audit::record(conn, &app, &ctx, "figure.disputed", visit, &detail)?;
            let opened = list_of_sources(conn, org, &[source])?.pop();
            opened.ok_or_else(|| -> AppError { corrupt("tasks", visit, "the task is not there") })
        })
        .await
}
