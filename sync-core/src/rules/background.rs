//! What the office knows of a visit beyond its plan rows and its document.
//!
//! Rules about a complaint, a case, earlier repairs or the calendar of return visits read it. Whoever judges fills in
//! what he has; a phone mostly has nothing. What is absent is not known, and no rule passes on it.

use std::collections::BTreeSet;

use crate::formulas::{AssetTier, RetentionRole, ReturnBounds, ReturnLevel, ReturnVisitKind, TurnoverTier};
use crate::ids::{UserId, VisitId};
use crate::time::UnixMillis;

/// The facts of the office, each absent where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Background {
    /// Roles of the crew in the organisation (rulebook 1.1), as codes.
    pub crew_roles: Option<BTreeSet<String>>,
    /// The complaint that the visit serves.
    pub complaint: Option<Complaint>,
    /// Whether the major-complaint procedure approved a compensation (CMP-11).
    pub major_approved: Option<bool>,
    /// The handover to the next owner that the visit asked for (CMP-21).
    pub handover: Option<Handover>,
    /// The retention case that the visit serves.
    pub retention: Option<RetentionCase>,
    /// Earlier repairs of the site.
    pub site_repairs: Option<Vec<SiteRepair>>,
    /// The return visit that this visit is.
    pub return_visit: Option<ReturnVisit>,
    /// Kinds of the return visits made to the customer in the calendar quarter, this one not among them.
    pub quarter_visits: Option<Vec<ReturnVisitKind>>,
    /// Return visits planned because of this visit.
    pub planned_return_visits: Option<Vec<PlannedReturnVisit>>,
    /// When the customer was told of the planned visit (VIS-03).
    pub notified_at: Option<UnixMillis>,
    /// Turnover tier of the customer (CUS-13).
    pub turnover_tier: Option<TurnoverTier>,
    /// The next call on the customer.
    pub next_call: Option<NextCall>,
    /// Whether the office approved the visit.
    pub is_approved: Option<bool>,
    /// Whether a warranty registration task exists for the visit (WAR-01).
    pub has_warranty_task: Option<bool>,
    /// What the quality check said of the response (SUR-17).
    pub quality: Option<Quality>,
}

/// Intake and first answer of a complaint (CMP-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complaint {
    /// When it was received.
    pub received_at: UnixMillis,
    /// When the office first answered it; absent while only the crew may have.
    pub answered_at: Option<UnixMillis>,
}

/// A handover to another owner (CMP-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Whether somebody else than the first asked owns the matter now.
    pub has_moved: bool,
    /// Whether the next owner accepted.
    pub is_accepted: bool,
}

/// A retention case at its current level (RET-04 to RET-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionCase {
    /// Whether the customer has a broker relation.
    pub has_relation: bool,
    /// Whether an investment adviser with a service relation exists.
    pub has_service_adviser: bool,
    /// Asset tier of the customer.
    pub tier: AssetTier,
    /// Current level of the chain, from 1.
    pub level: usize,
    /// Who is responsible at this level.
    pub owner: UserId,
    /// Levels whose talk is recorded and signed (RET-06).
    pub signed: BTreeSet<RetentionRole>,
}

/// An earlier repair of a site (CMP-13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRepair {
    /// The visit that repaired.
    pub visit: VisitId,
    /// When.
    pub at: UnixMillis,
    /// The fault, as the questions about the rule were answered.
    pub fault: String,
}

/// Which return visit a visit is (rulebook 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnVisit {
    /// Its kind.
    pub kind: ReturnVisitKind,
    /// Who makes it.
    pub level: ReturnLevel,
    /// When what made it due happened.
    pub trigger_at: UnixMillis,
}

/// A return visit in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedReturnVisit {
    /// Who makes it.
    pub level: ReturnLevel,
    /// Its window.
    pub window: ReturnBounds,
}

/// The next call on a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCall {
    /// None is planned.
    NotPlanned,
    /// It is planned for this instant.
    At(UnixMillis),
}

/// What the quality check says of a response (SUR-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Nobody checked it yet.
    Waiting,
    /// It goes on to integration.
    Accepted,
    /// It is to be done again.
    Redo,
}

/// An input that a rule asks for, in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input {
    /// Field of [`Background`].
    pub(super) code: &'static str,
    pub(super) en: &'static str,
    pub(super) zh_cn: &'static str,
}

const fn input(code: &'static str, en: &'static str, zh_cn: &'static str) -> Input {
    Input { code, en, zh_cn }
}

pub(super) const CREW_ROLES: Input = input("crew_roles", "the crew's role in the organisation", "上门人员的岗位");
pub(super) const COMPLAINT: Input = input("complaint", "the intake of the complaint", "投诉受理时间");
pub(super) const MAJOR_APPROVED: Input =
    input("major_approved", "the approval of the major-complaint procedure", "重大投诉流程的审批结果");
pub(super) const HANDOVER: Input = input("handover", "whether the next owner accepted", "下一责任人是否已接受");
pub(super) const RETENTION: Input = input("retention", "the current level of the case", "挽留个案的当前层级");
pub(super) const SITE_REPAIRS: Input = input("site_repairs", "earlier repairs of the site", "该站点的历史维修记录");
pub(super) const RETURN_VISIT: Input =
    input("return_visit", "kind, level and trigger of the return visit", "回访的类型、层级和触发时间");
pub(super) const QUARTER_VISITS: Input =
    input("quarter_visits", "the customer's return visits of the quarter", "该客户本季度的回访记录");
pub(super) const PLANNED_RETURN_VISITS: Input =
    input("planned_return_visits", "the planned return visits", "已安排的回访");
pub(super) const NOTIFIED_AT: Input = input("notified_at", "when the customer was told", "通知客户的时间");
pub(super) const TURNOVER_TIER: Input = input("turnover_tier", "the turnover tier of the customer", "客户的业绩级别");
pub(super) const NEXT_CALL: Input = input("next_call", "the next planned call", "下次拜访计划");
pub(super) const IS_APPROVED: Input = input("is_approved", "whether the visit is approved", "上门记录是否审核通过");
pub(super) const HAS_WARRANTY_TASK: Input =
    input("has_warranty_task", "whether a warranty registration task exists", "是否已有保修登记任务");
pub(super) const QUALITY: Input = input("quality", "the result of the quality check", "质量审核结果");
