//! The deadlines of the working day and what may become of them.

use serde::{Deserialize, Serialize};

use crate::clock::Deadline;
use crate::visit::codes;

codes!(
    /// A deadline of the table in rulebook 22.
    DueCode {
        /// D-01: first contact after an order came.
        FirstContact = "first_contact", "首次联系客户";
        /// D-02: arrival before the appointment.
        Arrival = "arrival", "按预约时间到达";
        /// D-03: notice of a change of the appointment that we asked for.
        ChangeNotice = "change_notice", "改期提前告知";
        /// D-04: wait for an absent customer.
        AbsenceWait = "absence_wait", "用户不在时等候";
        /// D-05: review after everything of a visit had arrived.
        PhotoReview = "photo_review", "照片审核";
    }
);

impl DueCode {
    /// Its number in rulebook 22.
    #[must_use]
    pub const fn number(self) -> &'static str {
        self.source().0
    }

    /// The rule it comes from.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        self.source().1
    }

    /// What is to be done, in English.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        self.source().2
    }

    const fn source(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::FirstContact => ("D-01", "APT-01", "First contact with the customer"),
            Self::Arrival => ("D-02", "APT-03", "Arrival before the appointment"),
            Self::ChangeNotice => ("D-03", "APT-04", "Notice of a changed time"),
            Self::AbsenceWait => ("D-04", "APT-06", "Wait for an absent customer"),
            Self::PhotoReview => ("D-05", "INS-33", "Review of the photos"),
        }
    }
}

codes!(
    /// What became of a deadline.
    DueState {
        /// Nothing is known to have happened yet.
        Open = "open", "待完成";
        /// In time whatever the error of the clocks.
        Met = "met", "达标";
        /// Too late whatever the error.
        Missed = "missed", "超时";
        /// The clocks leave it open.
        Undetermined = "undetermined", "无法判定";
        /// It is due no more: cancelled, or ended before.
        Void = "void", "作废";
    }
);

impl DueState {
    /// How much a reading says against another one of the same deadline.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Void => 1,
            Self::Missed => 2,
            Self::Undetermined => 3,
            Self::Met => 4,
        }
    }
}

impl From<Deadline> for DueState {
    fn from(judged: Deadline) -> Self {
        match judged {
            Deadline::Met => Self::Met,
            Deadline::Missed => Self::Missed,
            Deadline::Undetermined => Self::Undetermined,
        }
    }
}
