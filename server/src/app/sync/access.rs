//! Who may write a visit's document and statements.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::Conn;
use doorstep_store::assignments::{self, AssignmentRecord};
use doorstep_store::visits::{self, VisitRecord};
use sync_core::ids::VisitId;
use sync_core::plan::LateReason;
use sync_core::visit::VisitState;

use super::Round;
use crate::app::AppResult;

/// Why work on a visit counts as late evidence, or that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The rep is on the crew, or an intent of this push makes the visit.
    Crew,
    /// The rep was on the crew, or the visit has ended: kept and shown to the dispatcher.
    Late(LateReason),
    /// The visit does not exist for this rep.
    None,
}

impl Access {
    /// Why work is late, if it is.
    pub(super) const fn late(self) -> Option<LateReason> {
        match self {
            Self::Late(reason) => Some(reason),
            Self::Crew | Self::None => None,
        }
    }

    /// Whether what comes is left out as if it had not been written.
    pub(super) const fn is_held_out(self) -> bool {
        matches!(self, Self::Late(reason) if reason.is_held_out())
    }
}

/// How the visits of a push stand, read at once.
#[derive(Debug, Default)]
pub(super) struct Standing {
    visits: BTreeMap<VisitId, (VisitRecord, Vec<AssignmentRecord>)>,
}

impl Standing {
    /// Reads visits and their assignments.
    pub(super) fn load(conn: &mut Conn, round: &Round, of: &[VisitId]) -> AppResult<Self> {
        let org = round.ctx.actor.org;
        let rows = visits::list_by_id(conn, org, of)?;
        let mut visits: BTreeMap<_, _> = rows.into_iter().map(|row| (row.id.0, (row, Vec::new()))).collect();
        for assignment in assignments::list_assignments_of(conn, org, of)? {
            if let Some((_, known)) = visits.get_mut(&assignment.visit_id.0) {
                known.push(assignment);
            }
        }
        Ok(Self { visits })
    }

    /// What the rep may do with a visit; `created` are those that intents of this push make.
    pub(super) fn access(&self, round: &Round, visit: VisitId, created: &BTreeSet<VisitId>) -> Access {
        let Some((row, assignments)) = self.visits.get(&visit) else {
            return if created.contains(&visit) { Access::Crew } else { Access::None };
        };
        // What was handed in before it was cancelled counts, whatever came first here.
        let is_cancelled = row.state == VisitState::Cancelled.code();
        let mut mine = assignments.iter().filter(|assignment| assignment.rep_id.0 == round.ctx.actor.user).peekable();
        if mine.peek().is_none() {
            return Access::None;
        }
        // The visit of others first: whatever else ended it, his work is not the crew's.
        if mine.all(|assignment| assignment.until_ms.is_some()) {
            Access::Late(LateReason::Reassigned)
        } else if row.cancelled_at_ms.is_some() && is_cancelled {
            Access::Late(LateReason::Cancelled)
        } else if row.closed_at_ms.is_some() {
            Access::Late(LateReason::Closed)
        } else {
            Access::Crew
        }
    }
}
