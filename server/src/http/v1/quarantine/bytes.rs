//! GET `/v1/quarantine/{device_id}/{item_id}/bytes`

use actix_web::{HttpResponse, web};
use sync_core::bytes::Hash;
use sync_core::ids::DeviceId;

use crate::app::{AppState, Ctx, quarantine};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Gives the refused bytes, exactly as they came
///
/// Hostile until proven otherwise: to be saved, never to be opened as what they claim to be.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/quarantine/{device_id}/{item_id}/bytes", operation_id = "show_quarantined_bytes",
    tag = "quarantine",
    params(("device_id" = DeviceId, Path, description = "The phone that sent it"),
        ("item_id" = String, Path, description = "The item")),
    responses((status = 200, description = "The bytes", body = [u8], content_type = "application/octet-stream"),
        Problems),
    security(("bearer" = [])))]
pub async fn show_quarantined_bytes(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((device, id)): Path<(DeviceId, String)>,
) -> Result<HttpResponse, ApiError> {
    let bytes = quarantine::show_bytes(&state, ctx, device, id).await?;
    // Hostile until proven otherwise: saved, never shown; named by its hash, so that no name from outside is used.
    let name = format!("attachment; filename=\"{}.bin\"", Hash::of(&bytes));
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header(("Content-Disposition", name))
        .insert_header(("Content-Security-Policy", "sandbox; default-src 'none'"))
        .insert_header(("Cache-Control", "no-store"))
        .body(bytes))
}
