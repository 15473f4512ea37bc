//! How an upload stands.

use doorstep_store::uploads::{self, UploadRow};
use sync_core::bytes::Hash;
use sync_core::ids::UploadId;
use sync_core::time::UnixMillis;

use super::active::{Received, Turn};
use super::finish::finish;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, blobs};
use crate::ports::{BlobError, Staged, StagedUpload, StagingKey, UploadKey};

/// How long an upload is kept that nobody goes on with.
///
/// # Units
/// Milliseconds.
///
/// # Source
/// limits-and-threats: a phone may lie in a drawer for a month.
pub(in crate::app) const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;

/// How long an upload is kept of which nothing has arrived: nothing is lost with it, and whoever began it may never have
/// heard its name.
///
/// # Units
/// Milliseconds.
///
/// # Source
/// A working day and its night; whoever comes later begins anew.
pub(super) const EMPTY_KEPT_MS: i64 = 24 * 3600 * 1000;

/// How often the row of an upload notes that its sender begins to bring more, in milliseconds. What he brought is noted
/// each time: for so much less are only bytes kept that arrived when the process died.
const TOUCHED_EVERY_MS: i64 = 3600 * 1000;

/// As [`TOUCHED_EVERY_MS`], while nothing has arrived: what is under way is not ended meanwhile.
const EMPTY_TOUCHED_EVERY_MS: i64 = EMPTY_KEPT_MS / 2;

/// How an upload stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub id: UploadId,
    /// Bytes that are on stable storage.
    pub offset: u64,
    /// Its whole size; absent until the sender knows it.
    pub length: Option<u64>,
    /// What the sender said of it.
    pub metadata: String,
    /// When it expires unless its sender goes on with it; absent once it is finished.
    pub expires: Option<UnixMillis>,
    /// The blob that it became.
    pub sha256: Option<Hash>,
    /// Held receipt that names it.
    pub receipt: Option<String>,
}

impl Standing {
    /// How an open upload stands of which so much has arrived.
    pub(super) fn open(row: &UploadRow, offset: u64) -> Self {
        let kept_ms = if offset == 0 { EMPTY_KEPT_MS } else { KEPT_MS };
        let expires = Some(UnixMillis(row.touched_at_ms.saturating_add(kept_ms)));
        let (length, metadata) = (length_of(row), row.metadata.clone());
        Self { id: row.id.0, offset, length, metadata, expires, sha256: None, receipt: None }
    }

    /// How an upload stands that has become a blob.
    pub(super) fn finished(row: &UploadRow, blob: blobs::StoredBlob) -> Self {
        let offset = u64::try_from(blob.bytes).unwrap_or_default();
        let (metadata, sha256, receipt) = (row.metadata.clone(), Some(blob.sha256), Some(blob.receipt));
        Self { id: row.id.0, offset, length: Some(offset), metadata, expires: None, sha256, receipt }
    }
}

/// Tells how an upload stands, and takes it from a connection that nobody hears any more: what is told, stays.
///
/// # Errors
/// `not_found` if this device has no such upload, `upload_expired` if it has ended without becoming a blob;
/// `upload_locked` if another request goes on with it at this moment.
pub async fn show_upload(state: &AppState, ctx: &Ctx, id: UploadId) -> AppResult<Standing> {
    match look(state, ctx, id).await {
        // It goes on elsewhere, or with a request that came later.
        Err(error) if error.code() == ErrorCode::UploadLocked => {
            finished(state, &load(state, ctx, id).await?).await?.ok_or(error)
        }
        shown => shown,
    }
}

