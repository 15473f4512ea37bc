//! GET `/v1/customers/{customer_id}/duplicates`

use actix_web::web;
use serde::Serialize;
use sync_core::ids::CustomerId;
use utoipa::ToSchema;

use super::CustomerOut;
use crate::app::duplicates::{self, Duplicate, Why};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;

/// A likely duplicate.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicateOut {
    /// The other customer.
    pub customer: CustomerOut,
    /// What both have.
    pub why: Vec<Why>,
}

/// Likely duplicates, those with most reasons first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicatesOut {
    /// At most 50.
    pub items: Vec<DuplicateOut>,
}

impl From<Duplicate> for DuplicateOut {
    fn from(duplicate: Duplicate) -> Self {
        Self { customer: duplicate.customer.into(), why: duplicate.why }
    }
}

/// Lists the likely duplicates of a customer
///
/// Customers within the asker's reach with the same phone number or address, and whether the name is the same, too,
/// whatever the spelling. A number or an address that more than 200 have says nothing. Nothing is merged.
///
/// # Errors
/// `not_found` if absent or out of reach.
#[utoipa::path(get, path = "/v1/customers/{customer_id}/duplicates", operation_id = "list_duplicates", tag = "customers",
    params(("customer_id" = CustomerId, Path, description = "The customer")),
    responses((status = 200, description = "The duplicates", body = DuplicatesOut), Problems),
    security(("bearer" = [])))]
pub async fn list_duplicates(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<CustomerId>,
) -> Result<web::Json<DuplicatesOut>, ApiError> {
    let found = duplicates::list_duplicates(&state, ctx, id).await?;
    Ok(web::Json(DuplicatesOut { items: found.into_iter().map(DuplicateOut::from).collect() }))
}
