//! POST `/v1/devices/{device_id}/wipe` and `/v1/devices/wipe-receipts`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{DeviceId, OrgId};
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, devices};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::openapi::{Problems, PublicProblems};

/// How a phone is to be wiped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WipeIn {
    /// Gives up what is unsent; without it the phone uploads everything first.
    #[serde(default)]
    #[schema(example = false)]
    pub wipe_now: bool,
}

/// Orders a phone to wipe itself
///
/// The order is signed with an evidence key and told to the phone in its next sync. The phone uploads what is unsent,
/// unless `wipe_now`, keeps a receipt signed by its key, and wipes its store. One order is pending at a time.
///
/// # Errors
/// `not_found`.
#[utoipa::path(post, path = "/v1/devices/{device_id}/wipe", operation_id = "wipe_device", tag = "devices",
    params(("device_id" = DeviceId, Path, description = "The phone")), request_body = WipeIn,
    responses((status = 202, description = "Ordered"), Problems), security(("bearer" = [])))]
pub async fn wipe_device(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(device): Path<DeviceId>,
    Json(body): Json<WipeIn>,
) -> Result<HttpResponse, ApiError> {
    devices::order_wipe(&state, ctx, device, body.wipe_now).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// A phone's word that it wiped itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WipeReceiptIn {
    /// Tenant.
    pub org_id: OrgId,
    /// JWS of the device, `typ` `doorstep-order-receipt`.
    #[schema(example = "eyJhbGciOiJFUzI1NiIs….eyJvcmRlciI6….MEUCIQ…")]
    pub receipt: String,
}

/// Keeps a phone's word that it wiped itself
///
/// A wiped phone has no token any more: the signature of its key is the proof. The same receipt again has no effect.
///
/// # Errors
/// `assertion_invalid`.
#[utoipa::path(post, path = "/v1/devices/wipe-receipts", operation_id = "keep_wipe_receipt", tag = "devices",
    request_body = WipeReceiptIn,
    responses((status = 204, description = "Kept"), PublicProblems))]
pub async fn keep_wipe_receipt(
    state: web::Data<AppState>,
    Json(body): Json<WipeReceiptIn>,
) -> Result<HttpResponse, ApiError> {
    devices::keep_wipe_receipt(&state, body.org_id, body.receipt).await?;
    Ok(HttpResponse::NoContent().finish())
}
