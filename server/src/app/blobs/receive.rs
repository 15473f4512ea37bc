//! A blob that a phone sends in one piece: in its turn among all that the phone sends, as parts of uploads have one.

use futures_core::Stream;
use sync_core::bytes::Hash;

use super::upload::{Portion, StoredBlob, store_blob};
use crate::app::uploads::Received;
use crate::app::{AppError, AppResult, AppState, Ctx};
use crate::ports::UploadKey;

/// As [`store_blob`], in a turn of this device. Whoever comes anew with the same blob takes the turn from a connection that
/// nobody hears any more, of which what has arrived is kept. A question takes no turn.
///
/// # Errors
/// As [`store_blob`]; `too_many_uploads` if the device has so many others under way, `upload_locked` if a later request
/// has taken the turn.
pub async fn receive_blob<B, E>(
    state: &AppState,
    ctx: Ctx,
    sha256: Hash,
    portion: Portion,
    declared_bytes: Option<u64>,
    body: impl Stream<Item = Result<B, E>> + Unpin,
) -> AppResult<StoredBlob>
where
    B: AsRef<[u8]>,
    E: Into<AppError>,
{
    if portion == Portion::Nothing {
        return store_blob(state, ctx, sha256, portion, declared_bytes, body).await;
    }
    let key = UploadKey { org: ctx.actor.org, device: ctx.device()?, sha256 };
    let most = state.config.limits.active_uploads_per_device;
    // Its own until what came is written down: whoever takes it waits for that.
    let mut turn = state.active_uploads.enter(Received::Blob(key), most).await?;
    store_blob(state, ctx, sha256, portion, declared_bytes, turn.of(body)).await
}
