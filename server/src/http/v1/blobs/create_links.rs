//! POST `/v1/photos/links`

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use utoipa::ToSchema;

use crate::app::blobs::{DerivedSize, create_links};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A copy of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopyName {
    /// For judging: at most 1600 pixels.
    Preview,
    /// For lists: at most 320 pixels.
    Thumbnail,
}

impl From<CopyName> for DerivedSize {
    fn from(copy: CopyName) -> Self {
        match copy {
            CopyName::Preview => Self::Preview,
            CopyName::Thumbnail => Self::Thumbnail,
        }
    }
}

/// A photo to be shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhotoLinkIn {
    /// SHA-256 of the original.
    pub sha256: Hash,
    /// Which copy.
    pub copy: CopyName,
}

/// Photos to be shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "items": [{ "sha256": "5f6224fdd6cec28e617b86daa18daea7fe690e0e48724efe6c1f72b845af272c", "copy": "thumbnail" }]
}))]
pub struct PhotoLinksIn {
    /// 1 to 200.
    pub items: Vec<PhotoLinkIn>,
}

/// Where a photo is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoLinkOut {
    /// SHA-256 of the original.
    pub sha256: Hash,
    /// Which copy.
    pub copy: CopyName,
    /// Path of the link; absent where there is no such photo that the asker may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/photos/links/AQIAAAGcqWq4AA")]
    pub path: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
}

/// Where photos are shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoLinksOut {
    /// In the order asked for.
    pub items: Vec<PhotoLinkOut>,
}

/// Gives links to copies of photos, for `<img>`
///
/// A link needs no token: it is good for five to ten minutes for whoever holds it, and names one copy of one photo,
/// and nobody. Asked for again within five minutes it is mostly the same, so that a browser need not load the copy
/// anew. A link never leads to an original.
///
/// # Errors
/// `invalid` for no photo or more than 200.
#[utoipa::path(post, path = "/v1/photos/links", operation_id = "create_photo_links", tag = "blobs",
    request_body = PhotoLinksIn,
    responses((status = 200, description = "The links", body = PhotoLinksOut), Problems),
    security(("bearer" = [])))]
pub async fn create_photo_links(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(wanted): Json<PhotoLinksIn>,
) -> Result<HttpResponse, ApiError> {
    let names = wanted.items.iter().map(|item| (item.sha256, item.copy.into())).collect();
    let links = create_links(&state, ctx, names).await?;
    let items = wanted.items.iter().zip(links).map(|(item, link)| PhotoLinkOut {
        sha256: item.sha256,
        copy: item.copy,
        expires_at: link.as_ref().map(|link| link.expires.into()),
        path: link.map(|link| format!("/v1/photos/links/{}", link.text)),
    });
    Ok(HttpResponse::Ok().json(PhotoLinksOut { items: items.collect() }))
}
