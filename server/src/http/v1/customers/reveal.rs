//! POST `/v1/customers/{customer_id}/reveal`

use std::collections::BTreeSet;

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::CustomerId;
use utoipa::ToSchema;

use crate::app::reveal::{self, CustomerField, Reveal};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::openapi::Problems;

/// What to reveal, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "fields": ["name", "phones"], "reason": "投诉调解，回电核实" }))]
pub struct RevealCustomerIn {
    /// Which data.
    pub fields: BTreeSet<CustomerField>,
    /// Why, 1 to 200 characters; it is recorded.
    #[schema(example = "投诉调解，回电核实")]
    pub reason: String,
}

/// Contact data of a customer as it is; only what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedCustomerOut {
    /// Id.
    pub id: CustomerId,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "王海")]
    pub name: Option<String>,
    /// Phone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phones: Option<Vec<String>>,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: Option<String>,
}

/// Reveals contact data of a customer
///
/// For who gets it masked. Who asked, when, for which data and why is recorded before the answer; each request is one
/// record. Lists and searches never reveal.
///
/// # Errors
/// `not_found` if absent, `invalid` naming the field.
#[utoipa::path(post, path = "/v1/customers/{customer_id}/reveal", operation_id = "reveal_customer", tag = "customers",
    params(("customer_id" = CustomerId, Path, description = "The customer")), request_body = RevealCustomerIn,
    responses((status = 200, description = "The data", body = RevealedCustomerOut), Problems),
    security(("bearer" = [])))]
pub async fn reveal_customer(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<CustomerId>,
    Json(body): Json<RevealCustomerIn>,
) -> Result<web::Json<RevealedCustomerOut>, ApiError> {
    let fields = body.fields.clone();
    let asked = Reveal { fields: body.fields, reason: body.reason };
    let customer = reveal::reveal_customer(&state, ctx, id, asked).await?;
    let has = |field| fields.contains(&field);
    Ok(web::Json(RevealedCustomerOut {
        id,
        name: has(CustomerField::Name).then_some(customer.row.name),
        phones: has(CustomerField::Phones).then_some(customer.phones),
        address: has(CustomerField::Address).then_some(customer.row.address),
    }))
}
