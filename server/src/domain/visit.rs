//! What the office may do with a visit in which state, and which visits a phone carries.
//!
//! Pure decisions; they know neither rows nor requests.

use sync_core::formulas::minutes_ms;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::zone::Window;

/// Priority that a next attempt gains over the attempt before.
///
/// # Source
/// APT-09: second appointments are handled with priority.
pub const NEXT_ATTEMPT_PRIORITY: i64 = 10;

/// Most people in a crew.
pub const MAX_CREW: usize = 10;

/// Whether the crew may change: as long as anything can still happen.
#[must_use]
pub const fn may_assign(state: VisitState) -> bool {
    !state.is_final()
}

/// Whether the appointment may move: before arrival (design section 2.2).
#[must_use]
pub const fn may_reschedule(state: VisitState) -> bool {
    use VisitState as S;
    matches!(state, S::Draft | S::Scheduled | S::Confirmed | S::EnRoute)
}

/// Whether the office may cancel: before the visit is handed in (rulebook 1.3).
#[must_use]
pub const fn may_cancel(state: VisitState) -> bool {
    use VisitState as S;
    matches!(
        state,
        S::Draft
            | S::Scheduled
            | S::Confirmed
            | S::EnRoute
            | S::Arrived
            | S::Waiting
            | S::InProgress
            | S::AwaitingAcceptance
            | S::Signed
    )
}

/// Whether the office may close: after approval.
#[must_use]
pub const fn may_close(state: VisitState) -> bool {
    matches!(state, VisitState::Approved)
}

/// Whether a next attempt may be planned: the visit is over and its work was not done.
#[must_use]
pub fn may_try_again(state: VisitState, outcome: Option<&str>) -> bool {
    use VisitState as S;
    match state {
        S::NoShow | S::EndedWithoutWork | S::Cancelled => true,
        S::UnderReview | S::Returned | S::Approved | S::Closed => outcome != Some("completed"),
        _ => false,
    }
}

/// Whether the crew has something to do: it has not handed in, or what it handed in came back.
#[must_use]
pub const fn waits_for_crew(state: VisitState) -> bool {
    may_cancel(state) || matches!(state, VisitState::Returned)
}

/// Codes of the states of [`waits_for_crew`].
#[must_use]
pub fn open_states() -> Vec<&'static str> {
    VisitState::ALL.iter().filter(|state| waits_for_crew(**state)).map(|state| state.code()).collect()
}

/// Whether somebody with this role can be sent to a visit.
#[must_use]
pub fn goes_out(role: &str) -> bool {
    matches!(role, "field_rep" | "team_lead")
}

/// Whether nothing more is expected of the crew.
#[must_use]
pub const fn is_done(state: VisitState) -> bool {
    matches!(state, VisitState::Approved | VisitState::Closed | VisitState::Cancelled)
}

/// Codes of the states of [`is_done`].
#[must_use]
pub fn done_states() -> Vec<&'static str> {
    VisitState::ALL.iter().filter(|state| is_done(**state)).map(|state| state.code()).collect()
}

/// Whether the phones of the crew carry the visit (design section 3, point 5).
///
/// Work that is not done stays, however old its plan is: a phone must be able to finish it. Without a plan the
/// day the visit was made counts.
#[must_use]
pub fn is_in_scope(
    planned_start: Option<UnixMillis>,
    created_at: UnixMillis,
    state: VisitState,
    window: Window,
) -> bool {
    match planned_start {
        Some(start) if start >= window.to => false,
        start => window.contains(start.unwrap_or(created_at)) || !is_done(state),
    }
}

/// What decides a visit's place in the queue of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether the attempt before was deferred for safety.
    pub is_deferred_safety: bool,
    /// Number of the attempt.
    pub attempt: i64,
    /// Planned start.
    pub planned_start: Option<UnixMillis>,
    /// Id, which decides ties.
    pub id: String,
}

impl Place {
    /// Sorts as F-38: deferred for safety, then second appointments, then by time, then by id.
    #[must_use]
    pub fn key(&self) -> (bool, bool, i64, String) {
        let start = self.planned_start.map_or(i64::MAX, |at| at.0);
        (!self.is_deferred_safety, self.attempt < 2, start, self.id.clone())
    }
}

/// Whether the visit will probably be late, or is: nobody left so many minutes before the planned start, or nobody arrived.
#[must_use]
pub fn is_late_risk(planned_start: Option<UnixMillis>, state: VisitState, now: UnixMillis, risk_minutes: i64) -> bool {
    use VisitState as S;
    let Some(start) = planned_start else { return false };
    match state {
        S::Draft | S::Scheduled | S::Confirmed => now >= start.plus_ms(-minutes_ms(risk_minutes)),
        S::EnRoute => now > start,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> UnixMillis {
        UnixMillis(ms)
    }

    #[test]
    fn phones_carry_the_window_and_whatever_is_unfinished() {
        let window = Window { from: at(100), to: at(200) };
        let carried = |start: Option<i64>, state| is_in_scope(start.map(at), at(150), state, window);
        assert!(carried(Some(100), VisitState::Closed), "the first instant is inside");
        assert!(!carried(Some(200), VisitState::Scheduled), "the last is not");
        assert!(carried(Some(99), VisitState::Returned), "unfinished work stays");
        assert!(!carried(Some(99), VisitState::Approved));
        assert!(carried(None, VisitState::Draft));
        assert!(carried(None, VisitState::Cancelled), "made within the window");
        let long_after = Window { from: at(1000), to: at(2000) };
        assert!(!is_in_scope(None, at(150), VisitState::Cancelled, long_after));
    }

    #[test]
    fn the_queue_of_a_day_follows_f_38() {
        let place = |id: &str, attempt, start, is_deferred_safety| Place {
            id: id.to_owned(),
            attempt,
            planned_start: Some(at(start)),
            is_deferred_safety,
        };
        let mut queue = [
            place("w1", 1, 900, false),
            place("w2", 2, 1100, false),
            place("w3", 1, 830, false),
            place("w4", 1, 1000, true),
        ];
        queue.sort_by_key(Place::key);
        assert_eq!(queue.map(|place| place.id), ["w4", "w2", "w3", "w1"]);
    }

    #[test]
    fn the_office_acts_where_the_rulebook_allows() {
        use sync_core::visit::{Event, table::next};
        for state in VisitState::ALL.iter().copied() {
            assert_eq!(may_cancel(state), next(state, Event::Cancel).is_some(), "{state}");
            assert_eq!(may_close(state), next(state, Event::Close).is_some(), "{state}");
            let may_move = state == VisitState::Draft || next(state, Event::Reschedule).is_some();
            assert_eq!(may_reschedule(state), may_move, "{state}");
        }
        assert!(may_try_again(VisitState::NoShow, None));
        assert!(may_try_again(VisitState::UnderReview, Some("deferred_safety")));
        assert!(!may_try_again(VisitState::UnderReview, Some("completed")));
        assert!(!may_try_again(VisitState::Scheduled, None));
    }

    #[test]
    fn late_risk_looks_at_the_clock_and_the_state() {
        let minute = 60_000;
        let risk = |state, now| is_late_risk(Some(at(100 * minute)), state, at(now * minute), 30);
        assert!(!risk(VisitState::Scheduled, 69) && risk(VisitState::Scheduled, 70));
        assert!(!risk(VisitState::EnRoute, 100) && risk(VisitState::EnRoute, 101));
        assert!(!risk(VisitState::Arrived, 200));
    }
}
