//! POST `/v1/users/{user_id}/certificates`

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::dispatch::CertificateKind;
use sync_core::ids::UserId;
use utoipa::ToSchema;

use super::CertificateOut;
use crate::app::dispatch::{CertificateListing, NewCertificate};
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, dispatch};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path, coded_field};
use crate::http::once::{created, once};
use crate::http::openapi::Problems;

/// A certificate to note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "post_certification", "number": "ZW-2024-0117", "valid_from": "2024-07-01", "valid_to": "2026-06-30"
}))]
pub struct CertificateIn {
    /// `post_certification` or `work_at_height`.
    #[schema(example = "post_certification")]
    pub kind: String,
    /// The number on it, 1 to 64 characters.
    #[serde(default)]
    #[schema(example = "ZW-2024-0117")]
    pub number: Option<String>,
    /// The first day on which it counts, of the organisation's zone.
    #[schema(example = "2024-07-01")]
    pub valid_from: String,
    /// The last day on which it counts.
    #[schema(example = "2026-06-30")]
    pub valid_to: String,
}

/// Notes a certificate of somebody
///
/// Which orders need which certificate says the policy (`post_certification_orders`, `work_at_height_orders`); nobody is
/// sent without one that counts on the planned day. A renewal is a certificate more; one that is wrong is withdrawn.
///
/// # Errors
/// `not_found`, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/users/{user_id}/certificates", operation_id = "create_certificate", tag = "users",
    params(("user_id" = UserId, Path, description = "Who holds it")), request_body = CertificateIn,
    responses((status = 201, description = "Noted", body = CertificateOut), Problems), security(("bearer" = [])))]
pub async fn create_certificate(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(user): Path<UserId>,
    Json(body): Json<CertificateIn>,
) -> Result<HttpResponse, ApiError> {
    let codes = CertificateKind::ALL.iter().map(|kind| kind.code());
    let new = NewCertificate {
        kind: coded_field("kind", &body.kind, CertificateKind::from_code, codes)?,
        number: body.number,
        valid_from: body.valid_from,
        valid_to: body.valid_to,
    };
    once(ctx, answer, |ctx| dispatch::create_certificate(&state, ctx, user, new)).await
}

fn answer(listing: CertificateListing) -> AppResult<Answer> {
    created(None, &CertificateOut::from(listing))
}
