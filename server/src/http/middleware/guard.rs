//! The permission guard in front of every handler; its rules are the table in `domain/operation.rs`.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};

use crate::app::once::{Once, RunningKey};
use crate::app::{AppError, AppState, Ctx, ErrorCode, auth};
use crate::domain::Operation;
use crate::domain::operation::Access;
use crate::http::error::ApiError;
use crate::http::middleware::idempotency::{bind, replay};

/// Lets the request through if the table grants the operation, and leaves a [`Ctx`] for the handler.
///
/// # Errors
/// Only those of the framework; a refusal is a response with `token_invalid` or `forbidden`.
pub async fn guard(
    operation: Operation,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit(operation, &mut request).await {
        Ok(_running) => Ok(replay(next.call(request).await?.map_into_boxed_body())),
        // A response, not an error: the edge needs the request to write the problem.
        Err(error) => Ok(request.error_response(error).map_into_boxed_body()),
    }
}

/// Everything that is asked of a request before its handler sees it.
async fn admit(operation: Operation, request: &mut ServiceRequest) -> Result<Option<RunningKey>, ApiError> {
    if operation.row().access == Access::Public {
        return Ok(None);
    }
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let state = state.ok_or_else(|| AppError::Internal("application state is missing".to_owned()))?;
    let mut ctx = authorise(operation, &state, request).await?;
    let running = bind(operation, &state, request, &mut ctx).await?;
    request.extensions_mut().insert(ctx);
    Ok(running)
}

async fn authorise(operation: Operation, state: &AppState, request: &ServiceRequest) -> Result<Ctx, ApiError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(bearer).ok_or(ErrorCode::TokenInvalid)?;
    let now = state.clock.now();
    let actor = auth::authenticate(state, token, now).await?;
    let scope = operation.scope(&actor.roles, actor.token, actor.device.is_some()).ok_or(ErrorCode::Forbidden)?;
    Ok(Ctx { now, actor, scope, once: Once::default() })
}

/// The token of an `Authorization` header; the scheme's case does not count (RFC 9110 section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
