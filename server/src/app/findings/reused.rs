//! Whether photos of a visit prove another one already.

use std::collections::BTreeMap;

use doorstep_media::Likeness;
use doorstep_store::photo_sightings::{self, SightingRow};
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::photo::reuse::{self, Candidate, Seen};
use sync_core::time::UnixMillis;

use super::album::Album;
use super::judge::{Looked, LookedPhoto};
use super::{aligned, prints};
use crate::app::{AppError, AppResult};

/// Most photos that one is compared with, of those with the same bytes and of those that look the same: a review shows
/// one of them, and how many there are.
const MOST: usize = 64;

/// Most photos of one content of those that are near in the lowest frequencies, the first ones: what hangs in every hall
/// must hide nothing else. Among a million photos that differ a thousand are near.
const MOST_OF_EACH: usize = 8;

/// Adds what is to be said of photos beside those that were looked at before.
///
/// # Errors
/// Database errors only.
pub(super) async fn compare(album: Album<'_>, org: OrgId, looked: &mut Looked) -> AppResult<()> {
    let wanted = looked.photos.iter().map(|photo| photo.prints).collect();
    let near = prints::likenesses(album, org, wanted).await?;
    for (photo, near) in looked.photos.iter_mut().zip(near) {
        let mut candidates = before(album, org, photo, [(photo.seen.sha256, None)].into(), MOST).await?;
        candidates.extend(similar(album, org, photo, near, &looked.policy.parameters).await?);
        let has_signal = photo.findings.iter().any(|found| found.code.is_signal());
        let found = reuse::findings(&photo.seen, &candidates, has_signal, &looked.policy.parameters);
        let nearest = reuse::nearest(&photo.seen, &candidates, &looked.policy.parameters);
        let nearest = nearest.filter(|_| found.is_empty());
        photo.near_miss = nearest.and_then(|one| Some((one.bits?, reuse::is_same_site(&photo.seen, &one.seen))));
        photo.findings.extend(found);
    }
    Ok(())
}

/// The photos that look the same as one, of those that may count: they were looked at before it and are of other work. Which
/// are compared closely is chosen among these alone, so that what comes later changes nothing.
async fn similar(
    album: Album<'_>,
    org: OrgId,
    photo: &LookedPhoto,
    near: Vec<Likeness>,
    parameters: &BTreeMap<String, String>,
) -> AppResult<Vec<Candidate>> {
    let mut near: BTreeMap<Hash, Likeness> = near.into_iter().map(|like| (like.sha256, like)).collect();
    near.remove(&photo.seen.sha256);
    let contents = near.iter().map(|(sha256, like)| (*sha256, Some(like.bits))).collect();
    let mut earlier = before(album, org, photo, contents, MOST_OF_EACH).await?;
    earlier.retain(|one| !reuse::is_same_work(&photo.seen, &one.seen, parameters));
    let counting: Vec<Likeness> = earlier.iter().filter_map(|one| near.remove(&one.seen.sha256)).collect();
    let likenesses = aligned::likenesses(album.samples, org, photo.seen.sha256, counting, parameters).await?;
    let bits: BTreeMap<Hash, u32> = likenesses.into_iter().take(MOST).map(|like| (like.sha256, like.bits)).collect();
    let like = |one: Candidate| bits.get(&one.seen.sha256).map(|bits| Candidate { bits: Some(*bits), ..one });
    Ok(earlier.into_iter().filter_map(like).collect())
}

/// The photos of other visits with these contents that were looked at before this one: of each content at most so many.
async fn before(
    album: Album<'_>,
    org: OrgId,
    photo: &LookedPhoto,
    contents: BTreeMap<Hash, Option<u32>>,
    most_of_each: usize,
) -> AppResult<Vec<Candidate>> {
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    let (place, seq, most) = ((org, photo.seen.visit), photo.seq, i64::try_from(most_of_each).unwrap_or(i64::MAX));
    let names: Vec<Hash> = contents.keys().copied().collect();
    let list = move |conn: &mut Conn| Ok::<_, AppError>(photo_sightings::list_before(conn, place, &names, seq, most)?);
    let rows = album.store.read(list).await?;
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
