//! GET /v1/certificates

use actix_web::web;
use serde::Deserialize;
use sync_core::dispatch::CertificateKind;
use sync_core::ids::UserId;
use utoipa::IntoParams;

use super::CertificateOut;
use crate::app::dispatch::{self, CertificateListing, WantedCertificates};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query, coded};
use crate::http::openapi::Problems;

/// Which certificates.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CertificateQuery {
    /// Only of this person.
    pub user_id: Option<UserId>,
    /// Only of this kind.
    #[param(example = "post_certification")]
    pub kind: Option<String>,
}

/// Lists certificates in the order in which they were noted
///
/// With how each stands today; one that ends within `certificate_notice_days` of the policy is `ending`. A rep sees his
/// own, a team lead those of the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/certificates", operation_id = "list_certificates", tag = "users",
    params(CertificateQuery, PageQuery),
    responses((status = 200, description = "Certificates", body = PageOut<CertificateOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_certificates(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<CertificateQuery>,
    page: Page,
) -> Result<web::Json<PageOut<CertificateOut>>, ApiError> {
    let codes = CertificateKind::ALL.iter().map(|kind| kind.code());
    let kind = coded("kind", query.kind.as_deref(), CertificateKind::from_code, codes)?;
    let wanted = WantedCertificates { user: query.user_id, kind };
    let found = dispatch::list_certificates(&state, ctx, wanted, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |one: &CertificateListing| one.row.id.to_string(), CertificateOut::from)))
}
