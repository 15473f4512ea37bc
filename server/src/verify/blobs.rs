//! Blobs: every file is there, and is what its name says.

use doorstep_store::{checks, org_storage};
use sync_core::ids::OrgId;

use super::{PAGE, Report, Verifier};
use crate::app::{AppError, AppResult};
use crate::ports::BlobError;

/// Verifies the blobs of an organisation.
pub(super) async fn verify(
    verifier: &Verifier,
    org: OrgId,
    report: &mut Report,
    progress: &dyn Fn(&str),
) -> AppResult<()> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let rows = verifier
            .store
            .read(move |conn| checks::list_blobs_after(conn, org, &from, PAGE).map_err(AppError::from))
            .await?;
        let Some(last) = rows.last() else {
            verify_quarantine(verifier, org, report).await?;
            return verify_count(verifier, org, report).await;
        };
        after = last.sha256.to_string();
        for row in &rows {
            report.count("blobs");
            let (found, hashed) =
                tokio::join!(verifier.objects.find(org, row.sha256.0), verifier.objects.hash(org, row.sha256.0));
            let what = match (found, hashed) {
                // Where the storage does not answer, nothing can be said of any blob.
                (Err(error @ BlobError::Unreachable(_)), _) | (_, Err(error @ BlobError::Unreachable(_))) => {
                    return Err(error.into());
                }
                (Ok(None), _) => "its file is gone",
                (Err(_), _) | (_, Err(_)) => "its file cannot be read",
                (_, Ok(actual)) if actual != row.sha256.0 => "its bytes are not what its name says",
                (Ok(Some(size)), _) if i64::try_from(size) != Ok(row.bytes) => "its size is not the stored one",
                _ => continue,
            };
            report.differs(org, "blobs", row.sha256, what);
        }
        progress(&format!("{org}: {} blobs", report.counts.get("blobs").copied().unwrap_or(0)));
    }
}

/// Whether what counts for nothing is listed for the office to decide.
async fn verify_quarantine(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let list = move |conn: &mut _| Ok::<_, AppError>(checks::list_unlisted_blobs(conn, org)?);
    for sha256 in verifier.store.read(list).await? {
        report.differs(org, "blobs.is_quarantined", sha256, "no open item of quarantine holds it back");
    }
    Ok(())
}

/// Whether the bytes that count for the quota are those of the blobs.
async fn verify_count(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let compare = move |conn: &mut _| Ok::<_, AppError>(org_storage::compare_stored_bytes(conn, org)?);
    let (counted, stored) = verifier.store.read(compare).await?;
    if counted != stored {
        report.differs(org, "stored_bytes", org, format!("{counted} bytes are counted, and {stored} are stored"));
    }
    Ok(())
}
