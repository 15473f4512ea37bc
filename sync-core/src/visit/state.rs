//! The only definition of a visit's state (design section 2.2): view, plan and review in, state out.
//!
//! Events of the crew follow operation order. Plan events (a changed appointment, a cancellation)
//! have no place in that order; they take effect at their server time against the corrected time
//! of the crew's events. Review follows once the visit is handed in.

use serde::{Deserialize, Serialize};

use super::frozen;
use super::guard::{self, Guard};
use super::late::{self, LateRecord};
use super::rework::{self, Return};
use super::table::{Event, VisitState, next};
use crate::doc::record::TimelineEvent;
use crate::merge::view::{Entry, Finding, OpId};
use crate::plan::Review;
use crate::rules::{self, Facts};
use crate::time::UnixMillis;

/// The state of a visit and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// The state.
    pub state: VisitState,
    /// Events that changed nothing, and doubts about those that did.
    pub findings: Vec<Finding>,
    /// While waiting: when the wait for an absent customer began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since_ms: Option<UnixMillis>,
    /// While waiting: from when the rep may leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_leave_at_ms: Option<UnixMillis>,
    /// While returned: the slots that may be written again.
    pub reopened_slots: Vec<String>,
    /// Records that came after the visit was handed in or cancelled, outside reopened slots, or after it was given to
    /// others; they stay out of rules and figures.
    pub late: Vec<LateRecord>,
    /// Records that came late and count, since the office accepted them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<LateRecord>,
}

/// Derives the state of a visit.
#[must_use]
pub fn state(facts: &Facts<'_>, review: &Review) -> Derived {
    let frozen = frozen::at_hand_in(facts.view);
    let frozen: Vec<Facts<'_>> = frozen.iter().map(|view| Facts { view, ..*facts }).collect();
    let mut walk = Walk::new(facts, &frozen);
    walk.crew_and_plan();
    let returns = walk.review(review);
    let late = match (walk.handed_in, facts.plan.visit.cancelled_at_ms) {
        (Some(hand_in), _) => late::after_hand_in(facts.view, hand_in, &returns),
        (None, Some(at)) if walk.state == VisitState::Cancelled => late::after_cancel(facts.view, at),
        _ => Vec::new(),
    };
    let (late, accepted) = late::decided(facts.view, late, review);
    let open = returns.last().filter(|_| walk.state == VisitState::Returned);
    let (waiting_since_ms, may_leave_at_ms) = walk.waiting();
    Derived {
        state: walk.state,
        waiting_since_ms,
        may_leave_at_ms,
        reopened_slots: open.map(|open| open.slots.clone()).unwrap_or_default(),
        late,
        accepted,
        findings: walk.findings,
    }
}

struct Walk<'f, 'a> {
    facts: &'f Facts<'a>,
    /// The visit as it was handed in, if anything came later.
    frozen: &'f [Facts<'f>],
    state: VisitState,
    findings: Vec<Finding>,
    /// The event that put the visit into `waiting`.
    absent: Option<&'a Entry<TimelineEvent>>,
    /// The event with which the crew handed the visit in.
    handed_in: Option<OpId>,
    resubmits: Vec<&'a Entry<TimelineEvent>>,
}

