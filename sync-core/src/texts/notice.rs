//! Messages to customers: which there are, and whether and from when one may be sent.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::calendar::{DayError, Zone, plus_days};
use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::time::UnixMillis;
use crate::visit::VisitState;
use crate::visit::table::codes;

codes!(
    /// What a message is about; its text template has the same code.
    NoticeKind {
        /// A visit has a time.
        Appointment = "appointment", "预约";
        /// It has another one.
        Change = "change", "改期";
        /// It is called off.
        Cancellation = "cancellation", "取消";
        /// A return visit has a time.
        ReturnVisit = "return_visit", "回访预约";
        /// The crew has come.
        Arrival = "arrival", "到达";
        /// The work is done.
        Result = "result", "完成";
        /// The crew has left, and comes again.
        Unfinished = "unfinished", "未完成，另约";
        /// The crew has left, the work is not done, and nobody has said that it will be.
        Ended = "ended", "未完成";
        /// The crew came and did not meet the customer.
        NotMet = "not_met", "未遇";
    }
);

impl NoticeKind {
    /// What a customer is told of a visit in this state with this outcome; none before the crew has come.
    #[must_use]
    pub fn of_visit(state: VisitState, outcome: Option<&str>) -> Option<Self> {
        use VisitState as S;
        match (state, outcome) {
            (S::Arrived | S::Waiting | S::InProgress | S::AwaitingAcceptance | S::Signed, _) => Some(Self::Arrival),
            (S::NoShow, _) | (S::UnderReview | S::Approved | S::Returned | S::Closed, Some("no_show")) => {
                Some(Self::NotMet)
            }
            (S::Submitted | S::UnderReview | S::Approved | S::Returned | S::Closed, None | Some("completed")) => {
                Some(Self::Result)
            }
            // The other day is agreed on the spot (INS-49); no other outcome says that there will be one.
            (
                S::Submitted | S::EndedWithoutWork | S::UnderReview | S::Approved | S::Returned | S::Closed,
                Some("deferred_safety"),
            ) => Some(Self::Unfinished),
            (S::Submitted | S::EndedWithoutWork | S::UnderReview | S::Approved | S::Returned | S::Closed, _) => {
                Some(Self::Ended)
            }
            (S::Draft | S::Scheduled | S::Confirmed | S::EnRoute | S::Cancelled, _) => None,
        }
    }

    /// The fact of a visit that it tells of, of which a customer is told once; none where the plan says when.
    #[must_use]
    pub const fn fact(self) -> Option<&'static str> {
        match self {
            Self::Arrival => Some("arrival"),
            Self::Result | Self::Unfinished | Self::Ended | Self::NotMet => Some("end"),
            Self::Appointment | Self::Change | Self::Cancellation | Self::ReturnVisit => None,
        }
    }
}

codes!(
    /// Why a message is not sent.
    Withheld {
        /// The customer did not agree to messages.
        NoConsent = "no_consent", "客户未同意接收短信";
        /// The customer has no number.
        NoPhone = "no_phone", "客户没有电话号码";
        /// The text lacks values.
        TextIncomplete = "text_incomplete", "文本缺少变量值";
        /// It would come when it tells nothing useful any more: after the visit began, or long after what it tells of.
        TooLate = "too_late", "送达时已失去时效";
        /// A later one about the same visit took its place.
        Replaced = "replaced", "已被后续消息替代";
    }
);

/// Hours without messages, as minutes after local midnight; they may last over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// First quiet minute.
    pub from: i64,
    /// First minute after.
    pub to: i64,
}

