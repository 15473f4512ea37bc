//! How much an organisation may store, whichever way the bytes come.

use doorstep_store::blob_bringers::list_bringers;
use doorstep_store::devices::find_device;
use doorstep_store::organisations::list_organisations;
use doorstep_store::unclaimed::{note_claimed, sum_coming_unclaimed_bytes, sum_unclaimed_bytes};
use doorstep_store::{Conn, org_storage};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId};
use sync_core::time::UnixMillis;

use super::blobs::is_named_for;
use super::uploads::KEPT_MS;
use super::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::ports::UploadKey;

/// How much an organisation may store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    /// Bytes of all blobs; 0 for any number.
    most: u64,
    /// As how many bytes an upload counts until its size is said: as many as it may have.
    unsaid: i64,
}

impl Quota {
    /// As the configuration says.
    pub(super) fn of(state: &AppState) -> Self {
        let limits = &state.config.limits;
        Self { most: limits.org_storage_bytes, unsaid: i64::try_from(limits.blob_bytes).unwrap_or(i64::MAX) }
    }
}

/// Refuses an upload that is written already and for which the organisation has no room beside what is stored and what
/// other uploads have announced. Who says its size later takes less: that is never refused.
///
/// # Concurrency
/// Holds the row of the organisation to the end of the transaction, so that of uploads that come at once each sees those
/// before it: to be called last, behind the row of the upload, as who stores a blob.
///
/// # Errors
/// `storage_quota` with the limit and what there would be.
pub(super) fn check_room_taken(conn: &mut Conn, org: OrgId, quota: Quota, now: UnixMillis) -> AppResult<()> {
    if quota.most == 0 {
        return Ok(());
    }
    org_storage::add_stored_bytes(conn, org, 0)?;
    check_room(conn, org, quota, 0, now)
}

/// Refuses bytes for which the organisation has no room beside what is stored and what uploads have announced.
fn check_room(conn: &mut Conn, org: OrgId, quota: Quota, more: i64, now: UnixMillis) -> AppResult<()> {
    let most = i64::try_from(quota.most).unwrap_or(i64::MAX);
    let stored = org_storage::find_stored_bytes(conn, org)?;
    let coming = org_storage::sum_coming_bytes(conn, org, now.0.saturating_sub(KEPT_MS), quota.unsaid)?;
    let then = stored.saturating_add(coming).saturating_add(more);
    if then > most {
        return Err(Refusal::new(ErrorCode::StorageQuota).limit(most, then).into());
    }
    Ok(())
}

/// Whether the person whose device this is has brought a blob: who goes on with a new phone knows what the old one brought.
fn has_brought(conn: &mut Conn, org: OrgId, device: DeviceId, sha256: Hash) -> AppResult<bool> {
    let Some(device) = find_device(conn, org, device)? else { return Ok(false) };
    Ok(list_bringers(conn, org, sha256)?.contains(&device.user_id.0))
}

/// Refuses a blob that comes in one piece where there is no room for it; one that this person has brought takes none.
/// Whether another one has brought it, nobody learns from the answer.
///
/// Nothing is set aside for it: those that come at once may exceed the quota together, each by its own size.
///
/// # Errors
/// As [`check_room_taken`] and [`check_unclaimed`].
pub(super) async fn check_room_for_blob(state: &AppState, key: UploadKey, bytes: u64) -> AppResult<()> {
    let UploadKey { org, device, sha256 } = key;
    check_unclaimed(state, Brought { org, device, sha256: Some(sha256) }, bytes).await?;
    let quota = Quota::of(state);
    if quota.most == 0 {
        return Ok(());
    }
    let (more, now) = (i64::try_from(bytes).unwrap_or(i64::MAX), state.clock.now());
    let check = move |conn: &mut Conn| {
        if has_brought(conn, org, device, sha256)? { Ok(()) } else { check_room(conn, org, quota, more, now) }
    };
    state.store.read(check).await
}

