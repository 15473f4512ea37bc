//! POST `/v1/tasks/{task_id}/close`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::TaskId;
use utoipa::ToSchema;

use super::{TaskOut, answer};
use crate::app::{AppState, Ctx, tasks};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::once;
use crate::http::openapi::Problems;

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "note": "已电话答复客户" }))]
pub struct CloseTaskIn {
    /// 1 to 500 characters.
    #[schema(example = "已电话答复客户")]
    pub note: String,
}

/// Closes a task with what was done
///
/// Needs `If-Match`. A deadline that was missed stays missed: the task about it is closed, not the deadline.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` unless it is open, `invalid` without a note.
#[utoipa::path(post, path = "/v1/tasks/{task_id}/close", operation_id = "close_task", tag = "deadlines",
    params(("task_id" = TaskId, Path, description = "The task"),
        ("If-Match" = String, Header, description = "ETag of the task as read", example = "\"1\"")),
    request_body = CloseTaskIn,
    responses((status = 200, description = "The task", body = TaskOut), Problems), security(("bearer" = [])))]
pub async fn close_task(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<TaskId>,
    IfMatch(version): IfMatch,
    Json(body): Json<CloseTaskIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| tasks::close_task(&state, ctx, id, version, body.note)).await
}
