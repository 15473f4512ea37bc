//! POST `/v1/visits/{visit_id}/customer-links`

use actix_web::{HttpResponse, web};
use serde::Serialize;
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use super::CustomerLinkOut;
use crate::app::{AppState, Ctx, contacts};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::once::{created, response};
use crate::http::openapi::Problems;

/// A link that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewCustomerLinkOut {
    /// The link.
    pub link: CustomerLinkOut,
    /// Path of the customer's page; it is told only here.
    #[schema(example = "/c/AZVfLDAAcACAAAAAAAAAAQ")]
    pub path: String,
}

/// Gives a link to the customer's page
///
/// On the page the customer confirms the time or asks for another, once, without an account. Earlier links of the visit
/// end; so does this one when the visit gets another time.
///
/// # Errors
/// `not_found`, `state_invalid` without a planned time that is to come, after arrival, or without a work order.
#[utoipa::path(post, path = "/v1/visits/{visit_id}/customer-links", operation_id = "create_customer_link", tag = "contacts",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 201, description = "The link", body = NewCustomerLinkOut), Problems),
    security(("bearer" = [])))]
pub async fn create_customer_link(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(id): Path<VisitId>,
) -> Result<HttpResponse, ApiError> {
    let new = contacts::create_link(&state, ctx, id).await?;
    let out = NewCustomerLinkOut { path: format!("/c/{}", new.token), link: new.row.into() };
    Ok(response(&created(None, &out)?))
}
