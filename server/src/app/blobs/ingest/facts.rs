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

/// The prints of all windows, one after the other; one that has none is zeros, which no print is.
fn bytes_of(prints: &Prints) -> Vec<u8> {
    let bytes = |window: &Option<Print>| window.map_or([0; Print::BYTES], Print::to_bytes);
    prints.windows.iter().flat_map(bytes).collect()
}