/// How an upload stands once it is this request's.
async fn look(state: &AppState, ctx: &Ctx, id: UploadId) -> AppResult<Standing> {
    let (row, _turn) = match claim(state, ctx, id, usize::MAX).await? {
        Claimed::Finished(standing) => return Ok(standing),
        Claimed::Open(row, turn) => (row, turn),
    };
    let (mut row, staged) = match hold(state, ctx, &row).await? {
        Held::Finished(standing) => return Ok(standing),
        Held::Open(row, staged) => (row, staged),
    };
    let begin = staged.bytes();
    if length_of(&row) == Some(begin) {
        // Whoever brought the last byte did not come to its end.
        return match finish(state, &row, staged).await {
            // Who asks has sent nothing wrong: he is told where the upload begins anew.
            Err(error) if error.code() == ErrorCode::UploadMismatch => {
                touch(state, ctx, &mut row, 0).await?;
                Ok(Standing::open(&row, 0))
            }
            finished => finished,
        };
    }
    let kept = keep(state, &mut row, staged, begin).await?;
    if kept == 0 {
        // It is told for how long it is kept, and that is never over at once.
        touch(state, ctx, &mut row, 0).await?;
    }
    Ok(Standing::open(&row, kept))
}

/// Notes that the sender was heard, unless that was noted lately.
///
/// # Errors
/// `upload_expired` if it has ended meanwhile.
pub(super) async fn touch(state: &AppState, ctx: &Ctx, row: &mut UploadRow, arrived: u64) -> AppResult<()> {
    let now_ms = ctx.now.0;
    let every_ms = if arrived == 0 { EMPTY_TOUCHED_EVERY_MS } else { TOUCHED_EVERY_MS };
    if now_ms.saturating_sub(row.touched_at_ms) < every_ms {
        return Ok(());
    }
    let (org, id) = (row.org_id.0, row.id.0);
    let touch = move |conn: &mut _| Ok::<_, AppError>(uploads::touch_upload(conn, org, id, now_ms)?);
    if !state.store.write(touch).await? {
        return Err(ErrorCode::UploadExpired.into());
    }
    row.touched_at_ms = now_ms;
    Ok(())
}

/// Notes in the row that something is kept here, with the first bytes and before anybody is told: another node cannot see
/// it. Notes also when the last bytes came: from then on the upload is kept for its time.
///
/// # Errors
/// `upload_expired` if it has ended meanwhile.
async fn note_arrived(state: &AppState, row: &mut UploadRow, kept: u64, begin: u64) -> AppResult<()> {
    let now_ms = state.clock.now().0;
    // With the first bytes also where it is noted: whoever found those of before wrong may be about to take the note back.
    let is_first = kept > 0 && (row.arrived_at_ms.is_none() || begin == 0);
    let is_more = kept > begin && now_ms > row.touched_at_ms;
    if !is_first && !is_more {
        return Ok(());
    }
    let (org, id) = (row.org_id.0, row.id.0);
    let note = move |conn: &mut _| {
        let is_open = !is_first || uploads::note_arrived(conn, org, id, now_ms)?;
        Ok::<_, AppError>(is_open && (!is_more || uploads::touch_upload(conn, org, id, now_ms)?))
    };
    if !state.store.write(note).await? {
        return Err(ErrorCode::UploadExpired.into());
    }
    if is_more {
        row.touched_at_ms = now_ms;
    }
    Ok(())
}

/// What is staged of an upload.
pub(super) enum Held {
    /// It goes on here.
    Open(Box<UploadRow>, Box<dyn Staged>),
    /// Another node has finished it meanwhile.
    Finished(Standing),
}

/// Opens what is staged, and then asks again what became of the upload: who finishes it elsewhere writes its end before
/// he forgets its bytes.
pub(super) async fn hold(state: &AppState, ctx: &Ctx, row: &UploadRow) -> AppResult<Held> {
    let seen = staged_of(row);
    let mut staged = state.staging.open(seen).await?;
    let row = load(state, ctx, row.id.0).await?;
    if row.blob_sha256.is_none() && staged_of(&row) != seen {
        // Another node told something of it meanwhile, or found all of it wrong.
        drop(staged);
        staged = state.staging.open(staged_of(&row)).await?;
    }
    let Some(standing) = finished(state, &row).await? else { return Ok(Held::Open(Box::new(row), staged)) };
    drop(staged);
    // What was opened is nobody's any more; where it stays, it goes with the leftovers.
    let _ = state.staging.forget(staged_of(&row)).await;
    Ok(Held::Finished(standing))
}

