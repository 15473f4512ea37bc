//! Bringing a blob in: hashed on the way, durable before the row, the row before the receipt.

use std::future::poll_fn;
use std::pin::Pin;

use doorstep_media::{Format, other_media_type, sniff};
use doorstep_store::blob_bringers::{BringerRow, add_bringer, has_brought};
use doorstep_store::blobs::{self, BlobRow};
use doorstep_store::evidence::{QuarantineRow, keep_in_quarantine};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::quarantine::has_quarantined_blob;
use doorstep_store::{Conn, StoreError, Txt, device_orders, devices, org_storage};
use futures_core::Stream;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};
use sync_core::receipt::HeldReceipt;
use sync_core::time::UnixMillis;

use super::ingest::may_pass;
use super::{sign_held, update_evidence};
use crate::app::quarantine::item_key;
use crate::app::reviews::on_resubmission;
use crate::app::scope::audience_of_user;
use crate::app::storage_quota::check_room_for_blob;
use crate::app::visits::{self, Reprojection};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, archive, findings};
use crate::ports::{BlobError, UploadKey};

/// Bytes from the start of a blob that are kept to recognise its format.
///
/// # Source
/// The longest header the recognition reads is the brand list of HEIF, well below one kilobyte.
const HEAD_BYTES: usize = 1024;

/// Why a blob of a revoked device lies in quarantine, as all else that it brings.
pub(in crate::app) const DEVICE_REVOKED: &str = "device_revoked";

/// A blob that is durable here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name.
    pub sha256: Hash,
    /// Its size.
    pub bytes: i64,
    /// Whether it lies in quarantine: its device is revoked.
    pub is_quarantined: bool,
    /// Held receipt that names exactly this blob.
    pub receipt: String,
}

/// Which bytes of a blob a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// All of them.
    Whole,
    /// All from here on; what lies before arrived with an upload that broke off.
    Rest {
        /// The first byte.
        from: u64,
        /// Size of the blob.
        total: u64,
    },
    /// None: the sender asks where to go on.
    Nothing,
}

/// Stores a blob under the hash that the sender declares; the same blob again has no effect.
///
/// The bytes are read and hashed also when the blob is known: a hash proves nothing. A repeated blob is
/// written anew, which mends a damaged file. What arrived of an upload that broke off is kept for this device, which
/// may ask for it and send the rest; the hash is that of the whole.
///
/// # Errors
/// `photo_too_large` with limit and size, `storage_quota` if the organisation has no room for it, `checksum_mismatch`
/// with nothing kept, `disk_full`; `upload_incomplete` with
/// what has arrived, for a question and for a rest that begins behind it; that of the body if it cannot be read to its
/// end.
pub async fn store_blob<B, E>(
    state: &AppState,
    ctx: Ctx,
    sha256: Hash,
    portion: Portion,
    declared_bytes: Option<u64>,
    mut body: impl Stream<Item = Result<B, E>> + Unpin,
) -> AppResult<StoredBlob>
where
    B: AsRef<[u8]>,
    E: Into<AppError>,
{
    let device = ctx.device()?;
    let org = ctx.actor.org;
    let limit = state.config.limits.blob_bytes;
    let key = UploadKey { org, device, sha256 };
    let (from, total) = match portion {
        Portion::Nothing => return answer_question(state, key).await,
        Portion::Rest { from, total } => (from, total),
        Portion::Whole => (0, declared_bytes.unwrap_or(0)),
    };
    check_size(limit, total)?;
    check_room_for_blob(state, key, total).await?;
    let mut writer = match state.blobs.begin(key, from).await {
        Err(BlobError::Behind { received }) => return Err(incomplete(received)),
        begun => begun?,
    };
    let (mut size, mut head) = (from, Vec::new());
    while let Some(part) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
        let part = match part {
            Ok(part) => part,
            Err(broken) => {
                writer.keep().await?;
                return Err(broken.into());
            }
        };
        let part = part.as_ref();
        size = size.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if let Err(refusal) = check_size(limit, size) {
            writer.discard();
            return Err(refusal);
        }
        head.extend(part.iter().take(HEAD_BYTES.saturating_sub(head.len())));
        writer.write(part).await?;
    }
    if size > total
        && let Err(refusal) = check_room_for_blob(state, key, size).await
    {
        // Its size was not known before.
        writer.discard();
        return Err(refusal);
    }
    writer.finish().await?;
    if from > 0 {
        head = state.blobs.read_head(org, sha256, HEAD_BYTES).await?;
    }
    let bytes = i64::try_from(size).unwrap_or(i64::MAX);
    // The instant of durability, not of the request's first byte.
    let row = new_row(org, sha256, bytes, device, &head, state.clock.now());
    record_durable(state, row, |_| Ok(())).await
}

