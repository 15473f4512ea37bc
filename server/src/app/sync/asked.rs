//! Blobs a phone asks after: which of them the server holds, as after a restore from a backup.

use std::collections::BTreeSet;

use doorstep_store::{Conn, blob_bringers, blobs};
use sync_core::bytes::Hash;
use sync_core::jws::Ed25519PublicKey;
use sync_core::receipt::verify_held;

use super::Round;
use crate::app::blobs::{is_named_for, record_durable, row_of_durable};
use crate::app::{AppResult, AppState};
use crate::ports::BlobError;

/// Most blobs of a request that are read from the store because nothing but the store may know them.
///
/// # Source
/// As many as our phone asks after at once where it has no bytes itself; each may be as large as a blob may be.
const MOST_READ: usize = 16;

/// Those of the blobs asked after that are durable here, as far as the asker may know.
pub(super) async fn held(state: &AppState, round: &std::sync::Arc<Round>) -> AppResult<Vec<Hash>> {
    if round.request.blobs.is_empty() || round.is_revoked() {
        return Ok(Vec::new());
    }
    let (asked, brought) = (std::sync::Arc::clone(round), brought_before(state, round));
    let (mut held, unknown) = state
        .store
        .read(move |conn| {
            let (mut held, mut unknown) = (Vec::new(), Vec::new());
            for blob in &asked.request.blobs {
                if is_held_for(conn, &asked, *blob)? {
                    held.push(*blob);
                } else if brought.contains(blob) && blobs::find_blob(conn, asked.ctx.actor.org, *blob)?.is_none() {
                    unknown.push(*blob);
                }
            }
            Ok::<_, crate::app::AppError>((held, unknown))
        })
        .await?;
    for blob in unknown.into_iter().take(MOST_READ) {
        match take_back(state, round, blob).await {
            Ok(true) => held.push(blob),
            Ok(false) => {}
            // One file that cannot be read keeps back nothing else of the answer; its phone asks again.
            Err(error) => tracing::error!(%blob, %error, "a blob that a phone lost cannot be taken in anew"),
        }
    }
    Ok(held)
}

/// What receipts of this server, which the request shows, say that this device has brought. Only those of uploads say
/// so: one that answers a request may be about what others brought.
fn brought_before(state: &AppState, round: &Round) -> BTreeSet<Hash> {
    if round.request.receipts.is_empty() {
        return BTreeSet::new();
    }
    let ring = state.keys();
    // What a revoked key signs may be anybody's.
    let good = ring.evidence.iter().filter(|key| key.revoked_at_ms.is_none());
    let keys: Vec<Ed25519PublicKey> =
        good.filter_map(|key| Ed25519PublicKey::from_bytes(&key.public_bytes()).ok()).collect();
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let shown = round.request.receipts.iter().take(MOST_READ);
    let verified = shown.filter_map(|jws| verify_held(jws, &keys, org, device).ok());
    let of_uploads = verified.filter(|held| held.receipt().batch_id.is_none());
    of_uploads.flat_map(|held| held.receipt().blobs.clone()).collect()
}

/// Takes a blob in anew, as if this device brought it now, if its bytes are here all the same: a restored database knows
/// nothing of what came after the backup, and the store keeps it. False if they are not here, or damaged.
async fn take_back(state: &AppState, round: &Round, blob: Hash) -> AppResult<bool> {
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let mut pieces = match state.blobs.checked_pieces(org, blob).await {
        Err(BlobError::NotFound | BlobError::HashMismatch { .. }) => return Ok(false),
        opened => opened?,
    };
    let mut bytes = 0_i64;
    while let Some(piece) = pieces.next().await? {
        bytes = bytes.saturating_add(i64::try_from(piece.len()).unwrap_or(i64::MAX));
    }
    let row = row_of_durable(state, org, device, blob, bytes).await?;
    let taken = record_durable(state, row, |_| Ok(())).await?;
    tracing::info!(%org, %device, sha256 = %blob, "a blob that the database did not know was in the store");
    Ok(!taken.is_quarantined)
}

/// Whether a blob is durable and the rep brought it, or is or was on the crew of a visit that names it, or named it in
/// an intent: knowing a hash tells nobody whether the server has it.
fn is_held_for(conn: &mut Conn, round: &Round, blob: Hash) -> AppResult<bool> {
    let (org, user) = (round.ctx.actor.org, round.ctx.actor.user);
    // What only a revoked device brought does not count as held.
    if blobs::find_blob(conn, org, blob)?.is_none_or(|row| row.is_quarantined) {
        return Ok(false);
    }
    if blob_bringers::list_bringers(conn, org, blob)?.contains(&user) {
        return Ok(true);
    }
    is_named_for(conn, org, user, blob)
}
