//! POST `/v1/outages/{outage_id}/end`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::OutageId;
use utoipa::ToSchema;

use super::{OutageOut, answer};
use crate::app::{AppState, Ctx, outages};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::once;
use crate::http::openapi::Problems;

/// What an outage was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "cause": "施工挖断光缆，已熔接" }))]
pub struct EndOutageIn {
    /// What it was, 1 to 500 characters.
    #[schema(example = "施工挖断光缆，已熔接")]
    pub cause: String,
}

/// Ends an outage
///
/// Needs `If-Match`. Every order that waited for it goes on.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `state_invalid` if it is over, `invalid` without a cause.
#[utoipa::path(post, path = "/v1/outages/{outage_id}/end", operation_id = "end_outage", tag = "work orders",
    params(("outage_id" = OutageId, Path, description = "The outage"),
        ("If-Match" = String, Header, description = "ETag of the outage as read", example = "\"1\"")),
    request_body = EndOutageIn,
    responses((status = 200, description = "The outage", body = OutageOut), Problems), security(("bearer" = [])))]
pub async fn end_outage(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<OutageId>,
    IfMatch(version): IfMatch,
    Json(body): Json<EndOutageIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| outages::end_outage(&state, ctx, id, version, body.cause)).await
}
