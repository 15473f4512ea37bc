//! From an access token to an actor with rights as they are now.

use doorstep_store::{Conn, Txt, devices, sessions, users};
use sync_core::time::UnixMillis;

use crate::app::{AppResult, AppState, ErrorCode};
use crate::auth::token::{self, Claims};
use crate::domain::{Actor, Role, TokenKind};

/// Verifies an access token and loads what it stands for.
///
/// A disabled user, an ended session or a revoked device ends the right to read at once, not when the
/// token expires.
///
/// # Errors
/// `token_invalid` without saying why.
pub async fn authenticate(state: &AppState, text: &str, now: UnixMillis) -> AppResult<Actor> {
    let claims = token::verify(&state.keys, &state.config.issuer(), text, now).ok_or(ErrorCode::TokenInvalid)?;
    state.store.read(move |conn| load_actor(conn, &claims)).await
}

/// When an access token ends; `None` if it is not valid now.
#[must_use]
pub fn expiry(state: &AppState, text: &str, now: UnixMillis) -> Option<UnixMillis> {
    let claims = token::verify(&state.keys, &state.config.issuer(), text, now)?;
    Some(UnixMillis(claims.exp.saturating_mul(1000)))
}

fn load_actor(conn: &mut Conn, claims: &Claims) -> AppResult<Actor> {
    let user = users::find_user(conn, claims.org, claims.sub)?.filter(|user| !user.is_disabled);
    let user = user.ok_or(ErrorCode::TokenInvalid)?;
    match claims.sid {
        Some(session) => {
            let family = sessions::find_family(conn, claims.org, session)?;
            if family.is_none_or(|family| family.revoked_at_ms.is_some()) {
                return Err(ErrorCode::TokenInvalid.into());
            }
        }
        // Only what nobody can end may live without a session.
        None if claims.kind != TokenKind::Upload => return Err(ErrorCode::TokenInvalid.into()),
        None => {}
    }
    if let Some(id) = claims.dev {
        let device = devices::find_device(conn, claims.org, id)?.ok_or(ErrorCode::TokenInvalid)?;
        // A revoked device may still bring captured work in; sync puts it into quarantine.
        let may = device.state == "active" || claims.kind == TokenKind::Upload;
        if !may || device.user_id != Txt(claims.sub) {
            return Err(ErrorCode::TokenInvalid.into());
        }
    }
    let roles = users::list_roles(conn, claims.org, claims.sub)?;
    Ok(Actor {
        org: claims.org,
        user: claims.sub,
        team: user.team_id.map(|Txt(team)| team),
        roles: roles.iter().filter_map(|role| role.parse::<Role>().ok()).collect(),
        device: claims.dev,
        session: claims.sid,
        token: claims.kind,
    })
}
