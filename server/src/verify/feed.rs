//! The feed: no item stands where a phone's cursor would pass it unseen.

use doorstep_store::checks;
use sync_core::ids::OrgId;

use super::{Report, Verifier};
use crate::app::{AppError, AppResult};

/// Verifies the feed of an organisation.
pub(super) async fn verify(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let misplaced = verifier.store.read(move |conn| checks::list_misplaced(conn, org).map_err(AppError::from)).await?;
    for (audience, kind, item) in misplaced {
        report.differs(org, "feed", item, format!("{kind} in {audience} stands behind its head"));
    }
    report.count("feeds");
    Ok(())
}
