//! POST /v1/repo/tickets

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, repo};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepoTicketOut {
    /// Goes into the query of the socket's address, once.
    #[schema(example = "AZVfLDAAcACAAAAAAAAAAQ")]
    pub ticket: String,
    /// Until when it must be used.
    pub expires_at: Instant,
}

/// Gives a ticket for one socket
///
/// For clients that cannot set the `Authorization` header of an upgrade. A ticket is good for a minute and for one
/// socket, with the rights of who asked for it.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(post, path = "/v1/repo/tickets", operation_id = "create_repo_ticket", tag = "sync",
    responses((status = 201, description = "The ticket", body = RepoTicketOut), Problems),
    security(("bearer" = [])))]
pub async fn create_repo_ticket(state: web::Data<AppState>, ctx: Ctx) -> Result<HttpResponse, ApiError> {
    let issued = repo::create_ticket(&state, ctx).await?;
    let out = RepoTicketOut { ticket: issued.text, expires_at: issued.expires_at.into() };
    Ok(HttpResponse::Created().json(out))
}
