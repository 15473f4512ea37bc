//! GET `/v1/notices`

use actix_web::web;
use doorstep_store::notices::NoticeRow;
use serde::Deserialize;
use sync_core::ids::VisitId;
use utoipa::IntoParams;

use super::CustomerNoticeOut;
use crate::app::contacts::{self, NoticesWanted, notice_state};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query, coded};
use crate::http::openapi::Problems;

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticeQuery {
    /// `queued`, `sent`, `failed` or `suppressed`; every one if absent.
    #[param(example = "queued")]
    pub state: Option<String>,
    /// Only about this visit.
    pub visit_id: Option<VisitId>,
}

/// Lists messages to customers in the order in which they were written
///
/// A team lead sees those about visits of the team. Who sees no contact data gets no texts.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/notices", operation_id = "list_notices", tag = "contacts",
    params(NoticeQuery, PageQuery),
    responses((status = 200, description = "Messages", body = PageOut<CustomerNoticeOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_notices(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<NoticeQuery>,
    page: Page,
) -> Result<web::Json<PageOut<CustomerNoticeOut>>, ApiError> {
    let state_of = |code: &str| notice_state::ALL.into_iter().find(|known| *known == code);
    let wanted_state = coded("state", query.state.as_deref(), state_of, notice_state::ALL)?;
    let wanted = NoticesWanted { state: wanted_state, visit: query.visit_id };
    let found = contacts::list_notices(&state, ctx, wanted, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |row: &NoticeRow| row.id.to_string(), CustomerNoticeOut::from)))
}
