//! Signing out and revoking devices.

use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::{Txt, devices, sessions};
use sync_core::ids::DeviceId;

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};

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

/// Revokes a device: no more reading; what it still brings goes to quarantine.
///
/// # Errors
/// `not_found` if there is no such device.
pub async fn revoke_device(state: &AppState, ctx: Ctx, device: DeviceId) -> AppResult<()> {
    let event = state.id();
    state
        .store
        .write(move |conn| {
            let org = ctx.actor.org;
            devices::find_device(conn, org, device)?.ok_or(ErrorCode::NotFound)?;
            devices::revoke_device(conn, org, device, ctx.now.0)?;
            sessions::revoke_families_of_device(conn, org, device, ctx.now.0)?;
            insert_audit_event(
                conn,
                &AuditEventRow {
                    org_id: Txt(org),
                    id: Txt(event),
                    at_ms: ctx.now.0,
                    actor_id: Some(Txt(ctx.actor.user)),
                    device_id: Some(Txt(device)),
                    kind: "device.revoked".to_owned(),
                    subject: device.to_string(),
                    detail: "{}".to_owned(),
                },
            )?;
            Ok::<_, AppError>(())
        })
        .await
}
