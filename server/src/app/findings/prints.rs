//! The prints of the photos that were looked at, in memory: an index for each organisation, built from the database.

use doorstep_media::{Likeness, PrintIndex, Prints};
use doorstep_store::{Conn, photo_sightings};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use super::album::Album;
use crate::app::blobs::windows_of;
use crate::app::{AppError, AppResult};

/// Prints read at once: 128 bytes each.
const PAGE: i64 = 10_000;

/// The index of one organisation. It may be dropped at any time: the next look builds it anew.
#[derive(Debug, Default)]
pub(super) struct OrgPrints {
    index: PrintIndex,
    /// The place in the order up to which it was read, of the prints: those that came late stand behind their photo.
    through: i64,
}

impl OrgPrints {
    /// How much memory they take, in bytes.
    pub fn bytes(&self) -> usize {
        self.index.bytes()
    }

    /// Adds the prints of a photo that stand at a place in the order.
    pub fn put(&mut self, seq: i64, sha256: Hash, prints: &Prints) {
        self.through = seq;
        self.index.put(sha256, prints);
    }
}

/// Finds what may look like each of some photos among all that were looked at, the closest first; those without prints are
/// like nothing.
///
/// # Errors
/// Database errors only.
pub(super) async fn likenesses(
    album: Album<'_>,
    org: OrgId,
    wanted: Vec<Option<Prints>>,
) -> AppResult<Vec<Vec<Likeness>>> {
    // Taken out while it is used: whatever fails drops it.
    let mut prints = album.prints.take_prints(org);
    catch_up(album, org, &mut prints).await?;
    let searched = tokio::task::spawn_blocking(move || {
        let search = |wanted: &Option<Prints>| wanted.map(|wanted| prints.index.search(&wanted));
        let found: Vec<Vec<Likeness>> = wanted.iter().map(|wanted| search(wanted).unwrap_or_default()).collect();
        (prints, found)
    });
    let (prints, found) = searched.await.map_err(|error| AppError::Internal(error.to_string()))?;
    album.prints.keep_prints(org, prints);
    Ok(found)
}

/// Reads what was looked at since, here or on another node.
async fn catch_up(album: Album<'_>, org: OrgId, prints: &mut OrgPrints) -> AppResult<()> {
    loop {
        let after = prints.through;
        let list = move |conn: &mut Conn| Ok::<_, AppError>(photo_sightings::list_prints(conn, org, after, PAGE)?);
        let page = album.store.read(list).await?;
        let Some(last) = page.last() else { return Ok(()) };
        prints.through = last.seq;
        for seen in &page {
            if let Some(windows) = windows_of(&seen.prints) {
                prints.put(seen.seq, seen.sha256, &Prints { windows, detail_c: 0 });
            }
        }
    }
}
