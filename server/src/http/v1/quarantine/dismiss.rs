//! POST `/v1/quarantine/{device_id}/{item_id}/dismiss`

use actix_web::{HttpResponse, web};
use doorstep_store::quarantine::QuarantineItem;
use serde::Deserialize;
use sync_core::ids::DeviceId;
use utoipa::ToSchema;

use super::QuarantineItemOut;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, quarantine};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Why nothing more is to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"remark": "测试机发送的无效数据"}))]
pub struct DismissIn {
    /// Why, 1 to 500 characters.
    #[schema(example = "测试机发送的无效数据")]
    pub remark: String,
}

/// Dismisses an item; its bytes are kept
///
/// Says that nothing more is to be done about it, and why.
///
/// # Errors
/// `not_found`, `invalid` without a remark, `state_invalid` for an item that counts already.
#[utoipa::path(post, path = "/v1/quarantine/{device_id}/{item_id}/dismiss", operation_id = "dismiss_quarantined",
    tag = "quarantine", request_body = DismissIn,
    params(("device_id" = DeviceId, Path, description = "The phone that sent it"),
        ("item_id" = String, Path, description = "The item")),
    responses((status = 200, description = "The item", body = QuarantineItemOut), Problems),
    security(("bearer" = [])))]
pub async fn dismiss_quarantined(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((device, id)): Path<(DeviceId, String)>,
    Json(body): Json<DismissIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| quarantine::dismiss(&state, ctx, device, id, body.remark)).await
}

fn answer(item: QuarantineItem) -> AppResult<Answer> {
    shown(None, &QuarantineItemOut::from(item))
}
