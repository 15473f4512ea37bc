//! POST `/v1/tasks/{task_id}/assign`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{TaskId, UserId};
use utoipa::ToSchema;

use super::{TaskOut, answer};
use crate::app::{AppState, Ctx, tasks};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::once;
use crate::http::openapi::Problems;

/// Whose a task is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "owner_id": "01955f2c-3000-7000-8000-000000000001" }))]
pub struct AssignTaskIn {
    /// Somebody of the organisation.
    pub owner_id: UserId,
}

/// Gives a task to somebody
///
/// Needs `If-Match`. It is passed on as before unless it is closed in time.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` unless it is open, `invalid`.
#[utoipa::path(post, path = "/v1/tasks/{task_id}/assign", operation_id = "assign_task", tag = "deadlines",
    params(("task_id" = TaskId, Path, description = "The task"),
        ("If-Match" = String, Header, description = "ETag of the task as read", example = "\"1\"")),
    request_body = AssignTaskIn,
    responses((status = 200, description = "The task", body = TaskOut), Problems), security(("bearer" = [])))]
pub async fn assign_task(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<TaskId>,
    IfMatch(version): IfMatch,
    Json(body): Json<AssignTaskIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| tasks::assign_task(&state, ctx, id, version, body.owner_id)).await
}
