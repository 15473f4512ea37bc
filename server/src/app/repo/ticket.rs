//! Tickets for the upgrade of a socket.

use doorstep_store::devices;
use sync_core::time::UnixMillis;

use crate::app::auth::load_actor;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::auth::ticket::{TICKET_MS, Ticket};
use crate::domain::Actor;

/// A ticket as its holder gets it.
#[derive(Debug)]
pub struct IssuedTicket {
    /// What goes into the query of the socket's address.
    pub text: String,
    /// Until when it must be used.
    pub expires_at: UnixMillis,
}

/// Gives a ticket that lets its holder open one socket in the asker's name.
///
/// # Errors
/// `forbidden` for a token without session.
pub async fn create_ticket(state: &AppState, ctx: Ctx) -> AppResult<IssuedTicket> {
    let actor = &ctx.actor;
    let session = actor.session.ok_or(ErrorCode::Forbidden)?;
    let ticket = Ticket::new(actor.org, actor.user, session, actor.device, &*state.random);
    let (name, org, now) = (ticket.name(), ticket.org, ctx.now);
    let expires_at = now.plus_ms(TICKET_MS);
    state
        .store
        .write(move |conn| Ok::<_, AppError>(devices::insert_nonce(conn, org, &name, expires_at.0, now.0)?))
        .await?;
    Ok(IssuedTicket { text: ticket.to_text(), expires_at })
}

/// Uses a ticket up: whom it stands for, with rights as they are now.
///
/// # Errors
/// `token_invalid` without saying why.
pub async fn redeem_ticket(state: &AppState, text: &str, now: UnixMillis) -> AppResult<Actor> {
    let ticket = Ticket::from_text(text).ok_or(ErrorCode::TokenInvalid)?;
    let taken = state
        .store
        .write(move |conn| {
            if devices::take_nonce(conn, ticket.org, &ticket.name(), now.0)? {
                // A ticket of somebody who may not come in any more is used up all the same.
                return Ok::<_, AppError>(load_actor(conn, &ticket.subject()).ok());
            }
            Ok(None)
        })
        .await?;
    Ok(taken.ok_or(ErrorCode::TokenInvalid)?)
}
