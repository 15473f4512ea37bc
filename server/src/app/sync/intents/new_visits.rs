//! The unplanned visits that intents of a push make: decided one by one, written together.
//!
//! The author of such a visit is its crew, and the dispatcher finds it in his list.

use std::collections::BTreeSet;

use doorstep_store::assignments::{AssignmentRecord, insert_assignments};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::visits::{self, VisitRecord};
use doorstep_store::{Conn, Txt, users};
use sync_core::ids::{AssignmentId, VisitId};
use sync_core::intent::body::CreateVisit;
use sync_core::intent::{Intent, IntentBody};

use super::effect::{accepted, carries, declined, needs_office};
use super::stand_in::StandIns;
use super::{Decided, Decision, JudgedIntent};
use crate::app::scope::{enter_new_visit, load_window, refresh_visit};
use crate::app::sync::Round;
use crate::app::{AppResult, AppState, numbers};

/// The visits of a push that are decided and not yet written.
#[derive(Debug)]
pub(super) struct NewVisits<'a> {
    state: &'a AppState,
    round: &'a Round,
    stand_ins: StandIns,
    /// Visits that are stored or made already.
    taken: BTreeSet<VisitId>,
    pending: Vec<Pending>,
}

#[derive(Debug)]
struct Pending {
    row: VisitRecord,
    assignment: AssignmentRecord,
    /// The place of the decision that names its number.
    decision: usize,
}

impl<'a> NewVisits<'a> {
    /// Looks once which of the visits exist.
    pub(super) fn load(
        conn: &mut Conn,
        state: &'a AppState,
        round: &'a Round,
        judged: &[JudgedIntent],
    ) -> AppResult<Self> {
        let org = round.ctx.actor.org;
        let asked: Vec<VisitId> = judged.iter().filter_map(visit_of).collect();
        let taken = visits::list_by_id(conn, org, &asked)?.into_iter().map(|row| row.id.0).collect();
        Ok(Self { state, round, stand_ins: StandIns::new(org, round.ctx.now), taken, pending: Vec::new() })
    }

    /// Decides on a visit; `place` is where the decision will stand.
    pub(super) fn decide(
        &mut self,
        conn: &mut Conn,
        batch: &FeedBatch,
        (intent, body): (&Intent, &CreateVisit),
        place: usize,
    ) -> AppResult<Decision> {
        if self.taken.contains(&body.visit_id) {
            return Ok(declined("visit_exists"));
        }
        // Declining would leave the captured document without a visit: the office finds the right order.
        let work_order_id = match body.work_order_id {
            Some(id) if carries(conn, self.round, batch, FeedKind::WorkOrder, id)? => Some(Txt(id)),
            _ => None,
        };
        let is_order_unknown = body.work_order_id.is_some() && work_order_id.is_none();
        let Some(norms) = self.stand_ins.find(conn, body)? else { return Ok(declined("norms_unknown")) };
        let (org_id, now) = (Txt(self.round.ctx.actor.org), self.round.ctx.now);
        // A clock that is out of its mind would put the visit where nobody looks.
        // Nobody stood at a door after the intent came here, whatever the phone's clock said: planned for next year, the
        // visit would leave the rep's sync window.
        let start = if intent.at.is_plausible() { intent.at.corrected().min(now) } else { now };
        let row = VisitRecord {
            org_id,
            id: Txt(body.visit_id),
            number: None,
            origin: "device".to_owned(),
            work_order_id,
            template: norms.template.clone(),
            template_version: norms.template_version,
            policy_version: norms.policy_version,
            assignment_epoch: 1,
            appointment_id: None,
            planned_start_ms: Some(start.0),
            attempt: 1,
            previous_visit_id: None,
            priority: 0,
            cancelled_at_ms: None,
            cancel_reason: None,
            closed_at_ms: None,
            evidence_complete_at_ms: None,
            state: "scheduled".to_owned(),
            outcome: None,
            submitted_at_ms: None,
            missing_blobs: 0,
            version: 1,
            created_at_ms: now.0,
            pinned_template: None,
            pinned_policy_version: None,
        };
        let assignment = AssignmentRecord {
            org_id,
            // Derived from the intent, so that running the transaction again makes the same row.
            id: Txt(AssignmentId(intent.id.0)),
            visit_id: Txt(body.visit_id),
            rep_id: Txt(self.round.ctx.actor.user),
            epoch: 1,
            from_ms: start.0.min(now.0),
            until_ms: None,
        };
        self.taken.insert(body.visit_id);
        self.pending.push(Pending { row, assignment, decision: place });
        Ok(if is_order_unknown {
            needs_office("work_order_unknown")
        } else if norms.is_as_asked {
            accepted([])
        } else {
            needs_office("norms_unknown")
        })
    }

    /// Writes the visits decided so far, numbers their decisions and tells their crew.
    pub(super) fn write(
        &mut self,
        conn: &mut Conn,
        batch: &mut FeedBatch,
        decided: &mut [Decided<'_>],
    ) -> AppResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (org, user, now) = (self.round.ctx.actor.org, self.round.ctx.actor.user, self.round.ctx.now);
        let numbers = numbers::take_many(conn, org, "V", now, self.pending.len())?;
        let (mut rows, mut assignments) = (Vec::new(), Vec::new());
        for (mut pending, number) in std::mem::take(&mut self.pending).into_iter().zip(numbers) {
            if let Some(decided) = decided.get_mut(pending.decision) {
                decided.decision.assigned.insert("number".to_owned(), number.clone());
            }
            pending.row.number = Some(number);
            rows.push(pending.row);
            assignments.push(pending.assignment);
        }
        visits::insert_visits(conn, &rows)?;
        insert_assignments(conn, &assignments)?;
        let window = load_window(conn, org, &self.state.config.sync, now)?;
        let team = users::find_user(conn, org, user)?.and_then(|user| user.team_id).map(|team| team.0);
        for (row, assignment) in rows.iter().zip(&assignments) {
            if row.work_order_id.is_some() {
                refresh_visit(conn, batch, org, row.id.0, window)?;
            } else {
                enter_new_visit(batch, row, assignment.id.0, (user, team), window)?;
            }
        }
        Ok(())
    }
}

/// The visit that a new intent makes.
fn visit_of(judged: &JudgedIntent) -> Option<VisitId> {
    match judged {
        JudgedIntent::New { intent, .. } => match &intent.body {
            IntentBody::CreateVisit(body) => Some(body.visit_id),
            _ => None,
        },
        _ => None,
    }
}
