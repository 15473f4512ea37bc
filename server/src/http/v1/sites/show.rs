//! GET `/v1/sites/{site_id}`

use actix_web::{HttpResponse, web};
use sync_core::ids::SiteId;

use super::SiteOut;
use crate::app::{AppState, Ctx, sites};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows a site
///
/// It is within reach if its customer is; the address is masked for roles that only judge.
///
/// # Errors
/// `not_found` if absent or out of reach.
#[utoipa::path(get, path = "/v1/sites/{site_id}", operation_id = "show_site", tag = "customers",
    params(("site_id" = SiteId, Path, description = "The site")),
    responses((status = 200, description = "The site", body = SiteOut), Problems), security(("bearer" = [])))]
pub async fn show_site(state: web::Data<AppState>, ctx: Ctx, Path(id): Path<SiteId>) -> Result<HttpResponse, ApiError> {
    let site = sites::show_site(&state, ctx, id).await?;
    Ok(tagged(HttpResponse::Ok(), site.version, &SiteOut::from(site)))
}
