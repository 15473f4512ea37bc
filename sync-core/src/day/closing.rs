//! When a rep's day is closed: every visit has an outcome, everything is at the server, and what was used is recorded.

use serde::{Deserialize, Serialize};

use crate::ids::VisitId;
use crate::visit::{VisitState, codes};

codes!(
    /// Why a day is open.
    OpenReason {
        /// A visit goes on, or nobody began it.
        NoOutcome = "no_outcome", "上门尚无结果";
        /// The phone has something that it has not sent.
        Unsent = "unsent", "手机上有未上传的内容";
        /// A photo or another blob that was declared has not arrived.
        MissingBlobs = "missing_blobs", "已登记的照片等文件尚未到达";
        /// Something was refused, and nobody has seen to it.
        Quarantined = "quarantined", "有被隔离的内容待处理";
        /// The order lists materials and a completed visit recorded none.
        MaterialsMissing = "materials_missing", "工单列有材料但未登记用料";
    }
);

impl OpenReason {
    /// English label.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::NoOutcome => "The visit has no outcome",
            Self::Unsent => "The phone has work that it has not sent",
            Self::MissingBlobs => "Photos or other files that were declared have not arrived",
            Self::Quarantined => "Something was refused and waits in quarantine",
            Self::MaterialsMissing => "The order lists materials and none are recorded",
        }
    }
}

/// One thing that keeps a day open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Open {
    /// Why.
    pub reason: OpenReason,
    /// The visit it is about; absent where it is about none.
    pub visit: Option<VisitId>,
    /// How many.
    pub count: i64,
}

/// A visit of a rep's day, as whoever asks knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitOfDay {
    /// The visit.
    pub id: VisitId,
    /// Its state.
    pub state: VisitState,
    /// The outcome that its crew named.
    pub outcome: Option<String>,
    /// Blobs that it declares and the server does not hold.
    pub missing_blobs: i64,
    /// Refused items about it that nobody has seen to.
    pub quarantined: i64,
    /// Whether its order lists materials.
    pub lists_materials: bool,
    /// Records of materials that it has.
    pub materials: usize,
}

/// What is known of a rep's day; visits that were moved or given to others are not among its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepDay {
    /// Visits planned for the day that are the rep's.
    pub visits: Vec<VisitOfDay>,
    /// Items that the rep's phones said, at their last contact, they have not sent.
    pub unsent: i64,
    /// Blobs that check-ins declare and the server does not hold.
    pub missing_blobs: i64,
    /// Refused items about no visit that nobody has seen to.
    pub quarantined: i64,
}

/// Whether a visit in this state needs nothing more of its crew on its day; a rework is a task of its own.
#[must_use]
pub const fn is_over(state: VisitState) -> bool {
    use VisitState as S;
    state.is_handed_in() || matches!(state, S::UnderReview | S::Approved | S::Returned | S::Closed | S::Cancelled)
}

/// Everything that keeps a day open, by visit; nothing once it is closed.
#[must_use]
pub fn open(day: &RepDay) -> Vec<Open> {
    let mut found: Vec<Open> = day.visits.iter().flat_map(open_of_visit).collect();
    let of_none = [
        (OpenReason::Unsent, day.unsent),
        (OpenReason::MissingBlobs, day.missing_blobs),
        (OpenReason::Quarantined, day.quarantined),
    ];
    found.extend(counted(None, of_none));
    found
}

fn open_of_visit(visit: &VisitOfDay) -> impl Iterator<Item = Open> {
    let is_cancelled = visit.state == VisitState::Cancelled;
    let is_completed = is_over(visit.state) && visit.outcome.as_deref().is_none_or(|code| code == "completed");
    let lacks_materials = is_completed && !is_cancelled && visit.lists_materials && visit.materials == 0;
    let of_visit = [
        (OpenReason::NoOutcome, i64::from(!is_over(visit.state))),
        (OpenReason::MissingBlobs, visit.missing_blobs),
        (OpenReason::Quarantined, visit.quarantined),
        (OpenReason::MaterialsMissing, i64::from(lacks_materials)),
    ];
    counted(Some(visit.id), of_visit)
}

fn counted<const N: usize>(visit: Option<VisitId>, found: [(OpenReason, i64); N]) -> impl Iterator<Item = Open> {
    let is_open = move |(reason, count): (OpenReason, i64)| (count > 0).then_some(Open { reason, visit, count });
    found.into_iter().filter_map(is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISIT: VisitId = VisitId::from_bytes([9; 16]);

    fn visit(state: VisitState) -> VisitOfDay {
        VisitOfDay {
            id: VISIT,
            state,
            outcome: None,
            missing_blobs: 0,
            quarantined: 0,
            lists_materials: true,
            materials: 1,
        }
    }

    fn reasons(visit: VisitOfDay) -> Vec<(OpenReason, i64)> {
        let day = RepDay { visits: vec![visit], ..RepDay::default() };
        open(&day).into_iter().map(|one| (one.reason, one.count)).collect()
    }

    #[test]
    fn a_visit_is_over_once_its_crew_handed_it_in_or_nobody_has_to_come() {
        for state in VisitState::ALL {
            let expected = match state.code() {
                "submitted" | "no_show" | "ended_without_work" | "under_review" | "approved" | "returned"
                | "closed" | "cancelled" => vec![],
                _ => vec![(OpenReason::NoOutcome, 1)],
            };
            assert_eq!(reasons(visit(*state)), expected, "{state}");
        }
    }

    #[test]
    fn what_has_not_arrived_or_was_refused_keeps_a_day_open() {
        let lacking = VisitOfDay { missing_blobs: 2, quarantined: 1, ..visit(VisitState::Submitted) };
        assert_eq!(reasons(lacking), [(OpenReason::MissingBlobs, 2), (OpenReason::Quarantined, 1)]);
        let day = RepDay { unsent: 3, missing_blobs: 1, quarantined: 2, ..RepDay::default() };
        let shown: Vec<_> = open(&day).into_iter().map(|one| (one.reason, one.visit, one.count)).collect();
        assert_eq!(
            shown,
            [(OpenReason::Unsent, None, 3), (OpenReason::MissingBlobs, None, 1), (OpenReason::Quarantined, None, 2)]
        );
        assert_eq!(open(&RepDay::default()), []);
    }

    #[test]
    fn materials_are_asked_for_where_the_order_lists_them_and_the_work_was_done() {
        let without = VisitOfDay { materials: 0, ..visit(VisitState::UnderReview) };
        assert_eq!(reasons(without.clone()), [(OpenReason::MaterialsMissing, 1)]);
        let ended = VisitOfDay { outcome: Some("resource_missing".to_owned()), ..without.clone() };
        assert_eq!(reasons(ended), []);
        assert_eq!(reasons(VisitOfDay { state: VisitState::Cancelled, ..without.clone() }), []);
        assert_eq!(reasons(VisitOfDay { lists_materials: false, ..without }), []);
    }
}
