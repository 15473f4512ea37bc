//! POST /v1/customers

use actix_web::{HttpResponse, web};

use super::{CustomerIn, CustomerOut};
use crate::app::{AppState, Ctx, customers};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::extract::if_match::tagged;
use crate::http::openapi::Problems;

/// Adds a customer
///
/// Names and addresses are searchable however they are spelled; phone numbers also by their last four digits.
///
/// # Errors
/// `invalid` naming the field.
#[utoipa::path(post, path = "/v1/customers", operation_id = "create_customer", tag = "customers",
    request_body = CustomerIn, responses((status = 201, description = "Added", body = CustomerOut), Problems),
    security(("bearer" = [])))]
pub async fn create_customer(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<CustomerIn>,
) -> Result<HttpResponse, ApiError> {
    let customer = customers::create_customer(&state, ctx, body.into()).await?;
    Ok(tagged(HttpResponse::Created(), customer.row.version, &CustomerOut::from(customer)))
}
