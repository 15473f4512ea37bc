//! POST `/v1/notices/{notice_id}/sent` and `/failed`

use actix_web::web;
use serde::Deserialize;
use sync_core::ids::NoticeId;
use utoipa::ToSchema;

use super::CustomerNoticeOut;
use crate::app::contacts::{Told, settle};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::openapi::Problems;

/// Tells that a message was sent
///
/// Told again it changes nothing.
///
/// # Errors
/// `not_found`, `state_invalid` if it was never to be sent, or failed.
#[utoipa::path(post, path = "/v1/notices/{notice_id}/sent", operation_id = "mark_notice_sent", tag = "contacts",
    params(("notice_id" = NoticeId, Path, description = "The message")),
    responses((status = 200, description = "The message", body = CustomerNoticeOut), Problems), security(("bearer" = [])))]
pub async fn mark_notice_sent(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<NoticeId>,
) -> Result<web::Json<CustomerNoticeOut>, ApiError> {
    Ok(web::Json(settle(&state, ctx, id, Told::Sent).await?.into()))
}

/// Why a message could not be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeFailedIn {
    /// Why, 1 to 200 characters, without data of the customer.
    #[schema(example = "number not in service")]
    pub reason: String,
}

/// Tells that a message could not be sent
///
/// Told again with the same reason it changes nothing.
///
/// # Errors
/// `not_found`, `state_invalid` if it was never to be sent, or was sent, `invalid` without a reason.
#[utoipa::path(post, path = "/v1/notices/{notice_id}/failed", operation_id = "mark_notice_failed", tag = "contacts",
    params(("notice_id" = NoticeId, Path, description = "The message")), request_body = NoticeFailedIn,
    responses((status = 200, description = "The message", body = CustomerNoticeOut), Problems), security(("bearer" = [])))]
pub async fn mark_notice_failed(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<NoticeId>,
    Json(body): Json<NoticeFailedIn>,
) -> Result<web::Json<CustomerNoticeOut>, ApiError> {
    Ok(web::Json(settle(&state, ctx, id, Told::Failed(body.reason)).await?.into()))
}
