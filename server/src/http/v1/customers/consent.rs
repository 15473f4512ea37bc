//! GET and PUT `/v1/customers/{customer_id}/consent`

use actix_web::web;
use doorstep_store::notices::ConsentRow;
use serde::{Deserialize, Serialize};
use sync_core::ids::CustomerId;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, contacts};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Whether a customer agreed to messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentOut {
    /// Whether messages may be sent; not where nobody asked.
    pub consent_sms: bool,
    /// Since when; absent where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
}

impl From<Option<ConsentRow>> for ConsentOut {
    fn from(said: Option<ConsentRow>) -> Self {
        let since = said.as_ref().map(|said| said.at_ms.into());
        Self { consent_sms: said.is_some_and(|said| said.consent_sms), since }
    }
}

/// What a customer said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentIn {
    /// Whether messages may be sent.
    #[schema(example = true)]
    pub consent_sms: bool,
}

/// Shows whether a customer agreed to messages
///
/// What was said last counts; nobody who was not asked gets messages.
///
/// # Errors
/// `not_found` if absent.
#[utoipa::path(get, path = "/v1/customers/{customer_id}/consent", operation_id = "show_customer_consent",
    tag = "customers", params(("customer_id" = CustomerId, Path, description = "The customer")),
    responses((status = 200, description = "What was said last", body = ConsentOut), Problems),
    security(("bearer" = [])))]
pub async fn show_customer_consent(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<CustomerId>,
) -> Result<web::Json<ConsentOut>, ApiError> {
    Ok(web::Json(contacts::show_consent(&state, ctx, id).await?.into()))
}

/// Records whether a customer agrees to messages
///
/// Each change is kept. Who takes consent back gets nothing that still waits to be sent.
///
/// # Errors
/// `not_found` if absent.
#[utoipa::path(put, path = "/v1/customers/{customer_id}/consent", operation_id = "set_customer_consent",
    tag = "customers", params(("customer_id" = CustomerId, Path, description = "The customer")),
    request_body = ConsentIn,
    responses((status = 200, description = "What was said", body = ConsentOut), Problems), security(("bearer" = [])))]
pub async fn set_customer_consent(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<CustomerId>,
    Json(body): Json<ConsentIn>,
) -> Result<web::Json<ConsentOut>, ApiError> {
    Ok(web::Json(Some(contacts::set_consent(&state, ctx, id, body.consent_sms).await?).into()))
}
