//! The feed: no item stands where a phone's cursor would pass it unseen, and who carries a visit has all of it.

use doorstep_store::{Conn, checks, visits};
use sync_core::ids::{OrgId, VisitId};

use super::{PAGE, Report, Verifier};
use crate::app::scope::list_withheld;
use crate::app::{AppError, AppResult};

/// Verifies the feed of an organisation.
pub(super) async fn verify(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let misplaced = verifier.store.read(move |conn| checks::list_misplaced(conn, org).map_err(AppError::from)).await?;
    for (audience, kind, item) in misplaced {
        report.differs(org, "feed", item, format!("{kind} in {audience} stands behind its head"));
    }
    report.count("feeds");
    let read = move |conn: &mut Conn, after: &String, page: &mut Report| {
        let ids = checks::list_visit_ids(conn, org, after, PAGE)?;
        for visit in &ids {
            carried(conn, org, *visit, page)?;
        }
        Ok(ids.last().map(ToString::to_string))
    };
    verifier.pages(report, read, |_| {}).await
}

/// Every audience that carries a visit has all that belongs to it.
fn carried(conn: &mut Conn, org: OrgId, visit: VisitId, report: &mut Report) -> AppResult<()> {
    let Some(row) = visits::find_visit(conn, org, visit)? else { return Ok(()) };
    match list_withheld(conn, &row) {
        Ok(withheld) => {
            for (audience, kind, item) in withheld {
                report.differs(org, "feed.visit", visit, format!("{audience} carries it without {kind} {item}"));
            }
        }
        Err(error) => report.differs(org, "feed.visit", visit, error.to_string()),
    }
    Ok(())
}
