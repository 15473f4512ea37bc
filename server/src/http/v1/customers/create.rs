//! POST /v1/customers

use actix_web::{HttpResponse, web};

use super::{CustomerIn, CustomerOut};
use crate::app::customers::Customer;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, customers};
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::once::{created, once};
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
    once(ctx, answer, |ctx| customers::create_customer(&state, ctx, body.into())).await
}

fn answer(customer: Customer) -> AppResult<Answer> {
    created(Some(customer.row.version), &CustomerOut::from(customer))
}
