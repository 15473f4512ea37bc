//! What a phone sealed and somebody else brought: taken in as if the phone had sent it, and its receipts, which wait
//! until the phone has them.

use std::sync::Arc;

use doorstep_store::kept_receipts::{KeptReceiptRow, drop_kept_receipts, keep_receipt, list_kept_receipts};
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::protocol::{Ack, SyncRequest};

use super::{Round, Turn, gaps, merge_acks, open, push, receipt};
use crate::app::rows::corrupt;
use crate::app::{AppError, AppResult, AppState, Ctx};

/// Most receipts in one answer; the others follow once these have arrived.
const RECEIPTS: i64 = 64;

/// What became of a request that was brought.
#[derive(Debug)]
pub(crate) struct Carried {
    /// In request order.
    pub acks: Vec<Ack>,
    /// Names what is durable now; absent if nothing is.
    pub receipt: Option<String>,
}

/// Takes in a sealed request of a device: its content alone, for what the phone says of itself and asks for is past.
///
/// # Errors
/// As [`super::sync`].
pub(crate) async fn take_in_carried(state: &AppState, ctx: Ctx, request: SyncRequest) -> AppResult<Carried> {
    let (mut round, _) = open(state, ctx, request).await?;
    round.is_carried = true;
    let request = &mut round.request;
    request.docs.retain(|doc| !doc.asks());
    request.blobs.clear();
    request.device_state = None;
    let round = Arc::new(round);
    let pushed = push::push(state, &round, &mut Turn::default()).await?;
    gaps::note(state, &round, Some(&pushed), &[]).await?;
    let receipt = receipt::held(state, &round, Some(&pushed.held), Vec::new())?;
    Ok(Carried { acks: merge_acks(&round.request, pushed, Vec::new()), receipt })
}

/// The receipts that wait for a device, without those it says it has by now.
///
/// One whose key was revoked meanwhile is signed anew: the device would refuse it for ever, and what it names is here.
pub(super) async fn due(state: &AppState, round: &Round) -> AppResult<Vec<String>> {
    if round.device.receipts_kept_at_ms.is_none() {
        return Ok(Vec::new());
    }
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let (arrived, keys) = (round.request.arrived.clone(), state.keys());
    if !arrived.is_empty() {
        state.store.write(move |conn| Ok::<_, AppError>(drop_kept_receipts(conn, org, device, &arrived)?)).await?;
    }
    let mut kept: Vec<KeptReceiptRow> =
        state.store.read(move |conn| Ok::<_, AppError>(list_kept_receipts(conn, org, device, RECEIPTS)?)).await?;
    let mut renewed = Vec::new();
    for row in &mut kept {
        if let Some(jws) = keys.renewed(&row.jws).map_err(|error| corrupt("kept_receipts", &row.part, error))? {
            (row.sha256, row.jws) = (Txt(Hash::of(jws.as_bytes())), jws);
            renewed.push(row.clone());
        }
    }
    if !renewed.is_empty() {
        // Kept under their new names: the device tells by these what has arrived.
        let keep =
            move |conn: &mut Conn| Ok::<_, AppError>(renewed.iter().try_for_each(|row| keep_receipt(conn, row))?);
        state.store.write(keep).await?;
    }
    Ok(kept.into_iter().map(|row| row.jws).collect())
}
