//! After a restore: what devices had handed over since the backup and did not bring back yet.

use doorstep_store::documents::find_document;
use doorstep_store::restores::{self, GapRow};
use doorstep_store::{Conn, blobs};
use sync_core::guard::ChangeIndex;
use sync_core::ids::{DeviceId, OrgId, VisitId};
use sync_core::time::UnixMillis;

use super::Verifier;
use crate::app::{AppError, AppResult, reach};

/// What is still out for one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gaps {
    /// The organisation.
    pub org: OrgId,
    /// When the backup was made.
    pub backup_made_at: UnixMillis,
    /// When it was restored.
    pub restored_at: UnixMillis,
    /// Devices that were not heard of since: nobody knows what they hold.
    pub unheard: Vec<DeviceId>,
    /// Things that phones spoke of and the server has not: kind, visit, item.
    pub open: Vec<(String, String, String)>,
    /// Visits that were handed in and lack evidence.
    pub incomplete: Vec<VisitId>,
}

/// Finds what is out; `None` where the data were never restored.
pub(super) async fn find(verifier: &Verifier, org: OrgId) -> AppResult<Option<Gaps>> {
    verifier
        .store
        .read(move |conn| {
            let Some(epoch) = restores::find_epoch(conn)? else { return Ok(None) };
            let Some(backup_made_at_ms) = epoch.backup_made_at_ms else { return Ok(None) };
            let mut open = Vec::new();
            for gap in restores::list_gaps(conn, org)? {
                if is_open(conn, &gap)? {
                    open.push((gap.kind, gap.visit_id, gap.item));
                }
            }
            open.dedup();
            Ok::<_, AppError>(Some(Gaps {
                org,
                backup_made_at: UnixMillis(backup_made_at_ms),
                restored_at: UnixMillis(epoch.created_at_ms),
                unheard: restores::list_unheard(conn, org, epoch.created_at_ms)?,
                open,
                incomplete: restores::list_incomplete(conn, org, &reach::handed_in())?,
            }))
        })
        .await
}

/// Whether what was missing when a phone spoke of it still is.
fn is_open(conn: &mut Conn, gap: &GapRow) -> AppResult<bool> {
    let org = gap.org_id.0;
    if gap.kind == "blob" {
        let Ok(blob) = gap.item.parse() else { return Ok(true) };
        return Ok(blobs::find_blob(conn, org, blob)?.is_none());
    }
    let Ok(visit) = gap.visit_id.parse() else { return Ok(true) };
    let Some(document) = find_document(conn, org, visit)? else { return Ok(true) };
    if gap.kind == "visit" {
        return Ok(false);
    }
    let (Ok(index), Ok(change)) = (ChangeIndex::decode(&document.change_index), gap.item.parse()) else {
        return Ok(true);
    };
    Ok(!index.contains(&change))
}
