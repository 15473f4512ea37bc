//! GET `/v1/quarantine/{device_id}/{item_id}`

use actix_web::web;
use sync_core::ids::DeviceId;

use super::QuarantineItemOut;
use crate::app::{AppState, Ctx, quarantine};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Shows a quarantined item with code and remedy
///
/// Why it was refused, what was expected, what can be done, and what became of it.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/quarantine/{device_id}/{item_id}", operation_id = "show_quarantined",
    tag = "quarantine",
    params(("device_id" = DeviceId, Path, description = "The phone that sent it"),
        ("item_id" = String, Path, description = "The item")),
    responses((status = 200, description = "The item", body = QuarantineItemOut), Problems),
    security(("bearer" = [])))]
pub async fn show_quarantined(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((device, id)): Path<(DeviceId, String)>,
) -> Result<web::Json<QuarantineItemOut>, ApiError> {
    Ok(web::Json(quarantine::show_item(&state, ctx, device, id).await?.into()))
}
