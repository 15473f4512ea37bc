//! The last part of an upload, sent again: the answer to it was lost.

use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::Pin;

use futures_core::Stream;
use sync_core::ids::OrgId;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::append::{Part, said_otherwise};
use super::checksum::Checksum;
use super::standing::{Standing, conflict};
use crate::app::blobs::check_size;
use crate::app::{AppError, AppResult, AppState, ErrorCode};
use crate::ports::BlobError;

/// Answers the part as before, if it ends the upload with the bytes that were stored; nothing is written.
///
/// # Errors
/// `offset_conflict` with the end, if the part begins behind it, ends before it, or announces another number of bytes than
/// are left; `photo_too_large` if it begins at the end and brings bytes, or brings more than are left without announcing
/// them; `upload_mismatch` if its bytes are others or not what its checksum says, `upload_length_invalid` if it says
/// another size of the whole; that of the body if it cannot be read.
pub(super) async fn repeat<B, E>(
    state: &AppState,
    org: OrgId,
    standing: Standing,
    part: Part,
    mut body: impl Stream<Item = Result<B, E>> + Unpin,
) -> AppResult<Standing>
where
    B: AsRef<[u8]>,
    E: Into<AppError>,
{
    let elsewhere = || conflict(standing.offset);
    let mut left = standing.offset.checked_sub(part.offset).ok_or_else(elsewhere)?;
    if part.length.is_some_and(|length| length != standing.offset) {
        return Err(said_otherwise());
    }
    if left > 0 && part.bytes.is_some_and(|bytes| bytes != left) {
        return Err(elsewhere());
    }
    check_size(left, part.bytes.unwrap_or(0))?;
    let blob = standing.sha256.ok_or_else(elsewhere)?;
    let mut stored = File::from_std(state.blobs.open(org, blob).await?);
    stored.seek(SeekFrom::Start(part.offset)).await.map_err(BlobError::of_io)?;
    let mut hasher = part.checksum.as_ref().map(Checksum::hasher);
    while let Some(sent) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await.transpose().map_err(Into::into)? {
        let sent = sent.as_ref();
        let bytes = u64::try_from(sent.len()).unwrap_or(u64::MAX);
        check_size(left, bytes)?;
        left = left.saturating_sub(bytes);
        let mut known = vec![0; sent.len()];
        stored.read_exact(&mut known).await.map_err(BlobError::of_io)?;
        if known != sent {
            return Err(ErrorCode::UploadMismatch.into());
        }
        if let Some(hasher) = &mut hasher {
            hasher.update(sent);
        }
    }
    if left > 0 {
        return Err(elsewhere());
    }
    if let (Some(checksum), Some(hasher)) = (&part.checksum, hasher) {
        checksum.check(hasher)?;
    }
    Ok(standing)
}
