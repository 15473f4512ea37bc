//! What tasks there are, who is asked first, and who is asked next.

use sync_core::deadlines::DueCode;

use super::Role;

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// A deadline has passed and nothing is known to have been done, or it was missed (rulebook 22).
    Deadline(DueCode),
    /// A demand that nobody could answer on the spot.
    OpenPoint,
    /// The order needs a line that is not there.
    ResourceMissing,
    /// An inspection failed: the shop rectifies, then it is inspected again.
    Rectification,
    /// An inspection passed: the warranty is registered.
    WarrantyRegistration,
    /// A terminal was activated out of reach of a network, which has not acknowledged it.
    ActivationPending,
    /// Somebody says that his visit was judged wrongly.
    Dispute,
    /// The customer asks for another time.
    CustomerProposal,
    /// An order is on hold, or an outage lasts, longer than was said.
    HoldOverdue,
}

impl TaskKind {
    /// Every kind.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let deadlines = DueCode::ALL.iter().copied().map(Self::Deadline);
        let others = [
            Self::OpenPoint,
            Self::ResourceMissing,
            Self::Rectification,
            Self::WarrantyRegistration,
            Self::ActivationPending,
            Self::Dispute,
            Self::CustomerProposal,
            Self::HoldOverdue,
        ];
        deadlines.chain(others).collect()
    }

    /// Stable code, `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Deadline(DueCode::FirstContact) => "first_contact_overdue",
            Self::Deadline(DueCode::Arrival) => "arrival_overdue",
            Self::Deadline(DueCode::ChangeNotice) => "change_notice_short",
            Self::Deadline(DueCode::AbsenceWait) => "absence_wait_short",
            Self::Deadline(DueCode::PhotoReview) => "photo_review_overdue",
            Self::OpenPoint => "open_point",
            Self::ResourceMissing => "resource_missing",
            Self::Rectification => "rectification",
            Self::WarrantyRegistration => "warranty_registration",
            Self::ActivationPending => "activation_pending",
            Self::Dispute => "dispute",
            Self::CustomerProposal => "customer_proposal",
            Self::HoldOverdue => "hold_overdue",
        }
    }

    /// The kind of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().into_iter().find(|kind| kind.code() == code)
    }

    /// What is to be done, in English.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Deadline(DueCode::FirstContact) => "Nobody has contacted the customer in time",
            Self::Deadline(DueCode::Arrival) => "The crew is late, or its arrival is not known",
            Self::Deadline(DueCode::ChangeNotice) => "The customer was told of the changed time too late",
            Self::Deadline(DueCode::AbsenceWait) => "The crew left an absent customer too early",
            Self::Deadline(DueCode::PhotoReview) => "The photos wait for their review",
            Self::OpenPoint => "The customer waits for an answer",
            Self::ResourceMissing => "The network department provides the line, then the visit gets a new time",
            Self::Rectification => "The shop rectifies the defects, then it is inspected again",
            Self::WarrantyRegistration => "Register the warranty after the passed inspection",
            Self::ActivationPending => "The network acknowledges the terminal that was activated without one",
            Self::Dispute => "The crew disputes how the visit was judged",
            Self::CustomerProposal => "The customer asks for another time",
            Self::HoldOverdue => "The hold lasts longer than was said: resume the order, or end the outage",
        }
    }

    /// The same in Chinese.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::Deadline(DueCode::FirstContact) => "未在规定时间内联系客户",
            Self::Deadline(DueCode::Arrival) => "上门人员迟到或到达情况未知",
            Self::Deadline(DueCode::ChangeNotice) => "改期告知客户过晚",
            Self::Deadline(DueCode::AbsenceWait) => "用户不在时等候时间不足",
            Self::Deadline(DueCode::PhotoReview) => "照片待审核已超时",
            Self::OpenPoint => "客户诉求待答复",
            Self::ResourceMissing => "无资源：网络部门落实后改约上门",
            Self::Rectification => "店面整改缺陷后安排复验",
            Self::WarrantyRegistration => "预验收合格后办理保修登记",
            Self::ActivationPending => "网络侧确认现场待激活的终端",
            Self::Dispute => "上门人员对考核判定有异议",
            Self::CustomerProposal => "客户申请改约时间",
            Self::HoldOverdue => "挂起或故障已超过预计恢复时间：请恢复工单或结束故障",
        }
    }

    /// The rule it comes from.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Deadline(code) => code.rule(),
            Self::OpenPoint => "INS-42",
            Self::ResourceMissing => "INS-22",
            Self::Rectification => "PRE-01",
            Self::WarrantyRegistration => "WAR-01",
            Self::ActivationPending => "INS-21",
            Self::Dispute => "INS-38",
            Self::CustomerProposal => "APT-02",
            Self::HoldOverdue => "APT-11",
        }
    }

    /// Who is asked first.
    ///
    /// # Source
    /// Rulebook 22, column *On breach*; an open point is the matter of whoever was asked first (INS-43).
    #[must_use]
    pub const fn first_role(self) -> Role {
        match self {
            Self::Deadline(DueCode::FirstContact | DueCode::Arrival) | Self::CustomerProposal | Self::HoldOverdue => {
                Role::Dispatcher
            }
            Self::Deadline(DueCode::ChangeNotice | DueCode::AbsenceWait) | Self::Dispute => Role::TeamLead,
            Self::Deadline(DueCode::PhotoReview) => Role::Reviewer,
            Self::OpenPoint => Role::FieldRep,
            // The network department.
            Self::ResourceMissing | Self::ActivationPending => Role::DeptManager,
            // The shop has no account of its own; its team answers for it.
            Self::Rectification => Role::TeamLead,
            Self::WarrantyRegistration => Role::CsAgent,
        }
    }

    /// Whether its answer may plan the visit that follows.
    #[must_use]
    pub const fn plans_a_visit(self) -> bool {
        matches!(self, Self::ResourceMissing | Self::Rectification)
    }
}

/// Who is asked when this role has not seen to it; nobody after the last.
///
/// # Source
/// The lines of report of rulebook 1.1.
#[must_use]
pub const fn next_role(role: Role) -> Option<Role> {
    match role {
        Role::FieldRep => Some(Role::TeamLead),
        Role::TeamLead => Some(Role::Dispatcher),
        Role::Reviewer | Role::CsAgent => Some(Role::CsSupervisor),
        Role::Dispatcher | Role::CsSupervisor => Some(Role::DeptManager),
        Role::DeptManager => Some(Role::BranchManager),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_ends_with_the_branch() {
        for kind in TaskKind::all() {
            assert_eq!(TaskKind::from_code(kind.code()), Some(kind));
            let mut role = kind.first_role();
            while let Some(next) = next_role(role) {
                role = next;
            }
            assert_eq!(role, Role::BranchManager, "{}", kind.code());
        }
        assert_eq!(TaskKind::from_code("coffee"), None);
    }
}