/// Records a blob that is durable under its name, whichever way it came, together with what else its coming changes.
///
/// # Errors
/// Those of `also`, with nothing recorded; database errors.
pub(crate) async fn record_durable(
    state: &AppState,
    row: BlobRow,
    also: impl Fn(&mut Conn) -> AppResult<()> + Send + 'static,
) -> AppResult<StoredBlob> {
    let recorded = row.clone();
    let is_quarantined = state
        .store
        .write(move |conn| {
            let (org, device, sha256) = (recorded.org_id.0, recorded.device_id.0, recorded.sha256.0);
            let is_new = record(conn, recorded.clone(), UnixMillis(recorded.received_at_ms))?;
            also(conn)?;
            if is_new {
                org_storage::add_stored_bytes(conn, org, recorded.bytes)?;
            }
            Ok::<_, AppError>(has_quarantined_blob(conn, org, device, sha256)?)
        })
        .await?;
    state.ingest.forget_unread((row.org_id.0, row.sha256.0));
    state.ingest.wake();
    state.findings.wake();
    let key = UploadKey { org: row.org_id.0, device: row.device_id.0, sha256: row.sha256.0 };
    receipted(state, key, row.bytes, is_quarantined)
}

/// The row of a blob that a device has just made durable here.
///
/// # Errors
/// If the blob cannot be read.
pub(crate) async fn row_of_durable(
    state: &AppState,
    org: OrgId,
    device: DeviceId,
    sha256: Hash,
    bytes: i64,
) -> AppResult<BlobRow> {
    let head = state.blobs.read_head(org, sha256, HEAD_BYTES).await?;
    Ok(new_row(org, sha256, bytes, device, &head, state.clock.now()))
}

/// A durable blob with the receipt for the device that brought it.
///
/// # Errors
/// If the receipt cannot be signed.
pub(crate) async fn stored(state: &AppState, key: UploadKey, bytes: i64) -> AppResult<StoredBlob> {
    let UploadKey { org, device, sha256 } = key;
    let look = move |conn: &mut Conn| Ok::<_, AppError>(has_quarantined_blob(conn, org, device, sha256)?);
    let is_quarantined = state.store.read(look).await?;
    receipted(state, key, bytes, is_quarantined)
}

fn receipted(state: &AppState, key: UploadKey, bytes: i64, is_quarantined: bool) -> AppResult<StoredBlob> {
    let UploadKey { org, device, sha256 } = key;
    let mut receipt = HeldReceipt::new(org, device, state.epoch, None, state.clock.now());
    if is_quarantined {
        receipt.quarantined.push((sha256.to_string(), DEVICE_REVOKED.to_owned()));
    } else {
        receipt.blobs.push(sha256);
    }
    Ok(StoredBlob { sha256, bytes, is_quarantined, receipt: sign_held(state, &receipt)? })
}

