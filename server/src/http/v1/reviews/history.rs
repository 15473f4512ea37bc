//! GET `/v1/visits/{visit_id}/verdicts`

use std::collections::BTreeMap;

use actix_web::web;
use serde::Serialize;
use sync_core::ids::{UserId, VisitId};
use utoipa::ToSchema;

use super::{ReworkOut, VerdictOut};
use crate::app::reviews::{self, ReviewHistory};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// Everything that was decided about a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictsOut {
    /// Verdicts on photos and on the visit, oldest first.
    pub items: Vec<VerdictOut>,
    /// Rework tickets, oldest first.
    pub reworks: Vec<ReworkOut>,
    /// Names of those who decided.
    #[schema(example = json!({ "01955f2c-3000-7000-8000-000000000009": "王芳" }))]
    pub reviewers: BTreeMap<UserId, String>,
}

impl From<ReviewHistory> for VerdictsOut {
    fn from(history: ReviewHistory) -> Self {
        Self {
            items: history.review.verdicts.into_iter().map(VerdictOut::from).collect(),
            reworks: history.review.reworks.into_iter().map(ReworkOut::from).collect(),
            reviewers: history.names,
        }
    }
}

/// Lists every decision about a visit
///
/// Who decided what, when, on which content. Nothing is ever changed or removed: of several verdicts on one photo
/// the newest counts, if it judged the current content.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/verdicts", operation_id = "list_verdicts", tag = "reviews",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "Decisions", body = VerdictsOut), Problems), security(("bearer" = [])))]
pub async fn list_verdicts(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<VerdictsOut>, ApiError> {
    Ok(web::Json(reviews::list_verdicts(&state, ctx, visit).await?.into()))
}
