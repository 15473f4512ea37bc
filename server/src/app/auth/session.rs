//! A signed-in session: access token and refresh token.

use doorstep_store::sessions::{self, RefreshFamilyRow};
use doorstep_store::{Conn, Txt};
use sync_core::ids::{DeviceId, OrgId, UserId};
use sync_core::time::UnixMillis;
use uuid::Uuid;

use crate::app::{AppError, AppResult, AppState};
use crate::auth::secret::RefreshToken;
use crate::auth::token::{self, Subject};
use crate::domain::TokenKind;

/// What a client gets when it signs in or refreshes.
#[derive(Debug, Clone)]
pub struct Session {
    /// Tenant.
    pub org: OrgId,
    /// The user.
    pub user: UserId,
    /// The device, if any.
    pub device: Option<DeviceId>,
    /// Access token.
    pub access_token: String,
    /// Its life, in seconds.
    pub expires_in_s: i64,
    /// Refresh token; absent with an upload-only token.
    pub refresh_token: Option<String>,
}

/// Whose session begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder {
    pub(super) org: OrgId,
    pub(super) user: UserId,
    pub(super) device: Option<DeviceId>,
}

/// A family and its first refresh token; whoever draws it in a transaction that runs again draws another.
#[derive(Debug, Clone)]
pub(super) struct NewFamily {
    row: RefreshFamilyRow,
    pub(super) refresh: RefreshToken,
}

impl NewFamily {
    pub(super) fn draw(state: &AppState, holder: Holder, now: UnixMillis) -> Self {
        let family = state.id();
        let refresh = RefreshToken::new(holder.org, family, &*state.random);
        let row = RefreshFamilyRow {
            org_id: Txt(holder.org),
            id: Txt(family),
            user_id: Txt(holder.user),
            device_id: holder.device.map(Txt),
            current_hash: refresh.hash(),
            previous_hash: None,
            created_at_ms: now.0,
            last_used_at_ms: now.0,
            revoked_at_ms: None,
        };
        Self { row, refresh }
    }

    pub(super) fn insert(&self, conn: &mut Conn) -> AppResult<()> {
        Ok(sessions::insert_family(conn, &self.row)?)
    }
}

/// Mints the tokens of a session.
pub(super) fn issue(
    state: &AppState,
    holder: Holder,
    refresh: Option<&RefreshToken>,
    kind: TokenKind,
    now: UnixMillis,
) -> AppResult<Session> {
    let session: Option<Uuid> = refresh.map(|refresh| refresh.family);
    let subject = Subject { org: holder.org, user: holder.user, session, device: holder.device, kind };
    let life = state.config.auth.access_token_secs;
    let access_token = token::mint(&state.keys(), &state.config.issuer(), &subject, now, life, state.id())
        .map_err(AppError::Internal)?;
    Ok(Session {
        org: holder.org,
        user: holder.user,
        device: holder.device,
        access_token,
        expires_in_s: life,
        refresh_token: refresh.map(RefreshToken::to_text),
    })
}
