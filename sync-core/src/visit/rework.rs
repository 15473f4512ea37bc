//! What reviewers decided: verdicts that count, reopened slots, resubmissions.

use crate::clock::Clocks;
use crate::doc::record::TimelineEvent;
use crate::merge::view::{Entry, OpId};
use crate::plan::{Review, VerdictRow};
use crate::rules::Facts;
use crate::time::UnixMillis;

/// One return of the visit with the slots it reopened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Return {
    /// Rejected slots.
    pub slots: Vec<String>,
    /// The resubmission that answered it.
    pub answered_by: Option<OpId>,
}

/// Verdicts on the whole visit, oldest first.
pub(super) fn on_visit(review: &Review) -> impl Iterator<Item = &VerdictRow> {
    review.verdicts.iter().filter(|verdict| verdict.photo_id.is_none())
}

/// Whether a verdict judged exactly the current content, knowing all that was decided about what counts of it.
///
/// What comes after the closing is held out, as if it had not been written: a closed visit stays as it was approved.
pub(super) fn is_fresh(facts: &Facts<'_>, review: &Review, verdict: &VerdictRow) -> bool {
    let knew = verdict.last_decision;
    let view = facts.view;
    let is_closed = facts.plan.visit.closed_at_ms.is_some();
    let judged_all = verdict.heads == view.heads || is_closed && view.set_apart.leaves_all_of(&verdict.heads);
    judged_all && (knew.is_none() || knew == review.last_decision())
}

/// The returns that count, oldest first, each with the resubmission that answers it.
///
/// A return stays in force until the crew resubmits, although the new photos change the content;
/// its rework ticket holds what was judged. A return without ticket counts on current content only.
pub(super) fn returns(facts: &Facts<'_>, review: &Review, resubmits: &[&Entry<TimelineEvent>]) -> Vec<Return> {
    let mut returns: Vec<Return> = Vec::new();
    let mut resubmits = resubmits.iter().peekable();
    for verdict in on_visit(review).filter(|verdict| verdict.decision == "return") {
        let ticket = review.reworks.iter().find(|ticket| ticket.verdict_id == verdict.id);
        let slots = match ticket {
            Some(ticket) => ticket.slots.iter().map(|slot| slot.slot.clone()).collect(),
            None if is_fresh(facts, review, verdict) => rejected_slots(facts, review),
            None => continue,
        };
        // Two phones may both answer the return before; such a second answer is older than this return.
        if !returns.is_empty() {
            while resubmits.next_if(|entry| is_surely_before(facts, entry, verdict.at_ms)).is_some() {}
        }
        returns.push(Return { slots, answered_by: resubmits.next().map(|entry| entry.op) });
    }
    returns
}

/// Whether an event happened before `instant` whatever the error of its clock.
fn is_surely_before(facts: &Facts<'_>, entry: &Entry<TimelineEvent>, instant: UnixMillis) -> bool {
    let bounds = Clocks::of(facts.view).bounds(entry.value.by, &entry.value.at);
    bounds.latest.is_some_and(|latest| latest < instant)
}

/// Slots of the photos whose newest verdict rejects exactly their content, in template order.
fn rejected_slots(facts: &Facts<'_>, review: &Review) -> Vec<String> {
    let is_rejected = |photo: &str, sha256| {
        let newest = review.verdicts.iter().rev().find(|verdict| verdict.photo_id.as_deref() == Some(photo));
        newest.is_some_and(|verdict| verdict.decision == "reject" && verdict.sha256 == Some(sha256))
    };
    let slots = facts
        .template
        .photos
        .iter()
        .filter(|slot| facts.view.photos_of(&slot.code).any(|photo| is_rejected(&photo.key, photo.value.sha256)));
    slots.map(|slot| slot.code.clone()).collect()
}
