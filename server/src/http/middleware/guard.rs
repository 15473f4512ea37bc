//! The permission guard in front of every handler; its rules are the table in `domain/operation.rs`.

use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, UPGRADE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};

use crate::app::access_log::{Seen, record_look};
use crate::app::once::{Once, RunningKey};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, auth, repo};
use crate::domain::Operation;
use crate::domain::operation::Access;
use crate::http::error::ApiError;
use crate::http::extract::json::nameable;
use crate::http::middleware::idempotency::{bind, replay};
use crate::http::openapi::query_names;

/// What a proxy says of the caller.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
        Ok(_running) => {
            let response = replay(next.call(request).await?.map_into_boxed_body());
            Ok(match record(operation, &response).await {
                Ok(()) => response,
                Err(error) => response.error_response(ApiError::from(error)),
            })
        }
        // A response, not an error: the edge needs the request to write the problem.
        Err(error) => Ok(request.error_response(error).map_into_boxed_body()),
    }
}

/// Everything that is asked of a request before its handler sees it.
async fn admit(operation: Operation, request: &mut ServiceRequest) -> Result<Option<RunningKey>, ApiError> {
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let state = state.ok_or_else(|| AppError::Internal("application state is missing".to_owned()))?;
    if let Some(address) = caller(request, state.config.behind_proxy) {
        match operation {
            Operation::Login => state.rates.count_login_from(address)?,
            _ if is_by_link(operation) => state.rates.count_customer_from(address)?,
            _ => {}
        }
    }
    if operation.row().access == Access::Public {
        check_query(operation, request)?;
        return Ok(None);
    }
    let mut ctx = authorise(operation, &state, request).await?;
    check_query(operation, request)?;
    let running = bind(operation, &state, request, &mut ctx).await?;
    request.extensions_mut().insert(ctx);
    Ok(running)
}

/// Writes down who reads the records that an answer shows, before it goes.
async fn record(operation: Operation, response: &ServiceResponse) -> AppResult<()> {
    if !operation.shows_records() || !response.status().is_success() {
        return Ok(());
    }
    let request = response.request();
    let ctx = request.extensions().get::<Ctx>().cloned();
    let (Some(state), Some(ctx)) = (request.app_data::<web::Data<AppState>>(), ctx) else {
        return Err(AppError::Internal("nobody knows who looks".to_owned()));
    };
    let of = request.match_info().iter().last().map_or(request.path(), |(_, value)| value);
    let seen = Seen {
        operation,
        subject: of.to_owned(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
    };
    record_look(state, &ctx.actor, ctx.now, seen).await
}

/// Whether the operation is one of the pages behind a customer's link.
const fn is_by_link(operation: Operation) -> bool {
    matches!(operation, Operation::ShowCustomerPage | Operation::AnswerCustomerPage | Operation::ShowCustomerCalendar)
}

async fn authorise(operation: Operation, state: &AppState, request: &ServiceRequest) -> Result<Ctx, ApiError> {
    let now = state.clock.now();
    let actor = match (bearer_of(request.headers()), ticket(operation, request)) {
        (Some(token), _) => auth::authenticate(state, token, now).await?,
        (None, Some(ticket)) => repo::redeem_ticket(state, &ticket, now).await?,
        (None, None) => return Err(ErrorCode::TokenInvalid.into()),
    };
    match (operation, actor.device) {
        (Operation::Sync, Some(device)) => state.rates.count_sync(actor.org, device)?,
        // Each leaves a row behind; the bytes that follow are counted by nothing.
        (Operation::CreateUpload, _) => state.rates.count_call(&actor)?,
        _ if operation.row().access == Access::Device => {}
        _ => state.rates.count_call(&actor)?,
    }
    let scope = operation.scope(&actor.roles, actor.token, actor.device.is_some()).ok_or(ErrorCode::Forbidden)?;
    let grants = operation.grants(&actor.roles);
    Ok(Ctx { now, actor, scope, grants, once: Once::default() })
}

/// The access token of a request.
#[must_use]
pub fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer)
}

/// The ticket in the query of a socket's upgrade, which can have no header where a browser asks.
fn ticket(operation: Operation, request: &ServiceRequest) -> Option<String> {
    if operation != Operation::OpenRepo || !request.headers().contains_key(UPGRADE) {
        return None;
    }
    let given = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?;
    given.into_inner().into_iter().find(|(name, _)| name == "ticket").map(|(_, ticket)| ticket)
}

/// The token of an `Authorization` header; the scheme's case does not count (RFC 9110 section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The address that calls; behind a proxy the one that the proxy saw.
fn caller(request: &ServiceRequest, behind_proxy: bool) -> Option<IpAddr> {
    if !behind_proxy {
        return request.peer_addr().map(|peer| peer.ip());
    }
    // Only the last entry is the proxy's own word; those before it are the caller's.
    let forwarded = request.headers().get_all(FORWARDED_FOR).last().and_then(|value| value.to_str().ok());
    forwarded.and_then(|list| list.rsplit(',').next()).and_then(|address| address.trim().parse().ok())
}

/// Refuses query parameters that the operation does not know: a misspelt filter would show what was not asked for. A probe, or
/// a messenger that passes a link on, may add what it likes: there is nothing to filter.
fn check_query(operation: Operation, request: &ServiceRequest) -> Result<(), ApiError> {
    let takes_any = is_by_link(operation) || matches!(operation, Operation::Healthz | Operation::Readyz);
    if takes_any || request.query_string().is_empty() {
        return Ok(());
    }
    let known = query_names(operation);
    let given = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let given =
        given.map_err(|_faulty| Refusal::new(ErrorCode::ParameterInvalid).field("query", "name=value pairs"))?;
    let expected = || if known.is_empty() { "no parameter".to_owned() } else { format!("one of {}", known.join(", ")) };
    let unknown = given.iter().filter(|(name, _)| !known.contains(name));
    let refusal = unknown.fold(Refusal::new(ErrorCode::ParameterInvalid), |refusal, (name, _)| {
        refusal.field(nameable(name), expected())
    });
    Ok(refusal.into_result()?)
}
