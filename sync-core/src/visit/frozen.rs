//! The visit as it was handed in: later records cannot take a guard back.
//!
//! Guards read the whole view, so that a photo merged from a second phone counts. What comes after
//! the hand-in (a withdrawn photo during rework, a late answer) must not undo it either: a guard
//! that the whole view does not meet is judged once more on this view.

use crate::merge::View;
use crate::merge::view::OpId;
use crate::rules::Facts;
use crate::template::Template;
use crate::template::model::RequiredWhen;

/// View and template without the effect of records after the hand-in.
pub(super) struct Frozen {
    pub view: View,
    pub template: Template,
}

/// Events with which a crew hands a visit in.
const HAND_IN: [&str; 3] = ["submit", "give_up", "end_without_work"];

/// The visit as handed in; `None` while nothing came later.
pub(super) fn at_hand_in(facts: &Facts<'_>) -> Option<Frozen> {
    let hand_in = facts.view.timeline.iter().rev().find(|entry| HAND_IN.contains(&entry.value.event.as_str()))?.op;
    let mut view = facts.view.clone();
    view.photos.retain(|entry| entry.op <= hand_in);
    view.withdrawn.retain(|_, entry| entry.op <= hand_in);
    view.measures.retain(|entry| entry.op <= hand_in);
    view.outcomes.retain(|entry| entry.op <= hand_in);
    // The view holds one value per key: of a later write it only shows that the key was written.
    for entry in view.ticks.values_mut().filter(|entry| entry.op > hand_in) {
        entry.value.done = true;
    }
    let late_answers = view.answers.values().any(|entry| entry.op > hand_in);
    let late_ticks = facts.view.ticks != view.ticks;
    let fewer = view.photos.len() < facts.view.photos.len()
        || view.withdrawn.len() < facts.view.withdrawn.len()
        || view.measures.len() < facts.view.measures.len()
        || view.outcomes.len() < facts.view.outcomes.len();
    (fewer || late_ticks || late_answers).then(|| Frozen { template: without_late_conditions(facts, hand_in), view })
}

/// The template without conditions that a later answer decides.
fn without_late_conditions(facts: &Facts<'_>, hand_in: OpId) -> Template {
    let is_late = |when: &RequiredWhen| {
        let answer = when.question.as_ref().and_then(|question| facts.view.answers.get(question));
        answer.is_some_and(|entry| entry.op > hand_in)
    };
    let drop_late = |when: &mut Option<RequiredWhen>| {
        when.take_if(|when| is_late(when));
    };
    let mut template = facts.template.clone();
    template.photos.iter_mut().for_each(|slot| drop_late(&mut slot.required_when));
    template.measurements.iter_mut().for_each(|item| drop_late(&mut item.required_when));
    template.questions.iter_mut().for_each(|item| drop_late(&mut item.required_when));
    template.signatures.iter_mut().for_each(|slot| drop_late(&mut slot.required_when));
    template
}
