//! What follows from a visit once its result is known: rectification by the shop and registration of the warranty after an
//! inspection, the network's acknowledgement of an activation after an installation.

use serde::{Deserialize, Serialize};

use super::visit::end_of_working_day;
use crate::calendar::DayError;
use crate::clock::Clocks;
use crate::plan::Review;
use crate::policy::keys;
use crate::rules::params::Args;
use crate::rules::{Facts, first_handed_in_at};
use crate::time::UnixMillis;
use crate::visit::{VisitState, codes};

/// The question that tells until when the shop rectifies.
///
/// # Source
/// Template `pre_acceptance_inspection`; PRE-03.
const RECTIFY_BY: &str = "rectify_by";

/// The question that tells how far the activation has come, and the answer that leaves it to the office.
///
/// # Source
/// Template `broadband_install`; rulebook 21, row *Terminal activation*.
const ACTIVATION: (&str, &str) = ("activation", "pending_activation");

/// What a visit asks of the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FollowUp {
    /// It failed: the shop rectifies, then it is inspected again (PRE-01).
    Rectify,
    /// It passed and was approved: the warranty is registered (WAR-01).
    RegisterWarranty,
    /// The terminal was activated out of reach of a network, which acknowledges it later (INS-21).
    AcknowledgeActivation,
}

codes!(
    /// Why no inspection follows a rectification.
    NoRecheck {
        /// It is planned already.
        AlreadyPlanned = "already_planned", "复验已另行安排";
        /// The customer asks for none.
        CustomerDeclines = "customer_declines", "客户放弃复验";
        /// The order was cancelled (RFD-01).
        OrderCancelled = "order_cancelled", "工程已退单";
    }
);

/// What follows from a visit in this state, each with the instant by which it is due; without one where it does not follow
/// from the result any more. Nothing while the visit is not handed in, or where its template asks for nothing of this.
// Rules: PRE-01, INS-21
#[must_use]
pub fn follow_ups(facts: &Facts<'_>, review: &Review, state: VisitState) -> Vec<(FollowUp, Option<UnixMillis>)> {
    if !state.is_handed_in() && !matches!(state, VisitState::UnderReview) && !is_approved(state) {
        return Vec::new();
    }
    let rectify = has_one_of(facts, "no_open_major_defects_on_pass").map(|passed| {
        let is_failed = passed == Some(false);
        (FollowUp::Rectify, is_failed.then(|| rectify_by(facts)).flatten())
    });
    let warranty = has_one_of(facts, "create_warranty_task").map(|passed| {
        let is_due = passed == Some(true) && is_approved(state);
        (FollowUp::RegisterWarranty, is_due.then(|| register_by(facts, review)).flatten())
    });
    rectify.into_iter().chain(warranty).chain(activation(facts, state)).collect()
}

/// How often the visit had been returned when its result was written last: what fails then is another matter than before. A
/// return for a photo leaves the result, and what follows from it, as it was.
// Rule: PRE-01
#[must_use]
pub fn round_of_result(facts: &Facts<'_>, review: &Review) -> usize {
    let result =
        result_of(facts, "no_open_major_defects_on_pass").and_then(|(result, _)| facts.view.answers.get(result));
    let Some(result) = result.map(|entry| &entry.value) else { return 0 };
    let (at, _) = Clocks::of(facts.view).corrected(result.by, &result.at);
    review.reworks.iter().filter(|ticket| ticket.opened_at_ms <= at).count()
}

/// The terminal of a visit whose work is done; one that ended without has none.
// Rule: INS-21
fn activation(facts: &Facts<'_>, state: VisitState) -> Option<(FollowUp, Option<UnixMillis>)> {
    let (question, pending) = ACTIVATION;
    facts.template.question(question)?;
    let is_done = state != VisitState::EndedWithoutWork && matches!(facts.outcome(), None | Some("completed"));
    let is_pending = facts.view.answer(question).and_then(serde_json::Value::as_str) == Some(pending);
    let due = || counted(facts, first_handed_in_at(facts.view), facts.policy.get(keys::ACTIVATION));
    Some((FollowUp::AcknowledgeActivation, (is_done && is_pending).then(due).flatten()))
}

const fn is_approved(state: VisitState) -> bool {
    matches!(state, VisitState::Approved | VisitState::Closed)
}

/// Whether the result is one of those that a rule with this check names, where there is a result; `None` without such a rule.
fn has_one_of(facts: &Facts<'_>, check: &str) -> Option<Option<bool>> {
    let (question, values) = result_of(facts, check)?;
    Some(facts.view.answer(question).and_then(serde_json::Value::as_str).map(|result| values.contains(&result)))
}

/// The question that tells the result, by a rule with this check, and the answers that the rule is about.
fn result_of<'f>(facts: &'f Facts<'_>, check: &str) -> Option<(&'f str, Vec<&'f str>)> {
    let rule = facts.template.rules.iter().find(|rule| rule.check == check)?;
    let args = Args::of(rule);
    Some((args.text("result").ok()?, args.texts("values").ok()?))
}

/// As the inspector agreed, else some working days after the visit was first handed in: a return gives nobody more time.
fn rectify_by(facts: &Facts<'_>) -> Option<UnixMillis> {
    let agreed = facts.view.answer(RECTIFY_BY).and_then(serde_json::Value::as_i64).map(UnixMillis);
    agreed.or_else(|| counted(facts, first_handed_in_at(facts.view), facts.policy.get(keys::RECTIFY)))
}

fn register_by(facts: &Facts<'_>, review: &Review) -> Option<UnixMillis> {
    let approved = review.verdicts.iter().rfind(|verdict| verdict.photo_id.is_none() && verdict.decision == "approve");
    counted(facts, approved.map(|verdict| verdict.at_ms), facts.policy.get(keys::WARRANTY_REGISTRATION))
}

/// The end of the n-th working day after an instant; the instant itself where the calendar ends before.
fn counted(facts: &Facts<'_>, from: Option<UnixMillis>, days: i64) -> Option<UnixMillis> {
    let from = from?;
    let end = |_end_of_calendar: DayError| from;
    Some(end_of_working_day(facts, from, days).unwrap_or_else(end))
}
