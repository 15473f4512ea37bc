//! GET `/v1/customers/{customer_id}`

use actix_web::{HttpResponse, web};
use sync_core::ids::CustomerId;

use super::CustomerOut;
use crate::app::{AppState, Ctx, customers};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Shows a customer
///
/// Contact data is masked for roles that only judge.
///
/// # Errors
/// `not_found` if absent or out of reach.
#[utoipa::path(get, path = "/v1/customers/{customer_id}", operation_id = "show_customer", tag = "customers",
    params(("customer_id" = CustomerId, Path, description = "The customer")),
    responses((status = 200, description = "The customer", body = CustomerOut), Problems),
    security(("bearer" = [])))]
pub async fn show_customer(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<CustomerId>,
) -> Result<HttpResponse, ApiError> {
    let customer = customers::show_customer(&state, ctx, id).await?;
    Ok(tagged(HttpResponse::Ok(), customer.row.version, &CustomerOut::from(customer)))
}
