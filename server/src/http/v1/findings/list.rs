//! GET `/v1/visits/{visit_id}/findings`

use actix_web::web;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::ids::{FindingId, VisitId};
use sync_core::photo::Evidence;
use utoipa::ToSchema;

use crate::app::findings::{self, EarlierPhoto, Found, VisitFindings};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::v1::findings::hints::PhotoHintsOut;
use crate::http::v1::reviews::TextOut;
use crate::http::wire::Instant;

/// A photo of another visit that was looked at before.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlierPhotoOut {
    /// Its visit.
    pub visit_id: VisitId,
    /// The code people read to each other.
    #[schema(example = "0000-0001")]
    pub short_code: String,
    /// Its record.
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub photo_id: String,
    /// Its content: name of the blob, to be shown beside the other.
    pub sha256: Hash,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Instant>,
}

impl From<EarlierPhoto> for EarlierPhotoOut {
    fn from(photo: EarlierPhoto) -> Self {
        Self {
            visit_id: photo.visit,
            short_code: photo.visit.short_code(),
            photo_id: photo.photo,
            sha256: photo.sha256,
            taken_at: photo.taken_at.map(Instant::from),
        }
    }
}

/// One thing that a person should look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoFindingOut {
    /// Id: the same photo and code give the same.
    pub id: FindingId,
    /// The photo record.
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub photo_id: String,
    /// The content that was looked at.
    pub sha256: Hash,
    /// `reused_exact`, `reused_similar`, `blurred`, `too_dark`, `over_exposed`, `no_preview`, `outside_visit_window`,
    /// `far_from_site`, `no_position`, `mock_position`, `gallery_source` or `clock_inconsistent`.
    #[schema(example = "reused_exact")]
    pub code: String,
    /// What it says.
    pub title: TextOut,
    /// 1: common where nobody cheats; 2: worth a look; 3: as good as certain.
    #[schema(example = 3)]
    pub level: i64,
    /// What it was worked out from: numbers and short codes.
    #[schema(value_type = Value, example = json!({ "apart_min": 4320, "photos": 1, "same_device": true,
        "same_site": false }))]
    pub evidence: Evidence,
    /// The photo that was there before; absent where its visit is out of the asker's reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierPhotoOut>,
    /// `open`, or what a person said: `confirmed` or `dismissed`.
    #[schema(example = "open")]
    pub state: String,
    /// When it was found.
    pub made_at: Instant,
}

impl From<Found> for PhotoFindingOut {
    fn from(found: Found) -> Self {
        let Found { row, code, evidence, earlier } = found;
        Self {
            id: row.id.0,
            photo_id: row.photo_id,
            sha256: row.sha256.0,
            code: row.code,
            title: TextOut { en: code.en().to_owned(), zh_cn: code.zh_cn().to_owned() },
            level: row.level,
            evidence,
            earlier: earlier.map(EarlierPhotoOut::from),
            state: row.state,
            made_at: row.made_at_ms.into(),
        }
    }
}

/// What was found about the photos of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoFindingsOut {
    /// The heaviest first.
    pub items: Vec<PhotoFindingOut>,
    /// What the metadata inside each photo says, of those that were looked at.
    pub hints: Vec<PhotoHintsOut>,
    /// Whether photos of the visit wait to be looked at.
    pub is_due: bool,
}

impl From<VisitFindings> for PhotoFindingsOut {
    fn from(found: VisitFindings) -> Self {
        Self {
            items: found.items.into_iter().map(PhotoFindingOut::from).collect(),
            hints: found.hints.into_iter().map(PhotoHintsOut::from).collect(),
            is_due: found.is_due,
        }
    }
}

/// Lists what was found about the photos of a visit
///
/// What a person should look at, each with what it was worked out from, and a photo that was used before beside it.
/// Nothing of it rejects a photo. What is not found is not thereby good. Beside it stands what the metadata inside the
/// photos says (EXIF): hints of which nothing follows, since whoever has a file may write them.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/findings", operation_id = "list_photo_findings", tag = "reviews",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Findings", body = PhotoFindingsOut), Problems),
    security(("bearer" = [])))]
pub async fn list_photo_findings(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<PhotoFindingsOut>, ApiError> {
    Ok(web::Json(findings::list_findings(&state, ctx, visit).await?.into()))
}
