//! GET /v1/reviews/queue

use actix_web::web;
use serde::Serialize;
use sync_core::ids::{UserId, VisitId};
use sync_core::merge::view::Finding;
use utoipa::ToSchema;

use super::ReviewClaimOut;
use crate::app::reviews::{self, PhotoCounts, QueueEntry, QueueKey};
use crate::app::{AppState, Ctx, ErrorCode};
use crate::domain::review;
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// How the current photos of a visit stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoCountsOut {
    /// No verdict on their content.
    #[schema(example = 4)]
    pub pending: i64,
    /// Approved.
    pub approved: i64,
    /// Rejected.
    pub rejected: i64,
}

impl From<PhotoCounts> for PhotoCountsOut {
    fn from(counts: PhotoCounts) -> Self {
        Self { pending: counts.pending, approved: counts.approved, rejected: counts.rejected }
    }
}

/// A visit that awaits a verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueEntryOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The code people read to each other.
    #[schema(example = "0000-0001")]
    pub short_code: String,
    /// Template.
    #[schema(example = "broadband_install")]
    pub template: String,
    /// Outcome it is judged for.
    #[schema(example = "completed")]
    pub outcome: String,
    /// When the crew handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Instant>,
    /// Who executed it.
    pub crew: Vec<UserId>,
    /// Its photos.
    pub photos: PhotoCountsOut,
    /// Whether declared photos or parts of the form have not arrived.
    pub is_evidence_missing: bool,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// Who is reviewing it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ReviewClaimOut>,
}

impl From<QueueEntry> for QueueEntryOut {
    fn from(entry: QueueEntry) -> Self {
        let case = entry.case;
        Self {
            visit_id: case.row.id.0,
            short_code: case.row.id.0.short_code(),
            outcome: review::outcome(&case.view),
            submitted_at: case.row.submitted_at_ms.map(Instant::from),
            is_evidence_missing: !case.missing.is_empty(),
            number: case.row.number,
            template: case.loaded.template.code.clone(),
            crew: case.loaded.plan.visit.crew,
            photos: entry.photos.into(),
            findings: case.findings,
            claim: entry.claim.map(ReviewClaimOut::from),
        }
    }
}

/// Lists the visits that await a verdict
///
/// Handed in longest ago first.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/reviews/queue", operation_id = "list_review_queue", tag = "reviews", params(PageQuery),
    responses((status = 200, description = "Visits", body = PageOut<QueueEntryOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_review_queue(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<QueueEntryOut>>, ApiError> {
    let after = match page.after.as_str() {
        "" => None,
        text => Some(QueueKey::from_text(text).ok_or(ErrorCode::PageTokenInvalid)?),
    };
    let entries = reviews::list_queue(&state, ctx, after, page.size).await?;
    let key = |entry: &QueueEntry| {
        let submitted_at_ms = entry.case.row.submitted_at_ms.unwrap_or(i64::MAX);
        QueueKey { submitted_at_ms, visit: entry.case.row.id.0 }.to_text()
    };
    Ok(web::Json(page.wrap(entries, key, QueueEntryOut::from)))
}
