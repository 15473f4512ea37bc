//! GET `/v1/outages/{outage_id}`

use actix_web::{HttpResponse, web};
use sync_core::ids::OutageId;

use super::OutageOut;
use crate::app::{AppState, Ctx, outages};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows an outage
///
/// With the repair orders that wait for it.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/outages/{outage_id}", operation_id = "show_outage", tag = "work orders",
    params(("outage_id" = OutageId, Path, description = "The outage")),
    responses((status = 200, description = "The outage", body = OutageOut), Problems), security(("bearer" = [])))]
pub async fn show_outage(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<OutageId>,
) -> Result<HttpResponse, ApiError> {
    let outage = outages::show_outage(&state, ctx, id).await?;
    Ok(tagged(HttpResponse::Ok(), outage.row.version, &OutageOut::from(outage)))
}
