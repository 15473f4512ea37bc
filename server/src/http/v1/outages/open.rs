//! POST /v1/outages

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::GridId;
use utoipa::ToSchema;

use super::OutageOut;
use crate::app::once::Answer;
use crate::app::outages::{self, NewOutage, Outage};
use crate::app::{AppResult, AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// An outage to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "云泽东光缆中断", "grid_id": "01955f2c-3000-7000-8000-000000000006" }))]
pub struct OutageIn {
    /// What is broken, 1 to 200 characters.
    #[schema(example = "云泽东光缆中断")]
    pub title: String,
    /// Where.
    pub grid_id: GridId,
    /// When it will probably be over.
    #[serde(default)]
    pub expected_end: Option<Instant>,
}

/// Opens an outage of a whole area
///
/// Whoever adds a repair order in that grid is told of it.
///
/// # Errors
/// `invalid` naming the field.
#[utoipa::path(post, path = "/v1/outages", operation_id = "open_outage", tag = "work orders", request_body = OutageIn,
    responses((status = 201, description = "Opened", body = OutageOut), Problems), security(("bearer" = [])))]
pub async fn open_outage(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<OutageIn>,
) -> Result<HttpResponse, ApiError> {
    let expected_end = body.expected_end.map(|end| end.0);
    let new = NewOutage { title: body.title, grid: body.grid_id, expected_end };
    once(ctx, answer, |ctx| outages::open_outage(&state, ctx, new)).await
}

fn answer(outage: Outage) -> AppResult<Answer> {
    created(Some(outage.row.version), &OutageOut::from(outage))
}
