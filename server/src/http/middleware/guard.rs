//! The permission guard in front of every handler; its rules are the table in `domain/operation.rs`.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};

use crate::app::{AppState, Ctx, ErrorCode, auth};
use crate::domain::Operation;
use crate::domain::operation::Access;
use crate::http::error::ApiError;

/// Lets the request through if the table grants the operation, and leaves a [`Ctx`] for the handler.
///
/// # Errors
/// Only those of the framework; a refusal is a response with `token_invalid` or `forbidden`.
pub async fn guard(
    operation: Operation,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if operation.row().access != Access::Public {
        match authorise(operation, &request).await {
            Ok(ctx) => {
                request.extensions_mut().insert(ctx);
            }
            // A response, not an error: the edge needs the request to write the problem.
            Err(error) => return Ok(request.error_response(error).map_into_boxed_body()),
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn authorise(operation: Operation, request: &ServiceRequest) -> Result<Ctx, ApiError> {
    let state = request
        .app_data::<web::Data<AppState>>()
        .ok_or_else(|| crate::app::AppError::Internal("application state is missing".to_owned()))?;
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(ErrorCode::TokenInvalid)?;
    let now = state.clock.now();
    let actor = auth::authenticate(state, token, now).await?;
    let scope = operation.scope(&actor.roles, actor.token, actor.device.is_some()).ok_or(ErrorCode::Forbidden)?;
    let grants = operation.grants(&actor.roles);
    Ok(Ctx { now, actor, scope, grants })
}
