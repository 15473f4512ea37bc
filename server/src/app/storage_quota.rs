//! How much an organisation may store, whichever way the bytes come.

use doorstep_store::blobs::find_blob;
use doorstep_store::organisations::list_organisations;
use doorstep_store::{Conn, org_storage};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use super::uploads::KEPT_MS;
use super::{AppError, AppResult, AppState, ErrorCode, Refusal};

/// Refuses bytes for which the organisation has no room beside what is stored and what uploads have announced.
///
/// # Errors
/// `storage_quota` with the limit and what there would be.
pub(super) fn check_room(conn: &mut Conn, org: OrgId, most: u64, more: i64, now: UnixMillis) -> AppResult<()> {
    if most == 0 {
        return Ok(());
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let stored = org_storage::find_stored_bytes(conn, org)?;
    let coming = org_storage::sum_coming_bytes(conn, org, now.0.saturating_sub(KEPT_MS))?;
    let then = stored.saturating_add(coming).saturating_add(more);
    if then > most {
        return Err(Refusal::new(ErrorCode::StorageQuota).limit(most, then).into());
    }
    Ok(())
}

/// Refuses a blob that comes in one piece where there is no room for it; one that is known takes none.
///
/// Nothing is set aside for it: those that come at once may exceed the quota together, each by its own size.
///
/// # Errors
/// As [`check_room`].
pub(super) async fn check_room_for_blob(state: &AppState, org: OrgId, sha256: Hash, bytes: u64) -> AppResult<()> {
    let most = state.config.limits.org_storage_bytes;
    if most == 0 {
        return Ok(());
    }
    let (more, now) = (i64::try_from(bytes).unwrap_or(i64::MAX), state.clock.now());
    let check = move |conn: &mut Conn| match find_blob(conn, org, sha256)? {
        Some(_) => Ok(()),
        None => check_room(conn, org, most, more, now),
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
