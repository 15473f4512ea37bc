//! Bytes of a file that are read as they are wanted.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use sync_core::bytes::Hash;

use super::fs_blobs::{blocking, io_error};
use super::fs_objects::hash_rest;
use crate::ports::blobs::{BlobError, BlobFuture, BlobPieces};

/// Bytes of a piece, from a file or from a bucket.
///
/// # Source
/// Enough that a fast reader waits for the line and not for us, and small beside what a connection costs: sixty-four
/// slow readers hold 16 MiB.
pub(super) const PIECE_BYTES: u64 = 256 << 10;

/// What is left to read of a file.
#[derive(Debug)]
pub(super) struct FilePieces {
    /// At the next byte.
    file: Arc<File>,
    left: u64,
}

impl FilePieces {
    /// Bytes within a file; blocks.
    pub(super) fn within(mut file: File, range: Range<u64>) -> Result<Self, BlobError> {
        check_end(file.metadata().map_err(io_error)?.len(), &range)?;
        file.seek(SeekFrom::Start(range.start)).map_err(io_error)?;
        Ok(Self { file: Arc::new(file), left: range.end.saturating_sub(range.start) })
    }

    /// All of a file whose bytes hash to this; blocks.
    pub(super) fn checked(mut file: File, sha256: Hash) -> Result<Self, BlobError> {
        let actual = hash_rest(&mut file).map_err(io_error)?;
        if actual != sha256 {
            return Err(BlobError::HashMismatch { actual });
        }
        let bytes = file.metadata().map_err(io_error)?.len();
        Self::within(file, 0..bytes)
    }
}

/// Refuses bytes behind the end of a blob of this size.
pub(super) fn check_end(bytes: u64, range: &Range<u64>) -> Result<(), BlobError> {
    if range.end <= bytes {
        return Ok(());
    }
    let text = format!("{bytes} bytes long, shorter than its row says");
    Err(BlobError::Io(io::Error::new(io::ErrorKind::UnexpectedEof, text)))
}

impl BlobPieces for FilePieces {
    fn next(&mut self) -> BlobFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let bytes = self.left.min(PIECE_BYTES);
            if bytes == 0 {
                return Ok(None);
            }
            let file = Arc::clone(&self.file);
            let piece = blocking(move || {
                let mut piece = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
                (&*file).read_exact(&mut piece).map_err(io_error)?;
                Ok(piece)
            })
            .await?;
            self.left = self.left.saturating_sub(bytes);
            Ok(Some(piece))
        })
    }
}
