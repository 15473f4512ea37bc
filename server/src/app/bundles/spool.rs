//! Bytes of a bundle on their way: from the network into a file, from a file to the blob storage.

use std::fs::File;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::{self, Receiver};

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::ports::BlobError;

/// Bytes of a piece.
const PIECE: u64 = 64 * 1024;

/// Pieces that wait to be taken.
const PIECES: usize = 4;

/// Receives a bundle into a file without a name.
///
/// # Errors
/// `bundle_too_large` with limit and size, `disk_full`; that of the body if it cannot be read to its end.
pub async fn receive<B, E>(
    state: &AppState,
    declared_bytes: Option<u64>,
    mut body: impl Stream<Item = Result<B, E>> + Unpin,
) -> AppResult<File>
where
    B: AsRef<[u8]>,
    E: Into<AppError>,
{
    let limit = state.config.limits.bundle_bytes;
    check_size(limit, declared_bytes.unwrap_or(0))?;
    let mut file = tokio::fs::File::from_std(state.blobs.scratch().await?);
    let mut size = 0_u64;
    while let Some(part) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
        let part = part.map_err(Into::into)?;
        size = size.saturating_add(u64::try_from(part.as_ref().len()).unwrap_or(u64::MAX));
        check_size(limit, size)?;
        file.write_all(part.as_ref()).await.map_err(BlobError::of_io)?;
    }
    file.flush().await.map_err(BlobError::of_io)?;
    Ok(file.into_std().await)
}

fn check_size(limit: u64, actual: u64) -> AppResult<()> {
    if actual <= limit {
        return Ok(());
    }
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Err(Refusal::new(ErrorCode::BundleTooLarge).limit(number(limit), number(actual)).into())
}

/// Bytes of a file, read by a thread of its own a few pieces ahead.
pub(super) struct Section(Receiver<AppResult<Vec<u8>>>);

impl Section {
    /// Begins to read `bytes` bytes from `offset` on.
    pub(super) fn new(file: Arc<File>, offset: u64, bytes: u64) -> Self {
        let (sender, receiver) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            let (mut at, mut left) = (offset, bytes);
            while left > 0 {
                let length = left.min(PIECE);
                let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
                let read =
                    read_at(&file, &mut piece, at).map(|()| piece).map_err(|error| BlobError::of_io(error).into());
                let is_over = read.is_err();
                if sender.blocking_send(read).is_err() || is_over {
                    return;
                }
                (at, left) = (at.saturating_add(length), left - length);
            }
        });
        Self(receiver)
    }
}

impl Stream for Section {
    type Item = AppResult<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// Fills `bytes` from a place in a file that others read too.
#[cfg(unix)]
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Fills `bytes` from a place in a file; nobody else reads it at the same time.
#[cfg(not(unix))]
pub(super) fn read_at(mut file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}
