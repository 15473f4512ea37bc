//! The picture of a signature, drawn of its strokes.

use sync_core::bytes::Hash;
use sync_core::statement::Ink;

use super::read::{BlobContent, find_original, no_preview, read_verified, unreadable};
use crate::app::{AppResult, AppState, Ctx};

/// Most bytes of an ink blob that is drawn: `MAX_POINTS` of three numbers, each of at most 17 characters.
const MAX_INK_BYTES: u64 = 2 * 1024 * 1024;

/// Draws the strokes of a signature.
///
/// Who looks at the picture has read the signature: it is an audit event as reading the original is.
///
/// # Errors
/// `not_found` as for originals, `no_preview` of what is no ink.
// Rule: GEN-13
pub async fn draw_ink(state: &AppState, ctx: Ctx, sha256: Hash) -> AppResult<BlobContent> {
    let org = ctx.actor.org;
    let original = find_original(state, ctx, sha256).await?;
    if original.bytes() > MAX_INK_BYTES {
        return Err(no_preview(Some(NO_INK)));
    }
    let bytes = read_verified(state, org, sha256).await.map_err(|error| unreadable(sha256, error))?;
    let drawn = tokio::task::spawn_blocking(move || Ink::parse(&bytes).map(|ink| ink.drawing()))
        .await
        .map_err(|error| crate::app::AppError::Internal(format!("drawing ink {sha256}: {error}")))?
        .map_err(|_no_ink| no_preview(Some(NO_INK)))?;
    original.record(state).await?;
    Ok(BlobContent { sha256, media_type: "image/svg+xml".to_owned(), bytes: drawn.into_bytes() })
}

/// Why a blob is not drawn.
const NO_INK: &str = "no_ink";
