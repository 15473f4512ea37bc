//! What the inbox reads of conflicts, written with every projection of a visit.

use doorstep_store::Conn;
use doorstep_store::conflicts::{ConflictCounts, replace_conflict_counts};
use sync_core::ids::{OrgId, VisitId};

use crate::app::AppResult;
use crate::app::visits::Reprojection;

/// Writes how many conflicts a visit has; true if it had any before.
///
/// # Errors
/// Database errors only.
pub fn project(conn: &mut Conn, org: OrgId, visit: VisitId, projected: &Reprojection) -> AppResult<bool> {
    let count = |wanted: fn(&sync_core::merge::view::Conflict) -> bool| {
        i64::try_from(projected.conflicts.iter().filter(|conflict| wanted(conflict)).count()).unwrap_or(i64::MAX)
    };
    let counts = ConflictCounts { open: count(|conflict| conflict.is_open()), total: count(|_| true) };
    Ok(replace_conflict_counts(conn, org, visit, counts)?)
}
