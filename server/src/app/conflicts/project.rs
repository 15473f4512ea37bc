//! What the inbox reads of conflicts, written with every projection of a visit.

use doorstep_store::Conn;
use doorstep_store::conflicts::{ConflictCounts, replace_conflict_counts};
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::view::Conflict;

use crate::app::AppResult;
use crate::app::visits::Reprojection;

/// Counts conflicts.
#[must_use]
pub fn counts(conflicts: &[Conflict]) -> ConflictCounts {
    let count = |wanted: fn(&Conflict) -> bool| {
        i64::try_from(conflicts.iter().filter(|conflict| wanted(conflict)).count()).unwrap_or(i64::MAX)
    };
    ConflictCounts { open: count(Conflict::is_open), total: count(|_| true) }
}

/// Writes how many conflicts a visit has; true if it had any before.
///
/// # Errors
/// Database errors only.
pub fn project(conn: &mut Conn, org: OrgId, visit: VisitId, projected: &Reprojection) -> AppResult<bool> {
    Ok(replace_conflict_counts(conn, org, visit, counts(&projected.conflicts))?)
}