impl QuietHours {
    /// Those of a policy.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self { from: policy.get(keys::QUIET_HOURS_FROM), to: policy.get(keys::QUIET_HOURS_TO) }
    }

    /// Whether the minute is quiet.
    #[must_use]
    pub const fn hold(&self, minute: i64) -> bool {
        if self.from <= self.to {
            self.from <= minute && minute < self.to
        } else {
            self.from <= minute || minute < self.to
        }
    }

    /// The first instant from `at` on that is not quiet.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    // Rule: NOT-05
    pub fn not_before(&self, zone: &Zone, at: UnixMillis) -> Result<UnixMillis, DayError> {
        let local = zone.civil(at)?;
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        if !self.hold(minute) {
            return Ok(at);
        }
        let is_evening = self.from > self.to && minute >= self.from;
        let day = if is_evening { plus_days(local.date(), 1)? } else { local.date() };
        let part = |number: i64| i8::try_from(number).map_err(|_out_of_range| DayError::OutOfRange);
        let end = DateTime::new(day.year(), day.month(), day.day(), part(self.to / 60)?, part(self.to % 60)?, 0, 0);
        let end = zone.instant_of(end.map_err(|_out_of_range| DayError::OutOfRange)?)?;
        // Where clocks were set back the morning may have been before.
        Ok(end.max(at))
    }
}

/// What decides about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the customer agreed to messages.
    pub has_consent: bool,
    /// Whether the customer has a number.
    pub has_phone: bool,
    /// Whether its text is whole.
    pub is_whole: bool,
    /// From when on it tells nothing useful any more.
    pub useful_until: UnixMillis,
}