/// What is here of an upload: the receipt if this device brought all of it, else how much it may go on from. A hash
/// proves nothing, so whoever else names it learns nothing of what others brought.
async fn answer_question(state: &AppState, key: UploadKey) -> AppResult<StoredBlob> {
    let UploadKey { org, device, sha256 } = key;
    let find = move |conn: &mut Conn| {
        let is_own = has_brought(conn, org, device, sha256)?;
        Ok::<_, AppError>(if is_own { blobs::find_blob(conn, org, sha256)? } else { None })
    };
    match state.store.read(find).await? {
        Some(row) if state.blobs.exists(org, sha256).await? => stored(state, key, row.bytes).await,
        _ => Err(incomplete(state.blobs.received(key).await?)),
    }
}

fn incomplete(received: u64) -> AppError {
    let received = i64::try_from(received).unwrap_or(i64::MAX);
    Refusal::new(ErrorCode::UploadIncomplete).actual(received).into()
}

/// Refuses a blob that is larger than the limit.
///
/// # Errors
/// `photo_too_large` with limit and size.
pub(crate) fn check_size(limit: u64, actual: u64) -> AppResult<()> {
    if actual <= limit {
        return Ok(());
    }
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Err(Refusal::new(ErrorCode::PhotoTooLarge).limit(number(limit), number(actual)).into())
}

fn new_row(org: OrgId, sha256: Hash, bytes: i64, device: DeviceId, head: &[u8], now: UnixMillis) -> BlobRow {
    let format = sniff(head).format;
    let preview_state = match format {
        Format::Jpeg | Format::Png | Format::WebP | Format::Heic | Format::Avif => "pending",
        Format::Other => "none",
    };
    BlobRow {
        org_id: Txt(org),
        sha256: Txt(sha256),
        bytes,
        media_type: media_type(format, head).to_owned(),
        device_id: Txt(device),
        received_at_ms: now.0,
        preview_state: preview_state.to_owned(),
        preview_reason: None,
        is_quarantined: false,
    }
}

/// What a blob is by its content; what its sender says plays no part.
fn media_type(format: Format, head: &[u8]) -> &'static str {
    match format {
        Format::Other => other_media_type(head),
        picture => picture.media_type(),
    }
}

/// Writes the row of a durable blob and what follows for the visits that name it; false if it was known.
fn record(conn: &mut Conn, mut row: BlobRow, now: UnixMillis) -> AppResult<bool> {
    let (org, sha256, device) = (row.org_id.0, row.sha256.0, row.device_id.0);
    blobs::lock_blob(conn, org, sha256)?;
    let sender = devices::find_device(conn, org, device)?;
    row.is_quarantined = sender.as_ref().is_some_and(|sender| sender.state == "revoked");
    let known = if blobs::insert_blob(conn, &row)? { None } else { Some(take_over(conn, &row)?) };
    let is_new = known.is_none();
    if let Some(known) = known.as_ref().filter(|known| known.is_quarantined && !row.is_quarantined) {
        // It counts only now: a picture that was ingested meanwhile is looked at as it is.
        row.preview_state.clone_from(&known.preview_state);
    }
    let mut batch = FeedBatch::new();
    // What it brought before it was revoked, it may bring once more.
    let counts_already = known.is_some_and(|known| known.device_id.0 == device && !known.is_quarantined);
    if let Some(sender) = sender {
        add_bringer(conn, &bringer(&row, sender.user_id.0))?;
        if row.is_quarantined && !counts_already {
            set_apart(conn, &mut batch, &row, sender.user_id.0)?;
        }
        if sender.state == "suspended" {
            let mark = device_orders::marker(org, device, "device_suspended", now.0);
            device_orders::mark_items(conn, &[mark("blob", sha256.to_string())])?;
        }
    }
    follow(conn, &mut batch, &row, now)?;
    batch.publish(conn, org)?;
    Ok(is_new)
}

/// That the device of a row has brought its blob.
fn bringer(row: &BlobRow, user: UserId) -> BringerRow {
    let BlobRow { org_id, sha256, device_id, received_at_ms, .. } = *row;
    BringerRow { org_id, sha256, device_id, user_id: Txt(user), received_at_ms }
}

