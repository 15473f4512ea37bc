//! POST `/v1/sites/{site_id}/move`

use actix_web::{HttpResponse, web};
use doorstep_store::sites::SiteRecord;
use serde::Deserialize;
use sync_core::ids::SiteId;
use sync_core::time::Geo;
use utoipa::ToSchema;

use super::SiteOut;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, sites};
use crate::http::error::ApiError;
use crate::http::extract::{IfMatch, Json, Path};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;

/// Where a site is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "geo": {"lat_udeg": 30_659_462, "lon_udeg": 104_065_735, "acc_m": 10, "datum": "wgs84"}
}))]
pub struct MoveSiteIn {
    /// Position.
    pub geo: Geo,
}

/// Corrects where a site is
///
/// Needs `If-Match`. Phones that carry the site hear of it. The photos of its visits are looked at again; what was decided
/// about them stays.
///
/// # Errors
/// `not_found`, `stale_version`, `precondition_required`, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/sites/{site_id}/move", operation_id = "move_site", tag = "customers",
    params(("site_id" = SiteId, Path, description = "The site"),
        ("If-Match" = String, Header, description = "ETag of the site as read", example = "\"1\"")),
    request_body = MoveSiteIn,
    responses((status = 200, description = "The site", body = SiteOut), Problems), security(("bearer" = [])))]
pub async fn move_site(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<SiteId>,
    IfMatch(version): IfMatch,
    Json(body): Json<MoveSiteIn>,
) -> Result<HttpResponse, ApiError> {
    once(ctx, answer, |ctx| sites::move_site(&state, ctx, id, version, body.geo)).await
}

fn answer(site: SiteRecord) -> AppResult<Answer> {
    shown(Some(site.version), &SiteOut::from(site))
}
