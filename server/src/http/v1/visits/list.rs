//! GET /v1/visits

use actix_web::web;
use doorstep_store::visits::VisitFilter;
use serde::Deserialize;
use sync_core::ids::{UserId, WorkOrderId};
use utoipa::IntoParams;

use super::VisitItemOut;
use crate::app::visits::VisitListing;
use crate::app::{AppState, Ctx, visits};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VisitQuery {
    /// Only in this state.
    #[param(example = "scheduled")]
    pub state: Option<String>,
    /// Only those this person is assigned to.
    pub rep_id: Option<UserId>,
    /// Only those planned on this day of the organisation's zone.
    #[param(example = "2025-03-04")]
    pub date: Option<String>,
    /// Only those of this work order.
    pub work_order_id: Option<WorkOrderId>,
}

/// Lists visits, oldest first
///
/// A rep sees his own, a team lead those of the team, a reviewer those handed in.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/visits", operation_id = "list_visits", tag = "visits", params(VisitQuery, PageQuery),
    responses((status = 200, description = "Visits", body = PageOut<VisitItemOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_visits(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<VisitQuery>,
    page: Page,
) -> Result<web::Json<PageOut<VisitItemOut>>, ApiError> {
    let reps = query.rep_id.map(|rep| vec![rep]);
    let filter = VisitFilter { state: query.state, reps, work_order: query.work_order_id, ..Default::default() };
    let found = visits::list_visits(&state, ctx, filter, query.date, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |visit: &VisitListing| visit.row.id.to_string(), VisitItemOut::from)))
}
