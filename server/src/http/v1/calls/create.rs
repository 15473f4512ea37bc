//! POST `/v1/calls`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{UserId, VisitId, WorkOrderId};
use utoipa::ToSchema;

use super::{CallOut, told};
use crate::app::contacts::{NewCall, keep_call};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, response};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A call that went out through the bridge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "call_id": "bridge-20250304-0017", "visit_id": "01955f2c-3000-7000-8000-000000000001",
    "rep_id": "01955f2c-3000-7000-8000-000000000002", "started_at": "2025-03-04T09:12:00+08:00", "duration_s": 42,
    "result": "reached", "recording_ref": "rec/2025/03/04/0017"
}))]
pub struct CallIn {
    /// The bridge's own name of the call, 1 to 100 characters.
    #[schema(example = "bridge-20250304-0017")]
    pub call_id: String,
    /// The visit that it was about; either this or the order.
    #[serde(default)]
    pub visit_id: Option<VisitId>,
    /// The order, where no visit is named.
    #[serde(default)]
    pub work_order_id: Option<WorkOrderId>,
    /// Who called.
    pub rep_id: UserId,
    /// When it began.
    pub started_at: Instant,
    /// How long it lasted, in seconds, at most a day.
    pub duration_s: i64,
    /// `reached`, `no_answer`, `refused` or `wrong_number`.
    #[schema(example = "reached")]
    pub result: String,
    /// Reference of the recording, where there is one.
    #[serde(default)]
    #[schema(example = "rec/2025/03/04/0017")]
    pub recording_ref: Option<String>,
}

/// Tells of a call that went out through the bridge
///
/// The call is named by its own id: told again with the same content it changes nothing. It is the contact that the rep noted
/// at about that time; its recording vouches for it if somebody answered.
///
/// # Errors
/// `invalid` naming the field, `conflict` if something else was told under this id.
#[utoipa::path(post, path = "/v1/calls", operation_id = "create_call", tag = "contacts", request_body = CallIn,
    responses((status = 201, description = "Kept", body = CallOut), Problems), security(("bearer" = [])))]
pub async fn create_call(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<CallIn>,
) -> Result<HttpResponse, ApiError> {
    let new = NewCall {
        call_id: body.call_id,
        visit: body.visit_id,
        order: body.work_order_id,
        rep: body.rep_id,
        started_at: body.started_at.0,
        duration_secs: body.duration_s,
        result: body.result,
        recording_ref: body.recording_ref,
    };
    Ok(response(&created(None, &told(keep_call(&state, ctx, new).await?))?))
}
