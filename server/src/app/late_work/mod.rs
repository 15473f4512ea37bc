//! Work that came late: what was brought, the office's list of it, and the decision whether it counts.

mod decide;
mod list;
mod project;

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::late_work::{list_late_decisions_of, list_late_work_of};
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::Held;
use sync_core::plan::{LateDecisionRow, LateWorkRow};

pub use decide::{Decided, Deciding, decide_late_work};
pub use list::{LateRecordItem, LateVisit, VisitLateWork, list_late_visits, list_of_visit};
pub use project::{counts, project};

use crate::app::AppResult;
use crate::app::rows::read;

/// What came late to a visit and what was decided about it, each oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LateRows {
    /// What pushes brought.
    pub work: Vec<LateWorkRow>,
    /// What the office decided.
    pub decisions: Vec<LateDecisionRow>,
}

impl LateRows {
    /// What is held out of the visit until the office accepts it.
    #[must_use]
    pub fn held(&self) -> Held {
        Held::of(&self.work, &self.decisions)
    }
}

/// The late work of visits; those without any are left out.
///
/// # Errors
/// Corrupt rows.
pub fn load_of(conn: &mut Conn, org: OrgId, visits: &[VisitId]) -> AppResult<BTreeMap<VisitId, LateRows>> {
    let mut found: BTreeMap<VisitId, LateRows> = BTreeMap::new();
    for row in list_late_work_of(conn, org, visits)? {
        let id = format!("{}/{}", row.visit_id, row.seq);
        found.entry(row.visit_id.0).or_default().work.push(read("late_work", id, &row.body)?);
    }
    for row in list_late_decisions_of(conn, org, visits)? {
        found.entry(row.visit_id.0).or_default().decisions.push(read("late_decisions", row.id, &row.body)?);
    }
    Ok(found)
}

/// The late work of one visit.
///
/// # Errors
/// Corrupt rows.
pub fn load(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<LateRows> {
    Ok(load_of(conn, org, &[visit])?.remove(&visit).unwrap_or_default())
}

/// The name of what a push brought late, in the feed.
#[must_use]
pub fn item_key(work: &LateWorkRow) -> String {
    format!("{}/{}", work.visit_id, work.seq)
}
