//! POST `/v1/devices/{device_id}/revoke`

use actix_web::{HttpResponse, web};
use sync_core::ids::DeviceId;

use crate::app::auth::DeviceChange;
use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Revokes a phone
///
/// It reads nothing from now on; what it still brings goes to quarantine.
///
/// # Errors
/// `not_found`.
#[utoipa::path(post, path = "/v1/devices/{device_id}/revoke", operation_id = "revoke_device", tag = "devices",
    params(("device_id" = DeviceId, Path, description = "The phone")),
    responses((status = 204, description = "Revoked"), Problems), security(("bearer" = [])))]
pub async fn revoke_device(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(device): Path<DeviceId>,
) -> Result<HttpResponse, ApiError> {
    auth::change_device(&state, ctx, device, DeviceChange::Revoke).await?;
    Ok(HttpResponse::NoContent().finish())
}
