//! The visit as it was handed in: later records cannot take a guard back.
//!
//! Guards read the whole view, so that a photo merged from a second phone counts. What comes after
//! the hand-in (a withdrawn photo during rework, a late answer) must not undo it either: a guard
//! that the whole view does not meet is judged once more on these views.

use crate::merge::View;
use crate::merge::view::OpId;

use super::counting::counting;

/// The view at the first and at the last hand-in; none while nothing came later.
///
/// The last, because an earlier one may have been tried too soon; the first, because the crew may
/// write such an event again after records that would take the first one back.
pub(super) fn at_hand_in(view: &View) -> Vec<View> {
    let mut hand_ins = view.timeline.iter().filter(|entry| entry.value.hands_in()).map(|entry| entry.op);
    let (first, last) = (hand_ins.next(), hand_ins.next_back());
    let later = first.into_iter().chain(last).filter(|hand_in| is_written_after(view, *hand_in));
    later.map(|hand_in| counting(view, &|op| op <= hand_in)).collect()
}

/// Whether anything guards read came after an operation.
fn is_written_after(view: &View, hand_in: OpId) -> bool {
    let again = view.rewritten.iter().flat_map(|one| &one.writes).map(|write| write.op);
    let once = [
        view.photos.last().map(|entry| entry.op),
        view.measures.last().map(|entry| entry.op),
        view.outcomes.last().map(|entry| entry.op),
        view.contacts.last().map(|entry| entry.op),
    ];
    again.chain(once.into_iter().flatten()).any(|op| op > hand_in)
}
