//! Going on with an upload: bytes behind those that have arrived.

use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::Pin;

use doorstep_store::Conn;
use doorstep_store::uploads::{self, UploadRow};
use futures_core::Stream;
use sync_core::ids::UploadId;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::checksum::Checksum;
use super::finish::finish;
use super::repeat::repeat;
use super::standing::{Claimed, Held, Standing, claim, conflict, hold, keep, length_of, locked, touch};
use crate::app::blobs::check_size;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::ports::{BlobError, Staged};

/// Bytes that are carried over at once.
const PIECE_BYTES: usize = 64 << 10;

/// What a request says of the bytes it brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Where they begin.
    pub offset: u64,
    /// The size of the whole, where it was left open.
    pub length: Option<u64>,
    /// How many they are, if that is known before they come.
    pub bytes: Option<u64>,
    /// What they hash to.
    pub checksum: Option<Checksum>,
}

/// Appends bytes to an upload, and finishes it with the last one.
///
/// What arrived before the connection broke off is kept, unless a checksum covers it. The last part sent again is
/// answered as before.
///
/// # Errors
/// As [`show_upload`](super::show_upload), also `upload_locked` if a later request has it by now, which alone knows how far
/// it has come; `offset_conflict` with the true offset, `upload_length_invalid`,
/// `photo_too_large` if there are more bytes than the upload has room for, and then none is kept; `upload_mismatch` if
/// these bytes, or at the end the whole, are not what was declared; that of the body if it cannot be read to its end.
pub async fn append_upload<B, E>(
    state: &AppState,
    ctx: &Ctx,
    id: UploadId,
    part: Part,
    body: impl Stream<Item = Result<B, E>> + Unpin,
) -> AppResult<Standing>
where
    B: AsRef<[u8]>,
    E: Into<AppError>,
{
    let most = state.config.limits.active_uploads_per_device;
    let (row, mut turn) = match claim(state, ctx, id, most).await? {
        Claimed::Finished(standing) => return repeat(state, ctx.actor.org, standing, part, body).await,
        Claimed::Open(row, turn) => (row, turn),
    };
    let (mut row, mut staged) = match hold(state, ctx, &row).await? {
        Held::Finished(standing) => return repeat(state, ctx.actor.org, standing, part, body).await,
        Held::Open(row, staged) => (row, staged),
    };
    let begin = staged.bytes();
    if length_of(&row) == Some(begin) {
        // All of it had arrived when a process died before it could say so: the last part comes again.
        let standing = finish(state, &row, staged).await?;
        return repeat(state, ctx.actor.org, standing, part, body).await;
    }
    if part.offset != begin {
        return Err(conflict(keep(state, &mut row, staged, begin).await?));
    }
    set_length(state, &mut row, part.length, begin).await?;
    let room = length_of(&row).unwrap_or(state.config.limits.blob_bytes).saturating_sub(begin);
    check_size(room, part.bytes.unwrap_or(0))?;
    touch(state, ctx, &mut row, begin).await?;
    // What is staged is let go before the turn ends.
    let mut incoming = Incoming { body: turn.of(body), room };
    let received = match part.checksum {
        Some(checksum) => receive_checked(state, &mut *staged, &mut incoming, &checksum).await,
        None => receive(&mut *staged, &mut incoming, begin).await,
    };
    drop(incoming);
    if let Err(error) = received {
        let kept = keep(state, &mut row, staged, begin).await?;
        return Err(if turn.has_ended() { conflict(kept) } else { error });
    }
    if length_of(&row) == Some(staged.bytes()) {
        return finish(state, &row, staged).await;
    }
    let kept = keep(state, &mut row, staged, begin).await?;
    Ok(Standing::open(&row, kept))
}

/// Notes the size of the whole, which is said once. There is room for it: until now the upload has taken as much as the
/// largest.
async fn set_length(state: &AppState, row: &mut UploadRow, length: Option<u64>, arrived: u64) -> AppResult<()> {
    let Some(length) = length else { return Ok(()) };
    check_size(state.config.limits.blob_bytes, length)?;
    let bytes = i64::try_from(length).unwrap_or(i64::MAX);
    match row.length_bytes {
        Some(known) if known == bytes => return Ok(()),
        Some(_) => return Err(said_otherwise()),
        None if length < arrived => return Err(length_refused("no less than what has arrived")),
        None => {}
    }
    let (org, id) = (row.org_id.0, row.id.0);
    let set = move |conn: &mut Conn| Ok::<_, AppError>(uploads::set_upload_length(conn, org, id, bytes)?);
    if !state.store.write(set).await? {
        return Err(locked());
    }
    row.length_bytes = Some(bytes);
    Ok(())
}

/// Refuses a size of the whole that is not the one that was said before.
pub(super) fn said_otherwise() -> AppError {
    length_refused("the length that was said before")
}

fn length_refused(expected: &str) -> AppError {
    Refusal::new(ErrorCode::UploadLengthInvalid).field("Upload-Length", expected).into()
}

/// The bytes of a request, as many as there is room for.
struct Incoming<S> {
    body: S,
    /// How many there may still be.
    room: u64,
}

impl<B: AsRef<[u8]>, S: Stream<Item = AppResult<B>> + Unpin> Incoming<S> {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> AppResult<Option<B>> {
        let next = poll_fn(|cx| Pin::new(&mut self.body).poll_next(cx)).await;
        let Some(part) = next.transpose()? else { return Ok(None) };
        let bytes = u64::try_from(part.as_ref().len()).unwrap_or(u64::MAX);
        check_size(self.room, bytes)?;
        self.room = self.room.saturating_sub(bytes);
        Ok(Some(part))
    }
}

/// Appends the bytes as they come; none if there are too many.
async fn receive<B: AsRef<[u8]>>(
    staged: &mut dyn Staged,
    incoming: &mut Incoming<impl Stream<Item = AppResult<B>> + Unpin>,
    begin: u64,
) -> AppResult<()> {
    loop {
        match incoming.next().await {
            Ok(Some(part)) => staged.append(part.as_ref()).await?,
            Ok(None) => return Ok(()),
            Err(error) => {
                if error.code() == ErrorCode::PhotoTooLarge {
                    staged.rewind(begin).await?;
                }
                return Err(error);
            }
        }
    }
}

/// Appends the bytes once all of them have come and are what they should be; else none.
async fn receive_checked<B: AsRef<[u8]>>(
    state: &AppState,
    staged: &mut dyn Staged,
    incoming: &mut Incoming<impl Stream<Item = AppResult<B>> + Unpin>,
    checksum: &Checksum,
) -> AppResult<()> {
    let mut aside = tokio::fs::File::from_std(state.blobs.scratch().await?);
    let mut hasher = checksum.hasher();
    while let Some(part) = incoming.next().await? {
        hasher.update(part.as_ref());
        aside.write_all(part.as_ref()).await.map_err(BlobError::of_io)?;
    }
    checksum.check(hasher)?;
    aside.flush().await.map_err(BlobError::of_io)?;
    aside.seek(SeekFrom::Start(0)).await.map_err(BlobError::of_io)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = aside.read(&mut piece).await.map_err(BlobError::of_io)?;
        match piece.get(..read).unwrap_or_default() {
            [] => return Ok(()),
            read => staged.append(read).await?,
        }
    }
}
