//! Plan and review as they were: what the office decided after an instant is left out.

use super::{PlanSnapshot, Review};
use crate::time::UnixMillis;

impl PlanSnapshot {
    /// The plan as far as it says when it came about: cancelling, closing, complete evidence and moved appointments.
    ///
    /// Site, order and crew are told as they are now.
    #[must_use]
    pub fn until(mut self, at: UnixMillis) -> Self {
        let visit = &mut self.visit;
        for decided in [&mut visit.cancelled_at_ms, &mut visit.closed_at_ms, &mut visit.evidence_complete_at_ms] {
            *decided = decided.filter(|decided_at| *decided_at <= at);
        }
        visit.cancel_reason = visit.cancel_reason.take().filter(|_| visit.cancelled_at_ms.is_some());
        if let Some(appointment) = &mut self.appointment {
            let (told, later): (Vec<_>, Vec<_>) =
                std::mem::take(&mut appointment.changes).into_iter().partition(|change| change.notified_at_ms <= at);
            appointment.start_ms = later.first().map_or(appointment.start_ms, |change| change.from_ms);
            appointment.changes = told;
        }
        self
    }
}

impl Review {
    /// What had been decided by then.
    #[must_use]
    pub fn until(mut self, at: UnixMillis) -> Self {
        self.verdicts.retain(|verdict| verdict.at_ms <= at);
        self.reworks.retain(|ticket| ticket.opened_at_ms <= at);
        for ticket in &mut self.reworks {
            ticket.answered_at_ms = ticket.answered_at_ms.filter(|answered_at| *answered_at <= at);
        }
        self.choices.retain(|choice| choice.at_ms <= at);
        self.late_work.retain(|work| work.at_ms <= at);
        self.late_decisions.retain(|decision| decision.at_ms <= at);
        self
    }
}
