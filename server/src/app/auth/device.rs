//! Signing out, and what a device may do: suspending, reinstating, revoking.

use doorstep_store::devices::DeviceRow;
use doorstep_store::{Conn, Txt, device_orders, devices, sessions};
use serde_json::json;
use sync_core::ids::{DeviceId, OrgId};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// Ends the asker's session; on a device every session, and what it captured stays uploadable.
///
/// # Errors
/// Database errors only.
pub async fn sign_out(state: &AppState, ctx: Ctx) -> AppResult<()> {
    state
        .store
        .write(move |conn| {
            let Some(device) = ctx.actor.device else {
                let session = ctx.actor.session.ok_or(ErrorCode::TokenInvalid)?;
                return Ok::<_, AppError>(sessions::revoke_family(conn, ctx.actor.org, session, ctx.now.0)?);
            };
            sessions::revoke_families_of_device(conn, ctx.actor.org, device, ctx.now.0)?;
            Ok(devices::sign_out_device(conn, ctx.actor.org, device)?)
        })
        .await
}

/// A change of what a device may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChange {
    /// No reading; what it brings is accepted and marked.
    Suspend,
    /// Ends a suspension, and withdraws an order that the phone has not answered.
    Reinstate,
    /// No reading; what it brings goes to quarantine. For good.
    Revoke,
}

impl DeviceChange {
    const fn event(self) -> &'static str {
        match self {
            Self::Suspend => "device.suspended",
            Self::Reinstate => "device.reinstated",
            Self::Revoke => "device.revoked",
        }
    }
}

/// Changes what a device may do; the same change again has no further effect.
///
/// # Errors
/// `not_found` if there is no such device, `state_invalid` if a revoked device is to be anything else.
pub async fn change_device(state: &AppState, ctx: Ctx, device: DeviceId, change: DeviceChange) -> AppResult<()> {
    let app = state.clone();
    state
        .store
        .write(move |conn| {
            let (org, now) = (ctx.actor.org, ctx.now.0);
            let known = devices::find_device(conn, org, device)?.ok_or(ErrorCode::NotFound)?;
            let is_changed = match change {
                DeviceChange::Suspend => suspend(conn, org, &known)?,
                DeviceChange::Reinstate => reinstate(conn, org, &known, now)?,
                DeviceChange::Revoke => {
                    devices::revoke_device(conn, org, device, now)?;
                    sessions::revoke_families_of_device(conn, org, device, now)?;
                    known.state != "revoked"
                }
            };
            if is_changed {
                audit::record(conn, &app, &ctx, change.event(), device, &json!({}))?;
            }
            Ok::<_, AppError>(())
        })
        .await
}

/// Tells whether the device was not suspended before.
fn suspend(conn: &mut Conn, org: OrgId, known: &DeviceRow) -> AppResult<bool> {
    if known.state == "suspended" {
        return Ok(false);
    }
    if !devices::change_state(conn, org, known.id.0, &["active", "signed_out"], "suspended")? {
        return Err(revoked_for_good());
    }
    Ok(true)
}

/// Tells whether anything was suspended or ordered before.
fn reinstate(conn: &mut Conn, org: OrgId, known: &DeviceRow, now_ms: i64) -> AppResult<bool> {
    if known.state == "revoked" {
        return Err(revoked_for_good());
    }
    if let Some(Txt(order)) = known.order_id {
        device_orders::withdraw_order(conn, org, order, now_ms)?;
        devices::set_order(conn, org, known.id.0, None)?;
    }
    let was_suspended = devices::change_state(conn, org, known.id.0, &["suspended"], "active")?;
    Ok(was_suspended || known.order_id.is_some())
}

fn revoked_for_good() -> AppError {
    Refusal::new(ErrorCode::StateInvalid)
        .detail("A revoked phone stays revoked; enrol it anew", "已吊销的设备不可恢复，请重新注册")
        .into()
}
