//! GET /v1/conflicts

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::{UserId, VisitId};
use utoipa::{IntoParams, ToSchema};

use crate::app::conflicts::{self, ConflictedVisit};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConflictQuery {
    /// With `true` also visits whose conflicts are settled, by policy or by choice.
    #[serde(default)]
    #[param(example = false)]
    pub settled: bool,
}

/// A visit with concurrent values.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConflictedVisitOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "V-2025-000001")]
    pub number: Option<String>,
    /// The code people read to each other.
    #[schema(example = "0000-0001")]
    pub short_code: String,
    /// State of rulebook 1.3.
    #[schema(example = "under_review")]
    pub state: String,
    /// Who is assigned.
    pub crew: Vec<UserId>,
    /// Conflicts that wait for a person.
    #[schema(example = 1)]
    pub open: i64,
    /// All conflicts.
    #[schema(example = 2)]
    pub total: i64,
}

impl From<ConflictedVisit> for ConflictedVisitOut {
    fn from(found: ConflictedVisit) -> Self {
        let plan = found.listing.plan;
        Self {
            visit_id: plan.id,
            short_code: plan.id.short_code(),
            number: plan.number,
            state: found.listing.state.code().to_owned(),
            crew: plan.crew,
            open: found.counts.open,
            total: found.counts.total,
        }
    }
}

/// Lists visits with concurrent values, oldest first
///
/// Those that wait for a person, unless all are asked for.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/conflicts", operation_id = "list_conflicts", tag = "conflicts",
    params(ConflictQuery, PageQuery),
    responses((status = 200, description = "Visits", body = PageOut<ConflictedVisitOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_conflicts(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<ConflictQuery>,
    page: Page,
) -> Result<web::Json<PageOut<ConflictedVisitOut>>, ApiError> {
    let found = conflicts::list_conflicted(&state, ctx, !query.settled, page.after.clone(), page.size).await?;
    let key = |visit: &ConflictedVisit| visit.listing.row.id.to_string();
    Ok(web::Json(page.wrap(found, key, ConflictedVisitOut::from)))
}
