//! Keeping a session: idempotent refresh rotation, device assertions, upload-only tokens.

use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::sessions::{self, RefreshFamilyRow};
use doorstep_store::{Conn, Txt, devices, users};
use serde::Deserialize;
use serde_json::json;
use sync_core::bytes::to_base64url;
use sync_core::ids::{DeviceId, OrgId};
use sync_core::jws::{self, P256PublicKey};
use sync_core::time::UnixMillis;
use uuid::Uuid;

use super::session::{Holder, Session, issue};
use crate::app::{AppError, AppResult, AppState, ErrorCode};
use crate::auth::secret::RefreshToken;
use crate::domain::TokenKind;

/// `typ` of a device assertion (design section 13).
const ASSERTION_TYP: &str = "doorstep-assertion";

/// Payload of a device assertion.
#[derive(Debug, Deserialize)]
struct Assertion {
    nonce: String,
    device: DeviceId,
    purpose: String,
}

/// Gives a nonce for a device of the organisation to sign.
///
/// # Errors
/// Database errors only: the organisation is not confirmed to strangers.
pub async fn create_nonce(state: &AppState, org: OrgId) -> AppResult<(String, UnixMillis)> {
    let now = state.clock.now();
    let nonce = to_base64url(&state.random.bytes32());
    let expires = now.plus_ms(state.config.auth.nonce_secs.saturating_mul(1000));
    let stored = nonce.clone();
    let result = state
        .store
        .write(move |conn| Ok::<_, AppError>(devices::insert_nonce(conn, org, &stored, expires.0, now.0)?))
        .await;
    match result {
        // An unknown organisation breaks the foreign key; its nonce simply never verifies.
        Ok(()) | Err(AppError::Store(doorstep_store::StoreError::Conflict { .. })) => Ok((nonce, expires)),
        Err(error) => Err(error),
    }
}

/// What a rotation came to. Every outcome commits: revocations must survive their refusal.
enum Rotation {
    Next(Holder),
    Refused(ErrorCode),
}

/// Exchanges a refresh token for a new session (limits-and-threats section 6, three cases).
///
/// # Errors
/// `refresh_invalid`, `refresh_reused`, or `assertion_invalid` where a device proof is needed.
pub async fn refresh_session(state: &AppState, text: &str, assertion: Option<String>) -> AppResult<Session> {
    let now = state.clock.now();
    let token = RefreshToken::from_text(text).ok_or(ErrorCode::RefreshInvalid)?;
    let successor = RefreshToken::new(token.org, token.family, &*state.random);
    let idle_ms = state.config.auth.refresh_idle_days.saturating_mul(86_400_000);
    let next = successor.clone();
    let event = state.id();
    let times = Times { now, idle_ms, restored_at: state.restored_at };
    let rotation =
        state.store.write(move |conn| rotate(conn, &token, &next, assertion.as_deref(), times, event)).await?;
    match rotation {
        Rotation::Next(holder) => issue(state, holder, Some(&successor), TokenKind::Full, now),
        Rotation::Refused(code) => Err(code.into()),
    }
}

/// The instants that decide about a token.
#[derive(Debug, Clone, Copy)]
struct Times {
    now: UnixMillis,
    idle_ms: i64,
    /// When the data were restored from a backup.
    restored_at: Option<UnixMillis>,
}

fn rotate(
    conn: &mut Conn,
    token: &RefreshToken,
    successor: &RefreshToken,
    assertion: Option<&str>,
    times: Times,
    event: Uuid,
) -> AppResult<Rotation> {
    let Times { now, idle_ms, restored_at } = times;
    sessions::lock_family(conn, token.org, token.family)?;
    let Some(family) = sessions::find_family(conn, token.org, token.family)? else {
        return Ok(Rotation::Refused(ErrorCode::RefreshInvalid));
    };
    let idle = now.0.saturating_sub(family.last_used_at_ms) > idle_ms;
    let user = users::find_user(conn, token.org, family.user_id.0)?;
    if family.revoked_at_ms.is_some() || idle || user.is_none_or(|user| user.is_disabled) {
        return Ok(Rotation::Refused(ErrorCode::RefreshInvalid));
    }
    let holder = Holder { org: token.org, user: family.user_id.0, device: family.device_id.map(|Txt(device)| device) };
    if is_suspended(conn, &holder)? {
        // The token stays good for the day the phone is reinstated.
        return Ok(Rotation::Refused(ErrorCode::DeviceSuspended));
    }
    let proven = match assertion {
        Some(assertion) => {
            check_assertion(conn, token.org, assertion, "refresh", now)? == holder.device && holder.device.is_some()
        }
        None => false,
    };
    let hash = token.hash();
    if hash == family.current_hash {
        // Case 1. A device's token is bound to its key.
        if holder.device.is_some() && !proven {
            return Ok(Rotation::Refused(ErrorCode::AssertionInvalid));
        }
        replace(conn, &family, Some(family.current_hash.clone()), successor, now)?;
        return Ok(Rotation::Next(holder));
    }
    if Some(&hash) == family.previous_hash.as_ref() && holder.device.is_some() {
        if !proven {
            // A phone whose proof came too late must not lose its session; whoever has only the token gets nothing.
            return Ok(Rotation::Refused(ErrorCode::AssertionInvalid));
        }
        // Case 2: the answer was lost. The successor was never presented, else it would be the previous
        // token by now; overwriting it cancels it.
        replace(conn, &family, Some(hash), successor, now)?;
        return Ok(Rotation::Next(holder));
    }
    let is_of_before = restored_at.is_some_and(|restored_at| family.last_used_at_ms < restored_at.0);
    if proven && is_of_before {
        // The data were restored from a backup that is older than the phone's token: its key says who it is.
        replace(conn, &family, Some(hash), successor, now)?;
        return Ok(Rotation::Next(holder));
    }
    // Case 3: reuse.
    revoke(conn, &family, proven, now, event)?;
    Ok(Rotation::Refused(ErrorCode::RefreshReused))
}

