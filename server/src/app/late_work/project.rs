//! What the list reads of late work, written with every projection of a visit.

use doorstep_store::Conn;
use doorstep_store::late_work::{CountsByReason, replace_late_counts};
use sync_core::ids::{OrgId, VisitId};
use sync_core::plan::{LateReason, LateWorkRow, Review};
use sync_core::visit::{Derived, LateRecord};

use crate::app::AppResult;
use crate::app::visits::Reprojection;

/// Counts the late records of a visit by reason; a push that brought none that waits is told with nothing to decide.
#[must_use]
pub fn counts(derived: &Derived, review: &Review) -> CountsByReason {
    let mut counts = CountsByReason::new();
    for work in &review.late_work {
        counts.entry(work.reason.code().to_owned()).or_default();
    }
    for record in derived.late.iter().chain(&derived.accepted) {
        let of_reason = counts.entry(reason_of(record, &review.late_work).code().to_owned()).or_default();
        of_reason.total += 1;
        of_reason.undecided += i64::from(record.decision.is_none());
    }
    counts
}

/// Why a record is late: what the rep was told, else what the state says.
pub(super) fn reason_of(record: &LateRecord, work: &[LateWorkRow]) -> LateReason {
    LateWorkRow::that_brought(work, record.op).map_or(record.reason, |work| work.reason)
}

/// Writes how many late records a visit has; true if it had any before.
///
/// # Errors
/// Database errors only.
pub fn project(conn: &mut Conn, org: OrgId, visit: VisitId, projected: &Reprojection) -> AppResult<bool> {
    Ok(replace_late_counts(conn, org, visit, &projected.late)?)
}
