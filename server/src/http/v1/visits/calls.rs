//! GET `/v1/visits/{visit_id}/calls`

use actix_web::web;
use sync_core::ids::VisitId;

use crate::app::contacts::{self, ListedCall};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Path};
use crate::http::openapi::Problems;
use crate::http::v1::calls::CallOut;

/// Lists calls about a visit or its order that the bridge told of, oldest first
///
/// References of recordings are shown to reviewers, supervisors, managers and auditors only; each showing is recorded.
///
/// # Errors
/// `not_found` if absent or out of reach, `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/calls", operation_id = "list_visit_calls", tag = "contacts",
    params(("visit_id" = VisitId, Path, description = "The visit"), PageQuery),
    responses((status = 200, description = "Calls", body = PageOut<CallOut>), Problems), security(("bearer" = [])))]
pub async fn list_visit_calls(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
    page: Page,
) -> Result<web::Json<PageOut<CallOut>>, ApiError> {
    let found = contacts::list_visit_calls(&state, ctx, id, page.after.clone(), page.size).await?;
    let key = |call: &ListedCall| format!("{}/{}", call.row.started_at_ms, call.row.call_id);
    Ok(web::Json(page.wrap(found, key, CallOut::from)))
}
