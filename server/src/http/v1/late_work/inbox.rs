//! GET /v1/late-work

use actix_web::web;
use doorstep_store::visits::LateWorkFilter;
use serde::{Deserialize, Serialize};
use sync_core::ids::{UserId, VisitId};
use sync_core::plan::LateReason;
use utoipa::{IntoParams, ToSchema};

use super::LatePushOut;
use crate::app::late_work::{self, LateVisit};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Whether late work waits for the office.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateState {
    /// Some of it waits.
    #[default]
    Undecided,
    /// None of it waits.
    Decided,
    /// Either.
    All,
}

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LateWorkQuery {
    /// Those that wait for a decision, those that do not, or all.
    #[serde(default)]
    #[param(inline)]
    pub state: LateState,
    /// Only work that is late for this reason.
    #[param(inline)]
    pub reason: Option<LateReason>,
}

/// How much came late for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct LateCountOut {
    /// The reason: `reassigned`, `cancelled`, `closed` or `submitted`.
    #[schema(example = "submitted")]
    pub reason: String,
    /// Records that wait for a decision.
    #[schema(example = 2)]
    pub undecided: i64,
    /// All records; none where a push was late and all that it brought counts or was decided by the state of the visit.
    #[schema(example = 3)]
    pub total: i64,
}

/// A visit with work that came late.
#[derive(Debug, Serialize, ToSchema)]
pub struct LateVisitOut {
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
    /// How much came late, by reason.
    pub late: Vec<LateCountOut>,
    /// Which pushes brought it: rep, device, reason and time.
    pub brought: Vec<LatePushOut>,
}

impl From<LateVisit> for LateVisitOut {
    fn from(found: LateVisit) -> Self {
        let plan = found.listing.plan;
        let counts = found.counts.into_iter();
        Self {
            visit_id: plan.id,
            short_code: plan.id.short_code(),
            number: plan.number,
            state: found.listing.state.code().to_owned(),
            crew: plan.crew,
            late: counts
                .map(|(reason, counts)| LateCountOut { reason, undecided: counts.undecided, total: counts.total })
                .collect(),
            brought: found.brought.into_iter().map(LatePushOut::from).collect(),
        }
    }
}

/// Lists visits with work that came late, oldest first
///
/// Those with work that waits for a decision, unless others are asked for. What came is shown by
/// `list_visit_late_work`.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/late-work", operation_id = "list_late_work", tag = "late work",
    params(LateWorkQuery, PageQuery),
    responses((status = 200, description = "Visits", body = PageOut<LateVisitOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_late_work(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<LateWorkQuery>,
    page: Page,
) -> Result<web::Json<PageOut<LateVisitOut>>, ApiError> {
    let is_undecided = match query.state {
        LateState::Undecided => Some(true),
        LateState::Decided => Some(false),
        LateState::All => None,
    };
    let wanted = LateWorkFilter { is_undecided, reason: query.reason };
    let found = late_work::list_late_visits(&state, ctx, wanted, page.after.clone(), page.size).await?;
    let key = |visit: &LateVisit| visit.listing.row.id.to_string();
    Ok(web::Json(page.wrap(found, key, LateVisitOut::from)))
}
