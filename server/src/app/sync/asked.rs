//! Blobs a phone asks after: which of them the server holds, as after a restore from a backup.

use doorstep_store::{Conn, blob_bringers, blobs};
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
    if blobs::find_blob(conn, org, blob)?.is_none_or(|row| row.is_quarantined) {
        return Ok(false);
    }
    if blob_bringers::list_bringers(conn, org, blob)?.contains(&user) {
        return Ok(true);
    }
    is_named_for(conn, org, user, blob)
}
