//! Orders to a phone: signed here, delivered with its next sync, answered by a receipt of its own key.

use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::device_orders::{self, DeviceOrderRow};
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::{Conn, Txt, sessions};
use serde_json::json;
use sync_core::ids::{DeviceId, OrderId, OrgId};
use sync_core::jws::{self, P256PublicKey};
use sync_core::order::{WipeOrder, WipeReceipt, verify_wipe_receipt};
use sync_core::protocol::Row;

use crate::app::rows::corrupt;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, audit};

/// Orders a phone to wipe itself. One order is pending at a time: the same again changes nothing, and `wipe_now` takes
/// the place of an order that lets the phone upload first.
///
/// # Errors
/// `not_found` if there is no such device.
pub async fn order_wipe(state: &AppState, ctx: Ctx, device: DeviceId, wipe_now: bool) -> AppResult<()> {
    let order = WipeOrder::new(OrderId(state.id()), ctx.actor.org, device, wipe_now, ctx.now);
    let keys = state.keys();
    let key = keys.evidence_signer();
    let input = order.prepare(&key.kid).map_err(|error| AppError::Internal(error.to_string()))?;
    let row = DeviceOrderRow {
        org_id: Txt(order.org),
        id: Txt(order.id),
        device_id: Txt(device),
        kind: "wipe".to_owned(),
        wipe_now,
        jws: jws::finish(&input, &key.sign(input.as_bytes())),
        ordered_at_ms: ctx.now.0,
        ordered_by: Txt(ctx.actor.user),
        sent_at_ms: None,
        withdrawn_at_ms: None,
        receipt: None,
        done_at_ms: None,
    };
    let app = state.clone();
    state
        .store
        .write(move |conn| {
            let known = devices::find_device(conn, row.org_id.0, device)?.ok_or(ErrorCode::NotFound)?;
            let pending = match known.order_id {
                Some(Txt(id)) => device_orders::find_order(conn, row.org_id.0, id)?,
                None => None,
            };
            if pending.as_ref().is_some_and(|pending| pending.wipe_now || !wipe_now) {
                return Ok::<_, AppError>(());
            }
            if let Some(pending) = pending {
                device_orders::withdraw_order(conn, row.org_id.0, pending.id.0, ctx.now.0)?;
            }
            device_orders::insert_order(conn, &row)?;
            devices::set_order(conn, row.org_id.0, device, Some(row.id.0))?;
            audit::record(conn, &app, &ctx, "device.wipe_ordered", device, &json!({ "wipe_now": wipe_now }))
        })
        .await
}

/// The order a phone is to be told now, as a row of its answer: the one it had when its round began may be withdrawn or
/// replaced since.
///
/// # Errors
/// Database errors only.
pub(crate) async fn pending_order(state: &AppState, ctx: &Ctx, device: DeviceId) -> AppResult<Option<Row>> {
    let (org, now) = (ctx.actor.org, ctx.now.0);
    let order = state.store.read(move |conn| {
        let known = devices::find_device(conn, org, device)?;
        let Some(Txt(id)) = known.and_then(|known| known.order_id) else { return Ok::<_, AppError>(None) };
        let order = device_orders::find_order(conn, org, id)?;
        Ok(order.filter(|order| order.withdrawn_at_ms.is_none() && order.done_at_ms.is_none()))
    });
    let Some(order) = order.await? else { return Ok(None) };
    let id = order.id.0;
    if order.sent_at_ms.is_none() {
        state.store.write(move |conn| Ok::<_, AppError>(device_orders::mark_sent(conn, org, id, now)?)).await?;
    }
    // No phone obeys what a revoked key signed.
    let renewed = state.keys().renewed(&order.jws).map_err(|error| corrupt("device_orders", id, error))?;
    let jws = renewed.unwrap_or(order.jws);
    Ok(Some(Row::Put { id: id.to_string(), version: 1, body: json!({ "jws": jws }) }))
}

/// Keeps a phone's word that it wiped itself; the same again has no effect. Whoever brings it: the key proves it.
///
/// # Errors
/// `assertion_invalid` if the key of an enrolled device did not sign it for an order to that device.
pub async fn keep_wipe_receipt(state: &AppState, org: OrgId, receipt: String) -> AppResult<()> {
    let (event, now) = (state.id(), state.clock.now().0);
    state
        .store
        .write(move |conn| {
            let (device, answer) = verified(conn, org, &receipt)?.ok_or(ErrorCode::AssertionInvalid)?;
            let order = device_orders::find_order(conn, org, answer.order)?;
            let order = order.filter(|order| order.device_id == device.id).ok_or(ErrorCode::AssertionInvalid)?;
            if order.done_at_ms.is_some() {
                return Ok::<_, AppError>(());
            }
            device_orders::answer_order(conn, org, answer.order, &receipt, now)?;
            devices::set_order(conn, org, device.id.0, None)?;
            sessions::revoke_families_of_device(conn, org, device.id.0, now)?;
            // The key is gone; what a bundle of this phone still brings is as good as before.
            devices::sign_out_device(conn, org, device.id.0)?;
            insert_audit_event(
                conn,
                &AuditEventRow {
                    org_id: Txt(org),
                    id: Txt(event),
                    at_ms: now,
                    actor_id: None,
                    device_id: Some(device.id),
                    kind: "device.wiped".to_owned(),
                    subject: device.id.to_string(),
                    detail: json!({ "order": answer.order, "unsent": answer.unsent }).to_string(),
                },
            )?;
            Ok(())
        })
        .await
}

/// The device that signed a receipt, and what it says.
fn verified(conn: &mut Conn, org: OrgId, receipt: &str) -> AppResult<Option<(DeviceRow, WipeReceipt)>> {
    let Some(claimed) = WipeReceipt::claimed_device(receipt) else { return Ok(None) };
    let Some(device) = devices::find_device(conn, org, claimed)? else { return Ok(None) };
    let Ok(key) = P256PublicKey::from_sec1(&device.public_key) else { return Ok(None) };
    Ok(verify_wipe_receipt(receipt, &key, org, claimed).ok().map(|answer| (device, answer)))
}