/// What a device brings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brought {
    /// Tenant.
    pub org: OrgId,
    /// Who brings it.
    pub device: DeviceId,
    /// What it is to hash to, where that is known.
    pub sha256: Option<Hash>,
}

/// Refuses bytes that nothing names, of a device that has brought too many of these: so nobody fills the storage with what no
/// visit will ever show. What a visit of this person names, or this person has brought, is taken in any case.
///
/// Nothing is set aside for it: what comes at once may exceed the bound together, each by its own size.
///
/// # Errors
/// `storage_quota` with the limit and what there would be.
pub(super) async fn check_unclaimed(state: &AppState, of: Brought, more: u64) -> AppResult<()> {
    let most = i64::try_from(state.config.limits.unclaimed_bytes_per_device).unwrap_or(i64::MAX);
    if most == 0 {
        return Ok(());
    }
    let (more, now) = (i64::try_from(more).unwrap_or(i64::MAX), state.clock.now());
    let unsaid = Quota::of(state).unsaid;
    let there = move |conn: &mut Conn| Ok::<_, AppError>(unclaimed_bytes(conn, of, now, unsaid)?.saturating_add(more));
    let look = move |conn: &mut Conn| if is_expected(conn, of)? { Ok(0) } else { there(conn) };
    if state.store.read(look).await? <= most {
        return Ok(());
    }
    let note = move |conn: &mut Conn| {
        // Much of it may have been named since it came.
        note_claimed(conn, of.org, of.device, now.0)?;
        there(conn)
    };
    let then = state.store.write(note).await?;
    if then <= most {
        return Ok(());
    }
    let refusal = Refusal::new(ErrorCode::StorageQuota).limit(most, then);
    let (en, zh) = ("This phone has sent too many files that no visit names", "该手机发送了过多未被任何工单引用的文件");
    Err(refusal.detail(en, zh).into())
}

/// Whether a visit of whoever brings it names it, or this person has brought it before.
fn is_expected(conn: &mut Conn, of: Brought) -> AppResult<bool> {
    let Some(sha256) = of.sha256 else { return Ok(false) };
    if has_brought(conn, of.org, of.device, sha256)? {
        return Ok(true);
    }
    match find_device(conn, of.org, of.device)? {
        Some(device) => is_named_for(conn, of.org, device.user_id.0, sha256),
        None => Ok(false),
    }
}

/// What a device has brought, or said that it will bring, and what nothing names as far as that is known.
fn unclaimed_bytes(conn: &mut Conn, of: Brought, now: UnixMillis, unsaid: i64) -> AppResult<i64> {
    let here = sum_unclaimed_bytes(conn, of.org, of.device)?;
    let since_ms = now.0.saturating_sub(KEPT_MS);
    let coming = sum_coming_unclaimed_bytes(conn, of.org, of.device, since_ms, unsaid)?;
    Ok(here.saturating_add(coming))
}

/// Counts the bytes of organisations anew of which not all were counted, as by a server of before that ran beside this
/// one; tells how many.
///
/// # Errors
/// Those of the database.
pub async fn mend_stored_bytes(state: &AppState) -> AppResult<usize> {
    let organisations = state.store.read(|conn| Ok::<_, AppError>(list_organisations(conn)?)).await?;
    let mut mended = 0_usize;
    for org in organisations.into_iter().map(|organisation| organisation.id.0) {
        let compare = move |conn: &mut Conn| Ok::<_, AppError>(org_storage::compare_stored_bytes(conn, org)?);
        let (counted, stored) = state.store.read(compare).await?;
        if counted != stored {
            tracing::warn!(%org, counted, stored, "the bytes of blobs are counted anew");
            state.store.write(move |conn| Ok::<_, AppError>(org_storage::recount_stored_bytes(conn, org)?)).await?;
            mended = mended.saturating_add(1);
        }
    }
    Ok(mended)
}
