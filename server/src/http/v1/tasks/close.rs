//! POST `/v1/tasks/{task_id}/close`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::deadlines::NoRecheck;
use sync_core::ids::TaskId;
use utoipa::ToSchema;

use super::{TaskOut, answer};
use crate::app::tasks::{self, Closing};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path, coded_field};
use crate::http::once::once;
use crate::http::openapi::Problems;
use crate::http::v1::visits::next_attempt::NextAttemptIn;
use crate::http::v1::visits::planned_time;

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "note": "已扩容分光器端口",
    "next_visit": { "appointment": { "start": "2025-03-05T09:00:00+08:00", "proposed_by": "customer" } }
}))]
pub struct CloseTaskIn {
    /// 1 to 500 characters.
    #[schema(example = "已扩容分光器端口")]
    pub note: String,
    /// The visit that follows, of a task `resource_missing` (the next attempt) or `rectification` (the inspection of what was
    /// rectified, under an order of its own).
    #[serde(default)]
    pub next_visit: Option<NextAttemptIn>,
    /// Why no inspection follows a `rectification`: `already_planned`, `customer_declines` or `order_cancelled`.
    #[serde(default)]
    #[schema(example = "already_planned")]
    pub no_next_visit: Option<String>,
}

/// Closes a task with what was done
///
/// Needs `If-Match`. A deadline that was missed stays missed: the task about it is closed, not the deadline. The answer of the
/// network department to `resource_missing` may plan the visit that follows; that of the shop to `rectification` plans the
/// inspection after it, or says why there is none.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` unless it is open, `invalid` without a note,
/// for a rectification without either a next visit or why there is none, or naming what of the next visit is not possible, `forbidden` for a next visit by somebody who is neither asked nor plans
/// visits, `conflict` if it is planned already.
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
    let next_visit = match body.next_visit {
        Some(next) => Some((next.crew, planned_time(next.appointment, next.planned_start, ctx.now)?)),
        None => None,
    };
    let codes = NoRecheck::ALL.iter().map(|why| why.code());
    let no_next_visit = match body.no_next_visit {
        Some(why) => Some(coded_field("no_next_visit", &why, NoRecheck::from_code, codes)?),
        None => None,
    };
    let closing = Closing { note: body.note, next_visit, no_next_visit };
    once(ctx, answer, |ctx| tasks::close_task(&state, ctx, id, version, closing)).await
}
