//! Beginning an upload, or finding the one that was begun.

use doorstep_store::uploads::{self, UploadRow};
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::UploadId;

use super::finish::finish;
use super::metadata::Metadata;
use super::standing::{KEPT_MS, Standing, key_of, show_upload};
use crate::app::blobs::check_size;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};

/// Begins an upload of so many bytes; without a length, its sender will say it later.
///
/// The same device, photo, hash and size give the upload that exists, finished or not: a lost answer costs nothing.
/// What another device has brought shortens nothing.
///
/// # Errors
/// `photo_too_large` with limit and size, `too_many_uploads` if so many are unfinished.
pub async fn create_upload(
    state: &AppState,
    ctx: &Ctx,
    length: Option<u64>,
    metadata: Metadata,
) -> AppResult<Standing> {
    check_size(state.config.limits.blob_bytes, length.unwrap_or(0))?;
    let sha256 = metadata.sha256;
    let wanted = new_row(state, ctx, length, metadata)?;
    let most = i64::try_from(state.config.limits.uploads_per_device).unwrap_or(i64::MAX);
    let inserted = wanted.clone();
    let row = state.store.write(move |conn| find_or_insert(conn, &inserted, sha256, most)).await?;
    if row.id != wanted.id {
        match show_upload(state, ctx, row.id.0).await {
            Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::UploadExpired => {
                // What it became has gone.
                let inserted = wanted.clone();
                state.store.write(move |conn| insert(conn, &inserted, most)).await?;
            }
            shown => return shown,
        }
    }
    if length == Some(0) {
        let staged = state.staging.open(key_of(&wanted)).await?;
        return finish(state, &wanted, staged).await;
    }
    Ok(Standing::open(&wanted, 0))
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
    })
}

/// The upload that exists, else the wanted one.
fn find_or_insert(conn: &mut Conn, wanted: &UploadRow, sha256: Option<Hash>, most: i64) -> AppResult<UploadRow> {
    if let Some(sha256) = sha256
        && let Some(known) = uploads::find_same_upload(conn, wanted, sha256, kept_since(wanted))?
    {
        return Ok(known);
    }
    insert(conn, wanted, most)?;
    Ok(wanted.clone())
}

fn insert(conn: &mut Conn, wanted: &UploadRow, most: i64) -> AppResult<()> {
    let open = uploads::count_open_uploads(conn, wanted.org_id.0, wanted.device_id.0, kept_since(wanted))?;
    if open >= most {
        return Err(Refusal::new(ErrorCode::TooManyUploads).limit(most, open).into());
    }
    Ok(uploads::insert_upload(conn, wanted)?)
}

fn kept_since(wanted: &UploadRow) -> i64 {
    wanted.created_at_ms.saturating_sub(KEPT_MS)
}
