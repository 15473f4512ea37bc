//! Words of dispatch: certificates and who needs which, absences, and what stands in the way of a rep.
//!
//! Days are texts, `YYYY-MM-DD`, of the organisation's zone: they sort as they follow each other.

use serde::{Deserialize, Serialize};

use crate::plan::PolicyRow;
use crate::policy::keys;
use crate::visit::codes;

codes!(
    /// What a certificate says that its holder may do.
    CertificateKind {
        /// Work alone, after the operator's examination (INS-01).
        PostCertification = "post_certification", "上岗认证";
        /// Work at height.
        WorkAtHeight = "work_at_height", "登高证";
    }
);

codes!(
    /// How a certificate stands on a day.
    CertificateStanding {
        /// It does not count yet.
        NotYet = "not_yet", "未生效";
        /// It counts.
        Valid = "valid", "有效";
        /// It counts, and ends soon.
        Ending = "ending", "即将到期";
        /// It has ended.
        Ended = "ended", "已过期";
        /// It was taken back.
        Withdrawn = "withdrawn", "已撤销";
    }
);

codes!(
    /// Why somebody does not work.
    AbsenceReason {
        /// Ill.
        Ill = "ill", "病假";
        /// On leave.
        Leave = "leave", "休假";
        /// Gone for good.
        Left = "left", "离职";
    }
);

codes!(
    /// What stands in the way of giving a visit to a rep.
    Obstacle {
        /// The visit is his already.
        OnCrew = "on_crew", "已在本单人员中";
        /// He lacks a certificate; nothing helps.
        NotCertified = "rep_not_certified", "缺少有效证书";
        /// He does not work then; nothing helps.
        Absent = "rep_absent", "请假或离岗";
        /// He has another visit at that time; a person may decide otherwise.
        TimeClash = "time_clash", "时间冲突";
        /// His day is full; a person may decide otherwise.
        Overload = "overload", "超出当日工作量";
    }
);

impl CertificateKind {
    /// In English, for sentences.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::PostCertification => "post certification",
            Self::WorkAtHeight => "certificate for work at height",
        }
    }
}

impl Obstacle {
    /// Whether a person may give out the visit all the same, with a reason.
    #[must_use]
    pub const fn may_be_overridden(self) -> bool {
        matches!(self, Self::TimeClash | Self::Overload)
    }
}

/// The certificates that a visit for an order of this type needs; without an order none.
// Rule: APT-11
#[must_use]
pub fn needed_certificates(policy: &PolicyRow, order_kind: Option<&str>) -> Vec<CertificateKind> {
    let needs = [
        (CertificateKind::PostCertification, policy.get(keys::POST_CERTIFICATION_ORDERS)),
        (CertificateKind::WorkAtHeight, policy.get(keys::WORK_AT_HEIGHT_ORDERS)),
    ];
    let is_asked = |orders: &[&str]| order_kind.is_some_and(|kind| orders.contains(&kind));
    needs.into_iter().filter(|(_, orders)| is_asked(orders)).map(|(kind, _)| kind).collect()
}

/// From which day to which a certificate counts, both included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValidDays {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl ValidDays {
    /// Whether a day is one of them.
    #[must_use]
    pub fn contain(&self, day: &str) -> bool {
        self.from.as_str() <= day && day <= self.to.as_str()
    }

    /// How a certificate with these days stands on a day; it ends soon if it ends by `horizon`.
    #[must_use]
    pub fn standing(&self, day: &str, horizon: &str) -> CertificateStanding {
        if day < self.from.as_str() {
            CertificateStanding::NotYet
        } else if day > self.to.as_str() {
            CertificateStanding::Ended
        } else if self.to.as_str() <= horizon {
            CertificateStanding::Ending
        } else {
            CertificateStanding::Valid
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn policy(said: &[(&str, &str)]) -> PolicyRow {
        let parameters: BTreeMap<_, _> =
            said.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        PolicyRow { parameters, ..PolicyRow::default() }
    }

    // Rule: APT-11
    #[test]
    fn the_policy_says_which_orders_need_which_certificate() {
        let needs = |said: &[(&str, &str)], kind| needed_certificates(&policy(said), kind);
        assert_eq!(needs(&[], Some("repair")), [CertificateKind::PostCertification]);
        assert_eq!(needs(&[], Some("call")), []);
        assert_eq!(needs(&[], None), []);
        let both = [("post_certification_orders", "call,move"), ("work_at_height_orders", "move")];
        assert_eq!(needs(&both, Some("move")), [CertificateKind::PostCertification, CertificateKind::WorkAtHeight]);
        assert_eq!(needs(&both, Some("repair")), []);
        assert_eq!(needs(&[("post_certification_orders", "")], Some("install")), []);
    }

    #[test]
    fn a_certificate_counts_on_both_its_last_days_and_ends_soon_before() {
        let days = ValidDays { from: "2025-03-01".to_owned(), to: "2025-04-10".to_owned() };
        let standing = |day, horizon| days.standing(day, horizon);
        assert_eq!(standing("2025-02-28", "2025-03-30"), CertificateStanding::NotYet);
        assert_eq!(standing("2025-03-01", "2025-03-31"), CertificateStanding::Valid);
        assert_eq!(standing("2025-03-10", "2025-04-09"), CertificateStanding::Valid);
        assert_eq!(standing("2025-03-11", "2025-04-10"), CertificateStanding::Ending);
        assert_eq!(standing("2025-04-10", "2025-05-10"), CertificateStanding::Ending);
        assert_eq!(standing("2025-04-11", "2025-05-11"), CertificateStanding::Ended);
        assert!(days.contain("2025-03-01") && days.contain("2025-04-10"));
        assert!(!days.contain("2025-02-28") && !days.contain("2025-04-11"));
    }
}