impl<'f, 'a> Walk<'f, 'a> {
    fn new(facts: &'f Facts<'a>, frozen: &'f [Facts<'f>]) -> Self {
        Self {
            facts,
            frozen,
            state: VisitState::Draft,
            findings: Vec::new(),
            absent: None,
            handed_in: None,
            resubmits: Vec::new(),
        }
    }

    fn finding(&mut self, code: &str, subject: impl Into<String>, detail: impl Into<String>) {
        self.findings.push(Finding { code: code.to_owned(), subject: subject.into(), detail: Some(detail.into()) });
    }

    /// Moves on if the table allows; otherwise nothing changes and a finding says so.
    fn fire(&mut self, event: Event, subject: &str) -> bool {
        match next(self.state, event) {
            Some(to) => {
                self.state = to;
                true
            }
            None => {
                self.finding("event_without_transition", subject, format!("{event} in {}", self.state));
                false
            }
        }
    }

    fn crew_and_plan(&mut self) {
        let facts = self.facts;
        if facts.appointment_start().is_some() {
            self.fire(Event::Schedule, "plan/appointment");
        }
        let mut plan = plan_events(facts).into_iter().peekable();
        for entry in &facts.view.timeline {
            let at = entry.value.at.corrected();
            while let Some((_, event)) = plan.next_if(|(due, _)| *due <= at) {
                self.plan_event(event);
            }
            self.crew_event(entry);
        }
        for (_, event) in plan {
            self.plan_event(event);
        }
    }

    fn plan_event(&mut self, event: Event) {
        self.fire(event, if event == Event::Cancel { "plan/visit" } else { "plan/appointment" });
    }

    fn crew_event(&mut self, entry: &'a Entry<TimelineEvent>) {
        let subject = format!("timeline/{}", entry.key);
        let Some(event) = Event::from_code(&entry.value.event).filter(|event| event.is_by_device()) else {
            return self.finding("unknown_event", subject, entry.value.event.clone());
        };
        // A resubmission answers a return, which has no place in operation order: review pairs them.
        if event == Event::Resubmit && self.state.is_handed_in() {
            self.resubmits.push(entry);
            return;
        }
        if next(self.state, event).is_some() {
            match self.guard(event, entry) {
                Guard::Met => {}
                Guard::Doubtful(code) => self.finding(code, &subject, event.code()),
                Guard::Unmet(missing) => return self.finding("guard_unmet", subject, format!("{event}: {missing}")),
            }
        }
        if self.fire(event, &subject) {
            match event {
                Event::CustomerAbsent => self.absent = Some(entry),
                Event::Submit | Event::GiveUp | Event::EndWithoutWork => self.handed_in = Some(entry.op),
                _ => {}
            }
        }
    }

    /// Judges a guard on the whole view, then on the visit as it was handed in.
    fn guard(&self, event: Event, entry: &Entry<TimelineEvent>) -> Guard {
        let whole = guard::judge(self.facts, event, entry);
        if !matches!(whole, Guard::Unmet(_)) {
            return whole;
        }
        let mut as_handed_in = self.frozen.iter().map(|frozen| guard::judge(frozen, event, entry));
        as_handed_in.find(|guard| !matches!(guard, Guard::Unmet(_))).unwrap_or(whole)
    }

    /// Received, returned, resubmitted, approved, closed; gives the returns that count.
    fn review(&mut self, review: &Review) -> Vec<Return> {
        let facts = self.facts;
        let judged = rework::on_visit(review).next().is_some();
        let handed_in = self.state.is_handed_in();
        // Whoever judged the visit had received it, although new content may be on its way now.
        let received = handed_in && (facts.plan.visit.evidence_complete_at_ms.is_some() || judged);
        let mut returns = Vec::new();
        if received {
            self.fire(Event::Received, "plan/visit");
            returns = rework::returns(facts, review, &self.resubmits);
            for one in &returns {
                self.fire(Event::Return, "review");
                if one.answered_by.is_some() {
                    self.fire(Event::Resubmit, "review");
                }
            }
            self.approve(review);
        }
        for entry in std::mem::take(&mut self.resubmits) {
            if returns.iter().any(|one| one.answered_by == Some(entry.op)) {
                continue;
            }
            self.finding("event_without_transition", format!("timeline/{}", entry.key), "resubmit without return");
        }
        if facts.plan.visit.closed_at_ms.is_some() {
            self.fire(Event::Close, "plan/visit");
        }
        returns
    }

    /// The newest verdict on the visit approves it, if it judged the current content.
    fn approve(&mut self, review: &Review) {
        let Some(verdict) = rework::on_visit(review).last() else { return };
        let subject = format!("verdict/{}", verdict.id);
        match (verdict.decision.as_str(), rework::is_fresh(self.facts, review, verdict)) {
            ("approve", true) => {
                self.fire(Event::Approve, &subject);
            }
            ("approve", false) => self.finding("stale_verdict", subject, "judged other content"),
            ("return", fresh) => {
                let counted = fresh || review.reworks.iter().any(|ticket| ticket.verdict_id == verdict.id);
                if !counted {
                    self.finding("stale_verdict", subject, "judged other content");
                }
            }
            (other, _) => self.finding("unknown_decision", subject, other),
        }
    }

    /// When the present wait began and when the rep may leave.
    fn waiting(&self) -> (Option<UnixMillis>, Option<UnixMillis>) {
        let Some(absent) = self.absent.filter(|_| self.state == VisitState::Waiting) else { return (None, None) };
        let arrive = guard::arrival_before(self.facts, absent);
        match (rules::absence_wait(self.facts), arrive) {
            (Some(wait), Some(arrive)) => {
                (Some(wait.start(self.facts, arrive)), Some(wait.may_leave_at(self.facts, arrive)))
            }
            _ => (Some(absent.value.at.corrected()), None),
        }
    }
}

/// Changes of the appointment and the cancellation with their server times, oldest first.
fn plan_events(facts: &Facts<'_>) -> Vec<(UnixMillis, Event)> {
    let changes = facts.plan.appointment.iter().flat_map(|appointment| &appointment.changes);
    let mut events: Vec<_> = changes.map(|change| (change.notified_at_ms, Event::Reschedule)).collect();
    events.extend(facts.plan.visit.cancelled_at_ms.map(|at| (at, Event::Cancel)));
    events.sort_by_key(|(at, _)| *at);
    events
}
