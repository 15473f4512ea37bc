//! Blobs a phone asks after: which of them the server holds, as after a restore from a backup.

use doorstep_store::{Conn, blobs, devices};
use sync_core::bytes::Hash;

use super::Round;
use crate::app::blobs::is_named_for;
use crate::app::{AppResult, AppState};

/// Those of the blobs asked after that are durable here, as far as the asker may know.
pub(super) async fn held(state: &AppState, round: &std::sync::Arc<Round>) -> AppResult<Vec<Hash>> {
    if round.request.blobs.is_empty() || round.is_revoked() {
        return Ok(Vec::new());
    }
    let round = std::sync::Arc::clone(round);
    state
        .store
        .read(move |conn| {
            let mut held = Vec::new();
            for blob in &round.request.blobs {
                if is_held_for(conn, &round, *blob)? {
                    held.push(*blob);
                }
            }
            Ok(held)
        })
        .await
}

/// Whether a blob is durable and the rep brought it, or is or was on the crew of a visit that names it, or named it in
/// an intent: knowing a hash tells nobody whether the server has it.
fn is_held_for(conn: &mut Conn, round: &Round, blob: Hash) -> AppResult<bool> {
    let (org, user) = (round.ctx.actor.org, round.ctx.actor.user);
    // What only a revoked device brought does not count as held.
    let row = blobs::find_blob(conn, org, blob)?.filter(|row| !row.is_quarantined);
    let Some(row) = row else { return Ok(false) };
    let Some(sender) = devices::find_device(conn, org, row.device_id.0)? else { return Ok(false) };
    if sender.user_id.0 == user {
        return Ok(true);
    }
    is_named_for(conn, org, user, blob)
}
