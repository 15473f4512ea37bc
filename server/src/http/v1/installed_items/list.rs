//! GET /v1/installed-items

use actix_web::web;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{InstalledItemOut, InstalledItemsOut};
use crate::app::{AppState, Ctx, installed_items};
use crate::http::error::ApiError;
use crate::http::extract::Query;
use crate::http::openapi::Problems;

/// Which serial number.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SerialQuery {
    /// The serial number; case, spaces and hyphens do not count.
    #[param(example = "ONT-7F21-0001")]
    pub serial: String,
}

/// Shows where a serial number was installed and removed
///
/// Every visit within reach that notes it, as material or as answer.
///
/// # Errors
/// `parameter_invalid` for what is no serial number.
#[utoipa::path(get, path = "/v1/installed-items", operation_id = "list_installed_items", tag = "visits",
    params(SerialQuery),
    responses((status = 200, description = "Where it was seen", body = InstalledItemsOut), Problems),
    security(("bearer" = [])))]
pub async fn list_installed_items(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<SerialQuery>,
) -> Result<web::Json<InstalledItemsOut>, ApiError> {
    let seen = installed_items::list_installed_items(&state, ctx, &query.serial).await?;
    Ok(web::Json(InstalledItemsOut { items: seen.into_iter().map(InstalledItemOut::from).collect() }))
}
