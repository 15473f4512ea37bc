//! What the metadata inside photos says (EXIF): shown to who judges, and part of no rule.

use doorstep_store::blob_facts::{BlobFactsRow, find_facts};
use doorstep_store::{Conn, photo_sightings};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VisitId};

use crate::app::AppResult;

/// What the metadata inside a photo says, which whoever has the file may have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoHints {
    /// Its record.
    pub photo: String,
    /// Its content.
    pub sha256: Hash,
    /// What was read; absent of what could not be measured.
    pub facts: Option<BlobFactsRow>,
}

/// The hints of the photos of a visit that were looked at.
///
/// # Errors
/// Database errors only.
pub(super) fn list_hints(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<Vec<PhotoHints>> {
    let mut hints = Vec::new();
    for row in photo_sightings::list_of_visit(conn, org, visit)? {
        let facts = find_facts(conn, org, row.sha256.0)?;
        hints.push(PhotoHints { photo: row.photo_id, sha256: row.sha256.0, facts });
    }
    Ok(hints)
}
