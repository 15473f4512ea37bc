//! Whether photos of a visit prove another one already.

use std::collections::BTreeMap;

use doorstep_store::photo_sightings::{self, SightingRow};
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::photo::reuse::{self, Candidate, Seen};
use sync_core::time::UnixMillis;

use super::judge::{Looked, LookedPhoto};
use super::{aligned, prints};
use crate::app::{AppError, AppResult, AppState};

/// Most photos that one is compared with, of those with the same bytes and of those that look the same: a review shows
/// one of them, and how many there are.
const MOST: usize = 64;

/// Adds what is to be said of photos beside those that were looked at before.
///
/// # Errors
/// Database errors only.
pub(super) async fn compare(state: &AppState, org: OrgId, looked: &mut Looked) -> AppResult<()> {
    let wanted = looked.photos.iter().map(|photo| photo.prints).collect();
    let near = prints::likenesses(state, org, wanted).await?;
    for (photo, near) in looked.photos.iter_mut().zip(near) {
        let likenesses = aligned::likenesses(state, org, photo.seen.sha256, near, &looked.parameters).await?;
        let mut candidates = before(state, org, photo, [(photo.seen.sha256, None)].into()).await?;
        let others = likenesses.into_iter().take(MOST).map(|like| (like.sha256, Some(like.bits))).collect();
        candidates.extend(before(state, org, photo, others).await?);
        let has_signal = photo.findings.iter().any(|found| found.code.is_signal());
        let found = reuse::findings(&photo.seen, &candidates, has_signal, &looked.parameters);
        photo.findings.extend(found);
    }
    Ok(())
}

/// The photos of other visits with these contents that were looked at before this one.
async fn before(
    state: &AppState,
    org: OrgId,
    photo: &LookedPhoto,
    contents: BTreeMap<Hash, Option<u32>>,
) -> AppResult<Vec<Candidate>> {
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    let (place, seq, most) = ((org, photo.seen.visit), photo.seq, i64::try_from(MOST).unwrap_or(i64::MAX));
    let names: Vec<Hash> = contents.keys().copied().collect();
    let list = move |conn: &mut Conn| Ok::<_, AppError>(photo_sightings::list_before(conn, place, &names, seq, most)?);
    let rows = state.store.read(list).await?;
    let candidate = |row: SightingRow| {
        let bits = contents.get(&row.sha256.0).copied().flatten();
        Candidate { seen: seen(row), bits }
    };
    Ok(rows.into_iter().map(candidate).collect())
}

fn seen(row: SightingRow) -> Seen {
    Seen {
        visit: row.visit_id.0,
        photo: row.photo_id,
        sha256: row.sha256.0,
        site: row.site_id.map(|Txt(site)| site),
        device: row.device_id.map(|Txt(device)| device),
        taken_at: UnixMillis(row.taken_at_ms),
    }
}
