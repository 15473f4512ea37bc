//! GET /v1/archive

use actix_web::web;
use doorstep_store::archive::ArchiveFilter;
use doorstep_store::archive::ArchiveItemRow;
use doorstep_store::archive::Standing;
use serde::Deserialize;
use sync_core::archive::{ArchiveKind, ArchiveState};
use sync_core::ids::VisitId;
use utoipa::IntoParams;

use super::ArchiveItemOut;
use crate::app::{AppState, Ctx, archive};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query, coded};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArchiveQuery {
    /// Only of this kind: `visit`, `signed_form` or `recording`.
    #[param(example = "visit")]
    pub kind: Option<String>,
    /// Only as they stand so: `archived`, `held` or `expired`.
    #[param(example = "expired")]
    pub state: Option<String>,
    /// Only of this visit.
    pub visit_id: Option<VisitId>,
    /// Over at this instant or after it.
    pub ended_from: Option<Instant>,
    /// Over before this instant.
    pub ended_until: Option<Instant>,
}

/// Lists what is archived, in the order in which it was
///
/// The record of each visit that was handed in, the forms that were signed, the recordings of its calls; each in its newest
/// version, with how long it is kept. Nothing is erased by itself: what is `expired` waits for it.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/archive", operation_id = "list_archive", tag = "archive",
    params(ArchiveQuery, PageQuery),
    responses((status = 200, description = "Items", body = PageOut<ArchiveItemOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_archive(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<ArchiveQuery>,
    page: Page,
) -> Result<web::Json<PageOut<ArchiveItemOut>>, ApiError> {
    let (kinds, states) = (ArchiveKind::ALL.iter(), ArchiveState::ALL.iter());
    let kind = coded("kind", query.kind.as_deref(), ArchiveKind::from_code, kinds.map(|kind| kind.code()))?;
    let wanted = coded("state", query.state.as_deref(), ArchiveState::from_code, states.map(|state| state.code()))?;
    let standing = wanted.map(|state| match state {
        ArchiveState::Archived => Standing::Archived,
        ArchiveState::Held => Standing::Held,
        ArchiveState::Expired => Standing::Expired,
    });
    let now = ctx.now;
    let filter = ArchiveFilter {
        kind: kind.map(|kind| kind.code().to_owned()),
        visit: query.visit_id,
        standing: standing.map(|standing| (standing, now.0)),
        ended_from_ms: query.ended_from.map(|at| at.0.0),
        ended_until_ms: query.ended_until.map(|at| at.0.0),
    };
    let found = archive::list_items(&state, ctx, filter, page.after.clone(), page.size).await?;
    let key = |(row, _): &(ArchiveItemRow, bool)| row.id.to_string();
    Ok(web::Json(page.wrap(found, key, |item| ArchiveItemOut::at(item, now))))
}
