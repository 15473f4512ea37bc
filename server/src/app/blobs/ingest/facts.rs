//! What a picture gives, as a row.

use doorstep_media::{Ingested, Print, Prints};
use doorstep_store::Txt;
use doorstep_store::blob_facts::BlobFactsRow;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

/// The measures of this version; rows of another one are not compared with its rows.
pub(super) const VERSION: i64 = 1;

/// The row of a picture.
pub(super) fn row(org: OrgId, sha256: Hash, made_at_ms: i64, ingested: &Ingested) -> BlobFactsRow {
    let Ingested { previews, facts, quality, prints } = ingested;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    BlobFactsRow {
        org_id: Txt(org),
        sha256: Txt(sha256),
        version: VERSION,
        made_at_ms,
        width: i64::from(previews.width),
        height: i64::from(previews.height),
        orientation: facts.orientation.map(i64::from),
        taken_at: facts.taken_at.clone(),
        make: facts.make.clone(),
        model: facts.model.clone(),
        software: facts.software.clone(),
        latitude_udeg: facts.position.map(|position| i64::from(position.latitude_udeg)),
        longitude_udeg: facts.position.map(|position| i64::from(position.longitude_udeg)),
        has_provenance: facts.has_provenance,
        sharpness_p90_c: whole(quality.sharpness_p90_c),
        sharpness_all_c: whole(quality.sharpness_all_c),
        mean_luma_c: whole(quality.mean_luma_c),
        dark_permille: whole(quality.dark_permille),
        bright_permille: whole(quality.bright_permille),
        detail_c: i64::from(prints.detail_c),
        prints: bytes_of(prints),
    }
}

/// The prints of a picture as its row holds them; none where no window shows enough.
#[must_use]
pub fn prints_of(row: &BlobFactsRow) -> Option<Prints> {
    let detail_c = u32::try_from(row.detail_c).unwrap_or_default();
    windows_of(&row.prints).map(|windows| Prints { windows, detail_c })
}

/// As [`prints_of`], of the stored bytes alone.
#[must_use]
pub fn windows_of(bytes: &[u8]) -> Option<[Option<Print>; 4]> {
    let mut windows = [None; 4];
    for (window, bytes) in windows.iter_mut().zip(bytes.as_chunks::<{ Print::BYTES }>().0) {
        *window = (*bytes != [0; Print::BYTES]).then(|| Print::from_bytes(*bytes));
    }
    windows.iter().any(Option::is_some).then_some(windows)
}

/// The prints of all windows, one after the other; one that has none is zeros, which no print is.
fn bytes_of(prints: &Prints) -> Vec<u8> {
    let bytes = |window: &Option<Print>| window.map_or([0; Print::BYTES], Print::to_bytes);
    prints.windows.iter().flat_map(bytes).collect()
}
