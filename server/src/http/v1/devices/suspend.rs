//! POST `/v1/devices/{device_id}/suspend` and `/v1/devices/{device_id}/reinstate`

use actix_web::{HttpResponse, web};
use sync_core::ids::DeviceId;

use crate::app::auth::DeviceChange;
use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Suspends a phone
///
/// It reads nothing until it is reinstated; what it brings is accepted and marked. Its sign-in stays good.
///
/// # Errors
/// `not_found`, `state_invalid` for a revoked phone.
#[utoipa::path(post, path = "/v1/devices/{device_id}/suspend", operation_id = "suspend_device", tag = "devices",
    params(("device_id" = DeviceId, Path, description = "The phone")),
    responses((status = 204, description = "Suspended"), Problems), security(("bearer" = [])))]
pub async fn suspend_device(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(device): Path<DeviceId>,
) -> Result<HttpResponse, ApiError> {
    auth::change_device(&state, ctx, device, DeviceChange::Suspend).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends the suspension of a phone
///
/// It reads again. An order that it has not answered is withdrawn; one that it has heard may still be carried out.
///
/// # Errors
/// `not_found`, `state_invalid` for a revoked phone.
#[utoipa::path(post, path = "/v1/devices/{device_id}/reinstate", operation_id = "reinstate_device", tag = "devices",
    params(("device_id" = DeviceId, Path, description = "The phone")),
    responses((status = 204, description = "Reinstated"), Problems), security(("bearer" = [])))]
pub async fn reinstate_device(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(device): Path<DeviceId>,
) -> Result<HttpResponse, ApiError> {
    auth::change_device(&state, ctx, device, DeviceChange::Reinstate).await?;
    Ok(HttpResponse::NoContent().finish())
}
