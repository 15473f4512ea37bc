//! Why operations came held out, by writer, so that many late pushes are not walked once for each record.

use std::collections::BTreeMap;

use crate::bytes::Actor;
use crate::merge::view::OpId;
use crate::plan::{LateReason, LateWorkRow};

/// What reps brought after the visit was given to others or closed, whatever was decided about it since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeldOut {
    /// Last counter and reason by the first counter; no two of a writer overlap.
    spans: BTreeMap<Actor, BTreeMap<u64, (u64, LateReason)>>,
}

impl HeldOut {
    /// Of what two pushes brought, the earlier row says why.
    pub(crate) fn of(work: &[LateWorkRow]) -> Self {
        let mut held_out = Self::default();
        for row in work.iter().filter(|row| row.reason.is_held_out()) {
            for span in row.changes.iter().filter(|span| span.first <= span.last) {
                add(held_out.spans.entry(span.actor).or_default(), span.first, span.last, row.reason);
            }
        }
        held_out
    }

    /// Whether nothing came held out.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Why an operation came held out; `None` if it did not.
    pub(crate) fn reason(&self, op: OpId) -> Option<LateReason> {
        let (_, (last, reason)) = self.spans.get(&op.actor)?.range(..=op.counter).next_back()?;
        (op.counter <= *last).then_some(*reason)
    }
}

/// Adds what is not there yet of the counters from `first` to `last`.
fn add(spans: &mut BTreeMap<u64, (u64, LateReason)>, first: u64, last: u64, reason: LateReason) {
    let before = spans.range(..first).next_back().map(|(_, (end, _))| *end);
    let mut from = before.map_or(Some(first), |end| end.checked_add(1).map(|after| after.max(first)));
    while let Some(open) = from.filter(|open| *open <= last) {
        let next = spans.range(open..=last).next().map(|(begin, (end, _))| (*begin, *end));
        let end = next.map_or(last, |(begin, _)| begin.saturating_sub(1));
        if next.is_none_or(|(begin, _)| open < begin) {
            spans.insert(open, (end, reason));
        }
        from = next.and_then(|(_, end)| end.checked_add(1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{DeviceId, UserId, VisitId};
    use crate::merge::Held;
    use crate::plan::OpSpan;
    use crate::time::UnixMillis;

    fn actor(writer: u8) -> Actor {
        Actor([writer; 16])
    }

    fn row(reason: LateReason, changes: Vec<OpSpan>) -> LateWorkRow {
        LateWorkRow {
            visit_id: VisitId::from_bytes([1; 16]),
            seq: 1,
            reason,
            by: UserId::from_bytes([2; 16]),
            device_id: DeviceId::from_bytes([3; 16]),
            changes,
            at_ms: UnixMillis(1),
        }
    }

    /// The counters at the ends of the range, and a few between.
    fn counters() -> impl Strategy<Value = u64> {
        prop_oneof![8 => 0..24u64, 1 => u64::MAX - 2..=u64::MAX]
    }

    fn rows() -> impl Strategy<Value = Vec<LateWorkRow>> {
        let span = (0..2u8, counters(), counters());
        let spans = prop::collection::vec(span, 0..6);
        let reason = prop::sample::select(&LateReason::ALL[..]);
        let of = |(writer, first, last)| OpSpan { actor: actor(writer), first, last };
        let row = (reason, spans).prop_map(move |(reason, spans)| row(reason, spans.into_iter().map(of).collect()));
        prop::collection::vec(row, 0..6)
    }

    proptest! {
        /// The same as walking all rows, also where they overlap or a span is empty.
        #[test]
        fn the_first_row_that_brought_an_operation_says_why(work in rows()) {
            let (held_out, held) = (HeldOut::of(&work), Held::of(&work, &[]));
            for counter in (0..26).chain(u64::MAX - 3..=u64::MAX) {
                for op in (0..3).map(|writer| OpId { counter, actor: actor(writer) }) {
                    let mut rows = work.iter().filter(|row| row.reason.is_held_out());
                    let brought = rows.find(|row| row.changes.iter().any(|span| span.contains(op)));
                    prop_assert_eq!(held_out.reason(op), brought.map(|row| row.reason));
                    prop_assert_eq!(held.holds(op), brought.is_some());
                }
            }
        }
    }

    #[test]
    fn many_pushes_are_walked_once() {
        // Walking them for each operation would take minutes.
        let span = |at: u64| OpSpan { actor: actor(1), first: 3 * at, last: 3 * at + 1 };
        let work: Vec<LateWorkRow> = (0..100_000).map(|at| row(LateReason::Closed, vec![span(at)])).collect();
        let (held_out, held) = (HeldOut::of(&work), Held::of(&work, &[]));
        let ops = || (0..300_000).map(|counter| OpId { counter, actor: actor(1) });
        assert_eq!(ops().filter(|op| held_out.reason(*op).is_some()).count(), 200_000);
        assert_eq!(ops().filter(|op| held.holds(*op)).count(), 200_000);
    }
}
