//! From an access token to an actor with rights as they are now.

use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::users::{self, UserRow};
use doorstep_store::{Conn, Txt, sessions};
use sync_core::time::UnixMillis;

use crate::app::installation::look_for_key;
use crate::app::{AppResult, AppState, ErrorCode};
use crate::auth::token::{self, Subject};
use crate::domain::{Actor, Role, TokenKind};

/// Verifies an access token and loads what it stands for.
///
/// A disabled user, an ended session or a revoked device ends the right to read at once, not when the
/// token expires.
///
/// # Errors
/// `token_invalid` without saying why.
pub async fn authenticate(state: &AppState, text: &str, now: UnixMillis) -> AppResult<Actor> {
    let (keys, issuer) = (state.keys(), state.config.issuer());
    let mut claims = token::verify(&keys, &issuer, text, now);
    if claims.is_none() && token::names_unknown_key(&keys, text) {
        // Another node may have a newer key than this one knows of.
        claims = token::verify(&*look_for_key(state, now).await?, &issuer, text, now);
    }
    let claims = claims.ok_or(ErrorCode::TokenInvalid)?;
    let subject =
        Subject { org: claims.org, user: claims.sub, session: claims.sid, device: claims.dev, kind: claims.kind };
    state.store.read(move |conn| load_actor(conn, &subject)).await
}

/// When an access token ends; `None` if it is not valid now.
#[must_use]
pub fn expiry(state: &AppState, text: &str, now: UnixMillis) -> Option<UnixMillis> {
    let claims = token::verify(&state.keys(), &state.config.issuer(), text, now)?;
    Some(UnixMillis(claims.exp.saturating_mul(1000)))
}

/// Loads what a sign-in stands for now.
///
/// # Errors
/// `token_invalid` without saying why.
pub(crate) fn load_actor(conn: &mut Conn, subject: &Subject) -> AppResult<Actor> {
    let user = users::find_user(conn, subject.org, subject.user)?.filter(|user| !user.is_disabled);
    let user = user.ok_or(ErrorCode::TokenInvalid)?;
    match subject.session {
        Some(session) => {
            let family = sessions::find_family(conn, subject.org, session)?;
            if family.is_none_or(|family| family.revoked_at_ms.is_some()) {
                return Err(ErrorCode::TokenInvalid.into());
            }
        }
        // Only what nobody can end may live without a session.
        None if subject.kind != TokenKind::Upload => return Err(ErrorCode::TokenInvalid.into()),
        None => {}
    }
    if let Some(id) = subject.device {
        let device = devices::find_device(conn, subject.org, id)?.ok_or(ErrorCode::TokenInvalid)?;
        // A revoked device may still bring captured work in; sync puts it into quarantine.
        let may = device.state == "active" || subject.kind == TokenKind::Upload;
        if !may || device.user_id != Txt(subject.user) {
            return Err(ErrorCode::TokenInvalid.into());
        }
    }
    actor_of(conn, &user, subject)
}

/// Loads the holder of a device as who brought what others bring in its place: with no sign-in, but with the team and
/// the roles that decide what his own sync would come to.
///
/// # Errors
/// `not_found` if there is no such person.
pub(crate) fn load_holder(conn: &mut Conn, device: &DeviceRow) -> AppResult<Actor> {
    let (org, user) = (device.org_id.0, device.user_id.0);
    let subject = Subject { org, user, session: None, device: Some(device.id.0), kind: TokenKind::Upload };
    let user = users::find_user(conn, org, user)?.ok_or(ErrorCode::NotFound)?;
    actor_of(conn, &user, &subject)
}

fn actor_of(conn: &mut Conn, user: &UserRow, subject: &Subject) -> AppResult<Actor> {
    let roles = users::list_roles(conn, subject.org, subject.user)?;
    Ok(Actor {
        org: subject.org,
        user: subject.user,
        team: user.team_id.map(|Txt(team)| team),
        roles: roles.iter().filter_map(|role| role.parse::<Role>().ok()).collect(),
        device: subject.device,
        session: subject.session,
        token: subject.kind,
    })
}
