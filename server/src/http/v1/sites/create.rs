//! POST /v1/sites

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use sync_core::ids::{CustomerId, GridId};
use sync_core::time::Geo;
use utoipa::ToSchema;

use super::SiteOut;
use crate::app::once::Answer;
use crate::app::sites::NewSite;
use crate::app::{AppResult, AppState, Ctx, sites};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
use crate::http::openapi::Problems;
use doorstep_store::sites::SiteRecord;

/// A site to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01955f2c-3000-7000-8000-000000000001", "address": "云泽市虚构区示例路 18 号 3 栋 502",
    "scene": "urban_residential"
}))]
pub struct SiteIn {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Grid.
    #[serde(default)]
    pub grid_id: Option<GridId>,
    /// Address, 1 to 300 characters.
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: String,
    /// Position.
    #[serde(default)]
    pub geo: Option<Geo>,
    /// `urban_residential`, `rural` or `business`.
    #[schema(example = "urban_residential")]
    pub scene: String,
    /// How to get in.
    #[serde(default)]
    #[schema(example = "单元门密码问物业")]
    pub access_note: Option<String>,
}

/// Adds a site of a customer
///
/// Work is done at a site; a customer may have several.
///
/// # Errors
/// `invalid` naming the field.
#[utoipa::path(post, path = "/v1/sites", operation_id = "create_site", tag = "customers", request_body = SiteIn,
    responses((status = 201, description = "Added", body = SiteOut), Problems), security(("bearer" = [])))]
pub async fn create_site(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<SiteIn>,
) -> Result<HttpResponse, ApiError> {
    let new = NewSite {
        grid: body.grid_id,
        address: body.address,
        geo: body.geo,
        scene: body.scene,
        access_note: body.access_note,
    };
    once(ctx, answer, |ctx| sites::create_site(&state, ctx, body.customer_id, new)).await
}

fn answer(site: SiteRecord) -> AppResult<Answer> {
    created(Some(site.version), &SiteOut::from(site))
}