/// From when a message may be sent, and why it is not.
///
/// # Errors
/// [`DayError::OutOfRange`].
// Rule: NOT-05
pub fn when_to_send(
    given: &Circumstances,
    quiet: QuietHours,
    zone: &Zone,
    now: UnixMillis,
) -> Result<(UnixMillis, Option<Withheld>), DayError> {
    let not_before = quiet.not_before(zone, now)?;
    let withheld = [
        (!given.has_consent, Withheld::NoConsent),
        (!given.has_phone, Withheld::NoPhone),
        (!given.is_whole, Withheld::TextIncomplete),
        (given.useful_until <= not_before, Withheld::TooLate),
    ];
    Ok((not_before, withheld.into_iter().find(|(is_so, _)| *is_so).map(|(_, why)| why)))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    const NIGHT: QuietHours = QuietHours { from: 21 * 60, to: 8 * 60 };

    fn at(text: &str) -> UnixMillis {
        UnixMillis::from_rfc3339(text).unwrap()
    }

    // Rule: NOT-05
    #[test]
    fn messages_of_the_night_wait_for_the_morning() {
        let zone = Zone::default();
        for (asked, expected) in [
            ("2025-03-04T20:59:59.999+08:00", "2025-03-04T20:59:59.999+08:00"),
            ("2025-03-04T21:00:00+08:00", "2025-03-05T08:00:00+08:00"),
            ("2025-03-04T23:59:59+08:00", "2025-03-05T08:00:00+08:00"),
            ("2025-03-05T00:00:00+08:00", "2025-03-05T08:00:00+08:00"),
            ("2025-03-05T07:59:59.999+08:00", "2025-03-05T08:00:00+08:00"),
            ("2025-03-05T08:00:00+08:00", "2025-03-05T08:00:00+08:00"),
        ] {
            assert_eq!(NIGHT.not_before(&zone, at(asked)), Ok(at(expected)), "{asked}");
        }
        let noon = QuietHours { from: 12 * 60, to: 14 * 60 };
        assert_eq!(noon.not_before(&zone, at("2025-03-04T12:30:00+08:00")), Ok(at("2025-03-04T14:00:00+08:00")));
        assert_eq!(noon.not_before(&zone, at("2025-03-04T23:30:00+08:00")), Ok(at("2025-03-04T23:30:00+08:00")));
    }

    // Rule: NOT-05
    #[test]
    fn who_did_not_agree_gets_none_and_nobody_is_told_too_late() {
        let zone = Zone::default();
        let (now, useful_until) = (at("2025-03-04T22:00:00+08:00"), at("2025-03-05T08:00:00.001+08:00"));
        let good = Circumstances { has_consent: true, has_phone: true, is_whole: true, useful_until };
        let why = |given: Circumstances| when_to_send(&given, NIGHT, &zone, now).unwrap();
        let morning = at("2025-03-05T08:00:00+08:00");
        assert_eq!(why(good), (morning, None));
        assert_eq!(why(Circumstances { useful_until: morning, ..good }), (morning, Some(Withheld::TooLate)));
        assert_eq!(why(Circumstances { has_phone: false, ..good }).1, Some(Withheld::NoPhone));
        assert_eq!(why(Circumstances { is_whole: false, ..good }).1, Some(Withheld::TextIncomplete));
        assert_eq!(why(Circumstances { has_consent: false, is_whole: false, ..good }).1, Some(Withheld::NoConsent));
    }

    // Rule: NOT-05
    #[test]
    fn a_customer_hears_of_the_arrival_and_of_the_end_each_once() {
        let facts = |state: VisitState, outcome| NoticeKind::of_visit(state, outcome).and_then(NoticeKind::fact);
        for state in VisitState::ALL {
            let expected = match state {
                state if state.is_handed_in() || state.is_past_hand_in() => Some("end"),
                VisitState::Draft | VisitState::Scheduled | VisitState::Confirmed | VisitState::EnRoute => None,
                VisitState::Cancelled => None,
                _ => Some("arrival"),
            };
            for outcome in [None, Some("completed"), Some("no_show"), Some("deferred_safety")] {
                assert_eq!(facts(*state, outcome), expected, "{state} {outcome:?}");
            }
        }
        use NoticeKind::{Ended, NotMet, Result, Unfinished};
        for (state, outcome, expected) in [
            (VisitState::Submitted, Some("completed"), Result),
            (VisitState::Approved, Some("completed"), Result),
            (VisitState::Submitted, Some("not_accepted"), Ended),
            (VisitState::EndedWithoutWork, Some("deferred_safety"), Unfinished),
            (VisitState::EndedWithoutWork, Some("customer_cancelled"), Ended),
            (VisitState::EndedWithoutWork, None, Ended),
            (VisitState::UnderReview, Some("resource_missing"), Ended),
            (VisitState::NoShow, None, NotMet),
            (VisitState::UnderReview, Some("no_show"), NotMet),
        ] {
            assert_eq!(NoticeKind::of_visit(state, outcome), Some(expected), "{state} {outcome:?}");
        }
    }

    proptest! {
        // Rule: NOT-05
        #[test]
        fn a_message_is_sent_at_the_first_instant_that_is_not_quiet(
            from in 0_i64..1440, to in 0_i64..1440, ms in 0_i64..4_102_444_800_000, offset in -14_i64..=14,
        ) {
            prop_assume!(from != to);
            let (quiet, at) = (QuietHours { from, to }, UnixMillis(ms));
            let zone = Zone::at_offset_ms(offset * 3_600_000).unwrap();
            let sent = quiet.not_before(&zone, at).unwrap();
            let minute = |at: UnixMillis| (at.0 + offset * 3_600_000).div_euclid(60_000).rem_euclid(1440);
            prop_assert!(!quiet.hold(minute(sent)));
            prop_assert_eq!(quiet.not_before(&zone, sent).unwrap(), sent);
            if quiet.hold(minute(at)) {
                // Every minute until then is quiet.
                let before = (0..).map(|step| at.plus_ms(step * 60_000)).take_while(|at| *at < sent);
                prop_assert!(before.map(minute).all(|minute| quiet.hold(minute)));
                prop_assert!(sent > at);
            } else {
                prop_assert_eq!(sent, at);
            }
        }

        #[test]
        fn where_clocks_change_no_message_goes_back_in_time(ms in 1_700_000_000_000_i64..1_800_000_000_000) {
            let zone = Zone::from(TimeZone::get("Europe/Berlin").unwrap());
            let (at, sent) = (UnixMillis(ms), NIGHT.not_before(&zone, UnixMillis(ms)).unwrap());
            prop_assert!(at <= sent && sent.since_ms(at) <= 13 * 3_600_000);
        }
    }
}
