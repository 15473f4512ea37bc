//! POST `/v1/visits/{visit_id}/reschedule`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::clock::{Deadline, NotedBy};
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use super::VisitOut;
use crate::app::once::Answer;
use crate::app::visits::{Notice, Rescheduled, Rescheduling};
use crate::app::{AppResult, AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A new time for a visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "start": "2025-03-04T15:00:00+08:00", "notified_at": "2025-03-04T07:50:00+08:00", "proposed_by": "customer",
    "reason": "用户上午有事"
}))]
pub struct RescheduleIn {
    /// New start.
    pub start: Instant,
    /// New end.
    #[serde(default)]
    pub end: Option<Instant>,
    /// When the customer was told, or told us.
    pub notified_at: Instant,
    /// Error of that instant in milliseconds, if a phone's clock told it; `null` where nothing bounds it.
    #[serde(default, rename = "notified_err_ms")]
    #[schema(value_type = Option<i64>, example = 1500)]
    pub notified_by: NotedBy,
    /// `customer`, `rep` or `office`.
    #[schema(example = "customer")]
    pub proposed_by: String,
    /// Why, 1 to 500 characters.
    #[schema(example = "用户上午有事")]
    pub reason: String,
}

/// The two-hour notice (APT-04, F-02).
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeOut {
    /// Minutes from telling the customer to the old start, rounded down.
    #[schema(example = 130)]
    pub notice_minutes: i64,
    /// Whether that is at least two hours, as far as the clock proves it: `met`, `missed` or `undetermined`.
    #[schema(value_type = String, example = "met")]
    pub deadline: Deadline,
}

/// A moved visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct RescheduledOut {
    /// The visit.
    pub visit: VisitOut,
    /// The notice; absent if the visit had no time before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeOut>,
}

/// Moves a visit to another time
///
/// Needs `If-Match`. A notice of less than two hours is recorded and answered, never refused. After arrival a visit
/// is not moved; the next attempt is a visit of its own.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid`, `rep_not_certified` and `rep_absent` if somebody
/// of the crew could not be sent then, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/reschedule", operation_id = "reschedule_visit", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit"),
        ("If-Match" = String, Header, description = "ETag of the visit as read", example = "\"1\"")),
    request_body = RescheduleIn,
    responses((status = 200, description = "The visit", body = RescheduledOut), Problems),
    security(("bearer" = [])))]
pub async fn reschedule_visit(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    IfMatch(version): IfMatch,
    Json(body): Json<RescheduleIn>,
) -> Result<HttpResponse, ApiError> {
    let to = Rescheduling {
        start: body.start.0,
        end: body.end.map(|end| end.0),
        notified_at: body.notified_at.0,
        notified_by: body.notified_by,
        proposed_by: body.proposed_by,
        reason: body.reason,
    };
    once(ctx, answer, |ctx| visits::reschedule_visit(&state, ctx, id, version, to)).await
}

fn answer(moved: Rescheduled) -> AppResult<Answer> {
    let out = RescheduledOut {
        notice: moved.notice.map(|Notice { minutes, deadline }| NoticeOut { notice_minutes: minutes, deadline }),
        visit: moved.visit.into(),
    };
    shown(Some(out.visit.version), &out)
}