/// Counts a blob in quarantine from now on, as if this device brought it now, with what follows for the visits that name
/// it; false if it counts already.
///
/// # Concurrency
/// For whoever has locked the blob.
///
/// # Errors
/// `not_found` if it is not here.
pub(in crate::app) fn accept(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    (org, device, sha256): (OrgId, DeviceId, Hash),
    now: UnixMillis,
) -> AppResult<bool> {
    let row = blobs::find_blob(conn, org, sha256)?.ok_or(ErrorCode::NotFound)?;
    if !row.is_quarantined {
        return Ok(false);
    }
    blobs::accept_blob(conn, org, sha256, device)?;
    follow(conn, batch, &row, now)?;
    Ok(true)
}

/// Lists a blob of a revoked device in quarantine; its bytes stay where those of all blobs are.
fn set_apart(conn: &mut Conn, batch: &mut FeedBatch, row: &BlobRow, holder: UserId) -> AppResult<()> {
    let item = QuarantineRow {
        org_id: row.org_id,
        id: row.sha256.to_string(),
        kind: "blob".to_owned(),
        visit_id: None,
        device_id: row.device_id,
        code: DEVICE_REVOKED.to_owned(),
        bytes: Vec::new(),
        received_at_ms: row.received_at_ms,
        replays: None,
    };
    if keep_in_quarantine(conn, &item)? {
        batch.put(audience_of_user(holder), FeedKind::Quarantine, item_key(row.device_id.0, &item.id));
    }
    Ok(())
}

/// What follows for the visits that name a blob from how it stands now.
fn follow(conn: &mut Conn, batch: &mut FeedBatch, row: &BlobRow, now: UnixMillis) -> AppResult<()> {
    let org = row.org_id.0;
    let claiming = blobs::list_claiming_visits(conn, org, row.sha256.0)?;
    if row.preview_state != "pending" {
        // A picture that is to be ingested is looked at afterwards.
        findings::look_at(conn, org, claiming.iter().copied(), now)?;
    }
    for visit in claiming {
        if update_evidence(conn, batch, org, visit, now)?
            && let Some(projected) = project(conn, org, visit, now)?
        {
            // The phone sends documents first: only now may a resubmission be complete.
            on_resubmission(conn, batch, org, visit, &projected, now)?;
        }
        if row.media_type.starts_with("audio/") {
            // A recording is kept from when it is here.
            archive::note_due(conn, org, &[visit], now)?;
        }
    }
    Ok(())
}

/// Derives the state of a visit anew; one whose plan cannot be read must not keep its photos out.
fn project(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<Option<Reprojection>> {
    match visits::reproject(conn, org, visit, now) {
        Err(AppError::Store(error @ StoreError::Corrupt { .. })) => {
            tracing::error!(%org, %visit, %error, "the state cannot be derived");
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Counts a blob as brought by this device where so far only a revoked one had brought it, and gives a picture another
/// try where the machine or its storage had failed it: its bytes are written anew. Gives the row as it was.
fn take_over(conn: &mut Conn, row: &BlobRow) -> AppResult<BlobRow> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    let known = blobs::find_blob(conn, org, sha256)?
        .ok_or_else(|| AppError::Internal(format!("blob {sha256} vanished while it was stored")))?;
    if known.is_quarantined && !row.is_quarantined {
        blobs::update_sender(conn, org, sha256, row.device_id.0, row.received_at_ms)?;
    }
    if known.preview_reason.as_deref().is_some_and(may_pass) {
        // Copies of before stay: it is only measured again.
        let again = if known.preview_state == "ready" { blobs::measure_again } else { blobs::ingest_again };
        again(conn, org, sha256)?;
    } else {
        // An ingest that is under way may have read what was there before.
        blobs::forget_begun_ingest(conn, org, sha256)?;
    }
    Ok(known)
}