/// An upload of which this request alone is in charge, in this process.
pub(super) enum Claimed {
    /// It goes on, as long as the turn lasts.
    Open(Box<UploadRow>, Turn),
    /// It has become a blob.
    Finished(Standing),
}

/// Takes the turn with an upload, unless so many others of the device are under way.
///
/// The row is as it was before: whoever had the turn may have changed or ended it. [`hold`] looks again.
pub(super) async fn claim(state: &AppState, ctx: &Ctx, id: UploadId, most: usize) -> AppResult<Claimed> {
    let row = load(state, ctx, id).await?;
    if let Some(standing) = finished(state, &row).await? {
        return Ok(Claimed::Finished(standing));
    }
    let turn = state.active_uploads.enter(Received::Upload(key_of(&row)), most).await?;
    if turn.has_ended() {
        return Err(locked());
    }
    Ok(Claimed::Open(Box::new(row), turn))
}

/// The row of an upload of this device that has not ended in vain.
pub(super) async fn load(state: &AppState, ctx: &Ctx, id: UploadId) -> AppResult<UploadRow> {
    let (org, device) = (ctx.actor.org, ctx.device()?);
    let load = move |conn: &mut _| Ok::<_, AppError>(uploads::load_upload(conn, org, device, id)?);
    let row = state.store.read(load).await?;
    let is_kept = row.touched_at_ms.saturating_add(KEPT_MS) > ctx.now.0;
    match row.state.as_str() {
        "finished" => Ok(row),
        "open" if is_kept => Ok(row),
        _ => Err(ErrorCode::UploadExpired.into()),
    }
}

/// How a finished upload stands; none if it is open.
///
/// # Errors
/// `upload_expired` if its blob has gone, as after a restore: it must be sent anew.
async fn finished(state: &AppState, row: &UploadRow) -> AppResult<Option<Standing>> {
    let Some(sha256) = row.blob_sha256 else { return Ok(None) };
    let (org, device) = (row.org_id.0, row.device_id.0);
    let key = UploadKey { org, device, sha256: sha256.0 };
    if !state.blobs.exists(org, sha256.0).await? {
        return Err(ErrorCode::UploadExpired.into());
    }
    let blob = blobs::stored(state, key, row.length_bytes.unwrap_or_default()).await?;
    Ok(Some(Standing::finished(row, blob)))
}

/// Makes what has arrived durable, notes it in the row, and tells how much that is.
///
/// # Errors
/// Those of storage; `upload_expired` if it has ended meanwhile.
pub(super) async fn keep(state: &AppState, row: &mut UploadRow, staged: Box<dyn Staged>, begin: u64) -> AppResult<u64> {
    let kept = staged.keep().await.map_err(|error| match error {
        BlobError::NotFound => locked(),
        error => error.into(),
    })?;
    note_arrived(state, row, kept, begin).await?;
    Ok(kept)
}

/// Refuses bytes that belong elsewhere, and says where.
pub(super) fn conflict(offset: u64) -> AppError {
    Refusal::new(ErrorCode::OffsetConflict).actual(i64::try_from(offset).unwrap_or(i64::MAX)).into()
}

/// Refuses whoever another request has taken the upload from, which alone knows how far it has come by now.
pub(super) fn locked() -> AppError {
    ErrorCode::UploadLocked.into()
}

pub(super) fn key_of(row: &UploadRow) -> StagingKey {
    StagingKey { org: row.org_id.0, device: row.device_id.0, upload: row.id.0 }
}

/// An upload as what is staged of it is asked for.
pub(super) fn staged_of(row: &UploadRow) -> StagedUpload {
    StagedUpload { key: key_of(row), has_arrived: row.arrived_at_ms.is_some() }
}

pub(super) fn length_of(row: &UploadRow) -> Option<u64> {
    row.length_bytes.map(|bytes| u64::try_from(bytes).unwrap_or_default())
}
