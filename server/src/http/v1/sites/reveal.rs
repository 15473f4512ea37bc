//! POST `/v1/sites/{site_id}/reveal`

use std::collections::BTreeSet;

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::SiteId;
use sync_core::time::Geo;
use utoipa::ToSchema;

use super::SiteOut;
use crate::app::reveal::{self, Reveal, SiteField};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::openapi::Problems;

/// What to reveal, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "fields": ["address"], "reason": "现场抽查" }))]
pub struct RevealSiteIn {
    /// Which data.
    pub fields: BTreeSet<SiteField>,
    /// Why, 1 to 200 characters; it is recorded.
    #[schema(example = "现场抽查")]
    pub reason: String,
}

/// Contact data of a site as it is; only what was asked for and is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedSiteOut {
    /// Id.
    pub id: SiteId,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: Option<String>,
    /// Position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// How to get in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "单元门密码问物业")]
    pub access_note: Option<String>,
}

/// Reveals contact data of a site
///
/// For who gets it masked. Who asked, when, for which data and why is recorded before the answer; each request is one
/// record.
///
/// # Errors
/// `not_found` if absent, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/sites/{site_id}/reveal", operation_id = "reveal_site", tag = "customers",
    params(("site_id" = SiteId, Path, description = "The site")), request_body = RevealSiteIn,
    responses((status = 200, description = "The data", body = RevealedSiteOut), Problems), security(("bearer" = [])))]
pub async fn reveal_site(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<SiteId>,
    Json(body): Json<RevealSiteIn>,
) -> Result<web::Json<RevealedSiteOut>, ApiError> {
    let fields = body.fields.clone();
    let asked = Reveal { fields: body.fields, reason: body.reason };
    let site = SiteOut::from(reveal::reveal_site(&state, ctx, id, asked).await?);
    let has = |field| fields.contains(&field);
    Ok(web::Json(RevealedSiteOut {
        id,
        address: has(SiteField::Address).then_some(site.address),
        geo: site.geo.filter(|_| has(SiteField::Geo)),
        access_note: site.access_note.filter(|_| has(SiteField::AccessNote)),
    }))
}
