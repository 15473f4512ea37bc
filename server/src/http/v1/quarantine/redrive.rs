//! POST `/v1/quarantine/{device_id}/{item_id}/redrive`

use actix_web::web;
use serde::Serialize;
use sync_core::ids::DeviceId;
use sync_core::protocol::Outcome;
use utoipa::ToSchema;

use super::QuarantineItemOut;
use crate::app::sync;
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// What driving an item again came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedrivenOut {
    /// The item as it is now.
    pub item: QuarantineItemOut,
    /// What the phone would have been told.
    pub outcome: Outcome,
    /// Why it was refused again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Lets the stored bytes of an item be judged again, as if its phone sent them now
///
/// For items whose cause was mended: a defect of the server, a revoked phone that was trusted again. What is good now
/// counts; what is refused again stays where it is. Driving an item twice has no second effect.
///
/// # Errors
/// `not_found`, `state_invalid` for an item that counts already or that its phone wrote anew.
#[utoipa::path(post, path = "/v1/quarantine/{device_id}/{item_id}/redrive", operation_id = "redrive_quarantined",
    tag = "quarantine",
    params(("device_id" = DeviceId, Path, description = "The phone that sent it"),
        ("item_id" = String, Path, description = "The item")),
    responses((status = 200, description = "Judged again", body = RedrivenOut), Problems),
    security(("bearer" = [])))]
pub async fn redrive_quarantined(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((device, id)): Path<(DeviceId, String)>,
) -> Result<web::Json<RedrivenOut>, ApiError> {
    let done = sync::redrive(&state, ctx, device, id).await?;
    Ok(web::Json(RedrivenOut { item: done.item.into(), outcome: done.outcome, code: done.code }))
}
