//! POST `/v1/certificates/{certificate_id}/withdraw`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::CertificateId;
use utoipa::ToSchema;

use super::CertificateOut;
use crate::app::dispatch::CertificateListing;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Why a certificate does not count any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "登记有误" }))]
pub struct WithdrawCertificateIn {
    /// Why, 1 to 500 characters.
    #[schema(example = "登记有误")]
    pub reason: String,
}

/// Withdraws a certificate
///
/// It stays in the list. Visits that were given out by it stay with their crew; nobody is sent anywhere by it any more.
///
/// # Errors
/// `not_found`, `state_invalid` if it was withdrawn before, `invalid` without a reason.
#[utoipa::path(post, path = "/v1/certificates/{certificate_id}/withdraw", operation_id = "withdraw_certificate",
    tag = "users", params(("certificate_id" = CertificateId, Path, description = "The certificate")),
    request_body = WithdrawCertificateIn,
    responses((status = 200, description = "The certificate", body = CertificateOut), Problems),
    security(("bearer" = [])))]
pub async fn withdraw_certificate(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<CertificateId>,
    Json(body): Json<WithdrawCertificateIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| dispatch::withdraw_certificate(&state, ctx, id, body.reason)).await
}

fn answer(listing: CertificateListing) -> AppResult<Answer> {
    shown(None, &CertificateOut::from(listing))
}
