//! Beginning an upload, or finding the one that was begun.

use doorstep_store::uploads::{self, UploadRow};
use doorstep_store::{Conn, Txt};
use futures_core::Stream;
use sync_core::bytes::Hash;
use sync_core::ids::UploadId;
use sync_core::time::UnixMillis;
use tokio::runtime::Handle;

use super::append::{Part, append_upload};
use super::finish::finish;
use super::metadata::Metadata;
use super::standing::{KEPT_MS, Standing, show_upload, staged_of};
use super::terminate::terminate_upload;
use crate::app::blobs::check_size;
use crate::app::storage_quota::{Brought, Quota, check_room_taken, check_unclaimed};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};

/// When to begin another upload where too many are unfinished, in seconds: there is room once one of them is finished or
/// ended.
const RETRY_SECS: i64 = 60;

/// Begins an upload of so many bytes; without a length, its sender will say it later, and until then it takes as much
/// room as the largest.
///
/// The same device, photo, hash and size give the upload that exists, finished or not: a lost answer costs nothing.
/// What another device has brought shortens nothing.
///
/// # Errors
/// `photo_too_large` with limit and size, `too_many_uploads` if so many are unfinished, `storage_quota` if the
/// organisation has no room for it.
pub async fn create_upload(
    state: &AppState,
    ctx: &Ctx,
    length: Option<u64>,
    metadata: Metadata,
) -> AppResult<Standing> {
    Ok(begin(state, ctx, length, metadata).await?.0)
}

/// Begins an upload with its first bytes, unless they have arrived already.
///
/// What this very request began and whose bytes are refused is ended with it: its sender never hears its name. Only
/// what arrived on a connection that broke off stays, if the hash tells how to find it again.
///
/// # Errors
/// As [`create_upload`] and [`append_upload`].
pub async fn create_upload_with<B, E>(
    state: &AppState,
    ctx: &Ctx,
    length: Option<u64>,
    metadata: Metadata,
    part: Part,
    body: impl Stream<Item = Result<B, E>> + Unpin,
) -> AppResult<Standing>
where
    B: AsRef<[u8]>,
    E: Into<AppError>,
{
    let can_be_found = metadata.sha256.is_some();
    let (begun, is_new) = begin(state, ctx, length, metadata).await?;
    if begun.offset > 0 || begun.receipt.is_some() {
        return Ok(begun);
    }
    let mut unheard = Unheard((is_new && !can_be_found).then(|| (state.clone(), ctx.clone(), begun.id)));
    let appended = append_upload(state, ctx, begun.id, part, body).await;
    if let Err(error) = &appended {
        let is_refused =
            matches!(error.code(), ErrorCode::PhotoTooLarge | ErrorCode::UploadMismatch | ErrorCode::TooManyUploads);
        if is_new && (is_refused || !can_be_found) {
            end(state, ctx, begun.id).await;
        }
    }
    // From here on there is an answer.
    unheard.0 = None;
    appended
}

/// An upload whose name is told by the answer alone: where the request is given up before, as when its line is reset, the
/// upload ends with it. One that is missed, as by a process that dies, has a short life as long as it is empty.
struct Unheard(Option<(AppState, Ctx, UploadId)>);

impl Drop for Unheard {
    fn drop(&mut self) {
        if let Some((state, ctx, id)) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move { end(&state, &ctx, id).await });
        }
    }
}

/// Ends an upload of which nobody will hear.
async fn end(state: &AppState, ctx: &Ctx, id: UploadId) {
    if let Err(error) = terminate_upload(state, ctx, id).await
        && error.code() != ErrorCode::UploadFinished
    {
        // It counts as unfinished until it expires.
        tracing::warn!(upload = %id, %error, "an upload that was refused could not be ended");
    }
}

/// The upload, and whether it is a new one.
async fn begin(state: &AppState, ctx: &Ctx, length: Option<u64>, metadata: Metadata) -> AppResult<(Standing, bool)> {
    check_size(state.config.limits.blob_bytes, length.unwrap_or(0))?;
    let sha256 = metadata.sha256;
    let wanted = new_row(state, ctx, length, metadata)?;
    let most = i64::try_from(state.config.limits.uploads_per_device).unwrap_or(i64::MAX);
    let room = Room { most, quota: Quota::of(state) };
    let inserted = wanted.clone();
    let row = state.store.write(move |conn| find_or_insert(conn, &inserted, sha256, room)).await?;
    if row.id != wanted.id {
        match show_upload(state, ctx, row.id.0).await {
            Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::UploadExpired => {
                // What it became has gone.
                let inserted = wanted.clone();
                state.store.write(move |conn| insert(conn, &inserted, room)).await?;
            }
            shown => return Ok((shown?, false)),
        }
    }
    let of = Brought { org: wanted.org_id.0, device: wanted.device_id.0, sha256 };
    // Its own bytes are announced already.
    if let Err(refusal) = check_unclaimed(state, of, 0).await {
        end(state, ctx, wanted.id.0).await;
        return Err(refusal);
    }
    if length == Some(0) {
        let staged = state.staging.open(staged_of(&wanted)).await?;
        let finished = finish(state, &wanted, staged).await;
        if finished.is_err() {
            end(state, ctx, wanted.id.0).await;
        }
        return Ok((finished?, true));
    }
    Ok((Standing::open(&wanted, 0), true))
}

/// What there is room for.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Unfinished uploads of the device.
    most: i64,
    /// Bytes of the organisation.
    quota: Quota,
}

fn new_row(state: &AppState, ctx: &Ctx, length: Option<u64>, metadata: Metadata) -> AppResult<UploadRow> {
    let mut id = [0; 16];
    state.random.fill(&mut id);
    Ok(UploadRow {
        org_id: Txt(ctx.actor.org),
        id: Txt(UploadId::from_bytes(id)),
        device_id: Txt(ctx.device()?),
        photo_id: metadata.photo_id,
        sha256: metadata.sha256.map(|sha256| sha256.to_string()).unwrap_or_default(),
        length_bytes: length.map(|length| i64::try_from(length).unwrap_or(i64::MAX)),
        metadata: metadata.text,
        state: "open".to_owned(),
        blob_sha256: None,
        created_at_ms: ctx.now.0,
        touched_at_ms: ctx.now.0,
        ended_at_ms: None,
        arrived_at_ms: None,
    })
}

/// The upload that exists, else the wanted one.
fn find_or_insert(conn: &mut Conn, wanted: &UploadRow, sha256: Option<Hash>, room: Room) -> AppResult<UploadRow> {
    if let Some(sha256) = sha256
        && let Some(known) = uploads::find_same_upload(conn, wanted, sha256, kept_since(wanted))?
    {
        return Ok(known);
    }
    insert(conn, wanted, room)?;
    Ok(wanted.clone())
}

fn insert(conn: &mut Conn, wanted: &UploadRow, room: Room) -> AppResult<()> {
    let open = uploads::count_open_uploads(conn, wanted.org_id.0, wanted.device_id.0, kept_since(wanted))?;
    if open >= room.most {
        return Err(Refusal::new(ErrorCode::TooManyUploads).limit(room.most, open).retry_after(RETRY_SECS).into());
    }
    uploads::insert_upload(conn, wanted)?;
    check_room_taken(conn, wanted.org_id.0, room.quota, UnixMillis(wanted.created_at_ms))
}

fn kept_since(wanted: &UploadRow) -> i64 {
    wanted.created_at_ms.saturating_sub(KEPT_MS)
}
