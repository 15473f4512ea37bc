//! The customer's page: how long it asks, and which other times a customer may ask for.

use jiff::civil::{DateTime, Time};
use sync_core::calendar::{Zone, parse_day, plus_days};
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::visit::may_reschedule;

/// Longest words of a customer, in characters.
pub const MAX_WORDS: usize = 200;

/// A link as it was given out, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The time that it asks about.
    pub planned_start: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// Whether a newer one took its place.
    pub is_revoked: bool,
    /// Whether the customer answered.
    pub is_answered: bool,
}

/// What a link is still good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The customer may answer.
    Open,
    /// The customer has answered and may read.
    Answered,
    /// Nothing.
    Ended,
}

impl Link {
    /// What the link is good for, of a visit with this start in this state.
    // Rule: APT-02
    #[must_use]
    pub fn standing(&self, start: Option<UnixMillis>, state: VisitState, now: UnixMillis) -> Standing {
        let is_good = !self.is_revoked && now < self.expires_at && start == Some(self.planned_start);
        match (is_good && may_reschedule(state), self.is_answered) {
            (false, _) => Standing::Ended,
            (true, true) => Standing::Answered,
            (true, false) => Standing::Open,
        }
    }
}

/// Why a time cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// Not a day and a time.
    #[error("no day and time")]
    NoTime,
    /// It has passed, or is the time that is planned.
    #[error("it has passed, or is planned already")]
    Passed,
    /// It is too far away.
    #[error("it is too far away")]
    TooFar,
}

/// The instant of a day `YYYY-MM-DD` and a time `HH:MM` that a customer asks for, in the organisation's zone.
///
/// # Errors
/// [`ProposalError`].
// Rule: APT-02
pub fn proposed_start(
    (day, time): (&str, &str),
    zone: &Zone,
    (planned, now): (UnixMillis, UnixMillis),
    within_days: i64,
) -> Result<UnixMillis, ProposalError> {
    // The parser of times takes seconds, fractions and zones, too.
    let is_minute = |(at, byte): (usize, u8)| if at == 2 { byte == b':' } else { byte.is_ascii_digit() };
    if time.len() != 5 || !time.bytes().enumerate().all(is_minute) {
        return Err(ProposalError::NoTime);
    }
    let day = parse_day(day).map_err(|_no_day| ProposalError::NoTime)?;
    let time: Time = time.parse().map_err(|_no_time| ProposalError::NoTime)?;
    let start = zone.instant_of(DateTime::from_parts(day, time)).map_err(|_out_of_range| ProposalError::NoTime)?;
    if start <= now || start == planned {
        return Err(ProposalError::Passed);
    }
    let today = zone.day_of(now).map_err(|_out_of_range| ProposalError::NoTime)?;
    let last = plus_days(today, within_days).map_err(|_out_of_range| ProposalError::TooFar)?;
    if day > last { Err(ProposalError::TooFar) } else { Ok(start) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::from_rfc3339(text).expect("an instant")
    }

    const LINK: Link =
        Link { planned_start: UnixMillis(1_000), expires_at: UnixMillis(900), is_revoked: false, is_answered: false };

    // Rule: APT-02
    #[test]
    fn a_link_asks_until_it_is_answered_ends_or_the_visit_moves() {
        let scheduled = VisitState::Scheduled;
        let of = |link: Link, now| link.standing(Some(link.planned_start), scheduled, UnixMillis(now));
        assert_eq!(of(LINK, 899), Standing::Open);
        assert_eq!(of(LINK, 900), Standing::Ended);
        assert_eq!(of(Link { is_answered: true, ..LINK }, 899), Standing::Answered);
        assert_eq!(of(Link { is_answered: true, ..LINK }, 900), Standing::Ended);
        assert_eq!(of(Link { is_revoked: true, ..LINK }, 0), Standing::Ended);
        assert_eq!(LINK.standing(Some(UnixMillis(1_001)), scheduled, UnixMillis(0)), Standing::Ended);
        assert_eq!(LINK.standing(None, VisitState::Draft, UnixMillis(0)), Standing::Ended);
        for state in VisitState::ALL {
            let standing = LINK.standing(Some(LINK.planned_start), *state, UnixMillis(0));
            assert_eq!(standing == Standing::Open, may_reschedule(*state), "{state}");
        }
    }

    // Rule: APT-02
    #[test]
    fn a_customer_asks_for_a_time_of_the_next_days() {
        let (zone, now) = (Zone::default(), at("2025-03-04T10:00:00+08:00"));
        let ask = |day, time| proposed_start((day, time), &zone, (at("2025-03-05T10:00:00+08:00"), now), 14);
        assert_eq!(ask("2025-03-04", "10:01"), Ok(at("2025-03-04T10:01:00+08:00")));
        assert_eq!(ask("2025-03-18", "23:59"), Ok(at("2025-03-18T23:59:00+08:00")));
        assert_eq!(ask("2025-03-19", "00:00"), Err(ProposalError::TooFar));
        assert_eq!(ask("2025-03-04", "10:00"), Err(ProposalError::Passed));
        assert_eq!(ask("2025-03-05", "10:00"), Err(ProposalError::Passed), "that is planned already");
        for (day, time) in [
            ("", ""),
            ("2025-02-30", "10:00"),
            ("2025-03-05", "25:00"),
            ("9999-12-31", "23:59x"),
            ("2025-03-06", "10:00:59.9"),
            ("2025-03-06", "10:00:00"),
            ("2025-03-06", "T10:00"),
            ("20250306", "10:00"),
            ("2025-03-06T09:00", "10:00"),
        ] {
            assert_eq!(ask(day, time), Err(ProposalError::NoTime), "{day} {time}");
        }
        assert_eq!(ask("2099-12-31", "12:00"), Err(ProposalError::TooFar));
    }
}