fn is_suspended(conn: &mut Conn, holder: &Holder) -> AppResult<bool> {
    let Some(id) = holder.device else { return Ok(false) };
    Ok(devices::find_device(conn, holder.org, id)?.is_some_and(|device| device.state == "suspended"))
}

/// Makes `successor` the current token of the family.
fn replace(
    conn: &mut Conn,
    family: &RefreshFamilyRow,
    previous_hash: Option<String>,
    successor: &RefreshToken,
    now: UnixMillis,
) -> AppResult<()> {
    let row =
        RefreshFamilyRow { current_hash: successor.hash(), previous_hash, last_used_at_ms: now.0, ..family.clone() };
    Ok(sessions::update_family(conn, &row, &family.current_hash)?)
}

/// Ends a family whose token came twice, and says so in the audit: who presented it is not known.
fn revoke(conn: &mut Conn, family: &RefreshFamilyRow, proven: bool, now: UnixMillis, event: Uuid) -> AppResult<()> {
    tracing::warn!(family = %family.id, proven, "a refresh token was used twice; the session is ended");
    let row = RefreshFamilyRow { revoked_at_ms: Some(now.0), ..family.clone() };
    sessions::update_family(conn, &row, &family.current_hash)?;
    let event = AuditEventRow {
        org_id: family.org_id,
        id: Txt(event),
        at_ms: now.0,
        actor_id: None,
        device_id: family.device_id,
        kind: "refresh_token.reused".to_owned(),
        subject: family.id.to_string(),
        detail: json!({ "user_id": family.user_id.0, "device_proven": proven }).to_string(),
    };
    Ok(insert_audit_event(conn, &event)?)
}

/// The device that signed the assertion, if nonce, purpose and signature are valid.
///
/// # Errors
/// Database errors only; anything else is `None`.
fn check_assertion(
    conn: &mut Conn,
    org: OrgId,
    assertion: &str,
    purpose: &str,
    now: UnixMillis,
) -> AppResult<Option<DeviceId>> {
    let Ok(unverified) = jws::parse(assertion) else { return Ok(None) };
    let Ok(claimed) = serde_json::from_slice::<Assertion>(&unverified.payload) else { return Ok(None) };
    let Some(device) = devices::find_device(conn, org, claimed.device)? else { return Ok(None) };
    let Ok(key) = P256PublicKey::from_sec1(&device.public_key) else { return Ok(None) };
    let genuine = jws::verify_es256(assertion, &key, ASSERTION_TYP).is_ok() && claimed.purpose == purpose;
    let fresh = genuine && devices::take_nonce(conn, org, &claimed.nonce, now.0)?;
    Ok(fresh.then_some(claimed.device))
}

/// Gives an upload-only token to an enrolled device whose sign-in is dead, so that captured work is
/// never stranded (design section 9). A revoked device gets one too: its uploads go to quarantine.
///
/// # Errors
/// `assertion_invalid`.
pub async fn create_upload_token(state: &AppState, org: OrgId, assertion: String) -> AppResult<Session> {
    let now = state.clock.now();
    let holder = state
        .store
        .write(move |conn| {
            let Some(id) = check_assertion(conn, org, &assertion, "upload", now)? else {
                return Ok::<_, AppError>(None);
            };
            let device = devices::find_device(conn, org, id)?;
            Ok(device.map(|device| Holder { org, user: device.user_id.0, device: Some(id) }))
        })
        .await?
        .ok_or(ErrorCode::AssertionInvalid)?;
    issue(state, holder, None, TokenKind::Upload, now)
}
