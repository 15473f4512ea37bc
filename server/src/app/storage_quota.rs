//! How much an organisation may store, whichever way the bytes come.

use doorstep_store::blobs::find_blob;
use doorstep_store::devices::find_device;
use doorstep_store::organisations::list_organisations;
use doorstep_store::{Conn, org_storage};
use sync_core::ids::{DeviceId, OrgId};
use sync_core::time::UnixMillis;

use super::uploads::KEPT_MS;
use super::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::ports::UploadKey;

/// Refuses an upload for whose size, which is written already, the organisation has no room beside what is stored and
/// what other uploads have announced.
///
/// # Concurrency
/// Holds the row of the organisation to the end of the transaction, so that of uploads that come at once each sees those
/// before it: to be called last, behind the row of the upload, as who stores a blob.
///
/// # Errors
/// `storage_quota` with the limit and what there would be.
pub(super) fn check_room_taken(conn: &mut Conn, org: OrgId, most: u64, now: UnixMillis) -> AppResult<()> {
    if most == 0 {
        return Ok(());
    }
    org_storage::add_stored_bytes(conn, org, 0)?;
    check_room(conn, org, most, 0, now)
}

/// Refuses bytes for which the organisation has no room beside what is stored and what uploads have announced.
fn check_room(conn: &mut Conn, org: OrgId, most: u64, more: i64, now: UnixMillis) -> AppResult<()> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let stored = org_storage::find_stored_bytes(conn, org)?;
    let coming = org_storage::sum_coming_bytes(conn, org, now.0.saturating_sub(KEPT_MS))?;
    let then = stored.saturating_add(coming).saturating_add(more);
    if then > most {
        return Err(Refusal::new(ErrorCode::StorageQuota).limit(most, then).into());
    }
    Ok(())
}

/// Whether two devices are one, or belong to one person: who goes on with a new phone knows what the old one brought.
fn is_of_one_person(conn: &mut Conn, org: OrgId, one: DeviceId, other: DeviceId) -> AppResult<bool> {
    if one == other {
        return Ok(true);
    }
    let holders = (find_device(conn, org, one)?, find_device(conn, org, other)?);
    Ok(matches!(holders, (Some(one), Some(other)) if one.user_id == other.user_id))
}

/// Refuses a blob that comes in one piece where there is no room for it; one that this person has brought takes none.
/// Whether another one has brought it, nobody learns from the answer.
///
/// Nothing is set aside for it: those that come at once may exceed the quota together, each by its own size.
///
/// # Errors
/// As [`check_room_taken`].
pub(super) async fn check_room_for_blob(state: &AppState, key: UploadKey, bytes: u64) -> AppResult<()> {
    let UploadKey { org, device, sha256 } = key;
    let most = state.config.limits.org_storage_bytes;
    if most == 0 {
        return Ok(());
    }
    let (more, now) = (i64::try_from(bytes).unwrap_or(i64::MAX), state.clock.now());
    let check = move |conn: &mut Conn| match find_blob(conn, org, sha256)? {
        Some(known) if is_of_one_person(conn, org, known.device_id.0, device)? => Ok(()),
        _ => check_room(conn, org, most, more, now),
    };
    state.store.read(check).await
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
