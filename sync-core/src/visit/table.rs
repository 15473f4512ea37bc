//! States, events and transitions of a visit as data (rulebook 1.3, design section 2.2).

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal, $label:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Stable code, `snake_case`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Chinese label.
            #[must_use]
            pub const fn label_zh(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// The one of this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

pub(crate) use codes;

codes!(
    /// State of a visit.
    VisitState {
        /// No appointment yet.
        Draft = "draft", "草稿";
        /// An appointment exists.
        Scheduled = "scheduled", "已排期";
        /// The customer was called, or two attempts are recorded.
        Confirmed = "confirmed", "已确认";
        /// On the way.
        EnRoute = "en_route", "在途";
        /// At the site.
        Arrived = "arrived", "已到达";
        /// Nobody there, the rep waits.
        Waiting = "waiting", "等候中";
        /// Inside, working.
        InProgress = "in_progress", "作业中";
        /// Work done, the customer looks at it.
        AwaitingAcceptance = "awaiting_acceptance", "待验收";
        /// The statement is sealed.
        Signed = "signed", "已签字";
        /// Handed in.
        Submitted = "submitted", "已提交";
        /// The customer was not there; final for this visit.
        NoShow = "no_show", "客户不在";
        /// Ended without work; final for this visit.
        EndedWithoutWork = "ended_without_work", "未作业结束";
        /// Everything declared arrived; a reviewer looks.
        UnderReview = "under_review", "审核中";
        /// Approved.
        Approved = "approved", "已通过";
        /// Returned with rejected slots.
        Returned = "returned", "已退回";
        /// Closed by the office.
        Closed = "closed", "已关闭";
        /// Cancelled by the office.
        Cancelled = "cancelled", "已取消";
    }
);

codes!(
    /// Event of a visit.
    Event {
        /// The office made an appointment.
        Schedule = "schedule", "排期";
        /// The customer confirmed by call.
        ConfirmCall = "confirm_call", "电话确认";
        /// The customer could not be reached.
        ConfirmCallUnreachable = "confirm_call_unreachable", "电话未接通";
        /// The rep leaves for the site.
        Depart = "depart", "出发";
        /// The rep is there.
        Arrive = "arrive", "到达";
        /// Nobody opens.
        CustomerAbsent = "customer_absent", "客户不在";
        /// The customer came.
        CustomerAppears = "customer_appears", "客户到达";
        /// The rep leaves after waiting.
        GiveUp = "give_up", "离开";
        /// The appointment was moved.
        Reschedule = "reschedule", "改期";
        /// The customer lets the rep in.
        Enter = "enter", "入户";
        /// The work is done.
        FinishSteps = "finish_steps", "完工";
        /// The customer is not satisfied.
        NotSatisfied = "not_satisfied", "用户不满意";
        /// The statement is sealed.
        Sign = "sign", "签字";
        /// The rep hands in.
        Submit = "submit", "提交";
        /// The visit ends without work.
        EndWithoutWork = "end_without_work", "未作业结束";
        /// Everything declared is at the server.
        Received = "received", "已接收";
        /// A reviewer approves.
        Approve = "approve", "通过";
        /// A reviewer returns.
        Return = "return", "退回";
        /// The rep hands in again.
        Resubmit = "resubmit", "重新提交";
        /// The office closes.
        Close = "close", "关闭";
        /// The office cancels.
        Cancel = "cancel", "取消";
    }
);

impl VisitState {
    /// Whether nothing further happens to the visit.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }

    /// Whether the crew handed the visit in, so that review is what follows.
    #[must_use]
    pub const fn is_handed_in(self) -> bool {
        matches!(self, Self::Submitted | Self::NoShow | Self::EndedWithoutWork)
    }

    /// Whether review has begun or is over.
    #[must_use]
    pub const fn is_past_hand_in(self) -> bool {
        matches!(self, Self::UnderReview | Self::Approved | Self::Returned | Self::Closed)
    }
}

impl Event {
    /// Whether a device writes it (design section 13); the others are plan or review rows.
    #[must_use]
    pub const fn is_by_device(self) -> bool {
        !matches!(
            self,
            Self::Schedule
                | Self::Reschedule
                | Self::Received
                | Self::Approve
                | Self::Return
                | Self::Close
                | Self::Cancel
        )
    }
}

/// Every transition: from these states, by this event, to that state.
///
/// # Source
/// Rulebook 1.3.
pub const TRANSITIONS: &[(&[VisitState], Event, VisitState)] = {
    use Event as E;
    use VisitState as S;
    &[
        (&[S::Draft], E::Schedule, S::Scheduled),
        (&[S::Scheduled], E::ConfirmCall, S::Confirmed),
        (&[S::Confirmed], E::Depart, S::EnRoute),
        (&[S::EnRoute], E::Arrive, S::Arrived),
        (&[S::Arrived], E::CustomerAbsent, S::Waiting),
        (&[S::Waiting], E::CustomerAppears, S::Arrived),
        (&[S::Waiting], E::GiveUp, S::NoShow),
        (&[S::Scheduled, S::Confirmed, S::EnRoute], E::Reschedule, S::Scheduled),
        (&[S::Scheduled], E::ConfirmCallUnreachable, S::Confirmed),
        (&[S::Arrived], E::Enter, S::InProgress),
        (&[S::InProgress], E::FinishSteps, S::AwaitingAcceptance),
        (&[S::AwaitingAcceptance], E::NotSatisfied, S::InProgress),
        (&[S::AwaitingAcceptance], E::Sign, S::Signed),
        (&[S::Signed], E::Submit, S::Submitted),
        (
            &[S::EnRoute, S::Arrived, S::Waiting, S::InProgress, S::AwaitingAcceptance],
            E::EndWithoutWork,
            S::EndedWithoutWork,
        ),
        (&[S::Submitted, S::NoShow, S::EndedWithoutWork], E::Received, S::UnderReview),
        (&[S::UnderReview], E::Approve, S::Approved),
        (&[S::UnderReview], E::Return, S::Returned),
        (&[S::Returned], E::Resubmit, S::UnderReview),
        (&[S::Approved], E::Close, S::Closed),
        (
            &[
                S::Draft,
                S::Scheduled,
                S::Confirmed,
                S::EnRoute,
                S::Arrived,
                S::Waiting,
                S::InProgress,
                S::AwaitingAcceptance,
                S::Signed,
            ],
            E::Cancel,
            S::Cancelled,
        ),
    ]
};

/// The state after an event, guards aside; `None` if the table has no such transition.
#[must_use]
pub fn next(from: VisitState, event: Event) -> Option<VisitState> {
    TRANSITIONS.iter().find(|(states, by, _)| *by == event && states.contains(&from)).map(|(_, _, to)| *to)
}
