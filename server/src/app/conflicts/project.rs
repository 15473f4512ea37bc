//! What the inbox and figures read of conflicts, written with every projection of a visit.

use doorstep_store::conflicts::{ConflictCounts, replace_conflict_counts};
use doorstep_store::projections::{AnswerRow, replace_answer};
use doorstep_store::{Conn, Txt};
use sync_core::ids::{OrgId, VisitId};

use crate::app::AppResult;
use crate::app::visits::Reprojection;

/// Writes how many conflicts a visit has, and the answers that count otherwise than the document alone says.
///
/// # Errors
/// Database errors only.
pub fn project(conn: &mut Conn, org: OrgId, visit: VisitId, projected: &Reprojection) -> AppResult<()> {
    let count = |wanted: fn(&sync_core::merge::view::Conflict) -> bool| {
        i64::try_from(projected.conflicts.iter().filter(|conflict| wanted(conflict)).count()).unwrap_or(i64::MAX)
    };
    let counts = ConflictCounts { open: count(|conflict| conflict.is_open()), total: count(|_| true) };
    replace_conflict_counts(conn, org, visit, counts)?;
    for entry in &projected.settled_answers {
        // PostgreSQL holds no U+0000; the document keeps what was written.
        let text = |text: &str| text.replace('\0', "\u{fffd}");
        let row = AnswerRow {
            org_id: Txt(org),
            visit_id: Txt(visit),
            question: text(&entry.key),
            value: text(&entry.value.value.to_string()),
            at_ms: entry.value.at.corrected().0,
            given_by: Txt(entry.value.by),
        };
        replace_answer(conn, &row)?;
    }
    Ok(())
}
